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
mod while_restoring;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::producer::ThreadedProducer;

use committing::{Before, CommittingLane, Seats};
pub(crate) use connection::Connection;
pub(crate) use context::{Context, reason};
pub use embedded::EmbeddedCluster;
use lane::KafkaLane;
pub(crate) use ledger::Room;
pub(crate) use native::{Alteration, Description, Fetched, PartitionReader, Step, read_partition};
pub(crate) use needs::{Needs, partitions_in_backup};
use producing::Producing;
pub(crate) use properties::Properties;
use provenance::Provenance;
pub(crate) use topic::{Limits, Topic};
pub(crate) use transaction::{Fault, Transactor};
use while_restoring::Changed;
pub use while_restoring::PutBack;
pub(crate) use while_restoring::{error as not_altered, put_back};

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
        /// What is changed of the target topics' configs.
        changed: Mutex<Changed>,
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
        // As they will be while records are written.
        let topics_of = |connection: &Connection| -> Result<_, TargetError> {
            let mut topics = connection.topics_under(&names, while_restoring(job, connection))?;
            let letters: Vec<Arc<str>> = needs.letters.keys().cloned().collect();
            topics.extend(connection.topics(&letters)?);
            Ok(topics)
        };
        let mut topics = topics_of(&connection)?;
        // Before anything is created: a job that cannot work leaves no topics behind.
        needs.check(&topics, job.target.create.as_ref())?;
        let missing = needs.missing(&topics);
        if !missing.is_empty() {
            let Some(create) = &job.target.create else {
                return Err(TargetError::MissingTopics(missing.into_keys().collect()));
            };
            connection.create(&missing, create)?;
            topics = topics_of(&connection)?;
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
                let wanted = while_restoring(job, &connection);
                let changed = if stored.is_complete(lanes.iter().map(|lane| &*lane.source)) {
                    // All that is left to do is to put them back.
                    stored.configs
                } else if wanted.is_empty() && stored.configs.is_empty() {
                    Changed::new()
                } else {
                    let changed = while_restoring::set(wanted, &names, &stored.configs, &connection, &session)?;
                    topics = connection.topics(&needs.all_names())?;
                    changed
                };
                let changed = Mutex::new(changed);
                let seats = Arc::new(Seats::new(session, transactors, job.target.transactions));
                Way::ExactlyOnce { seats, before: stored.lanes, started, changed }
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

/// What topics are to have of configs while they are restored: nothing where progress does not keep what they had.
pub(crate) fn while_restoring<'a>(job: &'a Job, connection: &Connection) -> &'a BTreeMap<String, String> {
    static NOTHING: BTreeMap<String, String> = BTreeMap::new();
    match delivery(job, connection) {
        Delivery::ExactlyOnce => &job.target.while_restoring,
        Delivery::AtLeastOnce => &NOTHING,
    }
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

    fn finish(&self) -> Result<Vec<Finding>, TargetError> {
        let Way::ExactlyOnce { seats, changed, .. } = &self.way else { return Ok(Vec::new()) };
        let mut changed = changed.lock();
        let not_yet = |error| TargetError::NotPutBack(Box::new(error));
        let outcome = put_back(&self.shared.connection, &changed).map_err(not_yet)?;
        let nothing: Vec<_> = changed.keys().map(|topic| (topic.as_str(), None)).collect();
        seats.session.keep_configs(&nothing).map_err(not_yet)?;
        changed.clear();
        Ok(outcome.findings())
    }

    fn changed_topics(&self) -> usize {
        match &self.way {
            Way::AtLeastOnce(_) => 0,
            Way::ExactlyOnce { changed, .. } => changed.lock().len(),
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
