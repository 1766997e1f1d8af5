//! Speaking with a cluster about its topics.
//!
//! librdkafka tries for ever: a wrong password and a cluster that is not there look alike to whoever
//! only waits. So the first question is asked in turns, and what the client complains of between them
//! decides. An answer that comes after its turn is lost, so each turn is twice as long as the last:
//! complaints, which come early as a rule, are noticed early, and a slow cluster has its turn in the end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use parking_lot::Mutex;
use rdkafka::admin::{
    AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataBroker};
use rdkafka::producer::{BaseProducer, Producer};

use super::context::{Complaints, Context, reason};
use super::native::{self, Description};
use super::properties::Properties;
use super::topic::{Limits, Topic};
use crate::job::CreateTopics;
use crate::target::TargetError;

/// The first turn of waiting for a first answer.
const TURN: Duration = Duration::from_millis(250);
/// How long another broker may still answer after one has refused the credentials.
const GRACE: Duration = Duration::from_secs(1);

/// Events of the client that are looked at between two turns.
const EVENTS: usize = 256;

/// A cluster that has answered.
pub(crate) struct Connection {
    pub(super) admin: AdminClient<Context>,
    pub(super) servers: String,
    pub(super) patience: Duration,
    /// The cluster's id.
    id: Option<String>,
    /// One of its brokers.
    pub(super) broker: Option<i32>,
    /// How many it has.
    brokers: usize,
    /// Whether it is librdkafka's mock, here or in another process, which knows no configs and lets
    /// every question for them run into its time limit.
    pub(super) embedded: bool,
    /// Partitions of every topic, as last asked.
    partitions: Mutex<HashMap<String, i32>>,
}

impl Connection {
    /// Connects.
    pub(crate) fn open(properties: &Properties, embedded: bool) -> Result<Self, TargetError> {
        let (first, id) = first_answer(properties)?;
        let admin = AdminClient::from_config_and_context(properties.for_questions(), Context::new(0))
            .map_err(|error| properties.fault(error))?;
        // librdkafka's mock says so in its id (`rdkafka_mock.c`).
        let embedded = embedded || id.as_ref().is_some_and(|id| id.starts_with("mockCluster"));
        Ok(Self {
            admin,
            servers: properties.servers.clone(),
            patience: properties.patience,
            id,
            broker: first.brokers().first().map(MetadataBroker::id),
            brokers: first.brokers().len(),
            embedded,
            partitions: Mutex::new(partitions_of(&first)),
        })
    }

    /// Whether it is librdkafka's mock cluster, which has no transactions worth the name.
    pub(crate) fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// The cluster's id.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Those of these topics that are there, with their ids where the cluster tells them.
    pub(crate) fn topic_ids(&self, names: &[Arc<str>]) -> BTreeMap<String, Option<String>> {
        let mut described = self.describe(names);
        let there = names.iter().filter(|name| self.partitions(name).is_some());
        there.map(|name| (name.to_string(), described.remove(&**name).and_then(|topic| topic.id))).collect()
    }

    /// What the cluster tells of those of these topics that are there: who has them, and what the user may do.
    pub(crate) fn describe(&self, names: &[Arc<str>]) -> BTreeMap<String, Description> {
        native::describe_topics(self.admin.inner(), names, self.patience)
    }

    /// Partitions of `topic`, as last asked.
    pub(crate) fn partitions(&self, topic: &str) -> Option<i32> {
        self.partitions.lock().get(topic).copied()
    }

    /// Asks anew.
    pub(crate) fn refresh(&self) -> Result<(), TargetError> {
        let metadata = self
            .admin
            .inner()
            .fetch_metadata(None, self.patience)
            .map_err(|error| self.refused("list its topics", &error))?;
        *self.partitions.lock() = partitions_of(&metadata);
        Ok(())
    }

    /// The topics of these names that exist, with what they take.
    pub(crate) fn topics(&self, names: &[Arc<str>]) -> Result<BTreeMap<Arc<str>, Topic>, TargetError> {
        self.topics_under(names, &BTreeMap::new())
    }

    /// As [`Self::topics`], with what they would take if they had these configs of their own.
    pub(crate) fn topics_under(
        &self,
        names: &[Arc<str>],
        over: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<Arc<str>, Topic>, TargetError> {
        let limits = Limits { fixed: self.embedded, ..Limits::default() };
        let mut topics: BTreeMap<Arc<str>, Topic> = names
            .iter()
            .filter_map(|name| {
                let partitions = self.partitions(name)?;
                Some((Arc::clone(name), Topic { name: Arc::clone(name), partitions, limits: limits.clone() }))
            })
            .collect();
        if self.embedded || topics.is_empty() {
            return Ok(topics);
        }
        let asked: Vec<ResourceSpecifier<'_>> = topics.keys().map(|name| ResourceSpecifier::Topic(name)).collect();
        let told = block_on(self.admin.describe_configs(&asked, &self.options())).unwrap_or_else(|error| {
            tracing::debug!("{} cannot tell its topics' configs: {}", self.servers, reason(&error));
            Vec::new()
        });
        // A topic whose configs cannot be read keeps Kafka's defaults, and `examine` says so.
        for configs in told.into_iter().flatten() {
            if let OwnedResourceSpecifier::Topic(name) = &configs.specifier
                && let Some(topic) = topics.get_mut(name.as_str())
            {
                topic.limits = Limits::of(&configs, over);
            }
        }
        Ok(topics)
    }

    /// How many brokers it has.
    pub(crate) fn brokers(&self) -> usize {
        self.brokers
    }

    /// Asks whether topics could be created so; creates none.
    pub(crate) fn would_create(&self, topics: &BTreeMap<Arc<str>, i32>, how: &CreateTopics) -> Result<(), TargetError> {
        if self.embedded || topics.is_empty() {
            return Ok(());
        }
        self.ask_to_create(topics, how, &self.options().validate_only(true))
    }

    /// Creates topics, each with so many partitions, and waits until the cluster has them.
    pub(crate) fn create(&self, topics: &BTreeMap<Arc<str>, i32>, how: &CreateTopics) -> Result<(), TargetError> {
        self.ask_to_create(topics, how, &self.options())?;
        let deadline = Instant::now() + self.patience;
        loop {
            self.refresh()?;
            if topics.keys().all(|name| self.partitions(name).is_some()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let topic = topics.keys().find(|name| self.partitions(name).is_none()).map_or("", |name| &**name);
                let reason = "the cluster said yes, and does not show it".to_owned();
                return Err(TargetError::Create { topic: topic.to_owned(), reason, by_job: false });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn ask_to_create(
        &self,
        topics: &BTreeMap<Arc<str>, i32>,
        how: &CreateTopics,
        options: &AdminOptions,
    ) -> Result<(), TargetError> {
        // -1 is the cluster's own default (KIP-464).
        let replication = how.replication.unwrap_or(-1);
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|(name, partitions)| {
                let partitions = how.partitions.unwrap_or(*partitions);
                let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replication));
                how.configs.iter().fold(topic, |topic, (key, value)| topic.set(key, value))
            })
            .collect();
        let made = block_on(self.admin.create_topics(&new, options));
        for result in made.map_err(|error| match error {
            KafkaError::AdminOpCreation(reason) => TargetError::Create {
                topic: topics.keys().cloned().collect::<Vec<_>>().join("`, `"),
                reason,
                by_job: true,
            },
            error => self.refused("create topics", &error),
        })? {
            match result {
                // Somebody else was faster: it exists, which is what was wanted.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((
                    topic,
                    code @ (RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed),
                )) => {
                    return Err(TargetError::Denied {
                        place: String::new(),
                        what: format!("create topic `{topic}`"),
                        reason: code.to_string(),
                        acl: format!("CREATE on topic `{topic}`, or on the cluster"),
                    });
                }
                Err((topic, code)) => {
                    let by_job = matches!(
                        code,
                        RDKafkaErrorCode::InvalidTopic
                            | RDKafkaErrorCode::InvalidPartitions
                            | RDKafkaErrorCode::InvalidReplicationFactor
                            | RDKafkaErrorCode::InvalidConfig
                            | RDKafkaErrorCode::PolicyViolation
                    );
                    return Err(TargetError::Create { topic, reason: code.to_string(), by_job });
                }
            }
        }
        Ok(())
    }

    pub(super) fn options(&self) -> AdminOptions {
        AdminOptions::new().request_timeout(Some(self.patience)).operation_timeout(Some(self.patience))
    }

    pub(super) fn refused(&self, what: &'static str, error: &KafkaError) -> TargetError {
        TargetError::Request { servers: self.servers.clone(), what, reason: reason(error) }
    }
}

/// Topics and their partitions. One with an error or without a partition is being created or deleted.
fn partitions_of(metadata: &Metadata) -> HashMap<String, i32> {
    metadata
        .topics()
        .iter()
        .filter(|topic| topic.error().is_none() && !topic.partitions().is_empty())
        .map(|topic| (topic.name().to_owned(), topic.partitions().len() as i32))
        .collect()
}

/// A turn within the time that is `left`: all of it where no longer turn would fit behind this one, since
/// a shorter one would only throw away the answer that is under way.
fn bounded(turn: Duration, left: Duration) -> Duration {
    if left < turn.saturating_mul(2) { left.max(Duration::from_millis(1)) } else { turn }
}

/// Asks for the cluster's topics, and its id, until it answers, refuses, or patience ends.
fn first_answer(properties: &Properties) -> Result<(Metadata, Option<String>), TargetError> {
    let client: BaseProducer<Context> =
        BaseProducer::from_config_and_context(properties.for_questions(), Context::new(0))
            .map_err(|error| properties.fault(error))?;
    let servers = properties.servers.clone();
    let begun = Instant::now();
    let mut refused_at: Option<Instant> = None;
    let mut turn = TURN;
    loop {
        let left = match refused_at {
            Some(since) => GRACE.saturating_sub(since.elapsed()),
            None => properties.patience.saturating_sub(begun.elapsed()),
        };
        let answer = client.client().fetch_metadata(None, bounded(turn, left));
        turn = turn.saturating_mul(2);
        // Each poll serves one event, and the complaint that decides may stand behind others.
        (0..EVENTS).for_each(|_| client.poll(Duration::ZERO));
        let last = match answer {
            Ok(metadata) => return Ok((metadata, client.client().fetch_cluster_id(TURN))),
            Err(error) => reason(&error),
        };
        let Complaints { authentication, tls, other } = client.context().complaints();
        if authentication.is_some() || tls.is_some() {
            let since = *refused_at.get_or_insert_with(Instant::now);
            if since.elapsed() >= GRACE {
                return Err(match (authentication, tls) {
                    (Some(reason), _) => TargetError::Authentication { servers, reason },
                    (None, tls) => TargetError::Tls { servers, reason: tls.unwrap_or(last) },
                });
            }
        }
        if begun.elapsed() >= properties.patience {
            let seconds = properties.patience.as_secs();
            return Err(TargetError::Unreachable { servers, seconds, reason: other.unwrap_or(last) });
        }
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
