//! What a job takes of its backup, through the binary: against the same told record by record, over all formats; and what
//! is not read for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../../host/tests/documented/mod.rs"]
mod documented;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anabranch::write::parquet::ParquetWriter;
use anabranch_tests::orders::Orders;
use anabranch_tests::run::{Run, run};
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};
use tempfile::TempDir;

const START: i64 = 1_790_863_200_000;
/// Of each partition, in three files of 100.
const RECORDS: i64 = 300;
const LANES: [(&str, i32); 4] = [("orders", 0), ("orders", 1), ("orders-eu", 0), ("refunds", 0)];

/// A record of the backup.
#[derive(Clone, Debug)]
struct Record {
    topic: &'static str,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    key: Option<String>,
    value: Option<String>,
    kind: Option<&'static str>,
}

impl Record {
    fn position(&self) -> String {
        format!("{}-{}@{}", self.topic, self.partition, self.offset)
    }
}

fn records() -> Vec<Record> {
    let lane = |(topic, partition): (&'static str, i32)| {
        (0..RECORDS).map(move |number| Record {
            topic,
            partition,
            offset: 1000 + number * 2,
            // A second each; some have none.
            timestamp: (number % 97 != 50).then_some(START + number * 1000),
            key: (number % 7 != 3).then(|| format!("{}{}", if number % 5 == 0 { "vip-" } else { "" }, number % 11)),
            value: (number % 13 != 6).then(|| format!("{topic} {number}")),
            kind: [None, Some("refund"), Some("order")][(number % 3) as usize],
        })
    };
    LANES.into_iter().flat_map(lane).collect()
}

/// The backup in a format: as JSON Lines, or by the restore's own files of dead letters in others.
fn backup() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let records = records();
    for (topic, partition) in LANES {
        let of_lane: Vec<&Record> =
            records.iter().filter(|record| record.topic == topic && record.partition == partition).collect();
        for file in of_lane.chunks(100) {
            let lines = file.iter().fold(String::new(), |mut lines, record| {
                let headers: Vec<Value> =
                    record.kind.iter().map(|kind| json!({ "key": "kind", "value": kind })).collect();
                let line = json!({
                    "topic": topic, "partition": partition, "offset": record.offset, "timestamp": record.timestamp,
                    "key": record.key, "value": record.value, "headers": headers,
                });
                writeln!(lines, "{line}").unwrap();
                lines
            });
            let place = folder.path().join(format!("backup/{topic}/{partition}"));
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join(format!("{}.jsonl", file[0].offset)), lines).unwrap();
        }
    }
    folder
}

/// The positions of what is taken, by `preview`, which passes each record.
fn taken(folder: &Path, flags: &[&str]) -> Vec<String> {
    let fixed = ["preview", "--backup", "backup", "--records", "100000", "--output", "json"];
    let run = run(folder, &[&fixed, flags].concat()).unwrap();
    assert_eq!(run.code, Some(0), "{flags:?}: {run}");
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let position = |record: &Value| record["position"].as_str().unwrap().to_owned();
    document["records"].as_array().unwrap().iter().map(position).collect()
}

fn plan(folder: &Path, flags: &[&str]) -> Value {
    let run = run(folder, &[&["plan", "--offline", "--backup", "backup", "--output", "json"], flags].concat()).unwrap();
    assert_eq!(run.code, Some(0), "{flags:?}: {run}");
    let plan = serde_json::from_str(&run.stdout).unwrap();
    documented::assert_documented(&plan);
    plan
}

fn refused(folder: &Path, flags: &[&str]) -> Run {
    let run = run(folder, &[&["preview", "--backup", "backup"], flags].concat()).unwrap();
    assert_eq!(run.code, Some(2), "{flags:?}: {run}");
    run
}

#[test]
fn each_way_to_select_takes_what_it_says_and_nothing_else() {
    let folder = backup();
    fs::write(folder.path().join("keys.txt"), "4\nvip-10\n").unwrap();
    let time = |seconds: i64| (START + seconds * 1000).to_string();
    let (from, until) = (time(100), time(200));
    let has_key = |record: &Record, keys: &[&str]| record.key.as_deref().is_some_and(|key| keys.contains(&key));
    type Takes<'a> = &'a dyn Fn(&Record) -> bool;
    let cases: [(&[&str], Takes<'_>); 16] = [
        (&[], &|_| true),
        (&["--select-topic", "orders"], &|record| record.topic == "orders"),
        (&["--select-topic", "orders*", "--exclude-topic", "*-eu"], &|record| record.topic == "orders"),
        (&["--select-topic", "/refunds|orders-.u/"], &|record| record.topic != "orders"),
        (&["--source-partitions", "1"], &|record| record.partition == 1),
        (&["--offsets", "orders-1=1100..1201"], &|record| {
            (record.topic, record.partition) == ("orders", 1) && (1100..1201).contains(&record.offset)
        }),
        (&["--offsets", "orders-1=1597..", "--offsets", "refunds-0=..1001"], &|record| {
            record.topic == "refunds" && record.offset == 1000
                || (record.topic, record.partition) == ("orders", 1) && record.offset >= 1597
        }),
        (&["--from", &from, "--until", &until], &|record| {
            record.timestamp.is_some_and(|time| (START + 100_000..START + 200_000).contains(&time))
        }),
        (&["--until", "2026-10-01T14:00:03.000Z"], &|record| record.timestamp.is_some_and(|time| time < START + 3000)),
        (&["--from", "2026-10-01T16:04:58+02:00"], &|record| {
            record.timestamp.is_some_and(|time| time >= START + 298_000)
        }),
        (&["--key", "4", "--key", "vip-0"], &|record| has_key(record, &["4", "vip-0"])),
        (&["--key-prefix", "vip-1", "--key", "2"], &|record| has_key(record, &["2", "vip-1", "vip-10"])),
        (&["--key-file", "keys.txt"], &|record| has_key(record, &["4", "vip-10"])),
        (&["--header", "kind=refund"], &|record| record.kind == Some("refund")),
        (&["--header", "kind", "--tombstones", "only"], &|record| record.kind.is_some() && record.value.is_none()),
        (&["--from", &from, "--key-prefix", "vip-", "--tombstones", "none", "--select-topic", "orders"], &|record| {
            record.topic == "orders"
                && record.timestamp.is_some_and(|time| time >= START + 100_000)
                && record.key.as_ref().is_some_and(|key| key.starts_with("vip-"))
                && record.value.is_some()
        }),
    ];
    for (flags, takes) in cases {
        let due: Vec<String> = records().iter().filter(|record| takes(record)).map(Record::position).collect();
        assert!(!due.is_empty(), "{flags:?}");
        assert_eq!(taken(folder.path(), flags), due, "{flags:?}");
    }
}

#[test]
fn what_a_plan_leaves_out_is_not_read_and_what_is_unknown_is() {
    let folder = backup();
    let time = |seconds: i64| (START + seconds * 1000).to_string();
    let flags = ["--select-topic", "orders", "--from", &time(110), "--until", &time(120)];
    let selection = plan(folder.path(), &flags)["selection"].take();
    assert_eq!((&selection["files"], &selection["files_in_backup"]), (&json!(2), &json!(12)));
    let left_out: Vec<_> =
        selection["left_out"].as_array().unwrap().iter().map(|out| (&out["by"], &out["files"])).collect();
    assert_eq!(left_out, [(&json!("topic"), &json!(6)), (&json!("time"), &json!(4))]);
    let size = |keep: &dyn Fn(&Value) -> bool| {
        let out = selection["left_out"].as_array().unwrap().iter().filter(|out| keep(out));
        out.map(|out| out["bytes"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(size(&|_| true) + selection["bytes"].as_u64().unwrap(), selection["bytes_in_backup"].as_u64().unwrap());
    assert_eq!(selection["from"], START + 110_000);
    let by_offset = plan(folder.path(), &["--offsets", "orders-0=1250..1300"])["selection"].take();
    assert_eq!((&by_offset["files"], &by_offset["left_out"][0]["by"]), (&json!(1), &json!("offsets")));
    assert_eq!(plan(folder.path(), &[])["selection"], Value::Null);
}

/// A Parquet backup in row groups of 1,000 rows and pages of 100, with a customer's header on every record.
fn parquet_backup() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let orders = Orders { records: 20_000, partitions: 2, files: 2, headers: true };
    for (partition, first) in [(0, 0), (0, 5000), (1, 0), (1, 5000)] {
        let place = folder.path().join(format!("backup/orders/partition={partition}"));
        fs::create_dir_all(&place).unwrap();
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(1000))
            .set_data_page_row_count_limit(100)
            .set_write_batch_size(100)
            .set_dictionary_enabled(false);
        let file = fs::File::create(place.join(format!("orders+{partition}+{first:010}.parquet"))).unwrap();
        let mut writer = ParquetWriter::with_properties(file, properties).unwrap();
        writer.write(&orders.batch(partition, first, first + 5000), None).unwrap();
        writer.finish().unwrap();
    }
    folder
}

#[test]
fn row_groups_and_pages_that_hold_nothing_of_it_are_not_read_and_nothing_is_lost_by_that() {
    let folder = parquet_backup();
    // 17 ms between one order and the next, which are in the partitions by turns.
    let time = |order: i64| (1_760_000_000_000 + order * 17).to_string();
    let (from, until) = (time(4_100), time(4_300));
    let flags = ["--from", &from, "--until", &until];
    let due: Vec<String> =
        [0, 1].into_iter().flat_map(|lane| (2050..2150).map(move |offset| format!("orders-{lane}@{offset}"))).collect();
    assert_eq!(taken(folder.path(), &flags), due);
    assert_eq!(taken(folder.path(), &[&flags[..], &["--trust-statistics", "false"]].concat()), due);
    let selection = plan(folder.path(), &flags)["selection"].take();
    assert_eq!((&selection["files"], &selection["row_groups"]), (&json!(2), &json!(2)), "{selection}");
    assert_eq!(selection["row_groups_in_files"], 10);
    let by_time = &selection["left_out"][0];
    assert_eq!((&by_time["by"], &by_time["files"], &by_time["row_groups"]), (&json!("time"), &json!(2), &json!(8)));
    let (read, all) = (selection["bytes"].as_u64().unwrap(), selection["bytes_in_backup"].as_u64().unwrap());
    assert!(read * 20 < all, "{read} of {all}");
    let text = run(folder.path(), &[&["plan", "--offline", "--backup", "backup"], &flags[..]].concat()).unwrap().stdout;
    let line = text.lines().find(|line| line.starts_with("selection:")).unwrap();
    assert!(line.ends_with("to read, in 2 of 4 files, 2 of their 10 row groups"), "{line}");
    let all = plan(folder.path(), &[&flags[..], &["--trust-statistics", "false"]].concat())["selection"].take();
    assert_eq!((&all["files"], &all["bytes"]), (&json!(4), &all["bytes_in_backup"]), "{all}");
}

#[test]
fn the_first_or_last_are_those_of_each_partition_and_of_what_is_selected_otherwise() {
    let folder = backup();
    let refund = |record: &Record| record.kind == Some("refund") && record.topic != "orders-eu";
    let of_lane = |(topic, partition): (&str, i32)| -> Vec<String> {
        let of_lane = |record: &&Record| (record.topic, record.partition) == (topic, partition) && refund(record);
        records().iter().filter(of_lane).map(Record::position).collect()
    };
    let lanes: Vec<Vec<String>> = [("orders", 0), ("orders", 1), ("refunds", 0)].into_iter().map(of_lane).collect();
    let flags = ["--header", "kind=refund", "--exclude-topic", "orders-eu"];
    let taken = |more: &[&str]| taken(folder.path(), &[&flags, more].concat());
    let first: Vec<String> = lanes.iter().flat_map(|lane| lane[..40].to_vec()).collect();
    assert_eq!(taken(&["--first", "40"]), first);
    let last: Vec<String> = lanes.iter().flat_map(|lane| lane[60..].to_vec()).collect();
    assert_eq!(taken(&["--last", "40"]), last);
    assert_eq!(taken(&["--last", "100000"]), lanes.concat());
    // What no one of the last records lies in is not read.
    let plan = plan(folder.path(), &["--last", "150"])["selection"].take();
    assert_eq!((&plan["left_out"][0]["by"], &plan["left_out"][0]["files"]), (&json!("last"), &json!(4)), "{plan}");
    insta::assert_snapshot!(refused(folder.path(), &["--first", "1", "--last", "1"]), @r#"
    exit 2
    error: the argument '--first <RECORDS>' cannot be used with '--last <RECORDS>'
    
    Usage: anabranch preview --backup <URL> --first <RECORDS> [JOB]
    
    For more information, try '--help'.
    "#);
}

#[test]
fn the_last_records_of_files_without_offsets_are_those_of_their_last_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("backup")).unwrap();
    for file in 0..4 {
        let lines: String = (0..100).map(|row| format!("{{\"key\":\"{}\",\"value\":\"{file}\"}}\n", row % 3)).collect();
        fs::write(folder.path().join(format!("backup/part-{file}.jsonl")), lines).unwrap();
    }
    let of = |range: std::ops::Range<usize>| -> Vec<String> {
        let places = (0..400).filter(|place| place % 100 % 3 == 1);
        let places: Vec<String> =
            places.map(|place| format!("orders@part-{}.jsonl:{}", place / 100, place % 100)).collect();
        places[range].to_vec()
    };
    let taken = |more: &[&str]| taken(folder.path(), &[&["--topic", "orders", "--key", "1"], more].concat());
    assert_eq!(taken(&["--last", "40"]), of(92..132));
    assert_eq!(taken(&["--first", "40"]), of(0..40));
    assert_eq!(taken(&["--last", "1000"]), of(0..132));
}

#[test]
fn a_partition_of_which_nothing_is_left_does_not_stop_the_others() {
    let folder = parquet_backup();
    let from = (1_760_000_000_000_i64 + 12_000 * 17).to_string();
    let offsets = ["--offsets", "orders-0=100..3000", "--offsets", "orders-1=0..6003", "--from", &from];
    let due: Vec<String> = (6000..6003).map(|offset| format!("orders-1@{offset}")).collect();
    assert_eq!(taken(folder.path(), &offsets), due);
    let restored =
        run(folder.path(), &[&["restore", "--backup", "backup", "--brokers", "null"], &offsets[..]].concat());
    assert_eq!(restored.unwrap().code, Some(0));
    assert_eq!(taken(folder.path(), &[&offsets[..], &["--last", "2"]].concat()), due[1..]);
}

#[test]
fn the_last_records_of_merged_folders_are_refused_whichever_folder_they_lie_in() {
    let folder = tempfile::tempdir().unwrap();
    for (country, records) in [("AT", 2), ("DE", 4)] {
        let place = folder.path().join(format!("backup/country={country}"));
        fs::create_dir_all(&place).unwrap();
        let line = |row| format!("{{\"key\":\"k\",\"value\":\"{row}\",\"timestamp\":{row}}}\n");
        fs::write(place.join("1.jsonl"), (0..records).map(line).collect::<String>()).unwrap();
    }
    for last in ["1", "6"] {
        let flags = ["--topic", "orders", "--order", "timestamp", "--last", last];
        let refused = refused(folder.path(), &flags).to_string();
        assert!(refused.contains("count the records of a partition"), "{refused}");
    }
}

#[test]
fn what_cannot_be_selected_is_told_and_is_no_empty_success() {
    let folder = backup();
    fs::write(folder.path().join("keys.txt"), "Zm9v\n!!\n").unwrap();
    let refused = |flags: &[&str]| refused(folder.path(), flags).to_string();
    insta::assert_snapshot!(refused(&["--select-topic", "refund"]), @r#"
    exit 2
    error: `select.topics` is `refund`, and no topic of the backup fits it
    hint: did you mean `refunds`?
    "#);
    insta::assert_snapshot!(refused(&["--exclude-topic", "*"]), @r#"
    exit 2
    error: nothing of the backup is selected: each topic of it is excluded, or not among those taken
    hint: `anabranch plan` without it shows what there is
    "#);
    insta::assert_snapshot!(refused(&["--source-partitions", "0,7"]), @r#"
    exit 2
    error: `select.partitions` names partition 7, which no selected topic of the backup has
    hint: `anabranch inspect` lists what the backup holds
    "#);
    insta::assert_snapshot!(refused(&["--offsets", "order-1=5.."]), @r#"
    exit 2
    error: `select.offsets` names `order-1`, which is no selected topic-partition of the backup
    hint: did you mean `orders-1`?
    "#);
    insta::assert_snapshot!(refused(&["--offsets", "orders-1=5..10"]), @r#"
    exit 2
    error: `select.offsets` takes 5..10 of `orders-1`, and the backup holds 1000 to 1598 of it
    hint: `anabranch inspect` lists what the backup holds
    "#);
    insta::assert_snapshot!(refused(&["--offsets", "orders-1=10..5"]), @r#"
    exit 2
    error: invalid value 'orders-1=10..5' for '--offsets <TOPIC-PARTITION=RANGE>': holds no offset: 5 is not behind 10
    
    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(refused(&["--from", "2026-10-01T14:00:00Z", "--until", "2026-10-01T14:00:00Z"]), @r#"
    exit 2
    error: `select.from` is not before `select.until`, so that no record is between them
    hint: `from` (`--from`) is the first moment that is taken, `until` (`--until`) the first that is not
    "#);
    insta::assert_snapshot!(refused(&["--from", "1h ago", "--until", "2h ago"]), @r#"
    exit 2
    error: `select.from` is not before `select.until`, so that no record is between them
    hint: `from` (`--from`) is the first moment that is taken, `until` (`--until`) the first that is not
    "#);
    insta::assert_snapshot!(refused(&["--from", "yesterday"]), @r#"
    exit 2
    error: invalid value 'yesterday' for '--from <TIME>': not a time such as `2026-10-01T14:00:00Z` (RFC 3339, with its zone), `1790863200000` (milliseconds since the epoch) or `2h ago`
    
    For more information, try '--help'.
    "#);
    insta::assert_snapshot!(refused(&["--until", "1000"]), @r#"
    exit 2
    error: nothing of the backup is selected: no file has records of these times
    hint: `anabranch plan` without it shows what there is
    "#);
    insta::assert_snapshot!(refused(&["--key-file", "keys.txt", "--key-encoding", "base64"]), @r#"
    exit 2
    error: the key at `keys.txt:2` cannot be read: not base64: invalid symbol 33, offset 0
    hint: `select.key_encoding` (`--key-encoding`) says how keys are written: `text`, `base64` or `hex`
    "#);
    insta::assert_snapshot!(refused(&["--key-file", "nowhere.txt"]), @r#"
    exit 2
    error: cannot read the keys in `nowhere.txt`
      caused by: No such file or directory (os error 2)
    "#);
}

#[test]
fn a_restore_says_what_it_left_out_for_want_of_a_time() {
    let folder = backup();
    let flags = ["--backup", "backup", "--brokers", "null", "--from", "0", "--output", "json"];
    let run = run(folder.path(), &[&["restore"], &flags[..]].concat()).unwrap();
    assert_eq!(run.code, Some(0), "{run}");
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let timed = records().iter().filter(|record| record.timestamp.is_some()).count();
    assert_eq!(summary["read"]["records"], timed);
    let finding = summary["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "times-unknown");
    let wanted = format!(
        "{} records that were read have no timestamp, and are in no range of time: they were left out",
        1200 - timed
    );
    assert_eq!(finding.unwrap()["message"], wanted);
}

#[test]
fn keys_of_several_partitions_are_looked_for_where_that_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let record = |partition: i32, offset: i64, key: &str| {
        format!(
            "{{\"topic\":\"orders\",\"partition\":{partition},\"offset\":{offset},\"timestamp\":1,\"key\":{key},\"value\":\"v\"}}\n"
        )
    };
    let keys =
        [(0, "\"a\""), (0, "\"b\""), (0, "null"), (1, "\"a\""), (1, "\"c\""), (1, "null"), (2, "\"c\""), (2, "\"d\"")];
    let lines: String = (0..).zip(keys).map(|(offset, (partition, key))| record(partition, offset, key)).collect();
    fs::write(folder.path().join("orders.jsonl"), lines).unwrap();
    let plan = |more: &[&str]| {
        let arguments = ["plan", "--offline", "--output", "json", "--backup", "orders.jsonl"];
        let run = run(folder.path(), &[&arguments[..], more].concat()).unwrap();
        assert_eq!(run.code, Some(0), "{run}");
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        let findings = document["findings"].as_array().unwrap().iter();
        let found: Vec<Value> = findings.filter(|found| found["code"] == "keys-in-partitions").cloned().collect();
        (document["keys"].clone(), found)
    };
    // Where records keep their partition it is of no matter, and where it is, what looking would take is said.
    assert_eq!(plan(&[]), (Value::Null, Vec::new()));
    let (keys, found) = plan(&["--partition", "key"]);
    assert_eq!((keys, &found[0]["weight"]), (Value::Null, &json!("note")));
    let remedy = found[0]["remedy"].as_str().unwrap();
    assert!(remedy.starts_with("`anabranch plan --scan-keys` looks, for which it reads "), "{remedy}");
    let (keys, found) = plan(&["--partition", "key", "--scan-keys"]);
    let examples = [("\"a\"", ["orders-0", "orders-1"]), ("\"c\"", ["orders-1", "orders-2"])];
    let examples = examples.map(|(key, sources)| json!({"key": key, "sources": sources}));
    assert_eq!(
        keys,
        json!([{"target_topic": "orders", "keys": 4, "in_several": 2, "one_of": 1, "examples": examples}])
    );
    assert_eq!((found.len(), &found[0]["weight"]), (1, &json!("warning")));
    let message = "of 4 keys of `orders` 2 occur in several source partitions, for instance \"a\" in orders-0 and orders-1, \
                   \"c\" in orders-1 and orders-2: the records of such a key keep the order of each source partition, and \
                   there is none between these";
    assert_eq!(found[0]["message"], message);
    // Only of what is selected.
    let (keys, found) = plan(&["--partition", "key", "--scan-keys", "--source-partitions", "0,2"]);
    assert_eq!((&keys[0]["keys"], &keys[0]["in_several"], &found[0]["weight"]), (&json!(4), &json!(0), &json!("note")));
}
