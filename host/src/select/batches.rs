//! The selected batches of a lane.

use std::sync::Arc;

use super::{RowTests, Span};
use crate::batch::Batch;
use crate::catalog::{BatchSource, Finished, Lane, LaneStatistics, Piece};
use crate::job::OffsetRange;
use crate::position::Place;
use crate::read::ReadError;

/// Batches of which only what is selected is left; where that is nothing they are empty, so that whoever asks for the next
/// one may stop.
pub(crate) struct Selecting {
    batches: Box<dyn BatchSource>,
    tests: Arc<RowTests>,
    offsets: Option<OffsetRange>,
    mask: Vec<u8>,
    /// The first record that is taken, where the lane does not begin with it.
    first: Option<Place>,
    /// The last row that is taken, where positions are rows.
    last_row: Option<LastRow>,
    /// Whether the first record was gone to.
    is_begun: bool,
}

/// The last row that is taken of a lane whose positions are rows.
struct LastRow {
    pieces: Arc<[Piece]>,
    file: Arc<str>,
    row: u64,
}

impl LastRow {
    /// How many records of a batch, which is of one file, are not behind it; `None` where all that follows is, too.
    fn upto(&self, batch: &Batch) -> Option<usize> {
        if batch.file == self.file {
            let count = batch.rows.partition_point(|row| *row <= self.row);
            return (count > 0).then_some(count);
        }
        let index = |file: &str| self.pieces.iter().position(|piece| &*piece.entry.path == file);
        (index(&batch.file) < index(&self.file)).then_some(batch.len())
    }
}

impl Selecting {
    /// What `tests` take of a lane at its beginning.
    pub(crate) fn new(batches: Box<dyn BatchSource>, tests: Arc<RowTests>, lane: &Lane) -> Self {
        let offsets = tests.offsets_of(&lane.source);
        let span = tests.span_of(&lane.source.to_string());
        let first = match span.and_then(Span::first) {
            Some(row @ Place::Row { .. }) => Some(row),
            _ => offsets.and_then(|range| range.from).map(Place::Offset),
        };
        let last_row = match span.and_then(Span::last) {
            Some(Place::Row { file, row }) => Some(LastRow { pieces: Arc::clone(&lane.pieces), file, row }),
            _ => None,
        };
        Self { batches, tests, offsets, mask: Vec::new(), first, last_row, is_begun: false }
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
        let batch = match &self.last_row {
            None => batch,
            Some(last) => match last.upto(&batch) {
                None => return Ok(None),
                Some(count) if count < batch.len() => Arc::new(batch.slice(0, count)),
                Some(_) => batch,
            },
        };
        Ok(Some(self.tests.of(batch, self.offsets, &mut self.mask)))
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        let is_begun = std::mem::replace(&mut self.is_begun, true);
        match place.or(self.first.as_ref()) {
            None if !is_begun => Ok(()),
            place => self.batches.seek(place),
        }
    }

    fn statistics(&self) -> LaneStatistics {
        // What lies between the parts that are read is not missing.
        LaneStatistics { gaps: 0, missing_offsets: 0, ..self.batches.statistics() }
    }

    fn finished(&self) -> Option<Finished> {
        self.batches.finished()
    }
}
