//! What can be wrong with a record's way.

use std::sync::Arc;

use crate::failure::{Exit, Explain};

/// A record, or a whole lane, that finds no way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// A strategy by source partition, and a backup without partitions.
    #[error("the backup does not tell partitions, which the partition strategy (`{strategy}`) goes by")]
    NoSourcePartition {
        /// The strategy, as the job writes it.
        strategy: &'static str,
    },
    /// A table without an entry.
    #[error("`target.partition` has no entry for source partition {partition}")]
    NotInTable {
        /// The source partition.
        partition: i32,
    },
    /// A partition that the target lacks.
    #[error("topic `{topic}` has no partition {partition}, only {partitions} of them from 0")]
    NoSuchPartition {
        /// The target topic.
        topic: Arc<str>,
        /// The partition asked for.
        partition: i32,
        /// How many it has.
        partitions: i32,
    },
    /// Something that breaks the promise of order, and a job that gives it.
    #[error("{what} can put the records of one key into several partitions, and the job promises their order")]
    SplitsKeys {
        /// What does.
        what: &'static str,
    },
}

impl Explain for RouteError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSourcePartition { .. } => {
                "set `target.partition` to `key` or `round-robin`, or say in `backup.path` where a file's path has \
                 `{partition}`"
                    .to_owned()
            }
            Self::NotInTable { partition } => format!("add `{partition}` to the table `target.partition`"),
            Self::NoSuchPartition { .. } => {
                "add partitions to the topic, or set `target.partition` to `key`".to_owned()
            }
            Self::SplitsKeys { .. } => "set `target.order` to `none` to do without the order of keys".to_owned(),
        })
    }
}
