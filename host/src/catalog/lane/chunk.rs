//! Rows of one lane out of one file, in columns.

use std::sync::Arc;

use arrow_buffer::ScalarBuffer;

use crate::batch::{Batch, Columns, Routes};
use crate::position::TopicPartition;

/// Rows of one lane out of one file.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// Row of each record within the file.
    pub(super) rows: ScalarBuffer<u64>,
    /// Offset of each record, in a lane that has offsets.
    pub(super) offsets: Option<ScalarBuffer<i64>>,
    /// The records.
    pub(super) columns: Columns,
}

impl Chunk {
    /// Records.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Records `start..start + length`, sharing the buffers.
    pub(super) fn slice(&self, start: usize, length: usize) -> Self {
        Self {
            rows: self.rows.slice(start, length),
            offsets: self.offsets.as_ref().map(|offsets| offsets.slice(start, length)),
            columns: self.columns.slice(start, length),
        }
    }

    /// The chunk as a batch of its lane.
    pub(super) fn into_batch(self, source: &Arc<TopicPartition>, file: Arc<str>) -> Batch {
        Batch {
            source: Arc::clone(source),
            file,
            rows: self.rows,
            offsets: self.offsets,
            columns: self.columns,
            strand: None,
            routes: Routes::default(),
        }
    }
}

/// Whether the first records of two chunks are the same in everything but where they stand.
pub(super) fn same_record(a: &Chunk, b: &Chunk) -> bool {
    let (a, b) = (a.columns.slice(0, 1), b.columns.slice(0, 1));
    a.timestamps == b.timestamps && a.keys == b.keys && a.values == b.values && a.headers == b.headers
}
