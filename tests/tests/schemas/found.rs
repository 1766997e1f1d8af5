//! Schemas that the registry of the target has, written in another way.

use anabranch_tests::registry::{Kind, Registry};
use anabranch_tests::serializers::{Form, Serializers};
use serde_json::json;

use crate::restored::{Restored, registries, target_registry};

const POINT: &str = r#"{"type":"record","name":"Point","namespace":"maps","fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]}"#;
/// The same, written in another way.
const SAME: &str = r#"{ "namespace": "maps", "name": "Point", "fields": [{"type": "int", "name": "x"},
    {"type": "int", "name": "y"}], "type": "record" }"#;
/// Another one: its values are other bytes.
const TURNED: &str = r#"{"type":"record","name":"Point","namespace":"maps","fields":[{"name":"y","type":"int"},{"name":"x","type":"int"}]}"#;

/// A backup of one value of `POINT`.
fn with_a_point() -> Restored {
    let restored = Restored::new(1);
    let serializers = Serializers::new(Registry::shared().url());
    let made = serializers.serialize(&restored.topic, &Form::new(Kind::Avro, POINT), &[json!({"x": 7, "y": 8})]);
    restored.backup(0, &made.unwrap());
    restored
}

#[test]
fn a_schema_with_its_keys_in_another_order_at_the_target_is_found_and_not_registered_again() {
    let restored = with_a_point();
    let (target, subject) = (target_registry().api(), format!("{}-value", restored.topic));
    let there = target.register(&subject, Kind::Avro, SAME, &[]).unwrap();
    // A later version that is none of it.
    target.register(&subject, Kind::Avro, TURNED, &[]).unwrap();
    let both = registries(Registry::shared().url());
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"rewrite-ids\"\nregister = false\n{both}"));
    let plan = restored.told(&["plan"]);
    let becomes = &plan["schemas"]["parts"][0]["ids"][0];
    assert_eq!((&becomes["becomes"], &becomes["target_id"]), (&json!("found"), &json!(there)), "{plan}");
    restored.restore();
    assert_eq!(restored.values(&Form::as_written(Kind::Avro))[0].value, json!({"x": 7, "y": 8}));
    assert_eq!(restored.arrived()[0].value.as_ref().unwrap()[1..5], there.to_be_bytes());
    assert_eq!(target.versions(&subject).unwrap(), [1, 2]);
}

#[test]
fn a_schema_whose_fields_stand_in_another_order_is_another_schema() {
    let restored = with_a_point();
    let (target, subject) = (target_registry().api(), format!("{}-value", restored.topic));
    target.register(&subject, Kind::Avro, TURNED, &[]).unwrap();
    let both = registries(Registry::shared().url());
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"rewrite-ids\"\n{both}"));
    restored.restore();
    assert_eq!(restored.values(&Form::as_written(Kind::Avro))[0].value, json!({"x": 7, "y": 8}));
    assert_eq!(target.versions(&subject).unwrap(), [1, 2]);
}
