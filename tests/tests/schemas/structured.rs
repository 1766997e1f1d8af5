//! Backups whose rows are the values themselves become Avro with the registry: their logical types carry over.

use std::fs::File;
use std::sync::Arc;

use anabranch_tests::registry::Kind;
use anabranch_tests::serializers::Form;
use apache_avro::types::Record;
use apache_avro::{Schema, Writer};
use arrow_array::builder::{ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
    RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

use crate::restored::{Restored, target_registry};

/// A job that restores the rows of a folder as Avro, under the schema that `inspect` gives.
fn restored_as_avro(restored: &Restored) -> (Value, Vec<Value>) {
    let topic = &restored.topic;
    let output = restored.inspect(&["--value-schema", topic, "--topic", topic]);
    assert!(output.status.success(), "{}", crate::restored::said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    restored.file("values.avsc", &text);
    restored.job_of_rows(&format!(
        "[[schema]]\n[schema.value]\nencoding = \"json\"\ntarget_encoding = \"avro\"\ntarget_schema = \"values.avsc\"\n\
         [target.registry]\nurl = \"{}\"\n",
        target_registry().url()
    ));
    restored.restore();
    let values = restored.values(&Form::as_written(Kind::Avro)).into_iter().map(|read| read.value).collect();
    (serde_json::from_str(&text).unwrap(), values)
}

#[test]
fn rows_of_parquet_become_avro_with_their_logical_types() {
    let restored = Restored::new(1);
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.values().append_value("a");
    tags.append(true);
    tags.append(false);
    let mut counts = MapBuilder::new(None, StringBuilder::new(), arrow_array::builder::Int32Builder::new());
    counts.keys().append_value("z");
    counts.values().append_value(1);
    counts.append(true).unwrap();
    counts.append(true).unwrap();
    let address = StructArray::from(vec![(
        Arc::new(Field::new("city", DataType::Utf8, false)),
        Arc::new(StringArray::from(vec!["Ulm", "Bonn"])) as ArrayRef,
    )]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, i64::MAX]))),
        ("sum", Arc::new(Decimal128Array::from(vec![1250, -5]).with_precision_and_scale(9, 2).unwrap())),
        ("day", Arc::new(Date32Array::from(vec![Some(19_782), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![1_709_210_096_789_001, 0]).with_timezone("UTC"))),
        ("big", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
        ("share", Arc::new(Float64Array::from(vec![0.5, -1e300]))),
        ("paid", Arc::new(BooleanArray::from(vec![true, false]))),
        ("picture", Arc::new(BinaryArray::from(vec![&[0_u8, 255][..], b""]))),
        ("status", Arc::new(["NEW", "OLD"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("address", Arc::new(address)),
        ("tags", Arc::new(tags.finish())),
        ("counts", Arc::new(counts.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let file = File::create(restored.place("backup/part-0.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();

    let (schema, values) = restored_as_avro(&restored);
    assert_eq!(
        schema["fields"][1]["type"],
        json!({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2})
    );
    assert_eq!(schema["fields"][2]["type"], json!(["null", {"type": "int", "logicalType": "date"}]));
    let due = json!({
        "id": 1, "sum": {"$decimal": "12.50"}, "day": {"$date": "2024-02-29"},
        "at": {"$moment": "2024-02-29T12:34:56.789001+00:00"}, "big": {"$decimal": "18446744073709551615"},
        "share": 0.5, "paid": true, "picture": {"$bytes": "AP8="}, "status": "NEW", "address": {"city": "Ulm"},
        "tags": ["a"], "counts": {"z": 1},
    });
    assert_eq!(values[0], due);
    assert_eq!((&values[1]["day"], &values[1]["tags"], &values[1]["counts"]), (&Value::Null, &Value::Null, &json!({})));
    assert_eq!(values[1]["sum"], json!({"$decimal": "-0.05"}));
}

#[test]
fn rows_of_avro_become_avro_under_the_schema_of_their_file() {
    let restored = Restored::new(1);
    let text = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
        {"name": "id", "type": "long"},
        {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "OLD"]}},
        {"name": "code", "type": {"type": "fixed", "name": "Code", "size": 2}},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "note", "type": ["null", "string"]}]}"#;
    let schema = Schema::parse_str(text).unwrap();
    let mut writer = Writer::new(&schema, File::create(restored.place("backup/part-0.avro")).unwrap());
    let mut record = Record::new(&schema).unwrap();
    record.put("id", 7_i64);
    record.put("status", apache_avro::types::Value::Enum(1, "OLD".to_owned()));
    record.put("code", apache_avro::types::Value::Fixed(2, vec![1, 2]));
    record.put("day", apache_avro::types::Value::Date(19_782));
    record.put("note", Some("x"));
    writer.append(record).unwrap();
    writer.flush().unwrap();
    drop(writer);

    let (schema, values) = restored_as_avro(&restored);
    assert_eq!((&schema["name"], &schema["namespace"]), (&json!("Order"), &json!("shop")));
    assert_eq!(schema["fields"][1]["type"]["symbols"], json!(["NEW", "OLD"]));
    let due =
        json!({"id": 7, "status": "OLD", "code": {"$bytes": "AQI="}, "day": {"$date": "2024-02-29"}, "note": "x"});
    assert_eq!(values, [due]);
}

#[test]
fn a_column_whose_name_avro_does_not_take_is_told_with_its_path_and_what_to_do_about_it() {
    let restored = Restored::new(1);
    let number = (Arc::new(Field::new("n-o", DataType::Int64, false)), Arc::new(Int64Array::from(vec![7])) as ArrayRef);
    let columns: Vec<(&str, ArrayRef)> = vec![("addr", Arc::new(StructArray::from(vec![number])))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(restored.place("backup/0.parquet")).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    for columns in [&[][..], &["--column", "value=addr"]] {
        let output =
            restored.inspect(&[&["--value-schema", &restored.topic, "--topic", &restored.topic][..], columns].concat());
        assert_eq!(output.status.code(), Some(2));
        let said = crate::restored::said(&output);
        assert!(said.contains("`0.parquet`: column `addr.n-o` has a name that Avro does not take"), "{said}");
        assert!(said.contains("hint: rename the column in the export; or"), "{said}");
    }
}

#[test]
fn values_that_are_not_structured_have_no_schema_to_give() {
    let restored = Restored::new(1);
    restored.backup(0, &[]);
    std::fs::write(
        restored.place("backup/0.jsonl"),
        "{\"topic\":\"orders\",\"partition\":0,\"offset\":0,\"key\":\"a\",\"value\":\"b\"}\n",
    )
    .unwrap();
    let output = restored.inspect(&["--value-schema", "orders"]);
    assert_eq!(output.status.code(), Some(1));
    let said = crate::restored::said(&output);
    assert!(said.contains("the values of `orders` are not structured: `0.jsonl` has them as bytes or text"), "{said}");
    let output = restored.inspect(&["--value-schema", "refunds"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(crate::restored::said(&output).contains("it holds orders"));
}
