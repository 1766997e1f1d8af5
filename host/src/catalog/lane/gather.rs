//! Makes batches of chunks: long ones are handed on as they are, short ones are copied together.
//!
//! A batch of a few records costs a plugin and a producer as much as a full one, and where files
//! overlap or hold several lanes chunks can be that short.

use std::sync::Arc;

use arrow_buffer::ScalarBuffer;

use super::chunk::Chunk;
use crate::batch::{Batch, ColumnsBuilder, Limits};
use crate::position::TopicPartition;

/// Chunks of this many records, or of half a batch's limits, are not worth copying.
const LONG: usize = 256;

/// Collects short chunks.
pub(super) struct Gather {
    source: Arc<TopicPartition>,
    limits: Limits,
    columns: ColumnsBuilder,
    rows: Vec<u64>,
    offsets: Option<Vec<i64>>,
    /// File of the first row.
    file: Option<Arc<str>>,
}

impl Gather {
    /// An empty one.
    pub(super) fn new(source: Arc<TopicPartition>, limits: Limits) -> Self {
        Self { source, limits, columns: ColumnsBuilder::default(), rows: Vec::new(), offsets: None, file: None }
    }

    /// Adds a chunk of `file` and gives the batches that this fills, in order: at most what was
    /// collected and then the chunk itself. Rows of several files share a batch only if `across`.
    pub(super) fn add(&mut self, chunk: Chunk, file: Arc<str>, across: bool) -> (Option<Batch>, Option<Batch>) {
        let long = chunk.len() >= LONG.min(self.limits.records.div_ceil(2))
            || chunk.columns.bytes() >= self.limits.bytes.div_ceil(2);
        if long {
            let whole = chunk.into_batch(&self.source, file);
            return match self.flush() {
                Some(before) => (Some(before), Some(whole)),
                None => (Some(whole), None),
            };
        }
        let other_file = !across && self.file.as_ref().is_some_and(|begun| *begun != file);
        let too_much = self.rows.len() + chunk.len() > self.limits.records
            || self.columns.bytes() + chunk.columns.bytes() > self.limits.bytes;
        let before = if other_file || too_much { self.flush() } else { None };
        self.file.get_or_insert(file);
        self.append(&chunk);
        if !self.columns.is_full(self.limits) {
            return (before, None);
        }
        match before {
            Some(before) => (Some(before), self.flush()),
            None => (self.flush(), None),
        }
    }

    fn append(&mut self, chunk: &Chunk) {
        let columns = &chunk.columns;
        for row in 0..chunk.len() {
            let key = crate::batch::value_at(&columns.keys, row);
            let value = crate::batch::value_at(&columns.values, row);
            self.columns.row(key, value, columns.headers.row(row), columns.timestamps[row]);
        }
        self.rows.extend_from_slice(&chunk.rows);
        if let Some(offsets) = &chunk.offsets {
            self.offsets.get_or_insert_default().extend_from_slice(offsets);
        }
    }

    /// What was collected, if anything was.
    pub(super) fn flush(&mut self) -> Option<Batch> {
        let file = self.file.take()?;
        let chunk = Chunk {
            rows: ScalarBuffer::from(std::mem::take(&mut self.rows)),
            offsets: self.offsets.take().map(ScalarBuffer::from),
            columns: self.columns.finish(),
        };
        Some(chunk.into_batch(&self.source, file))
    }

    /// Forgets what was collected.
    pub(super) fn clear(&mut self) {
        self.flush();
    }
}
