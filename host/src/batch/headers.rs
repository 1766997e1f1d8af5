//! The headers of many records in columns.
//!
//! Names repeat from record to record, so they are dictionary-coded; order and duplicates within a
//! record are kept, and a null value stays apart from an empty one.

use std::collections::HashMap;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{Array, BinaryArray, StringArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};

use super::{value_at, value_bytes};

/// One header of one record, borrowed from a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name; Kafka has it as UTF-8.
    pub name: &'a str,
    /// The value; null is not empty.
    pub value: Option<&'a [u8]>,
}

/// Headers of a run of rows: row `i` has the entries `rows[i]..rows[i + 1]`.
///
/// Entries are absolute indices into `names` and `values`, also in a slice.
#[derive(Clone, Debug)]
pub struct Headers {
    rows: OffsetBuffer<i32>,
    names: ScalarBuffer<u32>,
    dictionary: StringArray,
    values: BinaryArray,
}

impl Headers {
    /// Headers from their parts.
    ///
    /// # Errors
    /// Says what does not fit: an entry beyond the columns, or a name beyond the dictionary.
    pub fn try_new(
        rows: OffsetBuffer<i32>,
        names: ScalarBuffer<u32>,
        dictionary: StringArray,
        values: BinaryArray,
    ) -> Result<Self, String> {
        let entries = rows.last() as usize;
        if names.len() < entries || values.len() < entries {
            return Err(format!(
                "{entries} headers are spoken of, but there are {} names and {} values",
                names.len(),
                values.len()
            ));
        }
        if let Some(beyond) = names.iter().find(|name| **name as usize >= dictionary.len()) {
            return Err(format!("header name {beyond} of a dictionary of {}", dictionary.len()));
        }
        if dictionary.null_count() > 0 {
            return Err("a header name is null".to_owned());
        }
        Ok(Self { rows, names, dictionary, values })
    }

    /// `count` rows without a header.
    pub fn none(count: usize) -> Self {
        Self {
            rows: OffsetBuffer::new_zeroed(count),
            names: ScalarBuffer::from(Vec::new()),
            dictionary: StringArray::from(Vec::<&str>::new()),
            values: BinaryArray::from(Vec::<&[u8]>::new()),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len() - 1
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no row has a header.
    pub fn is_blank(&self) -> bool {
        self.rows.first() == self.rows.last()
    }

    /// Entry offsets of the rows, absolute; one more than rows.
    pub fn row_offsets(&self) -> &OffsetBuffer<i32> {
        &self.rows
    }

    /// For each entry its name's index in [`Self::dictionary`].
    pub fn names(&self) -> &ScalarBuffer<u32> {
        &self.names
    }

    /// The distinct names.
    pub fn dictionary(&self) -> &StringArray {
        &self.dictionary
    }

    /// The value of each entry.
    pub fn values(&self) -> &BinaryArray {
        &self.values
    }

    /// The headers of row `row`.
    ///
    /// # Panics
    /// If `row` is out of bounds.
    pub fn row(&self, row: usize) -> RowHeaders<'_> {
        RowHeaders { headers: self, next: self.rows[row] as usize, end: self.rows[row + 1] as usize }
    }

    /// Rows `offset..offset + length`, sharing the buffers.
    ///
    /// # Panics
    /// If the range is out of bounds.
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(offset, length),
            names: self.names.clone(),
            dictionary: self.dictionary.clone(),
            values: self.values.clone(),
        }
    }

    /// These headers without those of some names; `None` where there are none of those.
    pub fn without(&self, names: &[&str]) -> Option<Self> {
        if !self.dictionary.iter().flatten().any(|name| names.contains(&name)) {
            return None;
        }
        let mut builder = HeadersBuilder::default();
        for row in 0..self.len() {
            for header in self.row(row).filter(|header| !names.contains(&header.name)) {
                builder.push(header.name, header.value);
            }
            builder.end_row();
        }
        Some(builder.finish())
    }

    /// Bytes of the header values of these rows, and of the names once.
    pub fn bytes(&self) -> usize {
        if self.is_blank() {
            return 0;
        }
        let (first, last) = (self.rows[0] as usize, self.rows[self.len()] as usize);
        let offsets = self.values.value_offsets();
        (offsets[last] - offsets[first]) as usize + (last - first) * 4 + self.dictionary.value_data().len()
    }
}

impl Headers {
    /// Bytes of the headers as records have them: every name as often as it occurs, and the values.
    pub fn record_bytes(&self) -> usize {
        let (first, last) = (self.rows.first() as usize, self.rows.last() as usize);
        let names = self.names.get(first..last).unwrap_or_default();
        let name_bytes: usize = names.iter().map(|name| self.dictionary.value_length(*name as usize) as usize).sum();
        name_bytes + value_bytes(&self.values.slice(first, last - first))
    }
}

/// The headers of one row, in order.
#[derive(Clone, Debug)]
pub struct RowHeaders<'a> {
    headers: &'a Headers,
    next: usize,
    end: usize,
}

impl RowHeaders<'_> {
    /// Bytes of their names and values.
    pub fn bytes(&self) -> usize {
        self.clone().map(|header| header.name.len() + header.value.map_or(0, <[u8]>::len)).sum()
    }
}

impl<'a> Iterator for RowHeaders<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        if self.next >= self.end {
            return None;
        }
        let entry = self.next;
        self.next += 1;
        Some(Header {
            name: self.headers.dictionary.value(self.headers.names[entry] as usize),
            value: value_at(&self.headers.values, entry),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for RowHeaders<'_> {}

/// Builds [`Headers`] row by row.
#[derive(Debug)]
pub struct HeadersBuilder {
    rows: Vec<i32>,
    names: Vec<u32>,
    dictionary: StringBuilder,
    index: HashMap<Box<str>, u32>,
    values: BinaryBuilder,
    bytes: usize,
}

impl Default for HeadersBuilder {
    fn default() -> Self {
        Self {
            rows: vec![0],
            names: Vec::new(),
            dictionary: StringBuilder::new(),
            index: HashMap::new(),
            values: BinaryBuilder::new(),
            bytes: 0,
        }
    }
}

impl HeadersBuilder {
    /// Adds a header to the row under way.
    pub fn push(&mut self, name: &str, value: Option<&[u8]>) {
        let index = match self.index.get(name) {
            Some(index) => *index,
            None => {
                let index = self.index.len() as u32;
                self.index.insert(name.into(), index);
                self.dictionary.append_value(name);
                self.bytes += name.len();
                index
            }
        };
        self.names.push(index);
        self.values.append_option(value);
        self.bytes += value.map_or(0, <[u8]>::len) + 4;
    }

    /// Ends the row under way.
    pub fn end_row(&mut self) {
        self.rows.push(self.names.len() as i32);
    }

    /// Ends so many rows under way, which have no headers but the first.
    pub fn end_rows(&mut self, rows: usize) {
        self.rows.extend(std::iter::repeat_n(self.names.len() as i32, rows));
    }

    /// Adds a row with the headers of another.
    pub fn push_row(&mut self, headers: RowHeaders<'_>) {
        for header in headers {
            self.push(header.name, header.value);
        }
        self.end_row();
    }

    /// Bytes so far, as [`Headers::bytes`] counts them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The headers; the builder is empty afterwards.
    pub fn finish(&mut self) -> Headers {
        let mut taken = std::mem::take(self);
        Headers {
            rows: OffsetBuffer::new(ScalarBuffer::from(taken.rows)),
            names: ScalarBuffer::from(taken.names),
            dictionary: taken.dictionary.finish(),
            values: taken.values.finish(),
        }
    }
}

impl PartialEq for Headers {
    /// Equal when every row has the same headers in the same order; dictionaries may differ.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|row| self.row(row).eq(other.row(row)))
    }
}
