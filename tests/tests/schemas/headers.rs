//! Schemas that records name in a header, by a guid or an id, as Confluent's serializers write them where they are told to.

use anabranch_tests::read_back::Record;
use anabranch_tests::registry::{Kind, Proxy, Registry};
use anabranch_tests::serializers::{Form, Read, Serialized, Serializers};
use serde_json::{Value, json};

use crate::restored::{Restored, said, target_registry};

const HEADER: &str = "__value_schema_id";
const V1: &str =
    r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"int"},{"name":"mail","type":"string"}]}"#;
const V2: &str = r#"{"type":"record","name":"Order","fields":[
    {"name":"id","type":"long"},{"name":"email","aliases":["mail"],"type":"string"},{"name":"currency","type":"string","default":"EUR"}]}"#;
const BILL: &str = r#"syntax = "proto3";
package shop;
message Paid { bool fully = 1; }
message Bill {
  int64 id = 1;
  string full_name = 2;
  message Line { string article = 1; }
}
"#;

/// Registries that know guids, as Confluent's do: that of the backup, and that of the target.
struct Registries {
    source: Proxy,
    target: Proxy,
}

impl Registries {
    fn start() -> Self {
        let (source, target) =
            (Proxy::confluent(Registry::shared()).unwrap(), Proxy::confluent(target_registry()).unwrap());
        Self { source, target }
    }

    fn settings(&self) -> String {
        format!("[registry]\nurl = \"{}\"\n[target.registry]\nurl = \"{}\"\n", self.source.url(), self.target.url())
    }

    /// What Confluent's serializers make of values, with the schema told in a header; each record has others besides.
    fn serialized(&self, topic: &str, form: &Form, values: &[Value]) -> Vec<Serialized> {
        let mut made =
            Serializers::new(&self.source.url()).serialize(topic, &form.clone().in_header(), values).unwrap();
        for record in &mut made {
            record.headers.insert(0, ("trace".to_owned(), Some(b"1".to_vec())));
            record.headers.push(("trace".to_owned(), None));
        }
        made
    }

    /// One order of the first version.
    fn an_order(&self, topic: &str) -> Vec<Serialized> {
        self.serialized(topic, &Form::new(Kind::Avro, V1), &[json!({"id": 1, "mail": "ann@example.com"})])
    }

    /// What Confluent's deserializers make of records, with what the target's registry knows.
    fn read(&self, topic: &str, form: &Form, records: &[Record]) -> Vec<Read> {
        let records: Vec<Serialized> = records.iter().map(Serialized::value_of).collect();
        Serializers::new(&self.target.url()).deserialize(topic, form, &records).unwrap()
    }

    /// The guid of the latest schema of a subject at the target.
    fn guid(&self, subject: &str) -> Value {
        self.target.api().version(subject, "latest").unwrap()["guid"].clone()
    }
}

fn names(record: &Record) -> Vec<&str> {
    record.headers.iter().map(|(name, _)| name.as_str()).collect()
}

fn header<'r>(record: &'r Record, name: &str) -> &'r [u8] {
    record.headers.iter().find(|(held, _)| held == name).unwrap().1.as_deref().unwrap()
}

fn with_header(bytes: &[u8], header: &[u8]) -> Serialized {
    Serialized { bytes: Some(bytes.to_vec()), headers: vec![(HEADER.to_owned(), Some(header.to_vec()))] }
}

#[test]
fn avro_keeps_its_place_and_gets_the_guid_of_the_target() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let orders = [json!({"id": 1, "mail": "ann@example.com"}), json!({"id": 2, "mail": "bob"})];
    let mut values = registries.serialized(&restored.topic, &Form::new(Kind::Avro, V1), &orders);
    values.push(Serialized { bytes: None, headers: Vec::new() });
    restored.backup(0, &values);
    restored.file("v2.avsc", V2);
    let remap =
        "[[plugin]]\nplugin = \"remap\"\nparameters = { steps = [{ constant = \"currency\", value = \"USD\" }] }\n";
    let schema = "[[schema]]\n[schema.value]\nencoding = \"avro\"\ntarget_schema = \"v2.avsc\"\n";
    restored.job(&format!("{schema}{remap}{}", registries.settings()));
    restored.restore();

    let (arrived, guid) = (restored.arrived(), registries.guid(&format!("{}-value", restored.topic)));
    assert_eq!(names(&arrived[0]), ["trace", HEADER, "trace"]);
    assert_eq!((header(&arrived[0], HEADER)[0], header(&arrived[0], HEADER).len()), (1, 17));
    assert!(arrived[2].headers.is_empty() && arrived[2].value.is_none());
    let read = registries.read(&restored.topic, &Form::as_written(Kind::Avro), &arrived);
    assert_eq!(read[0].value, json!({"id": 1, "email": "ann@example.com", "currency": "USD"}));
    assert_eq!(read[1].value, json!({"id": 2, "email": "bob", "currency": "USD"}));
    assert_eq!((&read[0].id, &read[2].value), (&guid, &Value::Null));
    // The source was asked for the schema once.
    let asked = registries.source.asked();
    let schemas = asked.iter().filter(|asked| asked.line.starts_with("GET /schemas/guids/")).count();
    assert_eq!(schemas, 2, "once by the restore and once by verify: {asked:?}");
}

#[test]
fn the_message_of_a_protobuf_value_is_told_in_the_header_too() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let mut values = Vec::new();
    for (message, value) in [
        ("shop.Bill", json!({"id": "1", "full_name": "Ann"})),
        ("shop.Bill.Line", json!({"article": "pen"})),
        ("shop.Paid", json!({"fully": true})),
    ] {
        values.extend(registries.serialized(&restored.topic, &Form::protobuf(BILL, message), &[value]));
    }
    let came: Vec<_> = values.iter().map(|value| (value.bytes.clone(), value.headers[1].1.clone().unwrap())).collect();
    restored.backup(0, &values);
    let schema = "[[schema]]\n[schema.value]\nencoding = \"protobuf\"\n";
    restored.job(&format!("{schema}{}", registries.settings()));
    restored.restore();

    let arrived = restored.arrived();
    for (record, (bytes, header_as_it_came)) in arrived.iter().zip(&came) {
        assert_eq!(&record.value, bytes);
        let header = header(record, HEADER);
        assert_ne!(header[..17], header_as_it_came[..17]);
        assert_eq!(header[17..], header_as_it_came[17..], "the indexes of the message");
    }
    let read = registries.read(&restored.topic, &Form::as_written(Kind::Protobuf), &arrived);
    assert_eq!(read[0].value, json!({"id": "1", "full_name": "Ann"}));
    assert_eq!((&read[1].value, &read[2].value), (&json!({"article": "pen"}), &json!({"fully": true})));
}

#[test]
fn a_plugin_s_message_of_protobuf_goes_with_its_indexes_in_the_header() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let form = Form::protobuf(BILL, "shop.Bill.Line");
    let values = registries.serialized(&restored.topic, &form, &[json!({"article": "pen"})]);
    restored.backup(0, &values);
    let remap =
        "[[plugin]]\nplugin = \"remap\"\nparameters = { steps = [{ constant = \"article\", value = \"ink\" }] }\n";
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"protobuf\"\n{remap}{}", registries.settings()));
    restored.restore();
    let arrived = restored.arrived();
    assert_eq!(header(&arrived[0], HEADER)[17..], values[0].headers[1].1.as_ref().unwrap()[17..]);
    let read = registries.read(&restored.topic, &Form::as_written(Kind::Protobuf), &arrived);
    assert_eq!(read[0].value, json!({"article": "ink"}));

    let bare = with_header(values[0].bytes.as_ref().unwrap(), &values[0].headers[1].1.as_ref().unwrap()[..17]);
    let restored = Restored::new(1);
    restored.backup(0, &[bare]);
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"protobuf\"\n{}", registries.settings()));
    let (code, said) = restored.refused();
    assert!(code == Some(1) && said.contains("not which message of it it is"), "{said}");
}

#[test]
fn ids_alone_are_rewritten_in_headers_and_before_values_and_keys() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let form = Form::new(Kind::Avro, V1);
    let order = [json!({"id": 1, "mail": "ann@example.com"})];
    let values = [
        registries.serialized(&restored.topic, &form, &order),
        Serializers::new(&registries.source.url()).serialize(&restored.topic, &form, &order).unwrap(),
        registries.serialized(&restored.topic, &Form::protobuf(BILL, "shop.Bill.Line"), &[json!({"article": "pen"})]),
    ]
    .concat();
    let key_form = Form::new(Kind::Avro, r#"{"type":"string"}"#).of_keys().in_header();
    let key = &Serializers::new(&registries.source.url())
        .serialize(&restored.topic, &key_form, &[json!("a longer key")])
        .unwrap()[0];
    let mut records: Vec<_> = values.iter().map(|value| (key.bytes.clone(), value.clone())).collect();
    for (_, value) in &mut records {
        value.headers.extend(key.headers.clone());
    }
    restored.backup_with_keys(0, records);
    let rewrite = "[[schema]]\nkey = { encoding = \"rewrite-ids\" }\nvalue = { encoding = \"rewrite-ids\" }\n";
    restored.job(&format!("{rewrite}{}", registries.settings()));
    restored.restore();

    let arrived = restored.arrived();
    let read = registries.read(&restored.topic, &Form::as_written(Kind::Avro), &arrived[..2]);
    assert_eq!((&read[0].value, &read[1].value), (&order[0], &order[0]));
    assert!(read[0].id.is_string() && read[1].id.is_number(), "{read:?}");
    let line = registries.read(&restored.topic, &Form::as_written(Kind::Protobuf), &arrived[2..]);
    assert_eq!(line[0].value, json!({"article": "pen"}));
    assert_eq!(names(&arrived[0]), ["trace", HEADER, "trace", "__key_schema_id"]);
    let keys: Vec<Serialized> = arrived.iter().map(Serialized::key_of).collect();
    let form = Form::as_written(Kind::Avro).of_keys();
    let read = Serializers::new(&registries.target.url()).deserialize(&restored.topic, &form, &keys).unwrap();
    assert_eq!(read[0].value, json!("a longer key"));
    assert_eq!(read[0].id, registries.guid(&format!("{}-key", restored.topic)));
}

#[test]
fn an_id_in_a_header_is_read_and_written_as_one() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let form = Form::new(Kind::Avro, V1);
    let before = Serializers::new(&registries.source.url());
    let value = &before.serialize(&restored.topic, &form, &[json!({"id": 1, "mail": "ann@example.com"})]).unwrap()[0];
    let (id, body) = value.bytes.as_ref().unwrap().split_at(5);
    restored.backup(0, &[with_header(body, id)]);
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"avro\"\n{}", registries.settings()));
    restored.restore();
    let arrived = restored.arrived();
    let read = registries.read(&restored.topic, &Form::as_written(Kind::Avro), &arrived);
    assert_eq!(read[0].value, json!({"id": 1, "mail": "ann@example.com"}));
    let id = registries.target.api().version(&format!("{}-value", restored.topic), "latest").unwrap()["id"].clone();
    assert_eq!((&read[0].id, header(&arrived[0], HEADER).len()), (&id, 5));
}

#[test]
fn what_becomes_json_has_no_such_header_any_more() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let values = registries.an_order(&restored.topic);
    restored.backup(0, &values);
    let schema = "[[schema]]\n[schema.value]\nencoding = \"avro\"\ntarget_encoding = \"json\"\n";
    restored.job(&format!("{schema}{}", registries.settings()));
    restored.restore();
    let arrived = restored.arrived();
    assert_eq!(arrived[0].value.as_deref(), Some(&br#"{"id":1,"mail":"ann@example.com"}"#[..]));
    assert_eq!(names(&arrived[0]), ["trace", "trace"]);
}

#[test]
fn where_the_target_has_no_guids_ids_stand_before_values_and_that_is_said() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let values = registries.an_order(&restored.topic);
    restored.backup(0, &values);
    let urls = (registries.source.url(), target_registry().url());
    let both = format!("[registry]\nurl = \"{}\"\n[target.registry]\nurl = \"{}\"\n", urls.0, urls.1);
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"avro\"\n{both}"));
    let output = restored.run(&["restore"]);
    assert!(output.status.success() && said(&output).contains("gives no guids"), "{}", said(&output));
    assert_eq!(restored.told(&["verify"])["equal"], true);
    let arrived = restored.arrived();
    assert_eq!(names(&arrived[0]), ["trace", "trace"]);
    assert_eq!(restored.values(&Form::as_written(Kind::Avro))[0].value, json!({"id": 1, "mail": "ann@example.com"}));
}

#[test]
fn headers_that_name_no_schema_are_told_and_can_be_set_aside() {
    let (restored, registries) = (Restored::new(1), Registries::start());
    let good = registries.an_order(&restored.topic).remove(0);
    let (body, named) = (good.bytes.clone().unwrap(), good.headers[1].1.clone().unwrap());
    let mut contradicting = good.clone();
    contradicting.headers.push((HEADER.to_owned(), Some(vec![0, 0, 0, 0, 1])));
    let unknown = [&[1][..], &[0xee; 16]].concat();
    let values = [
        good,
        with_header(&body, &[1, 2, 3]),
        with_header(&body, &unknown),
        with_header(&body, &[&named[..], &[0]].concat()),
        contradicting,
        with_header(&body[..1], &named),
    ];
    restored.backup(0, &values);
    let skip = "[rejected]\npolicy = \"skip\"\n";
    restored.job(&format!("[[schema]]\n[schema.value]\nencoding = \"avro\"\n{skip}{}", registries.settings()));
    let output = restored.run(&["restore", "--output", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = summary["set_aside"].to_string();
    for reason in [
        "the header that is to name its schema has neither an id nor a guid",
        "the registry does not know its schema's id",
        "more than its schema's name stands in the header",
        "several headers `__value_schema_id`, which name different schemas",
        "`mail`: the value ends too soon",
    ] {
        assert!(text.contains(reason), "{reason}: {summary}");
    }
    assert_eq!(restored.arrived().len(), 1);

    let document = restored.told(&["plan"]);
    let part = &document["schemas"]["parts"][0];
    assert_eq!((&part["without_id"], part["ids"].as_array().unwrap().len()), (&json!(2), 2), "{part}");
    let known = part["ids"].as_array().unwrap().iter().find(|id| id["known"] == true).unwrap();
    assert_eq!((&known["id"], &known["records"], &known["becomes"]), (&Value::Null, &json!(3), &json!("found")));
    assert_eq!(known["target_guid"], registries.guid(&format!("{}-value", restored.topic)));
    let preview = restored.run(&["preview"]);
    let text = String::from_utf8_lossy(&preview.stdout).into_owned();
    assert!(text.contains(r#"{"id":1,"mail":"ann@example.com"}"#), "{text}");
}
