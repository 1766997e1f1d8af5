//! A lane of dead letters, without what makes them such.

use std::sync::Arc;

use super::lane::LaneSource;
use super::{BatchSource, Finished, LaneStatistics};
use crate::aside;
use crate::batch::Batch;
use crate::position::Place;
use crate::read::ReadError;

/// A lane of dead letters, without what makes them such.
pub(super) struct Stripped(pub(super) LaneSource);

impl BatchSource for Stripped {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        Ok(self.0.next()?.map(aside::stripped))
    }

    fn statistics(&self) -> LaneStatistics {
        self.0.statistics()
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.0.seek(place)
    }

    fn finished(&self) -> Option<Finished> {
        self.0.finished()
    }
}
