//! The job: one configured restore, parsed and checked once into plain types.
//!
//! Nothing downstream sees TOML, flags or environment variables; nothing downstream changes a job.

mod choices;
pub mod draft;
mod environment;
mod error;
pub mod file;
mod nearest;
mod overlap;
mod plugin_source;
pub mod quantity;
mod reader;
pub mod recoding;
#[cfg(test)]
mod reference;
mod registry;
pub mod rejected;
pub mod schema;
mod secret;
pub mod select;
pub mod servers;
pub mod topic;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

pub use choices::{
    Choices, DELIVERIES, ENCODINGS, FILE_FORMATS, FORMATS, ORDERS, PARTITIONS, POLICIES, SUBJECTS, TOMBSTONES,
    VALUE_ENCODINGS, choose, names,
};
pub use draft::Draft;
pub use environment::Environment;
pub use error::{At, JobError};
pub use nearest::nearest;
pub use plugin_source::PluginSource;
use reader::Reader;
pub use recoding::{Recoding, SchemaRule, Subject, ValueEncoding};
pub use registry::{ClientIdentity, Login, Registry};
pub use rejected::{Ceiling, DeadLetters, FileFormat, Policies, Policy, Rejected, Share};
pub use secret::Secret;
pub use select::{HeaderTest, Keys, Limit, Moment, OffsetRange, Select, Tombstones, TopicPattern};

use crate::read::Format;

/// One configured restore.
#[derive(Clone, Debug)]
pub struct Job {
    /// The job's name; progress is kept under it.
    pub name: String,
    /// What is read.
    pub backup: Backup,
    /// What is taken of it.
    pub select: Select,
    /// What keys and values are encoded in; the first that fits a topic holds.
    pub schemas: Vec<SchemaRule>,
    /// The plugins, in order.
    pub plugins: Vec<PluginUse>,
    /// Where records go.
    pub target: Target,
    /// What becomes of records that cannot be restored.
    pub rejected: Rejected,
    /// Where the schemas of the backup's values are known, if that is said.
    pub registry: Option<Registry>,
    /// What the restore may take of the machine.
    pub resources: Resources,
    /// Findings of `plan` that do not stop the job.
    pub allow: Vec<String>,
    /// Where its progress is kept.
    pub progress: Progress,
    /// Where the report of each run goes; `None`: nowhere.
    pub report: Option<Report>,
}

/// Where the report of a run goes.
#[derive(Clone, Debug)]
pub struct Report {
    /// A path, a `file://` URL or `s3://bucket/key`.
    pub url: String,
    /// Options of the store, as [`Backup::store`].
    pub store: BTreeMap<String, Secret>,
}

/// Where the progress of a job is kept, on the target cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The name under which it is kept: that of the job, and where nobody gave it one, one that tells it from
    /// others of the same backup.
    pub job: String,
    /// The compacted topic.
    pub topic: String,
    /// Its replication factor, where it is created; `None`: the cluster's default.
    pub replication: Option<i32>,
}

/// The topic of progress, where a job names no other.
pub const PROGRESS_TOPIC: &str = "anabranch-progress";

/// What is read.
#[derive(Clone, Debug)]
pub struct Backup {
    /// `file:///…`, `s3://bucket/prefix`; a bare path is a local one.
    pub url: String,
    /// Options of the store by the `object_store` crate's own names, beyond its environment variables.
    pub store: BTreeMap<String, Secret>,
    /// Where topic, partition and offset stand in a file's path, for instance
    /// `{topic}/partition={partition}/{offset}.parquet`. `{}` matches anything but `/`.
    pub path: Option<String>,
    /// The topic, for a backup that does not say.
    pub topic: Option<String>,
    /// Which columns mean what.
    pub columns: ColumnNames,
    /// How bytes are written in text columns.
    pub encoding: Encodings,
    /// The format, for files whose content does not decide (empty ones, for instance).
    pub format: Option<Format>,
    /// Whether its records are dead letters of an earlier restore, whose headers about that are taken away.
    pub dead_letters: bool,
    /// Where its catalog is kept for the next time, if anywhere.
    pub cache: Option<CatalogCache>,
}

/// Where the catalog of a backup is kept, for jobs that read the same backup again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogCache {
    /// A folder: a path, `file:///…` or `s3://bucket/prefix`.
    pub url: String,
    /// Options of its store; where there are none, those of the backup's.
    pub options: BTreeMap<String, Secret>,
    /// Whether what is there is made anew.
    pub refresh: bool,
}

/// Names of columns as the job maps them; `None` is found by name. Nested ones are written `a.b`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnNames {
    /// The record's key.
    pub key: Option<String>,
    /// The record's value.
    pub value: Option<String>,
    /// The record's headers.
    pub headers: Option<String>,
    /// The record's timestamp.
    pub timestamp: Option<String>,
    /// The kind of the record's timestamp (`create` or `log-append`).
    pub timestamp_type: Option<String>,
    /// The source partition.
    pub partition: Option<String>,
    /// The source offset.
    pub offset: Option<String>,
    /// The source topic.
    pub topic: Option<String>,
}

/// How bytes are written where a format has only text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes as they are; text is UTF-8. A structured value becomes JSON text.
    #[default]
    Text,
    /// RFC 4648 base64, standard or URL-safe alphabet, with or without padding.
    Base64,
    /// Hexadecimal, either case.
    Hex,
}

/// Encodings by column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encodings {
    /// Of keys.
    pub key: Encoding,
    /// Of values.
    pub value: Encoding,
    /// Of header values.
    pub headers: Encoding,
}

/// A plugin of the chain.
#[derive(Clone, Debug)]
pub struct PluginUse {
    /// How messages and reports name it; by default the file's stem.
    pub name: String,
    /// Where it comes from.
    pub source: PluginSource,
    /// The SHA-256 digest that its file must have, in lower-case hexadecimal.
    pub sha256: Option<String>,
    /// Its parameters.
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// Parameters with something of the environment in them, which may be a secret: never shown.
    pub hidden: BTreeSet<String>,
    /// What it may take.
    pub limits: PluginLimits,
}

/// What a plugin may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginLimits {
    /// Linear memory of one instance, in bytes.
    pub memory: usize,
    /// Wall-clock time of one call.
    pub time: Duration,
    /// Bytes of one answer.
    pub output: usize,
    /// Log lines that reach the log, for one lane.
    pub log_lines: u64,
    /// Entries of all tables of one instance.
    pub table_entries: usize,
    /// Core instances that it consists of; as many tables and memories.
    pub instances: usize,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            time: Duration::from_secs(10),
            output: 64 << 20,
            log_lines: 1000,
            // Interpreters compiled to WebAssembly have some ten thousand.
            table_entries: 1_000_000,
            instances: 250,
        }
    }
}

/// Where records go.
#[derive(Clone, Debug)]
pub struct Target {
    /// The kind of target.
    pub cluster: Cluster,
    /// Properties for librdkafka, as given.
    pub properties: BTreeMap<String, Secret>,
    /// Source topic to target topic; topics not named keep their name.
    pub topics: BTreeMap<String, String>,
    /// How records find their partition.
    pub partition: PartitionStrategy,
    /// Which order is promised.
    pub order: Order,
    /// Topics that are missing are created like this; `None`: they are an error.
    pub create: Option<CreateTopics>,
    /// Configs that the target topics have until the job is complete.
    pub while_restoring: BTreeMap<String, String>,
    /// What holds when the restore is interrupted.
    pub delivery: Delivery,
    /// When transactions are closed.
    pub transactions: Transactions,
    /// Whether headers say of each record which job wrote it, and from where in the backup. Those of an earlier restore
    /// are left out then.
    pub provenance: bool,
    /// Whether such headers of an earlier restore are left out.
    pub remove_provenance: bool,
    /// Where the schemas of the target's values are known: that of the job, where none is given for the target.
    pub registry: Option<Registry>,
}

/// What holds when a restore is interrupted, on a cluster that has transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Every record is once in what a `read_committed` consumer sees, and a restore that is started again goes on.
    ExactlyOnce,
    /// A restore that is started again begins at the beginning, and what was written stays.
    AtLeastOnce,
}

/// When a transaction is closed at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transactions {
    /// After this time.
    pub age: Duration,
    /// After this many bytes of records.
    pub bytes: usize,
}

impl Default for Transactions {
    fn default() -> Self {
        Self { age: Duration::from_secs(2), bytes: 256 << 20 }
    }
}

impl Target {
    /// Whether headers of provenance that records of the backup bring along are left out.
    pub fn removes_provenance(&self) -> bool {
        self.provenance || self.remove_provenance
    }

    /// The target topic of a source topic.
    pub fn topic<'a>(&'a self, source: &'a str) -> &'a str {
        self.topics.get(source).map_or(source, String::as_str)
    }
}

/// What stands behind the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Kafka at these bootstrap servers.
    Kafka(String),
    /// librdkafka's mock cluster inside this process, gone when it ends; written `mock`.
    Mock,
    /// Nothing: records are counted and forgotten; written `null`.
    Null,
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kafka(servers) => f.write_str(servers),
            Self::Mock => f.write_str("mock"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// How records find their target partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartitionStrategy {
    /// The source partition.
    Same,
    /// As Kafka's own Java producer: murmur2 of the key.
    Key,
    /// One after the other.
    RoundRobin,
    /// By source partition.
    Table(BTreeMap<i32, i32>),
}

/// Which order a job promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Records of one key arrive in one partition in source order.
    Key,
    /// The same, and what is ordered separately in a topic of the backup is merged by timestamp.
    Timestamp,
    /// None beyond what happens to be kept.
    None,
}

impl Order {
    /// Whether records of one key and source partition arrive in one partition.
    pub fn keeps_keys(self) -> bool {
        self != Self::None
    }
}

/// How missing topics are created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateTopics {
    /// Partitions; `None`: as many as the backup has.
    pub partitions: Option<i32>,
    /// Replication factor; `None`: the cluster's default.
    pub replication: Option<i32>,
    /// Topic configs.
    pub configs: BTreeMap<String, String>,
}

/// What the restore may take of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Bytes of records in flight, all lanes and librdkafka's queue together.
    pub bytes_in_flight: usize,
    /// Lanes that run at a time.
    pub lanes: usize,
}

impl Resources {
    /// Bytes in flight in the lanes: half of what the job allows, the other half is the target's queue.
    pub fn lane_bytes(self) -> usize {
        self.bytes_in_flight / 2
    }

    /// Bytes in the target's queue.
    pub fn target_bytes(self) -> usize {
        self.bytes_in_flight / 2
    }
}

impl Default for Resources {
    fn default() -> Self {
        Self { bytes_in_flight: 64 << 20, lanes: 4 }
    }
}
