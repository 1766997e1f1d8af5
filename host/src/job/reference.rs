//! `docs/job.md`, written from the schema and from an example that is parsed here.

#![allow(clippy::expect_used, reason = "tests")]

use std::fmt::Write as _;
use std::path::Path;

use super::file;
use super::schema::{JOB, Keys, Kind, Table};

/// What stands above the tables of keys.
const BEGINNING: &str = include_str!("reference/beginning.md");
/// A job that uses every table.
const EXAMPLE: &str = include_str!("reference/example.toml");

fn write_table(out: &mut String, table: &Table) {
    let header = if table.header.is_empty() { "The top".to_owned() } else { format!("`{}`", table.header) };
    write!(out, "\n## {header}\n\n{}\n", table.help).expect("a String takes everything");
    let Keys::Fixed(keys) = &table.keys else { return };
    let plain: Vec<_> = keys.iter().filter(|key| !matches!(key.kind, Kind::Table(_) | Kind::Tables(_))).collect();
    if !plain.is_empty() {
        out.push_str("\n| key | what it is | without it | meaning |\n|---|---|---|---|\n");
    }
    for key in plain {
        writeln!(out, "| `{}` | {} | {} | {} |", key.name, key.kind.due(), key.default, key.help)
            .expect("a String takes everything");
    }
    for key in keys.iter() {
        if let Kind::Table(table) | Kind::Tables(table) = key.kind {
            write_table(out, table);
        }
    }
}

fn reference() -> String {
    let mut out = BEGINNING.replace("{example}", EXAMPLE.trim_end());
    write_table(&mut out, &JOB);
    out
}

#[test]
fn the_reference_says_what_the_code_reads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/job.md");
    let due = reference();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &due).expect("docs/job.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == due, "docs/job.md is out of date: run `BLESS=1 cargo test -p anabranch job::reference`");
}

#[test]
fn the_example_is_a_job_and_uses_every_key() {
    let environment = |name: &str| name.starts_with(['K', 'R']).then(|| "a-secret".to_owned());
    let job = file::parse(EXAMPLE, Path::new("jobs/replay.toml"), &environment).expect("the example is a job");
    insta::assert_debug_snapshot!(job, @r#"
    Job {
        name: "replay-orders",
        backup: Backup {
            url: "s3://backups/kafka",
            store: {
                "aws_region": [hidden],
            },
            path: Some(
                "{topic}/partition={partition}/{offset}.parquet",
            ),
            topic: Some(
                "orders",
            ),
            columns: ColumnNames {
                key: Some(
                    "k",
                ),
                value: Some(
                    "payload",
                ),
                headers: Some(
                    "meta.headers",
                ),
                timestamp: Some(
                    "ts",
                ),
                timestamp_type: Some(
                    "ts_type",
                ),
                partition: Some(
                    "kafka_partition",
                ),
                offset: Some(
                    "kafka_offset",
                ),
                topic: Some(
                    "kafka_topic",
                ),
            },
            encoding: Encodings {
                key: Text,
                value: Base64,
                headers: Hex,
            },
            format: Some(
                Parquet,
            ),
            dead_letters: true,
            cache: Some(
                CatalogCache {
                    url: "jobs/catalogs",
                    options: {
                        "aws_region": [hidden],
                    },
                    refresh: false,
                },
            ),
        },
        select: Select {
            topics: [
                "orders*",
                "/refunds|returns/",
            ],
            exclude: [
                "orders-test",
            ],
            partitions: {
                0,
                3,
            },
            offsets: {
                "orders-3": OffsetRange {
                    from: Some(
                        1000,
                    ),
                    until: Some(
                        2000,
                    ),
                },
            },
            from: Some(
                At(
                    1790863200000,
                ),
            ),
            until: Some(
                Ago(
                    7200s,
                ),
            ),
            keys: Keys {
                exact: [
                    "4711",
                ],
                prefixes: [
                    "vip-",
                ],
                file: Some(
                    "jobs/customers.txt",
                ),
                encoding: Text,
            },
            headers: [
                HeaderTest {
                    name: "trace",
                    value: None,
                },
                HeaderTest {
                    name: "type",
                    value: Some(
                        "refund",
                    ),
                },
            ],
            tombstones: Some(
                None,
            ),
            limit: Some(
                Last(
                    100000,
                ),
            ),
            trusts_statistics: false,
        },
        schemas: [
            SchemaRule {
                topics: [
                    "orders*",
                ],
                key: Recoding {
                    encoding: RewriteIds,
                    schema: None,
                    target_encoding: Some(
                        RewriteIds,
                    ),
                    target_schema: None,
                    message: None,
                    subject: Record,
                    register: false,
                    ids: {
                        41: 7,
                    },
                },
                value: Recoding {
                    encoding: Avro,
                    schema: None,
                    target_encoding: Some(
                        Protobuf,
                    ),
                    target_schema: Some(
                        "jobs/schemas/order-v2.proto",
                    ),
                    message: Some(
                        "shop.Order",
                    ),
                    subject: TopicRecord,
                    register: true,
                    ids: {},
                },
            },
            SchemaRule {
                topics: [
                    "refunds",
                ],
                key: Recoding {
                    encoding: Raw,
                    schema: None,
                    target_encoding: None,
                    target_schema: None,
                    message: None,
                    subject: Topic,
                    register: false,
                    ids: {},
                },
                value: Recoding {
                    encoding: RewriteIds,
                    schema: None,
                    target_encoding: None,
                    target_schema: None,
                    message: None,
                    subject: Topic,
                    register: true,
                    ids: {
                        42: 8,
                    },
                },
            },
            SchemaRule {
                topics: [],
                key: Recoding {
                    encoding: Avro,
                    schema: Some(
                        "jobs/schemas/id.avsc",
                    ),
                    target_encoding: Some(
                        Protobuf,
                    ),
                    target_schema: Some(
                        "jobs/schemas/id.proto",
                    ),
                    message: Some(
                        "shop.Id",
                    ),
                    subject: Topic,
                    register: true,
                    ids: {},
                },
                value: Recoding {
                    encoding: Avro,
                    schema: Some(
                        "jobs/schemas/order-v1.avsc",
                    ),
                    target_encoding: Some(
                        Json,
                    ),
                    target_schema: None,
                    message: None,
                    subject: Topic,
                    register: true,
                    ids: {},
                },
            },
        ],
        plugins: [
            PluginUse {
                name: "drop-test-users",
                source: File(
                    "jobs/drop-test-users.wasm",
                ),
                sha256: None,
                parameters: {
                    "also": Array [
                        String("demo"),
                        String("probe"),
                    ],
                    "prefix": String("test-"),
                },
                hidden: {},
                limits: PluginLimits {
                    memory: 33554432,
                    time: 5s,
                    output: 16777216,
                    log_lines: 100,
                    table_entries: 50000,
                    instances: 20,
                },
            },
            PluginUse {
                name: "mask",
                source: ReadyMade(
                    "mask",
                ),
                sha256: None,
                parameters: {
                    "redact": Array [
                        String("..email"),
                    ],
                },
                hidden: {},
                limits: PluginLimits {
                    memory: 67108864,
                    time: 10s,
                    output: 67108864,
                    log_lines: 1000,
                    table_entries: 1000000,
                    instances: 250,
                },
            },
            PluginUse {
                name: "enrich-1.4",
                source: Store {
                    url: "s3://plugins/enrich-1.4.wasm",
                    options: {
                        "aws_region": [hidden],
                    },
                },
                sha256: Some(
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                ),
                parameters: {},
                hidden: {},
                limits: PluginLimits {
                    memory: 67108864,
                    time: 10s,
                    output: 67108864,
                    log_lines: 1000,
                    table_entries: 1000000,
                    instances: 250,
                },
            },
        ],
        target: Target {
            cluster: Kafka(
                "kafka-1:9092,kafka-2:9092",
            ),
            properties: {
                "sasl.mechanism": [hidden],
                "sasl.password": [hidden],
                "sasl.username": [hidden],
                "security.protocol": [hidden],
            },
            topics: {
                "orders": "orders-restored",
            },
            partition: Key,
            order: Key,
            create: Some(
                CreateTopics {
                    partitions: Some(
                        12,
                    ),
                    replication: Some(
                        3,
                    ),
                    configs: {
                        "cleanup.policy": "compact",
                    },
                },
            ),
            while_restoring: {
                "retention.ms": "-1",
            },
            delivery: ExactlyOnce,
            transactions: Transactions {
                age: 1s,
                bytes: 67108864,
            },
            provenance: true,
            remove_provenance: false,
            registry: Some(
                Registry {
                    table: "target.registry",
                    url: "https://registry.example.com/prod",
                    login: Some(
                        Token(
                            [hidden],
                        ),
                    ),
                    ca: None,
                    identity: Some(
                        ClientIdentity {
                            certificate: "jobs/certificates/restore.pem",
                            key: "jobs/certificates/restore.key",
                        },
                    ),
                    timeout: 10s,
                    retry_for: 60s,
                },
            ),
        },
        rejected: Rejected {
            policies: Policies {
                schema: DeadLetter,
                rejected: DeadLetter,
                fault: Fail,
                too_large: Skip,
                refused: DeadLetter,
                unroutable: Fail,
            },
            dead_letters: Some(
                Files {
                    url: "s3://backups/dead-letters",
                    store: {
                        "aws_region": [hidden],
                    },
                    format: JsonLines,
                },
            ),
            ceiling: Ceiling {
                records: Some(
                    1000,
                ),
                share: Share(
                    25000,
                ),
            },
        },
        registry: Some(
            Registry {
                table: "registry",
                url: "https://registry:8081",
                login: Some(
                    Basic {
                        user: "restore",
                        password: [hidden],
                    },
                ),
                ca: Some(
                    "jobs/certificates/ca.pem",
                ),
                identity: None,
                timeout: 5s,
                retry_for: 120s,
            },
        ),
        resources: Resources {
            bytes_in_flight: 134217728,
            lanes: 8,
        },
        allow: [
            "timestamp-zero",
        ],
        progress: Progress {
            job: "replay-orders",
            topic: "restores",
            replication: Some(
                3,
            ),
        },
        report: Some(
            Report {
                url: "s3://audit/replay-orders.json",
                store: {
                    "aws_region": [hidden],
                },
            },
        ),
    }
    "#);

    let document: toml::Table = EXAMPLE.parse().expect("the example is TOML");
    let mut missing = Vec::new();
    collect_missing(&JOB, &document, &mut missing);
    // A job has the first records or the last, and asks a registry as a user or with a token. What one of the two tables
    // of registries does not show, the other does.
    let in_the_other = |key: &str| {
        let other = key.strip_prefix("[registry]").map(|key| format!("[target.registry]{key}"));
        let other = other.or_else(|| key.strip_prefix("[target.registry]").map(|key| format!("[registry]{key}")));
        other.is_some_and(|other| !missing.contains(&other))
    };
    let missing: Vec<_> = missing.iter().filter(|key| !in_the_other(key)).collect();
    assert_eq!(missing, ["[select]first"], "keys that the example does not show");
}

fn collect_missing(schema: &Table, table: &toml::Table, missing: &mut Vec<String>) {
    let Keys::Fixed(keys) = &schema.keys else { return };
    for key in keys.iter() {
        match (key.kind, table.get(key.name)) {
            (_, None) => missing.push(format!("{}{}", schema.header, key.name)),
            (Kind::Table(schema), Some(toml::Value::Table(table))) => collect_missing(schema, table, missing),
            (Kind::Tables(schema), Some(toml::Value::Array(tables))) => {
                // What stands in one of them need not stand in the others.
                let missing_in = |table| {
                    let mut missing = Vec::new();
                    collect_missing(schema, table, &mut missing);
                    missing
                };
                let all: Vec<Vec<String>> = tables.iter().filter_map(toml::Value::as_table).map(missing_in).collect();
                let in_all = |key: &&String| all.iter().all(|missing| missing.contains(key));
                missing.extend(all.first().into_iter().flatten().filter(in_all).cloned());
            }
            _ => {}
        }
    }
}
