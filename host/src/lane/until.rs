//! The records of a lane up to a place: where a replay ends, and a comparison.

use crate::batch::Batch;
use crate::position::{Place, Restart};

/// What is still to come of a lane up to a place of it, for somebody who reads towards it.
#[derive(Clone, Debug)]
pub(crate) struct Until(Option<Place>);

impl Until {
    /// Up to the record after which a lane goes on, itself among them.
    pub(crate) fn of(at: &Restart) -> Self {
        Self(match at {
            Restart::Beginning => None,
            Restart::After(done) => Some(done.clone()),
        })
    }

    /// Whether the place has been passed.
    pub(crate) fn is_passed(&self) -> bool {
        self.0.is_none()
    }

    /// How many records at the beginning of the next batch come up to the place.
    pub(crate) fn take(&mut self, batch: &Batch) -> usize {
        match (&mut self.0, &batch.strand) {
            (None, _) => 0,
            (Some(Place::Each(each)), Some(strand)) => {
                // A strand that is not there has nothing before the place, or all of that was read.
                let Some(place) = each.of(strand) else { return 0 };
                let (records, is_passed) = up_to(batch, place);
                if is_passed {
                    each.forget(strand);
                    if each.is_empty() {
                        self.0 = None;
                    }
                }
                records
            }
            (Some(place), _) => {
                let (records, is_passed) = up_to(batch, place);
                if is_passed {
                    self.0 = None;
                }
                records
            }
        }
    }

    /// At the end of a lane: a record that should have come and did not, where that can be told. What came before it
    /// cannot be told from what follows then.
    pub(crate) fn missed(&self) -> Option<Place> {
        match self.0.as_ref()? {
            place @ Place::Row { .. } => Some(place.clone()),
            Place::Each(each) => {
                let mut rows = each.iter().filter(|(_, place)| matches!(place, Place::Row { .. }));
                rows.next().map(|(strand, place)| Place::Of(strand.clone(), Box::new(place.clone())))
            }
            Place::Offset(_) | Place::Of(..) => None,
        }
    }
}

/// How many records at the beginning of `batch` come up to `place` of its strand, and whether the place has been passed
/// with them. At the place itself it has: in a lane of rows nothing that comes later tells.
fn up_to(batch: &Batch, place: &Place) -> (usize, bool) {
    let records = match (place, &batch.offsets) {
        (Place::Offset(to), Some(offsets)) => offsets.partition_point(|offset| offset <= to),
        (Place::Row { file, row }, None) if *file == batch.file => batch.rows.partition_point(|before| before <= row),
        _ => batch.len(),
    };
    let is_at = match (place, &batch.offsets, records.checked_sub(1)) {
        (_, _, None) => false,
        (Place::Offset(to), Some(offsets), Some(last)) => offsets.get(last) == Some(to),
        (Place::Row { file, row }, None, Some(last)) => *file == batch.file && batch.rows.get(last) == Some(row),
        _ => false,
    };
    (records, records < batch.len() || is_at)
}
