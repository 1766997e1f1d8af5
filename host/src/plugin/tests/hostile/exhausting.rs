//! Guests that take what there is: time, memory, stack, tables, handles, the log.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{Bench, Guest, batch, bench, blamed, given_back, on_1042, passed, refused};
use crate::job::Policy;

const FOR_EVER: &str = "(loop $for_ever (br $for_ever))";

#[test]
fn an_endless_loop_in_describe() {
    let begun = Instant::now();
    insta::assert_snapshot!(refused(&Guest { describe: FOR_EVER.to_owned(), ..Guest::default() }), @r"
    plugin `test` did not answer within 300ms in `describe`
    hint: look for a loop without an end, or raise the plugin's limit `time`
    ");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_endless_loop_in_configure() {
    insta::assert_snapshot!(refused(&Guest { configure: FOR_EVER.to_owned(), ..Guest::default() }), @r"
    plugin `test 1.2.3` did not answer within 300ms in `configure`
    hint: look for a loop without an end, or raise the plugin's limit `time`
    ");
}

#[test]
fn an_endless_loop_in_process() {
    insta::assert_snapshot!(blamed(&on_1042(FOR_EVER)), @r"
    plugin `test 1.2.3` did not answer within 60000000 instructions for a single record at orders-3@1042
    hint: look for a loop without an end, or raise the plugin's limit `time`
    ");
}

#[test]
fn a_memory_bomb() {
    let bomb = "(loop $more
        (drop (call $allocate (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 1048576))) (br $more))";
    insta::assert_snapshot!(blamed(&on_1042(bomb)), @r"
    plugin `test 1.2.3` wanted more than its 8 MiB of memory at orders-3@1042
    hint: raise the plugin's limit `memory`, or let it keep less
    ");
}

#[test]
fn a_stack_overflow() {
    let functions = "(func $deeper (param i32) (result i32)
        (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))";
    let guest = Guest { functions: functions.to_owned(), ..on_1042("(drop (call $deeper (i32.const 0)))") };
    insta::assert_snapshot!(blamed(&guest), @r"
    plugin `test 1.2.3` trapped (call stack exhausted) at orders-3@1042
    hint: mend the plugin: what it cannot handle it rejects, with a reason
    ");
}

#[test]
fn a_trap() {
    insta::assert_snapshot!(blamed(&on_1042("(call $last_words) (unreachable)")), @r#"
    plugin `test 1.2.3` trapped (wasm `unreachable` instruction executed), saying "panicked at its last words", at orders-3@1042
    hint: mend the plugin: what it cannot handle it rejects, with a reason
    "#);
}

#[test]
fn tables_without_end() {
    let functions = "(table $table 1 funcref)
        (func $grow (loop $more
            (if (i32.eq (i32.const -1) (table.grow $table (ref.null func) (i32.const 100000))) (then (unreachable)))
            (br $more)))";
    let guest = Guest { functions: functions.to_owned(), ..on_1042("(call $grow)") };
    insta::assert_snapshot!(blamed(&guest), @r"
    plugin `test 1.2.3` wanted tables of more than its 1000000 entries at orders-3@1042
    hint: raise the plugin's limit `table_entries`
    ");
}

#[test]
fn more_parts_than_allowed() {
    let mut bench = Bench::of(&[&Guest::default()]);
    bench.uses[0].limits.instances = 1;
    insta::assert_snapshot!(super::shown(&bench.load().err().unwrap()), @r"
    plugin `test` consists of more than its 1 instances, or as many tables or memories in `start`
    hint: raise the plugin's limit `instances`
    ");
}

#[test]
fn handles_without_end() {
    let waits = Guest {
        imports: (
            r#"(import "wasi:clocks/monotonic-clock@0.2.3" "subscribe-duration" (func $wait (param i64) (result i32)))"#
                .to_owned(),
            "import wasi:io/poll@0.2.3; import wasi:clocks/monotonic-clock@0.2.3;".to_owned(),
            "package wasi:io@0.2.3 { interface poll { resource pollable; } }
            package wasi:clocks@0.2.3 { interface monotonic-clock {
                use wasi:io/poll@0.2.3.{pollable};
                subscribe-duration: func(when: u64) -> pollable;
            } }"
            .to_owned(),
        ),
        ..on_1042("(loop $more (drop (call $wait (i64.const 1))) (br $more))")
    };
    let said = blamed(&waits);
    assert!(said.contains("table has no free keys") && said.contains("at orders-3@1042"), "{said}");
}

/// What the log holds of a lane.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_flood() {
    // A hundred lines of 64 KiB for each batch, and after every other one a trap: a new instance is no new beginning.
    let flood = "(local.set $row (i32.const 100))
        (loop $more
            (call $log (i32.const 1) (i32.const 131072) (i32.const 65536))
            (local.set $row (i32.sub (local.get $row) (i32.const 1)))
            (br_if $more (local.get $row)))
        (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
        (if (i32.eq (global.get $seen) (i32.const 2)) (then (unreachable)))";
    let mut bench = bench(&Guest { process: flood.to_owned(), ..Guest::default() });
    let limits = &mut bench.uses[0].limits;
    (limits.log_lines, limits.time) = (30, Duration::from_secs(10));
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let batches: Vec<_> = (0..6).map(|at| batch(at * 100, 100)).collect();
    tracing::subscriber::with_default(subscriber, || {
        let all = given_back(&bench, Policy::Fail, |chain| passed(chain, &batches)).unwrap();
        assert!(all.iter().all(|passed| passed.outputs.len() == 100));
    });
    let said = String::from_utf8(log.0.lock().clone()).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains(" INFO ")).count(), 30, "{} lines", lines.len());
    assert!(lines.iter().all(|line| line.len() < 5 << 10));
    assert!(said.contains("its limit is 30 lines"), "{}", lines[lines.len() - 1]);
    let left_out = lines.iter().find(|line| line.contains("lines of this plugin were left out")).unwrap();
    // The batch that trapped was heard until it did, and once more when it passed.
    assert!(left_out.contains("lane=orders-3"), "{left_out}");
}

#[test]
fn a_slow_drip_of_which_each_call_is_under_the_deadline() {
    // The same work for each record, so that none of them is slow by itself.
    let drip = "(local.set $end (i32.mul (call $count (local.get $batch)) (i32.const 400000)))
        (loop $more
            (local.set $end (i32.sub (local.get $end) (i32.const 1)))
            (br_if $more (local.get $end)))";
    let mut bench = bench(&Guest { process: drip.to_owned(), ..Guest::default() });
    bench.uses[0].limits.time = Duration::from_secs(30);
    let slowest = given_back(&bench, Policy::Fail, |chain| {
        let mut lane = chain.open(&super::source(), "target").unwrap();
        let one = |at: i64| {
            let begun = Instant::now();
            lane.process(batch(at * 100, 100), &mut []).unwrap();
            begun.elapsed()
        };
        (0..5).map(one).max().unwrap()
    });
    // Each has time enough, also on a machine that is busy; all of them together have not.
    bench.uses[0].limits.time = slowest.mul_f64(6.0);
    let batches: Vec<_> = (0..40).map(|at| batch(at * 100, 100)).collect();
    let all = given_back(&bench, Policy::Fail, |chain| passed(chain, &batches)).unwrap();
    assert!(all.iter().all(|passed| passed.outputs.len() == 100));
}
