//! Guests whose answers depend on what they must not depend on: how many records there were, and where batches are cut.

use super::{Guest, batch, bench, given_back, passed};
use crate::job::Policy;

/// Traps once an instance has seen so many records.
fn traps_after(records: usize) -> Guest {
    let process = format!(
        "(global.set $seen (i32.add (global.get $seen) (call $count (local.get $batch))))
        (if (i32.ge_u (global.get $seen) (i32.const {records})) (then (unreachable)))"
    );
    Guest { process, ..Guest::default() }
}

#[test]
fn unreachable_after_some_records() {
    // It says that it keeps no state, so a fresh instance may go on, and does. Nobody is blamed.
    let batches: Vec<_> = (0..4).map(|at| batch(1000 + at * 100, 100)).collect();
    let all = given_back(&bench(&traps_after(150)), Policy::Skip, |chain| passed(chain, &batches)).unwrap();
    assert!(all.iter().all(|passed| passed.outputs.len() == 100 && passed.aside.is_empty()));
    // Where a fresh one does not get through a batch either, the job ends, and no policy sets records aside for it.
    let error = given_back(&bench(&traps_after(50)), Policy::Skip, |chain| passed(chain, &batches)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "plugin `test 1.2.3` trapped (wasm `unreachable` instruction executed) somewhere in orders-3@1000 to \
         orders-3@1099"
    );
}

#[test]
fn output_that_depends_on_where_batches_are_cut() {
    // Leaves out the first record of each batch: what comes out is within every rule, and nobody can tell.
    let process = "(local.set $row (i32.const 1))
        (local.set $at (call $allocate (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.mul (call $count (local.get $batch)) (i32.const 4))))
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $row) (call $count (local.get $batch))))
            (i32.store (i32.add (local.get $at) (i32.mul (i32.sub (local.get $row) (i32.const 1)) (i32.const 4)))
                (local.get $row))
            (local.set $row (i32.add (local.get $row) (i32.const 1)))
            (br $next)))
        (i32.store (i32.add (global.get $answer) (i32.const 4)) (i32.const 1))
        (i32.store (i32.add (global.get $answer) (i32.const 8)) (local.get $at))
        (i32.store (i32.add (global.get $answer) (i32.const 12))
            (i32.mul (i32.sub (call $count (local.get $batch)) (i32.const 1)) (i32.const 4)))";
    let bench = bench(&Guest { process: process.to_owned(), ..Guest::default() });
    let out = |cuts: &[usize]| {
        let whole = batch(0, 100);
        let mut first = 0;
        let cut = cuts.iter().map(|count| {
            let part = std::sync::Arc::new(whole.slice(first, *count));
            first += count;
            part
        });
        let batches: Vec<_> = cut.collect();
        let all = given_back(&bench, Policy::Fail, |chain| passed(chain, &batches)).unwrap();
        let positions = all
            .iter()
            .flat_map(|passed| passed.outputs.rows().map(|row| passed.outputs.position(&row)).collect::<Vec<_>>());
        positions.collect::<Vec<_>>()
    };
    let (whole, halves) = (out(&[100]), out(&[50, 50]));
    assert_eq!((whole.len(), halves.len()), (99, 98));
    assert!(!halves.contains(&"orders-3@50".to_owned()));
    // In order and none twice, however they are cut.
    let numbers = |positions: &[String]| -> Vec<u32> {
        positions.iter().map(|position| position.rsplit('@').next().unwrap().parse().unwrap()).collect()
    };
    assert!(numbers(&halves).is_sorted_by(|a, b| a < b));
}

#[test]
fn a_trap_only_as_part_of_a_batch() {
    let process = "(if (i32.gt_u (call $count (local.get $batch)) (i32.const 60)) (then (unreachable)))".to_owned();
    let bench = bench(&Guest { process, ..Guest::default() });
    for policy in [Policy::Fail, Policy::Skip] {
        let error = given_back(&bench, policy, |chain| passed(chain, &[batch(900, 50), batch(1000, 100)]));
        insta::allow_duplicates! {
            insta::assert_snapshot!(super::shown(&error.unwrap_err()), @r"
            plugin `test 1.2.3` trapped (wasm `unreachable` instruction executed) somewhere in orders-3@1000 to orders-3@1099
            hint: no record of these fails by itself, but together they failed twice; mend the plugin: what it cannot handle it rejects, with a reason
            ");
        }
    }
}
