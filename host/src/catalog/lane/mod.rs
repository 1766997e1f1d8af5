//! Reads one lane: its files in order, merged where they overlap.
//!
//! A file is opened once the merge reaches its first offset, so an overlap is noticed whatever is
//! known of the file before it; the next one is opened ahead on a thread of its own. Memory is a
//! batch a file under way, files under way being those that overlap.

mod chunk;
mod ends;
mod gather;
mod learned;
mod piece;
mod tally;

use std::cmp::Ordering;
use std::sync::{Arc, mpsc};

use super::opener::{Opener, Opening};
use super::{BatchSource, Finished, Lane, LaneError, LaneStatistics, Piece};
use crate::batch::{Batch, Limits};
use crate::position::{Place, TopicPartition};
use crate::read::{LaneRoom, ReadError, Wanted};
use crate::store::Store;
use chunk::same_record;
pub(super) use ends::Ends;
use gather::Gather;
use learned::Learned;
use piece::{PieceReader, Start};
use tally::Tally;

/// What every file of the lane is opened with.
#[derive(Clone)]
struct Context {
    source: Arc<TopicPartition>,
    store: Store,
    opener: Arc<dyn Opener>,
    limits: Limits,
    /// The lane's own, for all its files; of a merged lane for those of all strands.
    room: LaneRoom,
    /// What is wanted of the lane.
    wanted: Option<Arc<Wanted>>,
}

impl Context {
    /// How a file is opened that is read from a row on.
    fn opening(&self, first_row: u64) -> Opening {
        let Self { limits, room, wanted, .. } = self;
        Opening { first_row, limits: *limits, room: room.clone(), wanted: wanted.clone() }
    }
}

/// See the module.
pub(super) struct LaneSource {
    context: Context,
    pieces: Arc<[Piece]>,
    /// Whether positions are offsets; else rows.
    by_offset: bool,
    learned: Vec<Learned>,
    ends: Arc<Ends>,
    /// The piece to open next.
    next: usize,
    /// Where reading began, for pieces yet to be opened.
    start: Start,
    ahead: Option<Ahead>,
    /// Opened pieces that still have records, in order of the lane.
    active: Vec<PieceReader>,
    gather: Gather,
    /// A batch to hand out before anything else.
    ready: Option<Batch>,
    tally: Tally,
}

/// A piece being opened on a thread of its own.
struct Ahead {
    index: usize,
    opened: mpsc::Receiver<Result<PieceReader, ReadError>>,
}

impl LaneSource {
    /// A lane at its beginning; what is large in its files finds `room`.
    pub(super) fn new(
        lane: &Lane,
        store: Store,
        opener: Arc<dyn Opener>,
        room: LaneRoom,
        limits: Limits,
        wanted: Option<Arc<Wanted>>,
    ) -> Self {
        let limits = Limits { records: limits.records.max(1), bytes: limits.bytes.max(1) };
        Self {
            context: Context { source: Arc::clone(&lane.source), store, opener, limits, room, wanted },
            pieces: Arc::clone(&lane.pieces),
            by_offset: lane.pieces.first().is_some_and(|piece| piece.first_offset().is_some()),
            learned: vec![Learned::default(); lane.pieces.len()],
            ends: Arc::new(Ends::new(&lane.pieces)),
            next: 0,
            start: Start::Beginning,
            ahead: None,
            active: Vec::new(),
            gather: Gather::new(Arc::clone(&lane.source), limits),
            ready: None,
            tally: Tally::default(),
        }
    }

    /// Takes the word of an earlier run that everything before `file` is done with at `offset`.
    pub(super) fn trust(&mut self, offset: i64, file: &str) {
        self.ends.trust(offset, file);
    }

    /// Opens every piece that the merge has reached.
    fn open_due(&mut self) -> Result<(), ReadError> {
        while let Some(piece) = self.pieces.get(self.next) {
            let head = self.active.iter().filter_map(PieceReader::head_offset).min();
            let due = match (head, piece.first_offset()) {
                (Some(head), Some(first)) => first <= head,
                _ => self.active.is_empty(),
            };
            if !due {
                return Ok(());
            }
            let index = self.next;
            self.next += 1;
            if !self.is_before_start(index) {
                let reader = self.open(index)?;
                self.open_ahead();
                if reader.has_more() {
                    self.active.push(reader);
                } else {
                    self.ends.ended(index, reader.last_offset());
                }
            }
        }
        Ok(())
    }

    /// Whether a piece ends before the offset that reading began at.
    fn is_before_start(&self, index: usize) -> bool {
        let Start::Offset(start) = self.start else { return false };
        self.ends.end(index).is_some_and(|last| last < start)
    }

    /// The reader of a piece, opened ahead or now.
    fn open(&mut self, index: usize) -> Result<PieceReader, ReadError> {
        match self.ahead.take() {
            Some(ahead) if ahead.index == index => match ahead.opened.recv() {
                Ok(opened) => opened,
                Err(mpsc::RecvError) => self.open_now(index),
            },
            _ => self.open_now(index),
        }
    }

    fn open_now(&self, index: usize) -> Result<PieceReader, ReadError> {
        PieceReader::open(&self.context, &self.pieces[index], index, self.start_of(index))
    }

    /// Where to begin in a piece: a row is of the first piece after a seek only.
    fn start_of(&self, index: usize) -> Start {
        match self.start {
            Start::Offset(offset) => Start::After { offset, row: self.learned[index].row_before(offset) },
            Start::Row { piece, .. } if piece != index => Start::Beginning,
            start => start,
        }
    }

    /// Begins to open the next piece on a thread of its own. Should none start, the piece is opened
    /// when it is its turn.
    fn open_ahead(&mut self) {
        if self.ahead.is_some() || self.next >= self.pieces.len() || self.is_before_start(self.next) {
            return;
        }
        let (index, start, context) = (self.next, self.start_of(self.next), self.context.clone());
        let pieces = Arc::clone(&self.pieces);
        let (sender, opened) = mpsc::sync_channel(1);
        let work = move || {
            // Nobody waits any more after a seek.
            let _ = sender.send(PieceReader::open(&context, &pieces[index], index, start));
        };
        if std::thread::Builder::new().name("open-ahead".to_owned()).spawn(work).is_ok() {
            self.ahead = Some(Ahead { index, opened });
        }
    }

    /// Sees that every active piece has records at hand, and lets go of those that have ended.
    fn refill(&mut self) -> Result<(), ReadError> {
        let Self { active, learned, ends, .. } = self;
        let mut at = 0;
        while let Some(reader) = active.get_mut(at) {
            reader.refill()?;
            learned[reader.index()].saw(reader);
            if reader.has_more() {
                at += 1;
            } else {
                let ended = active.remove(at);
                ends.ended(ended.index(), ended.last_offset());
            }
        }
        Ok(())
    }

    /// The active piece whose head comes first; of several the first in the lane.
    fn foremost(&self) -> Option<usize> {
        let order = |a: &PieceReader, b: &PieceReader| match a.head_offset().cmp(&b.head_offset()) {
            Ordering::Equal => a.index().cmp(&b.index()),
            order => order,
        };
        (0..self.active.len()).min_by(|a, b| order(&self.active[*a], &self.active[*b]))
    }

    /// Drops the heads of other pieces that are the same record as `foremost`'s; whether there were any.
    fn drop_duplicates(&mut self, foremost: usize) -> Result<bool, ReadError> {
        let offset = self.active[foremost].head_offset();
        let twin =
            (0..self.active.len()).find(|other| *other != foremost && self.active[*other].head_offset() == offset);
        let (Some(offset), Some(twin)) = (offset, twin) else { return Ok(false) };
        let (one, other) = (&self.active[foremost], &self.active[twin]);
        if let (Some(a), Some(b)) = (one.head(), other.head())
            && !same_record(a, b)
        {
            return Err(LaneError::Differ {
                position: self.context.source.at(&Place::Offset(offset)).to_string(),
                first: Arc::clone(one.path()),
                first_row: a.rows[0],
                second: Arc::clone(other.path()),
                second_row: b.rows[0],
            }
            .into());
        }
        self.active[twin].take(1);
        self.tally.duplicate(offset);
        Ok(true)
    }

    /// How many records of `foremost` come before any of another piece.
    fn run(&self, foremost: usize) -> usize {
        let Some(head) = self.active[foremost].head() else { return 0 };
        let Some(offsets) = &head.offsets else { return head.len() };
        let others = (0..self.active.len()).filter(|other| *other != foremost);
        let others = others.filter_map(|other| self.active[other].head_offset());
        let next = self.pieces.get(self.next).and_then(Piece::first_offset);
        match others.chain(next).min() {
            Some(bound) => offsets.partition_point(|offset| *offset < bound),
            None => offsets.len(),
        }
    }
}

impl BatchSource for LaneSource {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        loop {
            if let Some(batch) = self.ready.take() {
                return Ok(Some(Arc::new(batch)));
            }
            self.refill()?;
            self.open_due()?;
            let Some(foremost) = self.foremost() else { return Ok(self.gather.flush().map(Arc::new)) };
            if self.by_offset && self.drop_duplicates(foremost)? {
                continue;
            }
            let run = self.run(foremost);
            let path = Arc::clone(self.active[foremost].path());
            let chunk = self.active[foremost].take(run);
            if let Some(offsets) = &chunk.offsets {
                self.tally.count(offsets);
            }
            let (first, second) = self.gather.add(chunk, path, self.by_offset);
            self.ready = second;
            if let Some(batch) = first {
                return Ok(Some(Arc::new(batch)));
            }
        }
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        let (next, start) = match place {
            // Nothing comes behind any place of a lane of which a selection has left no file.
            _ if self.pieces.is_empty() => (0, Start::Beginning),
            None => (0, Start::Beginning),
            Some(Place::Offset(offset)) if self.by_offset => (0, Start::Offset(*offset)),
            Some(Place::Row { file, row }) if !self.by_offset => {
                match self.pieces.iter().position(|piece| piece.entry.path == *file) {
                    Some(piece) => (piece, Start::Row { piece, row: *row }),
                    None => return Err(self.no_such_place(place)),
                }
            }
            Some(_) => return Err(self.no_such_place(place)),
        };
        self.next = next;
        self.start = start;
        self.ahead = None;
        self.active.clear();
        self.gather.clear();
        self.ready = None;
        self.tally.moved(match start {
            Start::Offset(offset) => Some(offset),
            _ => None,
        });
        Ok(())
    }

    fn statistics(&self) -> LaneStatistics {
        self.tally.statistics()
    }

    fn finished(&self) -> Option<Finished> {
        Some(Finished::alone(&self.ends))
    }
}

impl LaneSource {
    fn no_such_place(&self, place: Option<&Place>) -> ReadError {
        let position = place.map(|place| self.context.source.at(place).to_string()).unwrap_or_default();
        LaneError::NoSuchPlace { position }.into()
    }
}
