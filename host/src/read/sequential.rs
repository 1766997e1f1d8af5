//! A file of the backup as a [`std::io::Read`], for decoders that go from front to back.

use std::io::{self, Read};

use bytes::{Buf, Bytes};

use super::OpenFile;
use crate::store::StoreError;

/// Bytes asked of the store at a time.
const WINDOW: u64 = 1 << 20;

/// Reads a file from a place on.
#[derive(Debug)]
pub(super) struct Sequential {
    file: OpenFile,
    next: u64,
    window: Bytes,
}

impl Sequential {
    /// The bytes of `file` from `offset` on.
    pub(super) fn new(file: OpenFile, offset: u64) -> Self {
        Self { file, next: offset, window: Bytes::new() }
    }
}

impl Read for Sequential {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.window.is_empty() {
            let length = WINDOW.min(self.file.size().saturating_sub(self.next));
            if length == 0 {
                return Ok(0);
            }
            self.window = self.file.read_at(self.next, length as usize).map_err(io::Error::other)?;
            self.next += length;
        }
        let length = out.len().min(self.window.len());
        self.window.copy_to_slice(&mut out[..length]);
        Ok(length)
    }
}

/// The store's own error within one of I/O, or the latter back.
pub(super) fn store_error(error: io::Error) -> Result<StoreError, io::Error> {
    error.downcast::<StoreError>()
}
