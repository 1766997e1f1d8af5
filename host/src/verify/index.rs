//! Which records lie where, by digest, within a bound of memory.

use std::collections::{HashMap, VecDeque};

use super::content::Digest;
use super::{Content, Log};
use crate::target::TargetError;

/// Bytes that an entry takes: its digest twice, a place twice, and the room that tables leave free.
pub(super) const ENTRY: usize = 160;

/// Where a record lies: which of the partitions that are looked through, and its offset.
pub(super) type At = (u32, i64);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Index {
    capacity: usize,
    places: HashMap<Digest, VecDeque<At>>,
    /// In order of entry; what was taken out meanwhile still stands here.
    entered: VecDeque<(Digest, At)>,
    /// Whether something had to be forgotten.
    forgot: bool,
}

impl Index {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Whether there is no more room.
    pub(super) fn is_full(&self) -> bool {
        self.entered.len() >= self.capacity
    }

    /// Whether something had to be forgotten.
    pub(super) fn forgot(&self) -> bool {
        self.forgot
    }

    /// Enters a record; the oldest one is forgotten where there is no room.
    pub(super) fn enter(&mut self, record: &Content, at: At) {
        if self.is_full()
            && let Some((digest, at)) = self.entered.pop_front()
        {
            self.forgot |= self.remove(&digest, at);
        }
        let digest = record.digest(!record.has_broker_time());
        self.places.entry(digest).or_default().push_back(at);
        self.entered.push_back((digest, at));
    }

    fn remove(&mut self, digest: &Digest, at: At) -> bool {
        let Some(places) = self.places.get_mut(digest) else { return false };
        let before = places.len();
        places.retain(|place| *place != at);
        let removed = places.len() < before;
        if places.is_empty() {
            self.places.remove(digest);
        }
        removed
    }

    /// The first place of a record behind an offset.
    pub(super) fn after(&self, wanted: &Content, offset: i64) -> Option<i64> {
        // A timestamp that the broker set was not entered.
        let places = [true, false].into_iter().filter_map(|timed| self.places.get(&wanted.digest(timed)));
        places.flatten().map(|(_, at)| *at).filter(|at| *at > offset).min()
    }

    /// Takes a record out.
    pub(super) fn take(&mut self, wanted: &Content) -> Option<At> {
        [true, false].into_iter().find_map(|timed| {
            let digest = wanted.digest(timed);
            let places = self.places.get_mut(&digest)?;
            let at = places.pop_front();
            if places.is_empty() {
                self.places.remove(&digest);
            }
            at
        })
    }

    /// Where one of the records lies.
    pub(super) fn first(&self) -> Option<At> {
        self.places.values().flatten().min().copied()
    }

    /// Fills in what comes next of a log, and says whether its end was reached.
    pub(super) fn fill(&mut self, log: &mut dyn Log) -> Result<bool, TargetError> {
        let mut record = Content::default();
        while !self.is_full() {
            let Some(offset) = log.next(&mut record)? else { return Ok(true) };
            self.enter(&record, (0, offset));
        }
        Ok(false)
    }
}
