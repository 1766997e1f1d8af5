//! What one file holds: which topic-partitions, how much of each, from which offset on.
//!
//! Columns and path must not contradict each other; the job's `topic` is for files of which neither
//! tells it. A file whose own columns name topic or partition, with nothing else to say which, is read
//! through once: it may hold several topic-partitions, and a lane that was overlooked would be a
//! restore that is silently shorter.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::Array;

use super::kinds::{Facts, Kinds};
use super::names::Named;
use super::opener::{Opener, Opening};
use super::pieces::spanning;
use super::{CatalogError, LaneError, Offsets, Piece};
use crate::batch::{Limits, NO_TIMESTAMP};
use crate::position::TopicPartition;
use crate::read::{Count, FileFacts, Format, OpenFile, ReadError, Rows};
use crate::store::{Entry, Store};

/// A file and what it holds.
#[derive(Debug)]
pub(super) struct Surveyed {
    /// The file.
    pub(super) entry: Arc<Entry>,
    /// What its path tells.
    pub(super) named: Named,
    /// What its reader tells; `None` for a file of no bytes that the job lets pass.
    pub(super) facts: Option<Facts>,
    /// What it holds of each lane; nothing for a file without records.
    pub(super) pieces: Vec<(TopicPartition, Piece)>,
    /// Whether the topic is the one that the job gives.
    pub(super) topic_of_job: bool,
}

/// What a survey needs to know.
pub(super) struct Survey<'a> {
    /// Where the files are.
    pub(super) store: &'a Store,
    /// Who opens them.
    pub(super) opener: &'a dyn Opener,
    /// The job's `backup.topic`.
    pub(super) topic: Option<Arc<str>>,
    /// The job's `backup.format`.
    pub(super) format: Option<Format>,
    /// The kinds of files that were met.
    pub(super) kinds: &'a Kinds,
}

/// What a scan found of one topic-partition in a file.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    rows: u64,
    bytes: u64,
    /// The offset of its first row.
    begins: Option<i64>,
    offsets: Option<(i64, i64)>,
    timestamps: Option<(i64, i64)>,
    largest_record: u64,
    without_key: u64,
}

impl Survey<'_> {
    /// Looks at one file.
    pub(super) fn look(&self, entry: &Arc<Entry>, named: Named) -> Result<Surveyed, CatalogError> {
        let mut surveyed =
            Surveyed { entry: Arc::clone(entry), named, facts: None, pieces: Vec::new(), topic_of_job: false };
        if entry.size == 0 {
            return match self.format {
                Some(Format::JsonLines) => Ok(surveyed),
                _ => Err(CatalogError::EmptyFile { path: Arc::clone(&entry.path) }),
            };
        }
        let file = self.store.file(entry)?;
        let facts = self.opener.facts(&file)?;
        if facts.rows != Count::Exact(0) {
            self.place(&file, &facts, &mut surveyed)?;
        }
        surveyed.facts = Some(self.kinds.share(facts));
        Ok(surveyed)
    }

    /// Finds the lanes of a file that has records.
    fn place(&self, file: &OpenFile, facts: &FileFacts, surveyed: &mut Surveyed) -> Result<(), CatalogError> {
        let Surveyed { entry, named, pieces, topic_of_job, .. } = surveyed;
        let scan = (facts.has.topic && named.topic.is_none()) || (facts.has.partition && named.partition.is_none());
        let topic = match &named.topic {
            Some(topic) => Some(Arc::clone(topic)),
            None if facts.has.topic => None,
            None => {
                *topic_of_job = true;
                let topic = self.topic.as_ref();
                Some(Arc::clone(topic.ok_or_else(|| CatalogError::TopicUnknown { path: Arc::clone(&entry.path) })?))
            }
        };
        if scan {
            let found = self.scan(file, topic.as_ref(), named)?;
            let mixed = found.len() > 1;
            let bytes: u64 = found.values().map(|found| found.bytes).sum::<u64>().max(1);
            for (source, found) in found {
                // The name speaks of the file's first record, which of several lanes is one's only.
                if !mixed && source.partition.is_some() {
                    check_begin(&entry.path, &source, found.begins, named)?;
                }
                let offsets = match found.offsets {
                    Some((first, last)) if source.partition.is_some() => Offsets::Column {
                        first,
                        last: Some(last),
                        dense: !mixed && last.abs_diff(first).checked_add(1) == Some(found.rows),
                    },
                    _ => match named.offset {
                        Some(first) if !mixed && source.partition.is_some() => Offsets::Counted { first },
                        _ => Offsets::None,
                    },
                };
                let share = u128::from(entry.size) * u128::from(found.bytes) / u128::from(bytes);
                let piece = Piece {
                    entry: Arc::clone(entry),
                    rows: Count::Exact(found.rows),
                    bytes: share as u64,
                    offsets,
                    timestamps: found.timestamps,
                    log_append_time: facts.log_append_time == Some(true),
                    largest_record: Some(found.largest_record),
                    without_key: Some(found.without_key),
                    mixed,
                };
                pieces.push((source, piece));
            }
            return Ok(());
        }
        let Some(topic) = topic else { return Ok(()) };
        let source = TopicPartition { topic, partition: named.partition };
        let Some(offsets) = self.offsets(file, facts, named, &source)? else { return Ok(()) };
        let piece = Piece {
            entry: Arc::clone(entry),
            rows: facts.rows,
            bytes: entry.size,
            offsets,
            timestamps: facts.timestamps,
            log_append_time: facts.log_append_time == Some(true),
            largest_record: None,
            without_key: facts.without_key,
            mixed: false,
        };
        pieces.push((source, piece));
        Ok(())
    }

    /// The offsets of a file of one topic-partition; `None` if it turns out to have no row.
    fn offsets(
        &self,
        file: &OpenFile,
        facts: &FileFacts,
        named: &Named,
        source: &TopicPartition,
    ) -> Result<Option<Offsets>, CatalogError> {
        if source.partition.is_none() {
            return Ok(Some(Offsets::None));
        }
        if !facts.has.offset {
            return Ok(Some(named.offset.map_or(Offsets::None, |first| Offsets::Counted { first })));
        }
        if let Some((first, last)) = facts.offsets {
            if named.offset.is_some_and(|said| first < said) {
                check_begin(file.path(), source, self.first_offset(file)?, named)?;
            }
            let span = last.abs_diff(first).checked_add(1);
            let dense = matches!(facts.rows, Count::Exact(rows) if span == Some(rows));
            return Ok(Some(Offsets::Column { first, last: Some(last), dense }));
        }
        let first = match named.offset {
            Some(first) => Some(first),
            None => self.first_offset(file)?,
        };
        Ok(first.map(|first| Offsets::Column { first, last: None, dense: false }))
    }

    /// The offset of a file's first row.
    fn first_offset(&self, file: &OpenFile) -> Result<Option<i64>, CatalogError> {
        let limits = Limits { records: 1, ..Limits::default() };
        let opening = Opening { limits, room: self.opener.room(), ..Opening::default() };
        let mut reader = self.opener.open(Arc::clone(file), opening)?;
        loop {
            match reader.next()? {
                Some(rows) if rows.columns.is_empty() => {}
                Some(rows) => return Ok(rows.offsets.as_ref().and_then(|offsets| offsets.first().copied())),
                None => return Ok(None),
            }
        }
    }

    /// Reads all of a file to see which topic-partitions it holds.
    fn scan(
        &self,
        file: &OpenFile,
        topic: Option<&Arc<str>>,
        named: &Named,
    ) -> Result<BTreeMap<TopicPartition, Found>, CatalogError> {
        let mut found = BTreeMap::<TopicPartition, Found>::new();
        let mut reader =
            self.opener.open(Arc::clone(file), Opening { room: self.opener.room(), ..Opening::default() })?;
        while let Some(rows) = reader.next()? {
            let mut start = 0;
            while start < rows.columns.len() {
                let end = end_of_run(&rows, start);
                let row = rows.first_row + start as u64;
                let path = || Arc::clone(file.path());
                let source = source_of(&rows, start, topic, named.partition)
                    .map_err(|message| CatalogError::Unplaced { path: path(), row, message })?;
                if let Some((lane, found)) = contradiction(&source, named) {
                    return Err(ReadError::from(LaneError::Misplaced { lane, path: path(), row, found }).into());
                }
                let bytes = rows.columns.slice(start, end - start).bytes() as u64;
                let offsets = rows.offsets.as_deref().and_then(|offsets| offsets.get(start..end));
                let entry = found.entry(source).or_default();
                entry.begins = entry.begins.or_else(|| offsets?.first().copied());
                entry.rows += (end - start) as u64;
                entry.bytes += bytes;
                let largest = (start..end).map(|row| rows.columns.record_bytes_at(row)).max().unwrap_or(0) as u64;
                entry.largest_record = entry.largest_record.max(largest);
                entry.without_key += rows.columns.keys.slice(start, end - start).null_count() as u64;
                for offset in offsets.unwrap_or_default() {
                    entry.offsets = Some(spanning(entry.offsets.unwrap_or((*offset, *offset)), (*offset, *offset)));
                }
                let timestamps = rows.columns.timestamps.slice(start, end - start);
                for timestamp in timestamps.iter().filter(|timestamp| **timestamp != NO_TIMESTAMP) {
                    let this = (*timestamp, *timestamp);
                    entry.timestamps = Some(spanning(entry.timestamps.unwrap_or(this), this));
                }
                start = end;
            }
        }
        Ok(found)
    }
}

/// What the path says, and what a row's own columns say against it.
fn contradiction(source: &TopicPartition, named: &Named) -> Option<(String, String)> {
    match (&named.topic, named.partition, source.partition) {
        (Some(said), ..) if *said != source.topic => Some((said.to_string(), source.topic.to_string())),
        (_, Some(said), Some(found)) if said != found => {
            Some((format!("partition {said}"), format!("partition {found}")))
        }
        _ => None,
    }
}

/// A file must not begin before the offset that its path tells; `begins` is the offset of its first row.
fn check_begin(
    path: &Arc<str>,
    source: &TopicPartition,
    begins: Option<i64>,
    named: &Named,
) -> Result<(), CatalogError> {
    match (begins, named.offset) {
        (Some(offset), Some(first)) if offset < first => {
            let (lane, path) = (source.to_string(), Arc::clone(path));
            Err(ReadError::from(LaneError::TooEarly { lane, path, row: 0, offset, first }).into())
        }
        _ => Ok(()),
    }
}

/// Where the run of rows of the same topic-partition ends that begins at `start`.
fn end_of_run(rows: &Rows, start: usize) -> usize {
    let same = |row: usize| {
        rows.partitions.as_ref().is_none_or(|partitions| partitions[row] == partitions[start])
            && rows.topics.as_ref().is_none_or(|topics| {
                topics.is_valid(row) && topics.is_valid(start) && topics.value(row) == topics.value(start)
            })
    };
    (start + 1..rows.columns.len()).find(|row| !same(*row)).unwrap_or(rows.columns.len())
}

/// The topic-partition of a row: its own columns', or else the file's.
fn source_of(
    rows: &Rows,
    row: usize,
    topic: Option<&Arc<str>>,
    partition: Option<i32>,
) -> Result<TopicPartition, String> {
    let topic: Arc<str> = match (&rows.topics, topic) {
        (Some(topics), _) if topics.is_valid(row) && !topics.value(row).is_empty() => topics.value(row).into(),
        (Some(_), _) | (None, None) => return Err("it names no topic".to_owned()),
        (None, Some(topic)) => Arc::clone(topic),
    };
    let partition = match &rows.partitions {
        Some(partitions) if partitions[row] < 0 => return Err(format!("its partition is {}", partitions[row])),
        Some(partitions) => Some(partitions[row]),
        None => partition,
    };
    Ok(TopicPartition { topic, partition })
}
