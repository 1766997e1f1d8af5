//! What Protobuf's values become, and what is refused.

#![allow(clippy::unwrap_used, reason = "tests")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::prost::Message as _;
use prost_reflect::prost::encoding::encode_varint;

use super::*;

const ORDER: &str = r#"syntax = "proto3";
package shop;
import "common/money.proto";
import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto";
message Order {
  int64 id = 1;
  string full_name = 2;
  optional int32 rank = 3;
  common.Money sum = 4;
  google.protobuf.Timestamp at = 5;
  repeated Line lines = 6;
  google.protobuf.Any more = 7;
  double share = 8;
  Order first = 9;
  message Line { string article = 1; message Part { bytes raw = 1; } }
}
message Other { string text = 1; }
"#;
const MONEY: &str = "syntax = \"proto3\";\npackage common;\nmessage Money { uint64 cents = 1; }\n";

fn file(text: &str, message: Option<&str>) -> Result<File, String> {
    File::parse(&text.into(), [("common/money.proto", MONEY)].into_iter(), message)
}

fn order() -> File {
    file(ORDER, None).unwrap()
}

fn shown(file: &File, value: &[u8]) -> Result<String, String> {
    let mut out = Vec::new();
    file.append_json(value, true, &mut out).map_err(|misfit| misfit.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

fn written(file: &File, json: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    file.write(None, json.as_bytes(), true, &mut out).map_err(|misfit| misfit.to_string())?;
    Ok(out)
}

#[test]
fn messages_become_protobuf_s_own_json_and_messages_again() {
    let order = order();
    let json = r#"{"id":9007199254740993,"fullName":"Ann","sum":{"cents":18446744073709551615},"at":"2024-02-29T12:34:56.000000001Z","lines":[{"article":"pen"}],"more":{"@type":"type.googleapis.com/shop.Other","text":"x"},"share":0.1}"#;
    let value = written(&order, json).unwrap();
    assert_eq!(value[0], 0);
    assert_eq!(shown(&order, &value).unwrap(), json);
    assert_eq!(shown(&order, &[0]).unwrap(), r#"{"id":0,"fullName":"","lines":[],"share":0.0}"#);
    // As others write it: names of the file, numbers as text.
    assert_eq!(written(&order, r#"{"id": "5", "full_name": "A", "rank": 0}"#).unwrap(), b"\0\x08\x05\x12\x01A\x18\0");
    for json in
        ["{\"id\": 1.5}", "{\"name\": \"x\"}", "{} {}", "[]", "{\"id\": 9223372036854775808}", "{\"at\": \"x\"}", ""]
    {
        let said = written(&order, json).unwrap_err();
        assert!(said.starts_with("its JSON is no `shop.Order` ("), "{said}");
    }
}

#[test]
fn doubles_come_back_to_the_last_bit() {
    let order = order();
    let mut bits = 1_u64;
    for _ in 0..20_000 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = f64::from_bits(bits);
        if !number.is_finite() || number == 0.0 {
            continue;
        }
        let value = [&[0, 0x41][..], &number.to_le_bytes()].concat();
        let json = shown(&order, &value).unwrap();
        assert_eq!(written(&order, &json).unwrap(), value, "{json}");
    }
}

#[test]
fn indexes_lead_to_messages_within_others() {
    let order = order();
    for (message, indexes) in [
        ("shop.Order", &[0][..]),
        ("shop.Other", &[2, 2]),
        ("shop.Order.Line", &[4, 0, 0]),
        ("shop.Order.Line.Part", &[6, 0, 0, 0]),
    ] {
        let named = file(ORDER, Some(message)).unwrap();
        assert_eq!(named.indexes, indexes, "{message}");
        assert_eq!(named.name(), message);
        assert_eq!(order.split(indexes).unwrap().0.full_name(), message);
    }
    assert_eq!(order.split(&[2, 0, 8, 5]).unwrap().2, [8, 5], "the first message may be written out, too");
    for bad in [
        &[][..],
        &[2],
        &[4, 0],
        &[2, 4],
        &[4, 2, 0],
        &[1],
        &[2, 3],
        &[0x80],
        &[0xff; 12],
        &[0xfe, 0xff, 0xff, 0xff, 0x1f],
    ] {
        assert!(order.split(bad).is_err(), "{bad:?}");
    }
    let many = format!("syntax = \"proto3\";{}", (0..200).map(|at| format!("message M{at} {{}}")).collect::<String>());
    let last = file(&many, Some("M199")).unwrap();
    assert_eq!(last.indexes, [2, 0x8e, 3]);
    assert_eq!(last.split(&last.indexes).unwrap().0.full_name(), "M199");
}

#[test]
fn what_a_plugin_did_not_see_is_not_lost() {
    let order = order();
    let unknown = [0x9a, 0x06, 1, 7];
    let lines = [&[0x32, 4][..], &unknown].concat();
    let other = b"type.googleapis.com/shop.Other";
    let any = [&[0x0a, other.len() as u8][..], other, &[0x12, 4], &unknown].concat();
    let more = [&[0x3a, any.len() as u8][..], &any].concat();
    for body in [&unknown[..], &lines, &more] {
        let value = [&[0], body].concat();
        shown(&order, &value).unwrap();
        let mut out = Vec::new();
        order.keep(&value, &mut out).unwrap();
        assert_eq!(out, value);
        let misfit = order.rewrite(&value, b"{}", &mut Vec::new()).unwrap_err();
        assert!(misfit.to_string().contains("the field 99 of `shop."), "{misfit}");
    }
    let mut out = Vec::new();
    order.rewrite(&[2, 2, 0x0a, 1, b'x'], br#"{"text": "y"}"#, &mut out).unwrap();
    assert_eq!(out, [2, 2, 0x0a, 1, b'y'], "it stays the message that it was");
}

#[test]
fn another_schema_takes_the_same_bytes_if_they_are_its_own() {
    let new = "syntax = \"proto3\"; package v2; message First {} message Order { sint32 number = 10; int64 key = 1; }";
    let (order, new) = (order(), file(new, Some("v2.Order")).unwrap());
    let mut out = Vec::new();
    new.take(&order, b"\0\x08\x05\x12\x01A", true, &mut out).unwrap();
    assert_eq!(out, b"\x02\x02\x08\x05\x12\x01A");
    assert!(new.take(&order, &[0, 0x52, 1, 0], true, &mut out).is_err(), "a number is there, not bytes");
    out.clear();
    new.write(Some((&order, b"\0\x08\x05")), br#"{"key": 6, "fullName": ""}"#, false, &mut out).unwrap();
    assert_eq!(out, [8, 6]);
}

#[test]
fn a_descriptor_is_as_good_as_a_text() {
    let file = order().file.file_descriptor_proto().encode_to_vec();
    let encoded = super::tests::file(&BASE64_STANDARD.encode(file), None).unwrap();
    assert_eq!(shown(&encoded, &[2, 2, 0x0a, 1, b'x']).unwrap(), r#"{"text":"x"}"#);
}

#[test]
fn what_is_no_file_is_told() {
    for (text, said) in [
        ("syntax = \"proto3\"; import \"x/y.proto\"; message M {}", "x/y.proto"),
        ("message M { int 1 }", "schema.proto"),
        ("syntax = \"proto3\"; message M { Missing m = 1; }", "Missing"),
        ("syntax = \"proto3\";", "no message"),
        ("import \"schema.proto\"; message M {}", "cycle"),
        ("AAAA", "schema.proto"),
    ] {
        let error = file(text, None).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
    assert!(file(ORDER, Some("common.Money")).unwrap_err().contains("common.Money"));
}

#[test]
fn nothing_exhausts_the_stack() {
    let within = |before: &[u8], body: &[u8]| {
        let mut out = before.to_vec();
        encode_varint(body.len() as u64, &mut out);
        [&out, body].concat()
    };
    let order = order();
    let mut first = Vec::new();
    let mut any = Vec::new();
    for _ in 0..3000 {
        first = within(&[0x4a], &first);
        let url = within(&[0x0a], b"x/google.protobuf.Any");
        any = [url, within(&[0x12], &any)].concat();
    }
    assert!(shown(&order, &[&[0][..], &first].concat()).is_err());
    let more = [&[0][..], &within(&[0x3a], &any)].concat();
    assert_eq!(shown(&order, &more).unwrap_err(), "it is nested deeper than 100 levels");
    assert!(order.rewrite(&more, b"{}", &mut Vec::new()).is_err());
    assert!(shown(&order, &[&[0][..], &[0x9b, 0x06].repeat(100_000)].concat()).is_err());
    assert!(written(&order, &"{\"first\":".repeat(100_000)).is_err());
    let option = "syntax = \"proto2\"; import \"google/protobuf/descriptor.proto\"; message O { optional O o = 1; } \
                  extend google.protobuf.MessageOptions { optional O x = 50000; } message M { option (x) = ";
    let deep = |levels: usize| format!("{option}{}{}; }}", "{o:".repeat(levels) + "{", "}".repeat(levels + 1));
    assert!(file(&deep(90), None).is_ok());
    let signs = format!("enum E {{ A = {}1; }}", "-".repeat(100_000));
    let packages = format!("message M {{ {}b c = 1; }}", "a.".repeat(100_000));
    let groups = "message a { optional group A = 1 {".repeat(10_000);
    for text in ["message a{".repeat(30_000), deep(100), deep(100_000), groups, signs, packages] {
        assert!(file(&text, None).is_err());
    }
    let import = |at: usize| format!("syntax = \"proto3\"; import \"{}\"; message M{at} {{}}", at + 1);
    let chain: Vec<(String, String)> = (1..1000).map(|at| (at.to_string(), import(at))).collect();
    let last = [("1000", "syntax = \"proto3\";")];
    let chain = chain.iter().map(|(name, text)| (name.as_str(), text.as_str())).chain(last);
    assert!(File::parse(&import(0).into(), chain, None).is_ok());
    // Brackets in strings and comments are none.
    let said = format!(
        "syntax = \"proto3\"; // {0}\n/* {0} */ message M {{ string s = 1 [json_name = \"\\\"{0}\"]; }}",
        "{".repeat(200)
    );
    assert!(file(&said, None).is_ok(), "{:?}", file(&said, None));
}
