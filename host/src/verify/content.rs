//! A record as it is compared: every byte of it, whether it comes from the backup or from the target.

use sha2::{Digest as _, Sha256};

use crate::batch::{Header, OutputRow};
use crate::mechanism::is_off;
use crate::target::kafka::Fetched;
use crate::target::kafka::provenance::{JOB, SOURCE};

/// Half of a SHA-256: what tells records apart that are not at hand any more.
pub(super) type Digest = [u8; 16];

/// Key, value, headers and timestamp of a record. Filled anew for each, so that nothing is allocated for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    key: Field,
    value: Field,
    /// How many there are, and of each: length and bytes of its name, length and bytes of its value.
    headers: Vec<u8>,
    /// Milliseconds since the epoch, -1 for none.
    timestamp: i64,
    /// Whether the broker set the timestamp: then nothing is to be compared with it.
    by_broker: bool,
}

/// Bytes, or null.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Field {
    is_some: bool,
    bytes: Vec<u8>,
}

/// Which parts of two records differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) key: bool,
    pub(super) value: bool,
    pub(super) headers: bool,
    pub(super) timestamp: bool,
}

impl Parts {
    /// Whether none does.
    pub(super) fn is_none(self) -> bool {
        is_off("verify-contents") || self == Self::default()
    }

    /// How many do.
    pub(super) fn count(self) -> usize {
        self.names().len()
    }

    /// Their names.
    pub(super) fn names(self) -> Vec<&'static str> {
        let Self { key, value, headers, timestamp } = self;
        let named = [(key, "key"), (value, "value"), (headers, "headers"), (timestamp, "timestamp")];
        named.into_iter().filter(|(differs, _)| *differs).map(|(_, name)| name).collect()
    }
}

impl Field {
    fn set(&mut self, bytes: Option<&[u8]>) {
        self.bytes.clear();
        self.is_some = bytes.is_some();
        self.bytes.extend_from_slice(bytes.unwrap_or_default());
    }

    fn get(&self) -> Option<&[u8]> {
        self.is_some.then_some(&*self.bytes)
    }
}

impl Content {
    /// Becomes a record that is expected at the target, with `more` headers behind its own.
    pub(super) fn expect(&mut self, row: &OutputRow<'_>, more: &[Header<'_>]) {
        self.key.set(row.key);
        self.value.set(row.value);
        self.headers.clear();
        for header in row.headers.clone().chain(more.iter().copied()) {
            self.header(header.name.as_bytes(), header.value);
        }
        // librdkafka takes 0 for "now", so that it is sent as 1 where it may be sent at all.
        self.timestamp = if row.timestamp == 0 { 1 } else { row.timestamp };
        self.by_broker = false;
    }

    /// Becomes a record of the target.
    pub(super) fn find(&mut self, record: &Fetched) {
        self.key.set(record.key());
        self.value.set(record.value());
        self.headers.clear();
        record.each_header(|name, value| self.header(name, value));
        (self.timestamp, self.by_broker) = record.timestamp();
    }

    fn header(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.headers.extend_from_slice(&length(Some(name)));
        self.headers.extend_from_slice(name);
        self.headers.extend_from_slice(&length(value));
        self.headers.extend_from_slice(value.unwrap_or_default());
    }

    pub(super) fn key(&self) -> Option<&[u8]> {
        self.key.get()
    }

    pub(super) fn is_tombstone(&self) -> bool {
        !self.value.is_some
    }

    pub(super) fn has_broker_time(&self) -> bool {
        self.by_broker
    }

    /// Bytes of key, value and headers.
    pub(super) fn bytes(&self) -> usize {
        self.key.bytes.len() + self.value.bytes.len() + self.headers.len()
    }

    /// Where `found` differs from this one.
    pub(super) fn parts_unlike(&self, found: &Self) -> Parts {
        Parts {
            key: self.key != found.key,
            value: self.value != found.value,
            headers: self.headers != found.headers,
            timestamp: !self.by_broker && !found.by_broker && self.timestamp != found.timestamp,
        }
    }

    /// Whether `found` is this record.
    pub(super) fn is(&self, found: &Self) -> bool {
        self.parts_unlike(found).is_none()
    }

    /// Of everything, or of everything but the timestamp.
    pub(super) fn digest(&self, with_timestamp: bool) -> Digest {
        let mut digest = Sha256::new();
        self.add_to(&mut digest, with_timestamp);
        half(digest)
    }

    /// Of what its headers of provenance say, where it has them.
    pub(super) fn source_digest(&self) -> Option<Digest> {
        let (_, source) = self.provenance()?;
        Some(half(Sha256::new_with_prefix(source)))
    }

    /// Adds everything, each part with its length, so that no two records are the same bytes.
    pub(super) fn add_to(&self, digest: &mut Sha256, with_timestamp: bool) {
        for part in [&self.key, &self.value] {
            digest.update(length(part.get()));
            digest.update(&part.bytes);
        }
        digest.update(length(Some(&self.headers)));
        digest.update(&self.headers);
        if with_timestamp {
            digest.update(self.timestamp.to_le_bytes());
        }
    }

    /// The job and the position that its headers of provenance tell; the last of each name counts.
    pub(super) fn provenance(&self) -> Option<(&[u8], &[u8])> {
        let (mut job, mut source) = (None, None);
        let mut rest = &*self.headers;
        while let Some((name, after)) = field(rest) {
            let (value, after) = field(after)?;
            match name {
                Some(name) if name == JOB.as_bytes() => job = value,
                Some(name) if name == SOURCE.as_bytes() => source = value,
                _ => {}
            }
            rest = after;
        }
        job.zip(source)
    }
}

fn half(digest: Sha256) -> Digest {
    let mut half = Digest::default();
    half.copy_from_slice(digest.finalize().get(..16).unwrap_or(&[0; 16]));
    half
}

/// A length, -1 for null.
fn length(bytes: Option<&[u8]>) -> [u8; 8] {
    bytes.map_or(-1, |bytes| bytes.len() as i64).to_le_bytes()
}

/// The first field, and what comes after it.
fn field(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    match usize::try_from(i64::from_le_bytes(*length)) {
        Ok(length) => rest.split_at_checked(length).map(|(field, rest)| (Some(field), rest)),
        Err(_) => Some((None, rest)),
    }
}

#[cfg(test)]
impl Content {
    /// A record for tests.
    pub(super) fn of(key: Option<&str>, value: &str, timestamp: i64, source: Option<&str>) -> Self {
        let mut content = Self { timestamp, ..Self::default() };
        content.key.set(key.map(str::as_bytes));
        content.value.set(Some(value.as_bytes()));
        if let Some(source) = source {
            content.header(JOB.as_bytes(), Some(b"job"));
            content.header(SOURCE.as_bytes(), Some(source.as_bytes()));
        }
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provenance_of_a_record_is_read_from_its_headers() {
        let mut content = Content::of(Some("k"), "v", 5, Some("orders-3@7#1"));
        content.header(b"other", None);
        assert_eq!(content.provenance(), Some((&b"job"[..], &b"orders-3@7#1"[..])));
        assert_eq!(Content::of(None, "v", 5, None).provenance(), None);
    }

    #[test]
    fn each_part_counts_and_null_is_not_empty() {
        let one = Content::of(Some(""), "v", 5, None);
        assert!(one.is(&one.clone()));
        assert_eq!(one.parts_unlike(&Content::of(None, "v", 5, None)).names(), ["key"]);
        assert_eq!(
            one.parts_unlike(&Content::of(Some(""), "w", 6, Some("x"))).names(),
            ["value", "headers", "timestamp"]
        );
        assert_ne!(one.digest(true), Content::of(None, "v", 5, None).digest(true));
        assert_eq!(one.digest(false), Content::of(Some(""), "v", 6, None).digest(false));
        let by_broker = Content { by_broker: true, ..Content::of(Some(""), "v", 6, None) };
        assert!(one.is(&by_broker));
    }
}
