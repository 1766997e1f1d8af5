//! Restores into Apache Kafka, at least once and exactly once, beside the least that any producer must do: a loop that
//! sends the same records from memory, with the same settings, to the same broker.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anabranch::batch::Outputs;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::orders::{Orders, TOPIC};
use anyhow::{Result, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::processor::{Processor, Spent};
use crate::restore::{self, Commits};
use crate::timing::{Rounds, time};

const ORDERS: Orders = Orders { records: 4_000_000, partitions: 4, files: 2, headers: false };
const ROUNDS: usize = 7;
/// What restores promise: the loop promises the first.
const DELIVERIES: [&str; 2] = ["at-least-once", "exactly-once"];
/// What the plugin of the restore drops; the loop leaves it out too.
const DROPPED: &[u8] = b"test-";

/// The records that the restore writes, from all partitions in turn, in memory.
struct InMemory {
    batches: Vec<Outputs>,
    records: u64,
    bytes: u64,
}

/// What is compared: times, and processor times, a record.
#[derive(Default)]
struct Candidate {
    time: Rounds,
    own: Rounds,
    others: Rounds,
}

impl Candidate {
    fn add(&mut self, took: Duration, spent: Spent, records: u64) {
        self.time.add(took, records);
        self.own.add(spent.own, records);
        self.others.add(spent.others, records);
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, own, others } = self;
        write!(f, "{:.0} | {time} | {:.0} | {:.0}", time.rate(), own.median(), others.median())
    }
}

pub(crate) fn measure() -> Result<String> {
    let backup = tempfile::tempdir()?;
    let folder = backup.path().join("backup");
    ORDERS.write(&folder)?;
    let memory = InMemory::new();
    let cluster = Cluster::start("auto.create.topics.enable=false\n")?;
    let mut bare = Candidate::default();
    let mut restores = DELIVERIES.map(|delivery| (delivery, Candidate::default()));
    let mut resident = 0;
    let mut commits = Commits::default();
    for round in 0..=ROUNDS {
        let topic = cluster.topic("bare", ORDERS.partitions, &[])?;
        let before = Processor::now()?;
        let (took, sent) = time(|| bare_loop(cluster.servers(), &topic, &memory));
        sent?;
        if round > 0 {
            bare.add(took, before.spent()?, memory.records);
        }
        cluster.delete(&topic)?;
        for (delivery, candidate) in &mut restores {
            let topic = cluster.topic("restored", ORDERS.partitions, &[])?;
            let map = format!("{TOPIC}={topic}");
            let target = ["--brokers", cluster.servers(), "--map", &map, "--delivery", delivery];
            let arguments = restore::arguments(&folder, &target)?;
            let before = Processor::now()?;
            let done = restore::run(&[], &arguments)?;
            if round > 0 {
                candidate.add(done.process, before.spent()?, memory.records);
                resident = resident.max(done.resident);
                if let Some(done) = done.commits {
                    commits.add(&done);
                }
            }
            ensure!(done.written == memory.records, "{} records were restored of {}", done.written, memory.records);
            cluster.delete(&topic)?;
        }
    }
    let mut text = format!(
        "### Into Apache Kafka\n\n{} records read, {} written, {} bytes each on average (key and value), to {} partitions \
         of one broker on the same machine; {ROUNDS} rounds of all in turn. The loop sends from memory, by \
         `rdkafka`'s `BaseProducer::send`; a restore is the whole process, from Parquet (snappy) through the key filter.\n\n\
         | | records/s written | ns a record written: median (fastest to slowest) | processor ns: its own | of the rest, \
         which is the broker |\n|---|---|---|---|---|\n",
        ORDERS.records,
        memory.records,
        memory.bytes / memory.records,
        ORDERS.partitions
    );
    writeln!(text, "| bare loop | {bare} |")?;
    for (delivery, candidate) in &restores {
        writeln!(text, "| restore, `{delivery}` | {candidate} |")?;
    }
    let [(_, at_least_once), (_, exactly_once)] = &restores;
    writeln!(
        text,
        "\nRatio of the medians: at least once to the bare loop **{:.2}**, exactly once to at least once **{:.2}**. Largest \
         resident set: {} MiB.",
        at_least_once.time.rate() / bare.time.rate(),
        exactly_once.time.rate() / at_least_once.time.rate(),
        resident >> 20
    )?;
    writeln!(text, "\nCommits, every 2 s and at the end of each lane, which rests meanwhile: {commits}.")?;
    Ok(text)
}

impl InMemory {
    fn new() -> Self {
        const CHUNK: u64 = 2048;
        let mut memory = Self { batches: Vec::new(), records: 0, bytes: 0 };
        let records = ORDERS.records / u64::from(ORDERS.partitions.unsigned_abs());
        for first in (0..records).step_by(CHUNK as usize) {
            for partition in 0..ORDERS.partitions {
                let batch = ORDERS.batch(partition, first, (first + CHUNK).min(records));
                let batch = Outputs::untouched(Arc::new(batch));
                for row in batch.rows().filter(|row| is_sent(row.key)) {
                    memory.records += 1;
                    memory.bytes += (row.key.map_or(0, <[u8]>::len) + row.value.map_or(0, <[u8]>::len)) as u64;
                }
                memory.batches.push(batch);
            }
        }
        memory
    }
}

fn is_sent(key: Option<&[u8]>) -> bool {
    key.is_none_or(|key| !key.starts_with(DROPPED))
}

/// Sends everything and waits until it is acknowledged. The settings are those of a restore
/// (docs/kafka.md).
fn bare_loop(servers: &str, topic: &str, memory: &InMemory) -> Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("client.id", "bare")
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "50")
        .set("batch.size", "1000000")
        .set("message.max.bytes", "1049612")
        .set("queue.buffering.max.kbytes", "32769")
        .create()?;
    for batch in &memory.batches {
        let partition = batch.batch.source.partition.unwrap_or_default();
        for row in batch.rows().filter(|row| is_sent(row.key)) {
            let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).timestamp(row.timestamp);
            if let Some(key) = row.key {
                record = record.key(key);
            }
            if let Some(value) = row.value {
                record = record.payload(value);
            }
            while let Err((error, unsent)) = producer.send(record) {
                match error {
                    KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => {
                        producer.poll(Duration::from_millis(1));
                        record = unsent;
                    }
                    other => bail!(other),
                }
            }
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(120))?;
    ensure!(producer.in_flight_count() == 0, "{} records are not acknowledged", producer.in_flight_count());
    Ok(())
}
