//! Registries in the mode `IMPORT`: schemas keep the ids that they have. No registry that can be had here has modes, so that
//! a proxy adds them.

use anabranch_tests::registry::{Kind, Proxy, Registry, body};
use anabranch_tests::serializers::{Form, Serializers};
use serde_json::json;

use crate::restored::{Restored, target_registry};

const POINT: &str = r#"{"type":"record","name":"Point","fields":[{"name":"x","type":"int"}]}"#;
/// Beyond those that registries give by themselves.
const ID: i32 = 1_000_123;

#[test]
fn a_schema_is_registered_under_its_own_id_where_the_subject_is_in_the_mode_for_that() {
    let restored = Restored::new(1);
    let (source, target) =
        (Proxy::confluent(Registry::shared()).unwrap(), Proxy::confluent(target_registry()).unwrap());
    let subject = format!("{}-value", restored.topic);
    let set = |proxy: &Proxy, mode: &str| {
        let mode = json!({ "mode": mode });
        proxy.api().ask("PUT", &format!("/mode/{subject}?force=true"), Some(&mode)).unwrap().good().unwrap();
    };
    set(&source, "IMPORT");
    let mut chosen = body(Kind::Avro, POINT, &[]);
    chosen["id"] = json!(ID);
    source.api().post(&format!("/subjects/{subject}/versions"), &chosen).unwrap().good().unwrap();
    set(&source, "READWRITE");
    let form = Form::new(Kind::Avro, POINT);
    let values = Serializers::new(&source.url()).serialize(&restored.topic, &form, &[json!({"x": 7})]).unwrap();
    assert_eq!(values[0].bytes.as_ref().unwrap()[1..5], ID.to_be_bytes());
    restored.backup(0, &values);

    set(&target, "IMPORT");
    let both = format!("[registry]\nurl = \"{}\"\n[target.registry]\nurl = \"{}\"\n", source.url(), target.url());
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"rewrite-ids\"\n{both}"));
    let planned = restored.told(&["plan"]);
    let becomes = &planned["schemas"]["parts"][0]["ids"][0];
    assert_eq!((&becomes["becomes"], &becomes["target_id"]), (&json!("imported"), &json!(ID)), "{planned}");
    restored.restore();

    assert_eq!(restored.arrived()[0].value, values[0].bytes);
    let held = target.api().version(&subject, "latest").unwrap();
    assert_eq!((&held["id"], &held["schema"]), (&json!(ID), &json!(POINT)));
}
