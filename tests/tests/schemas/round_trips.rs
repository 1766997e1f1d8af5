//! Values through Confluent's serializers and back, by schemas that the registry has then.

use anabranch_tests::registry::{Kind, Proxy, Reference, Registry};
use anabranch_tests::serializers::{Form, Serialized, Serializers};
use serde_json::{Value, json};

use crate::protobuf::{BILL, MONEY};

/// A record of everything that JSON has no word for.
const ORDER: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "sum", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "picture", "type": "bytes"},
    {"name": "share", "type": "double"},
    {"name": "note", "type": ["null", "string"]}]}"#;

fn order() -> Value {
    json!({ "id": 1_i64 << 60, "sum": { "$decimal": "12.30" }, "day": { "$date": "2020-02-29" },
            "at": { "$moment": "2020-01-01T00:00:00.000123+00:00" }, "picture": { "$bytes": "AAEC" },
            "share": { "$float": "inf" }, "note": null })
}

/// The id that stands before a payload.
fn id_of(record: &Serialized) -> i32 {
    let bytes = record.bytes.as_ref().unwrap();
    assert_eq!(bytes[0], 0);
    i32::from_be_bytes(bytes[1..5].try_into().unwrap())
}

#[test]
fn avro() {
    let registry = Registry::shared();
    let topic = registry.name("orders");
    let serializers = Serializers::new(registry.url());
    let values = [order(), Value::Null];
    let records = serializers.serialize(&topic, &Form::new(Kind::Avro, ORDER), &values).unwrap();
    let read = serializers.deserialize(&topic, &Form::as_written(Kind::Avro), &records).unwrap();
    assert_eq!(read.iter().map(|read| &read.value).collect::<Vec<_>>(), values.iter().collect::<Vec<_>>());

    let id = id_of(&records[0]);
    assert_eq!(read[0].id, json!(id));
    let held: Value = serde_json::from_str(registry.api().schema(id).unwrap()["schema"].as_str().unwrap()).unwrap();
    assert_eq!(held, serde_json::from_str::<Value>(ORDER).unwrap());
    assert_eq!(registry.api().versions(&format!("{topic}-value")).unwrap(), [1]);
}

#[test]
fn avro_with_a_reference_under_the_names_of_records() {
    let registry = Registry::shared();
    let name = registry.name("Address").replace('-', "");
    let address = json!({ "type": "record", "name": name, "fields": [{ "name": "city", "type": "string" }] });
    registry.api().register(&name, Kind::Avro, &address.to_string(), &[]).unwrap();
    let person = format!("{name}Person");
    let text = json!({ "type": "record", "name": person, "fields": [{ "name": "home", "type": name }] }).to_string();
    let references = [Reference { name: name.clone(), subject: name, version: 1 }];

    let serializers = Serializers::new(registry.url());
    let form = Form::new(Kind::Avro, &text).references(&references).strategy("record").of_keys();
    let value = json!({ "home": { "city": "Freiburg" } });
    let records = serializers.serialize("people", &form, std::slice::from_ref(&value)).unwrap();
    let form = Form::as_written(Kind::Avro).strategy("record").of_keys();
    assert_eq!(serializers.deserialize("people", &form, &records).unwrap()[0].value, value);
    let held = registry.api().version(&person, "latest").unwrap();
    assert_eq!(held["id"], json!(id_of(&records[0])));
    assert_eq!(held["references"][0]["subject"], json!(references[0].subject));
}

#[test]
fn json_schema() {
    let registry = Registry::shared();
    let topic = registry.name("people");
    let serializers = Serializers::new(registry.url());
    let schema =
        r#"{"type": "object", "title": "Person", "properties": {"age": {"type": "integer"}}, "required": ["age"]}"#;
    let form = Form::new(Kind::Json, schema);
    let values = [json!({ "age": 44, "name": "Ada" })];
    let records = serializers.serialize(&topic, &form, &values).unwrap();
    let read = serializers.deserialize(&topic, &Form::as_written(Kind::Json), &records).unwrap();
    assert_eq!(read[0].value, values[0]);
    let held = registry.api().schema(id_of(&records[0])).unwrap();
    assert_eq!((held["schemaType"].as_str(), held["schema"].as_str()), (Some("JSON"), Some(schema)));

    let error = serializers.serialize(&topic, &form, &[json!({ "age": "old" })]).unwrap_err();
    assert!(error.to_string().contains("is not of type 'integer'"), "{error}");
}

#[test]
fn protobuf_with_an_import_and_a_message_within_another() {
    let registry = Registry::shared();
    let topic = registry.name("bills");
    let serializers = Serializers::new(registry.url());
    let bill = json!({ "id": "9007199254740993", "sum": { "cents": "5" }, "at": "2020-01-01T00:00:00.000000001Z" });
    for (message, value) in [("shop.Bill", bill), ("shop.Bill.Line", json!({ "article": "pen" }))] {
        let form = Form::protobuf(BILL, message).imports(&[("common/money.proto", MONEY)]);
        let records = serializers.serialize(&topic, &form, std::slice::from_ref(&value)).unwrap();
        // Both by the class of whoever wrote it, and by what the registry has.
        let forms = [form, Form::as_written(Kind::Protobuf)];
        for form in forms {
            assert_eq!(serializers.deserialize(&topic, &form, &records).unwrap()[0].value, value);
        }
        let held = registry.api().schema(id_of(&records[0])).unwrap();
        assert_eq!(held["schema"], json!(BILL));
        assert_eq!(held["references"][0]["subject"], json!("common/money.proto"));
    }
}

#[test]
fn a_schema_told_in_a_header() {
    let registry = Registry::shared();
    let proxy = Proxy::confluent(registry).unwrap();
    let topic = registry.name("orders");
    let serializers = Serializers::new(&proxy.url());
    let form = Form::new(Kind::Avro, ORDER).in_header();
    let records = serializers.serialize(&topic, &form, &[order()]).unwrap();
    assert_eq!(records[0].headers[0].0, "__value_schema_id");
    let read = serializers.deserialize(&topic, &Form::as_written(Kind::Avro), &records).unwrap();
    assert_eq!(read[0].value, order());
    assert!(read[0].id.is_string(), "{read:?}");
}
