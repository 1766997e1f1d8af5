//! Kafka, through librdkafka: idempotent, `acks=all`, one producer for all lanes.
//!
//! Order within a lane holds because a lane is sent by one thread at a time, librdkafka keeps the order
//! of calls within a partition (also through retries: the producer is idempotent, with five requests in
//! flight at most), and a record that finds the queue full is tried again before the next one is.

mod connection;
mod context;
mod embedded;
mod lane;
mod ledger;
mod native;
mod needs;
mod properties;
mod size;
mod topic;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer, ThreadedProducer};

pub(crate) use connection::Connection;
use context::Context;
pub use embedded::EmbeddedCluster;
use lane::KafkaLane;
use native::TopicHandle;
pub(crate) use needs::{Needs, partitions_in_backup};
pub(crate) use properties::Properties;
pub(crate) use topic::{Limits, Topic};

use super::{LaneNeed, LaneTarget, Target, TargetError};
use crate::job::Job;
use crate::position::TopicPartition;
use crate::route::Router;

/// The name under which a job allows timestamp 0 to become 1.
pub(crate) const TIMESTAMP_ZERO: &str = "timestamp-zero";

/// A Kafka cluster, connected.
pub struct KafkaTarget {
    router: Router,
    shared: Arc<Shared>,
}

/// A topic that records go to.
struct OpenTopic {
    facts: Topic,
    handle: TopicHandle,
}

/// What all lanes use.
struct Shared {
    producer: ThreadedProducer<Context>,
    connection: Connection,
    topics: RwLock<HashMap<Arc<str>, Arc<OpenTopic>>>,
    /// The largest batch of several records that the producer makes.
    batch_size: usize,
    /// Whether timestamp 0 may become 1.
    moves_zero: bool,
    /// Declared last: it must outlive the clients that speak with it.
    embedded: Option<EmbeddedCluster>,
}

impl KafkaTarget {
    /// Connects to Kafka at `servers` for these lanes, through `connection` where there is one already; see
    /// [`super::connect`].
    ///
    /// # Errors
    /// As [`super::connect`].
    pub(crate) fn connect(
        job: &Job,
        servers: &str,
        lanes: &[LaneNeed],
        connection: Option<Connection>,
    ) -> Result<Self, TargetError> {
        Self::open(job, servers, lanes, connection, None)
    }

    /// Starts a mock cluster with the topics that these lanes need, and connects to it.
    ///
    /// # Errors
    /// As [`super::connect`].
    pub fn connect_embedded(job: &Job, lanes: &[LaneNeed]) -> Result<Self, TargetError> {
        let embedded = EmbeddedCluster::start()?;
        let router = Router::new(&job.target)?;
        let create = job.target.create.clone().unwrap_or_default();
        let needs = Needs::new(&router, lanes);
        needs.check(&BTreeMap::new(), Some(&create))?;
        for (name, needed) in needs.missing(&BTreeMap::new()) {
            embedded.create_topic(&name, create.partitions.unwrap_or(needed))?;
        }
        let servers = embedded.bootstrap_servers().to_owned();
        Self::open(job, &servers, lanes, None, Some(embedded))
    }

    /// Where clients find the mock cluster behind this target, if it is one.
    pub fn embedded_servers(&self) -> Option<&str> {
        self.shared.embedded.as_ref().map(EmbeddedCluster::bootstrap_servers)
    }

    fn open(
        job: &Job,
        servers: &str,
        lanes: &[LaneNeed],
        connection: Option<Connection>,
        embedded: Option<EmbeddedCluster>,
    ) -> Result<Self, TargetError> {
        let router = Router::new(&job.target)?;
        let properties = Properties::new(job, servers)?;
        let connection = match connection {
            Some(connection) => connection,
            None => Connection::open(&properties, embedded.is_some())?,
        };
        let needs = Needs::new(&router, lanes);
        let names = needs.names();
        let mut topics = connection.topics(&names)?;
        // Before anything is created: a job that cannot work leaves no topics behind.
        needs.check(&topics, job.target.create.as_ref())?;
        let missing = needs.missing(&topics);
        if !missing.is_empty() {
            let Some(create) = &job.target.create else {
                return Err(TargetError::MissingTopics(missing.into_keys().collect()));
            };
            connection.create(&missing, create)?;
            topics = connection.topics(&names)?;
            needs.check(&topics, job.target.create.as_ref())?;
        }
        let limits = || topics.values().map(|topic| topic.limits.max_message_bytes);
        let default = Limits::default().max_message_bytes;
        let (smallest, largest) = (limits().min().unwrap_or(default), limits().max().unwrap_or(default));
        let (config, batch_size) = properties.for_producing(smallest, largest);
        let producer = ThreadedProducer::from_config_and_context(&config, Context::new(properties.queue))
            .map_err(|error| properties.fault(error))?;
        hurry_producer_id(&producer, &names, properties.patience);
        let moves_zero = job.allow.iter().any(|code| code == TIMESTAMP_ZERO);
        let shared = Shared { producer, connection, topics: RwLock::default(), batch_size, moves_zero, embedded };
        for (name, facts) in topics {
            let topic = shared.open(facts)?;
            shared.topics.write().insert(name, topic);
        }
        Ok(Self { router, shared: Arc::new(shared) })
    }
}

/// Lets the producer have its id before the first record waits for it. librdkafka asks for the id when metadata
/// arrives and a broker is connected (`rd_kafka_idemp_pid_fsm`); its first metadata arrive a moment too early for
/// that as a rule, and then it waits for half a second, in which a restore fills its queue and stands still.
fn hurry_producer_id(producer: &ThreadedProducer<Context>, topics: &[Arc<str>], patience: Duration) {
    let topic = topics.first().map(|topic| &**topic);
    // The first answer may itself be the one that comes too early.
    for _ in 0..2 {
        if let Err(error) = producer.client().fetch_metadata(topic, patience) {
            // Nothing is lost but the half second: it goes on asking by itself.
            tracing::debug!("the producer has no metadata yet: {}", context::reason(&error));
            return;
        }
    }
}

impl Target for KafkaTarget {
    fn lane(&self, source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError> {
        let no_way = |error| TargetError::Lane { source_partition: source.to_string(), error };
        let route = self.router.lane(source).map_err(no_way)?;
        Ok(Box::new(KafkaLane::new(Arc::clone(&self.shared), route)?))
    }
}

impl Shared {
    fn context(&self) -> &Arc<Context> {
        self.producer.client().context()
    }

    /// A topic by name; one that was not known at the start is asked for once.
    fn topic(&self, name: &str) -> Result<Option<Arc<OpenTopic>>, TargetError> {
        if let Some(topic) = self.topics.read().get(name) {
            return Ok(Some(Arc::clone(topic)));
        }
        let mut topics = self.topics.write();
        if let Some(topic) = topics.get(name) {
            return Ok(Some(Arc::clone(topic)));
        }
        if let Some(embedded) = &self.embedded {
            let partitions = topics.values().map(|topic| topic.facts.partitions).max().unwrap_or(1);
            embedded.create_topic(name, partitions)?;
        }
        self.connection.refresh()?;
        let name: Arc<str> = name.into();
        let Some(facts) = self.connection.topics(std::slice::from_ref(&name))?.remove(&name) else { return Ok(None) };
        let topic = self.open(facts)?;
        topics.insert(name, Arc::clone(&topic));
        Ok(Some(topic))
    }

    fn open(&self, facts: Topic) -> Result<Arc<OpenTopic>, TargetError> {
        let Some(handle) = TopicHandle::new(&self.producer, &facts.name) else {
            return Err(TargetError::MissingTopics(vec![facts.name]));
        };
        Ok(Arc::new(OpenTopic { facts, handle }))
    }

    /// Why librdkafka did not take a record.
    fn not_taken(&self, code: RDKafkaErrorCode, position: String, topic: &OpenTopic) -> TargetError {
        let fatal = self.producer.client().fatal_error().map(|(_, reason)| reason);
        let reason = fatal.unwrap_or_else(|| code.to_string());
        TargetError::Send { position, topic: Arc::clone(&topic.facts.name), reason }
    }
}
