//! Builds the answer for a batch while its records are looked at one by one.
//!
//! Only what differs from passing everything is ever written: there is no selection while every row
//! so far was kept once, and a patch holds nothing but what was set. The order that the interface
//! asks for (selections that never decrease, patches that strictly increase) follows from the order
//! in which this is filled.

mod bytes;
mod dictionary;
mod patch;

use self::bytes::BytesBuilder;
use self::dictionary::Dictionary;
use self::patch::{HeadersBuilder, Patch, TopicsBuilder};
use crate::Columns;
use crate::columns::{
    Answer, BytesPatch, Drops, HeadersPatch, PartitionsPatch, Rejection, TimestampsPatch, TopicsPatch,
};
use crate::headers::Header;

/// The answer for a batch, under construction.
#[derive(Debug)]
pub(crate) struct AnswerBuilder {
    changes: Columns,
    count: u32,
    /// The input row under way.
    row: u32,
    /// Output records while the output is the input up to here.
    kept: u32,
    /// Whether the output is what stands in `selection`; before, it is the first `kept` rows.
    selects: bool,
    selection: Vec<u32>,
    keys: Patch<BytesBuilder>,
    values: Patch<BytesBuilder>,
    headers: Patch<HeadersBuilder>,
    timestamps: Patch<Vec<i64>>,
    topics: Patch<TopicsBuilder>,
    partitions: Patch<Vec<i32>>,
    dropped: Vec<u32>,
    reasons: Vec<u32>,
    reason_names: Dictionary,
    rejected: Vec<Rejection>,
}

/// The plugin changed what it does not declare.
#[cold]
#[allow(clippy::panic, reason = "an author's mistake that the first change shows, in a test too")]
fn undeclared(column: Columns) -> ! {
    panic!("the plugin changes what it does not declare: name `{column:?}` in `Plugin::CHANGES`")
}

impl AnswerBuilder {
    pub(crate) fn new(count: u32, changes: Columns) -> Self {
        Self {
            changes,
            count,
            row: 0,
            kept: 0,
            selects: false,
            selection: Vec::new(),
            keys: Patch::default(),
            values: Patch::default(),
            headers: Patch::default(),
            timestamps: Patch::default(),
            topics: Patch::default(),
            partitions: Patch::default(),
            dropped: Vec::new(),
            reasons: Vec::new(),
            reason_names: Dictionary::default(),
            rejected: Vec::new(),
        }
    }

    /// Turns to the next input row.
    #[inline]
    pub(crate) fn begin(&mut self, row: u32) {
        self.row = row;
    }

    /// The input row under way.
    #[inline]
    pub(crate) fn row(&self) -> u32 {
        self.row
    }

    /// Output records so far; the next one has this index.
    #[inline]
    fn outputs(&self) -> u32 {
        if self.selects { self.selection.len() as u32 } else { self.kept }
    }

    /// Output records when the row under way began.
    fn begun(&self) -> u32 {
        if !self.selects {
            // Every row before this one was kept once, else there would be a selection.
            return self.kept.min(self.row);
        }
        let own = self.selection.iter().rev().take_while(|row| **row == self.row).count();
        (self.selection.len() - own) as u32
    }

    /// One output record from the row under way, with what was set since the last.
    #[inline]
    pub(crate) fn emit(&mut self) {
        let row = self.row;
        if self.selects {
            self.selection.push(row);
        } else if self.kept == row {
            self.kept += 1;
        } else {
            self.select_so_far();
            self.selection.push(row);
        }
    }

    /// Writes out the selection that was implicit until here.
    #[cold]
    fn select_so_far(&mut self) {
        self.selects = true;
        self.selection.reserve(self.count as usize);
        self.selection.extend(0..self.kept);
    }

    /// Forgets what was set for an output record that is not to come.
    #[inline]
    pub(crate) fn discard(&mut self) {
        if !self.changes.is_empty() {
            self.forget_from(self.outputs());
        }
    }

    /// Nothing comes of the row under way, for the given reason.
    ///
    /// Never inlined: a handler that keeps and drops stays small, and most records are kept.
    #[inline(never)]
    pub(crate) fn drop(&mut self, reason: &str) {
        self.take_back();
        self.dropped.push(self.row);
        let reason = self.reason_names.index(reason);
        self.reasons.push(reason);
    }

    /// Rejects the row under way.
    #[cold]
    pub(crate) fn reject(&mut self, reason: String) {
        self.take_back();
        self.rejected.push(Rejection { row: self.row, reason });
    }

    fn take_back(&mut self) {
        let begun = self.begun();
        if self.selects {
            self.selection.truncate(begun as usize);
        } else {
            self.kept = begun;
        }
        if !self.changes.is_empty() {
            self.forget_from(begun);
        }
    }

    #[inline(never)]
    fn forget_from(&mut self, output: u32) {
        self.keys.forget_from(output);
        self.values.forget_from(output);
        self.headers.forget_from(output);
        self.timestamps.forget_from(output);
        self.topics.forget_from(output);
        self.partitions.forget_from(output);
    }

    #[inline]
    fn change(&self, column: Columns) {
        if !self.changes.contains(column) {
            undeclared(column);
        }
    }

    pub(crate) fn set_key(&mut self, key: Option<&[u8]>) {
        self.change(Columns::KEY);
        let outputs = self.outputs();
        self.keys.begin(outputs).push(key);
    }

    #[inline]
    pub(crate) fn set_value(&mut self, value: Option<&[u8]>) {
        self.change(Columns::VALUE);
        let outputs = self.outputs();
        self.values.begin(outputs).push(value);
    }

    pub(crate) fn value_writer(&mut self) -> impl std::io::Write + '_ {
        self.change(Columns::VALUE);
        let outputs = self.outputs();
        self.values.begin(outputs).writer()
    }

    pub(crate) fn set_headers<'h>(&mut self, headers: impl IntoIterator<Item = Header<'h>>) {
        self.change(Columns::HEADERS);
        let outputs = self.outputs();
        self.headers.begin(outputs).push(headers);
    }

    /// Whether the next output record has headers of its own.
    pub(crate) fn has_headers(&self) -> bool {
        self.headers.has(self.outputs())
    }

    /// Adds to the headers that were set last.
    pub(crate) fn add_header(&mut self, name: &str, value: Option<&[u8]>) {
        self.headers.column.add(name, value);
    }

    pub(crate) fn set_timestamp(&mut self, timestamp: Option<i64>) {
        self.change(Columns::TIMESTAMP);
        let outputs = self.outputs();
        self.timestamps.begin(outputs).push(timestamp.unwrap_or(-1));
    }

    pub(crate) fn set_topic(&mut self, topic: &str) {
        self.change(Columns::TOPIC);
        let outputs = self.outputs();
        self.topics.begin(outputs).push(topic);
    }

    pub(crate) fn set_partition(&mut self, partition: i32) {
        self.change(Columns::PARTITION);
        let outputs = self.outputs();
        self.partitions.begin(outputs).push(partition);
    }

    /// The answer.
    pub(crate) fn finish(mut self) -> Answer {
        if !self.selects && self.kept != self.count {
            self.select_so_far();
        }
        let drops = (!self.dropped.is_empty()).then(|| Drops {
            rows: self.dropped,
            reasons: self.reasons,
            dictionary: self.reason_names.into_names(),
        });
        Answer {
            selection: self.selects.then_some(self.selection),
            keys: self.keys.finish(|rows, keys| BytesPatch { rows, values: keys.finish() }),
            values: self.values.finish(|rows, values| BytesPatch { rows, values: values.finish() }),
            headers: self.headers.finish(|rows, headers| HeadersPatch { rows, headers: headers.finish() }),
            timestamps: self.timestamps.finish(|rows, values| TimestampsPatch { rows, values }),
            topics: self.topics.finish(|rows, topics| TopicsPatch { rows, topics: topics.finish() }),
            partitions: self.partitions.finish(|rows, values| PartitionsPatch { rows, values }),
            drops,
            rejected: self.rejected,
        }
    }
}
