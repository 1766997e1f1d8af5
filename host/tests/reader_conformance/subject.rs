//! A file under test, and what was read of it.

use std::sync::Arc;

use anabranch::batch::Limits;
use anabranch::job::{ColumnNames, Encodings};
use anabranch::read::{self, FileFacts, Format, LaneRoom, OpenFile, ReadError, ReadSettings, Rows};
use anabranch::store::MemoryFile;
use bytes::Bytes;

use crate::record::{self, Record};

/// A file and the records in it.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) content: Bytes,
    pub(crate) columns: ColumnNames,
    pub(crate) encoding: Encodings,
    pub(crate) records: Vec<Record>,
}

impl Subject {
    pub(crate) fn new(name: &str, format: Format, content: impl Into<Bytes>, records: &[Record]) -> Self {
        Self {
            name: name.to_owned(),
            format,
            content: content.into(),
            columns: ColumnNames::default(),
            encoding: Encodings::default(),
            records: records.to_vec(),
        }
    }

    pub(crate) fn settings(&self) -> ReadSettings {
        self.settings_from(0, Limits::default())
    }

    pub(crate) fn settings_from(&self, first_row: u64, limits: Limits) -> ReadSettings {
        ReadSettings {
            columns: self.columns.clone(),
            encoding: self.encoding,
            limits,
            first_row,
            format: None,
            room: LaneRoom::default(),
            wanted: None,
        }
    }

    fn file(&self) -> OpenFile {
        Arc::new(MemoryFile::new(self.name.clone(), self.content.clone()))
    }

    pub(crate) fn facts(&self) -> Result<FileFacts, ReadError> {
        read::facts(&self.file(), &self.settings())
    }

    pub(crate) fn read(&self, settings: ReadSettings) -> Result<Read, ReadError> {
        let mut reader = read::open(self.file(), &settings)?;
        let mut rows = Vec::new();
        while let Some(next) = reader.next()? {
            rows.push(next);
        }
        assert!(reader.next()?.is_none(), "{}: the end is not the end", self.name);
        Ok(Read(rows))
    }
}

/// What was read.
pub(crate) struct Read(Vec<Rows>);

impl Read {
    pub(crate) fn records(&self) -> Vec<Record> {
        self.0.iter().flat_map(record::records).collect()
    }

    /// Rows are numbered from the first one on, without a gap.
    pub(crate) fn assert_rows_follow(&self, first_row: u64, place: &str) {
        let mut due = first_row;
        for rows in &self.0 {
            assert_eq!(rows.first_row, due, "{place}: the number of a batch's first row");
            due += rows.columns.len() as u64;
        }
    }

    /// Batches are not empty, and exceed no limit by more than one record.
    pub(crate) fn assert_cut(&self, limits: Limits, place: &str) {
        for rows in &self.0 {
            let records = record::records(rows);
            assert!((1..=limits.records).contains(&records.len()), "{place}: {} records", records.len());
            let before_last: usize = records[..records.len() - 1].iter().map(least).sum();
            assert!(before_last < limits.bytes, "{place}: a batch goes on for {before_last} bytes");
        }
    }
}

/// The bytes of a record however they are counted: without the names of its headers.
fn least(record: &Record) -> usize {
    let of = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
    of(&record.key) + of(&record.value) + record.headers.iter().map(|(_, value)| of(value)).sum::<usize>()
}
