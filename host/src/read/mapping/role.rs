//! The parts of a record that a column can stand for, and the names by which each is found.

use super::Kind;
use crate::job::ColumnNames;

/// A part of a record, or of its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The key.
    Key,
    /// The value.
    Value,
    /// The headers.
    Headers,
    /// The timestamp.
    Timestamp,
    /// The kind of the timestamp.
    TimestampType,
    /// The source partition.
    Partition,
    /// The source offset.
    Offset,
    /// The source topic.
    Topic,
}

impl Role {
    /// Every role, in the order in which mappings are told.
    pub const ALL: [Self; 8] = [
        Self::Key,
        Self::Value,
        Self::Headers,
        Self::Timestamp,
        Self::TimestampType,
        Self::Partition,
        Self::Offset,
        Self::Topic,
    ];

    /// The role in words, which is also its key under `backup.columns`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
            Self::Headers => "headers",
            Self::Timestamp => "timestamp",
            Self::TimestampType => "timestamp_type",
            Self::Partition => "partition",
            Self::Offset => "offset",
            Self::Topic => "topic",
        }
    }

    /// The names by which a column is found, best first, compared without regard to case. A dot
    /// steps into a struct or object.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Key => &["key", "record_key", "kafka_key", "message_key", "_key", "k"],
            Self::Value => &["value", "payload", "record_value", "kafka_value", "message_value", "_value", "v"],
            Self::Headers => &["headers", "record_headers", "kafka_headers", "message_headers", "_headers"],
            Self::Timestamp => &[
                "timestamp",
                "ts",
                "record_timestamp",
                "kafka_timestamp",
                "message_timestamp",
                "timestamp_ms",
                "_timestamp",
                "metadata.timestamp",
            ],
            Self::TimestampType => &["timestamp_type", "timestamptype", "tstype", "metadata.timestamp_type"],
            Self::Partition => {
                &["partition", "record_partition", "kafka_partition", "_partition", "metadata.partition"]
            }
            Self::Offset => &["offset", "record_offset", "kafka_offset", "_offset", "metadata.offset"],
            Self::Topic => &["topic", "record_topic", "kafka_topic", "_topic", "metadata.topic"],
        }
    }

    /// What the job says about this role.
    pub fn of(self, names: &ColumnNames) -> Option<&str> {
        match self {
            Self::Key => &names.key,
            Self::Value => &names.value,
            Self::Headers => &names.headers,
            Self::Timestamp => &names.timestamp,
            Self::TimestampType => &names.timestamp_type,
            Self::Partition => &names.partition,
            Self::Offset => &names.offset,
            Self::Topic => &names.topic,
        }
        .as_deref()
    }

    /// Whether a column of this kind can fill the role.
    pub fn takes(self, kind: Kind) -> bool {
        match self {
            Self::Key | Self::Value => true,
            Self::Headers => {
                matches!(kind, Kind::List | Kind::Map | Kind::Struct | Kind::Text | Kind::Null | Kind::Any)
            }
            Self::Timestamp => {
                matches!(kind, Kind::Integer | Kind::Timestamp | Kind::Text | Kind::Null | Kind::Any)
            }
            Self::TimestampType | Self::Partition | Self::Offset => {
                matches!(kind, Kind::Integer | Kind::Text | Kind::Null | Kind::Any)
            }
            Self::Topic => matches!(kind, Kind::Text | Kind::Bytes | Kind::Null | Kind::Any),
        }
    }

    /// What is due, in words, where [`Self::takes`] says no.
    pub fn due(self) -> &'static str {
        match self {
            Self::Key | Self::Value => "any type",
            Self::Headers => "a list of names and values, a map, a struct or JSON text",
            Self::Timestamp => "a timestamp, an integer of milliseconds or RFC 3339 text",
            Self::TimestampType => "text (`create` or `log-append`)",
            Self::Partition | Self::Offset => "an integer",
            Self::Topic => "text",
        }
    }
}
