//! Apache Kafka itself, one node in KRaft mode on loopback, from the jars of `tests/kafka/pom.xml`.
//!
//! Starting takes seconds, so tests of one binary share a cluster ([`Cluster::plain`],
//! [`Cluster::secure`]) and each has topics of its own. A cluster ends with the value, or with the
//! process however that ends, and leaves nothing behind.

mod node;
mod security;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::read_back::{self, Record};
use node::Node;
pub use node::classpath;
pub use security::{PASSWORD, USER};

/// A running cluster.
pub struct Cluster {
    node: Node,
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
        let ports = node::free_ports::<2>()?;
        let listeners = format!("listeners=PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}", ports[0], ports[1]);
        let node = Node::start(ports[1], &[], |_| Ok(format!("{listeners}\n{properties}")))?;
        let servers = format!("127.0.0.1:{}", ports[0]);
        Ok(Self { node, servers, secure_servers: None, ca: None, topics: AtomicU32::new(0) })
    }

    /// Starts one that besides its plain listener has one for TLS and SASL: PLAIN, SCRAM-SHA-256 and
    /// SCRAM-SHA-512 for [`USER`] with [`PASSWORD`].
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_secure() -> Result<Self> {
        let ports = node::free_ports::<3>()?;
        let node = Node::start(ports[1], &security::scram_users(), |home| {
            security::write_certificates(home)?;
            Ok(security::properties(home, ports))
        })?;
        let ca = Some(node.home().join("ca.pem"));
        let (servers, secure) = (format!("127.0.0.1:{}", ports[0]), format!("127.0.0.1:{}", ports[2]));
        Ok(Self { node, servers, secure_servers: Some(secure), ca, topics: AtomicU32::new(0) })
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

    /// The broker's log.
    pub fn log(&self) -> String {
        self.node.log()
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
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let topic = configs.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
        let made = runtime()?.block_on(self.admin()?.create_topics([&topic], &options))?;
        for result in made {
            result.map_err(|(topic, code)| anyhow!("{topic}: {code}"))?;
        }
        // The controller has it; the broker shows it a moment later.
        while !self.partitions()?.contains_key(name) {
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

    /// Sets a topic's config, and all others back to their defaults.
    ///
    /// # Errors
    /// The cluster's word.
    pub fn alter(&self, topic: &str, key: &str, value: &str) -> Result<()> {
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(key, value);
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
        let reader = |isolation: &str| -> Result<BaseConsumer> {
            Ok(ClientConfig::new()
                .set("bootstrap.servers", &self.servers)
                .set("isolation.level", isolation)
                .create()?)
        };
        let (all, committed) = (reader("read_uncommitted")?, reader("read_committed")?);
        let wait = Duration::from_secs(10);
        let deadline = Instant::now() + wait;
        let partitions = self.partitions()?.get(topic).copied().unwrap_or_default();
        for partition in 0..i32::try_from(partitions)? {
            while committed.fetch_watermarks(topic, partition, wait)?.1
                < all.fetch_watermarks(topic, partition, wait)?.1
            {
                ensure!(Instant::now() < deadline, "a transaction stays open in {topic}-{partition}");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
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
fn run(command: &mut std::process::Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed: {said}", command.get_program().display());
    Ok(())
}
