//! Our own files, read by the reader of somebody else: one's own reader agrees with one's own writer.

use anabranch::write::TimestampType;
use anabranch::write::avro::{AvroWriter, SCHEMA};
use anabranch::write::json_lines::{JsonLinesWriter, LinesCompression};
use apache_avro::types::Value;

use crate::record::{Record, awkward, batch};

fn union(value: Option<Value>) -> Value {
    match value {
        None => Value::Union(0, Box::new(Value::Null)),
        Some(value) => Value::Union(1, Box::new(value)),
    }
}

fn named(name: &str, value: Value) -> (String, Value) {
    (name.to_owned(), value)
}

fn as_avro(record: &Record) -> Value {
    let bytes = |bytes: &Option<Vec<u8>>| union(bytes.clone().map(Value::Bytes));
    let header = |(name, value): &(String, Option<Vec<u8>>)| {
        Value::Record(vec![named("key", Value::String(name.clone())), named("value", bytes(value))])
    };
    Value::Record(vec![
        named("key", bytes(&record.key)),
        named("value", bytes(&record.value)),
        named("headers", Value::Array(record.headers.iter().map(header).collect())),
        named("timestamp", Value::Long(record.timestamp)),
        named("timestamp_type", union(Some(Value::String("create".to_owned())))),
        named("partition", union(record.partition.map(Value::Int))),
        named("offset", union(record.offset.map(Value::Long))),
        named("topic", Value::String("orders".to_owned())),
    ])
}

#[test]
fn apache_avro_reads_our_files_by_our_schema() {
    let mut writer = AvroWriter::new(Vec::new()).unwrap();
    writer.write(&batch(&awkward()), Some(TimestampType::Create)).unwrap();
    let content = writer.finish().unwrap();
    let reader = apache_avro::Reader::new(&content[..]).unwrap();
    // The crate that writes names the records in its own way; the fields are ours.
    let fields = |schema: &apache_avro::Schema| match schema {
        apache_avro::Schema::Record(record) => record.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?} is no record"),
    };
    assert_eq!(fields(reader.writer_schema()), fields(&apache_avro::Schema::parse_str(SCHEMA).unwrap()));
    let values: Vec<Value> = reader.map(Result::unwrap).collect();
    assert_eq!(values, awkward().iter().map(as_avro).collect::<Vec<_>>());
}

#[test]
fn json_lines_are_what_the_documentation_shows() {
    let mut writer = JsonLinesWriter::new(Vec::new(), LinesCompression::None).unwrap();
    writer.write(&batch(&awkward()), Some(TimestampType::Create)).unwrap();
    insta::assert_snapshot!(String::from_utf8(writer.finish().unwrap()).unwrap(), @r#"
    {"topic":"orders","partition":3,"offset":1042,"timestamp":0,"timestamp_type":"create","key":"a","value":"one","headers":[{"key":"h","value":"1"},{"key":"h","value":"2"},{"key":"g","value":null},{"key":"h","value":""}]}
    {"topic":"orders","partition":3,"offset":1043,"timestamp":-1,"timestamp_type":"create","key":null,"value":"no key","headers":[]}
    {"topic":"orders","partition":3,"offset":1044,"timestamp":1700000000123,"timestamp_type":"create","key":"","value":"","headers":[{"key":"","value":"nameless"}]}
    {"topic":"orders","partition":3,"offset":1045,"timestamp":-62135596800000,"timestamp_type":"create","key":"tombstone","value":null,"headers":[]}
    {"topic":"orders","partition":3,"offset":1046,"timestamp":253402300799999,"timestamp_type":"create","key":"AP/+","key_encoding":"base64","value":"gIE=","value_encoding":"base64","headers":[{"key":"raw","value":"/w==","encoding":"base64"}]}
    "#);
}
