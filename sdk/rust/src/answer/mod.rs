//! Builds the answer for a batch while its records are looked at one by one.
//!
//! Only what differs from passing everything is ever written: a row that is kept once leaves no trace,
//! and a patch holds nothing but what was set. The order that the interface asks for (selections that
//! never decrease, patches that strictly increase) follows from the order in which this is filled.

mod bytes;
mod dictionary;
mod patch;

use std::mem;

use self::bytes::BytesBuilder;
use self::dictionary::Dictionary;
use self::patch::{HeadersBuilder, Patch, TopicsBuilder};
use crate::Columns;
use crate::columns::{
    Answer, BytesPatch, Drops, HeadersPatch, PartitionsPatch, Rejection, TimestampsPatch, TopicsPatch, numbers,
};
use crate::headers::Header;

/// The answer for a batch, under construction.
#[derive(Debug)]
pub(crate) struct AnswerBuilder {
    changes: Columns,
    count: u32,
    /// The input row under way.
    row: u32,
    /// Output records of the row under way so far.
    emitted: u32,
    /// What is to be added to the row under way, modulo 2^32, for the number of output records before it.
    shift: u32,
    /// Rows that do not come out once, in order.
    exceptions: Vec<Exception>,
    keys: Patch<BytesBuilder>,
    values: Patch<BytesBuilder>,
    headers: Patch<HeadersBuilder>,
    timestamps: Patch<Vec<i64>>,
    topics: Patch<TopicsBuilder>,
    partitions: Patch<Vec<i32>>,
    reasons: Dictionary,
    rejected: Vec<Rejection>,
}

/// A row that comes out never or several times.
#[derive(Clone, Copy, Debug)]
struct Exception {
    row: u32,
    /// How often it comes out.
    times: u32,
    /// The index of the reason for which it was dropped.
    reason: Option<u32>,
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
            emitted: 0,
            shift: 0,
            exceptions: Vec::new(),
            keys: Patch::default(),
            values: Patch::default(),
            headers: Patch::default(),
            timestamps: Patch::default(),
            topics: Patch::default(),
            partitions: Patch::default(),
            reasons: Dictionary::default(),
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
        self.begun() + self.emitted
    }

    /// Output records when the row under way began.
    #[inline]
    fn begun(&self) -> u32 {
        self.row.wrapping_add(self.shift)
    }

    /// One output record from the row under way, with what was set since the last.
    #[inline]
    pub(crate) fn emit(&mut self) {
        self.emitted += 1;
    }

    /// One output record from the row under way, the last one.
    #[inline]
    pub(crate) fn keep(&mut self) {
        if self.emitted > 0 {
            self.keep_several();
        }
    }

    #[cold]
    fn keep_several(&mut self) {
        self.settle(self.emitted + 1, None);
    }

    /// The row under way comes out so many times; never, perhaps, for a reason.
    #[inline(always)]
    fn settle(&mut self, times: u32, reason: Option<u32>) {
        self.emitted = 0;
        let mut before = 1;
        if let Some(last) = self.exceptions.last().filter(|last| last.row == self.row) {
            before = last.times;
            self.exceptions.pop();
        }
        self.shift = self.shift.wrapping_add(times).wrapping_sub(before);
        if times != 1 {
            if self.exceptions.is_empty() {
                // Growing step by step costs more than the room for all rows.
                self.exceptions.reserve(self.count as usize);
            }
            self.exceptions.push(Exception { row: self.row, times, reason });
        }
    }

    /// Nothing more comes of the row under way than what was emitted; forgets what was set beyond that.
    pub(crate) fn discard(&mut self) {
        if !self.changes.is_empty() {
            self.forget_from(self.outputs());
        }
        self.settle(self.emitted, None);
    }

    /// Nothing comes of the row under way, for the given reason.
    ///
    /// Never inlined: a handler that keeps and drops stays small, and most records are kept.
    #[inline(never)]
    pub(crate) fn drop(&mut self, reason: &str) {
        let reason = self.reasons.index(reason);
        self.take_back(Some(reason));
    }

    /// Rejects the row under way.
    #[cold]
    pub(crate) fn reject(&mut self, reason: String) {
        self.take_back(None);
        self.rejected.push(Rejection { row: self.row, reason });
    }

    /// Nothing comes of the row under way, whatever was emitted or set.
    #[inline]
    fn take_back(&mut self, reason: Option<u32>) {
        if !self.changes.is_empty() {
            self.forget_from(self.begun());
        }
        self.settle(0, reason);
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
        let selection = self.selection().map(|rows| numbers::pack(&rows));
        let drops = self.drops();
        Answer {
            selection,
            keys: self.keys.finish(|rows, keys| BytesPatch { rows, values: keys.finish() }),
            values: self.values.finish(|rows, values| BytesPatch { rows, values: values.finish() }),
            headers: self.headers.finish(|rows, headers| HeadersPatch { rows, headers: headers.finish() }),
            timestamps: self.timestamps.finish(|rows, values| TimestampsPatch { rows, values: numbers::pack(&values) }),
            topics: self.topics.finish(|rows, topics| TopicsPatch { rows, topics: topics.finish() }),
            partitions: self.partitions.finish(|rows, values| PartitionsPatch { rows, values: numbers::pack(&values) }),
            drops,
            rejected: self.rejected,
        }
    }

    /// Rows that were left out for a reason.
    fn drops(&mut self) -> Option<Drops> {
        let dictionary = mem::take(&mut self.reasons).into_names();
        if dictionary.is_empty() {
            return None;
        }
        let dropped = self.exceptions.iter().filter_map(|exception| Some((exception.row, exception.reason?)));
        let (mut rows, mut reasons) =
            (Vec::with_capacity(self.exceptions.len()), Vec::with_capacity(self.exceptions.len()));
        for (row, reason) in dropped {
            rows.push(row);
            reasons.push(reason);
        }
        Some(Drops { rows: numbers::pack(&rows), reasons: numbers::pack(&reasons), dictionary })
    }

    /// The input row of each output record, unless every row comes out once.
    fn selection(&self) -> Option<Vec<u32>> {
        if self.exceptions.is_empty() {
            return None;
        }
        let mut selection = Vec::with_capacity(self.count.wrapping_add(self.shift) as usize + RUN);
        let mut next = 0;
        for Exception { row, times, .. } in &self.exceptions {
            extend_by_run(&mut selection, next, *row);
            (0..*times).for_each(|_| selection.push(*row));
            next = row + 1;
        }
        extend_by_run(&mut selection, next, self.count);
        Some(selection)
    }
}

/// Rows that are entered into a selection at once.
const RUN: usize = 8;

/// Appends the rows from `first` to `end`, [`RUN`] at a time and what is too much taken back: runs are
/// short where a filter drops, and a loop over single rows costs several times as much.
#[inline]
fn extend_by_run(selection: &mut Vec<u32>, first: u32, end: u32) {
    let mut next = first;
    while next < end {
        selection.extend_from_slice(&std::array::from_fn::<u32, RUN, _>(|lane| next.wrapping_add(lane as u32)));
        next = next.saturating_add(RUN as u32);
    }
    selection.truncate(selection.len() - (next - end) as usize);
}
