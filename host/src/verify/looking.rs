//! Looks for the records of one lane in one partition, and at all that it passes over on the way.
//!
//! With headers of provenance every record of the job says where it comes from: what is passed over and says that it is of
//! this lane is one too many, or the one looked for with other parts. Records of other lanes are noted where they lie
//! outside of what these have written to.

use std::cmp::Ordering;

use super::anywhere::Anywhere;
use super::difference::{Before, Difference, Kind, Suspect, changed, doubled, out_of_order};
use super::lane::{Compared, Shared};
use super::origin::{LaneName, Origin};
use super::partition::{Own, Partition, Range, Verdict, Walk};
use super::{Content, Logs, TargetTopic};
use crate::batch::{OutputRow, Outputs};
use crate::mechanism::unless_off;
use crate::position::{Place, TopicPartition};
use crate::target::TargetError;

/// Records kept of a compacted partition of which nobody can say yet whether they may be gone.
const OPEN: usize = 256;

/// A partition that the lane has written to.
pub(super) struct PartitionState {
    pub(super) range: Range,
    partition: Option<Partition>,
    ordinal: u64,
    last: Option<(i64, Place, u32)>,
    open: Vec<(Content, String)>,
}

impl PartitionState {
    pub(super) fn new(range: Range) -> Self {
        Self { range, partition: None, ordinal: 0, last: None, open: Vec::new() }
    }
}

/// What is needed to look for a record in a partition.
pub(super) struct Looking<'a> {
    pub(super) shared: &'a Shared,
    pub(super) logs: &'a dyn Logs,
    pub(super) lane: &'a TopicPartition,
    /// Its name, as headers of provenance have it.
    pub(super) name: &'a LaneName,
    /// Of a merged lane: how far it went before the records at hand.
    pub(super) reached: Option<&'a Place>,
    pub(super) facts: TargetTopic,
    pub(super) capacity: usize,
    /// Where records of the lane are looked for in whatever partition.
    pub(super) anywhere: Option<&'a Anywhere>,
}

impl Looking<'_> {
    /// Looks for the next record of the lane in its partition.
    pub(super) fn look(
        &self,
        state: &mut PartitionState,
        wanted: &Content,
        outputs: &Outputs,
        row: &OutputRow<'_>,
        compared: &mut Compared,
    ) -> Result<(), TargetError> {
        let PartitionState { range, partition, ordinal, last, open } = state;
        let partition = match partition {
            Some(partition) => partition,
            None => partition.insert(self.open(range, compared)?),
        };
        let place = outputs.batch.place(row.input);
        let mut copy = None;
        let mut passed =
            |offset: i64, record: &Content| self.pass(range, offset, record, &place, row.sibling, &mut copy);
        let verdict = partition.find(self.logs, wanted, &mut passed)?;
        *ordinal += 1;
        match verdict {
            Some(Verdict::At(offset)) => {
                compared.found += 1;
                wanted.add_to(&mut compared.digest, !self.facts.log_append_time);
                *last = Some((offset, place, row.sibling));
            }
            Some(Verdict::AtAndTheOneBeforeGone(offset)) => {
                compared.gone += 1;
                wanted.add_to(&mut compared.digest, !self.facts.log_append_time);
                *last = Some((offset, place, row.sibling));
            }
            Some(Verdict::Gone) => compared.gone += 1,
            Some(Verdict::NoRoom) => {
                compared.gone += 1;
                compared.is_short_of_room = true;
            }
            Some(Verdict::GoneAsTheOneBefore) => {
                compared.found = compared.found.saturating_sub(1);
                compared.gone += 2;
                *last = None;
            }
            Some(Verdict::Open) => {
                compared.gone += 1;
                if open.len() < OPEN {
                    open.push((wanted.clone(), outputs.position(row)));
                }
            }
            Some(Verdict::Changed(offset)) => {
                let found = self.record(range, offset)?;
                compared.difference =
                    Some(changed(outputs.position(row), range.at(offset), wanted.parts_unlike(&found)));
            }
            Some(Verdict::Doubled(offset)) => {
                compared.difference = Some(doubled(outputs.position(row), range.at(offset)));
            }
            Some(Verdict::Early(offset)) => {
                let before = self.before(last.as_ref()).unwrap_or_default();
                compared.difference = Some(out_of_order(range, outputs.position(row), offset, &before));
            }
            Some(Verdict::Missing) | None => {
                let source = outputs.position(row);
                match copy {
                    Some(Copy::Doubled(source, target)) => compared.difference = Some(doubled(source, target)),
                    Some(Copy::Changed(offset, found)) => {
                        compared.difference = Some(changed(source, range.at(offset), wanted.parts_unlike(&found)));
                    }
                    None => {
                        let before = self.before(last.as_ref());
                        let suspect = Suspect::new(range.clone(), *ordinal - 1, wanted.clone(), source, before);
                        compared.suspect = Some(suspect);
                    }
                }
            }
        }
        Ok(())
    }

    fn open(&self, range: &Range, compared: &mut Compared) -> Result<Partition, TargetError> {
        let mut own = |offset: i64, record: &Content| match Origin::of(&self.shared.homes.job, record) {
            Some(origin) if self.name.is_of(&origin) => true,
            Some(origin) => {
                self.shared.homes.note(&origin, &range.topic, range.partition, offset);
                false
            }
            None => false,
        };
        let own: Option<Own<'_>> = if self.shared.provenance { Some(&mut own) } else { None };
        let own = unless_off("verify-what-compaction-left", own);
        let opened = Partition::open(self.logs, range, self.facts, self.capacity, own)?;
        compared.copies_sought &= match &opened {
            Partition::Walked(_) => true,
            Partition::Cut(_) => false,
            Partition::Compacted(compacted) => compacted.is_whole(),
        };
        Ok(opened)
    }

    /// A record that was there before.
    fn record(&self, range: &Range, offset: i64) -> Result<Content, TargetError> {
        let mut record = Content::default();
        self.logs.open(&range.topic, range.partition, offset, offset + 1)?.next(&mut record)?;
        Ok(record)
    }

    fn before(&self, last: Option<&(i64, Place, u32)>) -> Option<Before> {
        let (offset, place, sibling) = last?;
        Some(Before { source: position(self.lane, place, *sibling), offset: *offset })
    }

    /// Whether a record of the lane that is passed over is looked for in any partition: then copies are found there.
    fn is_elsewhere(&self, record: &Content) -> bool {
        self.anywhere.is_some_and(|anywhere| anywhere.is_ours(record))
    }

    /// Passes over a record that is not the next one expected, unless it says of itself that it is a copy.
    fn pass(
        &self,
        range: &Range,
        offset: i64,
        record: &Content,
        place: &Place,
        sibling: u32,
        copy: &mut Option<Copy>,
    ) -> bool {
        if !self.shared.provenance {
            return true;
        }
        let Some(origin) = Origin::of(&self.shared.homes.job, record) else { return true };
        if !self.name.is_of(&origin) {
            self.shared.homes.note(&origin, &range.topic, range.partition, offset);
            return true;
        }
        match origin.compare(place, sibling, self.reached) {
            None => return true,
            Some(Ordering::Less) if self.is_elsewhere(record) => return true,
            Some(Ordering::Less) => *copy = Some(Copy::Doubled(origin.position(), range.at(offset))),
            Some(Ordering::Equal) => *copy = Some(Copy::Changed(offset, record.clone())),
            // A later one of the lane: the one that is looked for is not where it is due.
            Some(Ordering::Greater) => {}
        }
        false
    }

    /// Walks the partition once more, to what was not found and on to its end, and looks at all that is no other expected
    /// record.
    pub(super) fn look_again(
        &self,
        state: &mut PartitionState,
        wanted: &Content,
        suspect: &mut Suspect,
    ) -> Result<(), TargetError> {
        let PartitionState { range, partition, ordinal, .. } = state;
        let is_walk = !self.facts.compacted && !range.is_cut();
        let (partition, is_new) = match partition {
            Some(partition) => (partition, false),
            None => (partition.insert(Partition::Walked(Walk::open(self.logs, range, range.first())?)), true),
        };
        let Partition::Walked(walk) = partition else { return Ok(()) };
        // Where something is gone, nobody knows which records are others: all are looked at.
        let (here, due) = (*ordinal, suspect.ordinal);
        let is_rest = if is_walk { here == due } else { is_new };
        *ordinal += 1;
        let mut consider = |offset: i64, record: &Content| {
            suspect.consider(offset, record);
            true
        };
        if is_rest {
            walk.rest(&mut consider)?;
        } else if is_walk && here < due {
            walk.find(wanted, &mut consider)?;
        }
        if here != due {
            suspect.retract(wanted);
        }
        Ok(())
    }

    /// What is left to say of the partition when all was looked for.
    pub(super) fn end(&self, state: &mut PartitionState, compared: &mut Compared) -> Result<(), TargetError> {
        let PartitionState { range, partition, open, .. } = state;
        if partition.is_none() && self.shared.provenance {
            *partition = Some(self.open(range, compared)?);
        }
        match partition {
            Some(Partition::Compacted(compacted)) => {
                let left = compacted.left_open();
                if left > 0 {
                    compared.gone = compared.gone.saturating_sub(left);
                    let first = open.iter().find(|(record, _)| compacted.open_of(record));
                    let source = first.map_or_else(|| self.name.as_str().to_owned(), |(_, position)| position.clone());
                    compared.difference.get_or_insert(not_superseded(range, source));
                }
                if let Some(offset) = compacted.left()
                    && let found = self.record(range, offset)?
                    && !self.is_elsewhere(&found)
                    && let Some(origin) = Origin::of(&self.shared.homes.job, &found)
                {
                    compared.difference.get_or_insert_with(|| doubled(origin.position(), range.at(offset)));
                }
            }
            Some(Partition::Walked(walk)) if self.shared.provenance => {
                let (job, mut copy) = (&self.shared.homes.job, None);
                walk.rest(&mut |offset, record| {
                    let Some(origin) = Origin::of(job, record) else { return true };
                    if !self.name.is_of(&origin) {
                        self.shared.homes.note(&origin, &range.topic, range.partition, offset);
                        return true;
                    }
                    if self.is_elsewhere(record) {
                        return true;
                    }
                    // All is found: whatever says that it comes from here is one too many.
                    copy = Some(doubled(origin.position(), range.at(offset)));
                    false
                })?;
                if let Some(copy) = copy {
                    compared.difference.get_or_insert(copy);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A record of a compacted partition that is not there, though none of its key came later.
fn not_superseded(range: &Range, source: String) -> Difference {
    let message = format!(
        "{source} is missing: {}-{} is compacted, and holds no later record of its key; unless somebody deleted it by a \
         tombstone that is gone as well",
        range.topic, range.partition
    );
    Difference { kind: Kind::Missing, source, target: None, parts: Vec::new(), message }
}

/// A record of the lane that should not be there.
enum Copy {
    /// From here, to there.
    Doubled(String, String),
    /// The very one that is looked for, with other parts.
    Changed(i64, Content),
}

fn position(lane: &TopicPartition, place: &Place, sibling: u32) -> String {
    let position = lane.at(place);
    if sibling == 0 { position.to_string() } else { format!("{position}#{sibling}") }
}
