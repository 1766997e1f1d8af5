//! Kafka, through librdkafka: idempotent, `acks=all`; by transactions with a producer for each running lane, and
//! without them with one for all.
//!
//! Order within a lane holds because a lane is sent by one thread at a time, librdkafka keeps the order
//! of calls within a partition (also through retries: the producer is idempotent, with five requests in
//! flight at most), and a record that finds the queue full is tried again before the next one is.

mod committing;
mod configs;
mod connection;
mod context;
mod embedded;
mod lane;
mod ledger;
mod native;
mod needs;
mod producing;
mod properties;
pub(crate) mod provenance;
mod size;
mod topic;
mod topics;
mod transaction;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::producer::ThreadedProducer;

use committing::{Before, CommittingLane, Seats};
pub(crate) use connection::Connection;
pub(crate) use context::{Context, reason};
pub use embedded::EmbeddedCluster;
use lane::KafkaLane;
pub(crate) use ledger::Room;
pub(crate) use native::{Description, Fetched, PartitionReader, Step, read_partition};
pub(crate) use needs::{Needs, partitions_in_backup};
use producing::Producing;
pub(crate) use properties::Properties;
use provenance::Provenance;
pub(crate) use topic::{Limits, Topic};
pub(crate) use transaction::{Fault, Transactor};

use super::{LaneNeed, LaneTarget, Standing, Target, TargetError};
use crate::finding::{Finding, Weight};
use crate::job::{DeadLetters, Delivery, Job, Policies};
use crate::mechanism::is_off;
use crate::position::TopicPartition;
use crate::progress::{Begun, Inputs, LaneRecord, Producers, Ranges, Session};
use crate::report::Commits;
use crate::route::Router;

/// The name under which a job allows timestamp 0 to become 1.
pub(crate) const TIMESTAMP_ZERO: &str = "timestamp-zero";

/// A Kafka cluster, connected.
pub struct KafkaTarget {
    router: Router,
    way: Way,
    shared: Arc<Shared>,
}

/// How records go to the cluster.
enum Way {
    /// By transactions.
    ExactlyOnce {
        seats: Arc<Seats>,
        /// What earlier runs have committed.
        before: Before,
        /// The first start, in milliseconds since the epoch.
        started: i64,
    },
    /// By one producer.
    AtLeastOnce(Arc<Producing>),
}

/// What all lanes use.
struct Shared {
    connection: Connection,
    topics: RwLock<HashMap<Arc<str>, Topic>>,
    /// Says of each record where it comes from, where the job wants that.
    provenance: Option<Provenance>,
    /// The largest batch of several records that a producer makes.
    batch_size: usize,
    /// What becomes of records that a topic does not take.
    policies: Policies,
    /// Where dead letters go.
    dead_letters: Option<DeadLetters>,
    /// Whether timestamp 0 may become 1.
    moves_zero: bool,
    /// How often it did.
    moved_zeros: AtomicU64,
    /// The topic of progress, which takes no records.
    progress: Arc<str>,
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
        inputs: &Inputs,
        connection: Option<Connection>,
    ) -> Result<Self, TargetError> {
        Self::open(job, servers, lanes, inputs, connection, None)
    }

    /// Starts a mock cluster with the topics that these lanes need, and connects to it.
    ///
    /// # Errors
    /// As [`super::connect`].
    pub fn connect_embedded(job: &Job, lanes: &[LaneNeed]) -> Result<Self, TargetError> {
        let embedded = EmbeddedCluster::start()?;
        let router = Router::new(&job.target)?;
        let create = job.target.create.clone().unwrap_or_default();
        let needs = Needs::new(&router, lanes, job.rejected.dead_letters.as_ref());
        needs.check(&BTreeMap::new(), Some(&create))?;
        for (name, needed) in needs.missing(&BTreeMap::new()) {
            embedded.create_topic(&name, create.partitions.unwrap_or(needed))?;
        }
        let servers = embedded.bootstrap_servers().to_owned();
        Self::open(job, &servers, lanes, &Inputs::default(), None, Some(embedded))
    }

    /// Where clients find the mock cluster behind this target, if it is one.
    pub fn embedded_servers(&self) -> Option<&str> {
        self.shared.embedded.as_ref().map(EmbeddedCluster::bootstrap_servers)
    }

    fn open(
        job: &Job,
        servers: &str,
        lanes: &[LaneNeed],
        inputs: &Inputs,
        connection: Option<Connection>,
        embedded: Option<EmbeddedCluster>,
    ) -> Result<Self, TargetError> {
        let router = Router::new(&job.target)?;
        let properties = Properties::new(job, servers)?;
        let connection = match connection {
            Some(connection) => connection,
            None => Connection::open(&properties, embedded.is_some())?,
        };
        let needs = Needs::new(&router, lanes, job.rejected.dead_letters.as_ref());
        needs.keep_out_of(&job.progress.topic)?;
        let names = needs.names();
        let mut topics = connection.topics(&needs.all_names())?;
        // Before anything is created: a job that cannot work leaves no topics behind.
        needs.check(&topics, job.target.create.as_ref())?;
        let missing = needs.missing(&topics);
        if !missing.is_empty() {
            let Some(create) = &job.target.create else {
                return Err(TargetError::MissingTopics(missing.into_keys().collect()));
            };
            connection.create(&missing, create)?;
            topics = connection.topics(&needs.all_names())?;
            needs.check(&topics, job.target.create.as_ref())?;
        }
        let limits = || topics.values().map(|topic| topic.limits.max_message_bytes);
        let default = Limits::default().max_message_bytes;
        let (smallest, largest) = (limits().min().unwrap_or(default), limits().max().unwrap_or(default));
        let (config, batch_size) = properties.for_producing(smallest, largest);
        let room = Arc::new(Room::new(properties.queue));
        let way = match delivery(job, &connection) {
            Delivery::AtLeastOnce => {
                let producer = ThreadedProducer::from_config_and_context(&config, Context::sharing(&room))
                    .map_err(|error| properties.fault(error))?;
                producing::connect(&producer, names.first().map(|name| &**name), properties.patience);
                Way::AtLeastOnce(Arc::new(Producing::new(producer)))
            }
            Delivery::ExactlyOnce => {
                let cluster = connection.id().map(str::to_owned);
                let identity = inputs.identity(job, lanes, cluster, connection.topic_ids(&names));
                let topic = job.progress.topic.as_str().into();
                let producers = Producers { config, properties, room, topic };
                let Begun { session, transactors, stored, started } =
                    Session::begin(job, lanes, inputs, &identity, &connection, producers)?;
                let seats = Arc::new(Seats::new(session, transactors, job.target.transactions));
                Way::ExactlyOnce { seats, before: stored.lanes, started }
            }
        };
        let moves_zero = job.allow.iter().any(|code| code == TIMESTAMP_ZERO);
        let topics = RwLock::new(topics.into_iter().collect());
        let moved_zeros = AtomicU64::default();
        let writes_provenance = job.target.provenance && !is_off("provenance-is-written");
        let provenance = writes_provenance.then(|| Provenance::new(&job.progress.job));
        let policies = job.rejected.policies;
        let dead_letters = job.rejected.dead_letters.clone();
        let shared = Shared {
            connection,
            topics,
            provenance,
            batch_size,
            policies,
            dead_letters,
            moves_zero,
            moved_zeros,
            progress: job.progress.topic.as_str().into(),
            embedded,
        };
        Ok(Self { router, way, shared: Arc::new(shared) })
    }
}

/// What holds on this cluster: the mock one shows what is not committed and fences nobody.
pub(crate) fn delivery(job: &Job, connection: &Connection) -> Delivery {
    if connection.is_embedded() { Delivery::AtLeastOnce } else { job.target.delivery }
}

impl Target for KafkaTarget {
    fn lane(&self, source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError> {
        let no_way = |error| TargetError::Lane { source_partition: source.to_string(), error };
        let route = self.router.lane(source).map_err(no_way)?;
        match &self.way {
            Way::AtLeastOnce(producing) => {
                Ok(Box::new(KafkaLane::new(Arc::clone(&self.shared), producing, route, source, None)?))
            }
            Way::ExactlyOnce { seats, before, .. } => {
                let seat = seats.take()?;
                let session = Some(Arc::clone(&seats.session));
                let inner = KafkaLane::new(Arc::clone(&self.shared), seat.producing(), route, source, session)?;
                let before = before.get(source).cloned().unwrap_or_default();
                Ok(Box::new(CommittingLane::new(source, seats, seat, inner, before)))
            }
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let times = self.shared.moved_zeros.load(Ordering::Relaxed);
        let message = || format!("timestamp 0 was sent as 1, a millisecond later, {times} times");
        let finding = || Finding { code: TIMESTAMP_ZERO, weight: Weight::Allowed, message: message(), remedy: None };
        (times > 0).then(finding).into_iter().collect()
    }

    fn before(&self, source: &TopicPartition) -> Option<Standing> {
        match &self.way {
            Way::AtLeastOnce(_) => None,
            Way::ExactlyOnce { before, .. } => before.get(source).map(LaneRecord::standing),
        }
    }

    fn ranges(&self, source: &TopicPartition) -> Option<Ranges> {
        let Way::ExactlyOnce { seats, before, .. } = &self.way else { return None };
        seats.ranges(source).or_else(|| before.get(source).map(|record| record.ranges.clone()))
    }

    fn run(&self) -> Option<String> {
        let Way::ExactlyOnce { seats, .. } = &self.way else { return None };
        Some(seats.session.run().to_owned())
    }

    fn started(&self) -> Option<i64> {
        match self.way {
            Way::AtLeastOnce(_) => None,
            Way::ExactlyOnce { started, .. } => Some(started),
        }
    }

    fn commits(&self) -> Option<Commits> {
        match &self.way {
            Way::AtLeastOnce(_) => None,
            Way::ExactlyOnce { seats, .. } => Some(seats.commits()),
        }
    }

    fn lanes_at_a_time(&self) -> Option<usize> {
        match &self.way {
            Way::AtLeastOnce(_) => None,
            Way::ExactlyOnce { seats, .. } => Some(seats.number()),
        }
    }
}

impl Shared {
    /// What a topic takes; one that was not known at the start is asked for once.
    fn facts(&self, name: &str) -> Result<Option<Topic>, TargetError> {
        if let Some(topic) = self.topics.read().get(name) {
            return Ok(Some(topic.clone()));
        }
        let mut topics = self.topics.write();
        if let Some(topic) = topics.get(name) {
            return Ok(Some(topic.clone()));
        }
        if let Some(embedded) = &self.embedded {
            let partitions = topics.values().map(|topic| topic.partitions).max().unwrap_or(1);
            embedded.create_topic(name, partitions)?;
        }
        self.connection.refresh()?;
        let name: Arc<str> = name.into();
        let Some(facts) = self.connection.topics(std::slice::from_ref(&name))?.remove(&name) else { return Ok(None) };
        topics.insert(name, facts.clone());
        Ok(Some(facts))
    }
}
