//! A file of the backup as readers see it.

use std::fmt::Debug;
use std::sync::Arc;

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
        let start = usize::try_from(offset).ok();
        let range = start.and_then(|start| Some(start..start.checked_add(length)?));
        match range {
            Some(range) if range.end <= self.data.len() => Ok(self.data.slice(range)),
            _ => Err(StoreError::Short { path: Arc::clone(&self.path), offset, length, size: self.size() }),
        }
    }
}
