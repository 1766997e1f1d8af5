//! Where records go: `[target]`.

use super::registry::TARGET_REGISTRY;
use super::{Keys, Kind, Table, key};
use crate::job::choices::{DELIVERIES, ORDERS, names};

pub(super) static TARGET: Table = Table {
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
        key("registry", Kind::Table(&TARGET_REGISTRY), "", ""),
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
