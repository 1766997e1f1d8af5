#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use super::*;
use crate::batch::{Columns, Limits};
use crate::job::{ColumnNames, Encoding, Encodings};
use crate::read::{Count, LaneRoom};
use crate::store::MemoryFile;

fn settings() -> ReadSettings {
    ReadSettings {
        columns: ColumnNames::default(),
        encoding: Encodings::default(),
        limits: Limits { records: 4096, bytes: 1 << 20 },
        first_row: 0,
        format: None,
        room: LaneRoom::default(),
        wanted: None,
    }
}

fn file(content: &[u8]) -> OpenFile {
    Arc::new(MemoryFile::new("a.jsonl", content.to_vec()))
}

fn read_with(content: &str, settings: &ReadSettings) -> Result<Columns, ReadError> {
    let mut reader = open(file(content.as_bytes()), settings)?;
    let rows = reader.next()?;
    assert!(reader.next()?.is_none());
    Ok(rows.map_or_else(Columns::empty, |rows| rows.columns))
}

fn value(content: &str) -> String {
    let columns = read_with(content, &settings()).unwrap();
    String::from_utf8(columns.values.value(0).to_vec()).unwrap()
}

fn fails(content: &str) -> String {
    read_with(content, &settings()).unwrap_err().to_string()
}

#[test]
fn a_value_that_is_no_string_is_its_own_source_text() {
    assert_eq!(
        value(r#"{"value": {"b": 1.50, "a": "\u00e9", "b": 12345678901234567890} }"#),
        r#"{"b": 1.50, "a": "\u00e9", "b": 12345678901234567890}"#
    );
    assert_eq!(value(r#"{"value":1e400}"#), "1e400");
    assert_eq!(value(r#"{"value":"\"\u00e9\ud83d\ude00\/"}"#), "\"é😀/");
}

#[test]
fn a_row_that_is_the_value_is_its_own_source_text() {
    assert_eq!(value(r#" {"id": 1, "name" : "x"} "#), r#"{"id": 1, "name" : "x"}"#);
    let named = ReadSettings {
        columns: ColumnNames { key: Some("meta.id".to_owned()), ..ColumnNames::default() },
        ..settings()
    };
    let columns = read_with(r#"{"meta":{"id": "k"}, "name\u0020" : "\u0078", "n": 1.0}"#, &named).unwrap();
    assert_eq!(columns.keys.value(0), b"k");
    assert_eq!(columns.values.value(0), br#"{"name ":"\u0078","n":1.0}"#);
}

#[test]
fn a_part_that_the_first_lines_lack_is_found_later() {
    let mut content = "{\"value\":\"v\"}\n".repeat(1200);
    content += "{\"value\":\"v\",\"Key\":\"late\",\"headers\":{\"h\":\"1\"}}\n";
    let columns = read_with(&content, &settings()).unwrap();
    assert_eq!(columns.keys.value(1200), b"late");
    assert_eq!(columns.headers.row(1200).len(), 1);
}

fn named(columns: ColumnNames) -> ReadSettings {
    ReadSettings { columns, ..settings() }
}

/// `line` as often as the sample has lines, then `late`.
fn after_the_sample(line: &str, late: &str) -> String {
    format!("{}{late}\n", format!("{line}\n").repeat(1000))
}

#[test]
fn a_dot_in_the_name_of_a_field_within_an_object_or_around_one_is_no_step() {
    let key = |content: &str, name: &str| {
        let settings = named(ColumnNames { key: Some(name.to_owned()), ..ColumnNames::default() });
        let columns = read_with(content, &settings).unwrap();
        String::from_utf8(columns.keys.value(0).to_vec()).unwrap()
    };
    assert_eq!(key(r#"{"attributes":{"user.id":"42"},"value":"x"}"#, "attributes.user.id"), "42");
    assert_eq!(key(r#"{"a.b":{"c":1},"value":"x"}"#, "a.b.c"), "1");
    assert_eq!(key(r#"{"a":{"b":{"c":"d"}},"value":"x"}"#, "a.b.c"), "d");
}

#[test]
fn a_place_that_the_first_lines_lack_is_refused_and_never_passed_over() {
    let with = |line: &str, late: &str| fails(&after_the_sample(line, late));
    insta::assert_snapshot!(with(r#"{"value":1}"#, r#"{"value":1,"partition":3}"#), @"`a.jsonl` row 1000: line 1001: partition: this line has one, but the first lines, which decide for the whole file, have none; name their column in `backup.columns.partition`, or `-` for none");
    for late in [r#"{"value":1,"Kafka_Topic":"t"}"#, r#"{"value":1,"metadata":{"topic":"t"}}"#] {
        assert!(with(r#"{"value":1}"#, late).contains("row 1000: line 1001: topic: this line has one"));
    }
    let nulls = r#"{"value":1,"offset":null,"metadata":{"topic":null,"partition":0}}"#;
    assert!(with(nulls, r#"{"value":1,"offset":5,"metadata":{"partition":0}}"#).contains("offset: this line has one"));
    let topic = with(nulls, r#"{"value":1,"metadata":{"topic":"t","partition":0}}"#);
    assert!(topic.contains("topic: this line has one"), "{topic}");

    let content = after_the_sample(r#"{"value":1}"#, r#"{"value":1,"topic":null,"partition":3}"#);
    let without = named(ColumnNames { partition: Some("-".to_owned()), ..ColumnNames::default() });
    let mut reader = open(file(content.as_bytes()), &without).unwrap();
    let rows = reader.next().unwrap().unwrap();
    assert_eq!((rows.columns.len(), rows.partitions), (1001, None));
}

#[test]
fn in_a_row_that_is_the_value_only_partition_and_offset_together_are_a_late_place() {
    let late = r#"{"id":1,"offset":5,"topic":"t","topic":"u"}"#;
    let columns = read_with(&after_the_sample(r#"{"id":1}"#, late), &settings()).unwrap();
    assert_eq!(columns.values.value(1000), late.as_bytes());
    let both = fails(&after_the_sample(r#"{"id":1}"#, r#"{"id":1,"offset":5,"partition":0}"#));
    assert!(both.contains("row 1000: line 1001: partition: this line has one"), "{both}");
    let record = r#"{"id":1,"offset":5,"partition":0}"#;
    let topic = fails(&after_the_sample(record, r#"{"id":1,"offset":5,"partition":0,"topic":"t"}"#));
    assert!(topic.contains("row 1000: line 1001: topic: this line has one"), "{topic}");
}

#[test]
fn a_late_part_that_occurs_twice_is_an_error() {
    for twice in [r#"{"key":"a","key":"b","value":1}"#, r#"{"key":"a","KEY":"b","value":1}"#] {
        let said = fails(&after_the_sample(r#"{"value":1}"#, twice));
        assert!(said.contains("row 1000: line 1001: ") && said.ends_with("field `key` occurs twice"), "{said}");
    }
}

#[test]
fn a_null_of_a_better_name_takes_no_late_parts_place() {
    let cases = [
        (r#"{"k":"a","key":null,"value":1}"#, "a"),
        (r#"{"key":null,"k":"a","value":1}"#, "a"),
        (r#"{"k":"a","key":"b","value":1}"#, "b"),
        (r#"{"key":"b","k":"a","value":1}"#, "b"),
    ];
    for (late, key) in cases {
        let columns = read_with(&after_the_sample(r#"{"value":1}"#, late), &settings()).unwrap();
        assert_eq!(columns.keys.value(1000), key.as_bytes(), "{late}");
    }
}

#[test]
fn a_late_timestamp_is_found_within_its_object() {
    let late = r#"{"value":1,"Metadata":{"timestamp":7}}"#;
    assert_eq!(read_with(&after_the_sample(r#"{"value":1}"#, late), &settings()).unwrap().timestamps[1000], 7);
}

#[test]
fn facts_of_a_file_with_a_broken_line_among_the_first_are_the_error_of_reading_it() {
    let broken: [&[u8]; 4] = [
        b"{\n \"key\":\"a\"}\n",
        b"{\"value\":1}\n\n{\"value\":}\n{\"value\":1}\n",
        b"{\"value\":1}\n{\"value\":\"\xff\"}\n",
        b"{\"value\":1}\n[1]\n",
    ];
    for content in broken {
        let told = facts(&file(content), &settings()).unwrap_err().to_string();
        let read = open(file(content), &settings()).unwrap().next().unwrap_err().to_string();
        assert_eq!(told, read);
    }
    // Reading does not look into an object that is a value, so what is in it is not wrong.
    let passed = b"{\"value\":{\"\\ud800\":1}}\n";
    assert!(facts(&file(passed), &settings()).is_ok());
    assert!(open(file(passed), &settings()).unwrap().next().is_ok());
}

#[test]
fn timestamps_are_milliseconds_or_rfc_3339() {
    let at = |json: &str| read_with(&format!("{{\"value\":1,\"ts\":{json}}}"), &settings()).unwrap().timestamps[0];
    assert_eq!(at("-5"), -5);
    assert_eq!(at("null"), -1);
    assert_eq!(at(r#""1970-01-01T01:00:00.0019+01:00""#), 1);
    assert_eq!(at(r#""17""#), 17);
}

#[test]
fn what_is_wrong_is_told_with_file_row_and_line() {
    insta::assert_snapshot!(fails("{\"value\":1}\n\n{\"value\":}\n"), @"`a.jsonl` row 1: line 3: column 10: expected value");
    insta::assert_snapshot!(fails("{\"value\":1}\n[1]\n"), @"`a.jsonl` row 1: line 2: invalid type: sequence, expected a JSON object");
    insta::assert_snapshot!(fails("{\n  \"value\": 1\n}\n"), @"`a.jsonl` row 0: line 1: column 1: EOF while parsing an object; an object is one line (`jq -c .` makes it one)");
    insta::assert_snapshot!(fails("{\"value\":1,\"value\":2}\n"), @"`a.jsonl` row 0: line 1: column 21: field `value` occurs twice");
    insta::assert_snapshot!(fails("{\"value\":1} x\n"), @"`a.jsonl` row 0: line 1: column 13: trailing characters");
    insta::assert_snapshot!(fails("{\"value\":1,\"ts\":1.5}\n"), @"`a.jsonl` row 0: line 1: timestamp: `1.5` is no timestamp: it takes whole milliseconds since the epoch or RFC 3339 text");
    insta::assert_snapshot!(fails("{\"value\":1,\"ts\":\"yesterday\"}\n"), @r#"`a.jsonl` row 0: line 1: timestamp: `"yesterday"` is no RFC 3339 timestamp: premature end of input"#);
    insta::assert_snapshot!(fails("{\"value\":1,\"partition\":-1,\"offset\":1}\n"), @"`a.jsonl` row 0: line 1: partition: `-1` is no whole number from 0 that fits");
    insta::assert_snapshot!(fails("{\"value\":1,\"offset\":1}\n{\"value\":1}\n"), @"`a.jsonl` row 1: line 2: offset: there is none, but other rows have one");
    insta::assert_snapshot!(fails("{\"value\":1,\"headers\":[\"a\"]}\n"), @"`a.jsonl` row 0: line 1: headers: a list of names and values in turn ends with a name");
    insta::assert_snapshot!(fails("{\"value\":1,\"headers\":[{\"value\":\"a\"}]}\n"), @"`a.jsonl` row 0: line 1: headers: missing field `key`");
    insta::assert_snapshot!(fails("{\"value\":1,\"headers\":7}\n"), @"`a.jsonl` row 0: line 1: headers: it takes a list or an object, not a number");
    insta::assert_snapshot!(fails("{\"value\":\"a\",\"value_encoding\":\"utf-8\"}\n"), @"`a.jsonl` row 0: line 1: value: `utf-8` is no encoding; it is `text`, `base64` or `hex`");
    insta::assert_snapshot!(fails("{\"value\":\"\\ud800\"}\n"), @r"`a.jsonl` row 0: line 1: value: `\ud800` is half of a surrogate pair, for which there is no UTF-8");
    let base64 = ReadSettings { encoding: Encodings { value: Encoding::Base64, ..Encodings::default() }, ..settings() };
    insta::assert_snapshot!(read_with("{\"value\":\"?\"}", &base64).unwrap_err(), @"`a.jsonl` row 0: line 1: value: not base64: invalid symbol 63, offset 0");
    let named =
        ReadSettings { columns: ColumnNames { key: Some("kye".to_owned()), ..ColumnNames::default() }, ..settings() };
    insta::assert_snapshot!(read_with("{\"key\":1,\"value\":1}", &named).unwrap_err(), @"`a.jsonl`: `backup.columns.key` names column `kye`, which the file does not have (it has `key`, `value`)");
}

const NATIVE: &str = r#"{"topic":"orders","partition":3,"offset":1042,"timestamp":1700000000123,"timestamp_type":"create","key":"AP8=","key_encoding":"base64","value":"00ff","value_encoding":"hex","headers":[]}"#;

#[test]
fn the_native_layout_loses_nothing() {
    let facts = facts(&file(NATIVE.as_bytes()), &settings()).unwrap();
    assert_eq!(facts.lost, Vec::<String>::new());
}

#[test]
fn an_encoding_is_lost_only_where_nothing_is_read_by_it() {
    let lost = |content: &str, columns: ColumnNames| {
        facts(&file(content.as_bytes()), &named(columns)).unwrap().lost.join("\n")
    };
    let without_key = lost(NATIVE, ColumnNames { key: Some("-".to_owned()), ..ColumnNames::default() });
    assert!(without_key.contains("columns \"key\", \"key_encoding\": no part of a record"), "{without_key}");
    let any_case = lost(r#"{"Value":"AA==","Value_Encoding":"base64"}"#, ColumnNames::default());
    assert!(!any_case.contains("Value_Encoding"), "{any_case}");
}

#[test]
fn an_encoding_is_found_in_whatever_case_as_its_part_is() {
    let columns =
        read_with(r#"{"KEY":"00ff","Key_Encoding":"hex","Value":"AP8=","Value_Encoding":"base64"}"#, &settings())
            .unwrap();
    assert_eq!((columns.keys.value(0), columns.values.value(0)), (&b"\0\xff"[..], &b"\0\xff"[..]));
    let late = r#"{"value":"AP8=","VALUE_ENCODING":"base64"}"#;
    let columns = read_with(&after_the_sample(r#"{"value":"a"}"#, late), &settings()).unwrap();
    assert_eq!(columns.values.value(1000), b"\0\xff");
    let header = r#"{"value":1,"headers":[{"Key":"h","Value":"AP8=","Encoding":"base64"}]}"#;
    let columns = read_with(header, &settings()).unwrap();
    assert_eq!(columns.headers.row(0).next().unwrap().value, Some(&b"\0\xff"[..]));
    let twice = fails(r#"{"value":"AP8=","value_encoding":"text","Value_Encoding":"base64"}"#);
    assert!(twice.ends_with("field `value_encoding` occurs twice"), "{twice}");
    // In a row that is the value it is a field like any other.
    let row = r#"{"id":1,"Value_Encoding":"base64"}"#;
    assert_eq!(value(row), row);
}

#[test]
fn headers_in_text_that_is_no_list_or_object_are_told_as_what_stands_there() {
    for (text, shown) in [("not json", "`not json`"), ("true", "`true`"), ("abc", "`abc`"), ("7", "`7`")] {
        let said = fails(&format!("{{\"value\":1,\"headers\":\"{text}\"}}\n"));
        let due = format!("headers: text takes a list or an object as JSON, not {shown}");
        assert!(said.ends_with(&due), "{said}");
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_follows_gzip_and_is_none_is_told_as_such_and_not_as_an_early_end() {
    for foreign in ["x", "hello, this is longer than the header of a member"] {
        let content = [gzip(b"{\"value\":1}\n"), gzip(b"{\"value\":2}\n"), foreign.as_bytes().to_vec()].concat();
        let said = open(file(&content), &settings()).unwrap().next().unwrap_err().to_string();
        let due =
            "the gzip data is damaged after line 2: it is followed by something that is no gzip and begins with `";
        assert!(said.contains(due), "{said}");
        assert!(said.ends_with(&format!("`{}`", &foreign[..foreign.len().min(16)])), "{said}");
    }
}

#[test]
fn gzip_may_have_several_members_that_end_within_a_line() {
    let content = [gzip(b"{\"value\":1}\n{\"val"), gzip(b""), gzip(b"ue\":2}\n")].concat();
    let rows = open(file(&content), &settings()).unwrap().next().unwrap().unwrap();
    assert_eq!((rows.columns.values.value(0), rows.columns.values.value(1)), (&b"1"[..], &b"2"[..]));
}

#[test]
fn damaged_compression_is_told() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut gzip, &b"{\"value\":1}\n".repeat(50_000)).unwrap();
    let mut content = gzip.finish().unwrap();
    content.truncate(content.len() / 2);
    let mut reader = open(file(&content), &settings()).unwrap();
    let error = loop {
        match reader.next() {
            Ok(rows) => assert!(rows.is_some(), "the end must not look like one"),
            Err(error) => break error,
        }
    };
    insta::assert_snapshot!(error, @"`a.jsonl` row 24999: the gzip data ends early, after line 24999");
    assert!(reader.next().unwrap().is_none(), "an error is told once");
}

#[test]
fn facts_count_small_files_and_judge_large_ones() {
    let facts_of = |content: &str| facts(&file(content.as_bytes()), &settings()).unwrap();
    let small = facts_of("{\"key\":\"a\",\"payload\":1,\"x\":{\"y\":null}}\n\n{\"key\":null,\"payload\":\"b\"}");
    assert_eq!(small.rows, Count::Exact(2));
    insta::assert_debug_snapshot!(small.schema, @r#"
    [
        (
            "key",
            "string|null",
        ),
        (
            "payload",
            "number|string",
        ),
        (
            "x",
            "object",
        ),
    ]
    "#);
    insta::assert_snapshot!(small.mapping.join("\n"), @r#"
    key ← column "key" (string|null)
    value ← column "payload" (number|string)
    "#);
    insta::assert_snapshot!(small.lost.join("\n"), @r#"
    headers: no such column
    timestamps: no such column
    timestamp type: no such column
    column "x": no part of a record; `backup.columns.value = "*"` makes the whole row the value
    "#);
    let large = facts_of(&"{\"key\":\"a\",\"value\":1}\n".repeat(5000));
    assert_eq!(large.rows, Count::Estimated(5000));
    assert_eq!(facts_of("\n \n").rows, Count::Exact(0));
}

#[test]
fn a_line_may_have_64_mebibytes() {
    let content = format!("{{\"value\":\"{}\"}}\n{{\"value\":\"b\"}}", "a".repeat(64 << 20));
    let mut reader = open(file(content.as_bytes()), &settings()).unwrap();
    let first = reader.next().unwrap().unwrap();
    assert_eq!((first.columns.len(), first.columns.values.value(0).len()), (1, 64 << 20));
    assert_eq!(reader.next().unwrap().unwrap().columns.values.value(0), b"b");
}
