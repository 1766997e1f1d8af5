//! Values that change their schema on the way, written and read by Confluent's serializers.

use anabranch_tests::registry::{Kind, Proxy, Reference, Registry};
use anabranch_tests::serializers::{Form, Serialized, Serializers};
use serde_json::{Value, json};

use crate::restored::{Restored, id, registries, target_registry};

const V1: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "int"},
    {"name": "full_name", "type": "string"},
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "PAID"]}},
    {"name": "sum", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "lines", "type": {"type": "map", "values": "int"}},
    {"name": "note", "type": ["null", "string"]}]}"#;

const V2: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["OTHER", "PAID", "NEW"], "default": "OTHER"}},
    {"name": "id", "type": "long"},
    {"name": "name", "aliases": ["full_name"], "type": "string"},
    {"name": "sum", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 4}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "lines", "type": {"type": "map", "values": "long"}},
    {"name": "note", "type": ["null", "string"], "default": null},
    {"name": "currency", "type": "string", "default": "EUR"}]}"#;

fn order(id: i64, name: &str, note: Value) -> Value {
    json!({
        "id": id, "full_name": name, "status": if id % 2 == 0 { "NEW" } else { "PAID" },
        "sum": {"$decimal": format!("{id}.50")}, "at": {"$moment": "2024-02-29T12:34:56.789000+00:00"},
        "lines": {"b": 2, "a": 1}, "note": note,
    })
}

/// What Confluent's serializers make of orders of the first version.
fn orders(topic: &str, values: &[Value]) -> Vec<Serialized> {
    Serializers::new(Registry::shared().url()).serialize(topic, &Form::new(Kind::Avro, V1), values).unwrap()
}

#[test]
fn values_are_migrated_by_the_rules_of_avro_alone() {
    let restored = Restored::new(2);
    let values: Vec<Value> = (0..500).map(|id| order(id, &format!("Ann {id}"), json!("x"))).collect();
    let mut serialized = orders(&restored.topic, &values);
    serialized.push(Serialized { bytes: None, headers: Vec::new() });
    restored.backup(0, &serialized);
    restored.backup(1, &serialized[..3]);
    restored.file("v2.avsc", V2);
    let schema = "[[schema]]\n[schema.value]\nencoding = \"avro\"\ntarget_schema = \"v2.avsc\"\n";
    restored.job(&format!("{schema}{}", registries(Registry::shared().url())));
    restored.restore();

    let found = restored.values(&Form::as_written(Kind::Avro));
    assert_eq!(found.len(), 504);
    let new = id(target_registry().api(), &format!("{}-value", restored.topic));
    let at = |at: usize| (&found[at].value, &found[at].id);
    let due = json!({
        "status": "PAID", "id": 1, "name": "Ann 1", "sum": {"$decimal": "1.5000"},
        "at": {"$moment": "2024-02-29T12:34:56.789000+00:00"}, "lines": {"b": 2, "a": 1}, "note": "x", "currency": "EUR",
    });
    assert_eq!(at(1), (&due, &json!(new)));
    assert_eq!(found[500].value, Value::Null, "a tombstone stays one");
}

#[test]
fn plugins_see_json_and_what_they_leave_keeps_its_bytes() {
    let restored = Restored::new(1);
    let values: Vec<Value> =
        (0..9).map(|id| order(id, "Ann", if id % 3 == 0 { json!("mend") } else { Value::Null })).collect();
    let serialized = orders(&restored.topic, &values);
    restored.backup(0, &serialized);
    let settings = r#"
[[schema]]
[schema.value]
encoding = "avro"
[[plugin]]
plugin = "where"
parameters = { expression = "value.id != 4" }
[[plugin]]
plugin = "remap"
[plugin.parameters]
steps = [{ default = "note", value = "none" }]
"#;
    restored.job(&format!("{settings}{}", registries(Registry::shared().url())));
    restored.restore();

    let found = restored.values(&Form::as_written(Kind::Avro));
    let notes: Vec<&Value> = found.iter().map(|read| &read.value["note"]).collect();
    assert_eq!(notes.len(), 8);
    let arrived = restored.arrived();
    let new = id(target_registry().api(), &format!("{}-value", restored.topic));
    for record in &arrived {
        let (key, value) = (record.key.as_ref().unwrap(), record.value.as_ref().unwrap());
        let number: usize = std::str::from_utf8(&key[1..]).unwrap().parse().unwrap();
        let original = serialized[number].bytes.as_ref().unwrap();
        assert_eq!(value[1..5], i32::try_from(new).unwrap().to_be_bytes());
        if number.is_multiple_of(3) {
            assert_eq!(value[5..], original[5..], "k{number} was not touched");
        }
    }
}

#[test]
fn ids_alone_are_rewritten_and_what_schemas_refer_to_comes_along() {
    let (restored, source) = (Restored::new(1), Registry::shared());
    let money =
        r#"{"type": "record", "name": "Money", "namespace": "common", "fields": [{"name": "cents", "type": "long"}]}"#;
    let bill = r#"{"type": "record", "name": "Bill", "namespace": "shop", "fields": [{"name": "sum", "type": "common.Money"}]}"#;
    let (of_money, of_bill) = (source.name("money"), format!("{}-value", restored.topic));
    source.api().register(&of_money, Kind::Avro, money, &[]).unwrap();
    let reference = Reference { name: "common.Money".into(), subject: of_money.clone(), version: 1 };
    source.api().register(&of_bill, Kind::Avro, bill, std::slice::from_ref(&reference)).unwrap();
    let form = Form::new(Kind::Avro, bill).references(&[reference]).setting("auto.register.schemas", false);
    let values = [json!({"sum": {"cents": 5}}), json!({"sum": {"cents": 7}})];
    let serializers = Serializers::new(source.url());
    let serialized = serializers.serialize(&restored.topic, &form, &values).unwrap();

    let rewritten = |restored: &Restored, serialized: &[Serialized]| {
        restored.backup(0, serialized);
        restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"rewrite-ids\"\n{}", registries(source.url())));
        restored.restore();
        for (before, after) in serialized.iter().zip(&restored.arrived()) {
            let (before, after) = (before.bytes.as_ref().unwrap(), after.value.as_ref().unwrap());
            assert_eq!(before[5..], after[5..]);
            assert_ne!(before[..5], after[..5]);
        }
    };
    let read =
        |restored: &Restored, form: &Form| restored.values(form).into_iter().map(|read| read.value).collect::<Vec<_>>();
    rewritten(&restored, &serialized);
    assert_eq!(read(&restored, &Form::as_written(Kind::Avro)), values);
    assert_eq!(target_registry().api().versions(&of_money).unwrap(), [1]);

    // Other languages are behind such ids, too.
    let person = r#"{"type": "object", "title": "Person", "properties": {"name": {"type": "string"}}}"#;
    let proto = "syntax = \"proto3\";\npackage shop;\nmessage A { int32 a = 1; }\nmessage B { string b = 1; }\n";
    for (form, value) in
        [(Form::new(Kind::Json, person), json!({"name": "Ann"})), (Form::protobuf(proto, "shop.B"), json!({"b": "x"}))]
    {
        let restored = Restored::new(1);
        let serialized = serializers.serialize(&restored.topic, &form, std::slice::from_ref(&value)).unwrap();
        rewritten(&restored, &serialized);
        assert_eq!(read(&restored, &form), [value]);
    }
}

#[test]
fn json_becomes_avro_and_avro_json() {
    let there = Restored::new(1);
    let text = r#"{"full_name":"Ann","id":7,"status":"NEW","sum":12.50,"at":"2024-02-29T13:34:56.789+01:00","lines":{"b":2,"a":1},"note":null}"#;
    there.backup(0, &[Serialized { bytes: Some(text.into()), headers: Vec::new() }]);
    there.file("v1.avsc", V1);
    let settings =
        "[[schema]]\n[schema.value]\nencoding = \"json\"\ntarget_encoding = \"avro\"\ntarget_schema = \"v1.avsc\"\n";
    there.job(&format!("{settings}{}", registries(Registry::shared().url())));
    there.restore();
    let found = there.values(&Form::as_written(Kind::Avro));
    assert_eq!(found[0].value["at"], json!({"$moment": "2024-02-29T12:34:56.789000+00:00"}));
    assert_eq!(found[0].value["sum"], json!({"$decimal": "12.50"}));

    let back = Restored::new(1);
    back.backup(0, &[Serialized::value_of(&there.arrived()[0])]);
    let settings = "[[schema]]\n[schema.value]\nencoding = \"avro\"\ntarget_encoding = \"json\"\n";
    back.job(&format!("{settings}[registry]\nurl = \"{}\"\n", target_registry().url()));
    back.restore();
    let text = String::from_utf8(back.arrived()[0].value.clone().unwrap()).unwrap();
    assert_eq!(
        text,
        r#"{"id":7,"full_name":"Ann","status":"NEW","sum":12.50,"at":"2024-02-29T12:34:56.789Z","lines":{"b":2,"a":1},"note":null}"#
    );
}

#[test]
fn a_registry_is_asked_once_for_a_schema_whatever_the_lanes() {
    let restored = Restored::new(4);
    let values: Vec<Value> = (0..200).map(|id| order(id, "Ann", Value::Null)).collect();
    let serialized = orders(&restored.topic, &values);
    for partition in 0..4 {
        restored.backup(partition, &serialized);
    }
    let (source, target) = (Proxy::start(Registry::shared()).unwrap(), Proxy::start(target_registry()).unwrap());
    restored.job(&format!(
        "[[schema]]\n[schema.value]\nencoding = \"avro\"\n[registry]\nurl = \"{}\"\n[target.registry]\nurl = \"{}\"\n",
        source.url(),
        target.url()
    ));
    restored.told(&["restore"]);
    let lines = |proxy: &Proxy| proxy.asked().iter().map(|asked| asked.line.clone()).collect::<Vec<_>>();
    assert_eq!(lines(&source).len(), 1, "{:?}", lines(&source));
    let asked = lines(&target);
    assert_eq!(asked.iter().filter(|line| line.ends_with("/versions")).count(), 1, "{asked:?}");
    assert!(asked.len() <= 5, "{asked:?}");
}
