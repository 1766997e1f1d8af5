//! What is refused, what librdkafka refuses, and what passes.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use insta::assert_snapshot;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::producer::BaseProducer;

use super::*;
use crate::failure::{Exit, Explain};
use crate::job::draft::ProgressDraft;
use crate::job::{
    Backup, Cluster, ColumnNames, Delivery, Encodings, Order, PartitionStrategy, Resources, Secret, Target,
    Transactions,
};
use crate::target::kafka::context::Context;

fn job(properties: &[(&str, &str)]) -> Job {
    Job {
        name: "job".to_owned(),
        backup: Backup {
            url: String::new(),
            store: BTreeMap::new(),
            path: None,
            topic: None,
            columns: ColumnNames::default(),
            encoding: Encodings::default(),
            format: None,
            dead_letters: false,
            cache: None,
        },
        select: Default::default(),
        schemas: Vec::new(),
        plugins: Vec::new(),
        target: Target {
            cluster: Cluster::Mock,
            properties: properties.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect(),
            topics: BTreeMap::new(),
            partition: PartitionStrategy::Same,
            order: Order::Key,
            create: None,
            while_restoring: BTreeMap::new(),
            delivery: Delivery::AtLeastOnce,
            transactions: Transactions::default(),
            provenance: false,
            remove_provenance: false,
            registry: None,
        },
        registry: None,
        rejected: Default::default(),
        resources: Resources::default(),
        allow: Vec::new(),
        progress: ProgressDraft::default().of("job".to_owned()),
        report: None,
    }
}

/// What becomes of a job with these properties: the error, from our check or from librdkafka's.
fn outcome(properties: &[(&str, &str)]) -> Result<(), TargetError> {
    let checked = Properties::new(&job(properties), "127.0.0.1:1")?;
    let (config, _) = checked.for_producing(1_048_588, 1_048_588);
    BaseProducer::<Context>::from_config_and_context(&config, Context::new(0))
        .map(drop)
        .map_err(|error| checked.fault(error))
}

fn refusals(properties: &[(&str, &str)]) -> String {
    let told: Vec<String> = properties
        .iter()
        .map(|property| {
            let error = outcome(std::slice::from_ref(property)).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage);
            error.to_string()
        })
        .collect();
    told.join("\n")
}

#[test]
fn what_would_undo_a_guarantee_is_refused_by_name() {
    assert_snapshot!(refusals(&[
        ("enable.idempotence", "false"),
        ("acks", "1"),
        ("request.required.acks", "0"),
        ("transactional.id", "mine"),
        ("partitioner", "random"),
        ("max.in.flight", "6"),
        ("max.in.flight.requests.per.connection", "100"),
        ("retries", "0"),
        ("message.send.max.retries", "0"),
        ("queuing.strategy", "lifo"),
        ("delivery.report.only.error", "true"),
        ("api.version.request", "false"),
        ("bootstrap.servers", "elsewhere:9092"),
        ("metadata.broker.list", "elsewhere:9092"),
        ("test.mock.num.brokers", "3"),
        ("queue.buffering.max.kbytes", "1048576"),
    ]), @r#"
        `target.properties."enable.idempotence"` is refused: without idempotence a retry doubles or reorders records
        `target.properties."acks"` is refused: with anything but `all` an acknowledged record can be lost
        `target.properties."request.required.acks"` is refused: with anything but `all` an acknowledged record can be lost
        `target.properties."transactional.id"` is refused: transactions belong to the restore itself
        `target.properties."partitioner"` is refused: set `target.partition` instead
        `target.properties."max.in.flight"` is refused: with more than 5 requests in flight a retry reorders records
        `target.properties."max.in.flight.requests.per.connection"` is refused: with more than 5 requests in flight a retry reorders records
        `target.properties."retries"` is refused: without a retry a passing fault of a broker ends the restore
        `target.properties."message.send.max.retries"` is refused: without a retry a passing fault of a broker ends the restore
        `target.properties."queuing.strategy"` is refused: anything but `fifo` reorders records
        `target.properties."delivery.report.only.error"` is refused: every acknowledgement is counted
        `target.properties."api.version.request"` is refused: without it headers are silently left out
        `target.properties."bootstrap.servers"` is refused: set `target.brokers` instead
        `target.properties."metadata.broker.list"` is refused: set `target.brokers` instead
        `target.properties."test.mock.num.brokers"` is refused: set `target.brokers` to `mock` instead
        `target.properties."queue.buffering.max.kbytes"` is refused: more than 32768 kB, half of `resources.bytes_in_flight`, breaks the bound of memory; raise that instead
    "#);
}

#[test]
fn what_librdkafka_does_not_take_is_told_without_the_value() {
    assert_snapshot!(refusals(&[
        ("no.such.property", "hunter2"),
        ("linger.ms", "hunter2"),
        ("security.protocol", "hunter2"),
    ]), @r#"
        `target.properties."no.such.property"`: No such configuration property: "no.such.property"
        `target.properties."linger.ms"`: Invalid value for configuration property "queue.buffering.max.ms"
        `target.properties."security.protocol"`: Invalid value "[hidden]" for configuration property "security.protocol"
    "#);
}

#[test]
fn everything_else_passes() {
    let passed = outcome(&[
        ("enable.idempotence", "true"),
        ("acks", "-1"),
        ("max.in.flight", "2"),
        ("retries", "10"),
        ("linger.ms", "50"),
        ("compression.codec", "lz4"),
        ("message.timeout.ms", "1000"),
        ("queue.buffering.max.kbytes", "1024"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("client.id", "other"),
    ]);
    assert!(passed.is_ok(), "{passed:?}");
}

#[test]
fn batches_stay_below_the_smallest_limit_and_records_below_the_largest() {
    let properties = Properties::new(&job(&[]), "127.0.0.1:1").unwrap();
    let (config, batch_size) = properties.for_producing(20_000, 3_000_000);
    assert_eq!((batch_size, config.get("batch.size")), (20_000, Some("20000")));
    assert_eq!(config.get("message.max.bytes"), Some("3001024"));
    assert_eq!(properties.queue, 32 << 20);
}
