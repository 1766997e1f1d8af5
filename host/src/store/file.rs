//! A file of the backup as readers see it.

use std::fmt::Debug;
use std::sync::{Arc, mpsc};

use bytes::Bytes;

use super::StoreError;

/// A file of known size that can be read at any place. Calls block and must not be made on a thread
/// of the asynchronous runtime.
pub trait SourceFile: Debug + Send + Sync {
    /// Path within the backup, as messages name it.
    fn path(&self) -> &Arc<str>;

    /// Size in bytes when the backup was listed.
    fn size(&self) -> u64;

    /// Exactly `length` bytes from `offset`.
    ///
    /// # Errors
    /// The store's own failures after retries, and a file that ends before the range does.
    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, StoreError>;

    /// Begins to read `length` bytes from `offset` without waiting for them, where the store can.
    fn begin_read(&self, offset: u64, length: usize) -> PendingRead {
        PendingRead::Done(self.read_at(offset, length))
    }

    /// How many reads under way at a time are of use; 1 where a read does not wait for a network.
    fn parallelism(&self) -> usize {
        1
    }
}

/// A read under way; see [`SourceFile::begin_read`].
#[derive(Debug)]
pub enum PendingRead {
    /// The bytes are there, or the error.
    Done(Result<Bytes, StoreError>),
    /// They will come this way. Dropping it lets the read go.
    Coming {
        /// The file's path, for the error.
        path: Arc<str>,
        /// Where they come.
        receiver: mpsc::Receiver<Result<Bytes, StoreError>>,
    },
}

impl PendingRead {
    /// Waits for the bytes.
    ///
    /// # Errors
    /// As [`SourceFile::read_at`].
    pub fn wait(self) -> Result<Bytes, StoreError> {
        match self {
            Self::Done(result) => result,
            Self::Coming { path, receiver } => receiver
                .recv()
                .unwrap_or_else(|_| Err(StoreError::Unreadable { place: path, message: STOPPED.to_owned() })),
        }
    }
}

/// What is said of a read whose runtime went away under it.
const STOPPED: &str = "reading was stopped";

/// Whether the range lies within a file of `size` bytes.
pub(super) fn check_range(path: &Arc<str>, size: u64, offset: u64, length: usize) -> Result<(), StoreError> {
    match offset.checked_add(length as u64) {
        Some(end) if end <= size => Ok(()),
        _ => Err(StoreError::Short { path: Arc::clone(path), offset, length, size }),
    }
}

/// A file in memory.
#[derive(Clone, Debug)]
pub struct MemoryFile {
    path: Arc<str>,
    data: Bytes,
}

impl MemoryFile {
    /// A file of these bytes.
    pub fn new(path: impl Into<Arc<str>>, data: impl Into<Bytes>) -> Self {
        Self { path: path.into(), data: data.into() }
    }
}

impl SourceFile for MemoryFile {
    fn path(&self) -> &Arc<str> {
        &self.path
    }

    fn size(&self) -> u64 {
        self.data.len() as u64
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        check_range(&self.path, self.size(), offset, length)?;
        // The range lies within the data, so `offset` fits.
        let start = offset as usize;
        Ok(self.data.slice(start..start + length))
    }
}
