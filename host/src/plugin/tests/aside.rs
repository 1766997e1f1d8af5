//! Records that are set aside, and what the others and the plugins' state make of it.

use std::sync::Arc;
use std::time::Duration;

use super::guests::Guest;
use super::layout::Answer;
use super::{Bench, batch, shown, source};
use crate::aside::{Cause, SetAside};
use crate::job::{Policies, Policy};
use crate::plugin::{Passed, Transform};
use crate::report::PluginCounts;

fn open(guests: &[&Guest], policies: Policies) -> (Box<dyn Transform>, Bench) {
    let mut bench = Bench::of(guests);
    bench.uses.iter_mut().for_each(|plugin| plugin.limits.time = Duration::from_millis(300));
    (bench.load().unwrap().with_policies(policies).open(&source(), "target").unwrap(), bench)
}

/// Row, cause, place in the chain and reason of what is set aside.
fn told(aside: &[SetAside]) -> Vec<(usize, Cause, usize, &str)> {
    let plugin = |each: &SetAside| each.plugin.as_ref().unwrap().index;
    aside.iter().map(|each| (each.row, each.cause, plugin(each), &*each.reason)).collect()
}

fn offsets(passed: &Passed) -> Vec<i64> {
    let offsets = passed.outputs.batch.offsets.clone().unwrap();
    passed.outputs.rows().map(|row| offsets[row.input]).collect()
}

#[test]
fn where_one_output_of_a_record_is_rejected_none_of_it_comes_out() {
    let fan_out = Answer { selection: Some(vec![0, 0, 1, 1, 2]), ..Answer::default() };
    let rejects = Answer {
        selection: Some(vec![0, 2, 4]),
        rejected: vec![(1, "no".to_owned()), (3, "neither".to_owned())],
        ..Answer::default()
    };
    let all = Answer::default();
    let guest = |name: &str, answer| Guest { name: name.to_owned(), answer, ..Guest::default() };
    let guests = [guest("fan-out", fan_out), guest("rejects", rejects), guest("last", all)];
    let guests: Vec<&Guest> = guests.iter().collect();
    let (mut chain, _bench) = open(&guests, Policies::all(Policy::Skip));
    let mut counts = vec![PluginCounts::default(); 3];
    let passed = chain.process(batch(10, 3), &mut counts).unwrap();
    assert_eq!(offsets(&passed), [12]);
    assert_eq!(told(&passed.aside), [(0, Cause::Rejected, 1, "no"), (1, Cause::Rejected, 1, "neither")]);
    assert_eq!([counts[1].read, counts[2].read], [5, 1], "a later plugin saw a sibling of what was rejected");
}

#[test]
fn a_record_with_two_rejected_outputs_is_set_aside_once() {
    let fan_out = Answer { selection: Some(vec![0, 0, 1]), ..Answer::default() };
    let rejected = vec![(0, "first".to_owned()), (1, "second".to_owned())];
    let rejects = Answer { selection: Some(vec![2]), rejected, ..Answer::default() };
    let guest = |name: &str, answer| Guest { name: name.to_owned(), answer, ..Guest::default() };
    let (mut chain, _bench) =
        open(&[&guest("fan-out", fan_out), &guest("rejects", rejects)], Policies::all(Policy::Skip));
    let passed = chain.process(batch(10, 2), &mut []).unwrap();
    assert_eq!((offsets(&passed), told(&passed.aside)), (vec![11], vec![(0, Cause::Rejected, 1, "first")]));
}

/// Counts the records that it ever saw, and traps on these.
fn counting(guilty: &[i64]) -> Guest {
    let trap = |offset: &i64| {
        format!("(if (call $holds (local.get $batch) (i64.const {offset})) (then (call $last_words) (unreachable)))")
    };
    let count = "(global.set $seen (i32.add (global.get $seen) (call $count (local.get $batch))))
        (call $add (i64.extend_i32_u (global.get $seen)))";
    let process = guilty.iter().map(trap).chain([count.to_owned()]).collect();
    Guest { process, state: (1, 1000), ..Guest::default() }
}

/// The counter of the batch, which is the number of records that the plugin has seen.
fn seen(chain: &mut dyn Transform, first: i64, count: usize) -> (u64, Passed) {
    let mut counts = [PluginCounts::default()];
    let passed = chain.process(batch(first, count), &mut counts).unwrap();
    (counts[0].counters["counter"], passed)
}

#[test]
fn guilty_records_are_set_aside_and_are_in_no_plugins_past() {
    let (mut chain, _bench) = open(&[&counting(&[1007, 1042])], Policies::all(Policy::Skip));
    let (count, passed) = seen(&mut *chain, 1000, 50);
    assert_eq!((count, passed.outputs.len()), (48, 48));
    let why = "trapped (wasm `unreachable` instruction executed), saying \"panicked at its last words\"";
    assert_eq!(told(&passed.aside), [(7, Cause::Fault, 0, why), (42, Cause::Fault, 0, why)]);
    let (count, passed) = seen(&mut *chain, 1050, 50);
    assert_eq!((count, passed.aside.len()), (98, 0));

    // However the batches are cut that bring the state back.
    chain.reset().unwrap();
    chain.replay(batch(1000, 30)).unwrap();
    chain.replay(batch(1030, 20)).unwrap();
    assert_eq!(seen(&mut *chain, 1050, 50).0, 98);
    // And when they are not replayed but sent anew.
    chain.reset().unwrap();
    assert_eq!(told(&seen(&mut *chain, 1040, 10).1.aside), [(2, Cause::Fault, 0, why)]);
}

#[test]
fn what_was_set_aside_once_stays_so_in_a_replay_whatever_the_job_says_now() {
    let (mut chain, _bench) = open(&[&counting(&[1042])], Policies::default());
    chain.replay(batch(1000, 50)).unwrap();
    assert_eq!(seen(&mut *chain, 1050, 50).0, 99);
    let rejected = vec![(1, "no".to_owned())];
    let rejects = Answer { selection: Some(vec![0, 2]), rejected, ..Answer::default() };
    let (mut chain, _bench) = open(&[&Guest { answer: rejects, ..Guest::default() }], Policies::default());
    chain.replay(batch(1000, 3)).unwrap();
    chain.process(batch(1000, 3), &mut []).unwrap_err();
}

#[test]
fn no_policy_applies_where_no_record_is_proved_guilty() {
    let together = "(if (i32.gt_u (call $count (local.get $batch)) (i32.const 60)) (then (unreachable)))";
    let (mut chain, _bench) =
        open(&[&Guest { process: together.to_owned(), ..Guest::default() }], Policies::all(Policy::Skip));
    let text = shown(&chain.process(batch(1000, 100), &mut []).unwrap_err());
    assert!(text.contains("somewhere in orders-3@1000 to orders-3@1099"), "{text}");
}

#[test]
fn a_batch_of_which_all_is_guilty_comes_to_nothing() {
    let guest = Guest { process: "(unreachable)".to_owned(), ..Guest::default() };
    let (mut chain, _bench) =
        open(&[&guest, &Guest { name: "next".to_owned(), ..Guest::default() }], Policies::all(Policy::Skip));
    let passed = chain.process(Arc::clone(&batch(0, 4)), &mut []).unwrap();
    assert_eq!((passed.outputs.len(), passed.aside.len()), (0, 4));
}
