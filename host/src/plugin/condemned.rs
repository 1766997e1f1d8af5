//! The records that were proved guilty in one plugin of a lane.
//!
//! A plugin never sees them again: whatever is replayed later, its state is built without them, and nobody has to find
//! out twice who was to blame.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::batch::Batch;
use crate::position::{Place, Strand};

/// Records that are remembered. Of more than these the first are found guilty again where they are replayed.
const REMEMBERED: usize = 10_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Condemned(BTreeMap<Key, (Place, Arc<str>)>);

/// A place as an order that holds within a file, and where there are offsets within the lane, or its strand.
type Key = (Option<Strand>, Option<Arc<str>>, i128);

fn key(place: &Place) -> Key {
    match place {
        Place::Offset(offset) => (None, None, i128::from(*offset)),
        Place::Row { file, row } => (None, Some(Arc::clone(file)), i128::from(*row)),
        Place::Of(strand, place) => {
            let (_, file, number) = key(place);
            (Some(strand.clone()), file, number)
        }
        // No record is there.
        Place::Each(_) => (None, None, i128::MIN),
    }
}

impl Condemned {
    /// Adds the record at a place, and why.
    pub(super) fn add(&mut self, place: Place, reason: Arc<str>) {
        if self.0.len() == REMEMBERED {
            self.0.pop_first();
        }
        self.0.insert(key(&place), (place, reason));
    }

    /// Those that are in `batch`, and why.
    pub(super) fn within(&self, batch: &Batch) -> Vec<(Place, Arc<str>)> {
        if self.0.is_empty() || batch.is_empty() {
            return Vec::new();
        }
        let (first, last) = (key(&batch.place(0)), key(&batch.place(batch.len() - 1)));
        let near = self.0.range(first..=last).map(|(_, condemned)| condemned);
        near.filter(|(place, _)| !batch.rows_at(place).is_empty()).cloned().collect()
    }
}
