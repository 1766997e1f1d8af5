//! What a lane has sent and the cluster has not acknowledged yet.
//!
//! A record that fails is reported minutes after it was sent, when its batch is long gone, and its
//! position must still be known. So a lane's records are entered in *runs*: a run keeps the places of
//! its rows (shared buffers, no keys and values) and leaves the ledger when the last of its records is
//! acknowledged. A record itself costs nothing but a pointer-sized [`Ticket`] that librdkafka carries
//! and gives back.
//!
//! Runs are also how memory is bounded: each reserves its bytes of [`Room`] before its first record is
//! handed over, and gives them back when it is settled.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arrow_buffer::ScalarBuffer;
use parking_lot::{Condvar, Mutex};

use crate::batch::{Outputs, Selection};
use crate::position::{Place, Strand, TopicPartition};
use crate::target::TargetError;

const RUN_BITS: u32 = 24;
const ROW_BITS: u32 = 20;
const RUNS: u32 = 1 << RUN_BITS;
/// Records of a run, at most.
pub(crate) const RUN_RECORDS: u32 = 1 << ROW_BITS;
/// Lanes that can be open at a time.
pub(crate) const LANES: usize = 1 << (64 - RUN_BITS - ROW_BITS);
const _: () = assert!(usize::BITS == 64, "a ticket needs 64 bits");

/// How long the reports of what was aborted are waited for: they are on their way.
const REPORTS: Duration = Duration::from_secs(10);

/// How often a wait looks whether its lane has failed meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// Which record of which lane, packed into what librdkafka carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) lane: usize,
    pub(crate) run: u32,
    pub(crate) row: u32,
}

impl Ticket {
    pub(crate) fn pack(self) -> usize {
        (self.lane << (RUN_BITS + ROW_BITS)) | ((self.run as usize) << ROW_BITS) | self.row as usize
    }

    pub(crate) fn unpack(packed: usize) -> Self {
        Self {
            lane: packed >> (RUN_BITS + ROW_BITS),
            run: (packed >> ROW_BITS) as u32 & (RUNS - 1),
            row: packed as u32 & (RUN_RECORDS - 1),
        }
    }
}

/// Bytes that may wait in a producer, all lanes together.
#[derive(Debug)]
pub(crate) struct Room {
    bound: usize,
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Room {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bound, taken: Mutex::new(0), freed: Condvar::new() }
    }

    /// What a run reserves: small enough that several lanes find room at a time.
    pub(crate) fn portion(&self) -> usize {
        (self.bound / 32).clamp(4 << 10, 256 << 10)
    }

    /// Waits until `bytes` are free; more than there are at all pass alone. `false` when the lane failed.
    fn reserve(&self, bytes: usize, failed: &AtomicBool) -> bool {
        let mut taken = self.taken.lock();
        while *taken > 0 && *taken + bytes > self.bound {
            if failed.load(Ordering::Acquire) {
                return false;
            }
            self.freed.wait_for(&mut taken, LOOK);
        }
        *taken += bytes;
        true
    }

    fn release(&self, bytes: usize) {
        *self.taken.lock() -= bytes;
        self.freed.notify_all();
    }

    /// Waits a moment for something to be settled, where librdkafka has no room for another record.
    pub(crate) fn wait(&self) {
        let mut taken = self.taken.lock();
        self.freed.wait_for(&mut taken, Duration::from_millis(2));
    }
}

/// The places of a batch's output records.
#[derive(Debug)]
pub(crate) struct Places {
    source: Arc<TopicPartition>,
    strand: Option<Strand>,
    file: Arc<str>,
    rows: ScalarBuffer<u64>,
    offsets: Option<ScalarBuffer<i64>>,
    selection: Selection,
    /// Whether they are dead letters, which no policy applies to.
    are_letters: bool,
}

impl Places {
    pub(crate) fn of(outputs: &Outputs) -> Self {
        let batch = &outputs.batch;
        Self {
            source: Arc::clone(&batch.source),
            strand: batch.strand.clone(),
            file: Arc::clone(&batch.file),
            rows: batch.rows.clone(),
            offsets: batch.offsets.clone(),
            selection: outputs.selection.clone(),
            are_letters: false,
        }
    }

    /// Those of dead letters.
    pub(crate) fn of_letters(letters: &Outputs) -> Self {
        Self { are_letters: true, ..Self::of(letters) }
    }

    fn input(&self, output: usize) -> usize {
        match &self.selection {
            Selection::All => output,
            Selection::Rows(rows) => rows[output] as usize,
        }
    }

    fn place(&self, input: usize) -> Place {
        let place = match &self.offsets {
            Some(offsets) => Place::Offset(offsets[input]),
            None => Place::Row { file: Arc::clone(&self.file), row: self.rows[input] },
        };
        match &self.strand {
            None => place,
            Some(strand) => Place::Of(strand.clone(), Box::new(place)),
        }
    }

    /// The place of the last source record of which nothing comes after output `last`, among outputs from `first`.
    fn whole_up_to(&self, first: usize, last: usize) -> Option<Place> {
        let outputs = match &self.selection {
            Selection::All => self.rows.len(),
            Selection::Rows(rows) => rows.len(),
        };
        let row = |output: usize| self.rows[self.input(output)];
        let whole = (first..=last).rev().find(|output| output + 1 == outputs || row(*output) != row(output + 1))?;
        Some(self.place(self.input(whole)))
    }

    /// The position of an output record, as [`Outputs::position`] writes it.
    fn position(&self, output: usize) -> String {
        let key = |input: usize| (self.rows[input], self.offsets.as_ref().map(|offsets| offsets[input]));
        let input = self.input(output);
        let place = self.place(input);
        let siblings = (0..output).rev().take_while(|before| key(self.input(*before)) == key(input)).count();
        let position = self.source.at(&place);
        if siblings == 0 { position.to_string() } else { format!("{position}#{siblings}") }
    }
}

#[derive(Debug)]
struct Run {
    places: Arc<Places>,
    first_output: usize,
    bytes: usize,
    sent: u32,
    acknowledged: u32,
    closed: bool,
}

impl Run {
    fn is_settled(&self) -> bool {
        self.closed && self.acknowledged == self.sent
    }

    /// The place of the last source record of which this run holds the last.
    fn up_to(&self) -> Option<Place> {
        if self.places.are_letters {
            // What comes of the records around them tells.
            return None;
        }
        let last = (self.first_output + self.sent as usize).checked_sub(1)?;
        self.places.whole_up_to(self.first_output, last)
    }
}

#[derive(Debug, Default)]
struct Runs {
    /// Number of the front one, modulo [`RUNS`].
    first: u32,
    queue: VecDeque<Run>,
    /// The last source record of which everything, and everything before it, is written.
    up_to: Option<Place>,
    failure: Option<TargetError>,
    /// Whether [`Self::failure`] is that of a record which another one of its batch is to blame for.
    is_by_another: bool,
    /// The source records that may be to blame for batches that the cluster refused, in order.
    refused: Vec<Refused>,
    /// The partitions of which the cluster has said of some records that others are to blame.
    told: Vec<(String, i32)>,
}

/// A source record that may be to blame for a batch that the cluster refused.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) place: Place,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) reason: String,
    /// Whether it is to blame for certain: it stood alone, or the cluster has told it from others.
    pub(crate) is_certain: bool,
}

/// Who is to blame that a record was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The record itself, or another one of its batch.
    Record,
    /// Another one of its batch, and not this one.
    Another,
    /// Its transaction, which had failed: it was not even tried.
    Transaction,
    /// The user, who lacks a permission.
    Permission,
    /// The cluster did not answer.
    Outage,
    /// Neither.
    Other,
}

/// Why a record was not written, as the delivery report has it.
#[derive(Clone, Debug)]
pub(crate) struct Undelivered {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) reason: String,
    pub(crate) blame: Blame,
}

impl Undelivered {
    /// The same as an error of the record there.
    fn at(self, position: String) -> TargetError {
        let Self { topic, partition, reason, blame } = self;
        match blame {
            Blame::Transaction => TargetError::GivenUp { position },
            Blame::Permission => TargetError::Denied {
                place: format!("{position}: "),
                what: format!("write to topic `{topic}`"),
                reason,
                acl: format!("WRITE on topic `{topic}`"),
            },
            _ => TargetError::Delivery { position, topic, partition, reason, outage: blame == Blame::Outage },
        }
    }
}

/// The ledger of one lane.
#[derive(Debug)]
pub(crate) struct Ledger {
    lane: usize,
    room: Arc<Room>,
    runs: Mutex<Runs>,
    settled: Condvar,
    failed: AtomicBool,
}

impl Ledger {
    pub(crate) fn new(lane: usize, room: Arc<Room>) -> Self {
        Self { lane, room, runs: Mutex::default(), settled: Condvar::new(), failed: AtomicBool::new(false) }
    }

    /// The first record that failed, if one did.
    pub(crate) fn check(&self) -> Result<(), TargetError> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        self.runs.lock().failure.clone().map_or(Ok(()), Err)
    }

    /// Begins a run with the output record `first_output`, with room for `bytes`.
    pub(crate) fn open(
        &self,
        places: &Arc<Places>,
        first_output: usize,
        bytes: usize,
    ) -> Result<OpenRun<'_>, TargetError> {
        while !self.room.reserve(bytes, &self.failed) {
            self.check()?;
        }
        let mut runs = self.runs.lock();
        while runs.queue.len() as u32 >= RUNS / 2 && runs.failure.is_none() {
            self.settled.wait_for(&mut runs, LOOK);
        }
        let number = (runs.first + runs.queue.len() as u32) % RUNS;
        let places = Arc::clone(places);
        runs.queue.push_back(Run { places, first_output, bytes, sent: 0, acknowledged: 0, closed: false });
        Ok(OpenRun { ledger: self, number, sent: 0, left: bytes })
    }

    /// Enters a delivery report.
    pub(crate) fn report(&self, ticket: Ticket, fault: Option<Undelivered>) {
        let mut runs = self.runs.lock();
        let index = (ticket.run + RUNS - runs.first) % RUNS;
        let Some(run) = runs.queue.get_mut(index as usize) else { return };
        run.acknowledged += 1;
        let settled = run.is_settled().then_some(run.bytes);
        if let Some(fault) = fault {
            let (places, output) = (Arc::clone(&run.places), run.first_output + ticket.row as usize);
            self.fail(&mut runs, &places, output, fault);
        }
        if let Some(bytes) = settled {
            self.leave(&mut runs, bytes);
        }
    }

    fn fail(&self, runs: &mut Runs, places: &Places, output: usize, fault: Undelivered) {
        let Undelivered { topic, partition, reason, blame } = &fault;
        let (partition, blame) = (*partition, *blame);
        if blame == Blame::Record && !places.are_letters {
            let place = places.place(places.input(output));
            // Siblings of one source record follow each other.
            let is_sibling =
                |last: &Refused| last.place == place && last.topic == *topic && last.partition == partition;
            if !runs.refused.last().is_some_and(is_sibling) {
                let (topic, reason) = (topic.clone(), reason.clone());
                runs.refused.push(Refused { place, topic, partition, reason, is_certain: false });
            }
        }
        if blame == Blame::Another && !runs.told.iter().any(|told| told.0 == *topic && told.1 == partition) {
            runs.told.push((topic.clone(), partition));
        }
        // The first one tells, but who is to blame tells more.
        if runs.failure.is_none() || runs.is_by_another && blame == Blame::Record {
            let error = fault.at(places.position(output));
            runs.failure = Some(if places.are_letters { TargetError::DeadLetter(Box::new(error)) } else { error });
            runs.is_by_another = matches!(blame, Blame::Another | Blame::Transaction);
            self.failed.store(true, Ordering::Release);
            self.settled.notify_all();
        }
    }

    /// The source records that may be to blame for what the cluster refused, once every record that was sent is
    /// acknowledged or has failed.
    pub(crate) fn refused(&self) -> Vec<Refused> {
        let mut runs = self.runs.lock();
        let deadline = Instant::now() + REPORTS;
        while !runs.queue.is_empty() && !self.settled.wait_until(&mut runs, deadline).timed_out() {}
        let (mut refused, told) = (std::mem::take(&mut runs.refused), std::mem::take(&mut runs.told));
        let mut of: BTreeMap<(String, i32), usize> = BTreeMap::new();
        for each in &refused {
            *of.entry((each.topic.clone(), each.partition)).or_default() += 1;
        }
        for each in &mut refused {
            let partition = (each.topic.clone(), each.partition);
            each.is_certain = of.get(&partition) == Some(&1) || told.contains(&partition);
        }
        refused
    }

    fn leave(&self, runs: &mut Runs, bytes: usize) {
        self.room.release(bytes);
        while runs.queue.front().is_some_and(Run::is_settled) {
            let up_to = runs.queue.pop_front().and_then(|run| run.up_to());
            runs.first = (runs.first + 1) % RUNS;
            // What failed is settled as well, and nothing behind it counts.
            if runs.failure.is_none() && up_to.is_some() {
                runs.up_to = up_to;
            }
        }
        if runs.queue.is_empty() {
            self.settled.notify_all();
        }
    }

    /// Waits until everything is acknowledged.
    pub(crate) fn settle(&self) -> Result<(), TargetError> {
        let mut runs = self.runs.lock();
        loop {
            if let Some(failure) = &runs.failure {
                return Err(failure.clone());
            }
            if runs.queue.is_empty() {
                return Ok(());
            }
            self.settled.wait(&mut runs);
        }
    }

    /// The last source record of which everything, and everything before it, is written.
    pub(crate) fn up_to(&self) -> Option<Place> {
        self.runs.lock().up_to.clone()
    }

    /// Whether nothing is awaited any more.
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.lock().queue.is_empty()
    }
}

/// A run under way; closed when dropped, whatever was sent of it.
#[derive(Debug)]
pub(crate) struct OpenRun<'a> {
    ledger: &'a Ledger,
    number: u32,
    sent: u32,
    left: usize,
}

impl OpenRun<'_> {
    /// Whether another record of `bytes` belongs to this run.
    pub(crate) fn fits(&self, bytes: usize) -> bool {
        bytes <= self.left && self.sent < RUN_RECORDS
    }

    /// The ticket of the next record.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket { lane: self.ledger.lane, run: self.number, row: self.sent }
    }

    /// Counts the record that the ticket went with.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.sent += 1;
        self.left -= bytes;
    }
}

impl Drop for OpenRun<'_> {
    fn drop(&mut self) {
        let mut runs = self.ledger.runs.lock();
        let index = (self.number + RUNS - runs.first) % RUNS;
        let Some(run) = runs.queue.get_mut(index as usize) else { return };
        run.closed = true;
        run.sent = self.sent;
        if run.is_settled() {
            let bytes = run.bytes;
            self.ledger.leave(&mut runs, bytes);
        } else {
            run.bytes -= self.left;
            self.ledger.room.release(self.left);
        }
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
