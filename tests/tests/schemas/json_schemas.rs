//! Values with a JSON Schema, written and read by Confluent's serializers.

use anabranch_tests::registry::{Kind, Reference, Registry};
use anabranch_tests::serializers::{Form, Serialized, Serializers};
use serde_json::{Value, json};

use crate::restored::{Restored, id, registries, said, target_registry};

const PERSON: &str = r#"{"type": "object", "title": "Person", "properties": {"name": {"type": "string"},
    "age": {"type": "integer"}}, "required": ["age"]}"#;
const JSON_SCHEMA: &str = "[[schema]]\n[schema.value]\nencoding = \"json-schema\"\n";

fn remap(steps: &str) -> String {
    format!("[[plugin]]\nplugin = \"remap\"\nparameters = {{ steps = [{steps}] }}\n")
}

fn people(restored: &Restored, values: &[Value]) -> Vec<Serialized> {
    let serializers = Serializers::new(Registry::shared().url());
    serializers.serialize(&restored.topic, &Form::new(Kind::Json, PERSON), values).unwrap()
}

#[test]
fn values_change_their_id_and_what_plugins_change_is_valid() {
    let restored = Restored::new(1);
    let values = [json!({"name": "Ann", "age": 44, "city": "Ulm"}), json!({"age": 5}), Value::Null];
    let serialized = people(&restored, &values);
    restored.backup(0, &serialized);
    let step = remap("{ default = \"city\", value = \"Bonn\" }");
    restored.job(&format!("{JSON_SCHEMA}{step}{}", registries(Registry::shared().url())));
    restored.restore();

    let found = restored.values(&Form::as_written(Kind::Json));
    let due = [values[0].clone(), json!({"age": 5, "city": "Bonn"}), Value::Null];
    assert_eq!(found.iter().map(|read| read.value.clone()).collect::<Vec<_>>(), due);
    let subject = format!("{}-value", restored.topic);
    assert_eq!(found[0].id, json!(id(target_registry().api(), &subject)));
    assert_eq!(target_registry().api().version(&subject, "latest").unwrap()["schemaType"], "JSON");
    // What is not changed keeps its very bytes behind the id.
    let (before, after) = (serialized[0].bytes.clone().unwrap(), restored.arrived()[0].value.clone().unwrap());
    assert_ne!(before[..5], after[..5]);
    assert_eq!(before[5..], after[5..]);
}

#[test]
fn what_is_not_valid_any_more_is_told_with_its_place() {
    let restored = Restored::new(1);
    let mut serialized = people(&restored, &[json!({"name": "Ann", "age": 44})]);
    let framed = |text: &[u8]| [&serialized[0].bytes.as_ref().unwrap()[..5], text].concat();
    let broken = Serialized { bytes: Some(framed(b"{\"age\": ")), headers: Vec::new() };
    serialized.push(broken);
    restored.backup(0, &serialized);
    let both = registries(Registry::shared().url());
    restored.job(&format!("{JSON_SCHEMA}{both}[rejected]\npolicy = \"skip\"\n"));
    let output = restored.run(&["restore", "--output", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("the value: it is no JSON"));

    let restored = Restored::new(1);
    restored.backup(0, &people(&restored, &[json!({"name": "Ann", "age": 44})]));
    restored.job(&format!("{JSON_SCHEMA}{}{both}", remap("{ constant = \"age\", value = \"old\" }")));
    let (code, words) = restored.refused();
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("`age`: value is not of type \"integer\""), "{words}");
}

#[test]
fn a_schema_of_the_job_s_holds_for_every_value_and_stands_behind_its_id() {
    let restored = Restored::new(1);
    restored.backup(0, &people(&restored, &[json!({"age": 44}), json!({"age": -1})]));
    let newer = r#"{"type": "object", "title": "Person", "properties": {"age": {"type": "integer", "minimum": 0}}}"#;
    restored.file("newer.json", newer);
    let settings = format!("{JSON_SCHEMA}target_schema = \"newer.json\"\n{}", registries(Registry::shared().url()));
    restored.job(&format!("{settings}[rejected]\npolicy = \"skip\"\n"));
    let output = restored.run(&["restore", "--output", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let summary = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(summary.contains("the value: `age`: value is less than the minimum of 0"), "{summary}");
    let found = restored.values(&Form::as_written(Kind::Json));
    assert_eq!((found.len(), &found[0].value), (1, &json!({"age": 44})));
    let held = target_registry().api().version(&format!("{}-value", restored.topic), "latest").unwrap();
    assert_eq!(held["schema"], newer);

    restored.file("newer.json", r#"{"$ref": "https://example.com/elsewhere.json"}"#);
    let (code, words) = restored.refused();
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("newer.json` is no schema") && words.contains("elsewhere.json"), "{words}");
}

#[test]
fn references_come_along() {
    let registry = Registry::shared();
    let restored = Restored::new(1);
    let address = registry.name("address");
    let text = r#"{"type": "object", "properties": {"city": {"type": "string"}}}"#;
    registry.api().register(&address, Kind::Json, text, &[]).unwrap();
    let person = r#"{"type": "object", "title": "Person", "properties": {"home": {"$ref": "address.json"}}}"#;
    let references = [Reference { name: "address.json".to_owned(), subject: address.clone(), version: 1 }];
    let subject = format!("{}-value", restored.topic);
    let id = registry.api().register(&subject, Kind::Json, person, &references).unwrap();
    let value = |json: &str| Serialized {
        bytes: Some([&[0][..], &id.to_be_bytes(), json.as_bytes()].concat()),
        headers: Vec::new(),
    };
    restored.backup(0, &[value(r#"{"home": {"city": "Ulm"}}"#)]);
    let both = registries(registry.url());
    restored.job(&format!("{JSON_SCHEMA}{}{both}", remap("{ constant = \"home.city\", value = 5 }")));
    let (code, words) = restored.refused();
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("`home.city`: value is not of type \"string\""), "{words}");
    restored.job(&format!("{JSON_SCHEMA}{}{both}", remap("{ constant = \"home.city\", value = \"Bonn\" }")));
    restored.told(&["restore", "--allow", "changed-plugins"]);
    assert_eq!(&restored.arrived()[0].value.as_ref().unwrap()[5..], br#"{"home": {"city": "Bonn"}}"#);
    let held = target_registry().api().version(&subject, "latest").unwrap();
    assert_eq!(held["references"][0]["subject"], json!(address));
}

#[test]
fn json_gets_a_schema_and_loses_it() {
    let restored = Restored::new(1);
    restored.backup(0, &[Serialized { bytes: Some(br#"{"age": 44}"#.to_vec()), headers: Vec::new() }]);
    restored.file("person.json", PERSON);
    let encodings = "[[schema]]\n[schema.value]\nencoding = \"json\"\ntarget_encoding = \"json-schema\"\n";
    let target = format!("[target.registry]\nurl = \"{}\"\n", target_registry().url());
    restored.job(&format!("{encodings}target_schema = \"person.json\"\n{target}"));
    restored.restore();
    assert_eq!(restored.values(&Form::as_written(Kind::Json))[0].value, json!({"age": 44}));

    let restored = Restored::new(1);
    let serialized = people(&restored, &[json!({"age": 44})]);
    restored.backup(0, &serialized);
    let both = registries(Registry::shared().url());
    restored.job(&format!("{JSON_SCHEMA}target_encoding = \"json\"\n{both}"));
    restored.restore();
    assert_eq!(restored.arrived()[0].value.as_deref(), serialized[0].bytes.as_ref().map(|bytes| &bytes[5..]));
}
