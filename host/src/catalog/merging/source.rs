//! Reads a merged lane: of the records that are next in each strand always the earliest one.
//!
//! What comes out are batches of one strand each, as long as no other strand is due: slices of what the strand's reader
//! gave, so that nothing is copied. At hand is one batch for each strand that is open. A strand of which statistics tell when
//! it begins is opened when the merge comes to that time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::batch::{Batch, Columns, Routes};
use crate::catalog::{BatchSource, Finished, LaneError, LaneStatistics};
use crate::mechanism::is_off;
use crate::position::{Place, Strand, TopicPartition};
use crate::read::ReadError;

/// Strands that are read side by side where several have nothing at hand.
const SIDE_BY_SIDE: usize = 8;

/// A strand, opened at its beginning.
pub(in crate::catalog) struct StrandSource {
    strand: Strand,
    batches: Box<dyn BatchSource>,
    /// No record with a timestamp comes before this one, where that is known.
    starts: Option<i64>,
    /// The last record that is done with, where reading begins at it and not behind it.
    after: Option<Place>,
    /// What was read and not handed out yet.
    head: Option<Arc<Batch>>,
    /// Rows of it that were handed out.
    taken: usize,
}

/// What reading on in a strand came to.
enum Read {
    /// There is a head.
    Head,
    /// Nothing of what was read is wanted.
    Nothing,
    /// There is nothing more.
    End,
}

impl StrandSource {
    pub(in crate::catalog) fn new(strand: Strand, batches: Box<dyn BatchSource>, starts: Option<i64>) -> Self {
        Self { strand, batches, starts, after: None, head: None, taken: 0 }
    }

    /// The timestamp of the next record.
    fn due(&self) -> Option<i64> {
        self.head.as_ref()?.columns.timestamps.get(self.taken).copied().map(due)
    }

    fn read(&mut self, lane: &TopicPartition) -> Result<Read, ReadError> {
        let gone = |place: Place, strand: &Strand| {
            let position = lane.at(&Place::Of(strand.clone(), Box::new(place))).to_string();
            ReadError::from(LaneError::NoSuchPlace { position })
        };
        let Some(batch) = self.batches.next()? else {
            return match self.after.take().filter(|_| !is_off("place-of-rows")) {
                Some(place) => Err(gone(place, &self.strand)),
                None => Ok(Read::End),
            };
        };
        let Some(first) = batch.rows.first() else { return Ok(Read::Nothing) };
        self.taken = match self.after.take() {
            Some(Place::Row { file, row }) if batch.file == file && *first >= row => usize::from(*first == row),
            // What is to follow a record that is gone cannot be told.
            Some(place) if !is_off("place-of-rows") => return Err(gone(place, &self.strand)),
            _ => 0,
        };
        self.head = Some(batch).filter(|batch| self.taken < batch.len());
        Ok(if self.head.is_some() { Read::Head } else { Read::Nothing })
    }

    /// Takes `count` of the records at hand.
    fn take(&mut self, count: usize) -> Option<Batch> {
        let head = self.head.as_ref()?;
        let mut batch = head.slice(self.taken, count);
        batch.strand = Some(self.strand.clone());
        self.taken += count;
        if self.taken == head.len() {
            self.head = None;
        }
        Some(batch)
    }
}

/// What the order goes by; switched off it is another one.
fn due(timestamp: i64) -> i64 {
    if is_off("merge-by-timestamp") { timestamp.wrapping_neg() } else { timestamp }
}

/// See the module.
pub(in crate::catalog) struct Merging {
    lane: Arc<TopicPartition>,
    strands: Vec<StrandSource>,
    /// Timestamps of the heads, each with its strand, the earliest first.
    heads: BinaryHeap<Reverse<(i64, usize)>>,
    /// Strands that have nothing at hand, and have to be read before anything can be handed out.
    wanting: BTreeSet<usize>,
    /// Strands that begin later, with the time.
    waiting: BTreeSet<(i64, usize)>,
}

impl Merging {
    /// A lane of these strands at its beginning; they are in order, which decides between records of one time.
    pub(in crate::catalog) fn new(lane: Arc<TopicPartition>, strands: Vec<StrandSource>) -> Self {
        let mut merging =
            Self { lane, strands, heads: BinaryHeap::new(), wanting: BTreeSet::new(), waiting: BTreeSet::new() };
        merging.begin(|_| false);
        merging
    }

    /// Waits for the strands that begin later, and wants all others; those that have begun are `under_way`.
    fn begin(&mut self, under_way: impl Fn(usize) -> bool) {
        self.heads.clear();
        self.wanting.clear();
        self.waiting.clear();
        for (index, strand) in self.strands.iter().enumerate() {
            match strand.starts.filter(|_| !under_way(index)) {
                Some(starts) => self.waiting.insert((starts, index)),
                None => self.wanting.insert(index),
            };
        }
    }

    /// Wants the strands that begin first, where that is before or with what is next. Only once that is known, and not
    /// those that begin later yet, so that it is the same whatever batches were cut into and wherever reading began.
    fn open_due(&mut self) {
        if !self.wanting.is_empty() {
            return;
        }
        let Some((starts, _)) = self.waiting.first().copied() else { return };
        if self.heads.peek().is_some_and(|Reverse((due, _))| starts > *due) {
            return;
        }
        while let Some(first) = self.waiting.first().copied().filter(|(first, _)| *first == starts) {
            self.waiting.remove(&first);
            self.wanting.insert(first.1);
        }
    }

    /// Reads on in the strands that have nothing at hand; whether they all have now, or have come to their end.
    fn fill(&mut self) -> Result<bool, ReadError> {
        let Self { lane, strands, wanting, .. } = self;
        let empty: Vec<_> = strands.iter_mut().enumerate().filter(|(index, _)| wanting.contains(index)).collect();
        let mut results = side_by_side(empty, |strand| strand.read(lane));
        results.sort_by_key(|(index, _)| *index);
        for (index, result) in results {
            match result? {
                Read::Nothing => continue,
                Read::Head => {
                    let due = self.strands.get(index).and_then(StrandSource::due);
                    self.heads.extend(due.map(|due| Reverse((due, index))));
                }
                Read::End => {}
            }
            self.wanting.remove(&index);
        }
        Ok(self.wanting.is_empty())
    }

    /// What is next, as far as it comes of one strand.
    fn run(&mut self) -> Option<Batch> {
        let Reverse((_, index)) = self.heads.pop()?;
        let strand = self.strands.get_mut(index)?;
        let head = strand.head.as_ref()?;
        let (left, other) = (head.columns.timestamps.get(strand.taken..)?, self.heads.peek());
        let is_next = |timestamp: &i64| {
            let due = due(*timestamp);
            let is_before_others = other.is_none_or(|Reverse(other)| (due, index) < *other);
            let is_before_later = self.waiting.first().is_none_or(|(starts, _)| due < *starts);
            is_before_others && is_before_later
        };
        // The first one is next in any case: that is how it was chosen.
        let count = 1 + left.iter().skip(1).take_while(|timestamp| is_next(timestamp)).count();
        let batch = strand.take(count);
        match strand.due() {
            Some(due) => self.heads.push(Reverse((due, index))),
            None => drop(self.wanting.insert(index)),
        }
        batch
    }
}

impl BatchSource for Merging {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        loop {
            self.open_due();
            if self.wanting.is_empty() {
                return Ok(self.run().map(Arc::new));
            }
            if !self.fill()? {
                // Whoever asks may stop.
                return Ok(Some(Arc::new(self.nothing())));
            }
        }
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        let each = match place {
            None => None,
            Some(Place::Each(each)) => Some(each),
            Some(place) => {
                let position = self.lane.at(place).to_string();
                return Err(LaneError::NoSuchPlace { position }.into());
            }
        };
        for strand in &mut self.strands {
            (strand.head, strand.taken, strand.after) = (None, 0, None);
            let seek = match each.and_then(|each| each.of(&strand.strand)) {
                None => None,
                Some(Place::Offset(done)) => Some(Place::Offset(done.saturating_add(1))),
                Some(place) => {
                    strand.after = Some(place.clone());
                    strand.after.clone()
                }
            };
            strand.batches.seek(seek.as_ref())?;
        }
        let begun: Vec<bool> = {
            let has = |strand: &StrandSource| each.is_some_and(|each| each.of(&strand.strand).is_some());
            self.strands.iter().map(has).collect()
        };
        self.begin(|index| begun.get(index).is_some_and(|begun| *begun));
        Ok(())
    }

    fn finished(&self) -> Option<Finished> {
        let of = |strand: &StrandSource| Some(strand.batches.finished()?.strand(&strand.strand).collect::<Vec<_>>());
        Some(self.strands.iter().filter_map(of).flatten().collect())
    }

    fn statistics(&self) -> LaneStatistics {
        self.strands.iter().map(|strand| strand.batches.statistics()).fold(LaneStatistics::default(), |sum, of| {
            LaneStatistics {
                duplicates: sum.duplicates + of.duplicates,
                gaps: sum.gaps + of.gaps,
                missing_offsets: sum.missing_offsets.saturating_add(of.missing_offsets),
            }
        })
    }
}

impl Merging {
    /// A batch of no records.
    fn nothing(&self) -> Batch {
        Batch {
            source: Arc::clone(&self.lane),
            strand: None,
            file: "".into(),
            rows: Vec::new().into(),
            offsets: None,
            columns: Columns::empty(),
            routes: Routes::default(),
        }
    }
}

/// `work` on every item, several side by side.
fn side_by_side<T: Send, R: Send>(items: Vec<(usize, T)>, work: impl Fn(T) -> R + Sync) -> Vec<(usize, R)> {
    if items.len() == 1 {
        return items.into_iter().map(|(index, item)| (index, work(item))).collect();
    }
    let (workers, items) = (items.len().min(SIDE_BY_SIDE), Mutex::new(items.into_iter()));
    let results = Mutex::new(Vec::new());
    let take = || {
        loop {
            let next = items.lock().next();
            let Some((index, item)) = next else { return };
            let result = work(item);
            results.lock().push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            // Without a thread this one does the work.
            let named = std::thread::Builder::new().name("open-ahead".to_owned());
            if named.spawn_scoped(scope, take).is_err() {
                break;
            }
        }
        take();
    });
    results.into_inner()
}
