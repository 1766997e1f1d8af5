//! The selected batches of a lane.

use std::sync::Arc;

use super::RowTests;
use crate::batch::Batch;
use crate::catalog::{BatchSource, Finished, LaneStatistics};
use crate::job::OffsetRange;
use crate::position::{Place, TopicPartition};
use crate::read::ReadError;

/// Batches of which only what is selected is left; where that is nothing they are empty, so that whoever asks for the next
/// one may stop.
pub(crate) struct Selecting {
    batches: Box<dyn BatchSource>,
    tests: Arc<RowTests>,
    offsets: Option<OffsetRange>,
    mask: Vec<u8>,
    /// Whether the beginning of the offsets was gone to.
    is_begun: bool,
}

impl Selecting {
    /// What `tests` take of a lane at its beginning.
    pub(crate) fn new(batches: Box<dyn BatchSource>, tests: Arc<RowTests>, lane: &TopicPartition) -> Self {
        let offsets = tests.offsets_of(lane);
        Self { batches, tests, offsets, mask: Vec::new(), is_begun: false }
    }

    /// Whether nothing that comes with or behind a batch is taken.
    fn is_behind(&self, batch: &Batch) -> bool {
        let first = batch.offsets.as_ref().and_then(|offsets| offsets.first());
        let until = self.offsets.and_then(|range| range.until);
        first.zip(until).is_some_and(|(first, until)| *first >= until)
    }
}

impl BatchSource for Selecting {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        if !self.is_begun {
            self.seek(None)?;
        }
        let Some(batch) = self.batches.next()? else { return Ok(None) };
        if self.is_behind(&batch) {
            return Ok(None);
        }
        Ok(Some(self.tests.of(batch, self.offsets, &mut self.mask)))
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        let is_begun = std::mem::replace(&mut self.is_begun, true);
        let first = self.offsets.and_then(|range| range.from).map(Place::Offset);
        match place.or(first.as_ref()) {
            None if !is_begun => Ok(()),
            place => self.batches.seek(place),
        }
    }

    fn statistics(&self) -> LaneStatistics {
        // What lies between the parts that are read is not missing.
        LaneStatistics { gaps: 0, missing_offsets: 0, ..self.batches.statistics() }
    }

    fn finished(&self) -> Option<Arc<Finished>> {
        self.batches.finished()
    }
}
