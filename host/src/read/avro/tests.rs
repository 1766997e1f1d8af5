#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::batch::Limits;
use crate::job::{ColumnNames, Encodings};
use crate::read::LaneRoom;
use crate::store::MemoryFile;

fn settings() -> ReadSettings {
    ReadSettings {
        columns: ColumnNames::default(),
        encoding: Encodings::default(),
        limits: Limits::default(),
        first_row: 0,
        format: None,
        room: LaneRoom::default(),
        wanted: None,
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/avro").join(name)).unwrap()
}

fn file(content: Vec<u8>) -> OpenFile {
    Arc::new(MemoryFile::new("a.avro", content))
}

/// Rows read until the end or the first error.
fn read(content: Vec<u8>) -> (usize, Result<(), ReadError>) {
    let mut rows = 0;
    let mut reader = match open(file(content), &settings()) {
        Ok(reader) => reader,
        Err(error) => return (0, Err(error)),
    };
    loop {
        match reader.next() {
            Ok(Some(batch)) => rows += batch.columns.len(),
            Ok(None) => return (rows, Ok(())),
            Err(error) => return (rows, Err(error)),
        }
    }
}

fn fails(content: Vec<u8>) -> String {
    read(content).1.unwrap_err().to_string()
}

#[test]
fn every_logical_type_has_json_text() {
    let mut reader = open(file(fixture("logical.avro")), &settings()).unwrap();
    let rows = reader.next().unwrap().unwrap();
    let text: Vec<String> = (0..rows.columns.len())
        .map(|row| String::from_utf8(rows.columns.values.value(row).to_vec()).unwrap())
        .collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    {"id":9007199254740993,"flag":true,"single":0.1,"double":-2.5e-300,"text":"a \"quoted\" ✓","raw":"AP8=","fixed":"AQIDBA==","colour":"GREEN","price":1234567890123456.7890,"fixed_price":-0.05,"uuid":"12345678-1234-5678-1234-567812345678","date":"2024-02-29","time_millis":"23:59:59.999","time_micros":"00:00:00.000001","at_millis":"1969-12-31T23:59:59.999Z","at_micros":"2024-02-29T12:00:00.000001Z","local_millis":"2024-02-29T12:00:00.001","local_micros":"2024-02-29T12:00:00.000001","duration":"P1M2DT3.500000000S","either":1,"list":[1,null,3],"map":{"pi":3.25},"nested":{"again":"RED","deep":{"x":1}}}
    {"id":-1,"flag":false,"single":-0.0,"double":1.0,"text":"","raw":"","fixed":"AAAAAA==","colour":"RED","price":0.0000,"fixed_price":0.00,"uuid":"00000000-0000-0000-0000-000000000000","date":"0001-01-01","time_millis":"00:00:00.000","time_micros":"00:00:00.000000","at_millis":"1970-01-01T00:00:00.000Z","at_micros":"1970-01-01T00:00:00.000000Z","local_millis":"1970-01-01T00:00:00.000","local_micros":"1970-01-01T00:00:00.000000","duration":"P0M0DT0.000000000S","either":"one","list":[],"map":{},"nested":{"again":"GREEN","deep":null}}
    "#);
}

#[test]
fn facts_say_what_is_there_and_what_is_lost() {
    let facts = facts(&file(fixture("lenses.avro")), &settings()).unwrap();
    assert_eq!(facts.rows, Count::Exact(2));
    insta::assert_debug_snapshot!(facts.schema, @r#"
    [
        (
            "key",
            "union[null, string]",
        ),
        (
            "value",
            "union[null, record io.confluent.connect.avro.Order]",
        ),
        (
            "headers",
            "union[null, record io.confluent.connect.avro.Headers]",
        ),
        (
            "metadata",
            "union[null, record io.confluent.connect.avro.Metadata]",
        ),
    ]
    "#);
    insta::assert_snapshot!(facts.mapping.join("\n"), @r#"
    key ← column "key" (union[null, string])
    value ← column "value" (union[null, record io.confluent.connect.avro.Order])
    headers ← column "headers" (union[null, record io.confluent.connect.avro.Headers])
    timestamp ← column "metadata.timestamp" (long)
    partition ← column "metadata.partition" (int)
    offset ← column "metadata.offset" (long)
    topic ← column "metadata.topic" (string)
    "#);
    insta::assert_snapshot!(facts.lost.join("\n"), @r#"
    headers: column "headers" holds them by name, so order and duplicates are gone
    timestamp type: no such column
    "#);
}

#[test]
fn a_record_within_itself_is_an_error() {
    insta::assert_snapshot!(fails(fixture("recursive.avro")), @"`a.avro`: record `Tree` of its Avro schema contains itself, and recursive records have no columns; rewrite the file without that field");
}

/// A file of records with an optional topic, partition and offset, each the number of its block, or null.
fn placed(rows: &[Option<u8>]) -> Vec<u8> {
    let column = |name: &str, of: &str| serde_json::json!({"name": name, "type": ["null", of]});
    let schema = serde_json::json!({"type": "record", "name": "row", "fields": [
        {"name": "value", "type": "bytes"},
        column("topic", "string"),
        column("partition", "int"),
        column("offset", "long"),
    ]});
    let schema = apache_avro::Schema::parse(&schema).unwrap();
    let mut writer = apache_avro::Writer::new(&schema, Vec::new());
    for row in rows {
        let mut record = apache_avro::types::Record::new(&schema).unwrap();
        let place = |of: fn(u8) -> apache_avro::types::Value| match row {
            Some(number) => apache_avro::types::Value::Union(1, Box::new(of(*number))),
            None => apache_avro::types::Value::Union(0, Box::new(apache_avro::types::Value::Null)),
        };
        record.put("value", apache_avro::types::Value::Bytes(b"v".to_vec()));
        record.put("topic", place(|number| apache_avro::types::Value::String(format!("topic-{number}"))));
        record.put("partition", place(|number| apache_avro::types::Value::Int(number.into())));
        record.put("offset", place(|number| apache_avro::types::Value::Long(number.into())));
        writer.append(record).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn a_place_that_begins_after_the_first_row_is_an_error_and_not_ignored() {
    let rows = [None, None, Some(3)];
    insta::assert_snapshot!(fails(placed(&rows)), @r#"`a.avro` row 2: topic: column "topic" has a value here, but none in the file's first row, for which it was left out; `backup.columns.topic = "-"` says that it does not count, and if it does, every row needs one"#);
    // Also where reading begins again behind the first row, and for each of the columns.
    let mut settings = ReadSettings { first_row: 1, ..settings() };
    for (columns, part) in [("topic", "partition"), ("partition", "offset")] {
        match columns {
            "topic" => settings.columns.topic = Some("-".to_owned()),
            _ => settings.columns.partition = Some("-".to_owned()),
        }
        let error = open(file(placed(&rows)), &settings).unwrap().next().err().unwrap().to_string();
        assert!(error.starts_with(&format!("`a.avro` row 2: {part}: column")), "{error}");
    }
    settings.columns.offset = Some("-".to_owned());
    assert_eq!(open(file(placed(&rows)), &settings).unwrap().next().unwrap().unwrap().columns.len(), 2);
    assert_eq!(read(placed(&[None, None])).0, 2);
    assert_eq!(read(placed(&[Some(1), Some(2)])).0, 2);
}

#[test]
fn an_array_of_nulls_is_refused_before_its_count_is_believed() {
    let schema = r#"{"type":"record","name":"row","fields":[{"name":"a","type":{"type":"array","items":"null"}}]}"#;
    let schema = apache_avro::Schema::parse_str(schema).unwrap();
    let content = apache_avro::Writer::new(&schema, Vec::new()).into_inner();
    let error = fails(content.unwrap());
    assert!(error.starts_with("`a.avro`: field `a` of its Avro schema is an array of null"), "{error}");
}

#[test]
fn damage_is_told_with_its_place() {
    let good = fixture("native.null.avro");
    let mut cut = good.clone();
    cut.truncate(good.len() - 20);
    insta::assert_snapshot!(fails(cut), @"`a.avro` row 4: the block at byte 841 has 45 bytes, but the file ends 41 bytes later: it is cut off or damaged");
    let mut sync = good.clone();
    let last = sync.len() - 1;
    sync[last] ^= 1;
    insta::assert_snapshot!(fails(sync), @"`a.avro` row 4: the sync marker at byte 888 is not the header's: the file is damaged");
    insta::assert_snapshot!(fails(good[..100].to_vec()), @"`a.avro`: the Avro header cannot be read: EOF: Unexpected EOF while reading Avro header");
    let codec = String::from_utf8_lossy(&good).find("avro.codec").unwrap();
    let mut unknown = good.clone();
    unknown[codec + 11..codec + 15].copy_from_slice(b"nuli");
    insta::assert_snapshot!(fails(unknown), @"`a.avro`: Parser error: Unrecognized compression codec 'nuli'; codecs are null, deflate, snappy and zstandard");
    let mut snappy = fixture("native.snappy.avro");
    let last = snappy.len() - 17;
    snappy[last] ^= 1;
    insta::assert_snapshot!(fails(snappy), @"`a.avro` row 4: the block at byte 853 is damaged: its checksum is wrong");
}

#[test]
fn a_file_that_is_cut_off_is_never_a_shorter_file() {
    let good = fixture("native.deflate.avro");
    let whole = read(good.clone());
    assert!(whole.1.is_ok());
    for length in 4..good.len() {
        let (rows, result) = read(good[..length].to_vec());
        // Only where a block ends does what is left look whole.
        let at_end_of_block = good[..length].ends_with(&good[good.len() - 16..]);
        assert_eq!(result.is_ok(), at_end_of_block, "{length}");
        assert!(rows <= whole.0);
    }
}

proptest::proptest! {
    #[test]
    fn damaged_bytes_are_an_error_or_other_bytes_and_never_a_panic(
        name in proptest::sample::select(vec![
            "native.null.avro", "native.deflate.avro", "native.zstandard.avro", "native.snappy.avro",
            "logical.avro", "lenses.avro", "data-keep.avro", "bare-string.avro",
        ]),
        flips in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 1u8..), 1..4),
    ) {
        let mut content = fixture(name);
        for (index, flip) in flips {
            let at = index.index(content.len());
            content[at] ^= flip;
        }
        let _ = facts(&file(content.clone()), &settings());
        let _ = read(content);
    }
}
