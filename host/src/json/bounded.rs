//! Text that may only grow so far.

use std::io::{self, Write};
use std::ops::{Deref, DerefMut};

/// A text under way, appended to what is there already.
///
/// A few bytes of a file can stand for any length of text: the items of an array of records each bring
/// the names of their fields. What is short (numbers, dates, names that were checked) is appended
/// directly and may exceed the limit by itself; [`Bounded::check`] comes before the next value.
pub(crate) struct Bounded<'o> {
    out: &'o mut Vec<u8>,
    /// The length of all at which the text is as long as it may be.
    end: usize,
    /// In bytes of text.
    limit: usize,
}

impl<'o> Bounded<'o> {
    /// A text of at most `limit` bytes after those in `out`.
    pub(crate) fn new(out: &'o mut Vec<u8>, limit: usize) -> Self {
        let end = out.len().saturating_add(limit);
        Self { out, end, limit }
    }

    /// # Errors
    /// The text is longer than it may be.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.check_room(0)
    }

    /// # Errors
    /// There is no room for so many bytes more.
    pub(crate) fn check_room(&self, bytes: usize) -> Result<(), String> {
        if self.out.len().saturating_add(bytes) <= self.end {
            return Ok(());
        }
        Err(match self.limit >> 20 {
            0 => format!("its JSON text is longer than {} bytes", self.limit),
            mebibytes => format!("its JSON text is longer than {mebibytes} MiB"),
        })
    }
}

impl Deref for Bounded<'_> {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        self.out
    }
}

impl DerefMut for Bounded<'_> {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        self.out
    }
}

impl Write for Bounded<'_> {
    /// Takes what is beyond the limit once, so that [`Bounded::check`] knows of it, and then no more.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() > self.end {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min((self.end - self.out.len()).saturating_add(1));
        self.out.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
