//! Where backups lie: local disk or an object store, by URL.
//!
//! Readers are synchronous and run on threads of their own; they see a file as a [`SourceFile`] of
//! known size with ranged reads. What stands behind it (disk, HTTP, retries, prefetch) is this
//! module's matter alone.

mod file;

pub use file::{MemoryFile, SourceFile};

use std::io;
use std::sync::Arc;

use crate::failure::{Exit, Explain};

/// What can go wrong between here and the bytes of a backup.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file ended before a range that its listing promised.
    #[error("`{path}` ends before byte {end}: it has {size} bytes", end = offset + *length as u64)]
    Short {
        /// Path within the backup.
        path: Arc<str>,
        /// Where the read began.
        offset: u64,
        /// How much was asked for.
        length: usize,
        /// The size of the file.
        size: u64,
    },
}

impl StoreError {
    /// The store's error that a decoder handed on as an [`io::Error`], or that error as it was.
    ///
    /// # Errors
    /// The error given, if it did not come from a store.
    pub fn from_io(error: io::Error) -> Result<Self, io::Error> {
        error.downcast::<Self>()
    }
}

impl Explain for StoreError {
    fn exit(&self) -> Exit {
        match self {
            Self::Short { .. } => Exit::Failed,
        }
    }
}
