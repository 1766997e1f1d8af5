//! Reads the restored topic and checks what the demo promises.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use anabranch_tests::orders::TOPIC;
use anyhow::{Context, Result, bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;

/// How long to wait for a record that the broker says it has.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found.
pub(crate) struct Found {
    written: u64,
    read: u64,
    keys: usize,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { written, read, keys } = self;
        writeln!(f, "{written} records were written; the broker still keeps the newest {read} of them")?;
        write!(f, "among those: no test user, no e-mail address, and the orders of all {keys} customers in order")
    }
}

/// Reads every partition to its end.
pub(crate) fn check(servers: &str, partitions: i32) -> Result<Found> {
    let consumer = client(servers, "read_committed")?;
    let everything = client(servers, "read_uncommitted")?;
    let mut assignment = TopicPartitionList::new();
    let mut gone = 0;
    for partition in 0..partitions {
        let low = settled(&consumer, &everything, partition)?;
        assignment.add_partition_offset(TOPIC, partition, Offset::Offset(low))?;
        gone += u64::try_from(low).unwrap_or_default();
    }
    consumer.assign(&assignment)?;

    let mut last: HashMap<Vec<u8>, u64> = HashMap::new();
    let (mut read, mut left, mut heard) = (0_u64, partitions, Instant::now());
    while left > 0 {
        let Some(record) = consumer.poll(Duration::from_millis(200)) else {
            ensure!(heard.elapsed() < PATIENCE, "{left} partitions did not come to their end");
            continue;
        };
        heard = Instant::now();
        let record = match record {
            Err(KafkaError::PartitionEOF(_)) => {
                left -= 1;
                continue;
            }
            record => record?,
        };
        read += 1;
        let key = record.key().context("a record without a key")?;
        ensure!(!key.starts_with(b"test-"), "the record of a test user at offset {}", record.offset());
        let value: Value = serde_json::from_slice(record.payload().context("a tombstone")?)?;
        if value["email"].as_str().is_some_and(|email| email.contains('@')) {
            bail!("an e-mail address at offset {}", record.offset());
        }
        let order = value["order"].as_u64().context("an order without a number")?;
        if let Some(before) = last.insert(key.to_vec(), order) {
            ensure!(before < order, "order {order} came after order {before} of the same customer");
        }
    }
    Ok(Found { written: read + gone, read, keys: last.len() })
}

/// A consumer that tells where a partition ends, and which for it is so.
fn client(servers: &str, isolation: &str) -> Result<BaseConsumer> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", servers).set("group.id", "demo").set("enable.auto.commit", "false");
    Ok(config.set("enable.partition.eof", "true").set("isolation.level", isolation).create()?)
}

/// Waits until everything in a partition is committed: a commit is acknowledged before its marker is written. Gives the
/// first offset; the records before it are there no more.
fn settled(committed: &BaseConsumer, everything: &BaseConsumer, partition: i32) -> Result<i64> {
    let begun = Instant::now();
    loop {
        let (low, high) = everything.fetch_watermarks(TOPIC, partition, PATIENCE)?;
        if committed.fetch_watermarks(TOPIC, partition, PATIENCE)?.1 >= high {
            return Ok(low);
        }
        ensure!(begun.elapsed() < PATIENCE, "partition {partition} holds what is not committed");
        std::thread::sleep(Duration::from_millis(20));
    }
}
