//! What can go wrong at the target.
//!
//! No message contains the value of a property: each may be a password.

use std::borrow::Cow;
use std::sync::Arc;

use crate::failure::{Exit, Explain};
use crate::progress::ProgressError;
use crate::route::RouteError;

/// What can go wrong at the target. A message about a record begins with its position.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TargetError {
    /// A property that would undo a guarantee.
    #[error("`target.properties.\"{key}\"` is refused: {reason}")]
    Refused {
        /// The property.
        key: String,
        /// What it would do, and what to set instead.
        reason: String,
    },
    /// A property that librdkafka does not take.
    #[error("`target.properties.\"{key}\"`: {reason}")]
    Property {
        /// The property.
        key: String,
        /// librdkafka's word.
        reason: String,
    },
    /// Properties that do not fit together.
    #[error("`target.properties` do not make a client: {reason}")]
    Client {
        /// librdkafka's word.
        reason: String,
    },
    /// Nobody answers.
    #[error("no answer from Kafka at `{servers}` within {seconds} s: {reason}")]
    Unreachable {
        /// The bootstrap servers.
        servers: String,
        /// How long it was tried.
        seconds: u64,
        /// The last reason that librdkafka gave.
        reason: String,
    },
    /// User or password are not accepted.
    #[error("Kafka at `{servers}` does not accept the credentials: {reason}")]
    Authentication {
        /// The bootstrap servers.
        servers: String,
        /// librdkafka's word.
        reason: String,
    },
    /// No TLS connection: a certificate that does not fit, most often.
    #[error("no TLS connection to Kafka at `{servers}`: {reason}")]
    Tls {
        /// The bootstrap servers.
        servers: String,
        /// librdkafka's word.
        reason: String,
    },
    /// The cluster answered, and refused.
    #[error("Kafka at `{servers}` cannot {what}: {reason}")]
    Request {
        /// The bootstrap servers.
        servers: String,
        /// What it was asked for.
        what: &'static str,
        /// Its answer.
        reason: String,
    },
    /// Topics that the target does not have.
    #[error("the target has no {}", topics_in_words(.0))]
    MissingTopics(Vec<Arc<str>>),
    /// Topics that were there when the run began, and are not any more.
    #[error("the target has no {} any more", topics_in_words(.0))]
    Gone(Vec<Arc<str>>),
    /// A topic that could not be created.
    #[error("topic `{topic}` could not be created: {reason}")]
    Create {
        /// The topic.
        topic: String,
        /// The cluster's word.
        reason: String,
        /// Whether it is what the job asks for that is at fault.
        by_job: bool,
    },
    /// A lane that finds no way.
    #[error("{source_partition}: {error}")]
    Lane {
        /// The source topic-partition.
        source_partition: String,
        /// Why.
        error: RouteError,
    },
    /// A job whose way of routing breaks its promise of order.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A record that finds no way.
    #[error("{position}: {error}")]
    RecordRoute {
        /// The record.
        position: String,
        /// Why.
        error: RouteError,
    },
    /// A record that a plugin sends to a topic that does not exist.
    #[error("{position}: a plugin sends it to topic `{topic}`, which the target does not have")]
    UnknownTopic {
        /// The record.
        position: String,
        /// The topic.
        topic: String,
    },
    /// A topic, met on the way, whose limit is below the size of batches agreed on at the start.
    #[error("{position}: topic `{topic}` takes batches of {limit} bytes, and the producer makes larger ones")]
    SmallTopic {
        /// The record.
        position: String,
        /// The topic.
        topic: Arc<str>,
        /// Its `max.message.bytes`.
        limit: usize,
    },
    /// A record over its topic's limit.
    #[error("{position}: {size} bytes as a record batch, more than `{topic}` takes with {limit}")]
    TooLarge {
        /// The record.
        position: String,
        /// Its size as a batch of its own.
        size: usize,
        /// The limit.
        limit: usize,
        /// Whether nobody can raise it: the embedded cluster's topics have no configs.
        fixed: bool,
        /// The topic.
        topic: Arc<str>,
    },
    /// A record of timestamp 0, which librdkafka replaces by the present.
    #[error("{position}: timestamp 0 cannot be sent, librdkafka takes it for none")]
    TimestampZero {
        /// The record.
        position: String,
    },
    /// A record whose timestamp its topic does not take.
    #[error("{position}: timestamp {timestamp} is further from now than `{config}` of `{topic}` allows")]
    TimestampOutOfRange {
        /// The record.
        position: String,
        /// The topic.
        topic: Arc<str>,
        /// Its timestamp, in milliseconds since the epoch.
        timestamp: i64,
        /// The topic config.
        config: &'static str,
    },
    /// A record without a key on its way to a compacted topic.
    #[error("{position}: `{topic}` is compacted and takes no record without a key")]
    KeyMissing {
        /// The record.
        position: String,
        /// The topic.
        topic: Arc<str>,
    },
    /// A record that librdkafka does not take.
    #[error("{position}: cannot be sent to `{topic}`: {reason}")]
    Send {
        /// The record.
        position: String,
        /// The topic.
        topic: Arc<str>,
        /// Why.
        reason: String,
    },
    /// A record that a producer does not take any more, whatever it is.
    #[error("{position}: not sent, because the producer is of no more use: {reason}")]
    Broken {
        /// The record.
        position: String,
        /// librdkafka's word.
        reason: String,
    },
    /// A record that was sent and not acknowledged.
    #[error("{position}: not written to `{topic}` partition {partition}: {reason}")]
    Delivery {
        /// The record.
        position: String,
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// Why.
        reason: String,
        /// Whether the cluster did not answer, rather than refuse.
        outage: bool,
    },
    /// A record that was given up because its transaction had failed; what that failed with is the cause.
    #[error("{position}: given up with its transaction")]
    GivenUp {
        /// The record.
        position: String,
    },
    /// The user lacks a permission.
    #[error("{place}the user may not {what}: {reason}")]
    Denied {
        /// The position of a record and `: `, where it was met at one.
        place: String,
        /// What was tried.
        what: String,
        /// The cluster's word.
        reason: String,
        /// The operations and the resource of the ACL that is missing.
        acl: String,
    },
    /// Configs of a topic that could not be changed while it is restored.
    #[error("the configs of topic `{topic}` could not be changed: {reason}")]
    Configs {
        /// The topic.
        topic: String,
        /// The cluster's word.
        reason: String,
        /// Whether the job asks for what cannot be.
        by_job: bool,
    },
    /// Configs that could not be put back, of a job that is complete.
    #[error("all records are restored, and the configs that its topics had are not put back yet")]
    NotPutBack(#[source] Box<TargetError>),
    /// A topic for dead letters that records go to.
    #[error("`rejected.dead_letters` names topic `{topic}`, to which records are restored")]
    LettersAmongRecords {
        /// The topic.
        topic: Arc<str>,
    },
    /// A dead letter that its topic does not take.
    #[error("the dead letter of {0}")]
    DeadLetter(Box<TargetError>),
    /// A transaction that the cluster does not let be.
    #[error("the restore cannot {what}: {reason}")]
    Transaction {
        /// What was tried.
        what: &'static str,
        /// The cluster's word, or librdkafka's.
        reason: String,
        /// The operations and resources of the ACL that the user lacks, where that is the reason.
        denied: Option<Cow<'static, str>>,
        /// Whether the cluster did not answer.
        outage: bool,
    },
    /// A record, or all of a lane, on its way to where progress is kept.
    #[error("{from}: `{topic}` is where progress is kept, and takes no records")]
    IntoProgress {
        /// The lane or the record.
        from: String,
        /// The topic.
        topic: String,
    },
    /// The job's progress.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// A partition of the target that cannot be read.
    #[error("{partition} cannot be read: {reason}")]
    Unreadable {
        /// The partition.
        partition: String,
        /// Why not.
        reason: String,
        /// Whether somebody's transaction hides what comes next.
        held: bool,
    },
    /// More lanes open than a target takes.
    #[error("{limit} lanes are open, and the target takes no more")]
    TooManyLanes {
        /// How many it takes.
        limit: usize,
    },
}

impl TargetError {
    /// Whether the cluster did not answer.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Delivery { outage, .. } | Self::Transaction { outage, .. } => *outage,
            Self::DeadLetter(error) => error.is_outage(),
            _ => false,
        }
    }

    /// Whether it may have come because a topic was deleted: nobody answers for such, or it cannot be sent to.
    pub(crate) fn may_be_for_want_of_a_topic(&self) -> bool {
        match self {
            Self::Send { .. } | Self::GivenUp { .. } => true,
            Self::DeadLetter(error) => error.may_be_for_want_of_a_topic(),
            _ => self.is_outage(),
        }
    }

    /// Whether the user lacks a permission, so that trying again does not help.
    pub(crate) fn is_denied(&self) -> bool {
        match self {
            Self::Denied { .. } | Self::Transaction { denied: Some(_), .. } => true,
            Self::DeadLetter(error) => error.is_denied(),
            _ => false,
        }
    }

    /// Whether records are gone that were written. Written on, their log would be as long as it was, and nobody could tell.
    pub(crate) fn is_of_lost_records(&self) -> bool {
        matches!(self, Self::Progress(ProgressError::Shortened { .. }))
    }

    /// Whether a cluster that was asked for progress or a transactional id did not answer, or answered what it may not
    /// answer the next time.
    pub(crate) fn may_be_asked_again(&self) -> bool {
        matches!(
            self,
            Self::Transaction { denied: None, .. }
                | Self::Request { .. }
                | Self::Progress(ProgressError::Held { .. } | ProgressError::Unreadable { .. })
        )
    }
}

fn topics_in_words(topics: &[Arc<str>]) -> String {
    let names: Vec<String> = topics.iter().map(|topic| format!("`{topic}`")).collect();
    format!("{} {}", if names.len() == 1 { "topic" } else { "topics" }, names.join(", "))
}

impl Explain for TargetError {
    fn exit(&self) -> Exit {
        match self {
            Self::Refused { .. }
            | Self::Property { .. }
            | Self::Client { .. }
            | Self::MissingTopics(_)
            | Self::LettersAmongRecords { .. }
            | Self::IntoProgress { .. }
            | Self::Lane { .. }
            | Self::Configs { by_job: true, .. }
            | Self::Create { by_job: true, .. } => Exit::Usage,
            Self::Route(error) => error.exit(),
            Self::Progress(error) => error.exit(),
            Self::DeadLetter(error) => error.exit(),
            Self::NotPutBack(error) => error.exit(),
            Self::Transaction { denied: Some(_), .. }
            | Self::Transaction { outage: true, .. }
            | Self::Unreadable { .. } => Exit::Environment,
            Self::Unreachable { .. }
            | Self::Authentication { .. }
            | Self::Tls { .. }
            | Self::Request { .. }
            | Self::Denied { .. }
            | Self::Gone(_)
            | Self::Configs { .. }
            | Self::Create { .. }
            | Self::Delivery { outage: true, .. } => Exit::Environment,
            Self::RecordRoute { .. }
            | Self::UnknownTopic { .. }
            | Self::SmallTopic { .. }
            | Self::TooLarge { .. }
            | Self::TimestampZero { .. }
            | Self::TimestampOutOfRange { .. }
            | Self::KeyMissing { .. }
            | Self::Send { .. }
            | Self::Broken { .. }
            | Self::Delivery { .. }
            | Self::GivenUp { .. }
            | Self::Transaction { .. }
            | Self::TooManyLanes { .. } => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } => "check `target.brokers` and `security.protocol`; \
                 `target.properties.\"socket.connection.setup.timeout.ms\"` sets how long is tried"
                .to_owned(),
            Self::Authentication { .. } => "check `sasl.mechanism`, `sasl.username` and `sasl.password` under \
                 `target.properties`"
                .to_owned(),
            Self::Tls { .. } => "check `ssl.ca.location` (or `ssl.ca.pem`) and that the certificate names the host of \
                 `target.brokers`"
                .to_owned(),
            Self::IntoProgress { .. } => "send it to another topic: `target.topics`, or what the plugin chooses; or keep \
                 progress in another one: `topic` in `[progress]`"
                .to_owned(),
            Self::MissingTopics(_) => "create them, map them in `target.topics`, or have them created with \
                 `[target.create]`"
                .to_owned(),
            Self::Gone(_) => "create what was deleted and start again: what was committed stays, but for what stood there"
                .to_owned(),
            Self::Create { by_job: true, .. } => "check `target.create`, and the topic's name: `target.topics` gives it another \
                 one"
                .to_owned(),
            Self::Route(error) | Self::Lane { error, .. } | Self::RecordRoute { error, .. } => return error.hint(),
            Self::UnknownTopic { .. } => "create the topic before the restore".to_owned(),
            Self::SmallTopic { limit, .. } => format!("set `target.properties.\"batch.size\"` to {limit} or less"),
            Self::TooLarge { fixed: true, .. } => {
                "the embedded cluster has Kafka's default as its limit: restore into a cluster whose topic takes more, or \
                 leave such records out with a plugin"
                    .to_owned()
            }
            Self::TooLarge { size, .. } => format!("raise `max.message.bytes` of the topic to {size} or more"),
            Self::TimestampZero { .. } => {
                "`allow = [\"timestamp-zero\"]` sends it with timestamp 1, a millisecond later".to_owned()
            }
            Self::TimestampOutOfRange { config, .. } => format!("raise `{config}` of the topic"),
            Self::KeyMissing { .. } => {
                "leave such records out with a plugin, or change the topic's `cleanup.policy`".to_owned()
            }
            Self::Progress(error) => return error.hint(),
            Self::Denied { acl, .. } => format!("an ACL is missing: {acl} (`kafka-acls.sh --add` grants it)"),
            Self::Transaction { denied: Some(acl), .. } => format!(
                "an ACL is missing: {acl} (`kafka-acls.sh --add` grants it); `target.delivery = \"at-least-once\"` needs WRITE \
                 on the target topics alone"
            ),
            Self::Configs { by_job: true, .. } => {
                "check the names and values of `[target.while_restoring]` (`--while-restoring`)".to_owned()
            }
            Self::Configs { .. } => "start again; `anabranch status` lists what is to be put back".to_owned(),
            Self::NotPutBack(error) => format!(
                "{}; the same command puts them back, and so does `anabranch forget`; `anabranch status` lists them",
                error.hint().unwrap_or_default()
            ),
            Self::LettersAmongRecords { .. } => "give dead letters a topic of their own".to_owned(),
            Self::DeadLetter(error) => match &**error {
                Self::Delivery { .. } => "check that the user may write to the topic of `rejected.dead_letters`, and what \
                     it takes; or let dead letters go to files"
                    .to_owned(),
                error => format!(
                    "{}; or let dead letters go to files (`rejected.dead_letters`)",
                    error.hint().unwrap_or_default()
                ),
            },
            Self::Transaction { outage: true, .. } => "bring the cluster back and start again: what was committed stays, \
                 and the rest is written then"
                .to_owned(),
            Self::GivenUp { .. } | Self::Transaction { .. } => "start again: what was committed stays, and the rest is written then".to_owned(),
            Self::Unreadable { held: true, .. } => "somebody's transaction is open in it: wait until the cluster ends it, or end \
                 it with `kafka-transactions.sh abort`; `transaction.timeout.ms` under `target.properties` sets how long \
                 is waited"
                .to_owned(),
            Self::Unreadable { .. } => "check that the user may read and describe the topic, and start again".to_owned(),
            Self::TooManyLanes { .. } => "lower `resources.lanes`".to_owned(),
            Self::Send { .. } => "leave such records out with a plugin, or change what refuses them under \
                 `target.properties`"
                .to_owned(),
            Self::Broken { .. } => "start again: exactly once it goes on from the last commit, and at least once it begins at \
                 the beginning"
                .to_owned(),
            Self::Delivery { outage: true, .. } => "bring the cluster back and start again; \
                 `target.properties.\"message.timeout.ms\"` sets how long is tried"
                .to_owned(),
            Self::Delivery { .. } => "the cluster refuses whole batches, so that another record of the same partition, \
                 shortly before or after this one, may be at fault; the broker's log says more"
                .to_owned(),
            Self::Property { .. } => "names and values are librdkafka's own; its CONFIGURATION.md lists them".to_owned(),
            Self::Refused { .. } => "leave it out, or give a value that keeps the guarantee".to_owned(),
            Self::Client { .. } | Self::Request { .. } | Self::Create { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn nobody_is_told_to_raise_a_limit_of_the_embedded_cluster() {
        let hint = |fixed| {
            let (position, topic) = ("orders-3@7".to_owned(), "orders".into());
            TargetError::TooLarge { position, size: 2_000_000, limit: 1_048_588, fixed, topic }.hint().unwrap()
        };
        assert_eq!(hint(false), "raise `max.message.bytes` of the topic to 2000000 or more");
        assert!(!hint(true).contains("max.message.bytes"), "{}", hint(true));
    }
}
