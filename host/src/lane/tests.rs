//! Lanes driven by random backups, batch cuts, rewinds, resumes and stops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_buffer::ScalarBuffer;
use parking_lot::Mutex;
use proptest::prelude::*;

use super::*;
use crate::aside::Ceiling;
use crate::batch::{ColumnsBuilder, Outputs, Patch, Patches, Routes, Selection};
use crate::catalog::LaneStatistics;
use crate::plugin::{Passed, State};
use crate::position::{Place, Strand};
use crate::read::Count;
use crate::report::{PluginCounts, Progress, Volume};
use crate::target::{Sent, Standing};

/// A backup in memory: offsets with gaps, cut into batches of the given sizes.
struct Records {
    source: Arc<TopicPartition>,
    offsets: Vec<i64>,
    by_row: bool,
    /// How many strands are merged into it; 0 for a lane of its own.
    strands: i64,
    cuts: Vec<usize>,
    next: usize,
    batches: usize,
}

/// Rows of a "file" in a backup without offsets.
const FILE_ROWS: u64 = 37;

impl Records {
    /// A lane of these.
    fn new(source: &Arc<TopicPartition>, offsets: Vec<i64>, cuts: Vec<usize>) -> Self {
        Self { source: Arc::clone(source), offsets, by_row: false, strands: 0, cuts, next: 0, batches: 0 }
    }

    fn place(&self, index: usize) -> Place {
        let place = if self.by_row {
            let index = index as u64;
            Place::Row { file: format!("f{}", index / FILE_ROWS).into(), row: index % FILE_ROWS }
        } else {
            Place::Offset(self.offsets[index])
        };
        match self.strand(index) {
            None => place,
            Some(strand) => Place::Of(strand, Box::new(place)),
        }
    }

    /// The strand of a record; several follow each other in one now and then.
    fn strand(&self, index: usize) -> Option<Strand> {
        (self.strands > 0).then(|| Strand::Partition((self.offsets[index] / 3 % self.strands) as i32))
    }

    /// How far the lane has come once it is done with each record.
    fn reached(&self) -> Vec<Place> {
        let mut up_to = None;
        let reached = |index| {
            Place::advance(&mut up_to, self.place(index));
            up_to.clone().unwrap()
        };
        (0..self.offsets.len()).map(reached).collect()
    }
}

impl BatchSource for Records {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        if self.next == self.offsets.len() {
            return Ok(None);
        }
        let cut = self.cuts[self.batches % self.cuts.len()];
        self.batches += 1;
        let mut end = (self.next + cut).min(self.offsets.len());
        if self.by_row {
            let file_end = (self.next as u64 / FILE_ROWS + 1) * FILE_ROWS;
            end = end.min(file_end as usize);
        }
        let strand = self.strand(self.next);
        end = (self.next..end).find(|index| self.strand(*index) != strand).unwrap_or(end);
        let range = self.next..end;
        let mut columns = ColumnsBuilder::default();
        for offset in &self.offsets[range.clone()] {
            columns.key(Some(format!("k{}", offset % 5).as_bytes()));
            columns.value(Some(offset.to_string().as_bytes()));
            columns.end_row(*offset);
        }
        let rows: Vec<u64> =
            range.clone().map(|row| if self.by_row { row as u64 % FILE_ROWS } else { row as u64 }).collect();
        let file = if self.by_row { format!("f{}", range.start as u64 / FILE_ROWS) } else { "all".to_owned() };
        self.next = end;
        Ok(Some(Arc::new(Batch {
            source: Arc::clone(&self.source),
            file: file.into(),
            rows: ScalarBuffer::from(rows),
            offsets: (!self.by_row).then(|| ScalarBuffer::from(self.offsets[range].to_vec())),
            columns: columns.finish(),
            strand,
            routes: Routes::default(),
        })))
    }

    fn statistics(&self) -> LaneStatistics {
        LaneStatistics::default()
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.next = match place {
            None => 0,
            Some(Place::Offset(offset)) => self.offsets.partition_point(|before| before < offset),
            Some(Place::Each(_)) => 1 + self.reached().iter().position(|reached| Some(reached) == place).unwrap(),
            Some(wanted) => (0..self.offsets.len()).position(|index| self.place(index) == *wanted).unwrap(),
        };
        Ok(())
    }
}

/// Replaces each value by a digest of it and what its state holds, and leaves out every third record.
struct Digest {
    state: State,
    seen: Vec<i64>,
}

impl Digest {
    fn over(&mut self, offset: i64) -> Option<String> {
        self.seen.push(offset);
        let from = match self.state {
            State::None => self.seen.len() - 1,
            State::Window(window) => self.seen.len().saturating_sub(window as usize + 1),
            State::Lane => 0,
        };
        let digest = self.seen[from..].iter().fold(7_i64, |digest, seen| digest.wrapping_mul(31).wrapping_add(*seen));
        (offset % 3 != 0).then(|| format!("{offset}:{digest}"))
    }
}

impl Transform for Digest {
    fn process(&mut self, batch: Arc<Batch>, counts: &mut [PluginCounts]) -> Result<Passed, TransformError> {
        let offsets: Vec<i64> = batch.columns.timestamps.to_vec();
        counts[0].read += offsets.len() as u64;
        let answers: Vec<Option<String>> = offsets.iter().map(|offset| self.over(*offset)).collect();
        let kept: Vec<u32> = (0..offsets.len() as u32).filter(|row| answers[*row as usize].is_some()).collect();
        let values: Vec<&[u8]> = answers.iter().flatten().map(String::as_bytes).collect();
        let patches = Patches {
            values: Some(Patch { rows: (0..kept.len() as u32).collect::<Vec<_>>().into(), column: values.into() }),
            ..Patches::default()
        };
        Ok(Outputs { batch, selection: Selection::Rows(kept), patches }.into())
    }

    fn replay(&mut self, batch: Arc<Batch>) -> Result<(), TransformError> {
        self.process(batch, &mut [PluginCounts::default()]).map(drop)
    }

    fn state(&self) -> State {
        self.state
    }

    fn reset(&mut self) -> Result<(), TransformError> {
        self.seen.clear();
        Ok(())
    }
}

/// Keeps what is sent and, now and then, takes some of it back.
struct FickleTarget {
    sent: Arc<Mutex<Vec<(Place, String)>>>,
    /// Every place of the lane, and how far it has come there.
    places: Vec<(Place, Place)>,
    fickle: Vec<usize>,
    wanted: Option<Restart>,
}

impl FickleTarget {
    fn maybe_take_back(&mut self) {
        let mut sent = self.sent.lock();
        if sent.is_empty() {
            return;
        }
        if let Some(position) = self.fickle.pop().filter(|position| position % 2 == 0) {
            let keep = position % sent.len();
            let taken = self.places.iter().position(|(place, _)| *place == sent[keep].0).unwrap();
            self.wanted = Some(Restart::from(taken.checked_sub(1).map(|before| self.places[before].1.clone())));
            sent.truncate(keep);
        }
    }
}

impl LaneTarget for FickleTarget {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        for row in outputs.rows() {
            let value = String::from_utf8(row.value.unwrap().to_vec()).unwrap();
            self.sent.lock().push((outputs.batch.place(row.input), value));
        }
        self.maybe_take_back();
        Ok(Sent::default())
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        self.maybe_take_back();
        Ok(())
    }

    fn take_rewind(&mut self) -> Option<Restart> {
        self.wanted.take()
    }
}

/// Commits when it likes to, and takes back what was not committed, or what was, without telling that it was.
struct Transactions {
    sent: Arc<Mutex<Vec<String>>>,
    committed: usize,
    place: Restart,
    whims: Vec<u8>,
    due: bool,
    wanted: Option<Restart>,
}

impl Transactions {
    fn take_back(&mut self) {
        self.sent.lock().truncate(self.committed);
        self.wanted = Some(self.place.clone());
    }

    fn finish(&mut self, standing: &Standing) {
        self.committed = self.sent.lock().len();
        self.place = Restart::from(standing.tally.up_to.clone());
    }
}

impl LaneTarget for Transactions {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let values = outputs.rows().map(|row| String::from_utf8(row.value.unwrap().to_vec()).unwrap());
        self.sent.lock().extend(values);
        let volume = Volume::new(outputs.rows().count() as u64, 0);
        match self.whims.pop() {
            Some(whim) if whim % 5 == 0 => self.take_back(),
            Some(whim) => self.due = whim % 5 == 1,
            None => {}
        }
        Ok(Sent { by_topic: vec![("copy".into(), volume)], ..Sent::default() })
    }

    fn commit(&mut self, standing: &Standing) -> Result<(), TargetError> {
        self.due = false;
        match self.whims.pop().map(|whim| whim % 3) {
            Some(0) => self.take_back(),
            Some(1) => {
                // It came through, and the answer was lost.
                self.finish(standing);
                self.wanted = Some(self.place.clone());
            }
            _ => self.finish(standing),
        }
        Ok(())
    }

    fn commit_by(&self) -> Option<Instant> {
        self.due.then(Instant::now)
    }

    fn take_rewind(&mut self) -> Option<Restart> {
        self.wanted.take()
    }
}

fn ceiling() -> &'static Ceiling {
    static CEILING: std::sync::LazyLock<Ceiling> =
        std::sync::LazyLock::new(|| Ceiling::new(Default::default(), [].iter()));
    &CEILING
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![Just(State::None), (0_u32..60).prop_map(State::Window), Just(State::Lane)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn rewinding_loses_doubles_and_reorders_nothing(
        steps in prop::collection::vec(1_i64..4, 1..400),
        cuts in prop::collection::vec(1_usize..50, 1..8),
        fickle in prop::collection::vec(any::<prop::sample::Index>().prop_map(|index| index.index(100_000)), 0..12),
        state in state(),
        by_row in any::<bool>(),
        strands in prop_oneof![Just(0_i64), 1_i64..5],
        start in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let offsets: Vec<i64> = steps.iter().scan(0, |offset, step| { *offset += step; Some(*offset) }).collect();
        let source = Arc::new(TopicPartition::new("orders", Some(3)));
        let records = Records { by_row, strands, ..Records::new(&source, offsets.clone(), cuts) };
        let start = start.map(|start| start.index(offsets.len()));
        let mut model = Digest { state, seen: Vec::new() };
        let expected: Vec<(Place, String)> = offsets.iter().enumerate()
            .filter_map(|(index, offset)| Some((index, model.over(*offset)?)))
            .filter(|(index, _)| start.is_none_or(|start| *index >= start))
            .map(|(index, value)| (records.place(index), value))
            .collect();
        let reached = records.reached();
        let from = Restart::from(start.and_then(|start| start.checked_sub(1)).map(|done| reached[done].clone()));
        let places = reached.into_iter().enumerate().map(|(index, reached)| (records.place(index), reached)).collect();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (budget, stop, progress) = (Budget::new(2000), StopSignal::default(), LaneProgress::new(Arc::clone(&source)));
        let outcome = Lane {
            source,
            batches: Box::new(records),
            transform: Box::new(Digest { state, seen: Vec::new() }),
            target: Box::new(FickleTarget { sent: Arc::clone(&sent), places, fickle, wanted: None }),
            from,
            kept: Kept::default(),
            letters: Letters::none(),
            ceiling: ceiling().lane(),
            plugins: 1,
            budget: &budget,
            stop: &stop,
            progress: &progress,
        }.run().unwrap();
        prop_assert_eq!(outcome.end, LaneEnd::Complete);
        prop_assert_eq!(&*sent.lock(), &expected);
    }

    #[test]
    fn what_is_taken_back_is_sent_and_counted_once(
        steps in prop::collection::vec(1_i64..4, 1..200),
        cuts in prop::collection::vec(1_usize..20, 1..8),
        whims in prop::collection::vec(any::<u8>(), 0..60),
        state in state(),
        by_row in any::<bool>(),
        strands in prop_oneof![Just(0_i64), 1_i64..5],
        start in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let offsets: Vec<i64> = steps.iter().scan(0, |offset, step| { *offset += step; Some(*offset) }).collect();
        let source = Arc::new(TopicPartition::new("orders", Some(3)));
        let records = Records { by_row, strands, ..Records::new(&source, offsets.clone(), cuts) };
        let start = start.map_or(0, |start| start.index(offsets.len()));
        let mut model = Digest { state, seen: Vec::new() };
        let expected: Vec<String> =
            offsets.iter().map(|offset| model.over(*offset)).skip(start).flatten().collect();
        let mut reached = records.reached();
        let from = Restart::from(start.checked_sub(1).map(|done| reached[done].clone()));
        let last = reached.pop().unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let progress = Progress::new([(Arc::clone(&source), Count::Exact(0))]);
        let (budget, stop) = (Budget::new(2000), StopSignal::default());
        let target =
            Transactions { sent: Arc::clone(&sent), committed: 0, place: from.clone(), whims, due: false, wanted: None };
        let outcome = Lane {
            source,
            batches: Box::new(records),
            transform: Box::new(Digest { state, seen: Vec::new() }),
            target: Box::new(target),
            from,
            kept: Kept::default(),
            letters: Letters::none(),
            ceiling: ceiling().lane(),
            plugins: 1,
            budget: &budget,
            stop: &stop,
            progress: &progress.lanes()[0],
        }.run().unwrap();
        prop_assert_eq!(outcome.end, LaneEnd::Complete);
        prop_assert_eq!(&*sent.lock(), &expected);
        prop_assert_eq!((progress.read(), progress.written()), (outcome.tally.read, outcome.tally.total_written()));
        prop_assert_eq!(outcome.tally.read.records, (offsets.len() - start) as u64);
        prop_assert_eq!(outcome.tally.plugins[0].read, (offsets.len() - start) as u64);
        prop_assert_eq!(outcome.tally.total_written().records, expected.len() as u64);
        prop_assert_eq!(outcome.tally.up_to, Some(last));
    }
}

/// Remembers when it was told to commit; it wants to be 20 ms after what was sent.
struct Idle {
    sent: Option<Instant>,
    committed: Arc<Mutex<Vec<Duration>>>,
}

impl LaneTarget for Idle {
    fn send(&mut self, _outputs: &Outputs) -> Result<Sent, TargetError> {
        self.sent = Some(Instant::now());
        Ok(Sent::default())
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        self.committed.lock().extend(self.sent.take().map(|sent| sent.elapsed()));
        Ok(())
    }

    fn commit_by(&self) -> Option<Instant> {
        self.sent.map(|sent| sent + Duration::from_millis(20))
    }
}

#[test]
fn what_was_sent_is_committed_in_time_though_batches_wait() {
    let source = Arc::new(TopicPartition::new("orders", Some(3)));
    let records = Records::new(&source, (0..2000).collect(), vec![1]);
    let committed = Arc::new(Mutex::new(Vec::new()));
    let (budget, stop, progress) = (Budget::new(2000), StopSignal::default(), LaneProgress::new(Arc::clone(&source)));
    Lane {
        source,
        batches: Box::new(records),
        transform: Box::new(crate::plugin::Untouched),
        target: Box::new(Busy { begun: None, committed: Arc::clone(&committed) }),
        from: Restart::Beginning,
        kept: Kept::default(),
        letters: Letters::none(),
        ceiling: ceiling().lane(),
        plugins: 0,
        budget: &budget,
        stop: &stop,
        progress: &progress,
    }
    .run()
    .unwrap();
    let late = committed.lock().iter().filter(|age: &&Duration| **age > Duration::from_millis(500)).count();
    assert_eq!(late, 0, "{:?}", committed.lock());
}

/// Is slower than what it is given comes, and wants to commit 20 ms after it began.
struct Busy {
    begun: Option<Instant>,
    committed: Arc<Mutex<Vec<Duration>>>,
}

impl LaneTarget for Busy {
    fn send(&mut self, _outputs: &Outputs) -> Result<Sent, TargetError> {
        self.begun.get_or_insert_with(Instant::now);
        thread::sleep(Duration::from_micros(500));
        Ok(Sent::default())
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        self.committed.lock().extend(self.begun.take().map(|begun| begun.elapsed()));
        Ok(())
    }

    fn commit_by(&self) -> Option<Instant> {
        self.begun.map(|begun| begun + Duration::from_millis(20))
    }
}

/// Takes two seconds over its second batch.
struct Slow(Records);

impl BatchSource for Slow {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        if self.0.batches == 1 {
            thread::sleep(Duration::from_secs(2));
        }
        self.0.next()
    }

    fn statistics(&self) -> LaneStatistics {
        self.0.statistics()
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.0.seek(place)
    }
}

#[test]
fn what_was_sent_is_committed_in_time_though_no_batch_comes() {
    let source = Arc::new(TopicPartition::new("orders", Some(3)));
    let records = Records::new(&source, (0..20).collect(), vec![10]);
    let committed = Arc::new(Mutex::new(Vec::new()));
    let (budget, stop, progress) = (Budget::new(2000), StopSignal::default(), LaneProgress::new(Arc::clone(&source)));
    let outcome = Lane {
        source,
        batches: Box::new(Slow(records)),
        transform: Box::new(crate::plugin::Untouched),
        target: Box::new(Idle { sent: None, committed: Arc::clone(&committed) }),
        from: Restart::Beginning,
        kept: Kept::default(),
        letters: Letters::none(),
        ceiling: ceiling().lane(),
        plugins: 0,
        budget: &budget,
        stop: &stop,
        progress: &progress,
    }
    .run()
    .unwrap();
    assert_eq!(outcome.end, LaneEnd::Complete);
    let committed = committed.lock();
    assert_eq!(committed.len(), 2);
    assert!(committed[0] >= Duration::from_millis(20) && committed[0] < Duration::from_secs(1), "{committed:?}");
}

struct Panics;

impl LaneTarget for Panics {
    fn send(&mut self, _outputs: &Outputs) -> Result<Sent, TargetError> {
        panic!("on purpose")
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        Ok(())
    }
}

/// Runs a lane of a thousand records into a target that panics at the first batch.
fn into_panics(
    cut: usize,
    bytes_in_flight: usize,
    stop: &StopSignal,
    progress: &LaneProgress,
) -> Result<LaneOutcome, LaneError> {
    let source = Arc::new(TopicPartition::new("orders", Some(3)));
    let records = Records::new(&source, (0..1000).collect(), vec![cut]);
    let budget = Budget::new(bytes_in_flight);
    Lane {
        source,
        batches: Box::new(records),
        transform: Box::new(crate::plugin::Untouched),
        target: Box::new(Panics),
        from: Restart::Beginning,
        kept: Kept::default(),
        letters: Letters::none(),
        ceiling: ceiling().lane(),
        plugins: 0,
        budget: &budget,
        stop,
        progress,
    }
    .run()
}

fn progress() -> LaneProgress {
    LaneProgress::new(Arc::new(TopicPartition::new("orders", Some(3))))
}

#[test]
fn a_panic_in_a_stage_becomes_an_error_and_the_lane_ends() {
    let error = into_panics(1, 10, &StopSignal::default(), &progress()).unwrap_err();
    assert_eq!(error.to_string(), "orders-3: the sending stage panicked: on purpose");
}

#[test]
fn a_stop_ends_the_lane_with_what_was_sent() {
    let stop = StopSignal::default();
    stop.stop();
    let progress = progress();
    let outcome = into_panics(10, 1 << 20, &stop, &progress).unwrap();
    assert_eq!(outcome.end, LaneEnd::Stopped);
    assert!(!progress.is_done(), "after another lane's failure it was told that all of this one is written");
    assert_eq!(outcome.tally.read.records, 0);
}
