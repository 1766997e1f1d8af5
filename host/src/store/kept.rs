//! A listing as it is kept, so that the next one need not ask the store.
//!
//! Only names are kept, never where the store finds them: that follows from the backup's URL, so that what is kept can
//! name no file outside of it.

use std::path::{Component, Path as FilePath};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::list::{Entry, Listing, Skipped};
use super::{Backend, Store};

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptListing {
    files: Vec<KeptEntry>,
    skipped: Vec<Skipped>,
    /// Whether the URL names a single file.
    alone: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptEntry {
    path: String,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// Seconds since the epoch, and nanoseconds.
    modified: (i64, u32),
}

impl Store {
    /// A listing of this store, to be kept.
    pub fn keep(&self, listing: &Listing) -> KeptListing {
        let kept = |entry: &Entry| KeptEntry {
            path: entry.path.to_string(),
            size: entry.size,
            etag: entry.etag.clone(),
            modified: (entry.modified.timestamp(), entry.modified.timestamp_subsec_nanos()),
        };
        let alone = match &listing.entries[..] {
            [entry] => self.location(&entry.path, true).as_ref() == Some(&entry.location),
            _ => false,
        };
        KeptListing { files: listing.entries.iter().map(kept).collect(), skipped: listing.skipped.clone(), alone }
    }

    /// What was kept of a listing of this store; `None` if it is none.
    pub fn listing_of(&self, kept: KeptListing) -> Option<Listing> {
        let KeptListing { files, skipped, alone } = kept;
        let entry = |KeptEntry { path, size, etag, modified: (seconds, nanos) }: KeptEntry| {
            Some(Entry {
                location: self.location(&path, alone)?,
                modified: DateTime::<Utc>::from_timestamp(seconds, nanos)?,
                path: path.into(),
                size,
                etag,
            })
        };
        Some(Listing { entries: files.into_iter().map(entry).collect::<Option<_>>()?, skipped })
    }

    /// Where the store finds a file of the backup, or the file that is the backup; `None` for what lies outside.
    fn location(&self, path: &str, alone: bool) -> Option<String> {
        match &self.backend {
            Backend::Local(root) if alone => root.to_str().map(str::to_owned),
            Backend::Local(root) => {
                let below = FilePath::new(path).components().all(|part| matches!(part, Component::Normal(_)));
                root.join(path).to_str().filter(|_| below).map(str::to_owned)
            }
            Backend::Remote(remote) => {
                let prefix = remote.prefix.as_ref();
                let slash = if prefix.is_empty() { "" } else { "/" };
                Some(if alone { prefix.to_owned() } else { format!("{prefix}{slash}{path}") })
            }
        }
    }
}
