//! A file as a stream, read ahead of its reader.
//!
//! For formats that are read from front to back. Windows are asked for before they are needed, so
//! that fetching overlaps decoding; how many depends on the file ([`SourceFile::parallelism`]). The
//! first windows are small, since many files are opened only to look at their beginning.
//!
//! [`SourceFile::parallelism`]: super::SourceFile::parallelism

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use bytes::{Buf, Bytes};

use super::PendingRead;
use crate::read::OpenFile;

/// Bytes of the first window; each one is twice the last up to [`LAST_WINDOW`].
const FIRST_WINDOW: usize = 64 << 10;
/// Bytes of a window once reading is under way.
const LAST_WINDOW: usize = 1 << 20;

/// Reads a file from front to back; memory is one window and those under way.
#[derive(Debug)]
pub struct SequentialReader {
    file: OpenFile,
    /// What is at hand.
    current: Bytes,
    /// Offset in the file of the first byte of `current`.
    position: u64,
    ahead: VecDeque<(u64, PendingRead)>,
    /// Offset of the next window to ask for.
    next: u64,
    window: usize,
    /// Windows to have under way.
    depth: usize,
}

impl SequentialReader {
    /// A reader from byte `offset` on.
    pub fn new(file: OpenFile, offset: u64) -> Self {
        Self {
            file,
            current: Bytes::new(),
            position: offset,
            ahead: VecDeque::new(),
            next: offset,
            window: FIRST_WINDOW,
            depth: 1,
        }
    }

    /// Offset in the file of the next byte.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Leaves out the next `count` bytes, without reading those that are not yet under way.
    pub fn skip(&mut self, count: u64) {
        let target = self.position.saturating_add(count);
        if count <= self.current.len() as u64 {
            self.current.advance(count as usize);
            self.position = target;
            return;
        }
        self.current = Bytes::new();
        self.position = target;
        // Windows that end before the target are let go; one that holds it is cut when it comes.
        while self.ahead.get(1).map_or(self.next, |(start, _)| *start) <= target && !self.ahead.is_empty() {
            self.ahead.pop_front();
        }
        if self.ahead.is_empty() {
            self.next = target;
        }
    }

    /// Asks for windows until enough are under way.
    fn ask(&mut self) {
        while self.ahead.len() < self.depth && self.next < self.file.size() {
            let length = (self.file.size() - self.next).min(self.window as u64);
            self.ahead.push_back((self.next, self.file.begin_read(self.next, length as usize)));
            self.next += length;
            self.window = (self.window * 2).min(LAST_WINDOW);
        }
    }

    /// Makes the next window the current one, unless there is still something in it.
    fn fill(&mut self) -> io::Result<()> {
        if !self.current.is_empty() {
            return Ok(());
        }
        self.ask();
        if let Some((start, window)) = self.ahead.pop_front() {
            let mut bytes = window.wait().map_err(io::Error::other)?;
            bytes.advance(usize::try_from(self.position - start).map_or(bytes.len(), |skip| skip.min(bytes.len())));
            self.current = bytes;
            self.depth = (self.depth * 2).min(self.file.parallelism());
            if self.depth > 1 {
                self.ask();
            }
        }
        Ok(())
    }
}

impl Read for SequentialReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let length = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..length]);
        self.position += length as u64;
        Ok(length)
    }
}

impl BufRead for SequentialReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.fill()?;
        Ok(&self.current)
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.current.len());
        self.current.advance(amount);
        self.position += amount as u64;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::store::MemoryFile;

    proptest! {
        /// Whatever is read and skipped, what comes is the file's own bytes at the reader's position.
        #[test]
        fn reads_and_skips_give_the_bytes_of_the_file(
            size in 0_usize..3_000_000,
            start in 0_u64..1000,
            steps in prop::collection::vec((any::<bool>(), 0_usize..600_000), 1..20),
        ) {
            let data: Vec<u8> = (0..size as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let mut reader = SequentialReader::new(Arc::new(MemoryFile::new("f", data.clone())), start);
            let mut at = start as usize;
            for (skip, count) in steps {
                if skip {
                    reader.skip(count as u64);
                    at += count;
                } else {
                    let mut got = Vec::new();
                    reader.by_ref().take(count as u64).read_to_end(&mut got).unwrap();
                    let expected = data.get(at.min(size)..(at + count).min(size)).unwrap();
                    prop_assert_eq!(got.as_slice(), expected);
                    at += got.len();
                }
                prop_assert_eq!(reader.position(), at as u64);
            }
        }
    }
}
