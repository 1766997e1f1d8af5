//! Guests that trap, loop, take too much, or fail, and who is blamed for it.

use std::sync::Arc;
use std::time::Duration;

use super::guests::Guest;
use super::{Bench, batch, shown};

/// Does `what` when the batch holds the record with offset 1042.
fn on_1042(what: &str) -> String {
    format!("(if (call $holds (local.get $batch) (i64.const 1042)) (then {what}))")
}

fn failing(process: String) -> Guest {
    Guest { process, ..Guest::default() }
}

/// What is said of a guest that fails on the record 1042 among those from 1000 on.
fn blamed(guest: &Guest) -> String {
    let mut bench = Bench::of(&[guest]);
    bench.uses[0].limits.time = Duration::from_millis(300);
    shown(&bench.run(&batch(1000, 100)).unwrap_err())
}

#[test]
fn an_error_of_the_plugins_own_is_quoted() {
    insta::assert_snapshot!(blamed(&failing(on_1042("(return (global.get $failure))"))), @r"
    plugin `test 1.2.3` failed (the guest gave up) at orders-3@1042
    hint: mend the plugin: what it cannot handle it rejects, with a reason
    ");
}

#[test]
fn an_answer_outside_of_memory_is_a_trap() {
    let text = blamed(&failing(on_1042("(return (i32.const 0x7ffffff0))")));
    assert!(text.contains("at orders-3@1042"), "{text}");
    assert!(text.contains("out of bounds"), "{text}");
}

#[test]
fn memory_that_runs_out_while_a_batch_is_handed_over_is_the_limits_fault() {
    let mut bench = Bench::of(&[&Guest::default()]);
    bench.uses[0].limits.memory = 4 << 16;
    bench.run(&batch(0, 100)).unwrap();
    let error = bench.run(&batch(0, 40_000)).unwrap_err().to_string();
    assert!(
        error.contains("wanted more than its 256 KiB of memory somewhere in orders-3@0 to orders-3@39999"),
        "{error}"
    );
}

/// Traps in the second call of an instance: fails once, and not when it is tried again.
const SECOND_CALL: &str = "(global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (if (i32.eq (global.get $seen) (i32.const 2)) (then (unreachable)))";

#[test]
fn what_passes_when_tried_again_goes_on_in_a_fresh_instance() {
    let bench = Bench::of(&[&failing(SECOND_CALL.to_owned())]);
    let mut chain = bench.open().unwrap();
    for first in 0..5 {
        let outputs = chain.process(batch(first * 10, 10), &mut []).unwrap().outputs;
        assert_eq!(outputs.len(), 10);
    }
}

#[test]
fn without_the_lanes_past_no_record_is_blamed() {
    let guest = Guest { state: (2, 0), ..failing(on_1042("(unreachable)")) };
    let bench = Bench::of(&[&guest]);
    let mut chain = bench.open().unwrap();
    chain.process(batch(900, 100), &mut []).unwrap();
    let error = chain.process(batch(1000, 100), &mut []).unwrap_err();
    insta::assert_snapshot!(shown(&error), @r"
    plugin `test 1.2.3` trapped (wasm `unreachable` instruction executed) somewhere in orders-3@1000 to orders-3@1099
    hint: the plugin's state goes back to the lane's beginning, so that no record can be tried by itself; mend the plugin: what it cannot handle it rejects, with a reason
    ");
    // At the lane's beginning there is no past to lose.
    chain.reset().unwrap();
    let error = chain.process(batch(1000, 100), &mut []).unwrap_err().to_string();
    assert!(error.ends_with(" at orders-3@1042"), "{error}");
}

#[test]
fn a_windows_past_is_replayed_before_a_record_is_blamed() {
    // Remembers that it saw 1039, three records before, and traps on 1042 only then.
    let process = format!(
        "(if (call $holds (local.get $batch) (i64.const 1039)) (then (global.set $seen (i32.const 1))))
        {}",
        on_1042("(if (global.get $seen) (then (unreachable)))")
    );
    for window in [3, 50] {
        let bench = Bench::of(&[&Guest { state: (1, window), ..failing(process.clone()) }]);
        let mut chain = bench.open().unwrap();
        chain.process(batch(1000, 20), &mut []).unwrap();
        chain.process(batch(1020, 20), &mut []).unwrap();
        let error = chain.process(batch(1040, 20), &mut []).unwrap_err().to_string();
        assert!(error.ends_with(" at orders-3@1042"), "{error}");
    }
    // What a window of two does not reach cannot be proved.
    let bench = Bench::of(&[&Guest { state: (1, 2), ..failing(process) }]);
    let mut chain = bench.open().unwrap();
    chain.process(batch(1039, 1), &mut []).unwrap();
    chain.process(batch(1040, 1), &mut []).unwrap();
    chain.process(batch(1041, 1), &mut []).unwrap();
    assert_eq!(chain.process(batch(1042, 1), &mut []).unwrap().outputs.len(), 1);
}

#[test]
fn a_plugin_that_fails_before_any_record_is_named() {
    let guest = Guest { pages: 200, ..Guest::default() };
    insta::assert_snapshot!(shown(&Bench::of(&[&guest]).load().err().unwrap()), @r"
    plugin `test` wanted more than its 8 MiB of memory in `start`
    hint: raise the plugin's limit `memory`, or let it keep less
    ");
}

#[test]
fn positions_without_offsets_are_files_and_rows() {
    let mut rows = (*batch(0, 50)).clone();
    rows.offsets = None;
    let guest = failing("(if (call $holds (local.get $batch) (i64.const 42)) (then (unreachable)))".to_owned());
    let error = Bench::of(&[&guest]).run(&Arc::new(rows)).unwrap_err().to_string();
    assert!(error.ends_with("at orders-3@backup.parquet:42"), "{error}");
}
