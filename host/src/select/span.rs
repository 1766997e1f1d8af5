//! The first or the last records of each lane, found once and kept with a job's progress.
//!
//! They are counted among what everything else of the selection takes. Where the last ones begin is known once the end of
//! the lane was read: from as many of its last files on as it takes. A restore that goes on, and `verify`, take what the
//! first start found, also where the backup has grown since.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::batch::Limits;
use crate::catalog::{BatchSource, Catalog, Lane, Piece};
use crate::job::Limit;
use crate::position::{Place, PlaceRecord};
use crate::read::ReadError;

/// The places of a lane between which it is taken, both included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    first: Option<PlaceRecord>,
    last: Option<PlaceRecord>,
}

/// What is taken of each lane, and by which selection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spans {
    selection: String,
    lanes: BTreeMap<String, Span>,
}

impl Span {
    /// The first record that is taken; `None`: the lane's.
    pub(super) fn first(&self) -> Option<Place> {
        self.first.as_ref().map(Place::from)
    }

    /// The last one, likewise.
    pub(super) fn last(&self) -> Option<Place> {
        self.last.as_ref().map(Place::from)
    }

    /// Whether a piece of a lane may hold some of it.
    pub(super) fn meets(&self, lane: &Lane, piece: &Piece) -> bool {
        let index_of = |path: &str| lane.pieces.iter().position(|piece| &*piece.entry.path == path);
        let here = index_of(&piece.entry.path);
        let begins = match self.first() {
            Some(Place::Offset(first)) => piece.last_offset().is_none_or(|last| last >= first),
            Some(Place::Row { file, .. }) => here >= index_of(&file),
            // Spans are found before lanes are merged.
            None | Some(Place::Of(..) | Place::Each(_)) => true,
        };
        let ends = match self.last() {
            Some(Place::Offset(last)) => piece.first_offset().is_none_or(|first| first <= last),
            Some(Place::Row { file, .. }) => here <= index_of(&file),
            None | Some(Place::Of(..) | Place::Each(_)) => true,
        };
        begins && ends
    }
}

impl Spans {
    /// Looks them up in a catalog whose lanes give what everything else selects.
    ///
    /// # Errors
    /// A file that is not readable.
    pub(super) fn find(catalog: &Catalog, limit: Limit, selection: &str) -> Result<Self, ReadError> {
        let mut lanes = BTreeMap::new();
        for lane in &catalog.lanes {
            let span = match limit {
                Limit::First(records) => first(catalog, lane, records)?,
                Limit::Last(records) => last(catalog, lane, records)?,
            };
            lanes.insert(lane.source.to_string(), span);
        }
        Ok(Self { selection: selection.to_owned(), lanes })
    }

    /// Whether they were found for this selection.
    pub(super) fn are_of(&self, selection: &str) -> bool {
        self.selection == selection
    }

    /// By lane.
    pub(super) fn lanes(&self) -> &BTreeMap<String, Span> {
        &self.lanes
    }
}

/// The span up to the record of this number, counted from 1, or to the last one that there is.
fn first(catalog: &Catalog, lane: &Lane, number: u64) -> Result<Span, ReadError> {
    let mut batches = catalog.open_lane(lane, Limits::default(), None)?;
    let (mut left, mut last) = (number, None);
    while let Some(batch) = batches.next()? {
        let rows = usize::try_from(left).unwrap_or(usize::MAX).min(batch.len());
        if let Some(row) = rows.checked_sub(1) {
            last = Some(PlaceRecord::from(&batch.place(row)));
        }
        left -= rows as u64;
        if left == 0 {
            break;
        }
    }
    Ok(Span { first: None, last: last.or_else(|| Some(before_all(lane))) })
}

/// A place that is behind no record of a lane.
fn before_all(lane: &Lane) -> PlaceRecord {
    match lane.pieces.first().and_then(Piece::first_offset) {
        Some(_) => PlaceRecord::Offset { offset: i64::MIN },
        None => PlaceRecord::Row { file: String::new(), row: 0 },
    }
}

/// The span of the last `records`, or of all where there are no more than these.
fn last(catalog: &Catalog, lane: &Lane, records: u64) -> Result<Span, ReadError> {
    let mut files = 1;
    loop {
        let begin = beginning(&lane.pieces, files);
        let end = lane.with_pieces(lane.pieces.get(begin..).unwrap_or_default().to_vec());
        // The batches that may hold where it begins: their places and lengths.
        let mut kept: VecDeque<(Place, u64)> = VecDeque::new();
        let (mut count, mut last) = (0_u64, None);
        let mut batches = catalog.open_lane(&end, Limits::default(), None)?;
        while let Some(batch) = batches.next()? {
            let Some(row) = batch.len().checked_sub(1) else { continue };
            last = Some(PlaceRecord::from(&batch.place(row)));
            let length = batch.len() as u64;
            kept.push_back((batch.place(0), length));
            count += length;
            while let Some((_, length)) = kept.front().filter(|(_, length)| count - length >= records) {
                count -= length;
                kept.pop_front();
            }
        }
        match kept.front() {
            Some((place, _)) if count >= records => {
                batches.seek(Some(place))?;
                return Ok(Span { first: place_of(&mut *batches, count - records)?, last });
            }
            _ if begin == 0 => return Ok(Span { first: None, last: last.or_else(|| Some(before_all(lane))) }),
            _ => files = (lane.pieces.len() - begin) * 2,
        }
    }
}

/// Where the record stands that so many others come before.
fn place_of(batches: &mut dyn BatchSource, mut before: u64) -> Result<Option<PlaceRecord>, ReadError> {
    while let Some(batch) = batches.next()? {
        match usize::try_from(before) {
            Ok(row) if row < batch.len() => return Ok(Some(PlaceRecord::from(&batch.place(row)))),
            _ => before -= batch.len() as u64,
        }
    }
    Ok(None)
}

/// The piece from which on there are at least so many, and before which all end before it begins.
fn beginning(pieces: &[Piece], files: usize) -> usize {
    let is_apart = |begin: usize| {
        let Some(first) = pieces.get(begin).and_then(Piece::first_offset) else { return true };
        pieces.iter().take(begin).all(|piece| piece.last_offset().is_some_and(|last| last < first))
    };
    let latest = pieces.len().saturating_sub(files);
    (1..=latest).rev().find(|begin| is_apart(*begin)).unwrap_or(0)
}
