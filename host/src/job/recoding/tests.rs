//! What `[[schema]]` says that does not go together, and what is said about it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;

use crate::failure::{Exit, Explain as _};
use crate::job::{JobError, SchemaRule, file};

const REGISTRY: &str = "[registry]\nurl = \"http://one:8081\"\n";
const BOTH: &str = "[registry]\nurl = \"http://one:8081\"\n[target.registry]\nurl = \"http://two:8081\"\n";

fn parsed(value: &str, registries: &str) -> Result<Vec<SchemaRule>, JobError> {
    let text = format!(
        "[backup]\nurl = \"/backup\"\n[target]\nbrokers = \"null\"\n[[schema]]\n[schema.value]\n{value}\n{registries}"
    );
    file::parse(&text, Path::new("job.toml"), &|_| None).map(|job| job.schemas)
}

/// What a person reads of values that are said so.
fn complaint(value: &str, registries: &str) -> String {
    let error = parsed(value, registries).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    }
}

#[test]
fn what_goes_together_is_taken() {
    for (value, registries) in [
        ("", ""),
        ("encoding = \"json\"", ""),
        ("encoding = \"json\"\ntarget_encoding = \"avro\"\ntarget_schema = \"a.avsc\"\nregister = false", BOTH),
        ("encoding = \"avro\"\nsubject = \"record\"\nregister = false\nids = { 1 = 2 }", REGISTRY),
        ("encoding = \"avro\"\nschema = \"a.avsc\"\ntarget_encoding = \"json\"", ""),
        ("encoding = \"avro\"\ntarget_schema = \"a.avsc\"\nsubject = \"topic-record\"", BOTH),
        ("encoding = \"protobuf\"\ntarget_schema = \"a.proto\"\nmessage = \"A\"", BOTH),
        ("encoding = \"json-schema\"", BOTH),
        ("encoding = \"rewrite-ids\"\nids = { 41 = 7 }", ""),
        ("encoding = \"rewrite-ids\"\nregister = false", BOTH),
    ] {
        parsed(value, registries).unwrap_or_else(|error| panic!("{value}: {error}"));
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    insta::assert_snapshot!(complaint("schema = \"a.avsc\"", ""), @r#"
    `schema.value` names a schema, and takes the values as the bytes that they are
    hint: say what they are encoded in: `encoding = "avro"`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"raw\"\ntarget_encoding = \"json\"", ""), @r#"
    `schema.value`: nothing becomes of "raw" what is "json"
    hint: what has a JSON becomes each other: `json`, `avro`, `json-schema`, `protobuf`; `raw` and `rewrite-ids` stay what they are
    "#);
    insta::assert_snapshot!(complaint("encoding = \"rewrite-ids\"\ntarget_encoding = \"avro\"", BOTH), @r#"
    `schema.value`: nothing becomes of "rewrite-ids" what is "avro"
    hint: what has a JSON becomes each other: `json`, `avro`, `json-schema`, `protobuf`; `raw` and `rewrite-ids` stay what they are
    "#);
    insta::assert_snapshot!(complaint("encoding = \"rewrite-ids\"\ntarget_schema = \"a.avsc\"", BOTH), @r#"
    `schema.value` names a schema, and `rewrite-ids` looks into no value
    hint: leave the schema out, or say `encoding = "avro"`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"protobuf\"\nschema = \"a.proto\"", BOTH), @r#"
    `schema.value.schema` is about Avro, and the values are protobuf
    hint: leave it out; what they become is `target_schema`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"json\"\ntarget_schema = \"a.avsc\"", ""), @r#"
    `schema.value.target_schema` names a schema, and the values become json
    hint: leave it out, or say of which language it is: `target_encoding = "avro"`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"avro\"\nmessage = \"A\"", BOTH), @r#"
    `schema.value.message` names a message of `target_schema`, and there is none of Protobuf
    hint: leave it out: a value that keeps its schema stays the message that it is
    "#);
    insta::assert_snapshot!(complaint("encoding = \"json\"\ntarget_encoding = \"avro\"", BOTH), @r#"
    `schema.value`: what is json is to become avro, and nothing says of which schema
    hint: name its file: `target_schema = "order.avsc"`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"avro\"", ""), @r#"
    `schema.value`: each value names its schema by an id, and nothing says which registry knows it
    hint: give `url` in `[registry]`; of Avro without ids the file of its schema: `schema = "order.avsc"`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"rewrite-ids\"", ""), @r#"
    `schema.value`: each value names its schema by an id, and nothing says which registry knows it
    hint: give `url` in `[registry]`; of Avro without ids the file of its schema: `schema = "order.avsc"`
    "#);
}

#[test]
fn settings_that_would_mean_nothing_are_refused() {
    insta::assert_snapshot!(complaint("encoding = \"json\"\nids = { 1 = 2 }", BOTH), @r#"
    `schema.value.ids` says what becomes of ids, and these values have none before or after
    hint: leave `ids` out
    "#);
    insta::assert_snapshot!(complaint("encoding = \"avro\"\ntarget_encoding = \"json\"\nids = { 1 = 2 }", BOTH), @r#"
    `schema.value.ids` says what becomes of ids, and these values have none before or after
    hint: leave `ids` out
    "#);
    insta::assert_snapshot!(complaint("encoding = \"avro\"\ntarget_schema = \"a.avsc\"\nids = { 1 = 2 }", BOTH), @r#"
    `schema.value.ids` says what becomes of ids, and all values get that of `target_schema`
    hint: leave out `ids`, or `target_schema`
    "#);
    insta::assert_snapshot!(complaint("register = true", BOTH), @r#"
    `schema.value.register` is about schemas at the target, and these values go without one
    hint: leave it out, or say what they are or become: `encoding` and `target_encoding`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"json\"\nsubject = \"record\"", BOTH), @r#"
    `schema.value.subject` is about schemas at the target, and these values go without one
    hint: leave it out, or say what they are or become: `encoding` and `target_encoding`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"avro\"\ntarget_encoding = \"json\"\nregister = false", BOTH), @r#"
    `schema.value.register` is about schemas at the target, and these values go without one
    hint: leave it out, or say what they are or become: `encoding` and `target_encoding`
    "#);
}

#[test]
fn ids_that_no_registry_gives_are_refused_on_either_side() {
    insta::assert_snapshot!(complaint("encoding = \"rewrite-ids\"\nids = { 0 = 2 }", BOTH), @r#"
    `0` in `ids` must be the id of a schema, a whole number from 1
    hint: write the id of the backup's registry first: `41 = 7`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"rewrite-ids\"\nids = { -1 = 2 }", BOTH), @r#"
    `-1` in `ids` must be the id of a schema, a whole number from 1
    hint: write the id of the backup's registry first: `41 = 7`
    "#);
    insta::assert_snapshot!(complaint("encoding = \"rewrite-ids\"\nids = { 1 = 0 }", BOTH), @"job.toml:8:13: `schema.value.ids.1`: must be the id of a schema, a whole number from 1");
    insta::assert_snapshot!(complaint("encoding = \"rewrite-ids\"\nids = { 1 = -7 }", BOTH), @"job.toml:8:13: `schema.value.ids.1`: must be the id of a schema, a whole number from 1");
}
