//! Collects rows into [`Columns`] until a limit says that the batch is full.
//!
//! Batches are cut by bytes long before Arrow's 32-bit offsets could overflow: [`Limits::bytes`] is
//! checked after each row, so a batch exceeds it by one record at most, and no record may exceed
//! [`Limits::RECORD`].

use arrow_array::BinaryArray;
use arrow_array::builder::BinaryBuilder;
use arrow_buffer::ScalarBuffer;

use super::{Columns, HeadersBuilder, RowHeaders};

/// When a batch is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records in a batch.
    pub records: usize,
    /// Bytes of keys, values and headers in a batch, exceeded by one record at most.
    pub bytes: usize,
}

impl Limits {
    /// The largest record that any reader takes, in bytes of key, value and headers together.
    pub const RECORD: usize = 512 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        // What a batch and a plugin's copy of it fit into a processor's own cache with: batches of 1 MiB made a
        // plugin that reads values take half as long again (`just bench boundary`).
        Self { records: 1024, bytes: 256 << 10 }
    }
}

/// Columns under construction.
#[derive(Debug, Default)]
pub struct ColumnsBuilder {
    keys: BinaryBuilder,
    values: BinaryBuilder,
    headers: HeadersBuilder,
    timestamps: Vec<i64>,
    bytes: usize,
}

impl ColumnsBuilder {
    /// Adds a key to the row under way. Each row needs one call of [`Self::key`], [`Self::value`]
    /// and [`Self::end_row`]; headers go between by [`Self::header`].
    pub fn key(&mut self, key: Option<&[u8]>) {
        self.bytes += key.map_or(0, <[u8]>::len);
        self.keys.append_option(key);
    }

    /// Adds the value of the row under way.
    pub fn value(&mut self, value: Option<&[u8]>) {
        self.bytes += value.map_or(0, <[u8]>::len);
        self.values.append_option(value);
    }

    /// Adds a header to the row under way.
    pub fn header(&mut self, name: &str, value: Option<&[u8]>) {
        self.headers.push(name, value);
    }

    /// Ends the row under way.
    pub fn end_row(&mut self, timestamp: i64) {
        self.headers.end_row();
        self.timestamps.push(timestamp);
        self.bytes += 8;
    }

    /// Ends so many rows under way at once, one for each timestamp; keys and values of all of them were added
    /// before, and they have no headers.
    pub fn end_rows(&mut self, timestamps: &[i64]) {
        self.headers.end_rows(timestamps.len());
        self.timestamps.extend_from_slice(timestamps);
        self.bytes += 8 * timestamps.len();
    }

    /// Adds a whole row.
    pub fn row(&mut self, key: Option<&[u8]>, value: Option<&[u8]>, headers: RowHeaders<'_>, timestamp: i64) {
        self.key(key);
        self.value(value);
        for header in headers {
            self.header(header.name, header.value);
        }
        self.end_row(timestamp);
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there is no row yet.
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// Bytes so far, as [`Columns::bytes`] counts them.
    pub fn bytes(&self) -> usize {
        self.bytes + self.headers.bytes()
    }

    /// Whether a limit is reached.
    pub fn is_full(&self, limits: Limits) -> bool {
        self.len() >= limits.records || self.bytes() >= limits.bytes
    }

    /// The columns; the builder is empty afterwards, with room for as much again: batches of a file
    /// are much alike, and growing by doubling copies every byte once more.
    pub fn finish(&mut self) -> Columns {
        self.bytes = 0;
        let rows = self.timestamps.len();
        Columns {
            keys: finish_with_room(&mut self.keys, rows),
            values: finish_with_room(&mut self.values, rows),
            headers: self.headers.finish(),
            timestamps: ScalarBuffer::from(std::mem::replace(&mut self.timestamps, Vec::with_capacity(rows))),
        }
    }
}

/// The column; the builder gets room for as many rows and bytes again.
fn finish_with_room(builder: &mut BinaryBuilder, rows: usize) -> BinaryArray {
    let bytes = builder.values_slice().len();
    std::mem::replace(builder, BinaryBuilder::with_capacity(rows, bytes)).finish()
}
