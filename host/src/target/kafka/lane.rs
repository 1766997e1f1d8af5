//! The way of one lane into the producer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer};

use super::context::reason;
use super::ledger::{Ledger, OpenRun, Places};
use super::topic::Topic;
use super::Shared;
use crate::batch::{OutputRow, Outputs};
use crate::route::{LaneRoute, Turn};
use crate::target::{LaneTarget, Sent, TargetError};

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
    met: Vec<(Arc<Topic>, Turn)>,
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
    ) -> Result<&mut (Arc<Topic>, Turn), TargetError> {
        let name = row.topic.unwrap_or(route.topic());
        if self.met.get(self.last).is_none_or(|(topic, _)| &*topic.name != name) {
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
        let limit = topic.limits.max_message_bytes;
        if limit < shared.batch_size {
            return Err(TargetError::SmallTopic { position: position(), topic: Arc::clone(&topic.name), limit });
        }
        let place = self.met.len();
        self.places.insert(Arc::clone(&topic.name), place);
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
                .partition(&row, &topic.name, topic.partitions, turn)
                .map_err(|error| TargetError::RecordRoute { position: position(), error })?;
            let bytes = topic.check(&row, now, position)? + ALLOCATION;
            let timestamp = match row.timestamp {
                0 if topic.limits.log_append_time => 1,
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
            let record = BaseRecord {
                topic: &topic.name,
                partition: Some(partition),
                payload: row.value,
                key: row.key,
                timestamp: Some(timestamp),
                headers: headers(&row),
                delivery_opaque: run.ticket().pack(),
            };
            produce(shared, ledger, record, topic, position)?;
            run.sent(bytes);
            sent.add(&row);
        }
        Ok(sent)
    }

    fn flush(&mut self) -> Result<(), TargetError> {
        self.ledger.settle()
    }
}

/// Hands a record over, and waits where librdkafka's queue is full.
fn produce(
    shared: &Shared,
    ledger: &Ledger,
    mut record: BaseRecord<'_, [u8], [u8], usize>,
    topic: &Topic,
    position: impl Fn() -> String,
) -> Result<(), TargetError> {
    loop {
        let Err((error, back)) = shared.producer.send(record) else { return Ok(()) };
        record = back;
        let reason = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => {
                shared.context().room().wait();
                ledger.check()?;
                continue;
            }
            Some(RDKafkaErrorCode::Fatal) => {
                shared.producer.client().fatal_error().map_or_else(|| reason(&error), |(_, reason)| reason)
            }
            _ => reason(&error),
        };
        return Err(TargetError::Send { position: position(), topic: Arc::clone(&topic.name), reason });
    }
}

fn headers(row: &OutputRow<'_>) -> Option<OwnedHeaders> {
    let headers = row.headers.clone();
    (headers.len() > 0).then(|| {
        let empty = OwnedHeaders::new_with_capacity(headers.len());
        headers.fold(empty, |all, header| all.insert(Header { key: header.name, value: header.value }))
    })
}

/// Milliseconds since the epoch.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
