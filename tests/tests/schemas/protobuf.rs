//! Values in Protobuf, written and read by Confluent's serializers.

use anabranch_tests::registry::{Kind, Registry};
use anabranch_tests::serializers::{Form, Serialized, Serializers};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::restored::{Restored, id, registries, said, target_registry};

pub(crate) const BILL: &str = r#"syntax = "proto3";
package shop;
import "common/money.proto";
import "google/protobuf/timestamp.proto";
message Paid { bool fully = 1; }
message Bill {
  int64 id = 1;
  common.Money sum = 2;
  google.protobuf.Timestamp at = 3;
  string full_name = 4;
  message Line { string article = 1; }
}
"#;
pub(crate) const MONEY: &str = "syntax = \"proto3\";\npackage common;\nmessage Money { int64 cents = 1; }\n";
const PROTOBUF: &str = "[[schema]]\n[schema.value]\nencoding = \"protobuf\"\n";

fn form(message: &str) -> Form {
    Form::protobuf(BILL, message).imports(&[("common/money.proto", MONEY)])
}

fn serialized(restored: &Restored, message: &str, values: &[Value]) -> Vec<Serialized> {
    Serializers::new(Registry::shared().url()).serialize(&restored.topic, &form(message), values).unwrap()
}

fn constant(path: &str, value: &str) -> String {
    let steps = format!("[{{ constant = \"{path}\", value = \"{value}\" }}]");
    format!("[[plugin]]\nplugin = \"remap\"\nparameters = {{ steps = {steps} }}\n")
}

fn bill(name: &str) -> Value {
    json!({"id": "9007199254740993", "sum": {"cents": "5"}, "at": "2020-01-01T00:00:00.000000001Z", "full_name": name})
}

fn framed(id: i32, rest: &[u8]) -> Serialized {
    Serialized { bytes: Some([&[0][..], &id.to_be_bytes(), rest].concat()), headers: Vec::new() }
}

#[test]
fn plugins_see_json_and_what_they_leave_keeps_its_bytes() {
    let restored = Restored::new(1);
    let mut values = serialized(&restored, "shop.Bill", &[bill("Ann"), bill("Bob")]);
    values.push(Serialized { bytes: None, headers: Vec::new() });
    restored.backup(0, &values);
    restored.job(&format!("{PROTOBUF}{}{}", constant("fullName", "Bob"), registries(Registry::shared().url())));
    restored.restore();

    let subject = format!("{}-value", restored.topic);
    let held = target_registry().api().version(&subject, "latest").unwrap();
    assert_eq!((&held["schema"], &held["references"][0]["name"]), (&json!(BILL), &json!("common/money.proto")));
    // Both by the class of whoever wrote it, and by what the target's registry has.
    for form in [form("shop.Bill"), Form::as_written(Kind::Protobuf)] {
        let found = restored.values(&form);
        assert_eq!(
            found.iter().map(|read| &read.value).collect::<Vec<_>>(),
            [&bill("Bob"), &bill("Bob"), &Value::Null]
        );
        assert_eq!(found[0].id, json!(id(target_registry().api(), &subject)));
    }
    let (before, after) = (values[1].bytes.clone().unwrap(), restored.arrived()[1].value.clone().unwrap());
    assert_ne!(before[..5], after[..5]);
    assert_eq!(before[5..], after[5..]);
}

#[test]
fn a_message_within_another_stays_one() {
    let restored = Restored::new(1);
    restored.backup(0, &serialized(&restored, "shop.Bill.Line", &[json!({"article": "pen"})]));
    restored.job(&format!("{PROTOBUF}{}{}", constant("article", "ink"), registries(Registry::shared().url())));
    restored.restore();
    let found = restored.values(&Form::as_written(Kind::Protobuf));
    assert_eq!(found[0].value, json!({"article": "ink"}));
    assert_eq!(restored.arrived()[0].value.as_ref().unwrap()[5..8], [4, 2, 0]);
}

#[test]
fn a_schema_of_the_job_s_takes_the_bytes_by_the_numbers_of_fields() {
    let restored = Restored::new(1);
    restored.backup(0, &serialized(&restored, "shop.Bill", &[bill("Ann")]));
    let newer =
        "syntax = \"proto3\";\npackage v2;\nmessage None {}\nmessage Bill { int64 number = 1; string name = 4; }\n";
    restored.file("newer.proto", newer);
    let target = "target_schema = \"newer.proto\"\nmessage = \"v2.Bill\"\n";
    restored.job(&format!("{PROTOBUF}{target}{}", registries(Registry::shared().url())));
    let preview = restored.told(&["preview"]).to_string();
    assert!(preview.contains(r#"{\"number\":9007199254740993,\"name\":\"Ann\"}"#), "{preview}");
    restored.restore();
    let found = restored.values(&Form::protobuf(newer, "v2.Bill"));
    assert_eq!(found[0].value, json!({"number": "9007199254740993", "name": "Ann"}));
    assert_eq!(restored.values(&Form::as_written(Kind::Protobuf))[0].value, found[0].value);

    restored.job(&format!(
        "{PROTOBUF}{}{}",
        target.replace("v2.Bill", "v2.Bull"),
        registries(Registry::shared().url())
    ));
    let (code, words) = restored.refused();
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("newer.proto` is no schema: there is no message `v2.Bull` in it"), "{words}");
}

#[test]
fn json_becomes_protobuf_and_protobuf_json() {
    let restored = Restored::new(1);
    restored.backup(0, &[Serialized { bytes: Some(br#"{"cents": 5}"#.to_vec()), headers: Vec::new() }]);
    restored.file("money.proto", MONEY);
    let encodings = "[[schema]]\n[schema.value]\nencoding = \"json\"\ntarget_encoding = \"protobuf\"\n";
    let target = format!("[target.registry]\nurl = \"{}\"\n", target_registry().url());
    restored.job(&format!("{encodings}target_schema = \"money.proto\"\n{target}"));
    restored.restore();
    assert_eq!(restored.values(&Form::as_written(Kind::Protobuf))[0].value, json!({"cents": "5"}));

    let restored = Restored::new(1);
    restored.backup(0, &serialized(&restored, "shop.Paid", &[json!({"fully": true})]));
    restored.job(&format!("{PROTOBUF}target_encoding = \"json\"\n{}", registries(Registry::shared().url())));
    restored.restore();
    assert_eq!(restored.arrived()[0].value.as_deref(), Some(&br#"{"fully":true}"#[..]));
}

#[test]
fn a_descriptor_in_the_registry_is_as_good_as_a_text() {
    let restored = Restored::new(1);
    // `message Note { string text = 1; }` of proto3, as protoc encodes it.
    let field = [&b"\x0a\x04text"[..], b"\x18\x01\x20\x01\x28\x09"].concat();
    let message = [&b"\x0a\x04Note\x12"[..], &[field.len() as u8], &field].concat();
    let file = [&b"\x0a\x0anote.proto\x22"[..], &[message.len() as u8], &message, b"\x62\x06proto3"].concat();
    let subject = format!("{}-value", restored.topic);
    let text = BASE64_STANDARD.encode(file);
    let id = Registry::shared().api().register(&subject, Kind::Protobuf, &text, &[]).unwrap();
    restored.backup(0, &[framed(id, b"\0\x0a\x01x")]);
    restored.job(&format!("{PROTOBUF}{}{}", constant("text", "yes"), registries(Registry::shared().url())));
    restored.restore();
    assert_eq!(restored.arrived()[0].value.as_ref().unwrap()[5..], *b"\0\x0a\x03yes");
    assert_eq!(target_registry().api().version(&subject, "latest").unwrap()["schema"], json!(text));
}

#[test]
fn what_does_not_go_with_its_schema_is_told_and_set_aside() {
    let restored = Restored::new(1);
    let mut values = serialized(&restored, "shop.Bill", &[bill("Ann")]);
    let known = i32::from_be_bytes(values[0].bytes.as_ref().unwrap()[1..5].try_into().unwrap());
    let api = Registry::shared().api();
    let avro = api.register(&format!("{}-a", restored.topic), Kind::Avro, r#""long""#, &[]).unwrap();
    let unknown = b"\x02\x02\x0a\x9a\x06\x01\x07";
    for (id, rest) in [
        (known, &b""[..]),
        (known, b"\x02\x08"),
        (known, b"\x04\x02\x80"),
        (known, b"\x02\x02\x08"),
        (known, unknown),
        (known, b"\x02\x02\x9a\x06\x01\x07"),
        (avro, b"\0"),
    ] {
        values.push(framed(id, rest));
    }
    restored.backup(0, &values);
    let both = registries(Registry::shared().url());
    restored.job(&format!("{PROTOBUF}{}{both}[rejected]\npolicy = \"skip\"\n", constant("fullName", "Bob")));
    let output = restored.run(&["restore", "--output", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let summary = String::from_utf8_lossy(&output.stdout).into_owned();
    for reason in [
        "the value: it ends within the indexes of its message",
        "the value: its schema has no message at its indexes",
        "the value: it is no `shop.Bill`",
        "the value: it has a field that its schema does not know, which would be lost where a plugin changes the value",
        "the value: its schema is no Protobuf, but Avro",
    ] {
        assert!(summary.contains(reason), "{reason}: {summary}");
    }
    assert_eq!(restored.values(&Form::as_written(Kind::Protobuf)).len(), 1);
    assert_eq!(restored.told(&["verify"])["equal"], true);

    // What no plugin looks at keeps what its schema does not know.
    let restored = Restored::new(1);
    restored.backup(0, &[framed(known, b"\x02\x02\x9a\x06\x01\x07")]);
    restored.job(&format!("{PROTOBUF}{both}"));
    restored.restore();
    assert_eq!(restored.arrived()[0].value.as_ref().unwrap()[5..], *b"\x02\x02\x9a\x06\x01\x07");
}
