//! Schemas that a registry has, written in another way: one that compares texts does not find them by itself.

use super::*;

const POINT: &str =
    r#"{"type":"record","name":"Point","doc":"where","fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]}"#;

/// A registry that finds no text, and has these documents under `orders`, the first as version 1 with the id 11.
fn holding(documents: Vec<Value>) -> Server {
    Server::start(move |asked| match asked.line.strip_prefix("GET /subjects/orders/versions/") {
        None if asked.line == "POST /subjects/orders" => unknown(40403),
        None if asked.line == "GET /subjects/orders/versions" => {
            Reply::Json(200, (1..=documents.len()).collect::<Value>())
        }
        None => panic!("{}", asked.line),
        Some(version) => {
            let version: usize = version.parse().unwrap();
            let mut document = documents[version - 1].clone();
            // As it is told of one that was deleted in between.
            let Some(fields) = document.as_object_mut() else { return unknown(40402) };
            fields.extend([("id".to_owned(), json!(10 + version)), ("version".to_owned(), json!(version))]);
            Reply::Json(200, document)
        }
    })
}

/// The version that is found for a schema.
fn found(documents: Vec<Value>, schema: &SchemaText) -> Option<i32> {
    let server = holding(documents);
    let found = registry(&server).find("orders", schema).unwrap()?;
    assert_eq!(found.id, 10 + found.version);
    Some(found.version)
}

#[test]
fn a_schema_whose_keys_stand_in_another_order_is_found_by_a_registry_that_compares_texts() {
    let other = r#"{ "name": "Point", "type": "record", "fields": [{"type": "int", "name": "x"},
        {"name": "y", "type": "int"}], "doc": "where" }"#;
    let schema = json!({ "schema": other });
    assert_eq!(found(vec![schema.clone(), json!({ "schema": "\"int\"" })], &avro(POINT)), Some(1));
    // The newest of several, whatever is gone by then or not known.
    let many = vec![schema.clone(), schema, Value::Null, json!({ "schema": "x", "schemaType": "THRIFT" })];
    assert_eq!(found(many, &avro(POINT)), Some(2));
    let of_kind = |kind, text: &str| SchemaText { kind, ..avro(text) };
    let json_schema = json!({ "schema": "{\"b\": 1, \"a\": [1, 2]}", "schemaType": "JSON" });
    assert_eq!(found(vec![json_schema], &of_kind(SchemaKind::Json, "{\"a\":[1,2],\"b\":1}")), Some(1));
    let proto = json!({ "schema": "syntax = \"proto3\";\n", "schemaType": "PROTOBUF" });
    assert_eq!(found(vec![proto], &of_kind(SchemaKind::Protobuf, "syntax = \"proto3\";")), Some(1));
}

#[test]
fn a_schema_that_says_anything_else_is_not_taken_for_it() {
    for (text, other) in [
        (
            "{\"name\":\"x\",\"type\":\"int\"},{\"name\":\"y\",\"type\":\"int\"}",
            "{\"name\":\"y\",\"type\":\"int\"},{\"name\":\"x\",\"type\":\"int\"}",
        ),
        ("\"where\"", "\"there\""),
        ("\"name\":\"x\"", "\"name\":\"x\",\"aliases\":[\"z\"]"),
        ("\"name\":\"x\"", "\"name\":\"x\",\"default\":0"),
        ("\"type\":\"int\"", "\"type\":{\"type\":\"int\",\"logicalType\":\"date\"}"),
    ] {
        let changed = POINT.replacen(text, other, 1);
        assert_ne!(changed, POINT, "{text}");
        assert_eq!(found(vec![json!({ "schema": changed })], &avro(POINT)), None, "{other}");
    }
    assert_eq!(found(vec![json!({ "schema": POINT, "schemaType": "JSON" })], &avro(POINT)), None);
    let refers = json!({ "schema": POINT, "references": [reference("A", "a", 1)] });
    assert_eq!(found(vec![refers], &avro(POINT)), None);
    // What is no JSON is compared as it is.
    assert_eq!(found(vec![json!({ "schema": "string " })], &avro("string")), Some(1));
    assert_eq!(found(vec![json!({ "schema": "bytes" })], &avro("string")), None);
}

#[test]
fn what_is_found_at_once_is_one_request_and_versions_are_asked_for_once_and_not_without_end() {
    let server = Server::start(|_| Reply::Json(200, json!({ "id": 1, "version": 1 })));
    let at_once = registry(&server);
    at_once.find("orders", &avro(POINT)).unwrap().unwrap();
    assert_eq!(server.lines(), ["POST /subjects/orders"]);

    let server = Server::start(|_| unknown(40401));
    assert_eq!(registry(&server).find("orders", &avro(POINT)).unwrap(), None);
    assert_eq!(server.lines(), ["POST /subjects/orders"], "there is no such subject");

    let server = holding(vec![json!({ "schema": "\"int\"" }); 150]);
    let long = registry(&server);
    for _ in 0..2 {
        assert_eq!(long.find("orders", &avro(POINT)).unwrap(), None);
    }
    assert_eq!(long.requests(), 2 + 2 + 100);
    let lines = server.lines();
    assert_eq!(
        (lines[2].as_str(), lines[101].as_str()),
        ("GET /subjects/orders/versions/150", "GET /subjects/orders/versions/51")
    );
}
