//! What librdkafka tells unasked: delivery reports, errors, log lines.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use super::ledger::{Blame, LANES, Ledger, Room, Ticket, Undelivered};
use crate::target::TargetError;

/// What the client has complained of so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Complaints {
    /// Credentials that were not accepted.
    pub(crate) authentication: Option<String>,
    /// TLS that did not come about.
    pub(crate) tls: Option<String>,
    /// The last other one.
    pub(crate) other: Option<String>,
}

/// The receiver of one client.
#[derive(Debug)]
pub(crate) struct Context {
    complaints: Mutex<Complaints>,
    room: Arc<Room>,
    ledgers: RwLock<Vec<Arc<Ledger>>>,
}

impl Context {
    pub(crate) fn new(bound: usize) -> Self {
        Self::sharing(&Arc::new(Room::new(bound)))
    }

    /// For a producer that shares its room with others.
    pub(crate) fn sharing(room: &Arc<Room>) -> Self {
        Self { complaints: Mutex::default(), room: Arc::clone(room), ledgers: RwLock::default() }
    }

    pub(crate) fn room(&self) -> &Room {
        &self.room
    }

    /// Opens a ledger in the first place that nobody holds and nothing is awaited in.
    pub(crate) fn ledger(&self) -> Result<Arc<Ledger>, TargetError> {
        let mut ledgers = self.ledgers.write();
        let free = ledgers.iter().position(|ledger| Arc::strong_count(ledger) == 1 && ledger.is_empty());
        let place = free.unwrap_or(ledgers.len());
        if place >= LANES {
            return Err(TargetError::TooManyLanes { limit: LANES });
        }
        let ledger = Arc::new(Ledger::new(place, Arc::clone(&self.room)));
        match ledgers.get_mut(place) {
            Some(old) => *old = Arc::clone(&ledger),
            None => ledgers.push(Arc::clone(&ledger)),
        }
        Ok(ledger)
    }

    pub(crate) fn complaints(&self) -> Complaints {
        self.complaints.lock().clone()
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(target: "librdkafka", "{facility}: {message}"),
            _ => tracing::debug!(target: "librdkafka", "{facility}: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", "{error}: {reason}");
        let mut complaints = self.complaints.lock();
        let reason = Some(reason.to_owned());
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                complaints.authentication = reason;
            }
            Some(RDKafkaErrorCode::SSL) => complaints.tls = reason,
            // "2/2 brokers are down" says less than what came before it.
            Some(RDKafkaErrorCode::AllBrokersDown) if complaints.other.is_some() => {}
            _ => complaints.other = reason,
        }
    }

    fn stats_raw(&self, statistics: &[u8]) {
        tracing::debug!(target: "librdkafka", "{}", String::from_utf8_lossy(statistics));
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, packed: usize) {
        let ticket = Ticket::unpack(packed);
        let fault = result.as_ref().err().map(|(error, message)| Undelivered {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            reason: reason(error),
            blame: error.rdkafka_error_code().map_or(Blame::Other, blame),
        });
        let ledgers = self.ledgers.read();
        if let Some(ledger) = ledgers.get(ticket.lane) {
            ledger.report(ticket, fault);
        }
    }
}

/// Who is to blame that a record was not written. A broker refuses a whole batch, and tells for most reasons which of
/// its records it is about
/// ([KIP-467](https://cwiki.apache.org/confluence/display/KAFKA/KIP-467%3A+Augment+ProduceResponse+error+messaging+for+specific+culprit+records));
/// librdkafka marks the others then.
fn blame(code: RDKafkaErrorCode) -> Blame {
    match code {
        RDKafkaErrorCode::MessageTimedOut | RDKafkaErrorCode::RequestTimedOut => Blame::Outage,
        RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight => Blame::Transaction,
        RDKafkaErrorCode::TopicAuthorizationFailed => Blame::Permission,
        RDKafkaErrorCode::InvalidDifferentRecord => Blame::Another,
        RDKafkaErrorCode::InvalidRecord
        | RDKafkaErrorCode::InvalidTimestamp
        | RDKafkaErrorCode::MessageSizeTooLarge
        | RDKafkaErrorCode::MessageBatchTooLarge => Blame::Record,
        _ => Blame::Other,
    }
}

/// An error in librdkafka's own words, without the crate's around them.
pub(crate) fn reason(error: &KafkaError) -> String {
    error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string())
}
