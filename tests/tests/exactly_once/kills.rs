//! Killed with -9 at random moments, and started again until done.

use std::time::Instant;

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

use crate::shop::{Shop, ended, wait};

/// Trials of each run of the tests; `ANABRANCH_TRIALS` says otherwise, which `just soak` does.
const TRIALS: u64 = 20;

/// A job that takes a second or so, with many transactions in it.
fn shop() -> Shop {
    Shop::new(6000)
        .settings("transactions.age = \"60ms\"")
        .resources("[resources]\nlanes = 3\nbytes_in_flight = \"512 KiB\"\n")
}

#[test]
fn whatever_is_killed_and_whenever_each_record_arrives_once_and_in_order() {
    let trials = std::env::var("ANABRANCH_TRIALS").map_or(TRIALS, |trials| trials.parse().unwrap());
    let mut kills = 0;
    for trial in 0..trials {
        let mut random = Pcg32::new(trial, 0);
        let shop = shop();
        let (mut runs, begun) = (0, Instant::now());
        loop {
            runs += 1;
            let mut child = shop.start();
            // Later and later, so that it comes to an end.
            wait(u64::from(random.next_u32() % 700) + runs * 150);
            if child.try_wait().unwrap().is_some() {
                let (code, said) = ended(child);
                assert_eq!(code, Some(0), "trial {trial}, run {runs}: {said}");
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
        }
        shop.check();
        println!("trial {trial}: {runs} runs, {:?}", begun.elapsed());
    }
    // A job too short for its killer would show nothing.
    assert!(kills > trials, "{kills} kills in {trials} trials");
}
