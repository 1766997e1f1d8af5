//! A compacted partition: of each key the cluster keeps the last record, and may have removed all before it.
//!
//! An expected record that is not there was compacted away where a later one of its key is, or where it is a tombstone,
//! which is removed after a while, or where a tombstone of its key comes later. Which records and keys there are is kept
//! as digests; what there is no room for is not established.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::index::Index;
use super::partition::{Range, Verdict};
use super::{Content, Logs};
use crate::target::TargetError;

/// See the module.
pub(super) struct Compacted {
    records: Index,
    /// Where the last record of each key lies.
    keys: HashMap<u64, i64>,
    hash: RandomState,
    is_cut: bool,
    /// Whether all of the partition is known.
    is_whole: bool,
    last: i64,
    /// Keys of records that are not there and of which no later one is.
    open: HashMap<u64, u64>,
}

impl Compacted {
    /// Reads the partition to its end, since what superseded a record may have been written by anybody since.
    pub(super) fn open(logs: &dyn Logs, range: &Range, capacity: usize) -> Result<Self, TargetError> {
        let mut compacted = Self {
            records: Index::new(capacity),
            keys: HashMap::new(),
            hash: RandomState::new(),
            is_cut: range.is_cut(),
            is_whole: true,
            last: -1,
            open: HashMap::new(),
        };
        let end = range.to.min(range.end).max(range.visible);
        let mut log = logs.open(&range.topic, range.partition, range.first(), end)?;
        let mut record = Content::default();
        while let Some(offset) = log.next(&mut record)? {
            if compacted.records.is_full() {
                compacted.is_whole = false;
                break;
            }
            let key = compacted.key(&record);
            compacted.keys.insert(key, offset);
            if offset < range.to {
                compacted.records.enter(&record, (0, offset));
            }
        }
        Ok(compacted)
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
        if let Some(offset) = self.records.after(wanted, self.last) {
            self.last = offset;
            return Verdict::At(offset);
        }
        let superseded = self.keys.get(&key).is_some_and(|last| *last > self.last);
        let cut = self.is_cut && self.last < 0;
        if superseded || cut || wanted.is_tombstone() || !self.is_whole {
            return Verdict::Gone;
        }
        *self.open.entry(key).or_default() += 1;
        Verdict::Open
    }

    /// Records of which nobody could say that they may be gone until a tombstone of their key came, and none did.
    pub(super) fn open_of(&self, record: &Content) -> bool {
        self.open.contains_key(&self.key(record))
    }

    /// How many there are.
    pub(super) fn left_open(&self) -> u64 {
        self.open.values().sum()
    }
}
