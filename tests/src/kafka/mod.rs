//! Apache Kafka itself, one node or three in KRaft mode on loopback, from the jars of `tests/kafka/pom.xml`.
//!
//! Starting takes seconds, so tests of one binary share a cluster ([`Cluster::plain`],
//! [`Cluster::secure`]) and each has topics of its own. The nodes of [`Cluster::start_three`] can be killed, paused and
//! started again. A cluster ends with the value, or with the
//! process however that ends, and leaves nothing behind.

mod node;
mod security;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use crate::ports::free_ports;
use crate::read_back::{self, Record};
use node::Place;
pub use node::{Node, classpath};
pub use security::{PASSWORD, Permission, RESTORER, USER};

/// How long the cluster may take for an answer.
const WAIT: Duration = Duration::from_secs(10);

/// A running cluster.
pub struct Cluster {
    /// By id, from 1.
    nodes: Vec<Node>,
    servers: String,
    secure_servers: Option<String>,
    ca: Option<PathBuf>,
    topics: AtomicU32,
}

impl Cluster {
    /// Starts one with further lines of `server.properties`.
    ///
    /// # Errors
    /// Java or Maven missing, or a broker that does not come up; with the end of its log.
    pub fn start(properties: &str) -> Result<Self> {
        let ports = free_ports::<2>()?;
        let listeners = format!("listeners=PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}", ports[0], ports[1]);
        let place = Place { id: 1, controllers: &ports[1..2], heap: "-Xmx512m" };
        let node = Node::start(&place, &[], |_| Ok(format!("{listeners}\n{properties}")))?;
        node.wait()?;
        let servers = format!("127.0.0.1:{}", ports[0]);
        Ok(Self { nodes: vec![node], servers, secure_servers: None, ca: None, topics: AtomicU32::new(0) })
    }

    /// Starts one that besides its plain listener has one for TLS and SASL: PLAIN, SCRAM-SHA-256 and
    /// SCRAM-SHA-512 for [`USER`] with [`PASSWORD`], and ACLs by which others may do less ([`Permission`]).
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_secure() -> Result<Self> {
        let ports = free_ports::<3>()?;
        let place = Place { id: 1, controllers: &ports[1..2], heap: "-Xmx512m" };
        let node = Node::start(&place, &security::scram_users(), |home| {
            security::write_certificates(home)?;
            Ok(security::properties(home, ports))
        })?;
        node.wait()?;
        let ca = Some(node.home().join("ca.pem"));
        let (servers, secure) = (format!("127.0.0.1:{}", ports[0]), format!("127.0.0.1:{}", ports[2]));
        security::grant(&servers)?;
        Ok(Self { nodes: vec![node], servers, secure_servers: Some(secure), ca, topics: AtomicU32::new(0) })
    }

    /// Starts one of three nodes, each of them broker and controller. Every topic has three replicas, of which two must
    /// have what is acknowledged; a node that does not answer is given up after some seconds.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_three() -> Result<Self> {
        let ports = free_ports::<6>()?;
        let (brokers, controllers) = ports.split_at(3);
        let properties = "auto.create.topics.enable=false\n\
             min.insync.replicas=2\n\
             transaction.state.log.num.partitions=3\n\
             offsets.topic.num.partitions=3\n\
             broker.heartbeat.interval.ms=500\n\
             broker.session.timeout.ms=4000\n\
             transaction.abort.timed.out.transaction.cleanup.interval.ms=1000\n";
        let start = |id: usize, broker: u16, controller: u16| {
            let listeners = format!("listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}");
            let place = Place { id, controllers, heap: "-Xmx384m" };
            Node::start(&place, &[], |_| Ok(format!("{listeners}\n{properties}")))
        };
        let nodes: Vec<Node> = std::thread::scope(|threads| {
            let ports = (1..).zip(brokers.iter().zip(controllers));
            let starting: Vec<_> = ports
                .map(|(id, (broker, controller))| threads.spawn(move || start(id, *broker, *controller)))
                .collect();
            let started = starting.into_iter().map(|node| node.join().map_err(|_| anyhow!("starting it panicked"))?);
            started.collect::<Result<_>>()
        })?;
        nodes.iter().try_for_each(Node::wait)?;
        let servers: Vec<String> = brokers.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        Ok(Self { nodes, servers: servers.join(","), secure_servers: None, ca: None, topics: AtomicU32::new(0) })
    }

    /// A node by its id, from 1.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn node(&self, id: i32) -> &Node {
        let index = usize::try_from(id - 1).unwrap_or(usize::MAX);
        self.nodes.get(index).unwrap_or_else(|| unreachable!("no node {id}"))
    }

    /// The ids of its nodes.
    pub fn nodes(&self) -> impl Iterator<Item = i32> {
        (1..).take(self.nodes.len())
    }

    /// The node that leads a partition now.
    ///
    /// # Errors
    /// A partition without a leader, and the cluster's word.
    pub fn leader(&self, topic: &str, partition: i32) -> Result<i32> {
        let metadata = self.admin()?.inner().fetch_metadata(Some(topic), Duration::from_secs(10))?;
        let topic = metadata.topics().iter().find(|found| found.name() == topic).context("no such topic")?;
        let found = topic.partitions().iter().find(|found| found.id() == partition).context("no such partition")?;
        ensure!(found.leader() > 0, "nobody leads it");
        Ok(found.leader())
    }

    /// The node that coordinates the transactions of an id now.
    ///
    /// # Errors
    /// As [`Self::leader`].
    pub fn coordinator(&self, transactional_id: &str) -> Result<i32> {
        let topic = "__transaction_state";
        let partitions = i32::try_from(*self.partitions()?.get(topic).context("no transactions yet")?)?;
        // `TransactionStateManager.partitionFor`: Java's hash of a string of ASCII.
        let hash = transactional_id.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        self.leader(topic, hash.wrapping_abs() % partitions)
    }

    /// Lets every node run, and waits until every replica of every partition is in sync.
    ///
    /// # Errors
    /// One that does not come, and the cluster's word.
    pub fn heal(&self) -> Result<()> {
        self.nodes.iter().try_for_each(Node::go_on)?;
        let deadline = Instant::now() + Duration::from_secs(60);
        let admin = self.admin()?;
        loop {
            let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(20))?;
            let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            let is_whole = metadata.brokers().len() == self.nodes.len();
            if is_whole && partitions.all(|found| found.leader() > 0 && found.isr().len() == found.replicas().len()) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "some replica stays behind");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The plain cluster of this process. It creates no topic by itself.
    ///
    /// # Panics
    /// If it does not start.
    pub fn plain() -> &'static Self {
        static PLAIN: OnceLock<Cluster> = OnceLock::new();
        PLAIN.get_or_init(|| {
            let expiry = "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000";
            started(Self::start(&format!("auto.create.topics.enable=false\n{expiry}\n")))
        })
    }

    /// The cluster of this process with TLS and SASL.
    ///
    /// # Panics
    /// If it does not start.
    pub fn secure() -> &'static Self {
        static SECURE: OnceLock<Cluster> = OnceLock::new();
        SECURE.get_or_init(|| started(Self::start_secure()))
    }

    /// The cluster of three nodes of this process, whole. It is the caller's alone for as long as the guard lives.
    ///
    /// # Panics
    /// If it does not start, or does not heal from what the test before did to it.
    pub fn three() -> (&'static Self, MutexGuard<'static, ()>) {
        static THREE: OnceLock<Cluster> = OnceLock::new();
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = THREE.get_or_init(|| started(Self::start_three()));
        cluster.heal().unwrap_or_else(|error| unreachable!("{error:#}"));
        (cluster, turn)
    }

    /// Bootstrap servers without TLS.
    pub fn servers(&self) -> &str {
        &self.servers
    }

    /// Bootstrap servers with TLS and SASL.
    ///
    /// # Panics
    /// If the cluster has none.
    pub fn secure_servers(&self) -> &str {
        self.secure_servers.as_deref().unwrap_or_else(|| unreachable!("a plain cluster"))
    }

    /// The certificate of the authority that the broker's own is signed by.
    ///
    /// # Panics
    /// If the cluster has none.
    pub fn ca(&self) -> &std::path::Path {
        self.ca.as_deref().unwrap_or_else(|| unreachable!("a plain cluster"))
    }

    /// The log of the first node.
    pub fn log(&self) -> String {
        self.nodes.first().map(Node::log).unwrap_or_default()
    }

    /// A topic's name that no other test has.
    pub fn topic_name(&self, stem: &str) -> String {
        format!("{stem}-{}", self.topics.fetch_add(1, Ordering::Relaxed))
    }

    /// Creates a topic of that stem and gives its name.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn topic(&self, stem: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<String> {
        let name = self.topic_name(stem);
        self.create(&name, partitions, configs)?;
        Ok(name)
    }

    /// Creates a topic of that name.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn create(&self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Result<()> {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(self.nodes.len() as i32));
        let topic = configs.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
        let mut tries = 3;
        let made = loop {
            // A node that other tests have just stopped may take the question with it.
            match runtime()?.block_on(self.admin()?.create_topics([&topic], &options)) {
                Err(_) if tries > 1 => tries -= 1,
                made => break made?,
            }
        };
        for result in made {
            match result {
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) if tries < 3 => {}
                result => drop(result.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?),
            }
        }
        // The controller has it; the broker shows it a moment later.
        while !self.partitions()?.contains_key(name) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Gives a topic more partitions.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn grow(&self, topic: &str, partitions: usize) -> Result<()> {
        let wanted = NewPartitions::new(topic, partitions);
        let done = runtime()?.block_on(self.admin()?.create_partitions([&wanted], &AdminOptions::new()))?;
        for result in done {
            result.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
        }
        while self.partitions()?.get(topic) != Some(&partitions) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn delete(&self, topic: &str) -> Result<()> {
        let made = runtime()?.block_on(self.admin()?.delete_topics(&[topic], &AdminOptions::new()))?;
        made.into_iter().try_for_each(|result| result.map(drop).map_err(|(topic, code)| anyhow!("{topic}: {code}")))
    }

    /// Deletes the records of a partition that lie before an offset.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Result<()> {
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(topic, partition, Offset::Offset(before))?;
        let made = runtime()?.block_on(self.admin()?.delete_records(&offsets, &AdminOptions::new()))?;
        made.elements().iter().try_for_each(|element| Ok(element.error()?))
    }

    /// Sets a topic's config, and all others back to their defaults.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn alter(&self, topic: &str, key: &str, value: &str) -> Result<()> {
        self.give(topic, &[(key, value)])
    }

    /// Gives a topic these configs of its own and no others.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn give(&self, topic: &str, configs: &[(&str, &str)]) -> Result<()> {
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic));
        let change = configs.iter().fold(change, |change, (key, value)| change.set(key, value));
        let made = runtime()?.block_on(self.admin()?.alter_configs([&change], &AdminOptions::new()))?;
        for result in made {
            result.map_err(|(topic, code)| anyhow!("{topic:?}: {code}"))?;
        }
        Ok(())
    }

    /// A topic's configs as the cluster tells them.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn configs(&self, topic: &str) -> Result<BTreeMap<String, String>> {
        let asked = [ResourceSpecifier::Topic(topic)];
        let told = runtime()?.block_on(self.admin()?.describe_configs(&asked, &AdminOptions::new()))?;
        let Some(Ok(configs)) = told.into_iter().next() else { bail!("no configs of {topic}") };
        Ok(configs.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect())
    }

    /// The configs that are a topic's own.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn overrides(&self, topic: &str) -> Result<BTreeMap<String, String>> {
        let asked = [ResourceSpecifier::Topic(topic)];
        let told = runtime()?.block_on(self.admin()?.describe_configs(&asked, &AdminOptions::new()))?;
        let Some(Ok(configs)) = told.into_iter().next() else { bail!("no configs of {topic}") };
        let own = configs.entries.into_iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
        Ok(own.filter_map(|entry| Some((entry.name, entry.value?))).collect())
    }

    /// Partitions of every topic there is.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn partitions(&self) -> Result<BTreeMap<String, usize>> {
        let metadata = self.admin()?.inner().fetch_metadata(None, Duration::from_secs(10))?;
        Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect())
    }

    /// Every record of a topic by partition, in order, read by Kafka's Java client.
    ///
    /// # Errors
    /// A topic that does not exist, or a reader that does not start.
    pub fn read(&self, topic: &str) -> Result<BTreeMap<i32, Vec<Record>>> {
        read_back::read(&self.servers, topic)
    }

    /// Waits until no transaction is open in a topic. One that was committed is visible a moment after its producer was
    /// told so: the marks in the partitions are written later.
    ///
    /// # Errors
    /// A transaction that stays open, and what the cluster says.
    pub fn settle(&self, topic: &str) -> Result<()> {
        let deadline = Instant::now() + WAIT;
        while self.is_open(topic)? {
            ensure!(Instant::now() < deadline, "a transaction stays open in {topic}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Whether a transaction is open in a topic, or its marks are not written yet.
    ///
    /// # Errors
    /// What the cluster says.
    pub fn is_open(&self, topic: &str) -> Result<bool> {
        let (committed, all) = (self.committed(topic)?, self.ends(topic, "read_uncommitted")?);
        Ok(committed.iter().zip(&all).any(|(committed, all)| committed < all))
    }

    /// Up to where each partition of a topic is committed (or aborted), by partition: beyond 0 something is. Much quicker
    /// than to read what is there.
    ///
    /// # Errors
    /// What the cluster says.
    pub fn committed(&self, topic: &str) -> Result<Vec<i64>> {
        self.ends(topic, "read_committed")
    }

    fn ends(&self, topic: &str, isolation: &str) -> Result<Vec<i64>> {
        let reader: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", &self.servers).set("isolation.level", isolation).create()?;
        let partitions = self.partitions()?.get(topic).copied().unwrap_or_default();
        let end = |partition| Ok(reader.fetch_watermarks(topic, partition, WAIT)?.1);
        (0..i32::try_from(partitions)?).map(end).collect()
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        Ok(ClientConfig::new().set("bootstrap.servers", &self.servers).create()?)
    }
}

#[allow(clippy::panic, reason = "a test without its cluster cannot go on")]
fn started(cluster: Result<Cluster>) -> Cluster {
    cluster.unwrap_or_else(|error| panic!("Apache Kafka did not start: {error:#}"))
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")
}

/// Runs a command and fails with what it said.
pub(crate) fn run(command: &mut std::process::Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed: {said}", command.get_program().display());
    Ok(())
}
