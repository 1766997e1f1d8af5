//! Writers of the native layout: files that lose nothing of a record.
//!
//! The three formats have the same columns, of which a record's place may be null where a backup does
//! not know it:
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `key` | bytes, nullable | null is a record without a key, which is not an empty key |
//! | `value` | bytes, nullable | null is a tombstone |
//! | `headers` | list of `{key: text, value: bytes, nullable}` | in order, duplicates among them |
//! | `timestamp` | 64-bit integer | milliseconds since the epoch, -1 for none |
//! | `timestamp_type` | text, nullable | `create` or `log-append` |
//! | `partition` | 32-bit integer, nullable | the source partition |
//! | `offset` | 64-bit integer, nullable | the source offset |
//! | `topic` | text | the source topic |

pub mod avro;
mod columns;
pub mod json_lines;
pub mod parquet;

/// Who set a record's timestamp: Kafka's `message.timestamp.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer.
    Create,
    /// The broker.
    LogAppend,
}

impl TimestampType {
    /// As the column `timestamp_type` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::LogAppend => "log-append",
        }
    }
}
