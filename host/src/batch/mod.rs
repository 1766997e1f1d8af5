//! The one currency of the pipeline: records of one source topic-partition, in columns.
//!
//! A reader fills a [`Batch`], a plugin is handed its very buffers, the producer walks it row by row.
//! Between them nothing is allocated per record. Columns are Arrow's; null is not empty in any of
//! them, and headers keep their order and duplicates.

mod builder;
mod gather;
mod headers;
mod outputs;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, BinaryArray, StringArray};
use arrow_buffer::ScalarBuffer;

pub use builder::{ColumnsBuilder, Limits};
pub use headers::{Header, Headers, HeadersBuilder, RowHeaders};
pub use outputs::{Drops, OutputRow, OutputRows, Outputs, Patch, Patches, Rejection, Selection};

use crate::position::{Place, Strand, TopicPartition};

/// The timestamp of a record that has none, as Kafka writes it.
pub const NO_TIMESTAMP: i64 = -1;

/// What a record consists of, apart from where it stands. All columns have the same length.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Keys; null where the record has none.
    pub keys: BinaryArray,
    /// Values; null is a tombstone.
    pub values: BinaryArray,
    /// Headers of every row.
    pub headers: Headers,
    /// Milliseconds since the epoch, [`NO_TIMESTAMP`] where the record has none.
    pub timestamps: ScalarBuffer<i64>,
}

impl Columns {
    /// Columns of no rows.
    pub fn empty() -> Self {
        ColumnsBuilder::default().finish()
    }

    /// Rows in every column.
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows `offset..offset + length`, sharing the buffers.
    ///
    /// # Panics
    /// If the range is out of bounds, as Arrow's own `slice`.
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            keys: self.keys.slice(offset, length),
            values: self.values.slice(offset, length),
            headers: self.headers.slice(offset, length),
            timestamps: self.timestamps.slice(offset, length),
        }
    }

    /// Bytes of keys, values and headers as records have them; what reports show.
    pub fn record_bytes(&self) -> usize {
        value_bytes(&self.keys) + value_bytes(&self.values) + self.headers.record_bytes()
    }

    /// Bytes of key, value and headers of record `row`.
    ///
    /// # Panics
    /// If `row` is out of bounds.
    pub fn record_bytes_at(&self, row: usize) -> usize {
        let headers = self.headers.row(row).bytes();
        self.keys.value_length(row) as usize + self.values.value_length(row) as usize + headers
    }

    /// Bytes that the columns take: values, header names once, timestamps. What limits go by.
    pub fn bytes(&self) -> usize {
        value_bytes(&self.keys) + value_bytes(&self.values) + self.headers.bytes() + self.len() * 8
    }
}

/// Bytes of the values of a (possibly sliced) binary column.
pub(crate) fn value_bytes(array: &BinaryArray) -> usize {
    let offsets = array.value_offsets();
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => (last - first) as usize,
        _ => 0,
    }
}

/// The value of row `row`, or `None` for null.
pub(crate) fn value_at(array: &BinaryArray, row: usize) -> Option<&[u8]> {
    array.is_valid(row).then(|| array.value(row))
}

/// The entries of an ordered list that are `value`.
fn equal_range<T: Ord + Copy>(ordered: &[T], value: T) -> Range<usize> {
    let first = ordered.partition_point(|each| *each < value);
    let after = ordered.partition_point(|each| *each <= value);
    first..after
}

/// Where earlier plugins of the chain sent the rows. Absent columns: nowhere in particular.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// The chosen topic of each row, null where none was chosen.
    pub topics: Option<StringArray>,
    /// The chosen partition of each row, -1 where none was chosen.
    pub partitions: Option<ScalarBuffer<i32>>,
}

/// Records of one source topic-partition, in the order of the backup.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Where all of them come from: the lane, or the part of a merged lane.
    pub source: Arc<TopicPartition>,
    /// Of a merged lane: which of its strands they are of.
    pub strand: Option<Strand>,
    /// Path of the file within the backup; of the first row, where a lane merges several.
    pub file: Arc<str>,
    /// Row of each record within its file, from 0.
    pub rows: ScalarBuffer<u64>,
    /// Source offset of each record, never decreasing (fan-out repeats one); `None` for a backup
    /// without offsets.
    pub offsets: Option<ScalarBuffer<i64>>,
    /// The records.
    pub columns: Columns,
    /// What earlier plugins of the chain chose.
    pub routes: Routes,
}

impl Batch {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The place of record `row` in its lane.
    ///
    /// # Panics
    /// If `row` is out of bounds.
    pub fn place(&self, row: usize) -> Place {
        let place = match &self.offsets {
            Some(offsets) => Place::Offset(offsets[row]),
            None => Place::Row { file: Arc::clone(&self.file), row: self.rows[row] },
        };
        match &self.strand {
            None => place,
            Some(strand) => Place::Of(strand.clone(), Box::new(place)),
        }
    }

    /// The position of record `row` as it is written everywhere: `orders-3@1042`.
    ///
    /// # Panics
    /// If `row` is out of bounds.
    pub fn position(&self, row: usize) -> String {
        self.source.at(&self.place(row)).to_string()
    }

    /// Whether two rows come of one source record.
    ///
    /// # Panics
    /// If a row is out of bounds.
    pub fn are_siblings(&self, row: usize, other: usize) -> bool {
        match &self.offsets {
            Some(offsets) => offsets[row] == offsets[other],
            None => self.rows[row] == self.rows[other],
        }
    }

    /// The rows that come of the source record at `place`; none where it is not in the batch.
    pub fn rows_at(&self, place: &Place) -> Range<usize> {
        match (place, &self.offsets) {
            (Place::Offset(offset), Some(offsets)) => equal_range(offsets, *offset),
            (Place::Row { file, row }, None) if *file == self.file => equal_range(&self.rows, *row),
            (Place::Of(strand, place), _) if self.strand.as_ref() == Some(strand) => self.rows_at(place),
            _ => 0..0,
        }
    }

    /// Records `offset..offset + length`, sharing the buffers.
    ///
    /// # Panics
    /// If the range is out of bounds.
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        Self {
            source: Arc::clone(&self.source),
            strand: self.strand.clone(),
            file: Arc::clone(&self.file),
            rows: self.rows.slice(offset, length),
            offsets: self.offsets.as_ref().map(|offsets| offsets.slice(offset, length)),
            columns: self.columns.slice(offset, length),
            routes: Routes {
                topics: self.routes.topics.as_ref().map(|topics| topics.slice(offset, length)),
                partitions: self.routes.partitions.as_ref().map(|p| p.slice(offset, length)),
            },
        }
    }
}
