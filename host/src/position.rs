//! Where a record stands in the backup.
//!
//! Every log line, error and report writes a position the same way: `topic-partition@offset`, with
//! `@file:row` where the backup holds no offsets and without `-partition` where it holds no
//! partitions. Nothing else in the program formats one.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A topic and, where the backup tells it, one of its partitions. A lane has exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition, or `None` for a backup without partitions.
    pub partition: Option<i32>,
}

impl TopicPartition {
    /// A topic-partition from its parts.
    pub fn new(topic: impl Into<Arc<str>>, partition: Option<i32>) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// This lane's position `place`, ready to be shown.
    pub fn at<'a>(&'a self, place: &'a Place) -> Position<'a> {
        Position { source: self, place }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.partition {
            Some(partition) => write!(f, "{}-{partition}", self.topic),
            None => f.write_str(&self.topic),
        }
    }
}

/// A place within a lane. Places of one lane are all of the same kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The record's source offset.
    Offset(i64),
    /// The file, by its path within the backup, and the row in it, from 0.
    Row {
        /// Path within the backup.
        file: Arc<str>,
        /// Row within the file, from 0.
        row: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "{offset}"),
            Self::Row { file, row } => write!(f, "{file}:{row}"),
        }
    }
}

/// A [`Place`] as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PlaceRecord {
    Offset { offset: i64 },
    Row { file: String, row: u64 },
}

impl From<&Place> for PlaceRecord {
    fn from(place: &Place) -> Self {
        match place {
            Place::Offset(offset) => Self::Offset { offset: *offset },
            Place::Row { file, row } => Self::Row { file: file.to_string(), row: *row },
        }
    }
}

impl From<&PlaceRecord> for Place {
    fn from(record: &PlaceRecord) -> Self {
        match record {
            PlaceRecord::Offset { offset } => Self::Offset(*offset),
            PlaceRecord::Row { file, row } => Self::Row { file: file.as_str().into(), row: *row },
        }
    }
}

/// Where a lane goes on. A record that is done with names it, and not the one that comes next, which whoever
/// commits has not seen yet: behind the last row of a file it is the first of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// With its first record.
    #[default]
    Beginning,
    /// With what follows the record at this place.
    After(Place),
}

impl From<Option<Place>> for Restart {
    /// From the last record that is done with.
    fn from(done: Option<Place>) -> Self {
        done.map_or(Self::Beginning, Self::After)
    }
}

/// A lane and a place in it, written `orders-3@1042`.
#[derive(Clone, Copy, Debug)]
pub struct Position<'a> {
    source: &'a TopicPartition,
    place: &'a Place,
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.source, self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_as_the_field_writes_them() {
        let orders = TopicPartition::new("orders", Some(3));
        assert_eq!(orders.at(&Place::Offset(1042)).to_string(), "orders-3@1042");
        let bare = TopicPartition::new("orders", None);
        let row = Place::Row { file: "a/b.jsonl".into(), row: 7 };
        assert_eq!(bare.at(&row).to_string(), "orders@a/b.jsonl:7");
    }
}
