//! The way of one lane into the producer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rdkafka::error::RDKafkaErrorCode;

use super::ledger::{Ledger, OpenRun, Places};
use super::{OpenTopic, Shared};
use crate::batch::{OutputRow, Outputs};
use crate::position::Place;
use crate::route::{LaneRoute, Turn};
use crate::target::{LaneTarget, Sent, Standing, TargetError};

/// What librdkafka allocates for a record beside its bytes, as it counts against the bound of memory.
const ALLOCATION: usize = 200;

/// One lane.
pub(super) struct KafkaLane {
    shared: Arc<Shared>,
    ledger: Arc<Ledger>,
    route: LaneRoute,
    topics: Topics,
}

/// The topics that the lane has met, the last one at hand: as a rule there is only one.
#[derive(Default)]
struct Topics {
    met: Vec<(Arc<OpenTopic>, Turn)>,
    places: HashMap<Arc<str>, usize>,
    last: usize,
}

impl KafkaLane {
    pub(super) fn new(shared: Arc<Shared>, route: LaneRoute) -> Result<Self, TargetError> {
        let ledger = shared.context().ledger()?;
        Ok(Self { shared, ledger, route, topics: Topics::default() })
    }
}

impl Topics {
    fn find(
        &mut self,
        shared: &Shared,
        route: &LaneRoute,
        row: &OutputRow<'_>,
        position: impl Fn() -> String,
    ) -> Result<&mut (Arc<OpenTopic>, Turn), TargetError> {
        let name = row.topic.unwrap_or(route.topic());
        if self.met.get(self.last).is_none_or(|(topic, _)| &*topic.facts.name != name) {
            self.last = match self.places.get(name) {
                Some(place) => *place,
                None => self.meet(shared, route, name, position)?,
            };
        }
        Ok(&mut self.met[self.last])
    }

    fn meet(
        &mut self,
        shared: &Shared,
        route: &LaneRoute,
        name: &str,
        position: impl Fn() -> String,
    ) -> Result<usize, TargetError> {
        let Some(topic) = shared.topic(name)? else {
            return Err(TargetError::UnknownTopic { position: position(), topic: name.to_owned() });
        };
        let limit = topic.facts.limits.max_message_bytes;
        if limit < shared.batch_size {
            return Err(TargetError::SmallTopic { position: position(), topic: Arc::clone(&topic.facts.name), limit });
        }
        let place = self.met.len();
        self.places.insert(Arc::clone(&topic.facts.name), place);
        self.met.push((topic, route.turn()));
        Ok(place)
    }
}

impl LaneTarget for KafkaLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let Self { shared, ledger, route, topics } = self;
        ledger.check()?;
        let portion = shared.context().room().portion();
        let places = Arc::new(Places::of(outputs));
        let now = now();
        let mut sent = Sent::default();
        let mut run: Option<OpenRun<'_>> = None;
        for (output, row) in outputs.rows().enumerate() {
            let position = || outputs.position(&row);
            let (topic, turn) = topics.find(shared, route, &row, position)?;
            let partition = route
                .partition(&row, &topic.facts.name, topic.facts.partitions, turn)
                .map_err(|error| TargetError::RecordRoute { position: position(), error })?;
            let bytes = topic.facts.check(&row, now, position)? + ALLOCATION;
            let timestamp = match row.timestamp {
                0 if topic.facts.limits.log_append_time => 1,
                0 if shared.moves_zero => 1,
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
            while let Err(code) = topic.handle.produce(&row, partition, timestamp, ticket) {
                if code != RDKafkaErrorCode::QueueFull {
                    return Err(shared.not_taken(code, position(), topic));
                }
                shared.context().room().wait();
                ledger.check()?;
            }
            run.sent(bytes);
            sent.add(&topic.facts.name, &row);
        }
        Ok(sent)
    }

    fn written_up_to(&self, _: Option<&Place>) -> Option<Place> {
        self.ledger.up_to()
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        self.ledger.settle()
    }

    fn abandon(&mut self) {
        // What came before the record that cannot be sent is waited for, so that it is known to be written; where it
        // was not, that is the error already.
        let _ = self.ledger.settle();
    }
}

/// Milliseconds since the epoch.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
