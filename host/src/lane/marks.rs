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

/// Batches remembered: with batches of a few thousand records, some hundred million records. Of a merged lane, where each
/// takes as many places as there are strands, so much fewer.
const REMEMBERED: usize = 1 << 16;
/// Records from one remembered batch of a merged lane to the next: its batches may be as short as a record.
const SPACING: u64 = if cfg!(test) { 16 } else { 1 << 10 };

/// The beginnings of the latest batches.
#[derive(Debug, Default)]
pub(super) struct Marks {
    passed: VecDeque<Mark>,
    read: u64,
    /// Of a merged lane: how far what was read goes.
    reached: Option<Place>,
}

/// The beginning of a batch.
#[derive(Clone, Debug)]
struct Mark {
    /// Its first record.
    first: Place,
    /// Where to go to for it: to the record itself, and in a merged lane behind all before it.
    from: Option<Place>,
    /// How many records of the lane were read before it.
    before: u64,
}

impl Marks {
    /// Notes that a batch was read.
    pub(super) fn note(&mut self, batch: &Batch) {
        if batch.is_empty() {
            return;
        }
        let first = batch.place(0);
        let (from, is_due) = match &self.reached {
            _ if batch.strand.is_none() => (Some(first.clone()), true),
            reached => {
                let far = self.passed.back().is_none_or(|last| self.read >= last.before + SPACING);
                (reached.clone().filter(|_| far), far)
            }
        };
        if is_due {
            let strands = if let Some(Place::Each(each)) = &from { each.len() } else { 1 };
            while self.passed.len() >= (REMEMBERED / strands.max(1)).max(1) {
                self.passed.pop_front();
            }
            self.passed.push_back(Mark { first, from, before: self.read });
        }
        self.read += batch.len() as u64;
        if batch.strand.is_some() {
            Place::advance(&mut self.reached, batch.place(batch.len() - 1));
        }
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
        let holding = self.passed.iter().rposition(|mark| at_or_before(&mark.first, to));
        let start = holding.and_then(|holding| {
            let wanted = self.passed.get(holding)?.before.checked_sub(window)?;
            self.passed.iter().rposition(|mark| mark.before <= wanted)
        });
        match start.and_then(|start| self.passed.get(start).cloned()) {
            Some(Mark { from, before, .. }) => {
                self.passed.retain(|mark| mark.before < before);
                self.read = before;
                self.reached = from.clone().filter(|from| matches!(from, Place::Each(_)));
                from
            }
            None => {
                *self = Self::default();
                None
            }
        }
    }

    fn forget_from(&mut self, to: &Place) {
        if let Some(holding) = self.passed.iter().rposition(|mark| at_or_before(&mark.first, to)) {
            if let Some(mark) = self.passed.get(holding) {
                self.read = mark.before;
            }
            self.passed.truncate(holding);
        } else {
            *self = Self::default();
        }
        self.reached = Some(to.clone()).filter(|to| matches!(to, Place::Each(_)));
    }
}

/// A place from which reading comes to what follows `place`: behind it where places can be reckoned with, which spares
/// opening a file that is done with, and else itself.
fn next(place: &Place) -> Place {
    match place {
        Place::Offset(offset) => Place::Offset(offset.saturating_add(1)),
        Place::Row { .. } | Place::Of(..) | Place::Each(_) => place.clone(),
    }
}

/// Whether a remembered batch that begins at `place` begins at or before `to`. For rows only places
/// of the same file compare; a batch never spans two files, so that is enough to find the one that
/// holds `to`.
fn at_or_before(place: &Place, to: &Place) -> bool {
    match (place, to) {
        (Place::Offset(place), Place::Offset(to)) => place <= to,
        (Place::Row { file: a, row: place }, Place::Row { file: b, row: to }) => a == b && place <= to,
        (Place::Of(strand, place), Place::Each(to)) => to.of(strand).is_some_and(|to| at_or_before(place, to)),
        _ => false,
    }
}
