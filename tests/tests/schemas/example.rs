//! `examples/migrate-schemas`, as docs/schemas.md leads through it: its very files, by the page's very commands, between two
//! registries and Apache Kafka. Whether the migration is right is for Confluent's serializers to say: they write the backup
//! and read what arrives.
//!
//! `BLESS=1` writes the backup, `expected.jsonl` and the page's outputs; read the difference before you keep it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anabranch_tests::binaries::{anabranch, plugin, workspace};
use anabranch_tests::kafka::Cluster;
use anabranch_tests::read_back::Record;
use anabranch_tests::registry::{Kind, Registry};
use anabranch_tests::serializers::{Form, Serialized, Serializers};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::{Value, json};

use crate::restored::target_registry;

const FOLDER: &str = "examples/migrate-schemas";

/// What the page calls the broker.
const BROKERS: &str = "kafka:9092";

/// The orders of the backup: partition, key, value.
fn orders() -> Vec<(i32, &'static str, Value)> {
    let order = |id: i64, mail: Value, full_name: &str, cents: i64, status: &str| {
        json!({
            "id": id, "mail": mail, "full_name": full_name, "cents": cents, "status": status,
            "placed": {"$moment": format!("2024-03-01T13:33:{:02}.250000+00:00", 20 + id % 10)},
        })
    };
    vec![
        (0, "1001", order(1001, json!("ann@example.com"), "Ann Marie Peeters", 1250, "NEW")),
        (0, "1002", order(1002, Value::Null, "Bob Janssens", -320, "PAID")),
        (0, "1001", Value::Null),
        (0, "1003", order(1003, json!("plato@example.com"), "Plato", 999, "PAID")),
        (1, "2001", order(2001, json!("kim@example.com"), "Kim Visser", 999_999_999_999, "PAID")),
        (1, "2002", order(2002, Value::Null, "Eve Maes", 1_000_000_000_000, "NEW")),
    ]
}

#[test]
fn the_example_migrates_what_can_be_migrated_as_the_page_says() {
    plugin("order-to-v2").unwrap();
    let (cluster, source) = (Cluster::plain(), Registry::start().unwrap());
    // As the page's first step does: its id is that of the backup because it is the first.
    let schema = fs::read_to_string(workspace().join(FOLDER).join("schemas/order-v1.avsc")).unwrap();
    assert_eq!(source.api().register("orders-value", Kind::Avro, &schema, &[]).unwrap(), 1);
    same_file("backup/orders.jsonl", &backup(&source, &schema));

    follow(cluster, &source);

    let migrated = read(cluster, "orders-v2", target_registry());
    // Dead letters are what came: their ids are the source's.
    let left = read(cluster, "orders-not-migrated", &source);
    same_file("expected.jsonl", &format!("{migrated}{left}"));
}

/// The backup as a sink would have written it: values by Confluent's serializer.
fn backup(source: &Registry, schema: &str) -> String {
    let values: Vec<Value> = orders().into_iter().map(|(_, _, value)| value).collect();
    let form = Form::new(Kind::Avro, schema).setting("auto.register.schemas", false);
    let values = Serializers::new(source.url()).serialize("orders", &form, &values).unwrap();
    let (mut lines, mut offsets) = (String::new(), [0, 0]);
    for ((partition, key, _), value) in orders().into_iter().zip(values) {
        let offset = &mut offsets[usize::try_from(partition).unwrap()];
        let value = value.bytes.map_or("null".to_owned(), |bytes| format!("\"{}\"", STANDARD.encode(bytes)));
        let timestamp = 1_709_300_000_000_i64 + *offset * 1000;
        writeln!(
            lines,
            r#"{{"topic":"orders","partition":{partition},"offset":{offset},"timestamp":{timestamp},"key":"{key}","value":{value}}}"#
        )
        .unwrap();
        *offset += 1;
    }
    lines
}

/// A topic's records in JSON Lines, with the values that Confluent's deserializer reads.
fn read(cluster: &Cluster, topic: &str, registry: &Registry) -> String {
    let records: Vec<(i32, Record)> = cluster
        .read(topic)
        .unwrap()
        .into_iter()
        .flat_map(|(partition, records)| records.into_iter().map(move |record| (partition, record)))
        .collect();
    let bytes: Vec<Serialized> = records.iter().map(|(_, record)| Serialized::value_of(record)).collect();
    let form = Form::as_written(Kind::Avro);
    let values = Serializers::new(registry.url()).deserialize(topic, &form, &bytes).unwrap();
    let mut lines = String::new();
    for ((partition, record), read) in records.iter().zip(values) {
        let text = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(String::from_utf8_lossy).map(Value::from);
        write!(lines, r#"{{"topic":"{topic}","partition":{partition},"timestamp":{}"#, record.timestamp).unwrap();
        write!(lines, r#","key":{},"value":{}"#, json!(text(&record.key)), read.value).unwrap();
        if !record.headers.is_empty() {
            let header = |(name, value): &(String, _)| json!({"key": name, "value": text(value)});
            write!(lines, r#","headers":{}"#, record.headers.iter().map(header).collect::<Value>()).unwrap();
        }
        lines.push_str("}\n");
    }
    lines
}

/// Runs each command of the page's guide that is one of ours, and compares what it shows with what the page does.
fn follow(cluster: &Cluster, source: &Registry) {
    let path = workspace().join("docs/schemas.md");
    let page = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("## A migration, step by step\n", "\n## ");
    let from = page.find(begin).unwrap() + begin.len();
    let until = from + page[from..].find(end).unwrap();
    let mut shown = page[..from].to_owned();
    let mut ran = Vec::new();
    let mut command = None;
    // Every second part is a block; the language stands first.
    for (at, part) in page[from..until].split("```").enumerate() {
        if at > 0 {
            shown.push_str("```");
        }
        match part.split_once('\n') {
            Some(("sh", line)) if at % 2 == 1 => {
                command = line.strip_prefix("anabranch ");
                shown.push_str(part);
            }
            Some(("text", due)) if at % 2 == 1 && command.is_some() => {
                let arguments: Vec<&str> = command.take().unwrap().split_whitespace().collect();
                ran.push(arguments[0]);
                let came = output(&arguments, cluster, source);
                let kept = if is_part(due, &came) { due } else { &came };
                write!(shown, "text\n{kept}").unwrap();
            }
            _ => shown.push_str(part),
        }
    }
    shown.push_str(&page[until..]);
    assert_eq!(ran, ["plan", "preview", "restore", "verify"]);
    same(&path, &shown);
}

/// What a command shows, with what differs from run to run taken out.
fn output(arguments: &[&str], cluster: &Cluster, source: &Registry) -> String {
    let arguments = arguments.iter().map(|argument| argument.replace(BROKERS, cluster.servers()));
    let output = anabranch()
        .unwrap()
        .args(arguments)
        .envs([("SOURCE_REGISTRY", source.url()), ("TARGET_REGISTRY", target_registry().url())])
        .current_dir(workspace())
        .output()
        .unwrap();
    let (out, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    // 4 says that records were set aside.
    assert!(matches!(output.status.code(), Some(0 | 4)), "{out}{said}");
    let shown = out.trim_end().replace(cluster.servers(), BROKERS);
    format!("{shown}\n")
}

/// Whether the page shows what came: a line `…` stands for lines left out, and times and speeds are of their run.
fn is_part(due: &str, came: &str) -> bool {
    let of_a_run = r"(\d[\d.,]*(ns|µs|ms|s|m|h) ?)+\b|\d[\d.,]* (records|B|[KM]iB)/s|commits +\d+";
    let of_a_run = Regex::new(of_a_run).unwrap();
    let came = of_a_run.replace_all(came, "~");
    let due = of_a_run.replace_all(due, "~");
    let mut left = &*came;
    for (at, part) in due.split("…\n").enumerate() {
        match left.find(part) {
            Some(found) if at > 0 || found == 0 => left = &left[found + part.len()..],
            _ => return false,
        }
    }
    left.is_empty() || due.ends_with("…\n")
}

fn same_file(name: &str, found: &str) {
    same(&workspace().join(FOLDER).join(name), found);
}

fn same(path: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, found).unwrap();
    }
    let due = fs::read_to_string(path).unwrap();
    assert!(due == found, "{} is not what comes: run with `BLESS=1` and read the difference\n{found}", path.display());
}
