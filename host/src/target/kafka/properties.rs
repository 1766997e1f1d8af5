//! Properties for librdkafka: passed through, except those that would undo a guarantee.
//!
//! Names and defaults are those of librdkafka's `CONFIGURATION.md`.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::topic::Limits;
use crate::job::{self, Delivery, Job, Resources};
use crate::mechanism::is_off;
use crate::target::TargetError;

/// librdkafka's own default of `batch.size`.
const BATCH_SIZE: usize = 1_000_000;
/// The largest `message.max.bytes` that librdkafka takes.
const MESSAGE_MAX_BYTES: usize = 1_000_000_000;
/// librdkafka counts the longest possible framing against `message.max.bytes`, brokers the real one.
const FRAMING: usize = 1024;
/// How long librdkafka collects records for a batch where the job says nothing, in milliseconds. Its own
/// default of 5 makes a restore send many small batches: several lanes fill many partitions at a time.
const LINGER: &str = "50";
/// How long a first answer is waited for where the job says nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// librdkafka's own default of `transaction.timeout.ms`.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

/// The checked properties of a job. Not to be printed: they hold passwords.
#[derive(Clone)]
pub(crate) struct Properties {
    config: ClientConfig,
    pub(crate) servers: String,
    /// Bytes of records that may wait in the producer.
    pub(crate) queue: usize,
    /// How long a first answer is waited for.
    pub(crate) patience: Duration,
    /// How long the cluster waits for a transaction.
    pub(crate) transaction_timeout: Duration,
    batch_size: usize,
}

impl Properties {
    /// Checks the properties of a job for the cluster at `servers`.
    pub(crate) fn new(job: &Job, servers: &str) -> Result<Self, TargetError> {
        Self::of(&job.target, job.resources, servers)
    }

    /// Checks the properties of a target for the cluster at `servers`.
    pub(crate) fn of(target: &job::Target, resources: Resources, servers: &str) -> Result<Self, TargetError> {
        let bound = resources.target_bytes();
        let mut config = ClientConfig::new();
        config
            .set("client.id", "anabranch")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("bootstrap.servers", servers);
        for (key, value) in &target.properties {
            let value = value.expose();
            if let Some(reason) = refusal(key, value, bound) {
                return Err(TargetError::Refused { key: key.clone(), reason });
            }
            config.set(key, value);
        }
        if config.get("linger.ms").or(config.get("queue.buffering.max.ms")).is_none() {
            config.set("linger.ms", LINGER);
        }
        let number = |key: &str| config.get(key).and_then(|value| value.trim().parse::<usize>().ok());
        let properties = Self {
            servers: servers.to_owned(),
            queue: number("queue.buffering.max.kbytes").map_or(bound, |kbytes| kbytes.saturating_mul(1024)),
            patience: number("socket.connection.setup.timeout.ms")
                .map_or(PATIENCE, |limit| Duration::from_millis(limit as u64)),
            transaction_timeout: number("transaction.timeout.ms")
                .map_or(TRANSACTION_TIMEOUT, |limit| Duration::from_millis(limit as u64)),
            batch_size: number("batch.size").unwrap_or(BATCH_SIZE),
            config,
        };
        let (age, timeout) = (target.transactions.age, properties.transaction_timeout);
        if target.delivery == Delivery::ExactlyOnce && age >= timeout {
            return Err(TargetError::Property {
                key: "transaction.timeout.ms".to_owned(),
                reason: format!(
                    "the cluster would end a transaction after {timeout:?}, before it is closed at the age of {age:?} \
                     (`target.transactions.age`)"
                ),
            });
        }
        // librdkafka knows names and values without a cluster.
        properties.config.create_native_config().map_err(|error| properties.fault(error))?;
        Ok(properties)
    }

    /// The configuration of a client that only asks.
    pub(crate) fn for_questions(&self) -> &ClientConfig {
        &self.config
    }

    /// The configuration of a client that asks where logs end: for everybody, open transactions included.
    pub(crate) fn for_ends(&self) -> ClientConfig {
        let mut config = self.at_the_leader();
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// The configuration of a client that reads a topic to its end.
    pub(crate) fn for_reading(&self) -> ClientConfig {
        let mut config = self.at_the_leader();
        config.set("isolation.level", if is_off("read-committed") { "read_uncommitted" } else { "read_committed" });
        config
    }

    /// Of a client that reads. A follower may be behind with what is committed, so none is read from (KIP-392).
    fn at_the_leader(&self) -> ClientConfig {
        let mut config = self.config.clone();
        config.remove("client.rack");
        // The end of a log is told by a fetch that waits for more.
        config.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "5");
        config
    }

    /// The configuration of the producer, and the size of the batches that it makes, for topics whose
    /// `max.message.bytes` lie between `smallest` and `largest`.
    ///
    /// The broker takes or refuses whole batches, so batches of several records stay below the smallest
    /// limit; a record that is larger than that travels alone (librdkafka applies `batch.size` after the
    /// first record of a batch).
    pub(crate) fn for_producing(&self, smallest: usize, largest: usize) -> (ClientConfig, usize) {
        let batch_size = self.batch_size.min(smallest);
        // The progress is written by the same producer, into a topic with a limit of its own.
        let largest = largest.max(Limits::default().max_message_bytes);
        let message = largest.saturating_add(FRAMING).min(MESSAGE_MAX_BYTES);
        let mut config = self.config.clone();
        config.set("batch.size", batch_size.to_string());
        if config.get("message.max.bytes").is_none() {
            config.set("message.max.bytes", message.to_string());
        }
        // The producer counts keys and headers too and holds the real bound itself; librdkafka's must
        // let a single record of any size pass.
        config.set("queue.buffering.max.kbytes", (self.queue.max(message) / 1024 + 1).to_string());
        (config, batch_size)
    }

    /// What librdkafka says of a configuration, as an error of the job.
    pub(crate) fn fault(&self, error: KafkaError) -> TargetError {
        match error {
            KafkaError::ClientConfig(_, reason, key, value) => {
                TargetError::Property { reason: hidden(&reason, &value), key }
            }
            KafkaError::ClientCreation(reason) => TargetError::Client { reason },
            other => TargetError::Client { reason: other.to_string() },
        }
    }
}

/// Why a property is refused.
fn refusal(key: &str, value: &str, queue: usize) -> Option<String> {
    let value = value.trim().to_ascii_lowercase();
    let yes = matches!(value.as_str(), "true" | "t" | "1");
    let number: Option<u64> = value.parse().ok();
    let reason = match key {
        "enable.idempotence" if !yes => "without idempotence a retry doubles or reorders records",
        "acks" | "request.required.acks" if value != "all" && value != "-1" => {
            "with anything but `all` an acknowledged record can be lost"
        }
        "transactional.id" => "transactions belong to the restore itself",
        "partitioner" | "partitioner_cb" => "set `target.partition` instead",
        "max.in.flight" | "max.in.flight.requests.per.connection" if number.is_none_or(|n| n == 0 || n > 5) => {
            "with more than 5 requests in flight a retry reorders records"
        }
        "message.send.max.retries" | "retries" if number.is_none_or(|n| n == 0) => {
            "without a retry a passing fault of a broker ends the restore"
        }
        "queuing.strategy" if value != "fifo" => "anything but `fifo` reorders records",
        "delivery.report.only.error" if yes => "every acknowledgement is counted",
        "api.version.request" if !yes => "without it headers are silently left out",
        "bootstrap.servers" | "metadata.broker.list" => "set `target.brokers` instead",
        "test.mock.num.brokers" => "set `target.brokers` to `mock` instead",
        "queue.buffering.max.kbytes" if number.is_none_or(|kbytes| kbytes > (queue / 1024) as u64) => {
            return Some(format!(
                "more than {} kB, half of `resources.bytes_in_flight`, breaks the bound of memory; raise that instead",
                queue / 1024
            ));
        }
        _ => return None,
    };
    Some(reason.to_owned())
}

/// `reason` without a value that might be a password, wherever it is not a part of a longer word or number.
fn hidden(reason: &str, value: &str) -> String {
    if value.is_empty() {
        return reason.trim().to_owned();
    }
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut shown = String::with_capacity(reason.len());
    let mut rest = reason.trim();
    while let Some((before, after)) = rest.split_once(value) {
        shown.push_str(before);
        let goes_on = is_word(shown.chars().next_back()) && is_word(value.chars().next())
            || is_word(value.chars().next_back()) && is_word(after.chars().next());
        shown.push_str(if goes_on { value } else { "[hidden]" });
        rest = after;
    }
    shown + rest
}

#[cfg(test)]
#[path = "properties_tests.rs"]
mod tests;
