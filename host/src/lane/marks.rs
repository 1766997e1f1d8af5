//! Remembers where batches began, so that a rewind finds the records a plugin's window needs.
//!
//! A plugin whose answers depend on the `n` records before must see them again before it goes on.
//! Offsets have gaps, so "n records before" cannot be computed; it is looked up among the places that
//! were passed. Where they do not reach back far enough the lane is replayed from its beginning, which
//! is slower and as right.

use std::collections::VecDeque;

use crate::batch::Batch;
use crate::plugin::State;
use crate::position::{Place, Restart};

/// Batches remembered: with batches of a few thousand records, some hundred million records.
const REMEMBERED: usize = 1 << 16;

/// The beginnings of the latest batches.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// First place of a batch, and how many records of the lane were read before it since `origin`.
    passed: VecDeque<(Place, u64)>,
    read: u64,
}

impl Marks {
    /// Notes that a batch was read.
    pub(super) fn note(&mut self, batch: &Batch) {
        if batch.is_empty() {
            return;
        }
        if self.passed.len() == REMEMBERED {
            self.passed.pop_front();
        }
        self.passed.push_back((batch.place(0), self.read));
        self.read += batch.len() as u64;
    }

    /// Where to begin reading so that a transform of this state can go on there; `None` is the beginning of the
    /// lane. What is at and after that place is forgotten here, as it will be read again.
    pub(super) fn rewind(&mut self, to: &Restart, state: State) -> Option<Place> {
        let Restart::After(to) = to else {
            *self = Self::default();
            return None;
        };
        let window = match state {
            State::None => {
                self.forget_from(to);
                return Some(next(to));
            }
            State::Window(window) => u64::from(window),
            State::Lane => {
                *self = Self::default();
                return None;
            }
        };
        // The batch that holds `to` begins at or before it, so counting from its beginning errs on the
        // side of more replay.
        let holding = self.passed.iter().rposition(|(place, _)| at_or_before(place, to));
        let start = holding.and_then(|holding| {
            let (_, read_before) = self.passed.get(holding)?;
            let wanted = read_before.checked_sub(window)?;
            self.passed.iter().rposition(|(_, read)| *read <= wanted)
        });
        match start.and_then(|start| self.passed.get(start).cloned()) {
            Some((place, read)) => {
                self.passed.retain(|(_, before)| *before < read);
                self.read = read;
                Some(place)
            }
            None => {
                *self = Self::default();
                None
            }
        }
    }

    fn forget_from(&mut self, to: &Place) {
        if let Some(holding) = self.passed.iter().rposition(|(place, _)| at_or_before(place, to)) {
            if let Some((_, read)) = self.passed.get(holding) {
                self.read = *read;
            }
            self.passed.truncate(holding);
        } else {
            *self = Self::default();
        }
    }
}

/// A place from which reading comes to what follows `place`: behind it where places can be reckoned with, which spares
/// opening a file that is done with, and else itself.
fn next(place: &Place) -> Place {
    match place {
        Place::Offset(offset) => Place::Offset(offset.saturating_add(1)),
        Place::Row { .. } => place.clone(),
    }
}

/// Whether a remembered batch that begins at `place` begins at or before `to`. For rows only places
/// of the same file compare; a batch never spans two files, so that is enough to find the one that
/// holds `to`.
fn at_or_before(place: &Place, to: &Place) -> bool {
    match (place, to) {
        (Place::Offset(place), Place::Offset(to)) => place <= to,
        (Place::Row { file: a, row: place }, Place::Row { file: b, row: to }) => a == b && place <= to,
        _ => false,
    }
}

/// How many records at the beginning of `batch` come up to `place`, itself among them, seen by somebody who
/// reads towards `place` and has not passed it yet.
pub(crate) fn records_up_to(batch: &Batch, place: &Place) -> usize {
    match (place, &batch.offsets) {
        (Place::Offset(to), Some(offsets)) => offsets.partition_point(|offset| offset <= to),
        (Place::Row { file, row }, None) if *file == batch.file => batch.rows.partition_point(|before| before <= row),
        _ => batch.len(),
    }
}
