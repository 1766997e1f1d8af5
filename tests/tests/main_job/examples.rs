//! The jobs of `examples/`, each by the binary into Apache Kafka: what arrives is what `expected.jsonl` beside it says.
//!
//! `BLESS=1` writes those files; read the difference before you keep it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anabranch_tests::binaries::{anabranch, workspace};
use anabranch_tests::kafka::Cluster;
use anabranch_tests::read_back::Record;
use serde_json::Value;

/// Runs the job of `examples/<name>` and compares these topics.
fn gives_what_it_says(name: &str, topics: &[&str]) {
    let (cluster, folder) = (Cluster::plain(), workspace().join("examples").join(name));
    let mut command = anabranch().unwrap();
    command.arg("restore").arg(folder.join("job.toml")).args(["--brokers", cluster.servers()]);
    let output = command.env("MASK_SECRET", "0123456789abcdef").output().unwrap();
    // 4 says that records were set aside.
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", String::from_utf8_lossy(&output.stderr));

    let mut found = String::new();
    for topic in topics {
        for (partition, mut records) in cluster.read(topic).unwrap() {
            // The records of a key have an order, those of several lanes that meet in a partition have none.
            records.sort_by(|one, other| one.key.cmp(&other.key));
            for record in records {
                writeln!(found, "{}", line(topic, partition, &record)).unwrap();
            }
        }
    }
    let path: PathBuf = folder.join("expected.jsonl");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap(), "{}", path.display());
}

/// A record as a backup in JSON Lines has it: what is JSON stands there with its very bytes.
fn line(topic: &str, partition: i32, record: &Record) -> String {
    let mut line = format!(r#"{{"topic":"{topic}","partition":{partition},"timestamp":{}"#, record.timestamp);
    write!(line, r#","key":{},"value":{}"#, field(record.key.as_deref()), field(record.value.as_deref())).unwrap();
    if !record.headers.is_empty() {
        let headers = record.headers.iter().map(|(name, value)| {
            format!(r#"{{"key":{},"value":{}}}"#, Value::from(name.as_str()), field(value.as_deref()))
        });
        write!(line, r#","headers":[{}]"#, headers.collect::<Vec<_>>().join(",")).unwrap();
    }
    line + "}"
}

fn field(bytes: Option<&[u8]>) -> String {
    let Some(bytes) = bytes else { return "null".to_owned() };
    let text = String::from_utf8_lossy(bytes).into_owned();
    match serde_json::from_str(&text) {
        Ok(Value::Object(_)) => text,
        _ => Value::from(text).to_string(),
    }
}

#[test]
fn a_replay_of_some_refunds() {
    gives_what_it_says("replay-refunds", &["payments-replayed"]);
}

#[test]
fn a_migration_of_orders_to_another_schema() {
    gives_what_it_says("migrate-orders", &["orders-v2", "orders-not-migrated"]);
}

#[test]
fn a_masked_copy_of_customers_and_their_orders() {
    gives_what_it_says("masked-copy", &["test-customers", "test-orders"]);
}
