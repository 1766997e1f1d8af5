//! Where it ends what is known of records that the target did not take: the restore keeps the places of the first ones.
//! Behind these nobody can tell whether a record is missing or was set aside, so that nothing is established.

use crate::batch::Batch;
use crate::position::Place;
use crate::progress::LaneRecord;

/// See the module.
pub(super) struct Beyond {
    last: Option<Place>,
    /// Whether a batch of the last place's file was seen.
    begun: bool,
    passed: bool,
}

impl Beyond {
    /// What the progress of a lane tells.
    pub(super) fn of(record: &LaneRecord) -> Self {
        let last = if record.kept.has_more() { record.kept.records().last() } else { None };
        Self { last: last.map(|(place, ..)| place), begun: false, passed: false }
    }

    /// How many of the first rows of a batch are known of.
    pub(super) fn known_rows(&mut self, batch: &Batch) -> usize {
        let known = match &self.last {
            _ if self.passed => 0,
            None => batch.len(),
            // What comes of other strands before it is known of, too.
            Some(Place::Of(strand, _)) if batch.strand.as_ref() != Some(strand) => batch.len(),
            Some(Place::Of(_, place)) => up_to(place, batch, &mut self.begun),
            Some(place) => up_to(place, batch, &mut self.begun),
        };
        self.passed |= known < batch.len();
        known
    }

    /// Whether a row was met that is not known of.
    pub(super) fn is_passed(&self) -> bool {
        self.passed
    }
}

/// How many of the first rows of a batch of its strand come up to `place`.
fn up_to(place: &Place, batch: &Batch, begun: &mut bool) -> usize {
    match (place, &batch.offsets) {
        (Place::Offset(last), Some(offsets)) => offsets.partition_point(|offset| offset <= last),
        (Place::Row { file, row }, _) if *file == batch.file => {
            *begun = true;
            batch.rows.partition_point(|each| each <= row)
        }
        _ if *begun => 0,
        _ => batch.len(),
    }
}
