//! A column of byte strings that grows at its end, and whose last entries can be taken back.

use crate::columns::{BytesColumn, numbers};

/// Builds a [`BytesColumn`].
///
/// An entry ends where the next begins, so that the last one can be written piece by piece.
#[derive(Debug, Default)]
pub(crate) struct BytesBuilder {
    starts: Vec<u32>,
    data: Vec<u8>,
    /// The entries that are null, in order.
    nulls: Vec<u32>,
}

impl BytesBuilder {
    #[inline]
    pub(crate) fn push(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.writer().extend_from_slice(value),
            None => {
                self.nulls.push(self.starts.len() as u32);
                self.writer();
            }
        }
    }

    /// Begins an entry; what is appended to the returned bytes belongs to it.
    #[inline]
    pub(crate) fn writer(&mut self) -> &mut Vec<u8> {
        // An offset past 4 GiB cannot be reached: a 32-bit memory ends before.
        self.starts.push(self.data.len() as u32);
        &mut self.data
    }

    /// Keeps the first `entries`.
    pub(crate) fn truncate(&mut self, entries: usize) {
        if let Some(start) = self.starts.get(entries) {
            self.data.truncate(*start as usize);
            self.starts.truncate(entries);
            self.nulls.truncate(self.nulls.partition_point(|null| (*null as usize) < entries));
        }
    }

    pub(crate) fn finish(mut self) -> BytesColumn {
        let validity = (!self.nulls.is_empty()).then(|| {
            let mut bitmap = vec![0xff; self.starts.len().div_ceil(8)];
            for null in self.nulls {
                bitmap[null as usize / 8] &= !(1 << (null % 8));
            }
            bitmap
        });
        self.starts.push(self.data.len() as u32);
        BytesColumn { offsets: numbers::pack(&self.starts), data: self.data, validity }
    }
}
