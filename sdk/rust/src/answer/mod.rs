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
    /// Output records so far; the next one has this index.
    outputs: u32,
    /// Output records when the row under way began.
    begun: u32,
    /// Whether a patch may have something for the row under way.
    touched: bool,
    /// Absent while the output is the input up to here.
    selection: Option<Vec<u32>>,
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
            outputs: 0,
            begun: 0,
            touched: false,
            selection: None,
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
        self.begun = self.outputs;
        self.touched = false;
    }

    /// One output record from the row under way, with what was set since the last.
    #[inline]
    pub(crate) fn emit(&mut self) {
        let row = self.row;
        match &mut self.selection {
            Some(selection) => selection.push(row),
            None if self.outputs == row => {}
            None => self.select_so_far().push(row),
        }
        self.outputs += 1;
    }

    /// Writes out the selection that was implicit until here.
    #[cold]
    fn select_so_far(&mut self) -> &mut Vec<u32> {
        let mut selection = Vec::with_capacity(self.count as usize);
        selection.extend(0..self.outputs);
        self.selection.insert(selection)
    }

    /// Forgets what was set for an output record that is not to come.
    #[inline]
    pub(crate) fn discard(&mut self) {
        if self.touched {
            self.forget_from(self.outputs);
        }
    }

    /// Nothing comes of the row under way, for the given reason.
    ///
    /// Never inlined: so a handler that only keeps or drops stays small enough to be inlined into the loop
    /// over the rows, which then holds the batch's columns in registers (18 ns a record before, 6 after).
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

    #[inline]
    fn take_back(&mut self) {
        if self.outputs != self.begun || self.touched {
            self.outputs = self.begun;
            if let Some(selection) = &mut self.selection {
                selection.truncate(self.begun as usize);
            }
            self.forget_from(self.begun);
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
    fn change(&mut self, column: Columns) {
        if !self.changes.contains(column) {
            undeclared(column);
        }
        self.touched = true;
    }

    pub(crate) fn set_key(&mut self, key: Option<&[u8]>) {
        self.change(Columns::KEY);
        self.keys.begin(self.outputs).push(key);
    }

    #[inline]
    pub(crate) fn set_value(&mut self, value: Option<&[u8]>) {
        self.change(Columns::VALUE);
        self.values.begin(self.outputs).push(value);
    }

    pub(crate) fn value_writer(&mut self) -> impl std::io::Write + '_ {
        self.change(Columns::VALUE);
        self.values.begin(self.outputs).writer()
    }

    pub(crate) fn set_headers<'h>(&mut self, headers: impl IntoIterator<Item = Header<'h>>) {
        self.change(Columns::HEADERS);
        self.headers.begin(self.outputs).push(headers);
    }

    /// Whether the next output record has headers of its own.
    pub(crate) fn has_headers(&self) -> bool {
        self.headers.has(self.outputs)
    }

    /// Adds to the headers that were set last.
    pub(crate) fn add_header(&mut self, name: &str, value: Option<&[u8]>) {
        self.headers.column.add(name, value);
    }

    pub(crate) fn set_timestamp(&mut self, timestamp: Option<i64>) {
        self.change(Columns::TIMESTAMP);
        self.timestamps.begin(self.outputs).push(timestamp.unwrap_or(-1));
    }

    pub(crate) fn set_topic(&mut self, topic: &str) {
        self.change(Columns::TOPIC);
        self.topics.begin(self.outputs).push(topic);
    }

    pub(crate) fn set_partition(&mut self, partition: i32) {
        self.change(Columns::PARTITION);
        self.partitions.begin(self.outputs).push(partition);
    }

    /// The answer.
    pub(crate) fn finish(mut self) -> Answer {
        if self.selection.is_none() && self.outputs != self.count {
            self.select_so_far();
        }
        let drops = (!self.dropped.is_empty()).then(|| Drops {
            rows: self.dropped,
            reasons: self.reasons,
            dictionary: self.reason_names.into_names(),
        });
        Answer {
            selection: self.selection,
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
