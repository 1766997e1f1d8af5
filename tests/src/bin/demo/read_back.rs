//! Reads the restored topic and checks what the demo promises.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use anabranch_tests::orders::TOPIC;
use anyhow::{Context, Result, bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;

/// How long to wait for a record that the broker says it has.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found.
pub(crate) struct Found {
    written: i64,
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
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", "demo")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut assignment = TopicPartitionList::new();
    let (mut written, mut left) = (0, 0_i64);
    for partition in 0..partitions {
        let (low, high) = consumer.fetch_watermarks(TOPIC, partition, PATIENCE)?;
        assignment.add_partition_offset(TOPIC, partition, Offset::Offset(low))?;
        written += high;
        left += high - low;
    }
    consumer.assign(&assignment)?;

    let mut last: HashMap<Vec<u8>, u64> = HashMap::new();
    let (mut read, mut heard) = (0, Instant::now());
    while left > 0 {
        let Some(record) = consumer.poll(Duration::from_millis(200)) else {
            ensure!(heard.elapsed() < PATIENCE, "{left} records that the broker has did not come");
            continue;
        };
        let record = record?;
        heard = Instant::now();
        left -= 1;
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
    Ok(Found { written, read, keys: last.len() })
}
