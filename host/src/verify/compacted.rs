//! A compacted partition: of each key the cluster keeps the last record, and may have removed all before it.
//!
//! An expected record that is not there was compacted away where a later one of its key is, or where it is a tombstone,
//! which is removed after a while, or where a tombstone of its key comes later. Once tombstones may be gone that were
//! written since the job was begun (`delete.retention.ms`, KIP-534), any record may have been deleted by one. Which records and keys there are is kept
//! as digests; what there is no room for is not established.
//!
//! With headers of provenance each record that is there says which one it is: then it has to be that one, once, in order,
//! and only what is not there may be gone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};

use super::content::Digest;
use super::index::Index;
use super::partition::{Own, Range, Verdict};
use super::{Content, Logs};
use crate::target::TargetError;

/// See the module.
pub(super) struct Compacted {
    records: Index,
    /// Where headers of provenance are written, those of the lane by what these say, instead of `records`.
    own: Option<HashMap<Digest, There>>,
    /// Where the last record of each key lies.
    keys: HashMap<u64, i64>,
    hash: RandomState,
    is_cut: bool,
    /// Whether all of the partition is known.
    is_whole: bool,
    /// Whether tombstones, too, may have been removed.
    tombstones_are_gone: bool,
    last: i64,
    /// Keys of records that are not there and of which no later one is.
    open: HashMap<u64, u64>,
}

/// A record of the lane that is there.
#[derive(Debug)]
struct There {
    offset: i64,
    digest: Digest,
    /// Where it lies once more.
    copy: Option<i64>,
}

impl There {
    /// What it is to the record that it says it is, behind the last one that was found.
    fn verdict(&self, wanted: &Content, last: i64) -> Verdict {
        if let Some(offset) = self.copy {
            Verdict::Doubled(offset)
        } else if ![wanted.digest(true), wanted.digest(false)].contains(&self.digest) {
            Verdict::Changed(self.offset)
        } else if self.offset <= last {
            Verdict::Early(self.offset)
        } else {
            Verdict::At(self.offset)
        }
    }
}

impl Compacted {
    /// Reads the partition to its end, since what superseded a record may have been written by anybody since.
    pub(super) fn open(
        logs: &dyn Logs,
        range: &Range,
        capacity: usize,
        tombstones_are_gone: bool,
        mut own: Option<Own<'_>>,
    ) -> Result<Self, TargetError> {
        let mut compacted = Self {
            records: Index::new(capacity),
            own: own.is_some().then(HashMap::new),
            keys: HashMap::new(),
            hash: RandomState::new(),
            is_cut: range.is_cut(),
            is_whole: true,
            tombstones_are_gone,
            last: -1,
            open: HashMap::new(),
        };
        let end = range.to.min(range.end).max(range.visible);
        let mut log = logs.open(&range.topic, range.partition, range.first(), end)?;
        let mut record = Content::default();
        while let Some(offset) = log.next(&mut record)? {
            let key = compacted.key(&record);
            let kept = compacted.own.as_ref().map_or(0, HashMap::len).max(compacted.keys.len());
            if compacted.records.is_full() || kept >= capacity {
                compacted.is_whole = false;
                break;
            }
            compacted.keys.insert(key, offset);
            if offset < range.to {
                match &mut own {
                    None => compacted.records.enter(&record, (0, offset)),
                    Some(own) => {
                        if own(offset, &record) {
                            compacted.enter(&record, offset);
                        }
                    }
                }
            }
        }
        Ok(compacted)
    }

    /// Enters a record of the lane by what its headers say.
    fn enter(&mut self, record: &Content, offset: i64) {
        let (Some(own), Some(source)) = (&mut self.own, record.source_digest()) else { return };
        match own.entry(source) {
            Entry::Occupied(mut there) => _ = there.get_mut().copy.get_or_insert(offset),
            Entry::Vacant(free) => {
                let digest = record.digest(!record.has_broker_time());
                free.insert(There { offset, digest, copy: None });
            }
        }
    }

    /// Whether all of the partition is known.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn key(&self, record: &Content) -> u64 {
        self.hash.hash_one(record.key())
    }

    pub(super) fn find(&mut self, wanted: &Content) -> Verdict {
        let key = self.key(wanted);
        if wanted.is_tombstone() {
            // Whatever of this key was not there was removed for it.
            self.open.remove(&key);
        }
        let found = match (&mut self.own, wanted.source_digest()) {
            (Some(own), Some(source)) => own.remove(&source).map(|there| there.verdict(wanted, self.last)),
            _ => self.records.after(wanted, self.last).map(Verdict::At),
        };
        if let Some(found) = found {
            if let Verdict::At(offset) = found {
                self.last = offset;
            }
            return found;
        }
        let superseded = self.keys.get(&key).is_some_and(|last| *last > self.last);
        let cut = self.is_cut && self.last < 0;
        if superseded || cut || wanted.is_tombstone() || self.tombstones_are_gone {
            return Verdict::Gone;
        }
        if !self.is_whole {
            return Verdict::NoRoom;
        }
        *self.open.entry(key).or_default() += 1;
        Verdict::Open
    }

    /// Records of which nobody could say that they may be gone until a tombstone of their key came, and none did.
    pub(super) fn open_of(&self, record: &Content) -> bool {
        self.open.contains_key(&self.key(record))
    }

    /// Where a record lies that says that it is of the lane, and was not looked for.
    pub(super) fn left(&self) -> Option<i64> {
        self.own.as_ref()?.values().map(|there| there.offset).min()
    }

    /// How many there are.
    pub(super) fn left_open(&self) -> u64 {
        self.open.values().sum()
    }
}
