//! A file of the backup as a [`std::io::Read`], for decoders that go from front to back.

use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};

use super::OpenFile;

/// Bytes asked of the store at a time.
const WINDOW: u64 = 1 << 20;

/// Reads a file from a place on.
#[derive(Debug)]
pub(super) struct SequentialReader {
    file: OpenFile,
    position: u64,
    window: Bytes,
}

impl SequentialReader {
    /// The bytes of `file` from `offset` on.
    pub(super) fn new(file: OpenFile, offset: u64) -> Self {
        Self { file, position: offset, window: Bytes::new() }
    }

    /// Offset in the file of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Leaves out the next `count` bytes.
    pub(super) fn skip(&mut self, count: u64) {
        let within = count.min(self.window.len() as u64);
        self.window.advance(within as usize);
        self.position = self.position.saturating_add(count);
    }
}

impl Read for SequentialReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.len().min(out.len());
        self.window.copy_to_slice(&mut out[..length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl BufRead for SequentialReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.window.is_empty() {
            let length = WINDOW.min(self.file.size().saturating_sub(self.position));
            if length > 0 {
                self.window = self.file.read_at(self.position, length as usize).map_err(io::Error::other)?;
            }
        }
        Ok(&self.window)
    }

    fn consume(&mut self, amount: usize) {
        self.skip(amount as u64);
    }
}
