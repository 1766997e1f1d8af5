//! What a proxy does to clients, and what it adds to the registry.

use std::time::{Duration, Instant};

use anabranch_tests::registry::{Demand, Fault, Kind, Proxy, Registry, body};
use anabranch_tests::serializers::{Form, Serializers};
use serde_json::json;

const NUMBER: &str = r#"{"type": "record", "name": "Number", "fields": [{"name": "n", "type": "int"}]}"#;

#[test]
fn requests_are_kept_and_spoilt_by_the_tests_will() {
    let registry = Registry::shared();
    let proxy = Proxy::start(registry).unwrap();
    let subject = registry.name("kept");
    let id = proxy.api().register(&subject, Kind::Avro, NUMBER, &[]).unwrap();
    proxy.api().schema(id).unwrap();
    let asked = proxy.asked();
    let lines: Vec<&str> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert_eq!(lines[1], format!("GET /schemas/ids/{id}"));
    assert!(asked[0].body.contains("Number"), "{asked:?}");

    let path = format!("/schemas/ids/{id}");
    proxy.misbehave("GET /schemas/", [Fault::error(500, 50001, "no"), Fault::page(200), Fault::too_many(1)]);
    let answers = [(); 4].map(|()| proxy.api().get(&path).unwrap());
    assert_eq!(answers.each_ref().map(|answer| answer.status), [500, 200, 429, 200]);
    assert!(answers[1].body.as_str().unwrap().contains("<html>"), "{answers:?}");
    assert_eq!(proxy.behave(), 0);

    for fault in [Fault::Reset, Fault::ResetAfter, Fault::Truncate] {
        proxy.misbehave("", [fault.clone()]);
        proxy.api().get(&path).expect_err(&format!("{fault:?}"));
    }
    proxy.misbehave_always("", Fault::Delay(Duration::from_millis(200)));
    let begun = Instant::now();
    proxy.api().get(&path).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
    proxy.behave();

    proxy.shut().unwrap();
    proxy.api().get(&path).unwrap_err();
    proxy.open().unwrap();
    proxy.api().schema(id).unwrap();
}

#[test]
fn clients_say_who_they_are() {
    let registry = Registry::shared();
    let proxy = Proxy::start(registry).unwrap();
    proxy.demand(Some(Demand::Basic("restore".to_owned(), "secret".to_owned())));
    assert_eq!(proxy.api().get("/subjects").unwrap().status, 401);
    let (topic, form) = (registry.name("numbers"), Form::new(Kind::Avro, NUMBER));
    let stranger = Serializers::new(&proxy.url());
    let error = stranger.serialize(&topic, &form, &[json!({ "n": 1 })]).unwrap_err();
    assert!(error.to_string().contains("Unauthorized"), "{error}");
    let known = stranger.setting("basic.auth.user.info", "restore:secret");
    known.serialize(&topic, &form, &[json!({ "n": 1 })]).unwrap();
    proxy.demand(Some(Demand::Bearer("token".to_owned())));
    known.serialize(&topic, &form, &[json!({ "n": 1 })]).unwrap_err();
}

#[test]
fn the_registry_checks_compatibility() {
    let registry = Registry::shared();
    let proxy = Proxy::confluent(registry).unwrap();
    let subject = registry.name("checked");
    let wider = r#"{"type": "record", "name": "Number", "fields": [{"name": "n", "type": "int"}, {"name": "m", "type": "int"}]}"#;
    proxy.api().register(&subject, Kind::Avro, NUMBER, &[]).unwrap();
    proxy.api().set_compatibility(&subject, "BACKWARD").unwrap();
    let path = format!("/compatibility/subjects/{subject}/versions/latest?verbose=true");
    let answer = proxy.api().post(&path, &body(Kind::Avro, wider, &[])).unwrap().good().unwrap();
    assert_eq!(answer["is_compatible"], json!(false));
    assert!(answer["messages"][0].as_str().unwrap().contains("/fields/1"), "{answer}");
    let answer = proxy.api().post(&format!("/subjects/{subject}/versions"), &body(Kind::Avro, wider, &[])).unwrap();
    assert_eq!((answer.status, &answer.body["error_code"]), (409, &json!(409)));
    proxy.api().set_compatibility(&subject, "NONE").unwrap();
    proxy.api().register(&subject, Kind::Avro, wider, &[]).unwrap();
    assert_eq!(proxy.api().versions(&subject).unwrap(), [1, 2]);
}

#[test]
fn ids_are_imported_where_the_mode_allows_it() {
    let registry = Registry::shared();
    let proxy = Proxy::confluent(registry).unwrap();
    let subject = registry.name("imported");
    let (api, path) = (proxy.api(), format!("/subjects/{subject}/versions"));
    let mut wanted = body(Kind::Avro, NUMBER, &[]);
    wanted["id"] = json!(1_000_007);
    let refused = api.post(&path, &wanted).unwrap();
    assert_eq!((refused.status, &refused.body["error_code"]), (422, &json!(42205)));

    api.ask("PUT", &format!("/mode/{subject}"), Some(&json!({ "mode": "IMPORT" }))).unwrap().good().unwrap();
    assert_eq!(api.post(&path, &wanted).unwrap().good().unwrap()["id"], json!(1_000_007));
    assert_eq!(api.schema(1_000_007).unwrap()["schema"], json!(NUMBER));
    assert_eq!(api.version(&subject, "1").unwrap()["id"], json!(1_000_007));
    let mut other = body(Kind::Avro, r#""string""#, &[]);
    other["id"] = json!(1_000_007);
    assert_eq!(api.post(&path, &other).unwrap().status, 422);

    api.ask("PUT", &format!("/mode/{subject}"), Some(&json!({ "mode": "READONLY" }))).unwrap().good().unwrap();
    assert!(api.register(&subject, Kind::Avro, NUMBER, &[]).unwrap_err().to_string().contains("read-only"));
    api.ask("PUT", &format!("/mode/{subject}"), Some(&json!({ "mode": "READWRITE" }))).unwrap().good().unwrap();
    // What is there has its id, whoever asks.
    let records = Serializers::new(&proxy.url())
        .serialize(&subject, &Form::new(Kind::Avro, NUMBER), &[json!({ "n": 1 })])
        .unwrap();
    assert_eq!(records[0].bytes.as_ref().unwrap()[1..5], 1_000_007_i32.to_be_bytes());
    // A subject with schemas is not imported to, unless by force.
    let mode = json!({ "mode": "IMPORT" });
    assert_eq!(api.ask("PUT", &format!("/mode/{subject}"), Some(&mode)).unwrap().status, 422);
    assert_eq!(api.ask("PUT", &format!("/mode/{subject}?force=true"), Some(&mode)).unwrap().status, 200);
}
