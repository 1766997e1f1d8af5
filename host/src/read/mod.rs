//! Readers: from a file's bytes to columns, one module a format.
//!
//! All formats give the same [`Rows`], under one conformance suite. A reader streams: its memory does
//! not grow with the file, the row group or the block, only with the largest record or page.

pub mod avro;
pub mod encoding;
pub mod json_lines;
mod large;
pub mod mapping;
pub mod parquet;
mod sniff;
pub mod structured;
mod wanted;

use std::sync::Arc;

use arrow_array::StringArray;
pub use large::{LARGE, LaneRoom, LargeRoom};
use serde::{Deserialize, Serialize};
pub use wanted::{Extent, LeftOut, Reason, Wanted, WantedKeys};

use crate::batch::{Columns, Limits};
use crate::store::SourceFile;

/// The formats, told apart by content and never by a file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Avro object container file.
    Avro,
    /// JSON Lines: plain, gzip or zstd.
    JsonLines,
}

/// Rows of one file, in its order. A file may hold several topic-partitions.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Row of the first one within the file, from 0; the others follow without a gap. Between these rows and the next
    /// ones there is one where rows are left out that nobody [wants](Wanted).
    pub first_row: u64,
    /// The records.
    pub columns: Columns,
    /// The topic column, where the file has one.
    pub topics: Option<StringArray>,
    /// The partition column, where the file has one.
    pub partitions: Option<Vec<i32>>,
    /// The offset column, where the file has one.
    pub offsets: Option<Vec<i64>>,
}

/// Reads the rows of one file in order.
pub trait RowReader: Send {
    /// The next rows, or `None` at the end of the file.
    ///
    /// # Errors
    /// Whatever is wrong with the file, with its path and row.
    fn next(&mut self) -> Result<Option<Rows>, ReadError>;
}

/// How to open a file.
#[derive(Clone, Debug)]
pub struct ReadSettings {
    /// Which columns mean what, as the job says; the rest is found by name.
    pub columns: crate::job::ColumnNames,
    /// How bytes are written in text columns.
    pub encoding: crate::job::Encodings,
    /// When a batch of rows is full.
    pub limits: Limits,
    /// The row to begin with.
    pub first_row: u64,
    /// The format of files whose content does not decide, as the job says.
    pub format: Option<Format>,
    /// Where room is found for what is large, shared with other readers.
    pub room: LaneRoom,
    /// What is wanted of the rows; `None`: all of them.
    pub wanted: Option<Arc<Wanted>>,
}

/// A count, and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Count {
    /// Counted, or read from the file's own metadata.
    Exact(u64),
    /// Judged from a part.
    Estimated(u64),
}

/// What can be told of a file without reading all of it.
#[derive(Clone, Debug)]
pub struct FileFacts {
    /// The format, by content.
    pub format: Format,
    /// Rows in the file.
    pub rows: Count,
    /// The columns of the file: name and type, as the format's own people write it.
    pub schema: Vec<(String, String)>,
    /// What each column of a record is taken from, in words, for `plan` and `inspect`
    /// (for instance `key ← column "k" (BYTE_ARRAY)`).
    pub mapping: Vec<String>,
    /// What the file cannot give back, in words (for instance `headers: no such column`).
    pub lost: Vec<String>,
    /// The smallest and largest offset, where statistics tell.
    pub offsets: Option<(i64, i64)>,
    /// The smallest and largest timestamp in milliseconds since the epoch, where statistics tell;
    /// records without a timestamp aside.
    pub timestamps: Option<(i64, i64)>,
    /// Whether the broker set the timestamps of some records (`LogAppendTime`), where statistics tell.
    pub log_append_time: Option<bool>,
    /// Records without a key, where statistics or the columns tell.
    pub without_key: Option<u64>,
    /// Whether the file has a column of offsets, partitions and topics.
    pub has: Placing,
}

/// Which columns of a record's place a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Placing {
    /// A topic column.
    pub topic: bool,
    /// A partition column.
    pub partition: bool,
    /// An offset column.
    pub offset: bool,
}

/// What is wrong with a file. Each message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store could not deliver.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The files of a lane contradict each other.
    #[error(transparent)]
    Lane(#[from] crate::catalog::LaneError),
    /// The content is not what it claims to be.
    #[error("`{path}`{place}: {message}", place = row.map(|row| format!(" row {row}")).unwrap_or_default())]
    Corrupt {
        /// Path within the backup.
        path: Arc<str>,
        /// The row at fault, if it is known, from 0.
        row: Option<u64>,
        /// What is wrong.
        message: String,
    },
    /// The content is none of the formats.
    #[error("`{path}` is neither Parquet nor Avro nor JSON Lines: {message}")]
    UnknownFormat {
        /// Path within the backup.
        path: Arc<str>,
        /// What it begins with, in words.
        message: String,
    },
    /// The job's mapping of columns does not fit the file.
    #[error("`{path}`: {message}")]
    Mapping {
        /// Path within the backup.
        path: Arc<str>,
        /// What does not fit; names the key of the job file.
        message: String,
    },
    /// The values of the file have no schema of Avro.
    #[error("`{path}`: {message}")]
    NoAvro {
        /// Path within the backup.
        path: Arc<str>,
        /// What Avro does not have, and where.
        message: String,
        /// What to do.
        hint: &'static str,
    },
}

impl crate::failure::Explain for ReadError {
    fn exit(&self) -> crate::failure::Exit {
        match self {
            Self::Store(error) => error.exit(),
            Self::Lane(error) => error.exit(),
            Self::Corrupt { .. } | Self::UnknownFormat { .. } => crate::failure::Exit::Failed,
            Self::Mapping { .. } | Self::NoAvro { .. } => crate::failure::Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Lane(error) => error.hint(),
            Self::Corrupt { .. } => Some(
                "take the file from its source again; if a column or its encoding is not what was meant, set \
                 `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup"
                    .to_owned(),
            ),
            Self::UnknownFormat { .. } => None,
            Self::NoAvro { hint, .. } => Some((*hint).to_owned()),
            Self::Mapping { .. } => {
                Some("name a column that the file has, or `-` for none; `anabranch inspect` lists them".to_owned())
            }
        }
    }
}

/// A file opened for reading; a convenience for signatures.
pub type OpenFile = Arc<dyn SourceFile>;

/// Opens a file of whichever format its content says.
///
/// # Errors
/// A file of none of the formats, with what it is instead and what to do, and what the reader of its
/// format finds wrong with it.
pub fn open(file: OpenFile, settings: &ReadSettings) -> Result<Box<dyn RowReader>, ReadError> {
    match sniff::format(&file, settings.format)? {
        Format::Parquet => parquet::open(file, settings),
        Format::Avro => avro::open(file, settings),
        Format::JsonLines => json_lines::open(file, settings),
    }
}

impl Count {
    /// The number, known or judged.
    pub fn number(self) -> u64 {
        let (Self::Exact(number) | Self::Estimated(number)) = self;
        number
    }
}

/// What can be told of a file without reading all of it.
///
/// # Errors
/// As [`open`].
pub fn facts(file: &OpenFile, settings: &ReadSettings) -> Result<FileFacts, ReadError> {
    match sniff::format(file, settings.format)? {
        Format::Parquet => parquet::facts(file, settings),
        Format::Avro => avro::facts(file, settings),
        Format::JsonLines => json_lines::facts(file, settings),
    }
}

/// The Avro schema under which the values of a file become Avro, a record of this name where it has none; `None` where the
/// values are bytes or text as they are.
///
/// # Errors
/// As [`open`], and values that Avro has no type for.
pub fn value_schema(
    file: &OpenFile,
    settings: &ReadSettings,
    name: &str,
) -> Result<Option<serde_json::Value>, ReadError> {
    match sniff::format(file, settings.format)? {
        Format::Parquet => parquet::value_schema(file, settings, name),
        Format::Avro => avro::value_schema(file, settings, name),
        Format::JsonLines => Ok(None),
    }
}

/// How much of a file is read for what is wanted of it.
///
/// # Errors
/// As [`open`].
pub fn extent(file: &OpenFile, settings: &ReadSettings) -> Result<Extent, ReadError> {
    match sniff::format(file, settings.format)? {
        Format::Parquet => parquet::extent(file, settings),
        Format::Avro | Format::JsonLines => Ok(Extent::whole(file.size())),
    }
}
