//! Killed with -9 at random moments, and started again until done.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;
use serde_json::Value;

use crate::shop::{Shop, wait};

/// Trials of each run of the tests; `ANABRANCH_TRIALS` says otherwise, which `just soak` does.
const TRIALS: u64 = 20;
/// Kills of a trial.
const KILLS: u32 = 2;

/// A job with many transactions in it, of which each takes longer to commit than to fill.
fn shop() -> Shop {
    Shop::new(10_000)
        .settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 1 }")
        .resources("[resources]\nlanes = 3\nbytes_in_flight = \"512 KiB\"\n")
}

/// Runs the job, kills it now and then, and gives the summary of the run that came to its end.
fn trial(random: &mut Pcg32, shop: &Shop) -> Value {
    for _ in 0..KILLS {
        let mut running = shop.start();
        // One in four while it takes its ids and reads, the others while records flow or when they are about to.
        if !random.next_u32().is_multiple_of(4) {
            running.until_it_flows();
        }
        wait(u64::from(random.next_u32() % 700));
        running.child.kill().unwrap();
        let (code, said, summary) = running.end();
        match (code, summary) {
            (None, _) => {}
            (Some(0), Some(summary)) => return summary,
            _ => panic!("{said}"),
        }
    }
    let (code, said, summary) = shop.start().end();
    assert_eq!(code, Some(0), "{said}");
    summary.unwrap()
}

#[test]
fn whatever_is_killed_and_whenever_each_record_arrives_once_and_in_order() {
    let trials = std::env::var("ANABRANCH_TRIALS").map_or(TRIALS, |trials| trials.parse().unwrap());
    let mut resumed = 0;
    for trial in 0..trials {
        let shop = shop();
        let summary = self::trial(&mut Pcg32::new(trial, 0), &shop);
        assert_eq!(summary["complete"], true, "trial {trial}");
        shop.check();
        let (read, before) = (&summary["read"]["records"], &summary["before"]["read"]["records"]);
        let sum = read.as_u64().unwrap() + before.as_u64().unwrap_or_default();
        assert_eq!(sum, shop.source_records(), "trial {trial}: {read} read after {before}");
        resumed += u64::from(before.as_u64().unwrap_or_default() > 0);
    }
    // Were it killed only before its first commit, nothing would be shown.
    assert!(resumed * 3 > trials, "{resumed} of {trials} trials went on in the middle");
}
