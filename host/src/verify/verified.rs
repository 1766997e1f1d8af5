//! What came of a comparison.

use std::sync::Arc;
use std::time::Duration;

use sha2::Digest as _;

use super::difference::{Difference, Kind};
use super::lane::Compared;
use crate::finding::Finding;
use crate::position::{Place, TopicPartition};
use crate::progress::{LaneRecord, Ranges};
use crate::report::Volume;

/// What came of comparing a job with its target.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The name under which the job's progress is kept.
    pub job: String,
    /// Bootstrap servers.
    pub target: String,
    /// Whether headers say of each record where it comes from.
    pub provenance: bool,
    /// The lanes, in the catalog's order.
    pub lanes: Vec<LaneVerified>,
    /// How long it took.
    pub duration: Duration,
    /// What is another than when the job was first started, and allowed.
    pub findings: Vec<Finding>,
    /// Topics whose timestamps the broker sets.
    pub broker_times: Vec<String>,
}

/// What came of comparing a lane.
#[derive(Clone, Debug)]
pub struct LaneVerified {
    /// The lane.
    pub source: Arc<TopicPartition>,
    /// Whether all of it was restored.
    pub is_complete: bool,
    /// The last source record that was compared: the last one committed when the comparison began.
    pub up_to: Option<Place>,
    /// Whether it was compared to its end, or to its first difference.
    pub is_compared: bool,
    /// What should be there.
    pub expected: Volume,
    /// How many of these are there.
    pub found: u64,
    /// How many of these may have been there and are gone by now.
    pub gone: u64,
    /// Whether there was too little room to look for some of those that are not established.
    pub is_short_of_room: bool,
    /// How many of the found ones may lie in any partition and order.
    pub anywhere: u64,
    /// SHA-256 of what was found, in hexadecimal.
    pub digest: String,
    /// Whether copies would have been found.
    pub copies_sought: bool,
    /// The first difference.
    pub difference: Option<Difference>,
    /// Where it was looked for.
    pub ranges: Ranges,
}

impl LaneVerified {
    pub(super) fn new(
        source: &Arc<TopicPartition>,
        record: Option<&LaneRecord>,
        compared: Option<Compared>,
        stray: Option<Difference>,
    ) -> Self {
        let record = record.cloned().unwrap_or_default();
        let up_to = record.up_to.as_ref().map(Place::from);
        // Of a lane of which nothing is committed, there is nothing to compare.
        let compared = match compared {
            None if up_to.is_none() => Compared { ended: true, copies_sought: true, ..Compared::default() },
            compared => compared.unwrap_or_default(),
        };
        let Compared {
            expected,
            found,
            gone,
            is_short_of_room,
            anywhere,
            digest,
            difference,
            suspect: _,
            copies_sought,
            ended,
        } = compared;
        let written: u64 = record.written.values().map(|volume| volume.records).sum();
        let counted = || {
            // Of more records that were set aside than are kept one by one, nobody knows what would have come of them.
            (ended && !record.kept.has_more() && expected.records != written).then(|| Difference {
                kind: Kind::Count,
                source: source.to_string(),
                target: None,
                parts: Vec::new(),
                message: format!(
                    "{source}: the backup and the plugins give {} records, and the job has counted {written} that it wrote",
                    expected.records
                ),
            })
        };
        Self {
            source: Arc::clone(source),
            is_complete: record.complete,
            is_compared: ended,
            expected,
            found,
            gone,
            is_short_of_room,
            anywhere,
            digest: hex::encode(digest.finalize()),
            copies_sought,
            difference: difference.or(stray).or_else(counted),
            ranges: record.ranges,
            up_to,
        }
    }
}

impl Verified {
    /// Whether a difference was found.
    pub fn differs(&self) -> bool {
        self.lanes.iter().any(|lane| lane.difference.is_some())
    }

    /// Whether all that is committed was compared.
    pub fn is_compared(&self) -> bool {
        self.lanes.iter().all(|lane| lane.is_compared)
    }

    /// Whether all lanes were restored to their end.
    pub fn is_complete(&self) -> bool {
        self.lanes.iter().all(|lane| lane.is_complete)
    }

    /// Whether it is known that no record is there more than once.
    pub fn has_no_copies(&self) -> bool {
        self.provenance
            && self.is_compared()
            && self.lanes.iter().all(|lane| lane.copies_sought && lane.difference.is_none())
    }

    /// Whether there was too little room to look for some records.
    pub fn is_short_of_room(&self) -> bool {
        self.lanes.iter().any(|lane| lane.is_short_of_room)
    }

    pub(super) fn sum(&self, of: impl Fn(&LaneVerified) -> u64) -> u64 {
        self.lanes.iter().map(of).sum()
    }
}
