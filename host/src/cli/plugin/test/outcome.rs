//! What became of one record: what is written down of it, and compared.
//!
//! Of what comes out only what differs from what came in is told, so that a file of expected outcomes reads as what the
//! plugin does: `{"position":"users-0@7","outputs":[{"value":{"text":"…"}}]}`. An output without anything is the record as
//! it came, a null field is one that the plugin made null.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cli::preview::RecordDocument;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    /// Where the record stands.
    pub(super) position: String,
    /// The records that come of it, by what they differ in; none where it is dropped or rejected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) outputs: Vec<Map<String, Value>>,
    /// Why it was dropped; empty where no reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dropped: Option<String>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rejected: Option<String>,
}

impl Outcome {
    /// What became of the record of `document`.
    pub(super) fn new(document: &RecordDocument) -> Self {
        Self {
            position: document.position().to_owned(),
            outputs: document.differing(),
            dropped: document.dropped_because(),
            rejected: document.set_aside_because(),
        }
    }

    /// Whether the record was passed on as it came.
    pub(super) fn is_unchanged(&self) -> bool {
        matches!(&self.outputs[..], [output] if output.is_empty())
    }

    /// As one line of JSON.
    pub(super) fn line(&self) -> String {
        // Texts, and maps of them, always are JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}
