//! Guests whose answers are lies: about lengths, offsets, order and text.

use super::{Guest, batch, bench, blamed, given_back, on_1042, passed, records};
use crate::job::Policy;
use crate::plugin::tests::layout::{Answer, Bytes, bytes};

/// Answers with `answer` where the batch holds the record with offset 1042, else with nothing changed: all of that
/// answer is zero, as is the memory there.
fn answering(answer: Answer) -> Guest {
    let process =
        "(if (i32.eqz (call $holds (local.get $batch) (i64.const 1042))) (then (return (i32.const 256))))".to_owned();
    Guest { process, answer, ..Guest::default() }
}

fn values(values: Bytes) -> Answer {
    Answer { values: Some((vec![0], values)), ..Answer::default() }
}

fn selecting(rows: &[u32]) -> Answer {
    Answer { selection: Some(rows.to_vec()), ..Answer::default() }
}

#[test]
fn a_cyclic_column() {
    // The selection's entries are the answer itself: whether there is one, its own address, its length.
    let cyclic = "(i32.store (i32.add (global.get $answer) (i32.const 4)) (i32.const 1))
        (i32.store (i32.add (global.get $answer) (i32.const 8)) (global.get $answer))
        (i32.store (i32.add (global.get $answer) (i32.const 12)) (i32.const 16))";
    let healed = "(i32.store (i32.add (global.get $answer) (i32.const 4)) (i32.const 0))";
    let guest = on_1042(cyclic);
    let process = format!("{healed} {}", guest.process);
    insta::assert_snapshot!(blamed(&Guest { process, ..guest }), @r"
    plugin `test 1.2.3` broke the plugin interface (rows of selection decrease at entry 3) at orders-3@1042
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
}

#[test]
fn oversized_columns() {
    let long = "x".repeat(2 << 20);
    let guest = Guest { pages: 64, ..answering(values(bytes(&[&long]))) };
    insta::assert_snapshot!(blamed(&guest), @r"
    plugin `test 1.2.3` answered with more than its 1 MiB of output at orders-3@1042
    hint: raise the plugin's limit `output`, or let it answer with less
    ");
    // A selection that is said to have a billion entries, and one that ends beyond the memory.
    for length in ["0xfffffffc", "0x40000"] {
        let lies = format!(
            "(i32.store (i32.const 260) (i32.const 1)) (i32.store (i32.const 264) (i32.const 1024))
            (i32.store (i32.const 268) (i32.const {length})) (return (i32.const 256))"
        );
        let said = blamed(&on_1042(&lies));
        assert!(said.contains("trapped") && said.contains("at orders-3@1042"), "{said}");
    }
}

#[test]
fn overlapping_columns() {
    // The value of the first record is made of the very bytes that are its offsets, the number of its row among them:
    // 0, 0 and 8. Everything is copied out, so that this is an answer like any other.
    let at = 4 + 12 + 40;
    let overlapping = format!(
        "(i32.store (i32.const 24) (i32.const 8))
        (i32.store (i32.add (global.get $answer) (i32.const {at})) (i32.const 1))
        (i32.store (i32.add (global.get $answer) (i32.const {rows})) (i32.const 16))
        (i32.store (i32.add (global.get $answer) (i32.const {count})) (i32.const 4))
        (i32.store (i32.add (global.get $answer) (i32.const {offsets})) (i32.const 20))
        (i32.store (i32.add (global.get $answer) (i32.const {offset_count})) (i32.const 8))
        (i32.store (i32.add (global.get $answer) (i32.const {data})) (i32.const 20))
        (i32.store (i32.add (global.get $answer) (i32.const {length})) (i32.const 8))",
        rows = at + 4,
        count = at + 8,
        offsets = at + 12,
        offset_count = at + 16,
        data = at + 20,
        length = at + 24,
    );
    let bench = bench(&Guest { process: overlapping, ..Guest::default() });
    let all = given_back(&bench, Policy::Fail, |chain| passed(chain, &[batch(0, 3), batch(3, 3)])).unwrap();
    for passed in all {
        let values: Vec<_> = records(&passed.outputs).into_iter().map(|record| record.1.unwrap()).collect();
        assert_eq!(values, [vec![0, 0, 0, 0, 8, 0, 0, 0], b"v1".to_vec(), b"v2".to_vec()]);
    }
}

#[test]
fn offsets_beyond_the_data() {
    insta::assert_snapshot!(blamed(&answering(values((vec![0, 1 << 20], b"x".to_vec(), None)))), @r"
    plugin `test 1.2.3` broke the plugin interface (the offsets of values end with 1048576, but there are 1) at orders-3@1042
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
}

#[test]
fn a_selection_out_of_range() {
    insta::assert_snapshot!(blamed(&answering(selecting(&[4_000_000_000]))), @r"
    plugin `test 1.2.3` broke the plugin interface (selection names row 4000000000 of 1) at orders-3@1042
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
}

#[test]
fn a_selection_out_of_order() {
    // Of a single record no order can be wrong, so that its range is all that can be named: under any policy the job
    // ends.
    let guest = Guest { answer: selecting(&[1, 0]), ..Guest::default() };
    let guest = Guest {
        process: "(if (i32.lt_u (call $count (local.get $batch)) (i32.const 2)) (then (return (i32.const 256))))"
            .to_owned(),
        ..guest
    };
    let bench = bench(&guest);
    for policy in [Policy::Fail, Policy::Skip] {
        let error = given_back(&bench, policy, |chain| passed(chain, &[batch(1000, 3)]).unwrap_err());
        assert_eq!(
            error.to_string(),
            "plugin `test 1.2.3` broke the plugin interface (rows of selection decrease at entry 1) somewhere in \
             orders-3@1000 to orders-3@1002"
        );
    }
}

#[test]
fn text_that_is_not_utf8() {
    let name = (vec![0, 1], vec![0xff], None);
    let headers = (vec![0, 1], vec![0], name, bytes(&["value"]));
    let guest = answering(Answer { headers: Some((vec![0], headers)), ..Answer::default() });
    insta::assert_snapshot!(blamed(&guest), @r"
    plugin `test 1.2.3` broke the plugin interface (header name 0 is not UTF-8) at orders-3@1042
    hint: this is a mistake in the plugin or its SDK; tell the plugin's author this message
    ");
    let said = blamed(&on_1042(
        "(i32.store8 (i32.const 16) (i32.const 0xff)) (call $log (i32.const 3) (i32.const 16) (i32.const 1))",
    ));
    assert!(said.contains("utf-8") && said.contains("at orders-3@1042"), "{said}");
}
