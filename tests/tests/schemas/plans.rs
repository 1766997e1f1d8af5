//! What `plan` says of the schemas that keys and values bring along, before anything is registered.

use anabranch_tests::registry::{Kind, Proxy, Reference, Registry};
use anabranch_tests::serializers::{Form, Serialized, Serializers};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::documented::assert_documented;
use crate::restored::{Restored, id, registries, said, target_registry};

const POINT: &str = r#"{"type":"record","name":"Point","namespace":"maps","fields":[{"name":"x","type":"int"}]}"#;
const NAMED: &str = r#"{"type":"record","name":"Point","namespace":"maps","fields":[{"name":"x","type":"int"},{"name":"name","type":"string","default":""}]}"#;
const WIDER: &str = r#"{"type":"record","name":"Point","namespace":"maps","fields":[{"name":"x","type":"long"},{"name":"y","type":"int"}]}"#;
const AVRO: &str = "[[schema]]\n[schema.value]\nencoding = \"avro\"\n";
/// A value of a schema that nobody knows.
const UNKNOWN: [u8; 6] = [0, 0x7f, 0xff, 0xff, 0xff, 14];

/// A value that Confluent's serializer makes, and the id of its schema.
fn value(restored: &Restored, schema: &str, value: &Value) -> (Serialized, i32) {
    let form = Form::new(Kind::Avro, schema);
    let values = std::slice::from_ref(value);
    let made = Serializers::new(Registry::shared().url()).serialize(&restored.topic, &form, values).unwrap();
    let made = made.into_iter().next().unwrap();
    let id = i32::from_be_bytes(made.bytes.as_ref().unwrap()[1..5].try_into().unwrap());
    (made, id)
}

fn bytes(bytes: &[u8]) -> Serialized {
    Serialized { bytes: Some(bytes.to_vec()), headers: Vec::new() }
}

/// What a plan says, and its exit code.
fn planned(restored: &Restored, more: &[&str]) -> (Value, Option<i32>) {
    let output = restored.run(&[&["plan", "--output", "json"], more].concat());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_documented(&document);
    (document, output.status.code())
}

/// Weights and messages of the findings with this code.
fn findings<'a>(document: &'a Value, code: &str) -> Vec<(&'a str, &'a str)> {
    let found = document["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == code);
    found.map(|finding| (finding["weight"].as_str().unwrap(), finding["message"].as_str().unwrap())).collect()
}

/// Whether a registry was asked to take a schema.
fn was_written_to(proxy: &Proxy) -> bool {
    proxy.asked().iter().any(|asked| asked.line.starts_with("POST /subjects/") && asked.line.ends_with("/versions"))
}

#[test]
fn each_schema_is_listed_with_its_records_and_what_it_becomes() {
    let restored = Restored::new(2);
    // Of this topic alone, so that no other subject has them.
    let own = format!("Point{}", restored.topic.replace('-', ""));
    let [point, named] = [POINT, NAMED].map(|schema| schema.replace("Point", &own));
    let (first, one) = value(&restored, &point, &json!({"x": 7}));
    let (second, other) = value(&restored, &named, &json!({"x": 7, "name": "here"}));
    restored.backup(0, &[vec![first.clone(); 1200], vec![second.clone(); 100]].concat());
    let null = Serialized { bytes: None, headers: Vec::new() };
    restored.backup(1, &[first, second.clone(), second, null, bytes(b"{}")]);
    let subject = format!("{}-value", restored.topic);
    target_registry().api().register(&subject, Kind::Avro, &point, &[]).unwrap();
    let there = id(target_registry().api(), &subject);
    let (source, target) = (Proxy::start(Registry::shared()).unwrap(), Proxy::start(target_registry()).unwrap());
    let both = format!("[registry]\nurl = \"{}\"\n[target.registry]\nurl = \"{}\"\n", source.url(), target.url());
    restored.job(&format!("{AVRO}{both}[rejected]\npolicy = \"skip\"\n"));

    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(0), "{document}");
    let schemas = &document["schemas"];
    assert_eq!((&schemas["established"], &schemas["error"]), (&json!(true), &Value::Null));
    let part = &schemas["parts"][0];
    let counts = ["counted", "records", "nulls", "without_id", "of_more_ids"].map(|name| part[name].clone());
    assert_eq!(counts, [json!(false), json!(1005), json!(1), json!(1), json!(0)]);
    let subjects = |version: i32| json!([{"subject": subject, "version": version}]);
    let due = json!([
        {"id": one, "guid": null, "records": 1001, "known": true, "kind": "AVRO", "name": format!("maps.{own}"), "subjects": subjects(1),
         "becomes": "found", "target_id": there, "target_guid": null, "target_subject": subject, "takes": null, "reasons": [], "misfit": null},
        {"id": other, "guid": null, "records": 2, "known": true, "kind": "AVRO", "name": format!("maps.{own}"), "subjects": subjects(2),
         "becomes": "registered", "target_id": null, "target_guid": null, "target_subject": subject, "takes": "yes", "reasons": [],
         "misfit": null},
    ]);
    assert_eq!(part["ids"], due);
    let unfit = findings(&document, "schema-unfit");
    assert_eq!((unfit.len(), unfit[0].0), (1, "warning"));
    assert!(unfit[0].1.starts_with("1 of 1,005 values of "), "{}", unfit[0].1);

    let (document, code) = planned(&restored, &["--scan-schemas"]);
    assert_eq!(code, Some(0), "{document}");
    let part = &document["schemas"]["parts"][0];
    let counts = ["counted", "records", "nulls", "without_id", "of_more_ids"].map(|name| part[name].clone());
    assert_eq!(counts, [json!(true), json!(1305), json!(1), json!(1), json!(0)]);
    assert_eq!((&part["ids"][0]["records"], &part["ids"][1]["records"]), (&json!(1201), &json!(102)));

    let output = restored.run(&["plan"]);
    let text = String::from_utf8_lossy(&output.stdout).replace(&restored.topic, "TOPIC");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(words).collect();
    for due in [
        "schemas of the values of TOPIC, avro: 1,005 records were looked at, up to 1,000 of a lane; `--scan-schemas` counts all"
            .to_owned(),
        "TOPIC PART ID RECORDS SCHEMA SUBJECTS BECOMES".to_owned(),
        format!("TOPIC value {one} 1,001 AVRO maps.{own} TOPIC-value 1 {there}, as TOPIC-value has it"),
        format!("TOPIC value {other} 2 AVRO maps.{own} TOPIC-value 2 to be registered under TOPIC-value"),
        "TOPIC value none 1 no schema".to_owned(),
        "TOPIC value null 1 no schema".to_owned(),
    ] {
        assert!(lines.contains(&due), "{due}: {text}");
    }
    assert!(!was_written_to(&target) && !was_written_to(&source));
    assert_eq!(target_registry().api().versions(&subject).unwrap(), [1]);

    // Without asking anybody.
    let asked = source.asked().len() + target.asked().len();
    let (document, code) = planned(&restored, &["--offline", "--scan-schemas"]);
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(source.asked().len() + target.asked().len(), asked);
    let schemas = &document["schemas"];
    assert_eq!((&schemas["established"], &schemas["error"]), (&json!(false), &Value::Null));
    let first = &schemas["parts"][0]["ids"][0];
    assert_eq!((&first["id"], &first["records"]), (&json!(one), &json!(1201)));
    assert_eq!((&first["known"], &first["becomes"]), (&Value::Null, &Value::Null));
}

#[test]
fn of_a_long_lane_the_last_file_is_looked_at_as_well() {
    let restored = Restored::new(1);
    let (first, one) = value(&restored, POINT, &json!({"x": 7}));
    let (second, other) = value(&restored, NAMED, &json!({"x": 7, "name": "here"}));
    restored.backup(0, &vec![first; 1001]);
    let (bytes, topic) = (second.bytes.unwrap(), &restored.topic);
    let text = STANDARD.encode(bytes);
    let last = json!({"topic": topic, "partition": 0, "offset": 5000, "timestamp": 1_700_000_000_000_u64,
                      "key": null, "value": text, "headers": []});
    restored.file("backup/later.jsonl", &format!("{last}\n"));
    restored.job(&format!("{AVRO}{}", registries(Registry::shared().url())));
    let part = &planned(&restored, &["--offline"]).0["schemas"]["parts"][0];
    let ids: Vec<_> = part["ids"].as_array().unwrap().iter().map(|id| (&id["id"], &id["records"])).collect();
    assert_eq!(ids, [(&json!(one), &json!(500)), (&json!(other), &json!(1))]);
    assert_eq!((&part["counted"], &part["records"]), (&json!(false), &json!(501)));
}

#[test]
fn a_target_schema_that_the_registry_or_the_values_do_not_take_is_told() {
    let restored = Restored::new(1);
    let (first, _) = value(&restored, POINT, &json!({"x": 7}));
    restored.backup(0, &[first]);
    let subject = format!("{}-value", restored.topic);
    target_registry().api().register(&subject, Kind::Avro, POINT, &[]).unwrap();
    target_registry().api().set_compatibility(&subject, "BACKWARD").unwrap();
    restored.file("wider.avsc", WIDER);
    // Tells its reasons.
    let target = Proxy::confluent(target_registry()).unwrap();
    let (source, url) = (Registry::shared().url(), target.url());
    let both = format!("[registry]\nurl = \"{source}\"\n[target.registry]\nurl = \"{url}\"\n");
    restored.job(&format!("{AVRO}target_schema = \"wider.avsc\"\n{both}"));

    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(1), "{document}");
    assert_eq!(document["stops"], json!(["schema-refused", "schema-unfit"]));
    let part = &document["schemas"]["parts"][0];
    let named = &part["named"];
    assert_eq!(
        (&named["becomes"], &named["takes"], &named["target_subject"]),
        (&json!("registered"), &json!("no"), &json!(subject))
    );
    assert!(!named["reasons"].as_array().unwrap().is_empty(), "{named}");
    assert_eq!((&part["counted"], &part["ids"][0]["becomes"]), (&json!(true), &json!("target-schema")));
    assert_eq!(part["ids"][0]["misfit"], json!("`y`: the field is missing, and has no default"));
    let [("stop", refused)] = findings(&document, "schema-refused")[..] else { panic!("{document}") };
    assert!(refused.contains(&subject) && refused.contains(&url) && refused.contains("`target_schema`"), "{refused}");
    let [("stop", unfit)] = findings(&document, "schema-unfit")[..] else { panic!("{document}") };
    assert!(unfit.starts_with("1 of 1 values of ") && unfit.contains("`y`: the field is missing"), "{unfit}");

    // Other rules, and records that may be left out.
    target_registry().api().set_compatibility(&subject, "NONE").unwrap();
    restored.job(&format!("{AVRO}target_schema = \"wider.avsc\"\n{both}[rejected]\npolicy = \"skip\"\n"));
    let (document, code) = planned(&restored, &[]);
    assert_eq!((code, &document["stops"]), (Some(0), &json!([])));
    assert_eq!(document["schemas"]["parts"][0]["named"]["takes"], json!("yes"));
    assert_eq!(findings(&document, "schema-unfit")[0].0, "warning");
    assert!(!was_written_to(&target));
    assert_eq!(target_registry().api().versions(&subject).unwrap(), [1]);
}

#[test]
fn ids_that_nobody_knows_and_schemas_that_may_not_be_registered_stop_a_plan() {
    let restored = Restored::new(1);
    let (first, one) = value(&restored, POINT, &json!({"x": 7}));
    restored.backup(0, &[first, bytes(&UNKNOWN), bytes(&UNKNOWN)]);
    let both = registries(Registry::shared().url());
    restored.job(&format!("{AVRO}register = false\n{both}"));
    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(1), "{document}");
    assert_eq!(document["stops"], json!(["schema-missing", "schema-unknown"]));
    let ids = &document["schemas"]["parts"][0]["ids"];
    assert_eq!((&ids[0]["id"], &ids[0]["becomes"], &ids[0]["takes"]), (&json!(one), &json!("missing"), &Value::Null));
    assert_eq!((&ids[1]["known"], &ids[1]["records"], &ids[1]["becomes"]), (&json!(false), &json!(2), &Value::Null));
    let unknown = findings(&document, "schema-unknown")[0].1;
    assert!(unknown.starts_with("2 of 3 values of ") && unknown.contains("have the schema 2147483647: "), "{unknown}");
    let missing = findings(&document, "schema-missing")[0].1;
    assert!(missing.contains(&format!("the schema {one} of the values of `{}`", restored.topic)), "{missing}");

    restored.job(&format!("{AVRO}{both}[rejected.causes]\nschema = \"skip\"\n"));
    let (document, code) = planned(&restored, &[]);
    assert_eq!((code, findings(&document, "schema-unknown")[0].0), (Some(0), "warning"), "{document}");

    // Where nobody looks into values, the job's own word is enough.
    restored.job(&format!(
        "[[schema]]\n[schema.value]\nencoding = \"rewrite-ids\"\nids = {{ {one} = 7, 2147483647 = 8 }}\n"
    ));
    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(0), "{document}");
    let ids = document["schemas"]["parts"][0]["ids"].as_array().unwrap();
    let given: Vec<_> = ids.iter().map(|id| (&id["becomes"], &id["target_id"])).collect();
    assert_eq!(given, [(&json!("given"), &json!(7)), (&json!("given"), &json!(8))]);
    assert!(target_registry().api().version(&format!("{}-value", restored.topic), "latest").is_err());
}

#[test]
fn whether_a_schema_is_taken_is_not_told_while_what_it_refers_to_is_missing() {
    let (restored, source) = (Restored::new(1), Registry::shared());
    let money = r#"{"type":"record","name":"Money","namespace":"common","fields":[{"name":"cents","type":"long"}]}"#;
    let bill = r#"{"type":"record","name":"Bill","namespace":"shop","fields":[{"name":"sum","type":"common.Money"}]}"#;
    let (of_money, of_bill) = (source.name("money"), format!("{}-value", restored.topic));
    source.api().register(&of_money, Kind::Avro, money, &[]).unwrap();
    let reference = Reference { name: "common.Money".into(), subject: of_money.clone(), version: 1 };
    let id = source.api().register(&of_bill, Kind::Avro, bill, &[reference]).unwrap();
    restored.backup(0, &[bytes(&[&[0][..], &id.to_be_bytes(), &[10]].concat())]);
    restored.job(&format!("{AVRO}{}", registries(source.url())));
    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(0), "{document}");
    let found = &document["schemas"]["parts"][0]["ids"][0];
    assert_eq!((&found["becomes"], &found["takes"]), (&json!("registered"), &json!("not-told")));
    assert_eq!(found["reasons"], json!(["what it refers to would be registered before"]));
    assert!(
        findings(&document, "not-established")
            .iter()
            .any(|(weight, said)| *weight == "note" && said.contains(&of_bill))
    );
    assert!(target_registry().api().version(&of_money, "latest").is_err(), "nothing was registered");
}

#[test]
fn a_registry_that_does_not_answer_leaves_the_rest_of_the_plan() {
    let restored = Restored::new(1);
    let (first, one) = value(&restored, POINT, &json!({"x": 7}));
    restored.backup(0, &[first]);
    let proxy = Proxy::start(Registry::shared()).unwrap();
    let target = target_registry().url();
    restored.job(&format!(
        "{AVRO}[registry]\nurl = \"{}\"\nretry_for = \"1s\"\n[target.registry]\nurl = \"{target}\"\n",
        proxy.url()
    ));
    proxy.shut().unwrap();
    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(3), "{document}");
    let schemas = &document["schemas"];
    assert_eq!(schemas["established"], json!(false));
    assert!(schemas["error"].as_str().unwrap().contains(&proxy.url()), "{schemas}");
    assert_eq!((&schemas["parts"][0]["ids"][0]["id"], &document["target"]["established"]), (&json!(one), &json!(true)));
    assert!(said(&restored.run(&["plan"])).contains(&proxy.url()));
}

#[test]
fn keys_are_listed_as_values_are_and_what_comes_without_ids_by_the_schema_that_it_gets() {
    let restored = Restored::new(1);
    let (key, one) = value(&restored, POINT, &json!({"x": 7}));
    restored.backup_with_keys(0, vec![(key.bytes.clone(), bytes(b"{\"x\":1}")), (None, bytes(b"{\"x\":2}"))]);
    restored.file("point.avsc", POINT);
    restored.job(&format!(
        "[[schema]]\n[schema.key]\nencoding = \"avro\"\ntarget_encoding = \"json\"\n[schema.value]\nencoding = \"json\"\n\
         target_encoding = \"avro\"\ntarget_schema = \"point.avsc\"\n{}",
        registries(Registry::shared().url())
    ));
    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(0), "{document}");
    let (key, value) = (&document["schemas"]["parts"][0], &document["schemas"]["parts"][1]);
    assert_eq!(
        (&key["part"], &key["counted"], &key["nulls"], &key["named"]),
        (&json!("key"), &json!(true), &json!(1), &Value::Null)
    );
    assert_eq!((&key["ids"][0]["id"], &key["ids"][0]["becomes"]), (&json!(one), &json!("json")));
    assert_eq!((&value["part"], &value["reads_ids"], &value["records"]), (&json!("value"), &json!(false), &json!(0)));
    assert_eq!((&value["named"]["becomes"], &value["named"]["takes"]), (&json!("registered"), &json!("yes")));
    let text = String::from_utf8_lossy(&restored.run(&["plan"]).stdout).replace(&restored.topic, "TOPIC");
    let due = "schemas of the keys of TOPIC, avro: all 2 records were looked at\n\
               schemas of the values of TOPIC, json\n  the schema that the job names: to be registered under TOPIC-value\n\n";
    assert!(text.contains(due), "{text}");
    assert!(target_registry().api().version(&format!("{}-value", restored.topic), "latest").is_err());
}

#[test]
fn a_schema_that_is_for_no_topic_of_the_backup_stops_plan_and_restore_and_a_registry_that_nothing_asks_is_told() {
    let restored = Restored::new(1);
    restored.backup(0, &[bytes(b"{}")]);
    let topic = &restored.topic;
    let json = |topics: &str| format!("[[schema]]\n{topics}[schema.value]\nencoding = \"json\"\n");
    let wrong = format!("{topic}s");
    restored.job(&json(&format!("topics = [\"{wrong}\"]\n")));
    let (document, code) = planned(&restored, &[]);
    assert_eq!((code, &document["stops"]), (Some(1), &json!(["schema-unused"])), "{document}");
    let due = format!("`topics` of `[[schema]]` no. 1 names `{wrong}`, and the backup holds no such topic");
    assert_eq!(findings(&document, "schema-unused"), [("stop", due.as_str())]);
    let output = restored.run(&["restore"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains(&due) && said(&output).contains(&format!("did you mean `{topic}`?")),
        "{}",
        said(&output)
    );

    // Behind one that takes all of its topics.
    restored.job(&format!("{}{}", json(""), json(&format!("topics = [\"{topic}\"]\n"))));
    let (document, code) = planned(&restored, &[]);
    let due = "`[[schema]]` no. 2 is used by no topic: those that it is about are taken by one before it";
    assert_eq!((code, findings(&document, "schema-unused")), (Some(1), vec![("stop", due)]));

    // What is for all other topics may find none, and registries may be there for nothing.
    let both = registries(Registry::shared().url());
    restored.job(&format!("{}{}{both}", json(&format!("topics = [\"{topic}\"]\n")), json("")));
    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(0), "{document}");
    let unused = findings(&document, "schema-unused");
    assert_eq!(unused.iter().map(|(weight, _)| *weight).collect::<Vec<_>>(), ["warning", "warning"]);
    assert!(
        unused[0].1.starts_with("`[registry]` is given") && unused[1].1.starts_with("`[target.registry]` is given")
    );
}

#[test]
fn a_schema_for_a_topic_that_a_selection_leaves_out_is_no_slip_of_the_hand() {
    let restored = Restored::new(1);
    restored.backup(0, &[bytes(b"{}")]);
    let line = json!({"topic": "others", "partition": 0, "offset": 0, "timestamp": 0, "key": null, "value": null});
    restored.file("backup/others.jsonl", &format!("{line}\n"));
    let schema = "[[schema]]\ntopics = [\"others\"]\n[schema.value]\nencoding = \"json\"\n";
    restored.job(&format!("{schema}[select]\nexclude = [\"others\"]\n[target.topics]\nothers = \"elsewhere\"\n"));
    let (document, code) = planned(&restored, &[]);
    assert_eq!((code, &document["stops"]), (Some(0), &json!([])), "{document}");
}

#[test]
fn a_schema_that_cannot_be_used_is_not_told_to_have_its_target_schema_mended() {
    let restored = Restored::new(1);
    let source = Registry::shared();
    let other = r#"{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}"#;
    let id = source.api().register(&source.name("other"), Kind::Json, other, &[]).unwrap();
    restored.backup(0, &[bytes(&[&[0][..], &id.to_be_bytes(), b"{}"].concat())]);
    restored.job(&format!("{AVRO}{}", registries(source.url())));
    let (document, code) = planned(&restored, &[]);
    assert_eq!(code, Some(1), "{document}");
    let unfit = document["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == "schema-unfit");
    let remedy = unfit.unwrap()["remedy"].as_str().unwrap();
    assert!(remedy.contains("what they are encoded in") && !remedy.contains("target_schema"), "{remedy}");
}
