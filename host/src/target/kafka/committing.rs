//! The way of one lane into a transactional producer: what it sends and how far it has come are committed as one.
//!
//! A lane has a producer to itself, and that one has one transaction open at most. A transaction begins with a batch and
//! is closed between two, so that what comes of one source record is never split. One that fails is aborted, and the
//! lane goes back to its last commit; where the producer did not survive the fault, its transactional id is taken again,
//! if it still is this run's to take.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::lane::{KafkaLane, Touched};
use super::producing::Producing;
use super::transaction::{Fault, Remedy, Transactor};
use crate::batch::{Batch, Outputs};
use crate::job::Transactions;
use crate::mechanism::{is_off, unless_off};
use crate::position::{Place, Restart, TopicPartition};
use crate::progress::{LaneRecord, ProgressError, Ranges, Session};
use crate::report::Commits;
use crate::target::{LaneTarget, Sent, Standing, TargetError};

/// A transaction to which nothing was added for this time is closed.
const IDLE: Duration = Duration::from_millis(500);
/// How long the progress may take to be written before it is asked whether its topic still is there.
const GONE: Duration = Duration::from_secs(3);
/// How often a transaction is tried from the same place.
const TRIES: u32 = 3;

/// The producers of a run, each with a transactional id of its own; a lane takes one for as long as it runs.
pub(super) struct Seats {
    pub(super) session: Arc<Session>,
    free: Mutex<Vec<Seat>>,
    commits: Mutex<Commits>,
    number: usize,
    pub(super) limits: Transactions,
    /// Where in the target the committed records of this run's lanes lie.
    ranges: Mutex<BTreeMap<TopicPartition, Ranges>>,
}

/// A transactional id, and the producer that holds it.
pub(super) struct Seat {
    number: u32,
    transactor: Transactor,
    producing: Arc<Producing>,
}

impl Seats {
    pub(super) fn new(session: Arc<Session>, transactors: Vec<Transactor>, limits: Transactions) -> Self {
        let seat = |(number, transactor)| Seat::new(number, transactor);
        let free: Vec<Seat> = (0..).zip(transactors).map(seat).collect();
        let commits = Mutex::default();
        Self { session, number: free.len(), free: Mutex::new(free), commits, limits, ranges: Mutex::default() }
    }

    /// Lanes that may run at a time.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Where in the target the records lie that this run's lane has committed, and earlier runs with it.
    pub(super) fn ranges(&self, lane: &TopicPartition) -> Option<Ranges> {
        self.ranges.lock().get(lane).cloned()
    }

    /// What was committed so far.
    pub(super) fn commits(&self) -> Commits {
        *self.commits.lock()
    }

    pub(super) fn take(&self) -> Result<Seat, TargetError> {
        self.free.lock().pop().ok_or(TargetError::TooManyLanes { limit: self.number })
    }
}

impl Seat {
    fn new(number: u32, transactor: Transactor) -> Self {
        let producing = Arc::new(Producing::new(transactor.producer.clone()));
        Self { number, transactor, producing }
    }

    pub(super) fn producing(&self) -> &Arc<Producing> {
        &self.producing
    }
}

/// A transaction under way.
struct Open {
    begun: Instant,
    last: Instant,
    bytes: usize,
}

/// See the module.
pub(super) struct CommittingLane {
    source: TopicPartition,
    seats: Arc<Seats>,
    /// `None` only while it is being replaced or given back.
    seat: Option<Seat>,
    inner: KafkaLane,
    open: Option<Open>,
    /// What earlier runs had committed.
    before: LaneRecord,
    /// The last source record that is committed.
    committed: Option<Place>,
    rewind: Option<Restart>,
    /// Tries since the last commit.
    tries: u32,
}

impl CommittingLane {
    pub(super) fn new(
        source: &TopicPartition,
        seats: &Arc<Seats>,
        seat: Seat,
        inner: KafkaLane,
        before: LaneRecord,
    ) -> Self {
        let committed = before.up_to.as_ref().map(Place::from);
        Self {
            source: source.clone(),
            seats: Arc::clone(seats),
            seat: Some(seat),
            inner,
            open: None,
            before,
            committed,
            rewind: None,
            tries: 0,
        }
    }

    /// The transactor; there is always one but within [`Self::replace`].
    fn transactor(&self) -> Result<&Transactor, TargetError> {
        self.seat.as_ref().map(|seat| &seat.transactor).ok_or(TargetError::TooManyLanes { limit: self.seats.number })
    }

    fn begin(&mut self) -> Result<(), Trouble> {
        if self.open.is_none() {
            self.transactor()?.begin()?;
            let now = Instant::now();
            self.open = Some(Open { begun: now, last: now, bytes: 0 });
        }
        Ok(())
    }

    /// Commits with what is known of the logs' ends, which takes one more question, asked when everything is written.
    fn finish(&mut self, standing: &Standing) -> Result<(), Trouble> {
        let transactor = self.transactor()?;
        transactor.flush(|| self.inner.has_failed())?;
        self.inner.settle()?;
        let touched = self.inner.touched();
        let partitions = touched.iter().map(|touched| (&*touched.topic, touched.partition));
        let ends = self.seats.session.log_ends(partitions).unwrap_or_else(|error| {
            // A resume knows less then of what it could check.
            tracing::debug!("{}: where the logs end is not known: {error}", self.source);
            BTreeMap::new()
        });
        for Touched { topic, partitions, partition, from, id } in touched {
            let to = ends.get(&(topic.to_string(), partition)).copied();
            let known = self.before.ranges.of(&topic, partition).and_then(|range| range.to);
            if let (Some(before), Some(now)) = (known, to)
                && now < before
                && !is_off("log-ends-under-way")
            {
                let partition = format!("{topic}-{partition}");
                return Err(TargetError::from(ProgressError::Shortened { partition, before, now }).into());
            }
            self.before.ranges.identify(&topic, id);
            self.before.ranges.extend(&topic, partitions, partition, from, to);
        }
        let record = self.before.at(self.seats.session.run(), standing);
        let transactor = self.transactor()?;
        self.seats.session.keep(transactor, &self.source, &record)?;
        // Into a topic that was deleted a record leaves when its time is over, which may be minutes.
        let asked = Cell::new(Instant::now());
        let is_gone = || {
            asked.get().elapsed() > GONE && {
                asked.set(Instant::now());
                self.seats.session.gone().is_some()
            }
        };
        Ok(transactor.commit_unless(is_gone)?)
    }

    /// Goes back to the last commit after a fault, or gives up with it.
    fn recover(&mut self, trouble: Trouble) -> Result<(), TargetError> {
        let Trouble { error, remedy } = self.cause(trouble);
        if error.may_be_for_want_of_a_topic()
            && let Some(gone) = self.inner.gone().or_else(|| self.seats.session.gone().map(TargetError::from))
        {
            self.abort();
            return Err(gone);
        }
        let was_open = self.open.take().is_some();
        let transactor = self.transactor()?;
        let is_fenced = transactor.broken().is_some_and(|fault| fault.is_fencing());
        let aborted = match remedy {
            Remedy::Abort if was_open && !transactor.is_broken() => transactor.abort(),
            // How it ended is not known, and a new producer brings it to an end.
            _ => Err(Fault::beyond_abort()),
        };
        // After the abort: what the cluster has said of each record is known then.
        let refused = self.inner.refused();
        let place = self.committed.as_ref();
        let place = place.map_or_else(|| "its beginning".to_owned(), |place| self.source.at(place).to_string());
        if self.inner.suspects().add(refused) && !is_off("suspects") {
            // The next try may end as well, at the gap that the refused batch has left in the producer's sequence.
            self.tries = 0;
            tracing::warn!("{error}; going back to {place}, to set aside what was refused");
        } else {
            self.tries += 1;
            if self.tries > TRIES || error.is_denied() || error.is_of_lost_records() {
                if aborted.is_err() {
                    self.abort();
                }
                // Who has taken the id from this run is told, rather than that it is taken.
                let another = if is_fenced { self.seats.session.another() } else { None };
                let progress = self.seats.session.topic();
                let topics = self.inner.topics().map(|topic| &**topic).chain([progress]);
                return Err(another.map_or_else(|| Fault::naming(error, topics), TargetError::from));
            }
            tracing::warn!("{error}; going back to {place}, try {} of {TRIES}", self.tries);
        }
        match aborted {
            Ok(()) => self.inner.renew(None)?,
            // Also where the abort was not answered: the cluster is asked for the id then, which ends the transaction.
            Err(_) => self.replace()?,
        }
        self.rewind = unless_off("rewind", Some(Restart::from(self.committed.clone())));
        Ok(())
    }

    /// What a transaction failed with, where all that is known is a record that was given up with it, or with its producer.
    fn cause(&self, trouble: Trouble) -> Trouble {
        let failure = self.transactor().ok().and_then(|transactor| match &trouble.error {
            TargetError::GivenUp { .. } => transactor.failure(),
            // No record is to blame for that, whichever it was met at.
            _ => transactor.broken(),
        });
        failure.map_or(trouble, Trouble::from)
    }

    /// Takes the transactional id again, if it is still this run's to take, and looks up what is committed. A fault on the
    /// way is one more try from the same place.
    fn replace(&mut self) -> Result<(), TargetError> {
        let Some(seat) = self.seat.take() else { return Ok(()) };
        let number = seat.number;
        // All that the old producer still held is given up, so that its room is free again.
        self.inner.leave();
        drop(seat);
        let (transactor, record) = loop {
            match self.seats.session.reclaim(number, &self.source) {
                Ok(taken) => break taken,
                Err(error) if self.tries < TRIES && error.may_be_asked_again() && !is_off("asked-again-for-an-id") => {
                    self.tries += 1;
                    tracing::warn!(
                        "{}: {error}; taking its transactional id again, try {} of {TRIES}",
                        self.source,
                        self.tries
                    );
                }
                Err(error) => return Err(error),
            }
        };
        let seat = Seat::new(number, transactor);
        self.inner.renew(Some(seat.producing()))?;
        self.seat = Some(seat);
        self.committed = record.and_then(|record| record.up_to).as_ref().map(Place::from);
        Ok(())
    }

    /// Takes back what is not committed; where that cannot be, the cluster does it when the transaction expires.
    fn abort(&mut self) {
        self.open = None;
        if let Ok(transactor) = self.transactor()
            && !transactor.is_broken()
            && let Err(fault) = transactor.abort()
        {
            tracing::debug!("{}: {}", self.source, TargetError::from(fault));
        }
    }
}

/// Whether an error is what librdkafka or the cluster did not take, and may take the next time.
fn may_pass(error: &TargetError) -> bool {
    match error {
        TargetError::Send { .. }
        | TargetError::Broken { .. }
        | TargetError::Delivery { .. }
        | TargetError::GivenUp { .. }
        | TargetError::Denied { .. } => true,
        TargetError::DeadLetter(error) => may_pass(error),
        _ => false,
    }
}

/// An error that may be got over.
struct Trouble {
    error: TargetError,
    remedy: Remedy,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self { remedy: fault.remedy, error: fault.into() }
    }
}

impl From<TargetError> for Trouble {
    fn from(error: TargetError) -> Self {
        Self { error, remedy: Remedy::Abort }
    }
}

impl LaneTarget for CommittingLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        if let Err(trouble) = self.begin() {
            self.recover(trouble)?;
            return Ok(Sent::default());
        }
        match self.inner.send(outputs) {
            Ok(sent) => {
                let bytes: u64 = sent.by_topic.iter().map(|(_, volume)| volume.bytes).sum();
                if let Some(open) = &mut self.open {
                    open.last = Instant::now();
                    open.bytes = open.bytes.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
                }
                Ok(sent)
            }
            Err(error) if may_pass(&error) => {
                self.recover(error.into())?;
                Ok(Sent::default())
            }
            Err(error) => Err(error),
        }
    }

    fn send_letters(&mut self, letters: &Arc<Batch>) -> Result<(), TargetError> {
        match self.inner.send_letters(letters) {
            Err(error) if may_pass(&error) => self.recover(error.into()),
            sent => sent,
        }
    }

    fn written_up_to(&self, _: Option<&Place>) -> Option<Place> {
        self.committed.clone()
    }

    fn commit(&mut self, standing: &Standing) -> Result<(), TargetError> {
        if self.open.is_none() && !standing.complete {
            return Ok(());
        }
        let begun = Instant::now();
        match self.begin().and_then(|()| self.finish(standing)) {
            Ok(()) => {
                self.seats.commits.lock().add(begun.elapsed());
                self.open = None;
                self.tries = 0;
                self.seats.ranges.lock().insert(self.source.clone(), self.before.ranges.clone());
                self.inner.suspects().clear();
                self.committed.clone_from(&standing.tally.up_to);
                Ok(())
            }
            Err(trouble) => self.recover(trouble),
        }
    }

    fn commit_by(&self) -> Option<Instant> {
        let open = unless_off("commit-by-age", self.open.as_ref())?;
        let Transactions { age, bytes } = self.seats.limits;
        Some(if open.bytes >= bytes { open.begun } else { (open.begun + age).min(open.last + IDLE) })
    }

    fn take_rewind(&mut self) -> Option<Restart> {
        self.rewind.take()
    }

    fn abandon(&mut self) {
        if self.open.is_some() {
            self.abort();
        }
    }
}

impl Drop for CommittingLane {
    fn drop(&mut self) {
        self.abandon();
        if let Some(seat) = self.seat.take() {
            self.seats.free.lock().push(seat);
        }
    }
}

/// The lanes that earlier runs have begun.
pub(super) type Before = BTreeMap<TopicPartition, LaneRecord>;
