//! Which files of a lane are done with once everything up to a record is written.
//!
//! Where a file ends is known of some files beforehand and of the others once they were read to their end. That is kept
//! with a job's progress, so that a restore that goes on does not read to their ends again what it has done.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::catalog::Piece;
use crate::position::Place;

/// What is known of the ends of a lane's files; shared between who reads them and who writes their records.
#[derive(Debug)]
pub(in crate::catalog) struct Ends {
    pieces: Arc<[Piece]>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// By piece: the last offset, once it was read to its end; the smallest one for a piece without records.
    ends: Vec<Option<i64>>,
    /// How many pieces are done with at `asked`.
    done: usize,
    asked: i64,
}

impl Ends {
    pub(super) fn new(pieces: &Arc<[Piece]>) -> Self {
        let ends = pieces.iter().map(Piece::last_offset).collect();
        Self { pieces: Arc::clone(pieces), state: Mutex::new(State { ends, done: 0, asked: i64::MIN }) }
    }

    /// Notes that the reading of a piece has come to its end.
    pub(super) fn ended(&self, index: usize, last: Option<i64>) {
        if let Some(end) = self.state.lock().ends.get_mut(index) {
            *end = (*end).max(last).or(Some(i64::MIN));
        }
    }

    /// Takes the word of an earlier run that everything before `file` is done with at `offset`.
    pub(super) fn trust(&self, offset: i64, file: &str) {
        let Some(index) = self.pieces.iter().position(|piece| &*piece.entry.path == file) else { return };
        let mut state = self.state.lock();
        state.ends.iter_mut().take(index).for_each(|end| *end = end.or(Some(offset)));
    }

    /// Where a piece ends, as far as it is known.
    pub(super) fn end(&self, index: usize) -> Option<i64> {
        self.state.lock().ends.get(index).copied().flatten()
    }

    /// The first file of the lane, in its order, that may hold records behind `place`; `None` where that is not known
    /// better than by `place` itself.
    pub(crate) fn first_left(&self, place: &Place) -> Option<Arc<str>> {
        let Place::Offset(offset) = place else { return None };
        let State { ends, done, asked } = &mut *self.state.lock();
        if offset < asked {
            *done = 0;
        }
        *asked = *offset;
        *done += ends.iter().skip(*done).take_while(|end| end.is_some_and(|end| end <= *offset)).count();
        self.pieces.get(*done).map(|piece| Arc::clone(&piece.entry.path))
    }
}
