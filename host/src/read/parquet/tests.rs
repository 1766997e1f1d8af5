//! The reader against files of another writer (pyarrow, `tests/fixtures/parquet`), of our own, and
//! against damage.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BinaryArray, Int64Array, RecordBatch, StructArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Fields, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use proptest::prelude::*;

use crate::batch::{Batch, ColumnsBuilder, Limits, Routes};
use crate::job::{ColumnNames, Encoding as TextEncoding, Encodings};
use crate::position::TopicPartition;
use crate::read::{Count, LaneRoom, OpenFile, ReadError, ReadSettings, Rows};
use crate::store::MemoryFile;
use crate::write::TimestampType;
use crate::write::parquet::ParquetWriter;

/// A record as it is compared: key, value, headers, timestamp, partition, offset, topic.
#[derive(Clone, Debug, PartialEq)]
struct Record {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
    timestamp: i64,
    partition: Option<i32>,
    offset: Option<i64>,
    topic: Option<String>,
}

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

fn fixture(name: &str) -> OpenFile {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/parquet").join(name);
    memory(std::fs::read(path.with_extension("parquet")).unwrap())
}

fn memory(data: Vec<u8>) -> OpenFile {
    Arc::new(MemoryFile::new("orders/a.parquet", data))
}

fn batches(file: &OpenFile, settings: &ReadSettings) -> Result<Vec<Rows>, ReadError> {
    let mut reader = super::open(Arc::clone(file), settings)?;
    let mut batches = Vec::new();
    while let Some(rows) = reader.next()? {
        assert!(!rows.columns.is_empty(), "a batch without rows");
        batches.push(rows);
    }
    assert!(reader.next()?.is_none(), "the end stays the end");
    Ok(batches)
}

fn read(file: &OpenFile, settings: &ReadSettings) -> Result<Vec<Record>, ReadError> {
    let mut records = Vec::new();
    let mut next = settings.first_row;
    for rows in batches(file, settings)? {
        assert_eq!(rows.first_row, next, "rows follow without a gap");
        next += rows.columns.len() as u64;
        for row in 0..rows.columns.len() {
            let bytes = |column: &BinaryArray| column.is_valid(row).then(|| column.value(row).to_vec());
            let header = |header: crate::batch::Header<'_>| (header.name.to_owned(), header.value.map(<[u8]>::to_vec));
            records.push(Record {
                key: bytes(&rows.columns.keys),
                value: bytes(&rows.columns.values),
                headers: rows.columns.headers.row(row).map(header).collect(),
                timestamp: rows.columns.timestamps[row],
                partition: rows.partitions.as_ref().map(|partitions| partitions[row]),
                offset: rows.offsets.as_ref().map(|offsets| offsets[row]),
                topic: rows.topics.as_ref().map(|topics| topics.value(row).to_owned()),
            });
        }
    }
    Ok(records)
}

type Expected<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, &'a [(&'a str, Option<&'a [u8]>)], i64, i64);

/// `RECORDS` of the generator.
const RECORDS: [Expected<'_>; 6] = [
    (Some(b"k0"), Some(b"v0"), &[], 1_700_000_000_000, 100),
    (None, Some(b"no key"), &[("a", Some(b"1"))], 0, 101),
    (Some(b""), Some(b"empty key"), &[("a", Some(b"1")), ("a", Some(b"2")), ("b", None)], -1, 102),
    (Some(b"k3"), None, &[("", Some(b""))], -86_400_000, 103),
    (Some(b"k4"), Some(b""), &[], 1_700_000_000_001, 110),
    (Some(b"\xff\x00\xfe"), Some(b"\x80\x81"), &[("bytes", Some(b"\xff\x00"))], 1_700_000_000_002, 111),
];

/// `TEXT` of the generator.
const TEXT: [Expected<'_>; 3] = [
    (Some(b"k0"), Some(b"v0"), &[], 1_700_000_000_000, 100),
    (None, Some("grüße".as_bytes()), &[("a", Some(b"1")), ("a", Some(b"2")), ("b", None)], 0, 101),
    (Some(b""), None, &[], -1, 102),
];

fn expected(records: &[Expected<'_>]) -> Vec<Record> {
    let owned = |bytes: &[u8]| bytes.to_vec();
    let record = |(key, value, headers, timestamp, offset): &Expected<'_>| Record {
        key: key.map(owned),
        value: value.map(owned),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.map(owned))).collect(),
        timestamp: *timestamp,
        partition: Some(3),
        offset: Some(*offset),
        topic: Some("orders".to_owned()),
    };
    records.iter().map(record).collect()
}

#[test]
fn another_writers_files_give_the_same_records_whatever_their_shape() {
    for name in [
        "codec-snappy",
        "codec-gzip",
        "codec-zstd",
        "codec-none",
        "plain",
        "data-page-v2",
        "delta-length-byte-array",
        "delta-byte-array",
        "no-statistics",
        "page-index",
        "row-groups",
        "small-pages",
        "large-binary",
        "binary-view",
        "list-of-items",
        "map",
        "two-level-list",
    ] {
        assert_eq!(read(&fixture(name), &settings()).unwrap(), expected(&RECORDS), "{name}");
    }
    for name in ["string", "large-string", "string-view"] {
        assert_eq!(read(&fixture(name), &settings()).unwrap(), expected(&TEXT), "{name}");
    }
    for name in ["no-rows", "no-row-groups"] {
        assert_eq!(read(&fixture(name), &settings()).unwrap(), [], "{name}");
    }
    let fixed: [Expected<'_>; 2] =
        [(Some(b"abcd"), Some(b"wxyz"), &[("a", Some(b"1234")), ("b", None)], 0, 0), (None, None, &[], 1, 1)];
    assert_eq!(read(&fixture("fixed-size"), &settings()).unwrap(), expected(&fixed));
}

#[test]
fn every_row_can_be_the_first() {
    for name in ["codec-snappy", "row-groups", "small-pages", "data-page-v2", "delta-byte-array", "two-level-list"] {
        for first_row in 0..=RECORDS.len() as u64 + 1 {
            let settings = ReadSettings { first_row, ..settings() };
            let rest = RECORDS.get(first_row as usize..).unwrap_or_default();
            assert_eq!(read(&fixture(name), &settings).unwrap(), expected(rest), "{name} from row {first_row}");
        }
    }
    for first_row in [0, 1, 2] {
        let settings = ReadSettings { first_row, ..settings() };
        assert_eq!(read(&fixture("warehouse"), &settings).unwrap().len() as u64, 2 - first_row);
    }
}

#[test]
fn envelopes_are_found_by_the_names_of_their_fields() {
    let records = read(&fixture("envelope"), &settings()).unwrap();
    let headers = vec![("a".to_owned(), Some(b"1".to_vec()))];
    let places: Vec<_> = records.iter().map(|r| (r.timestamp, r.partition, r.offset, r.topic.as_deref())).collect();
    assert_eq!(places, [(5, Some(3), Some(100), Some("orders")), (5, Some(3), Some(101), Some("orders"))]);
    assert_eq!((&records[0].headers, &records[1].headers), (&headers, &vec![]));

    let records = read(&fixture("full-record"), &settings()).unwrap();
    assert_eq!(records[0].headers, [("h".to_owned(), Some(b"1".to_vec()))]);
    assert_eq!((records[0].timestamp, records[0].offset), (7, Some(9)));
}

#[test]
fn instants_come_in_every_unit_and_are_rounded_down() {
    // pyarrow itself cuts the last microsecond before the epoch off to 0 milliseconds.
    for (name, before_epoch) in
        [("timestamp-millis", 0), ("timestamp-micros", -1), ("timestamp-nanos", -1), ("timestamp-int96", -1)]
    {
        let timestamps: Vec<i64> = read(&fixture(name), &settings()).unwrap().iter().map(|r| r.timestamp).collect();
        assert_eq!(timestamps, [1_700_000_000_123, before_epoch], "{name}");
    }
    let text = read(&fixture("timestamp-text"), &settings()).unwrap();
    assert_eq!((text[0].timestamp, text[0].offset, text[0].partition), (1_700_000_000_123, Some(100), Some(3)));
    let integers = read(&fixture("partition-int64"), &settings()).unwrap();
    assert_eq!((integers[0].partition, integers[0].offset), (Some(3), Some(7)));
}

#[test]
fn rows_of_a_warehouse_become_json_by_the_documented_mapping() {
    let records = read(&fixture("warehouse"), &settings()).unwrap();
    let texts: Vec<_> =
        records.iter().map(|record| String::from_utf8(record.value.clone().unwrap()).unwrap()).collect();
    insta::assert_snapshot!(texts[0].replace(",\"", ",\n\""), @r#"
    {"flag":true,
    "tiny":-128,
    "small":-32768,
    "medium":-2147483648,
    "big":9223372036854775807,
    "unsigned":18446744073709551615,
    "half":1.5,
    "single":0.1,
    "double":"-Infinity",
    "price":-12345678.90,
    "huge":1234567890123456789012345678901234567890.12345,
    "name":"quote \" and \n",
    "raw":"AP8=",
    "code":"YWJj",
    "id":"01234567-89ab-cdef-0123-456789abcdef",
    "day":"2024-02-29",
    "time_ms":"12:34:56.123",
    "time_us":"12:34:56.123456",
    "local_ms":"2024-02-29T12:34:56.123",
    "utc_us":"2024-02-29T12:34:56.123456Z",
    "paris_ns":"2024-02-29T12:34:56.123456000Z",
    "elapsed":"PT90.500S",
    "address":{"street":"Main",
    "number":null},
    "tags":["a",null,
    "b"],
    "pair":[1,2],
    "attributes":{"x":1,
    "y":null},
    "counts":[{"key":1,
    "value":"one"}],
    "status":"open",
    "nothing":null}
    "#);
    assert!(serde_json::from_str::<serde_json::Value>(&texts[0]).is_ok());
    let nulls: serde_json::Map<_, _> = serde_json::from_str(&texts[1]).unwrap();
    assert!(nulls.len() == 29 && nulls.values().all(serde_json::Value::is_null), "{}", texts[1]);
}

#[test]
fn columns_that_are_no_bytes_become_json_and_their_nulls_stay_nulls() {
    let records = read(&fixture("typed"), &settings()).unwrap();
    let bytes = |record: &Record| (record.key.clone(), record.value.clone());
    assert_eq!(bytes(&records[0]), (Some(b"42".to_vec()), Some(br#"{"amount":1.50,"lines":[1,2]}"#.to_vec())));
    assert_eq!(bytes(&records[1]), (None, None));
}

/// A file of one optional struct `after`, which is null in its second row; all in it is required.
fn required_in_optional() -> OpenFile {
    let number = |name: &str| Arc::new(Field::new(name, DataType::Int64, false));
    let column = |values: [i64; 2]| Arc::new(Int64Array::from(values.to_vec())) as ArrayRef;
    let inner = StructArray::from(vec![(number("n"), column([8, 0]))]);
    let of_inner = Arc::new(Field::new("inner", inner.data_type().clone(), false));
    let after = StructArray::new(
        Fields::from(vec![number("id"), of_inner]),
        vec![column([7, 0]), Arc::new(inner)],
        Some(NullBuffer::from(vec![true, false])),
    );
    let schema = Arc::new(Schema::new(vec![Field::new("after", after.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(after)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    memory(writer.into_inner().unwrap())
}

#[test]
fn what_is_required_in_a_null_struct_is_null_and_no_default() {
    for (value, text) in [("after.inner", r#"{"n":8}"#), ("after.inner.n", "8")] {
        let columns =
            ColumnNames { key: Some("after.id".to_owned()), value: Some(value.to_owned()), ..ColumnNames::default() };
        let records = read(&required_in_optional(), &ReadSettings { columns, ..settings() }).unwrap();
        let found: Vec<_> = records.iter().map(|record| (record.key.as_deref(), record.value.as_deref())).collect();
        assert_eq!(found, [(Some(b"7".as_slice()), Some(text.as_bytes())), (None, None)], "{value}");
    }
}

#[test]
fn facts_tell_rows_offsets_and_what_is_lost() {
    let facts = super::facts(&fixture("codec-snappy"), &settings()).unwrap();
    assert_eq!((facts.rows, facts.offsets), (Count::Exact(6), Some((100, 111))));
    let lines = |lines: Vec<String>| lines.join("\n");
    insta::assert_snapshot!(lines(facts.schema.iter().map(|(name, of)| format!("{name}: {of}")).collect()), @r"
    key: BYTE_ARRAY
    value: BYTE_ARRAY
    headers: group (LIST)
    timestamp: INT64
    partition: INT32
    offset: INT64
    topic: BYTE_ARRAY (STRING)
    ");
    insta::assert_snapshot!(lines(facts.mapping), @r#"
    key ← column "key" (BYTE_ARRAY)
    value ← column "value" (BYTE_ARRAY)
    headers ← column "headers" (group (LIST))
    timestamp ← column "timestamp" (INT64)
    partition ← column "partition" (INT32)
    offset ← column "offset" (INT64)
    topic ← column "topic" (BYTE_ARRAY (STRING))
    "#);
    insta::assert_snapshot!(lines(facts.lost), @"timestamp type: no such column");

    let facts = super::facts(&fixture("no-statistics"), &settings()).unwrap();
    assert_eq!((facts.rows, facts.offsets), (Count::Exact(6), None));
    let facts = super::facts(&fixture("timestamp-micros"), &settings()).unwrap();
    insta::assert_snapshot!(lines(facts.lost), @r#"
    keys: no such column
    headers: no such column
    timestamp type: no such column
    timestamps: column "ts" is finer than milliseconds, which is what Kafka has; they are rounded down
    "#);
}

/// A reader of the crate that has just as many rows as it was asked for does not see that its page ended.
#[test]
fn pages_as_long_as_a_step_do_not_end_their_column() {
    let records: Vec<Record> = (0..4096)
        .map(|row| Record {
            key: Some(format!("key {}", row % 7).into_bytes()),
            value: (row % 5 > 0).then(|| format!("value {row}").into_bytes()),
            headers: if row / 1000 == 2 { vec![("a".to_owned(), None)] } else { Vec::new() },
            timestamp: row,
            partition: Some(3),
            offset: Some(row),
            topic: Some("orders".to_owned()),
        })
        .collect();
    for page in [512, 1024, 2048, 3072] {
        let properties = WriterProperties::builder().set_data_page_row_count_limit(page).set_write_batch_size(page);
        assert_eq!(read(&written(&records, properties), &settings()).unwrap(), records, "pages of {page} rows");
    }
}

/// Records of one lane as a batch.
fn batch(records: &[Record]) -> Batch {
    let mut builder = ColumnsBuilder::default();
    for record in records {
        builder.key(record.key.as_deref());
        builder.value(record.value.as_deref());
        for (name, value) in &record.headers {
            builder.header(name, value.as_deref());
        }
        builder.end_row(record.timestamp);
    }
    let offsets: Option<Vec<i64>> = records.iter().map(|record| record.offset).collect();
    Batch {
        source: Arc::new(TopicPartition::new("orders", Some(3))),
        file: "orders/a.parquet".into(),
        rows: (0..records.len() as u64).collect::<Vec<_>>().into(),
        offsets: offsets.map(ScalarBuffer::from),
        columns: builder.finish(),
        strand: None,
        routes: Routes::default(),
    }
}

fn written(records: &[Record], properties: WriterPropertiesBuilder) -> OpenFile {
    let mut writer = ParquetWriter::with_properties(Vec::new(), properties).unwrap();
    // In two batches, the second one a slice that does not begin at the columns' beginning.
    let all = batch(records);
    let half = records.len() / 2;
    writer.write(&all.slice(0, half), Some(TimestampType::Create)).unwrap();
    writer.write(&all.slice(half, records.len() - half), Some(TimestampType::LogAppend)).unwrap();
    memory(writer.finish().unwrap())
}

fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    proptest::option::weighted(0.8, proptest::collection::vec(any::<u8>(), 0..40))
}

prop_compose! {
    fn record()(
        key in bytes(),
        value in bytes(),
        headers in proptest::collection::vec(("[a-c]{0,2}", bytes()), 0..4),
        timestamp in prop_oneof![Just(0), Just(-1), any::<i64>()],
        offset in any::<i64>(),
    ) -> Record {
        Record { key, value, headers, timestamp, partition: Some(3), offset: Some(offset), topic: Some("orders".into()) }
    }
}

fn properties() -> impl Strategy<Value = WriterPropertiesBuilder> {
    let codecs = prop_oneof![
        Just(Compression::UNCOMPRESSED),
        Just(Compression::SNAPPY),
        Just(Compression::GZIP(GzipLevel::default())),
        Just(Compression::ZSTD(ZstdLevel::default())),
    ];
    let encodings =
        prop_oneof![Just(Encoding::PLAIN), Just(Encoding::DELTA_LENGTH_BYTE_ARRAY), Just(Encoding::DELTA_BYTE_ARRAY)];
    (codecs, encodings, any::<bool>(), any::<bool>(), 1..50_usize, 1..300_usize).prop_map(
        |(codec, encoding, dictionary, old, page, group)| {
            let builder = WriterProperties::builder()
                .set_compression(codec)
                .set_dictionary_enabled(dictionary)
                .set_writer_version(if old { WriterVersion::PARQUET_1_0 } else { WriterVersion::PARQUET_2_0 })
                .set_data_page_row_count_limit(page)
                .set_write_batch_size(page)
                .set_max_row_group_row_count(Some(group));
            ["key", "value"]
                .into_iter()
                .fold(builder, |builder, column| builder.set_column_encoding(column.into(), encoding))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_however_it_is_cut(
        records in proptest::collection::vec(record(), 0..200),
        properties in properties(),
        limits in (1..60_usize, 1..2_000_usize),
        first_row in 0..210_u64,
    ) {
        let file = written(&records, properties);
        let limits = Limits { records: limits.0, bytes: limits.1 };
        let settings = ReadSettings { limits, first_row, ..settings() };
        let rest = records.get(first_row as usize..).unwrap_or_default();
        prop_assert_eq!(read(&file, &settings).unwrap(), rest);
        for rows in batches(&file, &settings).unwrap() {
            prop_assert!(rows.columns.len() <= limits.records);
            let all_but_last = rows.columns.slice(0, rows.columns.len() - 1);
            // A slice counts all names, also those that came with the row that is left out.
            let names: usize = rows.columns.headers.dictionary().iter().flatten().map(str::len).sum();
            prop_assert!(all_but_last.bytes() <= limits.bytes + names, "cut by bytes");
        }
    }
}

/// What a damaged file may do: give rows or an error that names it.
fn survives(data: Vec<u8>) {
    let settings = ReadSettings { limits: Limits { records: 100, bytes: 1 << 16 }, ..settings() };
    let Ok(mut reader) = super::open(memory(data.clone()), &settings).inspect_err(names_the_file) else {
        return;
    };
    let _ = super::facts(&memory(data), &settings).inspect_err(names_the_file);
    for _ in 0..1_000 {
        match reader.next() {
            Ok(Some(_)) => {}
            Ok(None) => return,
            Err(error) => return names_the_file(&error),
        }
    }
}

fn names_the_file(error: &ReadError) {
    assert!(error.to_string().contains("`orders/a.parquet`"), "{error}");
}

#[test]
fn damage_to_any_byte_is_survived() {
    let names = ["codec-snappy", "codec-zstd", "delta-byte-array", "data-page-v2", "two-level-list", "typed"];
    for name in names {
        let good = fixture(name);
        let good = good.read_at(0, good.size() as usize).unwrap();
        for at in 0..good.len() {
            for flip in [0xff, 0x01, 0x80] {
                let mut bad = good.to_vec();
                bad[at] ^= flip;
                survives(bad);
            }
        }
    }
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    let good = fixture("codec-snappy");
    let good = good.read_at(0, good.size() as usize).unwrap();
    for length in 0..good.len() {
        let error = super::open(memory(good[..length].to_vec()), &settings()).err();
        names_the_file(&error.unwrap());
    }
}

#[test]
fn errors_name_file_row_and_remedy() {
    let fail = |data: Bytes, settings: &ReadSettings| read(&memory(data.to_vec()), settings).unwrap_err().to_string();
    insta::assert_snapshot!(fail(Bytes::new(), &settings()), @"`orders/a.parquet`: the file has 0 bytes, too few for Parquet; was it cut off?");
    insta::assert_snapshot!(fail(Bytes::from_static(b"not a parquet file"), &settings()), @"`orders/a.parquet`: the footer cannot be read: Invalid Parquet file. Corrupt footer");
    let mut named = settings();
    named.columns.headers = Some("key".to_owned());
    let of = |name: &str, settings: &ReadSettings| read(&fixture(name), settings).unwrap_err().to_string();
    insta::assert_snapshot!(of("codec-none", &named), @"`orders/a.parquet`: column `key` is BYTE_ARRAY, but the headers of a record takes a list of names and values, a map, a struct or JSON text; name another column in `backup.columns.headers`, or `-` for none");
    let hex = ReadSettings { encoding: Encodings { key: TextEncoding::Hex, ..Encodings::default() }, ..settings() };
    insta::assert_snapshot!(of("string", &hex), @"`orders/a.parquet` row 0: the key is not hexadecimal: invalid character 'k' at position 0 (`backup.encoding.key`)");
    // The bytes of a column that is not text are never taken for an encoding.
    assert_eq!(read(&fixture("plain"), &hex).unwrap(), expected(&RECORDS));
}
