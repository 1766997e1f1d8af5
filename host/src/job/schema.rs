//! Every key of the job file: name, type, default and meaning.
//!
//! The reader refuses what is not here and finds the nearest right name here, and `docs/job.md` is
//! written from here.

use super::choices::{DELIVERIES, ENCODINGS, FILE_FORMATS, FORMATS, ORDERS, PARTITIONS, POLICIES, TOMBSTONES, names};

/// A table of the job file.
#[derive(Debug)]
pub struct Table {
    /// The header as it is written, for instance `[backup.columns]`; empty for the top.
    pub header: &'static str,
    /// What the table is for.
    pub help: &'static str,
    /// Its keys.
    pub keys: Keys,
}

/// The keys of a table.
#[derive(Debug)]
pub enum Keys {
    /// These and no others.
    Fixed(&'static [Key]),
    /// Any key, with a text, number or boolean; `a.b = 1` is the key `a.b`.
    Free,
    /// Any key, with any value.
    Any,
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value has to be.
    pub kind: Kind,
    /// What holds without it, in words.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// What a value has to be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number.
    Integer,
    /// A list of whole numbers.
    Integers,
    /// A point in time.
    Time,
    /// `true` or `false`.
    Boolean,
    /// A number of bytes: a whole number or a text such as `64 MiB`.
    Size,
    /// A text such as `10s`.
    Duration,
    /// A text such as `5%`.
    Share,
    /// One of some words.
    OneOf(fn() -> Vec<&'static str>),
    /// One of some words, or a table from source partition to target partition.
    Partition,
    /// A table of its own.
    Table(&'static Table),
    /// Any number of tables.
    Tables(&'static Table),
}

impl Kind {
    /// What is due, as an error or the reference says it.
    pub fn due(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Integers => "a list of whole numbers".to_owned(),
            Self::Time => "a time such as `\"2026-10-01T14:00:00Z\"`".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Size => "a size such as `\"64 MiB\"`".to_owned(),
            Self::Duration => "a duration such as `\"10s\"`".to_owned(),
            Self::Share => "a share such as `\"5%\"`".to_owned(),
            Self::OneOf(words) => alternatives(&words()),
            Self::Partition => {
                format!("{} or a table from source to target partition", alternatives(&names(PARTITIONS)))
            }
            Self::Table(_) => "a table".to_owned(),
            Self::Tables(table) => format!("tables headed `{}`", table.header),
        }
    }
}

/// `"a"`, `"b"` or `"c"`.
fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

impl Table {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        match self.keys {
            Keys::Fixed(keys) => keys.iter().find(|key| key.name == name),
            Keys::Free | Keys::Any => None,
        }
    }
}

const fn key(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key { name, kind, default, help }
}

/// The top of a job file.
pub static JOB: Table = Table {
    header: "",
    help: "What stands before the first table.",
    keys: Keys::Fixed(&[
        key(
            "name",
            Kind::Text,
            "the file's name without `.toml`; without a file the last part of the backup's URL",
            "The job's name: reports show it, plugins derive their randomness from it, and \
             [its progress](guarantees.md#the-name-of-a-job) is kept under it.",
        ),
        key(
            "allow",
            Kind::Texts,
            "none",
            "Findings of `anabranch plan`, by name, that do not stop the restore: those \
             [of the backup](catalog.md#findings) and those [of the job and the target](kafka.md#findings). A name \
             that is no finding is refused.",
        ),
        key("backup", Kind::Table(&BACKUP), "", ""),
        key("select", Kind::Table(&SELECT), "", ""),
        key("plugin", Kind::Tables(&PLUGIN), "", ""),
        key("target", Kind::Table(&TARGET), "", ""),
        key("rejected", Kind::Table(&REJECTED), "", ""),
        key("progress", Kind::Table(&PROGRESS), "", ""),
        key("report", Kind::Table(&REPORT), "", ""),
        key("resources", Kind::Table(&RESOURCES), "", ""),
    ]),
};

static BACKUP: Table = Table {
    header: "[backup]",
    help: "What is read.",
    keys: Keys::Fixed(&[
        key(
            "url",
            Kind::Text,
            "required",
            "Where the backup lies: `s3://bucket/prefix`, `file:///folder` or a path (relative to the job file).",
        ),
        key(
            "path",
            Kind::Text,
            "found by itself",
            "Where topic, partition and offset stand in a file's path below the URL, for instance \
             `{topic}/partition={partition}/{offset}.parquet`. `{}` matches anything but `/`.",
        ),
        key("topic", Kind::Text, "what the backup says", "The topic, for a backup that does not say."),
        key(
            "format",
            Kind::OneOf(|| names(FORMATS)),
            "found by content",
            "The format, for files whose content does not decide.",
        ),
        key(
            "dead_letters",
            Kind::Boolean,
            "`false`",
            "Whether the records are [dead letters](native-layout.md#dead-letters) of an earlier restore: the headers \
             that say so are taken away again, and a timestamp that a topic replaced is put back.",
        ),
        key(
            "cache",
            Kind::Text,
            "not kept",
            "A folder that keeps [the catalog](catalog.md#the-catalog-cache), so that the next job over the same backup \
             does not list it again: a path (relative to the job file), `file:///folder`, or `s3://bucket/prefix` with the \
             options of the backup's store. The flag is `--catalog-cache`.",
        ),
        key("columns", Kind::Table(&COLUMNS), "", ""),
        key("encoding", Kind::Table(&ENCODING), "", ""),
        key("store", Kind::Table(&STORE), "", ""),
    ]),
};

static COLUMNS: Table = Table {
    header: "[backup.columns]",
    help: "Which columns of the files mean what. Columns that are not named here are found by their names. \
           A nested column is written `a.b`.",
    keys: Keys::Fixed(&[
        key("key", Kind::Text, "found by name", "The column of the record's key."),
        key("value", Kind::Text, "found by name", "The column of the record's value."),
        key("headers", Kind::Text, "found by name", "The column of the record's headers."),
        key("timestamp", Kind::Text, "found by name", "The column of the record's timestamp."),
        key(
            "timestamp_type",
            Kind::Text,
            "found by name",
            "The column that tells whether the timestamp is the producer's or the broker's.",
        ),
        key("partition", Kind::Text, "found by name", "The column of the source partition."),
        key("offset", Kind::Text, "found by name", "The column of the source offset."),
        key("topic", Kind::Text, "found by name", "The column of the source topic."),
    ]),
};

static ENCODING: Table = Table {
    header: "[backup.encoding]",
    help: "How bytes are written where a file has text for them.",
    keys: Keys::Fixed(&[
        key("key", Kind::OneOf(|| names(ENCODINGS)), "`\"text\"`", "Keys."),
        key("value", Kind::OneOf(|| names(ENCODINGS)), "`\"text\"`", "Values."),
        key("headers", Kind::OneOf(|| names(ENCODINGS)), "`\"text\"`", "Header values."),
    ]),
};

static STORE: Table = Table {
    header: "[backup.store]",
    help: "Options of the store by the names of the `object_store` library, for instance `aws_region`, \
           `aws_endpoint`, `aws_access_key_id`. What is not here comes from that library's environment \
           variables (`AWS_REGION`, `AWS_ENDPOINT`, …). One is Anabranch's own: `patience` (`\"3m\"`), how long a \
           store that answers with errors, or not at all, is asked again.",
    keys: Keys::Free,
};

static SELECT: Table = Table {
    header: "[select]",
    help: "What is taken of the backup, without a plugin and before any: [the selection](selection.md). All that is given \
           has to hold; without this table everything is taken.",
    keys: Keys::Fixed(&[
        key(
            "topics",
            Kind::Texts,
            "all",
            "Source topics: names, globs (`orders-*`), or between slashes a regular expression of the whole name \
             (`/orders|refunds/`). The flag is `--select-topic`.",
        ),
        key(
            "exclude",
            Kind::Texts,
            "none",
            "Source topics that are not taken, likewise. The flag is `--exclude-topic`.",
        ),
        key("partitions", Kind::Integers, "all", "Source partitions. The flag is `--source-partitions 0,3,5-7`."),
        key(
            "from",
            Kind::Time,
            "from the beginning",
            "The first moment that is taken, of the records' timestamps: RFC 3339 with its zone, milliseconds since the \
             epoch, or `\"2h ago\"` before the job was first started. The flag is `--from`.",
        ),
        key(
            "until",
            Kind::Time,
            "to the end",
            "The first moment that is not taken any more, likewise. The flag is `--until`.",
        ),
        key("keys", Kind::Texts, "all", "Keys. The flag is `--key`."),
        key("key_prefixes", Kind::Texts, "all", "Beginnings of keys. The flag is `--key-prefix`."),
        key(
            "key_file",
            Kind::Text,
            "none",
            "A file of keys, one a line (relative to the job file); there may be millions. The flag is `--key-file`.",
        ),
        key(
            "key_encoding",
            Kind::OneOf(|| names(ENCODINGS)),
            "`\"text\"`",
            "How the bytes of all these keys are written. The flag is `--key-encoding`.",
        ),
        key(
            "headers",
            Kind::Texts,
            "whatever",
            "Headers that a record must have, by `name` or as `name=value`. The flag is `--header`.",
        ),
        key(
            "tombstones",
            Kind::OneOf(|| names(TOMBSTONES)),
            "like others",
            "Whether nothing but tombstones is taken, or none of them. The flag is `--tombstones`.",
        ),
        key(
            "first",
            Kind::Integer,
            "all",
            "So many records of each source partition, the first ones of what all the other keys take. The flag is \
             `--first`.",
        ),
        key("last", Kind::Integer, "all", "The last ones, likewise, as of the first start. The flag is `--last`."),
        key(
            "trust_statistics",
            Kind::Boolean,
            "`true`",
            "Whether files, row groups and pages are passed over that hold nothing of it by their own statistics. The flag \
             is `--trust-statistics`.",
        ),
        key("offsets", Kind::Table(&OFFSETS), "", ""),
    ]),
};

static OFFSETS: Table = Table {
    header: "[select.offsets]",
    help: "Source topic-partition to its offsets, such as `orders-3 = \"1000..2000\"` (the second one is not taken), \
           `\"1000..\"` or `\"..2000\"`. With one given, no others are taken. The flag is `--offsets orders-3=1000..2000`.",
    keys: Keys::Free,
};

static PLUGIN: Table = Table {
    header: "[[plugin]]",
    help: "The plugins, in the order in which records pass through them; one such table each.",
    keys: Keys::Fixed(&[
        key("path", Kind::Text, "required", "The component or module, relative to the job file."),
        key("name", Kind::Text, "the file's name without its ending", "How messages and reports name it."),
        key("parameters", Kind::Table(&PARAMETERS), "", ""),
        key("limits", Kind::Table(&LIMITS), "", ""),
    ]),
};

static PARAMETERS: Table = Table {
    header: "[plugin.parameters]",
    help: "What the plugin takes; `anabranch plugin inspect FILE` lists it.",
    keys: Keys::Any,
};

static LIMITS: Table = Table {
    header: "[plugin.limits]",
    help: "What one instance of the plugin may take. There is one instance for each running lane. What goes beyond ends \
           in an error that names the limit.",
    keys: Keys::Fixed(&[
        key("memory", Kind::Size, "`\"64 MiB\"`", "Linear memory."),
        key("time", Kind::Duration, "`\"10s\"`", "Time for one batch."),
        key("output", Kind::Size, "`\"64 MiB\"`", "Bytes that it may answer to one batch."),
        key("log_lines", Kind::Integer, "`1000`", "Log lines of a lane; further ones are counted and left out."),
        key(
            "table_entries",
            Kind::Integer,
            "`1000000`",
            "Entries of all its tables, which is where functions stand that are called by their number.",
        ),
        key(
            "instances",
            Kind::Integer,
            "`250`",
            "Core instances that a component consists of, and as many tables and memories.",
        ),
    ]),
};

static TARGET: Table = Table {
    header: "[target]",
    help: "Where records go.",
    keys: Keys::Fixed(&[
        key(
            "brokers",
            Kind::Text,
            "required",
            "Bootstrap servers, `host:port` with commas between (without a port 9092; IPv6 as `[::1]:9092`); \
             `mock` for a cluster inside the process, gone when it ends; `null` to count and forget.",
        ),
        key(
            "partition",
            Kind::Partition,
            "`\"same\"`",
            "How a record finds its partition: the source's, by key as Kafka's Java producer does \
             (murmur2), in turn, or by a table such as `{ 0 = 3, 1 = 4 }`. `round-robin` needs \
             `order = \"none\"`, and a table that or `timestamp`; `same` and a table need a backup that tells its \
             partitions.",
        ),
        key(
            "order",
            Kind::OneOf(|| names(ORDERS)),
            "`\"key\"`",
            "What is promised: records of one key from one source partition stay \
             [in order](kafka.md#the-promise-of-order); the same, and all partitions of a topic (or its folders, where \
             nothing tells partitions) are [merged by timestamp](guarantees.md#merged-lanes) into one lane; or nothing.",
        ),
        key(
            "delivery",
            Kind::OneOf(|| names(DELIVERIES)),
            "`\"exactly-once\"`",
            "What holds when the restore is interrupted: it [goes on](guarantees.md) where it was, with nothing lost or \
             doubled; or it begins again, and what was written stays. The cluster inside the process has no transactions: \
             there it is always `at-least-once`.",
        ),
        key(
            "provenance",
            Kind::Boolean,
            "`false`",
            "Whether each record gets [headers that say where it comes from](guarantees.md#provenance), behind its own: \
             `anabranch.job` and `anabranch.source`. Those that records of the backup bring along are left out then.",
        ),
        key(
            "remove_provenance",
            Kind::Boolean,
            "`false`",
            "Whether such headers that records of the backup bring along, from an earlier restore, are left out.",
        ),
        key("topics", Kind::Table(&TOPICS), "", ""),
        key("properties", Kind::Table(&PROPERTIES), "", ""),
        key("create", Kind::Table(&CREATE), "", ""),
        key("while_restoring", Kind::Table(&WHILE_RESTORING), "", ""),
        key("transactions", Kind::Table(&TRANSACTIONS), "", ""),
    ]),
};

static TRANSACTIONS: Table = Table {
    header: "[target.transactions]",
    help: "When a transaction is closed, of which each running lane has one. While it is open, `read_committed` \
           consumers of the target's topics wait. `transaction.timeout.ms` of `[target.properties]` (without it 60 s) \
           is how long the cluster waits for one.",
    keys: Keys::Fixed(&[
        key(
            "age",
            Kind::Duration,
            "`\"2s\"`",
            "Its age at the latest; one to which nothing is added is closed sooner.",
        ),
        key("bytes", Kind::Size, "`\"256 MiB\"`", "Bytes of its records at the latest; exceeded by one batch at most."),
    ]),
};

static REJECTED: Table = Table {
    header: "[rejected]",
    help: "What becomes of [records that cannot be restored](guarantees.md#records-that-are-set-aside): always of a \
           whole source record. The flags are `--rejected`, `--dead-letters` and `--max-rejected`.",
    keys: Keys::Fixed(&[
        key(
            "policy",
            Kind::OneOf(|| names(POLICIES)),
            "`\"fail\"`",
            "The job ends with the first; or it is counted and left out; or it is also kept in `dead_letters`, with the \
             reason.",
        ),
        key(
            "dead_letters",
            Kind::Text,
            "required for `\"dead-letter\"`",
            "Where dead letters go: `topic:NAME` is a topic of the target cluster, in which `{topic}` stands for the \
             source topic; anything else a folder (relative to the job file) or a URL such as `s3://bucket/prefix` for \
             files in the [native layout](native-layout.md#dead-letters).",
        ),
        key("format", Kind::OneOf(|| names(FILE_FORMATS)), "`\"parquet\"`", "The format of these files."),
        key(
            "max_rejected",
            Kind::Integer,
            "no bound",
            "Records that may be set aside, all runs of the job together; with one more it stops.",
        ),
        key(
            "max_share",
            Kind::Share,
            "`\"10%\"`",
            "How much of what was read may be set aside, all runs of the job together. It counts from 1,000 records on.",
        ),
        key("causes", Kind::Table(&CAUSES), "", ""),
        key("store", Kind::Table(&DEAD_LETTER_STORE), "", ""),
    ]),
};

static CAUSES: Table = Table {
    header: "[rejected.causes]",
    help: "Another policy for some causes.",
    keys: Keys::Fixed(&[
        key("rejected", Kind::OneOf(|| names(POLICIES)), "that of `[rejected]`", "A plugin rejects the record."),
        key(
            "fault",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "The record makes a plugin trap, take too long or take too much, and was proved to do so by itself. A fault \
             that no record is proved guilty of ends the job whatever this says.",
        ),
        key(
            "too_large",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "What comes of the record is larger than `max.message.bytes` of its topic.",
        ),
        key(
            "refused",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "Its topic does not take the record for another reason: a timestamp out of range, no key for a compacted \
             topic, timestamp 0, or what the broker says.",
        ),
        key(
            "unroutable",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "A plugin sends the record to a topic or partition that there is not.",
        ),
    ]),
};

static DEAD_LETTER_STORE: Table = Table {
    header: "[rejected.store]",
    help: "Options of the store of `dead_letters`, as in `[backup.store]`.",
    keys: Keys::Free,
};

static PROGRESS: Table = Table {
    header: "[progress]",
    help: "Where the target cluster keeps [how far the job has come](guarantees.md#the-progress-topic), under \
           `delivery = \"exactly-once\"`.",
    keys: Keys::Fixed(&[
        key(
            "topic",
            Kind::Text,
            "`\"anabranch-progress\"`",
            "The topic: compacted, of one partition, shared by all jobs. It is created where it is missing.",
        ),
        key("replication", Kind::Integer, "the cluster's default", "Its replication factor, where it is created."),
    ]),
};

static REPORT: Table = Table {
    header: "[report]",
    help: "Where the [report](output.md#anabranchreport1) of each run goes, at whatever end; without it there is none. \
           Before the restore begins it is written for the first time, so that a place that cannot be written is told \
           then.",
    keys: Keys::Fixed(&[
        key(
            "url",
            Kind::Text,
            "required",
            "The file: a path (relative to the job file), a `file://` URL or `s3://bucket/key`. What is there is \
             replaced. The flag is `--report`.",
        ),
        key("store", Kind::Table(&REPORT_STORE), "", ""),
    ]),
};

static REPORT_STORE: Table = Table {
    header: "[report.store]",
    help: "Options of the store that it goes to, as those of `[backup.store]`, which do not count here.",
    keys: Keys::Free,
};

static TOPICS: Table = Table {
    header: "[target.topics]",
    help: "Source topic to target topic. Topics that are not named keep their name. A target topic's name has 1 to \
           249 ASCII letters, digits, `.`, `_` and `-`. A source topic that the backup does not hold stops the \
           restore (finding `map-unused`).",
    keys: Keys::Free,
};

static PROPERTIES: Table = Table {
    header: "[target.properties]",
    help: "Properties of librdkafka, for instance `security.protocol`, `sasl.username`, `linger.ms`. Those \
           that would undo a guarantee are refused.",
    keys: Keys::Free,
};

static CREATE: Table = Table {
    header: "[target.create]",
    help: "Given, even empty: topics that the target lacks are created. Otherwise they are an error. The flags are \
           `--create`, `--partitions N`, `--replication N` and `--create-config NAME=VALUE`; each of the last three \
           implies the first.",
    keys: Keys::Fixed(&[
        key("partitions", Kind::Integer, "as many as the backup has", "Partitions of a new topic."),
        key("replication", Kind::Integer, "the cluster's default", "Replication factor of a new topic."),
        key("configs", Kind::Table(&CONFIGS), "", ""),
    ]),
};

static CONFIGS: Table =
    Table { header: "[target.create.configs]", help: "Topic configs of new topics.", keys: Keys::Free };

static WHILE_RESTORING: Table = Table {
    header: "[target.while_restoring]",
    help: "Configs that the target topics have [while they are restored](kafka.md#while-a-topic-is-restored), for instance \
           `retention.ms = -1`: what they had is kept with the progress, and put back when the job is complete. Needs \
           `delivery = \"exactly-once\"`. The flag is `--while-restoring NAME=VALUE`.",
    keys: Keys::Free,
};

static RESOURCES: Table = Table {
    header: "[resources]",
    help: "What the restore may take of the machine.",
    keys: Keys::Fixed(&[
        key(
            "bytes_in_flight",
            Kind::Size,
            "`\"64 MiB\"`",
            "Bytes of records between the store and the acknowledgement, all lanes together.",
        ),
        key("lanes", Kind::Integer, "`4`", "Topic-partitions that are restored at a time."),
    ]),
};
