//! The lanes of a backup, and what each file holds of them.
//!
//! A lane's pieces stand in order of offset, never of name or time; where nothing tells offsets, in natural order of
//! path. A topic of which only some files tell partition or offset has no order, and is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::merging::StrandLane;
use super::survey::Surveyed;
use super::{CatalogError, FilesLeft, natural};
use crate::position::{Place, TopicPartition};
use crate::read::Count;
use crate::store::Entry;

/// Everything of one source topic-partition, or of all of a topic.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The topic-partition.
    pub source: Arc<TopicPartition>,
    /// Records, before records that several files have are taken once.
    pub records: Count,
    /// Bytes of its files, or its share of them.
    pub bytes: u64,
    /// The first and last offset, where both are known.
    pub offsets: Option<(i64, i64)>,
    /// The smallest and largest timestamp of the files that tell, in milliseconds since the epoch.
    pub timestamps: Option<(i64, i64)>,
    /// Whether statistics of a file say that the broker set timestamps (`LogAppendTime`).
    pub log_append_time: bool,
    /// Bytes of key, value and headers of the largest record of the files that were read through.
    pub largest_record: Option<u64>,
    /// Records without a key, where all its files tell.
    pub without_key: Option<u64>,
    /// What its files hold of it, in order; of a merged lane strand by strand.
    pub pieces: Arc<[Piece]>,
    /// What is merged into it; nothing as a rule.
    pub strands: Arc<[StrandLane]>,
}

impl Lane {
    /// Of these pieces, in order.
    pub(super) fn of(source: Arc<TopicPartition>, pieces: Vec<Piece>) -> Self {
        let first = pieces.first().and_then(Piece::first_offset);
        let last = pieces.iter().map(Piece::last_offset).collect::<Option<Vec<_>>>();
        Self {
            source,
            records: sum(pieces.iter().map(|piece| piece.rows)),
            bytes: pieces.iter().map(|piece| piece.bytes).sum(),
            offsets: first.zip(last.and_then(|all| all.into_iter().max())),
            timestamps: pieces.iter().filter_map(|piece| piece.timestamps).reduce(spanning),
            log_append_time: pieces.iter().any(|piece| piece.log_append_time),
            largest_record: pieces.iter().filter_map(|piece| piece.largest_record).max(),
            without_key: pieces.iter().map(|piece| piece.without_key).sum(),
            pieces: pieces.into(),
            strands: Arc::default(),
        }
    }

    /// The same topic-partition with only some of its pieces, in their order.
    pub(crate) fn with_pieces(&self, pieces: Vec<Piece>) -> Self {
        Self::of(Arc::clone(&self.source), pieces)
    }

    /// Of each of its pieces whether it is done with, once everything up to `place` is written; `left` is the first one
    /// that is not, where an earlier run has told.
    pub fn files_done(&self, place: Option<&Place>, left: &FilesLeft) -> Vec<bool> {
        if !self.strands.is_empty() {
            return self.strands_done(place, left);
        }
        self.done(place, left.of(None))
    }

    pub(super) fn done(&self, place: Option<&Place>, left: Option<&str>) -> Vec<bool> {
        let at = |path: &str| self.pieces.iter().position(|piece| &*piece.entry.path == path);
        let by_place = match place {
            None => 0,
            Some(Place::Offset(offset)) => {
                let ends = |piece: &&Piece| piece.last_offset().is_some_and(|last| last <= *offset);
                self.pieces.iter().take_while(ends).count()
            }
            Some(Place::Row { file, row }) => {
                let whole = |piece: &Piece| {
                    !piece.mixed && matches!(piece.rows, Count::Exact(rows) if rows <= row.saturating_add(1))
                };
                at(file).map_or(0, |index| index + usize::from(self.pieces.get(index).is_some_and(whole)))
            }
            // Of a merged lane.
            Some(Place::Of(..) | Place::Each(_)) => 0,
        };
        let done = by_place.max(left.and_then(at).unwrap_or_default());
        (0..self.pieces.len()).map(|index| index < done).collect()
    }
}

/// What one file holds of one lane.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The file.
    pub entry: Arc<Entry>,
    /// Its records of the lane.
    pub rows: Count,
    /// Its bytes, or the lane's share of them.
    pub bytes: u64,
    /// Their offsets.
    pub offsets: Offsets,
    /// Their smallest and largest timestamp in milliseconds since the epoch, where statistics or a scan
    /// tell.
    pub timestamps: Option<(i64, i64)>,
    /// Whether statistics say that the broker set timestamps (`LogAppendTime`).
    pub log_append_time: bool,
    /// Bytes of key, value and headers of its largest record, where a scan tells.
    pub largest_record: Option<u64>,
    /// Its records without a key, where statistics, the columns or a scan tell.
    pub without_key: Option<u64>,
    /// Whether it also holds records of other lanes.
    pub mixed: bool,
}

/// How the records of a file come by their offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offsets {
    /// Not at all.
    None,
    /// From a column.
    Column {
        /// The first one; no record of the lane in this file has a smaller one.
        first: i64,
        /// The last one, where statistics or a scan tell.
        last: Option<i64>,
        /// Whether no offset is missing between the two and no other lane's row stands between.
        dense: bool,
    },
    /// The path tells the first one, the others are counted from it.
    Counted {
        /// The first one.
        first: i64,
    },
}

impl Piece {
    /// The first offset.
    pub fn first_offset(&self) -> Option<i64> {
        match self.offsets {
            Offsets::None => None,
            Offsets::Column { first, .. } | Offsets::Counted { first } => Some(first),
        }
    }

    /// The last offset, where it is known.
    pub fn last_offset(&self) -> Option<i64> {
        match (self.offsets, self.rows) {
            (Offsets::Column { last, .. }, _) => last,
            (Offsets::Counted { first }, Count::Exact(rows)) => first.checked_add_unsigned(rows.checked_sub(1)?),
            _ => None,
        }
    }
}

/// Gathers the pieces of each lane and puts them in order.
pub(super) fn lanes(surveyed: Vec<Surveyed>) -> Result<Vec<Lane>, CatalogError> {
    let mut by_source = BTreeMap::<TopicPartition, Vec<Piece>>::new();
    for (source, piece) in surveyed.into_iter().flat_map(|file| file.pieces) {
        by_source.entry(source).or_default().push(piece);
    }
    // `None` sorts before every partition, so a topic that has both has them side by side.
    for ((one, with_none), (other, with)) in by_source.iter().zip(by_source.iter().skip(1)) {
        if one.topic == other.topic && one.partition.is_none() {
            let path = |pieces: &[Piece]| pieces.first().map(|piece| Arc::clone(&piece.entry.path)).unwrap_or_default();
            return Err(CatalogError::PartitionsMixed {
                topic: Arc::clone(&one.topic),
                with: path(with),
                without: path(with_none),
            });
        }
    }
    by_source.into_iter().map(|(source, pieces)| ordered(source, pieces)).collect()
}

/// One lane of its pieces.
fn ordered(source: TopicPartition, mut pieces: Vec<Piece>) -> Result<Lane, CatalogError> {
    let with = pieces.iter().find(|piece| piece.first_offset().is_some());
    let without = pieces.iter().find(|piece| piece.first_offset().is_none());
    if let (Some(with), Some(without)) = (with, without) {
        return Err(CatalogError::OffsetsMixed {
            lane: source.to_string(),
            with: Arc::clone(&with.entry.path),
            without: Arc::clone(&without.entry.path),
        });
    }
    pieces.sort_by(|a, b| {
        let by_offset = a.first_offset().cmp(&b.first_offset());
        by_offset.then_with(|| natural::compare(&a.entry.path, &b.entry.path))
    });
    Ok(Lane::of(Arc::new(source), pieces))
}

/// The range that spans both.
pub(super) fn spanning((least, most): (i64, i64), (also_least, also_most): (i64, i64)) -> (i64, i64) {
    (least.min(also_least), most.max(also_most))
}

/// The sum of counts; estimated if one of them is.
pub(super) fn sum(counts: impl Iterator<Item = Count>) -> Count {
    counts.fold(Count::Exact(0), |sum, count| match (sum, count) {
        (Count::Exact(a), Count::Exact(b)) => Count::Exact(a.saturating_add(b)),
        (Count::Exact(a) | Count::Estimated(a), Count::Exact(b) | Count::Estimated(b)) => {
            Count::Estimated(a.saturating_add(b))
        }
    })
}
