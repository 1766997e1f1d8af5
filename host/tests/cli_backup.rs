//! `inspect`, `plan` and `preview`: what is shown before anything is sent.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod documented;
mod run;

use std::fs;
use std::sync::Arc;

use anabranch::batch::{Batch, ColumnsBuilder, Routes};
use anabranch::position::TopicPartition;
use anabranch::write::parquet::ParquetWriter;
use documented::assert_documented;
use run::{backup, run};

/// The folder of the test in a message, so that snapshots are the same everywhere.
macro_rules! assert_shown {
    ($dir:expr, $shown:expr, @$snapshot:literal) => {
        let folder = fs::canonicalize($dir.path()).expect("the folder is there").to_string_lossy().into_owned();
        insta::assert_snapshot!($shown.to_string().replace(&folder, "FOLDER"), @$snapshot);
    };
}

#[test]
fn inspect_shows_lanes_in_order_of_offset() {
    let dir = backup();
    let shown = run(dir.path(), &["inspect", "data"]);
    assert_shown!(dir, shown, @r#"
    exit 0
    --- stdout
    backup data: 1001 B in 3 files, 7 records

    LANE      RECORDS  BYTES  OFFSETS
    orders-0        5  715 B  0–4
    orders-1        2  286 B  7–8

    LANE      FILES IN ORDER       RECORDS  BYTES  FROM OFFSET
    orders-0  orders/part-a.jsonl        3  429 B  0
    orders-0  orders/part-b.jsonl        2  286 B  3
    orders-1  orders/part-c.jsonl        2  286 B  7

    json-lines: 3 files, for instance `orders/part-a.jsonl`
      column headers: array
      column key: string
      column offset: number
      column partition: number
      column timestamp: number
      column topic: string
      column value: string
      key ← column "key" (string)
      value ← column "value" (string)
      headers ← column "headers" (array)
      timestamp ← column "timestamp" (number)
      partition ← column "partition" (number)
      offset ← column "offset" (number)
      topic ← column "topic" (string)
      lost: timestamp type: no such column

    warning [lost]: 3 files (for instance `orders/part-a.jsonl`): timestamp type: no such column
    --- stderr
    "#);
}

#[test]
fn inspect_as_json_is_documented() {
    let dir = backup();
    let document = run(dir.path(), &["inspect", "data", "--output", "json"]).json();
    assert_documented(&document);
    let files: Vec<_> = document["backup"]["lanes"][0]["files"].as_array().into_iter().flatten().collect();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0]["path"], "orders/part-a.jsonl");
}

#[test]
fn plan_says_what_would_happen() {
    let dir = backup();
    let flags = ["plan", "--backup", "data", "--brokers", "null", "--map", "orders=restored", "--partition", "key"];
    let shown = run(dir.path(), &flags);
    assert_shown!(dir, shown, @r#"
    exit 0
    --- stdout
    job `data`

    backup data: 1001 B in 3 files, 7 records

    LANE      RECORDS  BYTES  OFFSETS  TARGET TOPIC
    orders-0        5  715 B  0–4      restored
    orders-1        2  286 B  7–8      restored

    LANE      FILES IN ORDER       RECORDS  BYTES  FROM OFFSET
    orders-0  orders/part-a.jsonl        3  429 B  0
    orders-0  orders/part-b.jsonl        2  286 B  3
    orders-1  orders/part-c.jsonl        2  286 B  7

    json-lines: 3 files, for instance `orders/part-a.jsonl`
      column headers: array
      column key: string
      column offset: number
      column partition: number
      column timestamp: number
      column topic: string
      column value: string
      key ← column "key" (string)
      value ← column "value" (string)
      headers ← column "headers" (array)
      timestamp ← column "timestamp" (number)
      partition ← column "partition" (number)
      offset ← column "offset" (number)
      topic ← column "topic" (string)
      lost: timestamp type: no such column

    target null
      not asked: what it lacks or will not take is not established
      topic restored, from orders
        order of the records that arrive with one key from one source partition

    memory up to 64.0 MiB: lanes 32.0 MiB, target's queue 32.0 MiB, plugins 0 B; beyond it 6 times the largest record, line or page (largest seen: 19 B)

    warning [lost]: 3 files (for instance `orders/part-a.jsonl`): timestamp type: no such column
    note [keys-in-partitions]: whether keys of `restored` occur in several source partitions is not established: of such a key the records of one source partition keep their order, and there is none between these
      hint: `anabranch plan --scan-keys` looks, for which it reads 1001 B
    --- stderr
    "#);
    let document = run(dir.path(), &[flags.as_slice(), &["--output", "json"]].concat()).json();
    assert_documented(&document);
    assert_eq!(document["backup"]["lanes"][0]["target_topic"], "restored");
}

#[test]
fn plan_offline_asks_no_target() {
    let dir = backup();
    let shown =
        run(dir.path(), &["plan", "--backup", "data", "--brokers", "localhost:1", "--offline", "--output", "json"]);
    assert_eq!(shown.code, Some(0), "{shown}");
    assert_eq!(shown.json()["target"]["established"], false);
}

#[test]
fn plan_without_its_broker_is_shown_and_exits_with_3() {
    let dir = backup();
    let shown = run(dir.path(), &["plan", "--backup", "data", "--brokers", "localhost:1", "--output", "json"]);
    assert_eq!(shown.code, Some(3), "{shown}");
    let document = shown.json();
    assert_documented(&document);
    assert!(document["target"]["error"].is_string());
    assert!(shown.stderr.starts_with("error: "), "{shown}");
}

#[test]
fn preview_shows_the_first_records() {
    let dir = backup();
    let shown = run(dir.path(), &["preview", "--backup", "data", "-n", "2"]);
    insta::assert_snapshot!(shown, @r"
    exit 0
    --- stdout
    orders-0@0  2023-11-14T22:13:20.000Z
        key        user-0
        value      order 0
        header     trace: t
      → orders, unchanged

    orders-0@1  2023-11-14T22:13:20.001Z
        key        user-1
        value      order 1
        header     trace: t
      → orders, unchanged

    --- stderr
    ");
}

#[test]
fn preview_goes_on_in_the_next_lane_and_is_documented() {
    let dir = backup();
    let document = run(dir.path(), &["preview", "--backup", "data", "-n", "6", "--output", "json"]).json();
    assert_documented(&document);
    let positions: Vec<_> =
        document["records"].as_array().into_iter().flatten().map(|r| r["position"].clone()).collect();
    assert_eq!(positions, ["orders-0@0", "orders-0@1", "orders-0@2", "orders-0@3", "orders-0@4", "orders-1@7"]);
}

#[test]
fn preview_of_one_lane() {
    let dir = backup();
    let shown = run(dir.path(), &["preview", "--backup", "data", "--lane", "orders-1", "-n", "1", "--output", "json"]);
    assert_eq!(shown.json()["records"][0]["position"], "orders-1@7");
    insta::assert_snapshot!(run(dir.path(), &["preview", "--backup", "data", "--lane", "ordesr-1"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: the backup holds no lane `ordesr-1`
    hint: did you mean `orders-1`?
    ");
}

#[test]
fn a_job_file_outranked_by_flags() {
    let dir = backup();
    let job = "name = \"mine\"\n[backup]\nurl = \"data\"\n[target]\nbrokers = \"null\"\ntopics.orders = \"a\"\n";
    fs::write(dir.path().join("job.toml"), job).expect("written");
    let plan = |flags: &[&str]| run(dir.path(), &[&["plan", "job.toml", "--output", "json"], flags].concat()).json();
    let (by_file, by_flags) = (plan(&[]), plan(&["--map", "orders=b", "--name", "other"]));
    assert_eq!((&by_file["job"], &by_file["order"][0]["target_topic"]), (&"mine".into(), &"a".into()));
    assert_eq!((&by_flags["job"], &by_flags["order"][0]["target_topic"]), (&"other".into(), &"b".into()));
}

#[test]
fn timestamp_zero_is_found_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let mut columns = ColumnsBuilder::default();
    for timestamp in [5, 0, -1] {
        columns.key(Some(b"key"));
        columns.value(Some(b"value"));
        columns.end_row(timestamp);
    }
    let batch = Batch {
        source: Arc::new(TopicPartition::new("orders", Some(0))),
        file: "made".into(),
        rows: vec![0, 1, 2].into(),
        offsets: Some(vec![0, 1, 2].into()),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    };
    fs::create_dir(dir.path().join("data")).unwrap();
    let file = fs::File::create(dir.path().join("data/orders")).unwrap();
    let mut writer = ParquetWriter::new(file).unwrap();
    writer.write(&batch, None).unwrap();
    writer.finish().unwrap();

    let arguments = ["restore", "--backup", "data", "--brokers", "mock", "--create"];
    let refused = run(dir.path(), &arguments);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("timestamp-zero"), "{refused}");
    let allowed = run(dir.path(), &[&arguments[..], &["--allow", "timestamp-zero"]].concat());
    assert_eq!(allowed.code, Some(0), "{allowed}");
}
