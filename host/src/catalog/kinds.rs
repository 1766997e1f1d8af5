//! What many files have in common, held once: a backup of a hundred thousand files has a handful of kinds.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::read::{Count, FileFacts, Format, Placing};

/// Columns of files, and what they are taken for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Kind {
    /// The format.
    pub(super) format: Format,
    /// The columns: name and type.
    pub(super) schema: Vec<(String, String)>,
    /// What each part of a record is taken from.
    pub(super) mapping: Vec<String>,
    /// What the files cannot give back.
    pub(super) lost: Vec<String>,
    /// Which columns of a record's place there are.
    pub(super) has: Placing,
}

/// [`FileFacts`], with its kind shared.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// The file's kind.
    pub(super) kind: Arc<Kind>,
    /// As [`FileFacts::rows`].
    pub(super) rows: Count,
    /// As [`FileFacts::offsets`].
    pub(super) offsets: Option<(i64, i64)>,
    /// As [`FileFacts::timestamps`].
    pub(super) timestamps: Option<(i64, i64)>,
    /// As [`FileFacts::log_append_time`].
    pub(super) log_append_time: Option<bool>,
    /// As [`FileFacts::without_key`].
    pub(super) without_key: Option<u64>,
}

/// The kinds that were met.
#[derive(Debug, Default)]
pub(super) struct Kinds(Mutex<HashSet<Arc<Kind>>>);

impl Kinds {
    /// The facts of a file, with its kind among those that were met.
    pub(super) fn share(&self, facts: FileFacts) -> Facts {
        let FileFacts { format, rows, schema, mapping, lost, offsets, timestamps, log_append_time, without_key, has } =
            facts;
        let kind = Kind { format, schema, mapping, lost, has };
        let mut met = self.0.lock();
        let kind = match met.get(&kind) {
            Some(kind) => Arc::clone(kind),
            None => {
                let kind = Arc::new(kind);
                met.insert(Arc::clone(&kind));
                kind
            }
        };
        Facts { kind, rows, offsets, timestamps, log_append_time, without_key }
    }
}
