//! Transactions of one producer: each call until it is answered, and what it means that one fails.
//!
//! What librdkafka promises of these calls is in its `INTRODUCTION.md`, "Transactional producer".

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::context::{Context, reason};
use super::ledger::Room;
use super::native;
use super::producing::connect;
use super::properties::Properties;
use crate::mechanism::is_off;
use crate::target::TargetError;

/// The ticket of a record that is in no lane's ledger: a failure of it fails the transaction.
const NO_TICKET: usize = usize::MAX;

/// What a producer does most of the time.
const WRITE: &str = "write within a transaction";

/// What it does at the end.
const COMMIT: &str = "commit a transaction";

/// How long librdkafka may take to say why a transaction has failed, which it knows.
const FAILED: Duration = Duration::from_secs(1);

/// How often it is looked while records leave whether one was refused.
const LOOK: Duration = Duration::from_millis(100);

/// What a user lacks who may not write to one of the topics of a transaction: the cluster's word does not say to which.
const WRITE_TOPICS: &str = "WRITE on each target topic and on the topic of progress";

/// What is left to do after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The transaction can be aborted, and the producer goes on.
    Abort,
    /// The producer is of no more use.
    Replace,
    /// The cluster did not answer: how the transaction ends is not known.
    Wait,
}

/// A transaction that did not go on.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    what: &'static str,
    code: Option<RDKafkaErrorCode>,
    reason: String,
    pub(crate) remedy: Remedy,
}

/// A producer that holds a transactional id.
pub(crate) struct Transactor {
    pub(crate) producer: ThreadedProducer<Context>,
    /// How long an answer is waited for.
    patience: Duration,
}

impl Transactor {
    /// Takes a transactional id, from whoever holds it: its transaction is aborted, or brought to an end where it was
    /// about to commit. `topic` is any that there is.
    ///
    /// # Errors
    /// A cluster that does not answer, or does not let the user have it.
    pub(crate) fn open(
        config: &ClientConfig,
        id: &str,
        topic: &str,
        room: &Arc<Room>,
        properties: &Properties,
    ) -> Result<Self, TargetError> {
        let mut config = config.clone();
        config.set("transactional.id", id);
        if is_off("fencing") || id.ends_with("-leader") && is_off("leading-id") {
            config.set("transactional.id", format!("{id}-{:?}", std::time::SystemTime::now()));
        }
        let producer = ThreadedProducer::from_config_and_context(&config, Context::sharing(room))
            .map_err(|error| properties.fault(error))?;
        let patience = properties.transaction_timeout.max(properties.patience);
        let transactor = Self { producer, patience };
        connect(&transactor.producer, Some(topic), properties.patience);
        transactor.until_answered("take its transactional ids", |left| transactor.producer.init_transactions(left))?;
        Ok(transactor)
    }

    /// Opens a transaction; asks nobody.
    pub(crate) fn begin(&self) -> Result<(), Fault> {
        self.producer.begin_transaction().map_err(|error| self.fault("begin a transaction", &error))
    }

    /// Waits until everything sent is acknowledged or has failed, or `is_vain`: behind a record that was refused the others
    /// stay where they are until the transaction is aborted. Tells whether all is done.
    pub(crate) fn flush(&self, is_vain: impl Fn() -> bool) -> Result<bool, Fault> {
        let deadline = Instant::now() + self.patience;
        while let Err(code) = native::flush(&self.producer, LOOK) {
            if is_vain() {
                return Ok(false);
            }
            if code != RDKafkaErrorCode::OperationTimedOut || Instant::now() >= deadline {
                return Err(Fault { what: WRITE, code: Some(code), reason: code.to_string(), remedy: Remedy::Abort });
            }
        }
        Ok(true)
    }

    /// Commits what was sent.
    pub(crate) fn commit(&self) -> Result<(), Fault> {
        self.commit_unless(|| false)
    }

    /// The same, unless it `is_vain`, because a topic of it is gone.
    pub(crate) fn commit_unless(&self, is_vain: impl Fn() -> bool) -> Result<(), Fault> {
        if !self.flush(is_vain)? {
            let code = RDKafkaErrorCode::UnknownTopicOrPartition;
            return Err(Fault { what: COMMIT, code: Some(code), reason: code.to_string(), remedy: Remedy::Abort });
        }
        self.until_answered(COMMIT, |left| self.producer.commit_transaction(left))
    }

    /// Why the open transaction has failed, of which records were given up: librdkafka says so to whoever tries to commit
    /// it, and does not commit what such a record is missing of (`txn_dr_fails` in `rdkafka_txnmgr.c`).
    pub(crate) fn failure(&self) -> Option<Fault> {
        let error = self.producer.commit_transaction(FAILED).err()?;
        Some(self.fault(WRITE, &error))
    }

    /// Takes back what was sent.
    pub(crate) fn abort(&self) -> Result<(), Fault> {
        if is_off("abort") {
            return self.commit();
        }
        self.until_answered("abort a transaction", |left| self.producer.abort_transaction(left))
    }

    /// Enters a record of progress into the transaction; no value removes the key's.
    pub(crate) fn keep(&self, topic: &str, key: &[u8], value: Option<&[u8]>) -> Result<(), Fault> {
        let deadline = Instant::now() + self.patience;
        let record = || {
            let record = BaseRecord::with_opaque_to(topic, NO_TICKET).partition(0).key(key);
            match value {
                Some(value) => record.payload(value),
                None => record,
            }
        };
        loop {
            match self.producer.send(record()) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err((error, _)) => return Err(self.fault("write its progress", &error)),
            }
        }
    }

    /// Whether the producer is of no more use.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken().is_some()
    }

    /// Why the producer is of no more use, if it is.
    pub(crate) fn broken(&self) -> Option<Fault> {
        let (code, reason) = self.producer.client().fatal_error()?;
        Some(Fault { what: WRITE, code: Some(code), reason, remedy: Remedy::Replace })
    }

    /// What an error means. Of a producer that is of no more use librdkafka says so whatever it is asked for, and why
    /// only where it is asked for that.
    fn fault(&self, what: &'static str, error: &KafkaError) -> Fault {
        self.broken().map_or_else(|| Fault::of(what, error), |fault| Fault { what, ..fault })
    }

    /// Calls until there is an answer: each of these calls may be made again where it ran into its time limit.
    fn until_answered(&self, what: &'static str, call: impl Fn(Duration) -> KafkaResult<()>) -> Result<(), Fault> {
        let deadline = Instant::now() + self.patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            let Err(error) = call(left) else { return Ok(()) };
            let again = matches!(&error, KafkaError::Transaction(error) if error.is_retriable());
            if !again || Instant::now() >= deadline {
                return Err(self.fault(what, &error));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Fault {
    fn of(what: &'static str, error: &KafkaError) -> Self {
        let KafkaError::Transaction(error) = error else {
            let code = error.rdkafka_error_code();
            return Self { what, code, reason: reason(error), remedy: Remedy::Abort };
        };
        let remedy = if error.is_fatal() {
            Remedy::Replace
        } else if error.txn_requires_abort() {
            Remedy::Abort
        } else {
            Remedy::Wait
        };
        Self { what, code: Some(error.code()), reason: error.string(), remedy }
    }

    /// That of a transaction that no producer of this run can end.
    pub(super) fn beyond_abort() -> Self {
        Self { what: "abort a transaction", code: None, reason: String::new(), remedy: Remedy::Replace }
    }

    /// `error`, and where it is that the user may not write to one of the topics of a transaction, these by name.
    pub(super) fn naming<'a>(mut error: TargetError, topics: impl Iterator<Item = &'a str>) -> TargetError {
        if let TargetError::Transaction { denied: Some(denied), .. } = &mut error
            && denied == WRITE_TOPICS
        {
            let names: Vec<String> = topics.map(|topic| format!("`{topic}`")).collect();
            *denied = format!("WRITE on one or more of the topics {}", names.join(", ")).into();
        }
        error
    }

    /// Whether somebody else has the id now, or the transaction expired: the cluster's answers are the same.
    pub(crate) fn is_fencing(&self) -> bool {
        matches!(
            self.code,
            Some(
                RDKafkaErrorCode::Fenced
                    | RDKafkaErrorCode::ProducerFenced
                    | RDKafkaErrorCode::InvalidProducerEpoch
                    | RDKafkaErrorCode::InvalidTransactionalState
            )
        )
    }
}

impl From<Fault> for TargetError {
    fn from(fault: Fault) -> Self {
        let Fault { what, code, reason, remedy } = fault;
        let denied = match code {
            Some(
                RDKafkaErrorCode::TransactionalIdAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed,
            ) => Some("WRITE and DESCRIBE on the transactional ids with the prefix `anabranch-`"),
            Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Some(WRITE_TOPICS),
            _ => None,
        };
        let denied = denied.map(Cow::Borrowed);
        let timed_out = matches!(
            code,
            Some(
                RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::TimedOutQueue
                    | RDKafkaErrorCode::MessageTimedOut
                    | RDKafkaErrorCode::RequestTimedOut
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownTopicOrPartition
            )
        );
        Self::Transaction { what, reason, denied, outage: remedy == Remedy::Wait || timed_out }
    }
}
