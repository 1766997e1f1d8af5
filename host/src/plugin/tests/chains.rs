//! Several plugins, one after the other.

use std::sync::Arc;

use super::guests::{Guest, even_offsets, key_as_value};
use super::layout::Answer;
use super::{Bench, batch, records};
use crate::plugin::State;
use crate::report::PluginCounts;

#[test]
fn the_next_plugin_gets_what_the_one_before_made() {
    let (even, key_as_value) = (even_offsets(), key_as_value());
    let bench = Bench::of(&[&even, &key_as_value]);
    let (outputs, counts) = bench.run(&batch(11, 6)).unwrap();
    let values: Vec<_> = records(&outputs).into_iter().map(|record| record.1.unwrap()).collect();
    assert_eq!(values, [b"k1".to_vec(), b"k3".to_vec(), b"k5".to_vec()]);
    let positions: Vec<String> = outputs.rows().map(|row| outputs.position(&row)).collect();
    assert_eq!(positions, ["orders-3@12", "orders-3@14", "orders-3@16"]);
    let dropped = [(String::new(), 3)].into();
    assert_eq!(counts[0], PluginCounts { read: 6, kept: 3, dropped, written: 3, ..PluginCounts::default() });
    assert_eq!(counts[1], PluginCounts { read: 3, kept: 3, changed: 3, written: 3, ..PluginCounts::default() });
}

#[test]
fn answers_that_change_nothing_are_the_very_batch() {
    let guest = Guest::default();
    let whole = Guest {
        name: "whole".to_owned(),
        answer: Answer { selection: Some((0..6).collect()), ..Answer::default() },
        ..Guest::default()
    };
    let batch = batch(0, 6);
    let (outputs, _) = Bench::of(&[&guest, &whole]).run(&batch).unwrap();
    assert!(Arc::ptr_eq(&outputs.batch, &batch));
    assert!(Arc::ptr_eq(&outputs.into_batch(), &batch));
}

#[test]
fn a_chosen_topic_is_handed_on() {
    let route = Guest {
        name: "route".to_owned(),
        answer: Answer {
            topics: Some((vec![1], (vec![0], vec!["elsewhere".to_owned()]))),
            partitions: Some((vec![2], vec![9])),
            ..Answer::default()
        },
        ..Guest::default()
    };
    // Counts what it is handed: distinct names of topics, one of them for "none", and partitions.
    let reads = Guest {
        name: "reads".to_owned(),
        reads: 48,
        process: "(call $add (i64.extend_i32_u (i32.load (i32.add (local.get $batch) (i32.const 208)))))
            (call $add (i64.mul (i64.const 1000)
                (i64.load32_s (i32.add (i32.load (i32.add (local.get $batch) (i32.const 216))) (i32.const 8)))))"
            .to_owned(),
        ..Guest::default()
    };
    let (outputs, counts) = Bench::of(&[&route, &reads]).run(&batch(0, 3)).unwrap();
    let routes: Vec<_> = records(&outputs).into_iter().map(|record| (record.4, record.5)).collect();
    assert_eq!(routes, [(None, None), (Some("elsewhere".to_owned()), None), (None, Some(9))]);
    assert_eq!(counts[1].counters.get("counter"), Some(&9002));
}

#[test]
fn nothing_is_called_for_what_an_earlier_plugin_left_out() {
    let none = Guest { answer: Answer { selection: Some(vec![]), ..Answer::default() }, ..Guest::default() };
    let traps = Guest { name: "traps".to_owned(), process: "(unreachable)".to_owned(), ..Guest::default() };
    assert!(Bench::of(&[&none, &traps]).run(&batch(0, 3)).unwrap().0.is_empty());
}

#[test]
fn the_state_of_a_chain_covers_every_plugin() {
    let stateless = Guest::default();
    let window = |name: &str, records| Guest { name: name.to_owned(), state: (1, records), ..Guest::default() };
    let lane = Guest { name: "lane".to_owned(), state: (2, 0), ..Guest::default() };
    let state = |guests: &[&Guest]| Bench::of(guests).open().unwrap().state();
    assert_eq!(state(&[&stateless]), State::None);
    assert_eq!(state(&[&window("window", 0)]), State::None);
    assert_eq!(state(&[&window("window", 7), &stateless]), State::Window(7));
    assert_eq!(state(&[&window("window", 7), &lane]), State::Lane);
    // How many source records become the seven that the second plugin sees, nobody can tell.
    assert_eq!(state(&[&stateless, &window("window", 7)]), State::Lane);
}

#[test]
fn after_a_reset_the_lane_begins_anew() {
    let guest = Guest {
        process: "(global.set $seen (i32.add (global.get $seen) (i32.const 1)))
            (call $add (i64.extend_i32_u (global.get $seen)))"
            .to_owned(),
        state: (2, 0),
        ..Guest::default()
    };
    let bench = Bench::of(&[&guest]);
    let mut chain = bench.open().unwrap();
    let mut seen = || {
        let mut counts = [PluginCounts::default()];
        chain.process(batch(0, 3), &mut counts).unwrap();
        let seen = counts[0].counters["counter"];
        if seen == 2 {
            chain.reset().unwrap();
        }
        seen
    };
    assert_eq!([seen(), seen(), seen(), seen()], [1, 2, 1, 2]);
}
