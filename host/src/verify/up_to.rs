//! The batches of a lane up to a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::Batch;
use crate::catalog::{BatchSource, LaneStatistics};
use crate::lane::records_up_to;
use crate::mechanism::is_off;
use crate::position::Place;
use crate::read::ReadError;

/// See the module. Read once, from the beginning.
pub(super) struct UpTo {
    pub(super) batches: Box<dyn BatchSource>,
    /// The last record.
    pub(super) last: Place,
    /// Whether nothing more is wanted.
    pub(super) over: Arc<AtomicBool>,
    pub(super) passed: bool,
}

impl BatchSource for UpTo {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        if is_off("verify-what-is-committed") {
            return self.batches.next();
        }
        if self.passed || self.over.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some(batch) = self.batches.next()? else { return Ok(None) };
        let records = records_up_to(&batch, &self.last);
        self.passed = records < batch.len() || records > 0 && batch.place(records - 1) == self.last;
        Ok(if records == batch.len() { Some(batch) } else { (records > 0).then(|| Arc::new(batch.slice(0, records))) })
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.passed = false;
        self.batches.seek(place)
    }

    fn statistics(&self) -> LaneStatistics {
        self.batches.statistics()
    }
}
