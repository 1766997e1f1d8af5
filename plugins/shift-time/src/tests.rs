#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use anabranch_plugin::testing::{Rejected, configure, context, record, run, tombstone};
use serde_json::{Value, json};

use super::ShiftTime;

#[test]
fn records_and_their_values_move_by_the_same_time() {
    let parameters =
        json!({ "by": "+1d", "rfc3339": ["at"], "epoch-s": ["s"], "epoch-ms": ["list[*]"], "epoch-us": ["us"] });
    let before = r#"{ "at" : "2024-01-01T00:00:00Z", "s":1, "list":[1, null, 2], "us":3, "n":1e999 }"#;
    let after = r#"{ "at" : "2024-01-02T00:00:00Z", "s":86401, "list":[86400001, null, 86400002], "us":86400000003, "n":1e999 }"#;
    let records = [record("k", before).at(1000), record("k", "{}"), tombstone("k").at(5)];
    let due = [record("k", after).at(86_401_000), record("k", "{}"), tombstone("k").at(86_400_005)];
    assert_eq!(run::<ShiftTime>(parameters, records).records, due);
}

#[test]
fn a_moment_becomes_the_start_of_the_job_and_intervals_stay() {
    // The job starts at 2023-11-14T22:13:20Z.
    assert_eq!(context().started, 1_700_000_000_000);
    let parameters = json!({ "to-now": "2023-11-14T22:13:10.5Z", "record": false, "epoch-ms": ["a", "b"] });
    let came = run::<ShiftTime>(parameters, [record("k", r#"{"a":0,"b":-7}"#).at(7)]).records;
    assert_eq!(came, [record("k", r#"{"a":9000,"b":8993}"#).at(7)]);
}

#[test]
fn what_cannot_be_moved_goes_by_policy_and_nothing_of_it_is_moved() {
    let parameters = |policy: &str| json!({ "by": "+1s", "epoch-ms": ["a", "b"], "failing": policy });
    let records = [record("k", r#"{"a":1,"b":"soon"}"#).at(9)];
    let reason = "what stands at `b` cannot be moved as `epoch-ms`: `\"soon\"`".to_owned();
    assert_eq!(run::<ShiftTime>(parameters("reject"), records.clone()).rejected, [Rejected { input: 0, reason }]);
    assert_eq!(run::<ShiftTime>(parameters("keep"), records.clone()).records, records);
    assert_eq!(run::<ShiftTime>(parameters("drop"), records).dropped[0].reason.as_deref(), Some("no timestamp"));
    let early = run::<ShiftTime>(json!({ "by": "-1s" }), [record("k", "1").at(999), record("k", "1").at(1000)]);
    assert_eq!(early.rejected[0].reason, "the timestamp 999 cannot be moved by -1000 ms");
    assert_eq!(early.records, [record("k", "1").at(0)]);
    let missing = json!({ "by": "+1s", "epoch-ms": ["a"], "missing": "reject" });
    assert_eq!(run::<ShiftTime>(missing, [record("k", "{}")]).rejected[0].reason, "the value has nothing at `a`");
    let broken = run::<ShiftTime>(json!({ "by": "+1s", "epoch-ms": ["a"] }), [record("k", "{")]);
    assert!(broken.rejected[0].reason.starts_with("the value is not JSON: "));
    // Without paths values are not looked at.
    assert_eq!(run::<ShiftTime>(json!({ "by": "+1s" }), [record("k", "{").at(0)]).records, [record("k", "{").at(1000)]);
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = |parameters: Value| {
        let error = configure::<ShiftTime>(parameters).err().unwrap();
        (error.parameter.unwrap_or_default(), error.message)
    };
    assert_eq!(refused(json!({ "by": "3d" })).1, "`3d` says neither `+`, into the future, nor `-`");
    assert_eq!(refused(json!({ "by": "+3 fortnights" })).0, "by");
    assert_eq!(refused(json!({ "by": "+1us" })).0, "by");
    assert_eq!(refused(json!({ "by": "" })).0, "by");
    assert_eq!(refused(json!({ "by": "+1ms", "epoch-s": ["a"] })).0, "by");
    assert_eq!(refused(json!({ "to-now": "yesterday" })).0, "to-now");
    assert_eq!(refused(json!({})).0, "");
    assert_eq!(refused(json!({ "by": "+1d", "to-now": "2024-01-01T00:00:00Z" })).0, "");
    assert_eq!(refused(json!({ "by": "+1d", "record": false })).0, "");
    assert_eq!(refused(json!({ "by": "+1d", "rfc3339": ["a["] })).0, "rfc3339");
}
