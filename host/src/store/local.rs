//! A file of this machine, read in place without the runtime.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Entry, SourceFile, StoreError};

/// An opened local file.
#[derive(Debug)]
pub(super) struct LocalFile {
    path: Arc<str>,
    size: u64,
    file: File,
}

impl LocalFile {
    /// Opens a listed file.
    pub(super) fn open(entry: &Entry) -> Result<Self, StoreError> {
        let failed = |error: std::io::Error| StoreError::system(Arc::clone(&entry.path), &error);
        let file = File::open(&entry.location).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let modified: DateTime<Utc> = metadata.modified().map_err(failed)?.into();
        let changed = |message: String| Err(StoreError::Changed { path: Arc::clone(&entry.path), message });
        if metadata.len() != entry.size {
            return changed(format!("it has {} bytes instead of {}", metadata.len(), entry.size));
        }
        if modified != entry.modified {
            return changed(format!("it was written at {modified} instead of {}", entry.modified));
        }
        Ok(Self { path: Arc::clone(&entry.path), size: entry.size, file })
    }
}

impl SourceFile for LocalFile {
    fn path(&self) -> &Arc<str> {
        &self.path
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        super::file::check_range(&self.path, self.size, offset, length)?;
        let mut buffer = vec![0; length];
        match self.file.read_exact_at(&mut buffer, offset) {
            Ok(()) => Ok(buffer.into()),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(StoreError::Changed { path: Arc::clone(&self.path), message: "it became shorter".to_owned() })
            }
            Err(error) => Err(StoreError::system(Arc::clone(&self.path), &error)),
        }
    }
}
