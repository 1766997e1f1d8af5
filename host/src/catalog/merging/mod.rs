//! Merged lanes: what a backup keeps in several ordered parts, as one lane in order of timestamps.
//!
//! The parts, *strands*, are the partitions of a topic, or, where nothing tells partitions, its folders. A lane of them
//! always goes on with the earliest of the records that are next in each strand, of equal ones with that of the lower
//! strand. So the order within a strand stays as it is, also where its timestamps do not increase: a record whose timestamp
//! lies before that of the one before it, or that has none, follows that one at once.

mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Catalog, CatalogError, FilesLeft, Lane, Piece};
use crate::batch::Limits;
use crate::finding::{Finding, Weight};
use crate::job::Resources;
use crate::position::{Place, Strand, TopicPartition};
pub(super) use source::{Merging, StrandSource};

/// Bytes in flight for each strand of which a record has to be at hand at a time. What its file's reader holds, a page of
/// each column as a rule, is not among these, and this is what bounds it.
const FOR_EACH_OPEN: usize = 256 << 10;

/// Strands that may be open whatever memory there is.
const ALWAYS_OPEN: usize = 16;

/// Strands of a lane: how far each has come is kept with each commit.
const MOST: usize = 1024;

/// Bytes of a strand's batches at least.
const SMALLEST_BATCH: usize = 4 << 10;

/// A part of a merged lane.
#[derive(Clone, Debug)]
pub struct StrandLane {
    /// Which one.
    pub strand: Strand,
    /// Its records, as the lane that they would be by themselves.
    pub lane: Lane,
}

impl StrandLane {
    /// Before this timestamp it has no record with one, as far as statistics or a scan tell of all of it.
    pub(super) fn starts(&self) -> Option<i64> {
        self.times().map(|(first, _)| first)
    }

    /// Its first and last timestamp, where they are known of all of it.
    fn times(&self) -> Option<(i64, i64)> {
        let times = self.lane.pieces.iter().map(|piece| piece.timestamps).collect::<Option<Vec<_>>>()?;
        times.into_iter().reduce(super::pieces::spanning)
    }
}

impl Lane {
    /// Of all partitions or folders of a topic.
    fn merged(topic: &Arc<str>, strands: Vec<StrandLane>) -> Self {
        let source = Arc::new(TopicPartition::new(Arc::clone(topic), None));
        let pieces: Vec<Piece> = strands.iter().flat_map(|strand| strand.lane.pieces.iter().cloned()).collect();
        Self { offsets: None, strands: strands.into(), ..Self::of(source, pieces) }
    }

    /// The partitions whose records it holds.
    pub fn partitions(&self) -> Vec<i32> {
        let own = self.source.partition.into_iter();
        own.chain(self.strands.iter().filter_map(|strand| strand.lane.source.partition)).collect()
    }

    /// What is merged into it, or the lane itself.
    pub(crate) fn parts(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        if self.strands.is_empty() {
            return Box::new(std::iter::once(self));
        }
        Box::new(self.strands.iter().map(|part| &part.lane))
    }

    /// As [`Lane::files_done`], of a merged lane.
    pub(super) fn strands_done(&self, place: Option<&Place>, left: &FilesLeft) -> Vec<bool> {
        let of = |part: &StrandLane| {
            let place = if let Some(Place::Each(each)) = place { each.of(&part.strand) } else { None };
            part.lane.done(place, left.of(Some(&part.strand)))
        };
        self.strands.iter().flat_map(of).collect()
    }
}

impl Catalog {
    /// Sees that the first or the last records are asked for only where a partition has them. Before they are looked up: what
    /// is left then may lie in one folder.
    ///
    /// # Errors
    /// A topic of several folders.
    pub fn check_ends(&self) -> Result<(), CatalogError> {
        let is_folder = |part: &StrandLane| matches!(part.strand, Strand::Folder(_));
        let several = self.lanes.iter().find(|lane| strands(lane).iter().filter(|part| is_folder(part)).count() > 1);
        several.map_or(Ok(()), |lane| Err(CatalogError::EndsOfFolders { topic: Arc::clone(&lane.source.topic) }))
    }

    /// Makes one lane of all partitions of a topic, or of all its folders where nothing tells partitions.
    ///
    /// # Errors
    /// More of them than can be read side by side with these resources.
    pub fn merge(&mut self, resources: Resources) -> Result<(), CatalogError> {
        let most = (resources.bytes_in_flight / FOR_EACH_OPEN).max(ALWAYS_OPEN);
        let mut by_topic = BTreeMap::<Arc<str>, Vec<Lane>>::new();
        for lane in std::mem::take(&mut self.lanes) {
            by_topic.entry(Arc::clone(&lane.source.topic)).or_default().push(lane);
        }
        for (topic, lanes) in by_topic {
            let strands: Vec<StrandLane> = lanes.iter().flat_map(strands).collect();
            if let [StrandLane { strand: Strand::Folder(_), .. }] = &*strands {
                self.lanes.extend(lanes);
                continue;
            }
            let open = most_open(&strands);
            if strands.len() > MOST {
                return Err(CatalogError::TooManyToMerge { topic, parts: parts(&strands), most: MOST });
            }
            if open > most {
                let needed = open.saturating_mul(FOR_EACH_OPEN).div_ceil(1 << 20);
                return Err(CatalogError::TooManySideBySide { topic, parts: parts(&strands), open, most, needed });
            }
            // A partition alone is such a lane, too: another one may come to the backup.
            if strands.len() > 1 {
                self.findings.push(Finding {
                    code: "merged",
                    weight: Weight::Note,
                    message: format!(
                        "{} of `{topic}` are merged into one lane by timestamp, up to {open} read side by side",
                        parts(&strands)
                    ),
                    remedy: None,
                });
            }
            self.lanes.push(Lane::merged(&topic, strands));
        }
        Ok(())
    }
}

/// The strands that a lane is, or falls into.
fn strands(lane: &Lane) -> Vec<StrandLane> {
    if let Some(partition) = lane.source.partition {
        return vec![StrandLane { strand: Strand::Partition(partition), lane: lane.clone() }];
    }
    let mut folders = BTreeMap::<&str, Vec<Piece>>::new();
    for piece in lane.pieces.iter() {
        let folder = piece.entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(piece.clone());
    }
    let strand = |(folder, pieces): (&str, _)| StrandLane {
        strand: Strand::Folder(folder.into()),
        lane: lane.with_pieces(pieces),
    };
    folders.into_iter().map(strand).collect()
}

/// "12 partitions".
fn parts(strands: &[StrandLane]) -> String {
    match strands.first().map(|first| &first.strand) {
        Some(Strand::Folder(_)) => format!("{} folders", strands.len()),
        _ => format!("{} partitions", strands.len()),
    }
}

/// How many strands are open at a time at most: those whose times overlap, and all of which that is not known.
fn most_open(strands: &[StrandLane]) -> usize {
    let mut steps: Vec<(i64, i8)> = Vec::new();
    for (first, last) in strands.iter().map(|strand| strand.times().unwrap_or((i64::MIN, i64::MAX))) {
        steps.extend([(first, -1), (last, 1)]);
    }
    // Of equal times the beginnings come first: both are open then.
    steps.sort_unstable();
    let (mut open, mut most) = (0_usize, 0);
    for (_, step) in steps {
        open = if step < 0 { open + 1 } else { open - 1 };
        most = most.max(open);
    }
    most
}

/// When a batch of one of `strands` strands is full: one of each is at hand, and all of them together are as much as a few
/// batches of another lane.
pub(super) fn strand_limits(limits: Limits, strands: usize) -> Limits {
    let share = limits.bytes.saturating_mul(4) / strands.max(1);
    Limits { bytes: share.clamp(SMALLEST_BATCH.min(limits.bytes), limits.bytes), ..limits }
}
