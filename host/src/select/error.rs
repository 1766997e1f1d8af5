//! What can be wrong with a selection.

use std::io;
use std::path::PathBuf;

use crate::failure::{Exit, Explain};
use crate::job::OffsetRange;
use crate::read::ReadError;

/// Why nothing can be selected like this.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// A pattern fits no topic.
    #[error("`{key}` is `{pattern}`, and no topic of the backup fits it")]
    NoTopic {
        /// The key of the job file.
        key: &'static str,
        /// The pattern.
        pattern: String,
        /// A topic that may be meant.
        near: Option<String>,
    },
    /// No selected topic has the partition.
    #[error("`select.partitions` names partition {partition}, which no selected topic of the backup has")]
    NoPartition {
        /// The partition.
        partition: i32,
    },
    /// The backup does not have the topic-partition.
    #[error("`select.offsets` names `{name}`, which is no selected topic-partition of the backup")]
    NoLane {
        /// As the job names it.
        name: String,
        /// One that may be meant.
        near: Option<String>,
    },
    /// The backup does not tell offsets.
    #[error("`select.offsets` names `{name}`, and the backup does not tell offsets of it")]
    NoOffsets {
        /// The topic-partition.
        name: String,
    },
    /// The backup holds none of the offsets.
    #[error("`select.offsets` takes {range} of `{name}`, and the backup holds {first} to {last} of it")]
    Outside {
        /// The topic-partition.
        name: String,
        /// What is to be taken.
        range: OffsetRange,
        /// The first offset that there is.
        first: i64,
        /// The last one.
        last: i64,
    },
    /// Begins when it is over.
    #[error("`select.from` is not before `select.until`, so that no record is between them")]
    EmptyTime,
    /// All was left out.
    #[error("nothing of the backup is selected: {why}")]
    Nothing {
        /// What has left out the last of it.
        why: &'static str,
    },
    /// The file of keys cannot be read.
    #[error("cannot read the keys in `{path}`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// A key that is not written as it should be; it is not repeated, since it may tell of a person.
    #[error("the key at `{place}` cannot be read: {message}")]
    Key {
        /// The file and line, or the key of the job file and the number in the list.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// What has to be read for the first or the last records.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of no keys.
    #[error("there are no keys in `{path}`")]
    NoKeys {
        /// The file.
        path: PathBuf,
    },
}

impl Explain for SelectError {
    fn exit(&self) -> Exit {
        match self {
            Self::Read(error) => error.exit(),
            _ => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        let near = |near: &Option<String>| near.as_ref().map(|near| format!("did you mean `{near}`?"));
        match self {
            Self::NoTopic { near: meant, .. } | Self::NoLane { near: meant, .. } => {
                near(meant).or_else(|| Some("`anabranch inspect` lists what the backup holds".to_owned()))
            }
            Self::NoPartition { .. } | Self::Outside { .. } => {
                Some("`anabranch inspect` lists what the backup holds".to_owned())
            }
            Self::NoOffsets { .. } => Some("select by time, or by key".to_owned()),
            Self::EmptyTime => {
                Some("`from` is the first moment that is taken, `until` the first that is not".to_owned())
            }
            Self::Nothing { .. } => Some("`anabranch plan` without it shows what there is".to_owned()),
            Self::Read(error) => error.hint(),
            Self::Unreadable { .. } => None,
            Self::Key { .. } => Some(
                "`select.key_encoding` (`--key-encoding`) says how keys are written: `text`, `base64` or `hex`"
                    .to_owned(),
            ),
            Self::NoKeys { .. } => Some("it takes one key a line".to_owned()),
        }
    }
}
