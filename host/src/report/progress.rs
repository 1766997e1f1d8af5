//! What a running restore shows of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{Tally, Volume};
use crate::aside::ListedFiles;
use crate::position::{Place, TopicPartition};
use crate::read::Count;

/// A [`Volume`] that one thread sets and others read.
#[derive(Debug, Default)]
struct Meter {
    records: AtomicU64,
    bytes: AtomicU64,
}

impl Meter {
    // Relaxed: the numbers are shown, nothing is decided by them.
    fn set(&self, volume: Volume) {
        self.records.store(volume.records, Ordering::Relaxed);
        self.bytes.store(volume.bytes, Ordering::Relaxed);
    }

    fn get(&self) -> Volume {
        Volume::new(self.records.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// How far one lane has come.
#[derive(Debug)]
pub struct LaneProgress {
    source: Arc<TopicPartition>,
    read: Meter,
    written: Meter,
    replayed: AtomicU64,
    place: Mutex<Option<Place>>,
    counted: Mutex<Option<(Tally, ListedFiles)>>,
    done: AtomicBool,
}

impl LaneProgress {
    /// Nothing done yet.
    pub fn new(source: Arc<TopicPartition>) -> Self {
        Self {
            source,
            read: Meter::default(),
            written: Meter::default(),
            replayed: AtomicU64::default(),
            place: Mutex::default(),
            counted: Mutex::default(),
            done: AtomicBool::new(false),
        }
    }

    /// The lane.
    pub fn source(&self) -> &Arc<TopicPartition> {
        &self.source
    }

    /// Says how many records of the backup are done with in this run, and how many were sent for them. That is less than
    /// before where the lane goes back.
    pub fn done_with(&self, read: Volume, written: Volume) {
        self.read.set(read);
        self.written.set(written);
    }

    /// Adds records that were done with and pass over the plugins once more, for their state.
    pub fn add_replayed(&self, records: u64) {
        self.replayed.fetch_add(records, Ordering::Relaxed);
    }

    /// Says up to which source record everything is known to be written.
    pub fn written_up_to(&self, place: Option<Place>) {
        *self.place.lock() = place;
    }

    /// Says what this run has counted up to its last commit, and which files of dead letters all runs have listed: at
    /// each, and at the lane's end, also where it failed.
    pub fn counted(&self, tally: Tally, files: ListedFiles) {
        *self.counted.lock() = Some((tally, files));
    }

    /// What this run has counted up to its last commit, where there was one, and the files of dead letters.
    pub fn tally(&self) -> Option<(Tally, ListedFiles)> {
        self.counted.lock().clone()
    }

    /// Says that nothing more will come.
    pub fn finish(&self) {
        self.done.store(true, Ordering::Relaxed);
    }

    /// The last source record of which everything, and everything before it, is known to be written.
    pub fn place(&self) -> Option<Place> {
        self.place.lock().clone()
    }

    /// Whether the lane has come to its end.
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }
}

/// How far a restore has come. Lanes add to it, a [`super::Display`] shows it.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    expected: Count,
    lanes: Vec<LaneProgress>,
}

impl Progress {
    /// Nothing done yet of these lanes, each with the records expected of it.
    pub fn new(lanes: impl IntoIterator<Item = (Arc<TopicPartition>, Count)>) -> Self {
        let mut expected = Count::Exact(0);
        let lanes = lanes
            .into_iter()
            .map(|(source, count)| {
                expected = match (expected, count) {
                    (Count::Exact(sum), Count::Exact(count)) => Count::Exact(sum.saturating_add(count)),
                    (Count::Exact(sum) | Count::Estimated(sum), Count::Exact(count) | Count::Estimated(count)) => {
                        Count::Estimated(sum.saturating_add(count))
                    }
                };
                LaneProgress::new(source)
            })
            .collect();
        Self { started: Instant::now(), expected, lanes }
    }

    /// The lanes, in the order in which they were given.
    pub fn lanes(&self) -> &[LaneProgress] {
        &self.lanes
    }

    /// Records expected of all lanes.
    pub fn expected(&self) -> Count {
        self.expected
    }

    /// Records of the backup that are done with.
    pub fn read(&self) -> Volume {
        self.sum(|lane| &lane.read)
    }

    /// What was sent so far.
    pub fn written(&self) -> Volume {
        self.sum(|lane| &lane.written)
    }

    /// Records that were passed over the plugins once more.
    pub fn replayed(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.replayed.load(Ordering::Relaxed)).sum()
    }

    /// Lanes that have come to their end.
    pub fn lanes_done(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.is_done()).count()
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sum(&self, meter: impl Fn(&LaneProgress) -> &Meter) -> Volume {
        let mut sum = Volume::default();
        self.lanes.iter().for_each(|lane| sum += meter(lane).get());
        sum
    }
}
