//! Finds the expected records of one lane in one partition, in order, among those of others.
//!
//! Where nothing is gone of the range that the lane has written to, the target's records are walked through once, and
//! those that are not the next one expected are somebody else's. So nothing is kept, whatever the size of the range.
//!
//! Where the beginning of the range is gone (expired, deleted), the first expected records are gone with it, and nobody
//! says how many. So the first records that are left are looked through for them: when two that follow each other are
//! found, what comes after is walked through as above. Of a compacted partition, see [`super::compacted`].

use super::compacted::Compacted;
use super::index::Index;
use super::{Content, Log, Logs, TargetTopic};
use crate::mechanism::is_off;
use crate::target::TargetError;

/// What became of an expected record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It lies there.
    At(i64),
    /// It may have lain in what is gone by now.
    Gone,
    /// There was no room to look through all of the partition for it.
    NoRoom,
    /// As [`Self::Gone`], and so may the one before it, that an equal one was found of.
    GoneAsTheOneBefore,
    /// It lies there, and the one before it may have lain in what is gone by now.
    AtAndTheOneBeforeGone(i64),
    /// Nobody can say before all were looked for.
    Open,
    /// It should be there and is not.
    Missing,
    /// It lies there, with other parts.
    Changed(i64),
    /// It lies there, before one that it should follow.
    Early(i64),
    /// It lies there once more.
    Doubled(i64),
}

/// A range of a partition.
#[derive(Clone, Debug)]
pub(super) struct Range {
    pub(super) topic: String,
    pub(super) partition: i32,
    /// Where the lane's records may begin.
    pub(super) from: i64,
    /// Behind the last place where they may lie.
    pub(super) to: i64,
    /// Where the log begins by now.
    pub(super) start: i64,
    /// Where the log ends by now.
    pub(super) end: i64,
    /// Up to where it can be read by now.
    pub(super) visible: i64,
}

impl Range {
    /// Whether the beginning of it is gone.
    pub(super) fn is_cut(&self) -> bool {
        self.start > self.from && self.to > self.from && !is_off("verify-what-is-gone")
    }

    /// An offset of it, as it is written everywhere.
    pub(super) fn at(&self, offset: i64) -> String {
        format!("{}-{}@{offset}", self.topic, self.partition)
    }

    /// Where there is something to read.
    pub(super) fn first(&self) -> i64 {
        self.from.max(self.start)
    }
}

/// Says of a record whether its headers of provenance tell that it is of the lane.
pub(super) type Own<'a> = &'a mut dyn FnMut(i64, &Content) -> bool;

/// Told of each record of the target that is passed over: whether to go on.
pub(super) type Passed<'a> = &'a mut dyn FnMut(i64, &Content) -> bool;

/// See the module.
pub(super) enum Partition {
    Walked(Walk),
    Cut(Box<Cut>),
    Compacted(Box<Compacted>),
}

impl Partition {
    /// Begins with a range, of which records may be kept to `capacity`. `own` where headers of provenance are written.
    pub(super) fn open(
        logs: &dyn Logs,
        range: &Range,
        facts: TargetTopic,
        capacity: usize,
        own: Option<Own<'_>>,
    ) -> Result<Self, TargetError> {
        Ok(if facts.compacted {
            let compacted = Compacted::open(logs, range, capacity, facts.tombstones_are_gone, own)?;
            Self::Compacted(Box::new(compacted))
        } else if range.is_cut() {
            Self::Cut(Box::new(Cut::open(logs, range, capacity)?))
        } else {
            Self::Walked(Walk::open(logs, range, range.first())?)
        })
    }

    /// Looks for the next expected record. `None` where `passed` wanted an end.
    pub(super) fn find(
        &mut self,
        logs: &dyn Logs,
        wanted: &Content,
        passed: Passed<'_>,
    ) -> Result<Option<Verdict>, TargetError> {
        match self {
            Self::Walked(walk) => walk.find(wanted, passed),
            Self::Compacted(compacted) => Ok(Some(compacted.find(wanted))),
            Self::Cut(cut) => {
                let verdict = cut.find(wanted);
                if let Some(verdict) = verdict {
                    if let Some(from) = cut.sure {
                        *self = Self::Walked(Walk::open(logs, &cut.range, from)?);
                    }
                    return Ok(Some(verdict));
                }
                Ok(None)
            }
        }
    }
}

/// A range of which nothing is gone.
pub(super) struct Walk {
    log: Box<dyn Log>,
    record: Content,
}

impl Walk {
    pub(super) fn open(logs: &dyn Logs, range: &Range, from: i64) -> Result<Self, TargetError> {
        let log = logs.open(&range.topic, range.partition, from, range.to.min(range.end))?;
        Ok(Self { log, record: Content::default() })
    }

    /// Walks on until the record is found; `None` where `passed` wanted an end.
    pub(super) fn find(&mut self, wanted: &Content, passed: Passed<'_>) -> Result<Option<Verdict>, TargetError> {
        while let Some(offset) = self.log.next(&mut self.record)? {
            if wanted.is(&self.record) {
                return Ok(Some(Verdict::At(offset)));
            }
            if !passed(offset, &self.record) {
                return Ok(None);
            }
        }
        Ok(Some(if is_off("verify-what-is-missing") { Verdict::Gone } else { Verdict::Missing }))
    }

    /// Passes over what is left.
    pub(super) fn rest(&mut self, passed: Passed<'_>) -> Result<(), TargetError> {
        while let Some(offset) = self.log.next(&mut self.record)? {
            if !passed(offset, &self.record) {
                break;
            }
        }
        Ok(())
    }
}

/// A range whose beginning is gone, until two records that follow each other are found in what is left.
pub(super) struct Cut {
    range: Range,
    left: Index,
    /// Where an expected record was found, if the one before this was.
    last: Option<i64>,
    /// Behind the second one that follows the first.
    sure: Option<i64>,
}

impl Cut {
    fn open(logs: &dyn Logs, range: &Range, capacity: usize) -> Result<Self, TargetError> {
        let mut left = Index::new(capacity);
        let mut log = logs.open(&range.topic, range.partition, range.first(), range.to.min(range.end))?;
        left.fill(&mut *log)?;
        Ok(Self { range: range.clone(), left, last: None, sure: None })
    }

    fn find(&mut self, wanted: &Content) -> Option<Verdict> {
        Some(match self.last.take() {
            None => match self.left.after(wanted, -1) {
                Some(offset) => {
                    self.last = Some(offset);
                    Verdict::At(offset)
                }
                None => Verdict::Gone,
            },
            Some(last) => match (self.left.after(wanted, last), self.left.after(wanted, -1)) {
                (Some(offset), _) => {
                    self.sure = Some(offset + 1);
                    Verdict::At(offset)
                }
                // The one before was another one that is equal, and lies behind this one.
                (None, Some(offset)) => {
                    self.last = Some(offset);
                    Verdict::AtAndTheOneBeforeGone(offset)
                }
                (None, None) => Verdict::GoneAsTheOneBefore,
            },
        })
    }
}
