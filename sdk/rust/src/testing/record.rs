//! Records as a test writes them down and compares them.

use std::fmt;

/// Bytes, shown as text where they are text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Option<Vec<u8>>);

/// A record of its own: what goes into a run and what comes out of it. Made by [`record`] and
/// [`tombstone`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedRecord {
    /// The key.
    pub key: Bytes,
    /// The value; null is a tombstone.
    pub value: Bytes,
    /// The headers in order.
    pub headers: Vec<(String, Bytes)>,
    /// Milliseconds since the epoch.
    pub timestamp: Option<i64>,
    /// The topic that a plugin chose.
    pub topic: Option<String>,
    /// The partition that a plugin chose.
    pub partition: Option<i32>,
}

/// A record with that key and value, each of which may be `None`.
pub fn record(key: impl Into<Bytes>, value: impl Into<Bytes>) -> OwnedRecord {
    OwnedRecord { key: key.into(), value: value.into(), ..OwnedRecord::default() }
}

/// A record with that key and no value.
pub fn tombstone(key: impl Into<Bytes>) -> OwnedRecord {
    record(key, None)
}

impl OwnedRecord {
    /// The record with one header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The record with that timestamp, in milliseconds since the epoch.
    #[must_use]
    pub fn at(mut self, timestamp: i64) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// The record sent to that topic.
    #[must_use]
    pub fn to_topic(mut self, topic: &str) -> Self {
        self.topic = Some(topic.to_owned());
        self
    }

    /// The record sent to that partition.
    #[must_use]
    pub fn to_partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(Some(text.as_bytes().to_owned()))
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        Self(Some(text.into_bytes()))
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(Some(bytes.to_owned()))
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Self(Some(bytes.to_vec()))
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Some(bytes))
    }
}

/// There is one implementation for `Option`, so that a bare `None` needs no type.
impl From<Option<Vec<u8>>> for Bytes {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => formatter.write_str("null"),
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => text.fmt(formatter),
                Err(_) => write!(formatter, "b\"{}\"", bytes.escape_ascii()),
            },
        }
    }
}
