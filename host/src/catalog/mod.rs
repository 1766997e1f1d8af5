//! The catalog of a backup: which files hold which topic-partition, in which order.

use std::sync::Arc;

use crate::batch::Batch;
use crate::position::Place;
use crate::read::ReadError;

/// The batches of one lane, in order.
pub trait BatchSource: Send {
    /// The next batch, or `None` at the end of the lane.
    ///
    /// # Errors
    /// Whatever is wrong with the backup, with file and row.
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError>;

    /// Goes to a place of the lane: the next batch begins with the first record at or after it.
    /// `None` is the beginning.
    ///
    /// # Errors
    /// A place that the lane does not have, or a file that cannot be opened.
    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError>;
}
