#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use anabranch_plugin::testing::{OwnedRecord, configure, record, run, tombstone};
use serde_json::{Value, json};

use super::Unwrap;

/// What comes of one record.
fn came(parameters: Value, record: OwnedRecord) -> Vec<OwnedRecord> {
    let run = run::<Unwrap>(parameters, [record]);
    assert_eq!(run.rejected, []);
    run.records
}

fn debezium(op: &str, before: &str, after: &str) -> String {
    format!(
        r#"{{"before": {before},"after": {after},"source":{{"table":"orders","lsn":12}},"op":"{op}","ts_ms":1700000000000}}"#
    )
}

const ROW: &str = r#"{"id": 1, "n":1.50}"#;

#[test]
fn rows_come_out_of_debezium_with_their_very_bytes() {
    for op in ["c", "u", "r"] {
        assert_eq!(came(json!({}), record("k", debezium(op, "null", ROW))), [record("k", ROW)]);
    }
    let wrapped = |payload: &str| format!(r#"{{"schema":{{"type":"struct"}},"payload":{payload}}}"#);
    let both = record(wrapped(r#"{"id":1}"#), wrapped(&debezium("c", "null", ROW)));
    assert_eq!(came(json!({}), both), [record(r#"{"id":1}"#, ROW)]);
    assert_eq!(came(json!({}), tombstone(wrapped(r#"{"id":1}"#))), [tombstone(r#"{"id":1}"#)]);
}

#[test]
fn deletes_become_tombstones_or_go_or_are_marked() {
    let delete = || record("k", debezium("d", ROW, "null"));
    assert_eq!(came(json!({}), delete()), [tombstone("k")]);
    assert_eq!(came(json!({ "deletes": "drop" }), delete()), []);
    let mark = json!({ "deletes": "mark" });
    assert_eq!(came(mark.clone(), delete()), [record("k", r#"{"id": 1, "n":1.50, "__deleted":true}"#)]);
    let row = came(mark.clone(), record("k", debezium("u", "null", ROW)));
    assert_eq!(row, [record("k", r#"{"id": 1, "n":1.50, "__deleted":false}"#)]);
    assert_eq!(came(mark, record("k", debezium("d", "null", "null"))), [tombstone("k")]);
}

#[test]
fn tombstones_after_deletes_stay_or_go() {
    assert_eq!(came(json!({}), tombstone("k")), [tombstone("k")]);
    assert_eq!(came(json!({ "tombstones": "drop" }), tombstone("k")), []);
}

#[test]
fn what_the_envelope_tells_is_added_to_rows_and_headers() {
    let parameters = json!({ "add-fields": ["op", "source.table", "absent"], "add-headers": ["ts_ms", "op"] });
    let change = record("k", debezium("u", "null", ROW)).header("trace", "1");
    let due = record("k", r#"{"id": 1, "n":1.50, "__op":"u", "__source_table":"orders"}"#);
    let due = due.header("trace", "1").header("__ts_ms", "1700000000000").header("__op", "u");
    assert_eq!(came(parameters.clone(), change), [due]);
    let deleted = came(parameters, record("k", debezium("d", ROW, "null")));
    assert_eq!(deleted, [tombstone("k").header("__ts_ms", "1700000000000").header("__op", "d")]);
    let strict = json!({ "add-fields": ["absent"], "missing": "reject" });
    let run = run::<Unwrap>(strict, [record("k", debezium("u", "null", ROW))]);
    assert_eq!(run.rejected[0].reason, "the envelope has nothing at `absent`");
}

#[test]
fn what_is_no_row_or_no_envelope_goes_by_policy() {
    let records =
        [record("k", debezium("t", "null", "null")), record("k", r#"{"op":1}"#), record("k", "["), record("k", "7")];
    let run = run::<Unwrap>(json!({}), records.clone());
    assert_eq!(run.dropped[0].reason.as_deref(), Some("tells no row"));
    let reasons: Vec<_> = run.rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
    let no_envelope = "the value is no envelope of `debezium`";
    assert_eq!(reasons, [no_envelope, "the value is not JSON: a value is missing at byte 1", no_envelope]);
    let keep = json!({ "others": "keep", "not-envelope": "keep", "not-json": "keep" });
    assert_eq!(anabranch_plugin::testing::run::<Unwrap>(keep, records.clone()).records, records);
}

#[test]
fn connects_wrapper_alone_is_taken_off() {
    let connect = json!({ "format": "connect" });
    assert_eq!(came(connect.clone(), record("k", r#"{"schema":null,"payload": [1, 2] }"#)), [record("k", "[1, 2]")]);
    assert_eq!(came(connect.clone(), record("k", r#"{"payload":null,"schema":{}}"#)), [tombstone("k")]);
    let run = run::<Unwrap>(connect, [record("k", r#"{"payload":1}"#)]);
    assert_eq!(run.rejected[0].reason, "the value is no envelope of `connect`");
}

#[test]
fn maxwell_tells_rows_as_data() {
    let maxwell = |kind: &str| {
        record("k", format!(r#"{{"database":"d","table":"t","type":"{kind}","ts":1,"data":{ROW},"old":{{}}}}"#))
    };
    let parameters = json!({ "format": "maxwell" });
    for kind in ["insert", "update", "bootstrap-insert"] {
        assert_eq!(came(parameters.clone(), maxwell(kind)), [record("k", ROW)]);
    }
    assert_eq!(came(parameters.clone(), maxwell("delete")), [tombstone("k")]);
    assert_eq!(came(parameters, maxwell("table-alter")), []);
}

#[test]
fn canal_tells_several_rows_at_once() {
    let canal =
        |kind: &str| record(None, format!(r#"{{"data":[{ROW},{{"id":2}}],"isDdl":false,"type":"{kind}","ts":1}}"#));
    let parameters = json!({ "format": "canal" });
    assert_eq!(came(parameters.clone(), canal("INSERT")), [record(None, ROW), record(None, r#"{"id":2}"#)]);
    assert_eq!(came(parameters.clone(), canal("DELETE")).len(), 2);
    assert_eq!(came(parameters, canal("ALTER")), []);
}

#[test]
fn what_cannot_be_added_is_refused() {
    let refused = |parameters: Value| configure::<Unwrap>(parameters).err().unwrap();
    assert_eq!(refused(json!({ "add-fields": ["source.*"] })).parameter.as_deref(), Some("add-fields"));
    assert_eq!(refused(json!({ "format": "connect", "add-headers": ["op"] })).parameter, None);
    assert!(refused(json!({ "format": "oracle" })).message.contains("unknown variant `oracle`"));
}
