//! Every target under the one suite.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anabranch::job;
use anabranch::report::Volume;
use anabranch::target::{KafkaTarget, LaneNeed, MemoryTarget, NullTarget, Target as _};
use anabranch_tests::batches::{Given, lane, outputs};
use anabranch_tests::jobs;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::targets::{Open, Subject, conform};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::fixtures::{connect, given};

static NAMES: AtomicU32 = AtomicU32::new(0);

fn unique(stem: &str) -> String {
    format!("{stem}-{}", NAMES.fetch_add(1, Ordering::Relaxed))
}

struct InMemory;

impl Subject for InMemory {
    fn cluster(&self) -> job::Cluster {
        job::Cluster::Null
    }

    fn topic_name(&self, stem: &str) -> String {
        unique(stem)
    }

    fn open(&self, rules: job::Target, topics: &[(&str, i32)], _lanes: &[LaneNeed]) -> Open {
        let target = Arc::new(MemoryTarget::new(&rules, topics).unwrap());
        let log = Arc::clone(&target);
        let read = move |topic: &str| {
            let mut records: BTreeMap<i32, Vec<Given>> = BTreeMap::new();
            for ((name, partition), written) in log.all() {
                let plain = |record: anabranch::target::WrittenRecord| Given {
                    key: record.key,
                    value: record.value,
                    headers: record.headers,
                    timestamp: record.timestamp,
                };
                if &*name == topic {
                    records.insert(partition, written.into_iter().map(plain).collect());
                }
            }
            records
        };
        Open { target, read: Box::new(read) }
    }
}

struct Embedded;

impl Subject for Embedded {
    fn cluster(&self) -> job::Cluster {
        job::Cluster::Mock
    }

    fn topic_name(&self, stem: &str) -> String {
        unique(stem)
    }

    fn open(&self, rules: job::Target, topics: &[(&str, i32)], lanes: &[LaneNeed]) -> Open {
        // Its topics are always its own: `create` says how many partitions they get.
        let partitions = topics.iter().map(|(_, partitions)| *partitions).max();
        let create = job::CreateTopics { partitions, replication: None, configs: BTreeMap::new() };
        let job = jobs::job(job::Target { create: Some(create), ..rules });
        let target = Arc::new(KafkaTarget::connect_embedded(&job, lanes).unwrap());
        let cluster = Arc::clone(&target);
        let read = move |topic: &str| consume(cluster.embedded_servers().unwrap(), topic);
        Open { target, read: Box::new(read) }
    }
}

/// Apache Kafka, by transactions or without them.
struct Apache(job::Delivery);

impl Subject for Apache {
    fn cluster(&self) -> job::Cluster {
        job::Cluster::Kafka(Cluster::plain().servers().to_owned())
    }

    fn topic_name(&self, stem: &str) -> String {
        Cluster::plain().topic_name(stem)
    }

    fn open(&self, rules: job::Target, topics: &[(&str, i32)], lanes: &[LaneNeed]) -> Open {
        let there = Cluster::plain().partitions().unwrap();
        for (name, partitions) in topics.iter().filter(|(name, _)| !there.contains_key(*name)) {
            Cluster::plain().create(name, *partitions, &[]).unwrap();
        }
        let mut job = jobs::job(job::Target { delivery: self.0, ..rules });
        job.progress.job = unique("conforming");
        let target = connect(&job, lanes).unwrap();
        let read = |topic: &str| {
            Cluster::plain().settle(topic).unwrap();
            given(Cluster::plain().read(topic).unwrap())
        };
        Open { target, read: Box::new(read) }
    }
}

/// Reads a topic of the mock cluster, which Kafka's Java client does not get on with.
fn consume(servers: &str, topic: &str) -> BTreeMap<i32, Vec<Given>> {
    let consumer: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", servers).set("group.id", "reader").create().unwrap();
    let wait = Duration::from_secs(10);
    let metadata = consumer.fetch_metadata(Some(topic), wait).unwrap();
    let mut list = TopicPartitionList::new();
    let mut left = 0;
    for partition in metadata.topics()[0].partitions() {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning).unwrap();
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), wait).unwrap();
        left += high - low;
    }
    consumer.assign(&list).unwrap();
    let mut records: BTreeMap<i32, Vec<Given>> = BTreeMap::new();
    while left > 0 {
        let message = consumer.poll(wait).expect("a record within ten seconds").unwrap();
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
        });
        records.entry(message.partition()).or_default().push(Given {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
            timestamp: message.timestamp().to_millis().unwrap(),
        });
        left -= 1;
    }
    records
}

#[test]
fn memory_conforms() {
    conform(&InMemory);
}

#[test]
fn the_embedded_cluster_conforms() {
    conform(&Embedded);
}

#[test]
fn apache_kafka_conforms() {
    conform(&Apache(job::Delivery::AtLeastOnce));
}

#[test]
fn apache_kafka_conforms_by_transactions() {
    conform(&Apache(job::Delivery::ExactlyOnce));
}

#[test]
fn the_null_target_counts() {
    let lane = lane("orders", 0);
    let records = [Given::new("key", "value"), Given::new("k", "v").without_key().header("name", Some(b"xy"))];
    let target = NullTarget::new(&jobs::target(job::Cluster::Null)).unwrap();
    let sent = target.lane(&lane).unwrap().send(&outputs(&lane, 0, &records)).unwrap();
    assert_eq!(sent.by_topic, [("orders".into(), Volume::new(2, 8 + 1 + 6))]);
}
