//! What can be wrong with a backup as a whole, and with the files of one lane among each other.

use std::sync::Arc;

use crate::failure::{Exit, Explain};
use crate::read::ReadError;
use crate::store::StoreError;

/// Why a backup cannot be put in order.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The store could not deliver.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There are no files.
    #[error("the backup at `{url}` is empty{skipped}")]
    Empty {
        /// The backup.
        url: Arc<str>,
        /// What was passed over, in words, with a comma before it.
        skipped: String,
    },
    /// There are files, but no records in them.
    #[error("the backup at `{url}` holds no record in any of its files ({files})")]
    NoRecords {
        /// The backup.
        url: Arc<str>,
        /// How many files.
        files: usize,
    },
    /// A file of no bytes.
    #[error("`{path}` is empty: it has no bytes")]
    EmptyFile {
        /// Path within the backup.
        path: Arc<str>,
    },
    /// Nothing says which topic a file's records are of.
    #[error("the backup does not say which topic the records of `{path}` are of")]
    TopicUnknown {
        /// The first such file.
        path: Arc<str>,
    },
    /// `backup.path` cannot be understood.
    #[error("`backup.path` is `{template}`: {message}")]
    Template {
        /// The template.
        template: String,
        /// What is wrong with it.
        message: String,
    },
    /// `backup.path` fits no file.
    #[error(
        "`backup.path` is `{template}`, and none of the {files} files of the backup fits it, for instance `{example}`"
    )]
    NothingMatches {
        /// The template.
        template: String,
        /// How many files.
        files: usize,
        /// One of them.
        example: Arc<str>,
    },
    /// Where a path should hold a number it holds something else.
    #[error("`{path}`: `{found}` stands where the {field} should, and is no {field}")]
    NotANumber {
        /// Path within the backup.
        path: Arc<str>,
        /// `partition` or `offset`.
        field: &'static str,
        /// What is there.
        found: String,
    },
    /// A row of a file with several topic-partitions that says nothing of its own.
    #[error("`{path}` row {row}: {message}")]
    Unplaced {
        /// Path within the backup.
        path: Arc<str>,
        /// The row, from 0.
        row: u64,
        /// What is missing or wrong.
        message: String,
    },
    /// Some files of a lane tell offsets and others do not.
    #[error("`{with}` tells offsets and `{without}` does not, and both hold records of `{lane}`")]
    OffsetsMixed {
        /// The lane.
        lane: String,
        /// A file with offsets.
        with: Arc<str>,
        /// A file without.
        without: Arc<str>,
    },
    /// Some files of a topic tell partitions and others do not.
    #[error("`{with}` tells its partition and `{without}` does not, and both hold records of `{topic}`")]
    PartitionsMixed {
        /// The topic.
        topic: Arc<str>,
        /// A file with a partition.
        with: Arc<str>,
        /// A file without.
        without: Arc<str>,
    },
    /// The first or last records are selected of a topic whose folders are merged.
    #[error(
        "`first` and `last` in `[select]` count the records of a partition, and nothing tells those of `{topic}`, whose \
             folders are to be merged by timestamp"
    )]
    EndsOfFolders {
        /// The topic.
        topic: Arc<str>,
    },
    /// More than can be merged into one lane.
    #[error("{parts} of `{topic}` are to be merged by timestamp, and {most} can be")]
    TooManyToMerge {
        /// The topic.
        topic: Arc<str>,
        /// How many strands, in words.
        parts: String,
        /// How many can be.
        most: usize,
    },
    /// More than can be read side by side.
    #[error(
        "{parts} of `{topic}` are to be merged by timestamp, {open} of them side by side, and memory is allowed for {most}"
    )]
    TooManySideBySide {
        /// The topic.
        topic: Arc<str>,
        /// How many strands, in words.
        parts: String,
        /// How many have to be read side by side.
        open: usize,
        /// How many may.
        most: usize,
        /// Mebibytes in flight with which they might.
        needed: usize,
    },
}

impl Explain for CatalogError {
    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            Self::Read(error) => error.exit(),
            Self::TopicUnknown { .. }
            | Self::Template { .. }
            | Self::NothingMatches { .. }
            | Self::EndsOfFolders { .. }
            | Self::TooManyToMerge { .. }
            | Self::TooManySideBySide { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Store(error) => return error.hint(),
            Self::Read(ReadError::UnknownFormat { .. }) => {
                "move it out of the backup, or name the files that count with `backup.path`"
            }
            Self::Read(error) => return error.hint(),
            Self::Empty { .. } | Self::NoRecords { .. } => "check `backup.url`",
            Self::EmptyFile { .. } => {
                "take it from the source again; if it only stands for a folder, delete it; if it truly holds no record, \
                 set `backup.format = \"json-lines\"`"
            }
            Self::TopicUnknown { .. } => "set `backup.topic`, or `backup.path` with `{topic}` in it",
            Self::Template { .. } => "write for instance `{topic}/partition={partition}/{offset}.parquet`",
            Self::NothingMatches { .. } => "paths are relative to `backup.url`; `{}` stands for anything but `/`",
            Self::NotANumber { .. } => "correct `backup.path`; `{}` stands for anything but `/`",
            Self::Unplaced { .. } => {
                "map the columns under `backup.columns`, or take topic and partition from `backup.path`"
            }
            Self::OffsetsMixed { .. } => {
                "restore the two kinds in jobs of their own; `backup.path` chooses the files of each"
            }
            Self::PartitionsMixed { .. } => {
                "restore the two kinds in jobs of their own; `backup.path` chooses the files of each"
            }
            Self::EndsOfFolders { .. } => "select by time (`from`, `until`), or restore with `order = \"key\"`",
            Self::TooManyToMerge { .. } => {
                "restore them with `order = \"key\"`, or some of them at a time, by `partitions` in `[select]`"
            }
            Self::TooManySideBySide { needed, .. } => {
                return Some(format!(
                    "set `bytes_in_flight = \"{needed} MiB\"` in `[resources]`: beside it the reader of each holds about a \
                     page of each column of a file; or restore some of them at a time, by `partitions` in `[select]`"
                ));
            }
        };
        Some(hint.to_owned())
    }
}

/// What the files of one lane have against each other, or against what their names say.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// Offsets of a file do not increase.
    #[error("`{path}` row {row}: offset {offset} of `{lane}` comes after {before}")]
    Decreasing {
        /// The lane.
        lane: String,
        /// Path within the backup.
        path: Arc<str>,
        /// The row at fault, from 0.
        row: u64,
        /// Its offset.
        offset: i64,
        /// The offset before it.
        before: i64,
    },
    /// Two files have different records at one offset.
    #[error("`{position}` is not the same record in `{first}` row {first_row} and `{second}` row {second_row}")]
    Differ {
        /// The position.
        position: String,
        /// One file.
        first: Arc<str>,
        /// Its row.
        first_row: u64,
        /// The other file.
        second: Arc<str>,
        /// Its row.
        second_row: u64,
    },
    /// A row is of another topic-partition than the file's name says.
    #[error("`{path}` row {row} is of `{found}`, but the file's name says `{lane}`")]
    Misplaced {
        /// The lane that the name speaks of.
        lane: String,
        /// Path within the backup.
        path: Arc<str>,
        /// The row, from 0.
        row: u64,
        /// What its columns say.
        found: String,
    },
    /// A file begins before the offset that its name or its statistics say.
    #[error("`{path}` row {row} has offset {offset} of `{lane}`, but the file should begin at {first}")]
    TooEarly {
        /// The lane.
        lane: String,
        /// Path within the backup.
        path: Arc<str>,
        /// The row, from 0.
        row: u64,
        /// Its offset.
        offset: i64,
        /// Where the file should begin.
        first: i64,
    },
    /// A place that the lane does not have.
    #[error("`{position}` is no place of this backup")]
    NoSuchPlace {
        /// The position.
        position: String,
    },
}

impl Explain for LaneError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Decreasing { .. } => {
                "the file is damaged, or its rows were sorted by something else; if the column is no offset, map another \
                 to `backup.columns.offset`"
            }
            Self::Differ { .. } => {
                "leave one of the files out, or, if they are of different backups, restore them in jobs of their own"
            }
            Self::Misplaced { .. } | Self::TooEarly { .. } => {
                "set `backup.path` with `{}` where the name is wrong: then the columns alone decide"
            }
            Self::NoSuchPlace { .. } => "the backup is another than the one that this position came from",
        };
        Some(hint.to_owned())
    }
}
