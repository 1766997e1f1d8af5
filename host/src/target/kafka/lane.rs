//! The way of one lane into a producer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;

use super::Shared;
use super::ledger::{Ledger, OpenRun, Places};
use super::native;
use super::producing::{OpenTopic, Producing};
use super::provenance::Provenance;
use crate::batch::{Header, OutputRow, Outputs};
use crate::clock::now;
use crate::position::Place;
use crate::progress::Session;
use crate::route::{LaneRoute, Turn};
use crate::target::{LaneTarget, Sent, Standing, TargetError};

/// What librdkafka allocates for a record beside its bytes, as it counts against the bound of memory.
const ALLOCATION: usize = 200;

/// How long a lane that has nothing more to send keeps all lanes from collecting records for larger batches: long
/// enough for its own to leave, and far shorter than the lingering that it saves.
const AT_ONCE: Duration = Duration::from_millis(5);

/// One lane.
pub(super) struct KafkaLane {
    shared: Arc<Shared>,
    producing: Option<Arc<Producing>>,
    ledger: Arc<Ledger>,
    route: LaneRoute,
    topics: Topics,
    /// Knows where logs end, where that is kept.
    session: Option<Arc<Session>>,
    /// Says of each record where it comes from, where the job wants that.
    provenance: Option<Provenance>,
}

/// The topics that the lane has met, the last one at hand: as a rule there is only one.
#[derive(Default)]
struct Topics {
    met: Vec<Met>,
    places: HashMap<Arc<str>, usize>,
    last: usize,
}

struct Met {
    topic: Arc<OpenTopic>,
    turn: Turn,
    /// By partition: whether a record of the lane went there.
    touched: Vec<bool>,
    /// By partition: where the log ended before that, where that is known.
    ends: BTreeMap<i32, i64>,
}

/// A partition that records of a lane went to.
pub(super) struct Touched {
    pub(super) topic: Arc<str>,
    /// Partitions of the topic.
    pub(super) partitions: i32,
    pub(super) partition: i32,
    /// No record of the lane lies before this offset.
    pub(super) from: i64,
}

impl KafkaLane {
    pub(super) fn new(
        shared: Arc<Shared>,
        producing: &Arc<Producing>,
        route: LaneRoute,
        session: Option<Arc<Session>>,
    ) -> Result<Self, TargetError> {
        let ledger = producing.context().ledger()?;
        let topics = Topics::default();
        let provenance = shared.provenance.clone();
        Ok(Self { shared, producing: Some(Arc::clone(producing)), ledger, route, topics, session, provenance })
    }

    /// Forgets what was sent, and goes on with another producer, if one is given.
    pub(super) fn renew(&mut self, producing: Option<&Arc<Producing>>) -> Result<(), TargetError> {
        if let Some(producing) = producing {
            self.producing = Some(Arc::clone(producing));
        }
        self.topics = Topics::default();
        if let Some(producing) = &self.producing {
            self.ledger = producing.context().ledger()?;
        }
        Ok(())
    }

    /// Lets go of the producer.
    pub(super) fn leave(&mut self) {
        self.topics = Topics::default();
        self.producing = None;
    }

    /// Waits until everything sent is acknowledged.
    ///
    /// # Errors
    /// The first record that was not.
    pub(super) fn settle(&self) -> Result<(), TargetError> {
        self.ledger.settle()
    }

    /// The partitions that records of the lane went to.
    pub(super) fn touched(&self) -> Vec<Touched> {
        let of = |met: &Met, partition: i32| Touched {
            topic: Arc::clone(&met.topic.facts.name),
            partitions: met.topic.facts.partitions,
            partition,
            from: met.ends.get(&partition).copied().unwrap_or_default(),
        };
        let mut touched = Vec::new();
        for met in &self.topics.met {
            touched.extend((0..).zip(&met.touched).filter(|(_, touched)| **touched).map(|(at, _)| of(met, at)));
        }
        touched
    }
}

impl Topics {
    fn find(
        &mut self,
        shared: &Shared,
        producing: &Producing,
        route: &LaneRoute,
        session: Option<&Session>,
        row: &OutputRow<'_>,
        position: impl Fn() -> String,
    ) -> Result<&mut Met, TargetError> {
        let name = row.topic.unwrap_or(route.topic());
        if self.met.get(self.last).is_none_or(|met| &*met.topic.facts.name != name) {
            self.last = match self.places.get(name) {
                Some(place) => *place,
                None => self.meet(shared, producing, route, session, name, position)?,
            };
        }
        Ok(&mut self.met[self.last])
    }

    fn meet(
        &mut self,
        shared: &Shared,
        producing: &Producing,
        route: &LaneRoute,
        session: Option<&Session>,
        name: &str,
        position: impl Fn() -> String,
    ) -> Result<usize, TargetError> {
        let Some(topic) = producing.topic(name, shared)? else {
            return Err(TargetError::UnknownTopic { position: position(), topic: name.to_owned() });
        };
        let limit = topic.facts.limits.max_message_bytes;
        if limit < shared.batch_size {
            return Err(TargetError::SmallTopic { position: position(), topic: Arc::clone(&topic.facts.name), limit });
        }
        let place = self.met.len();
        self.places.insert(Arc::clone(&topic.facts.name), place);
        let touched = vec![false; usize::try_from(topic.facts.partitions).unwrap_or_default()];
        let ends = session.map(|session| session.topic_ends(name, topic.facts.partitions)).unwrap_or_default();
        self.met.push(Met { topic, turn: route.turn(), touched, ends });
        Ok(place)
    }
}

impl LaneTarget for KafkaLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let Self { shared, producing, ledger, route, topics, session, provenance } = self;
        let mut sent = Sent::default();
        let Some(producing) = producing else { return Ok(sent) };
        ledger.check()?;
        let portion = producing.context().room().portion();
        let places = Arc::new(Places::of(outputs));
        let now = now();
        let mut run: Option<OpenRun<'_>> = None;
        for (output, row) in outputs.rows().enumerate() {
            let position = || outputs.position(&row);
            let Met { topic, turn, touched, .. } =
                topics.find(shared, producing, route, session.as_deref(), &row, position)?;
            let partition = route
                .partition(&row, &topic.facts.name, topic.facts.partitions, turn)
                .map_err(|error| TargetError::RecordRoute { position: position(), error })?;
            let headers;
            let more: &[Header<'_>] = match provenance {
                None => &[],
                Some(provenance) => {
                    headers = provenance.headers(outputs, &row);
                    &headers
                }
            };
            let bytes = topic.facts.check(&row, more, now, position)? + ALLOCATION;
            let timestamp = match row.timestamp {
                0 if topic.facts.limits.log_append_time => 1,
                0 if shared.moves_zero => {
                    shared.moved_zeros.fetch_add(1, Ordering::Relaxed);
                    1
                }
                0 => return Err(TargetError::TimestampZero { position: position() }),
                timestamp => timestamp,
            };
            let run = match &mut run {
                Some(run) if run.fits(bytes) => run,
                full => {
                    // The old one is closed first: its unused rest is room for the new one.
                    *full = None;
                    full.insert(ledger.open(&places, output, bytes.max(portion))?)
                }
            };
            let ticket = run.ticket().pack();
            while let Err(code) = topic.handle.produce(&row, partition, timestamp, ticket, more) {
                if code != RDKafkaErrorCode::QueueFull {
                    return Err(producing.not_taken(code, position(), topic));
                }
                producing.context().room().wait();
                ledger.check()?;
            }
            run.sent(bytes);
            sent.add(&topic.facts.name, &row);
            if let Some(touched) = usize::try_from(partition).ok().and_then(|partition| touched.get_mut(partition)) {
                *touched = true;
            }
        }
        Ok(sent)
    }

    fn written_up_to(&self, _: Option<&Place>) -> Option<Place> {
        self.ledger.up_to()
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        if let Some(producing) = self.producing.as_ref().filter(|_| !self.ledger.is_empty()) {
            // Whether everything was acknowledged in so short a time is seen below.
            let _ = native::flush(producing.producer(), AT_ONCE);
        }
        self.settle()
    }

    fn abandon(&mut self) {
        // What came before the record that cannot be sent is waited for, so that it is known to be written; where it
        // was not, that is the error already.
        let _ = self.settle();
    }
}
