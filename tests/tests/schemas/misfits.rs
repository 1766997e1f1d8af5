//! Values that do not go with their schemas, and registries that do not answer: each is told, with its place and a remedy.

use anabranch_tests::registry::{Fault, Kind, Proxy, Registry};
use anabranch_tests::serializers::{Form, Serialized, Serializers};
use serde_json::{Value, json};

use crate::restored::{Restored, registries, target_registry};

const POINT: &str = r#"{"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}]}"#;
const WIDER: &str =
    r#"{"type": "record", "name": "Point", "fields": [{"name": "x", "type": "long"}, {"name": "y", "type": "int"}]}"#;

/// A backup of one point, and of other values behind it.
fn with(others: &[&[u8]]) -> Restored {
    let restored = Restored::new(1);
    let serializers = Serializers::new(Registry::shared().url());
    let mut values = serializers.serialize(&restored.topic, &Form::new(Kind::Avro, POINT), &[json!({"x": 7})]).unwrap();
    let value = |bytes: &&[u8]| Serialized { bytes: Some(bytes.to_vec()), headers: Vec::new() };
    values.extend(others.iter().map(value));
    restored.backup(0, &values);
    restored
}

const AVRO: &str = "[[schema]]\n[schema.value]\nencoding = \"avro\"\n";

#[test]
fn what_does_not_go_with_its_schema_is_told_and_set_aside_by_the_job_s_policy() {
    let id = Registry::shared().api().register("points", Kind::Avro, POINT, &[]).unwrap();
    let framed = |rest: &[u8]| [&[0][..], &id.to_be_bytes(), rest].concat();
    let (trailing, cut, too_wide) = (framed(&[14, 0]), framed(&[]), framed(&[0xff; 11]));
    let unknown = [0, 0x7f, 0xff, 0xff, 0xff, 14];
    let others: [&[u8]; 6] = [b"{\"x\":7}", &unknown, &trailing, &cut, &too_wide, b""];
    let restored = with(&others);
    let both = registries(Registry::shared().url());
    restored.job(&format!("{AVRO}{both}"));
    let (code, said) = restored.refused();
    assert_eq!(code, Some(1), "{said}");
    let said = said.replace(&restored.topic, "TOPIC");
    assert!(
        said.contains(
            "TOPIC-0@1: its value does not go with its schema: it does not begin with the zero that stands before a \
             schema's id (it begins with 7b2278223a377d)"
        ),
        "{said}"
    );
    assert!(said.contains("`schema = \"skip\"`"), "{said}");

    restored.job(&format!("{AVRO}{both}[rejected]\npolicy = \"skip\"\n"));
    let output = restored.run(&["restore", "--output", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", crate::restored::said(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = summary.to_string();
    for reason in [
        "the value: it does not begin with the zero that stands before a schema's id",
        "the value: the registry does not know its schema's id",
        "the value: bytes follow the value",
        "the value: `x`: the value ends too soon",
        "the value: `x`: a number has more than 64 bits",
        "the value: it is too short for a schema's id",
    ] {
        assert!(text.contains(reason), "{reason}: {text}");
    }
    assert_eq!(restored.arrived().len(), 1);
    assert_eq!(restored.told(&["verify"])["equal"], true);
}

#[test]
fn a_plugin_s_value_that_does_not_fit_is_told_with_its_field() {
    let restored = with(&[]);
    let remap = "[[plugin]]\nplugin = \"remap\"\nparameters = { steps = [{ constant = \"x\", value = \"seven\" }] }\n";
    restored.job(&format!("{AVRO}{remap}{}", registries(Registry::shared().url())));
    let (code, said) = restored.refused();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("-0@0: its value does not go with its schema: `x`: a number is due, not text"), "{said}");
}

#[test]
fn a_target_schema_that_the_registry_refuses_stops_before_anything_is_written() {
    let restored = with(&[]);
    let subject = format!("{}-value", restored.topic);
    target_registry().api().register(&subject, Kind::Avro, POINT, &[]).unwrap();
    target_registry().api().set_compatibility(&subject, "BACKWARD").unwrap();
    restored.file("wider.avsc", WIDER);
    let settings = format!("{AVRO}target_schema = \"wider.avsc\"\n{}", registries(Registry::shared().url()));
    restored.job(&settings);
    let (code, said) = restored.refused();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&subject) && said.contains("/fields/1"), "{said}");
    assert!(restored.arrived().is_empty());
    // Where it may be, what has no default cannot be read.
    target_registry().api().set_compatibility(&subject, "NONE").unwrap();
    let (code, said) = restored.refused();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("`y`: the field is missing, and has no default"), "{said}");
}

#[test]
fn nothing_is_registered_where_the_job_says_so() {
    let restored = with(&[]);
    restored.job(&format!("{AVRO}register = false\n{}", registries(Registry::shared().url())));
    let (code, said) = restored.refused();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("the registry of the target has no such schema under") && said.contains("register = true"),
        "{said}"
    );
    let subject = format!("{}-value", restored.topic);
    target_registry().api().register(&subject, Kind::Avro, POINT, &[]).unwrap();
    let form = Form::as_written(Kind::Avro);
    // The serializer registered another text of it at the source: what counts is what is there.
    let (code, said) = match restored.run(&["restore"]) {
        output if output.status.success() => (Some(0), String::new()),
        output => (output.status.code(), crate::restored::said(&output)),
    };
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(restored.values(&form)[0].value, json!({"x": 7}));
}

#[test]
fn a_registry_that_is_down_or_somebody_else_is_named_and_what_passes_is_waited_for() {
    let restored = with(&[]);
    let proxy = Proxy::start(Registry::shared()).unwrap();
    let job = |more: &str| {
        let target = target_registry().url();
        restored.job(&format!(
            "{AVRO}[registry]\nurl = \"{}\"\n{more}\n[target.registry]\nurl = \"{target}\"\n",
            proxy.url()
        ));
    };
    job("retry_for = \"1s\"");
    proxy.shut().unwrap();
    let (code, said) = restored.refused();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(&proxy.url()), "{said}");
    proxy.open().unwrap();

    proxy.misbehave_always("GET /schemas", Fault::page(200));
    let (code, said) = restored.refused();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("/schemas/ids/") && said.to_lowercase().contains("html"), "{said}");
    proxy.behave();

    job("retry_for = \"30s\"");
    proxy.misbehave("GET /schemas", [Fault::error(500, 50001, "no"), Fault::too_many(1), Fault::Reset]);
    restored.told(&["restore"]);
    assert_eq!(restored.arrived().len(), 1);
}

#[test]
fn a_preview_shows_what_would_become_and_registers_nothing() {
    let restored = with(&[]);
    restored.file("wider.avsc", r#"{"type": "record", "name": "Point", "fields": [{"name": "x", "type": "long"}, {"name": "y", "type": "int", "default": 1}]}"#);
    restored.job(&format!("{AVRO}target_schema = \"wider.avsc\"\n{}", registries(Registry::shared().url())));
    let preview = restored.told(&["preview"])["records"][0].take();
    assert_eq!(preview["value"]["text"], r#"{"x":7}"#, "{preview}");
    assert_eq!(preview["outputs"][0]["value"]["text"], r#"{"x":7,"y":1}"#, "{preview}");
    let subject = format!("{}-value", restored.topic);
    assert_eq!(target_registry().api().get(&format!("/subjects/{subject}/versions")).unwrap().status, 404);

    // What a plugin leaves as it is shows so, and the registry of the target need not be there.
    let proxy = Proxy::start(target_registry()).unwrap();
    proxy.shut().unwrap();
    let source = Registry::shared().url();
    restored.job(&format!("{AVRO}[registry]\nurl = \"{source}\"\n[target.registry]\nurl = \"{}\"\n", proxy.url()));
    let preview = restored.told(&["preview"])["records"][0].take();
    assert_eq!(preview["outputs"][0]["changed"], json!([]), "{preview}");
}

#[test]
fn a_value_without_an_id_among_those_that_are_rewritten_is_set_aside_alone() {
    let restored = with(&[b"plain", &[0, 0x7f, 0xff, 0xff, 0xff, 14]]);
    let settings = "[[schema]]\n[schema.value]\nencoding = \"rewrite-ids\"\n";
    // A plugin sees the bytes as they are.
    let policy = "[rejected]\npolicy = \"skip\"\n[[plugin]]\npath = \"FILTER\"\nparameters = { prefix = \"drop\" }\n";
    let filter = anabranch_tests::binaries::plugin("guest-value-filter").unwrap();
    let policy = policy.replace("FILTER", &filter.display().to_string());
    restored.job(&format!("{settings}{}{policy}", registries(Registry::shared().url())));
    let output = restored.run(&["restore"]);
    assert_eq!(output.status.code(), Some(4), "{}", crate::restored::said(&output));
    assert_eq!(restored.values(&Form::as_written(Kind::Avro))[0].value, json!({"x": 7}));
    assert_eq!(restored.arrived().len(), 1);
}
