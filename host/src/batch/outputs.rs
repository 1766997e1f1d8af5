//! What the plugins made of a batch: a selection and sparse patches over the batch's own columns.
//!
//! What is not patched is never copied. [`Outputs::rows`] walks the output records in order, which is
//! how a target reads them; [`Outputs::into_batch`] gathers them for the next plugin of a chain.

use std::sync::Arc;

use arrow_array::{Array, BinaryArray, StringArray};
use arrow_buffer::ScalarBuffer;

use super::{Batch, Headers, RowHeaders, gather, value_at, value_bytes};
use crate::position::Place;

/// Which input row each output record comes from, in order, never decreasing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every row once.
    All,
    /// These rows; a repeated one is fanned out.
    Rows(Vec<u32>),
}

/// New values of one column for some output rows.
#[derive(Clone, Debug)]
pub struct Patch<C> {
    /// Indices of output rows, strictly increasing.
    pub rows: ScalarBuffer<u32>,
    /// One entry for each of `rows`.
    pub column: C,
}

/// The patches of one answer.
#[derive(Clone, Debug, Default)]
pub struct Patches {
    /// New keys.
    pub keys: Option<Patch<BinaryArray>>,
    /// New values.
    pub values: Option<Patch<BinaryArray>>,
    /// New headers.
    pub headers: Option<Patch<Headers>>,
    /// New timestamps.
    pub timestamps: Option<Patch<ScalarBuffer<i64>>>,
    /// Chosen topics.
    pub topics: Option<Patch<StringArray>>,
    /// Chosen partitions.
    pub partitions: Option<Patch<ScalarBuffer<i32>>>,
}

impl Patches {
    /// Whether nothing is patched.
    pub fn is_empty(&self) -> bool {
        self.keys.is_none()
            && self.values.is_none()
            && self.headers.is_none()
            && self.timestamps.is_none()
            && self.topics.is_none()
            && self.partitions.is_none()
    }

    /// Bytes of the new keys, values and headers.
    pub fn bytes(&self) -> usize {
        self.keys.as_ref().map_or(0, |patch| value_bytes(&patch.column))
            + self.values.as_ref().map_or(0, |patch| value_bytes(&patch.column))
            + self.headers.as_ref().map_or(0, |patch| patch.column.bytes())
    }
}

/// Rows left out with a reason.
#[derive(Clone, Debug)]
pub struct Drops {
    /// Input rows, strictly increasing.
    pub rows: Vec<u32>,
    /// For each entry of `rows` the index of its reason in `dictionary`.
    pub reasons: Vec<u32>,
    /// The distinct reasons.
    pub dictionary: Vec<String>,
}

/// A row that a plugin can neither pass nor drop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The input row.
    pub row: u32,
    /// What the plugin says is wrong with it.
    pub reason: String,
}

/// The output records of a batch.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// The batch, as the last plugin got it.
    pub batch: Arc<Batch>,
    /// Which of its rows, in order.
    pub selection: Selection,
    /// What is new in them.
    pub patches: Patches,
}

/// One output record.
#[derive(Clone, Debug)]
pub struct OutputRow<'a> {
    /// The row of [`Outputs::batch`] that it comes from.
    pub input: usize,
    /// 0 for the first record that comes from a source record, 1 for the next and so on.
    pub sibling: u32,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers in order.
    pub headers: RowHeaders<'a>,
    /// Milliseconds since the epoch, or [`super::NO_TIMESTAMP`].
    pub timestamp: i64,
    /// The topic a plugin chose.
    pub topic: Option<&'a str>,
    /// The partition a plugin chose.
    pub partition: Option<i32>,
}

impl Outputs {
    /// Every record of the batch as it is.
    pub fn untouched(batch: Arc<Batch>) -> Self {
        Self { batch, selection: Selection::All, patches: Patches::default() }
    }

    /// Number of output records.
    pub fn len(&self) -> usize {
        match &self.selection {
            Selection::All => self.batch.len(),
            Selection::Rows(rows) => rows.len(),
        }
    }

    /// Whether several output records come of one source record.
    pub fn fan_out(&self) -> bool {
        match &self.selection {
            Selection::All => (1..self.batch.len()).any(|row| self.batch.are_siblings(row - 1, row)),
            Selection::Rows(rows) => {
                rows.windows(2).any(|pair| self.batch.are_siblings(pair[0] as usize, pair[1] as usize))
            }
        }
    }

    /// Whether nothing comes out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The output records in order.
    pub fn rows(&self) -> OutputRows<'_> {
        OutputRows { outputs: self, next: 0, cursors: Cursors::default(), last: None, sibling: 0 }
    }

    /// The position of an output record: its source position, with `#n` for later siblings.
    pub fn position(&self, row: &OutputRow<'_>) -> String {
        let position = self.batch.position(row.input);
        match row.sibling {
            0 => position,
            sibling => format!("{position}#{sibling}"),
        }
    }

    /// What is left without all that comes of the source records at these places.
    pub fn without(self, places: impl Iterator<Item = Place>) -> Self {
        let outputs = self.into_batch();
        let mut kept = vec![true; outputs.len()];
        for place in places {
            kept[outputs.rows_at(&place)].fill(false);
        }
        let rows: Vec<u32> = (0..).zip(&kept).filter(|(_, kept)| **kept).map(|(row, _)| row).collect();
        if rows.len() == outputs.len() {
            return Self::untouched(outputs);
        }
        Self { batch: outputs, selection: Selection::Rows(rows), patches: Patches::default() }
    }

    /// The output records as a batch of their own, with the source positions kept.
    pub fn into_batch(self) -> Arc<Batch> {
        if self.selection == Selection::All && self.patches.is_empty() {
            return self.batch;
        }
        Arc::new(gather::gather(&self))
    }
}

/// How far the walk has come in each patch.
#[derive(Clone, Debug, Default)]
struct Cursors {
    keys: usize,
    values: usize,
    headers: usize,
    timestamps: usize,
    topics: usize,
    partitions: usize,
}

/// Walks the output records; see [`Outputs::rows`].
#[derive(Clone, Debug)]
pub struct OutputRows<'a> {
    outputs: &'a Outputs,
    next: usize,
    cursors: Cursors,
    last: Option<(u64, Option<i64>)>,
    sibling: u32,
}

/// The entry of `patch` for output row `row`, if it has one; moves the cursor on.
fn patched<C>(patch: Option<&Patch<C>>, cursor: &mut usize, row: usize) -> Option<usize> {
    let patch = patch?;
    (patch.rows.get(*cursor).copied() == Some(row as u32)).then(|| {
        *cursor += 1;
        *cursor - 1
    })
}

impl<'a> Iterator for OutputRows<'a> {
    type Item = OutputRow<'a>;

    fn next(&mut self) -> Option<OutputRow<'a>> {
        let outputs = self.outputs;
        if self.next >= outputs.len() {
            return None;
        }
        let row = self.next;
        self.next += 1;
        let batch = &*outputs.batch;
        let input = match &outputs.selection {
            Selection::All => row,
            Selection::Rows(rows) => rows[row] as usize,
        };
        let source = (batch.rows[input], batch.offsets.as_ref().map(|offsets| offsets[input]));
        self.sibling = if self.last == Some(source) { self.sibling + 1 } else { 0 };
        self.last = Some(source);

        let (patches, columns, cursors) = (&outputs.patches, &batch.columns, &mut self.cursors);
        let key = match patched(patches.keys.as_ref(), &mut cursors.keys, row).zip(patches.keys.as_ref()) {
            Some((entry, patch)) => value_at(&patch.column, entry),
            None => value_at(&columns.keys, input),
        };
        let value = match patched(patches.values.as_ref(), &mut cursors.values, row).zip(patches.values.as_ref()) {
            Some((entry, patch)) => value_at(&patch.column, entry),
            None => value_at(&columns.values, input),
        };
        let headers = match patched(patches.headers.as_ref(), &mut cursors.headers, row).zip(patches.headers.as_ref()) {
            Some((entry, patch)) => patch.column.row(entry),
            None => columns.headers.row(input),
        };
        let timestamp =
            match patched(patches.timestamps.as_ref(), &mut cursors.timestamps, row).zip(patches.timestamps.as_ref()) {
                Some((entry, patch)) => patch.column[entry],
                None => columns.timestamps[input],
            };
        let topic = match patched(patches.topics.as_ref(), &mut cursors.topics, row).zip(patches.topics.as_ref()) {
            Some((entry, patch)) => Some(patch.column.value(entry)),
            None => batch.routes.topics.as_ref().and_then(|topics| topics.is_valid(input).then(|| topics.value(input))),
        };
        let partition =
            match patched(patches.partitions.as_ref(), &mut cursors.partitions, row).zip(patches.partitions.as_ref()) {
                Some((entry, patch)) => Some(patch.column[entry]),
                None => batch.routes.partitions.as_ref().map(|p| p[input]).filter(|partition| *partition >= 0),
            };
        Some(OutputRow { input, sibling: self.sibling, key, value, headers, timestamp, topic, partition })
    }
}
