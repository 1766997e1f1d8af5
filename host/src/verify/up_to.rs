//! The batches of a lane up to a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::Batch;
use crate::catalog::{BatchSource, LaneStatistics};
use crate::lane::Until;
use crate::mechanism::is_off;
use crate::position::{Place, Restart};
use crate::read::ReadError;

/// See the module. Read once, from the beginning.
pub(super) struct UpTo {
    batches: Box<dyn BatchSource>,
    /// The last record.
    last: Place,
    until: Until,
    /// Whether nothing more is wanted.
    over: Arc<AtomicBool>,
}

impl UpTo {
    /// Those of `batches` up to the record at `last`, as long as it is not `over`.
    pub(super) fn new(batches: Box<dyn BatchSource>, last: &Place, over: Arc<AtomicBool>) -> Self {
        Self { batches, last: last.clone(), until: Until::of(&Restart::After(last.clone())), over }
    }
}

impl BatchSource for UpTo {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        if is_off("verify-what-is-committed") {
            return self.batches.next();
        }
        if self.until.is_passed() || self.over.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some(batch) = self.batches.next()? else { return Ok(None) };
        let records = self.until.take(&batch);
        // Of a merged lane some strands may be at their last record while others are not.
        Ok(Some(if records == batch.len() { batch } else { Arc::new(batch.slice(0, records)) }))
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.until = Until::of(&Restart::After(self.last.clone()));
        self.batches.seek(place)
    }

    fn statistics(&self) -> LaneStatistics {
        self.batches.statistics()
    }
}
