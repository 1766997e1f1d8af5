//! A record as a plugin sees it: a view of one row, and the pen for what becomes of it.

use crate::Columns;
use crate::answer::AnswerBuilder;
use crate::columns::numbers::{self, Numbers};
use crate::columns::{Batch, BytesColumn};
use crate::headers::{Header, Headers};
use crate::plugin::{Done, Fate, Outcome, Rejection};

/// The rows of a batch: what is the same for all of them, header names checked once.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    batch: &'a Batch,
    names: Vec<&'a str>,
    reads: Columns,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(batch: &'a Batch, reads: Columns) -> Result<Self, String> {
        let dictionary = batch.headers.as_ref().map(|headers| &headers.dictionary);
        let names = dictionary.map_or(Ok(Vec::new()), |names| {
            (0..names.len()).map(|name| std::str::from_utf8(names.get(name).unwrap_or_default())).collect()
        });
        let names = names.map_err(|error| format!("a header name is no UTF-8: {error}"))?;
        Ok(Self { batch, names, reads })
    }
}

/// A column of bytes as the loop over the rows goes through it, from the first to the last.
///
/// The loop takes each row's bytes before the author's code runs, so that this code stays small enough
/// to become a part of the loop: a call for each record would cost as much as a filter's own work.
#[derive(Debug)]
pub(crate) struct BytesWalk<'a> {
    ends: Numbers<'a, u32>,
    start: u32,
    data: &'a [u8],
    validity: Option<&'a [u8]>,
}

impl<'a> BytesWalk<'a> {
    /// A walk through a column of so many rows that the plugin declares; `None` for one that it does not.
    ///
    /// # Errors
    /// A declared column that is not there, or has other rows.
    #[inline]
    pub(crate) fn declared(
        declared: bool,
        column: Option<&'a BytesColumn>,
        count: u32,
        name: &str,
    ) -> Result<Option<Self>, String> {
        if !declared {
            return Ok(None);
        }
        let Some(BytesColumn { offsets, data, validity }) = column else {
            return Err(format!("the host passed no {name}, which the plugin declares to read"));
        };
        let mut ends = numbers::iter::<u32>(offsets);
        if ends.len() != count as usize + 1 {
            return Err(format!("the host passed {} offsets of {name} for {count} records", ends.len()));
        }
        let start = ends.next().unwrap_or(0);
        Ok(Some(Self { ends, start, data, validity: validity.as_deref() }))
    }

    /// The bytes of the next row, which is `row`.
    #[inline]
    fn next(&mut self, row: u32) -> Shown<'a> {
        let start = self.start;
        // There is one for each row, as was checked at the beginning.
        self.start = self.ends.next().unwrap_or(start);
        match self.validity {
            Some(validity) if validity[row as usize / 8] >> (row % 8) & 1 == 0 => Shown::Null,
            _ => Shown::Bytes(&self.data[start as usize..self.start as usize]),
        }
    }
}

/// What a record shows of a column of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown<'a> {
    /// The plugin does not declare the column.
    Nothing,
    /// Null.
    Null,
    /// Bytes.
    Bytes(&'a [u8]),
}

impl<'a> Shown<'a> {
    /// What the next row, which is `row`, shows of the column that is walked.
    #[inline]
    pub(crate) fn next(walk: &mut Option<BytesWalk<'a>>, row: u32) -> Self {
        walk.as_mut().map_or(Self::Nothing, |walk| walk.next(row))
    }
}

/// One record, borrowed from its batch.
///
/// What it shows is the record as it came; what is set shows in what goes out. A handler ends with
/// one of [`keep`](Self::keep), [`drop`](Self::drop), [`finish`](Self::finish) and
/// [`reject`](Self::reject).
///
/// Null and empty are different things everywhere: a null value is a tombstone.
///
/// ```
/// use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};
///
/// /// One record for each line of the value; records without lines disappear, tombstones stay.
/// #[derive(Parameters)]
/// struct Lines;
///
/// impl Plugin for Lines {
///     const READS: Columns = Columns::VALUE;
///     const CHANGES: Columns = Columns::VALUE;
///
///     fn record(&mut self, mut record: Record<'_>) -> Outcome {
///         let Some(value) = record.value() else { return record.keep() };
///         for line in std::str::from_utf8(value)?.lines() {
///             record.set_value(Some(line.as_bytes()));
///             record.emit();
///         }
///         record.finish()
///     }
/// }
/// # use anabranch_plugin::testing::{record, run, tombstone};
/// # let run = run::<Lines>(serde_json::json!({}), [record("k", "a\nb"), tombstone("t")]);
/// # assert_eq!(run.records, [record("k", "a"), record("k", "b"), tombstone("t")]);
/// ```
#[derive(Debug)]
pub struct Record<'a> {
    rows: &'a Rows<'a>,
    answer: &'a mut AnswerBuilder,
    key: Shown<'a>,
    value: Shown<'a>,
}

/// The plugin looked at what it does not declare.
#[cold]
#[allow(clippy::panic, reason = "an author's mistake that the first record shows, in a test too")]
fn unread(what: &str, column: &str) -> ! {
    panic!("the plugin looks at {what} without declaring it: name `Columns::{column}` in `Plugin::READS`")
}

impl<'a> Record<'a> {
    /// The record of the row that `answer` is at.
    #[inline]
    pub(crate) fn new(rows: &'a Rows<'a>, answer: &'a mut AnswerBuilder, key: Shown<'a>, value: Shown<'a>) -> Self {
        Self { rows, answer, key, value }
    }

    /// Which row of the batch it is.
    #[inline]
    fn row(&self) -> usize {
        self.answer.row() as usize
    }

    /// The key; `None` where the record has none.
    ///
    /// # Panics
    /// If [`Plugin::READS`](crate::Plugin::READS) does not name it, as all of these.
    #[inline]
    pub fn key(&self) -> Option<&'a [u8]> {
        match self.key {
            Shown::Bytes(key) => Some(key),
            Shown::Null => None,
            Shown::Nothing => unread("the key", "KEY"),
        }
    }

    /// The value; `None` for a tombstone.
    #[inline]
    pub fn value(&self) -> Option<&'a [u8]> {
        match self.value {
            Shown::Bytes(value) => Some(value),
            Shown::Null => None,
            Shown::Nothing => unread("the value", "VALUE"),
        }
    }

    /// The headers in order.
    #[inline]
    pub fn headers(&self) -> Headers<'a> {
        match &self.rows.batch.headers {
            Some(column) => {
                let row = self.row();
                let [next, end] = [row, row + 1].map(|at| numbers::at::<u32>(&column.rows, at) as usize);
                Headers { column, names: &self.rows.names, next, end }
            }
            None => unread("headers", "HEADERS"),
        }
    }

    /// The last header of that name, as Kafka's own `Headers.lastHeader`.
    pub fn header(&self, name: &str) -> Option<Header<'a>> {
        self.headers().rfind(|header| header.name == name)
    }

    /// Milliseconds since the epoch; `None` where the record has no timestamp.
    #[inline]
    pub fn timestamp(&self) -> Option<i64> {
        match &self.rows.batch.timestamps {
            Some(timestamps) => Some(numbers::at(timestamps, self.row())).filter(|timestamp| *timestamp != -1),
            None => unread("the timestamp", "TIMESTAMP"),
        }
    }

    /// The source offset; the row within its file where the backup holds no offsets. What an earlier
    /// plugin made of one record shares its offset.
    #[inline]
    pub fn offset(&self) -> i64 {
        self.rows.batch.offsets.get(self.row())
    }

    /// The source topic.
    pub fn topic(&self) -> &'a str {
        &self.rows.batch.topic
    }

    /// The source partition, where the backup has partitions.
    pub fn partition(&self) -> Option<i32> {
        self.rows.batch.partition
    }

    /// The topic that an earlier plugin chose. Needs [`Columns::TOPIC`] in `READS`.
    pub fn routed_topic(&self) -> Option<&'a str> {
        if !self.rows.reads.contains(Columns::TOPIC) {
            unread("the topic that an earlier plugin chose", "TOPIC");
        }
        let topics = self.rows.batch.topics.as_ref()?;
        let topic = topics.dictionary.get(numbers::at::<u32>(&topics.indices, self.row()) as usize)?;
        Some(topic.as_str()).filter(|topic| !topic.is_empty())
    }

    /// The partition that an earlier plugin chose. Needs [`Columns::PARTITION`] in `READS`.
    pub fn routed_partition(&self) -> Option<i32> {
        if !self.rows.reads.contains(Columns::PARTITION) {
            unread("the partition that an earlier plugin chose", "PARTITION");
        }
        let partitions = self.rows.batch.partitions.as_ref()?;
        Some(numbers::at(partitions, self.row())).filter(|partition| *partition >= 0)
    }

    /// Gives the outgoing record another key, or none.
    ///
    /// # Panics
    /// If [`Plugin::CHANGES`](crate::Plugin::CHANGES) does not name it, as all of these.
    #[inline]
    pub fn set_key(&mut self, key: Option<&[u8]>) {
        self.answer.set_key(key);
    }

    /// Gives the outgoing record another value; `None` makes it a tombstone.
    #[inline]
    pub fn set_value(&mut self, value: Option<&[u8]>) {
        self.answer.set_value(value);
    }

    /// Gives the outgoing record the value that is then written, without a buffer between:
    /// `serde_json::to_writer(record.value_writer(), &value)?`.
    #[inline]
    pub fn value_writer(&mut self) -> impl std::io::Write + '_ {
        self.answer.value_writer()
    }

    /// Replaces all headers of the outgoing record. Those that came can be passed through, for
    /// instance without one of them:
    /// `record.set_headers(record.headers().filter(|header| header.name != "trace"))`.
    pub fn set_headers<'h>(&mut self, headers: impl IntoIterator<Item = Header<'h>>) {
        self.answer.set_headers(headers);
    }

    /// Adds a header behind those of the outgoing record. Needs headers in `READS` as well.
    pub fn add_header(&mut self, name: &str, value: Option<&[u8]>) {
        if !self.answer.has_headers() {
            self.set_headers(self.headers());
        }
        self.answer.add_header(name, value);
    }

    /// Gives the outgoing record another timestamp in milliseconds since the epoch, or none.
    #[inline]
    pub fn set_timestamp(&mut self, timestamp: Option<i64>) {
        self.answer.set_timestamp(timestamp);
    }

    /// Sends the outgoing record to that topic instead of where the job sends it.
    pub fn set_topic(&mut self, topic: &str) {
        self.answer.set_topic(topic);
    }

    /// Sends the outgoing record to that partition. As this can split a key, the job must say
    /// `order = "none"`.
    pub fn set_partition(&mut self, partition: i32) {
        self.answer.set_partition(partition);
    }

    /// Passes on the record as it now stands and goes on with a fresh copy of what came, for records
    /// that become several. [`finish`](Self::finish) or [`keep`](Self::keep) must follow.
    #[inline]
    pub fn emit(&mut self) {
        self.answer.emit();
    }

    /// Passes on the record as it now stands, and nothing after it.
    ///
    /// # Errors
    /// Never; it is the [`Outcome`] of a handler.
    #[inline]
    pub fn keep(self) -> Outcome {
        Ok(Done(Fate::Kept))
    }

    /// Leaves the record out. Reasons are few and short; the report counts by them.
    ///
    /// # Errors
    /// Never; it is the [`Outcome`] of a handler.
    #[inline]
    pub fn drop(self, reason: &str) -> Outcome {
        self.answer.drop(reason);
        Ok(Done(Fate::Settled))
    }

    /// Nothing more comes of the record than what was [emitted](Self::emit); without any it is
    /// dropped without a reason.
    ///
    /// # Errors
    /// Never; it is the [`Outcome`] of a handler.
    #[inline]
    pub fn finish(self) -> Outcome {
        self.answer.discard();
        Ok(Done(Fate::Settled))
    }

    /// Rejects the record, whatever was emitted of it: the restore ends and names it, or sets it aside where the job says
    /// so.
    ///
    /// # Errors
    /// Always: this is what `?` on an error does as well.
    pub fn reject(self, reason: impl Into<String>) -> Outcome {
        Err(Rejection::new(reason))
    }
}
