//! The headers of one record.

use crate::columns::{HeadersColumn, numbers};

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name. Names may repeat within a record.
    pub name: &'a str,
    /// The value; null is not empty.
    pub value: Option<&'a [u8]>,
}

/// The headers of one record in order, duplicates included.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    pub(crate) column: &'a HeadersColumn,
    pub(crate) names: &'a [&'a str],
    pub(crate) next: usize,
    pub(crate) end: usize,
}

impl<'a> Headers<'a> {
    fn at(&self, entry: usize) -> Header<'a> {
        Header {
            name: self.names[numbers::at::<u32>(&self.column.names, entry) as usize],
            value: self.column.values.get(entry),
        }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    #[inline]
    fn next(&mut self) -> Option<Header<'a>> {
        let entry = self.next;
        (entry < self.end).then(|| {
            self.next += 1;
            self.at(entry)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.next;
        (left, Some(left))
    }
}

impl DoubleEndedIterator for Headers<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        (self.next < self.end).then(|| {
            self.end -= 1;
            self.at(self.end)
        })
    }
}

impl ExactSizeIterator for Headers<'_> {}
