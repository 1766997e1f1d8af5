//! A registry that answers as each test says: what is asked, how often, and what comes of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod across;
mod faults;
mod found;
mod misfits;
mod server;
mod trust;

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::failure::Explain as _;
use crate::job::{Login, Secret};
use server::{Asked, Reply, Server};

fn settings(url: &str) -> job::Registry {
    job::Registry {
        table: "registry",
        url: url.to_owned(),
        login: Some(Login::Basic { user: "ada".to_owned(), password: Secret::new("hunter2") }),
        ca: None,
        identity: None,
        timeout: Duration::from_secs(5),
        retry_for: Duration::ZERO,
    }
}

fn registry(server: &Server) -> Registry {
    Registry::open(&settings(server.url())).unwrap()
}

/// What a person reads of an error, with `URL` for that of the server.
fn said(server: &Server, error: RegistryError) -> String {
    let text = match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    };
    assert!(!text.contains("hunter2") && !text.contains("YWRhOmh1bnRlcjI="), "a secret is in: {text}");
    text.replace(server.url(), "URL")
}

fn avro(text: &str) -> SchemaText {
    SchemaText { kind: SchemaKind::Avro, text: text.into(), references: Vec::new() }
}

fn unknown(code: i64) -> Reply {
    Reply::Json(404, json!({ "error_code": code, "message": "not found" }))
}

fn reference(name: &str, subject: &str, version: i32) -> Value {
    json!({ "name": name, "subject": subject, "version": version })
}

#[test]
fn a_schema_is_given_with_all_that_it_refers_to_and_asked_for_once() {
    let server = Server::start(|asked| {
        Reply::Json(
            200,
            match asked.line.as_str() {
                "GET /schemas/ids/1" => json!({ "schema": "root", "schemaType": "PROTOBUF", "references": [
                reference("a.proto", "a/b", 2), reference("c.proto", "c", 1),
            ] }),
                "GET /subjects/a%2Fb/versions/2?deleted=true" => json!({
                    "subject": "a/b", "id": 8, "version": 2, "schema": "a", "schemaType": "PROTOBUF",
                    "references": [reference("c.proto", "c", 1)],
                }),
                "GET /subjects/c/versions/1?deleted=true" => json!({ "schema": "c", "schemaType": "PROTOBUF" }),
                "GET /schemas/ids/2" => json!({ "schema": "\"string\"", "references": [reference("c.proto", "c", 1)] }),
                other => panic!("{other}"),
            },
        )
    });
    let registry = registry(&server);
    let known = registry.schema(1).unwrap();
    assert_eq!(
        (known.name, known.schema.kind, known.schema.text.as_ref()),
        (SchemaName::Id(1), SchemaKind::Protobuf, "root")
    );
    let names: Vec<_> = known.referenced.iter().map(|(name, schema)| (name.as_str(), schema.text.as_ref())).collect();
    assert_eq!(names, [("c.proto", "c"), ("a.proto", "a")]);
    assert!(Arc::ptr_eq(&known, &registry.clone().schema(1).unwrap()));
    assert_eq!(registry.schema(2).unwrap().schema.kind, SchemaKind::Avro);
    // That of `c` is known by then.
    assert_eq!((registry.requests(), server.lines().len()), (4, 4));
    assert!(server.asked().iter().all(|asked| asked.authorization == "Basic YWRhOmh1bnRlcjI="));
}

#[test]
fn a_guid_is_asked_for_and_told_where_the_registry_has_guids() {
    let guid = "3fa85f64-5717-4562-b3fc-2c963f66afa6";
    let server = Server::start(move |asked| match asked.line.as_str() {
        "GET /schemas/guids/3fa85f64-5717-4562-b3fc-2c963f66afa6" => Reply::Json(200, json!({ "schema": "\"int\"" })),
        "POST /subjects/a" => Reply::Json(200, json!({ "id": 7, "version": 1, "guid": guid })),
        "POST /subjects/b" => Reply::Json(200, json!({ "id": 7, "version": 1, "guid": "none" })),
        // As one answers that has none.
        _ => Reply::Json(404, json!({ "error_code": 0, "message": "no such resource" })),
    });
    let registry = registry(&server);
    let name = SchemaName::Guid(guid.parse().unwrap());
    let known = registry.schema(name).unwrap();
    assert_eq!((known.name, &*known.schema.text), (name, "\"int\""));
    assert_eq!(registry.find("a", &avro("1")).unwrap().unwrap().guid.map(SchemaName::Guid), Some(name));
    assert_eq!(registry.find("b", &avro("1")).unwrap(), Some(Registered { id: 7, version: 1, guid: None }));
    let other = "00000000-0000-0000-0000-000000000001".parse().unwrap();
    insta::assert_snapshot!(said(&server, registry.schema(SchemaName::Guid(other)).unwrap_err()), @r#"
    the registry at `URL` knows no schema with the guid 00000000-0000-0000-0000-000000000001
    hint: check that `url` under `[registry]` is the registry that the records were written with
    "#);
}

#[test]
fn threads_that_want_a_schema_at_once_ask_for_it_once_and_share_what_comes() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "GET /schemas/ids/1" => Reply::Late(Duration::from_millis(300), json!({ "schema": "\"string\"" })),
        _ => Reply::Text(503, "later"),
    });
    let registry = registry(&server);
    let ask = |id| {
        let barrier = std::sync::Barrier::new(4);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let ask = || {
                barrier.wait();
                registry.schema(id)
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        answers
    };
    assert!(ask(1).into_iter().all(|answer| answer.is_ok()));
    assert_eq!(registry.requests(), 1);
    assert!(ask(2).into_iter().all(|answer| answer.is_err()));
    // Errors that may pass are not kept: whoever came a moment later asked anew.
    let before = registry.requests();
    assert!(registry.schema(2).is_err());
    assert_eq!(registry.requests(), before + 1);
}

#[test]
fn an_id_that_is_not_known_is_an_error_of_its_own_and_is_asked_for_once() {
    let server = Server::start(|_| unknown(40403));
    let registry = registry(&server);
    for _ in 0..3 {
        assert!(matches!(registry.schema(7), Err(RegistryError::UnknownId { name: SchemaName::Id(7), .. })));
    }
    assert_eq!(registry.requests(), 1);
    insta::assert_snapshot!(said(&server, registry.schema(7).unwrap_err()), @r#"
    the registry at `URL` knows no schema with the id 7
    hint: check that `url` under `[registry]` is the registry that the records were written with
    "#);
    assert!(matches!(registry.subjects_of(7), Err(RegistryError::UnknownId { name: SchemaName::Id(7), .. })));
}

#[test]
fn references_that_lead_nowhere_or_back_or_on_and_on_are_errors() {
    let server = Server::start(|asked| {
        let line = asked.line.as_str();
        let next = |subject: &str, version| json!({ "schema": "x", "references": [reference(&format!("{subject}{version}"), subject, version)] });
        if let Some(version) = line.strip_prefix("GET /subjects/long/versions/") {
            let version: i32 = version.trim_end_matches("?deleted=true").parse().unwrap();
            return Reply::Json(200, next("long", version + 1));
        }
        match line {
            "GET /schemas/ids/1" => Reply::Json(200, next("nowhere", 3)),
            "GET /schemas/ids/2" => Reply::Json(200, next("one", 1)),
            "GET /schemas/ids/3" => Reply::Json(200, next("long", 1)),
            "GET /subjects/one/versions/1?deleted=true" => Reply::Json(200, next("two", 1)),
            "GET /subjects/two/versions/1?deleted=true" => Reply::Json(200, next("one", 1)),
            _ => unknown(40402),
        }
    });
    let registry = registry(&server);
    insta::assert_snapshot!(said(&server, registry.schema(1).unwrap_err()), @r#"
    the registry at `URL` has no version 3 of the subject `nowhere`, to which a schema refers as `nowhere3`
    hint: register it there again, or ask a registry that has it
    "#);
    insta::assert_snapshot!(said(&server, registry.schema(2).unwrap_err()), @"at the registry at `URL` version 1 of the subject `one` refers to itself, by way of others");
    insta::assert_snapshot!(said(&server, registry.schema(3).unwrap_err()), @"a schema of the registry at `URL` refers to more than 1000 others");
    let before = registry.requests();
    assert!(registry.schema(3).is_err());
    assert_eq!(registry.requests(), before, "they are kept");
}

#[test]
fn subjects_may_have_any_name_that_a_url_can_say() {
    let server = Server::start(|_| Reply::Json(200, json!({ "id": 1, "version": 2 })));
    let registry = registry(&server);
    for subject in ["a/b", "ü ?#%+\n", ":.context:orders-value"] {
        assert_eq!(registry.find(subject, &avro("1")).unwrap(), Some(Registered { id: 1, version: 2, guid: None }));
    }
    assert_eq!(
        server.lines(),
        [
            "POST /subjects/a%2Fb",
            "POST /subjects/%C3%BC%20%3F%23%25%2B%0A",
            "POST /subjects/%3A.context%3Aorders-value"
        ]
    );
    insta::assert_snapshot!(said(&server, registry.find("..", &avro("1")).unwrap_err()), @"the registry at `URL` cannot be asked about the subject `..`: no URL can name it");
}

#[test]
fn what_is_not_registered_is_none_and_a_path_that_is_not_there_an_error() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /subjects/none" | "GET /subjects/none/versions/latest" => unknown(40401),
        "POST /subjects/other" => unknown(40403),
        "GET /subjects/other/versions" => Reply::Json(200, json!([])),
        "GET /subjects/none/versions" => unknown(40401),
        _ => Reply::Json(404, json!({ "error_code": 404, "message": "HTTP 404 Not Found" })),
    });
    let registry = registry(&server);
    assert_eq!(registry.find("none", &avro("1")).unwrap(), None);
    assert_eq!(registry.find("other", &avro("1")).unwrap(), None);
    assert_eq!(registry.latest("none").unwrap(), None);
    insta::assert_snapshot!(said(&server, registry.find("x", &avro("1")).unwrap_err()), @r#"
    the registry at `URL` refuses `POST /subjects/x`: 404 Not Found: HTTP 404 Not Found
    hint: check the path of `url` under `[registry]`: this is none of a registry's
    "#);
}

#[test]
fn a_schema_is_registered_and_has_the_version_that_is_found() {
    let server = Server::start(|asked| match (asked.line.as_str(), asked.nth) {
        ("POST /subjects/orders/versions", _) => Reply::Json(200, json!({ "id": 7 })),
        // Another server of the registry is behind.
        ("POST /subjects/orders", 1) => unknown(40403),
        _ => Reply::Json(200, json!({ "subject": "orders", "id": 7, "version": 3, "schema": "{}" })),
    });
    let registry = registry(&server);
    let references = vec![Reference { name: "r".to_owned(), subject: "s".to_owned(), version: 1 }];
    let schema = SchemaText { kind: SchemaKind::Json, text: "{}".into(), references };
    assert_eq!(registry.register("orders", &schema).unwrap(), Registered { id: 7, version: 3, guid: None });
    registry.register_as("orders", &avro("\"string\""), 7).unwrap();
    let sent: Vec<Value> = server.asked().into_iter().map(|asked| asked.body).collect();
    assert_eq!(sent[0], json!({ "schema": "{}", "schemaType": "JSON", "references": [reference("r", "s", 1)] }));
    assert_eq!(sent[3], json!({ "schema": "\"string\"", "id": 7 }));
    insta::assert_snapshot!(said(&server, registry.register_as("orders", &schema, 8).unwrap_err()), @"the answer of the registry at `URL` to `POST /subjects/orders/versions` is not understood: the schema has the id 7 there, and not 8");
}

#[test]
fn a_schema_that_is_not_taken_says_why() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /subjects/orders/versions" => {
            Reply::Json(409, json!({ "error_code": 409, "message": "incompatible with an earlier\nschema" }))
        }
        _ => Reply::Json(422, json!({ "error_code": 42205, "message": "Subject x is in read-only mode" })),
    });
    let registry = registry(&server);
    insta::assert_snapshot!(said(&server, registry.register("orders", &avro("1")).unwrap_err()), @r#"
    the registry at `URL` does not take a schema into the subject `orders`: incompatible with an earlier\nschema
    hint: register it by hand, or change the compatibility of the subject while records are restored
    "#);
    insta::assert_snapshot!(said(&server, registry.register("x", &avro("1")).unwrap_err()), @r#"
    the registry at `URL` refuses `POST /subjects/x/versions`: 422 Unprocessable Entity: Subject x is in read-only mode
    hint: the mode of the registry or of the subject does not let it: see `GET /mode`
    "#);
}

#[test]
fn modes_are_told_by_registries_old_and_new_and_by_those_without_any() {
    let mode = |word: &'static str, answer: fn(&Asked, Value) -> Reply| {
        let server = Server::start(move |asked| answer(asked, json!({ "mode": word })));
        registry(&server).mode("a b").unwrap()
    };
    let new = |asked: &Asked, mode: Value| {
        assert_eq!(asked.line, "GET /mode/a%20b?defaultToGlobal=true");
        Reply::Json(200, mode)
    };
    assert_eq!(mode("READWRITE", new), Mode::ReadWrite);
    assert_eq!(mode("READONLY_OVERRIDE", new), Mode::ReadOnly);
    assert_eq!(mode("IMPORT", new), Mode::Import);
    assert_eq!(mode("FORWARD", new), Mode::Other("FORWARD".to_owned()));
    let old = |asked: &Asked, mode: Value| match asked.line.as_str() {
        "GET /mode" => Reply::Json(200, mode),
        _ => unknown(40409),
    };
    assert_eq!(mode("READONLY", old), Mode::ReadOnly);
    assert_eq!(mode("", |_, _| Reply::Text(404, "no such page")), Mode::ReadWrite);
}

#[test]
fn compatibility_is_told_with_its_reasons() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "POST /compatibility/subjects/good/versions?verbose=true"
        | "POST /compatibility/subjects/unheard/versions?verbose=true" => {
            Reply::Json(200, json!({ "is_compatible": true }))
        }
        "POST /compatibility/subjects/bad/versions?verbose=true" => {
            Reply::Json(200, json!({ "is_compatible": false, "messages": ["a\tfield", "is missing"] }))
        }
        "GET /subjects/good/versions" => Reply::Json(200, json!([1, 2])),
        _ => unknown(40401),
    });
    let registry = registry(&server);
    let ask = |subject| registry.compatibility(subject, &avro("1")).unwrap();
    assert_eq!(ask("good"), Compatibility::Compatible);
    assert_eq!(ask("bad"), Compatibility::Incompatible(vec!["a field".to_owned(), "is missing".to_owned()]));
    assert_eq!(ask("nothing"), Compatibility::NothingThere);
    assert_eq!(ask("unheard"), Compatibility::NothingThere);
}

#[test]
fn the_places_of_a_schema_and_the_last_of_a_subject() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "GET /schemas/ids/7/versions" => {
            Reply::Json(200, json!([{ "subject": "a", "version": 1 }, { "subject": "b", "version": 4 }]))
        }
        _ => Reply::Json(200, json!({ "subject": "a", "id": 7, "version": 1, "schema": "\"int\"" })),
    });
    let registry = registry(&server);
    assert_eq!(registry.subjects_of(7).unwrap(), [("a".to_owned(), 1), ("b".to_owned(), 4)]);
    assert_eq!(registry.latest("a").unwrap(), Some((Registered { id: 7, version: 1, guid: None }, avro("\"int\""))));
}
