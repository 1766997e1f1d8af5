//! Leaves out the headers of provenance that records of a backup bring along: they tell of an earlier restore, and not
//! of this one.

use std::sync::Arc;

use crate::batch::Batch;
use crate::catalog::{BatchSource, Finished, LaneStatistics};
use crate::position::Place;
use crate::read::ReadError;
use crate::target::kafka::provenance::{JOB, SOURCE};

/// Batches without these headers.
pub(super) struct WithoutProvenance(pub(super) Box<dyn BatchSource>);

impl BatchSource for WithoutProvenance {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        let Some(batch) = self.0.next()? else { return Ok(None) };
        Ok(Some(match batch.columns.headers.without(&[JOB, SOURCE]) {
            None => batch,
            Some(headers) => {
                let mut batch = Arc::unwrap_or_clone(batch);
                batch.columns.headers = headers;
                Arc::new(batch)
            }
        }))
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.0.seek(place)
    }

    fn statistics(&self) -> LaneStatistics {
        self.0.statistics()
    }

    fn finished(&self) -> Option<Finished> {
        self.0.finished()
    }
}
