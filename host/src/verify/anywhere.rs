//! Finds expected records in whatever partition of a topic they lie: those whose partition was dealt out by turns, which
//! begin anew wherever a restore went back or on, or of a topic whose number of partitions has changed.
//!
//! Each is found as often as it is expected, and in which order and partition is not established. What was read and not
//! expected yet is kept as digests, within a bound; where something of it had to be forgotten, what is not found is not
//! established.

use super::index::{At, Index};
use super::partition::Range;
use super::{Content, Log, Logs};
use crate::target::TargetError;

/// See the module.
pub(super) struct Anywhere {
    logs: Vec<(i32, Option<Box<dyn Log>>)>,
    /// Whose turn it is to be read.
    turn: usize,
    read: Index,
    record: Content,
    /// Whether something of the ranges may be gone.
    is_cut: bool,
    /// Whether a record may be one of those that are looked for.
    ours: Ours,
}

/// See [`Anywhere`].
type Ours = Box<dyn Fn(&Content) -> bool + Send>;

/// Where a record lies, or why it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    At(i32, i64),
    Gone,
    /// Something had to be forgotten.
    NoRoom,
    Missing,
}

impl Anywhere {
    pub(super) fn open(
        logs: &dyn Logs,
        ranges: &[Range],
        ours: Ours,
        compacted: bool,
        capacity: usize,
    ) -> Result<Self, TargetError> {
        let open = |range: &Range| {
            let log = logs.open(&range.topic, range.partition, range.first(), range.to.min(range.end))?;
            Ok((range.partition, Some(log)))
        };
        Ok(Self {
            logs: ranges.iter().map(open).collect::<Result<_, TargetError>>()?,
            turn: 0,
            read: Index::new(capacity),
            record: Content::default(),
            is_cut: compacted || ranges.iter().any(Range::is_cut),
            ours,
        })
    }

    /// Whether a record may be one of those that are looked for.
    pub(super) fn is_ours(&self, record: &Content) -> bool {
        (self.ours)(record)
    }

    pub(super) fn find(&mut self, wanted: &Content) -> Result<Place, TargetError> {
        if let Some((log, offset)) = self.read.take(wanted) {
            return Ok(Place::At(self.logs.get(log as usize).map_or(0, |(partition, _)| *partition), offset));
        }
        // Each partition in its turn, as they were filled.
        while self.logs.iter().any(|(_, log)| log.is_some()) {
            let turn = self.turn % self.logs.len().max(1);
            self.turn = turn + 1;
            let Some((partition, open)) = self.logs.get_mut(turn) else { break };
            let Some(log) = open else { continue };
            let Some(offset) = log.next(&mut self.record)? else {
                *open = None;
                continue;
            };
            if wanted.is(&self.record) {
                return Ok(Place::At(*partition, offset));
            }
            if (self.ours)(&self.record) {
                let at: At = (turn as u32, offset);
                self.read.enter(&self.record, at);
            }
        }
        Ok(if self.is_cut {
            Place::Gone
        } else if self.read.forgot() {
            Place::NoRoom
        } else {
            Place::Missing
        })
    }

    /// Whether all that was read is known.
    pub(super) fn is_whole(&self) -> bool {
        !self.read.forgot()
    }

    /// A record of those that are looked for, of which there is one more than was looked for: partition, offset, and
    /// itself.
    pub(super) fn left(&mut self, logs: &dyn Logs, topic: &str) -> Result<Option<(i32, i64, Content)>, TargetError> {
        for turn in 0..self.logs.len() {
            let Some((_, open)) = self.logs.get_mut(turn) else { continue };
            let Some(mut log) = open.take() else { continue };
            while let Some(offset) = log.next(&mut self.record)? {
                if (self.ours)(&self.record) {
                    self.read.enter(&self.record, (turn as u32, offset));
                }
            }
        }
        let Some((turn, offset)) = self.read.first() else { return Ok(None) };
        let partition = self.logs.get(turn as usize).map_or(0, |(partition, _)| *partition);
        let mut record = Content::default();
        let found = logs.open(topic, partition, offset, offset + 1)?.next(&mut record)?;
        Ok(found.map(|offset| (partition, offset, record)))
    }
}
