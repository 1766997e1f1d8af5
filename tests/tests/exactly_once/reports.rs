//! The reports of runs that follow each other.

use std::fs;

use anabranch_tests::binaries::plugin;
use serde_json::Value;

use crate::documented::assert_documented;
use crate::resuming::slow;
use crate::shop::{Running, Shop, wait};

/// Lines for the end of a job file.
pub(crate) const REPORT: &str =
    "[report]\nurl = \"reports/run.json\"\n[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n";

/// Runs a job until it is in its middle.
fn begun(shop: &Shop) -> Running {
    let mut running = shop.start();
    running.until_it_flows();
    wait(1500);
    running
}

pub(crate) fn report(shop: &Shop) -> Value {
    let report = serde_json::from_slice(&fs::read(shop.folder.path().join("reports/run.json")).unwrap()).unwrap();
    assert_documented(&report);
    report
}

pub(crate) fn records(counts: &Value) -> (u64, u64) {
    let of = |what: &str| counts[what]["records"].as_u64().unwrap();
    (of("read"), of("written"))
}

#[test]
fn the_reports_of_a_stopped_run_and_of_the_next_add_up_to_the_whole_job() {
    let shop = slow().resources(REPORT);
    let running = begun(&shop);
    assert_eq!(report(&shop)["outcome"], "running");
    running.signal("TERM");
    let summary = running.end().2.unwrap();
    let first = report(&shop);
    assert_eq!((&first["outcome"], &first["exit"]), (&"stopped".into(), &1.into()));
    assert_eq!(records(&first["this_run"]), records(&summary));
    assert!(records(&summary).0 > 0, "{summary}");
    assert_eq!(first["all_runs"], first["this_run"]);
    assert_eq!(first["inputs"]["files"].as_array().unwrap().len(), shop.files().len());

    shop.restore();
    let second = report(&shop);
    assert_eq!((&second["outcome"], &second["exit"]), (&"complete".into(), &0.into()));
    assert_ne!(second["run"], first["run"]);
    assert_eq!(second["first_started"], first["first_started"]);
    assert_eq!(second["digests"], first["digests"]);
    let (before, now, all) = (records(&first["this_run"]), records(&second["this_run"]), records(&second["all_runs"]));
    assert_eq!((before.0 + now.0, before.1 + now.1), all);
    shop.check();
    assert_eq!(all, (shop.source_records(), shop.visible() as u64));
    // Every record lies within the ranges that are said.
    let found = shop.found();
    for lane in second["lanes"].as_array().unwrap() {
        let source = lane["partition"].as_i64().unwrap();
        let of_lane = found.iter().filter(|((_, _, from), _)| i64::from(*from) == source);
        let places: Vec<(String, i64)> =
            of_lane.map(|((topic, partition, _), _)| (topic.clone(), i64::from(*partition))).collect();
        for target in lane["targets"].as_array().unwrap() {
            assert!(target["from"].as_i64().unwrap() < target["to"].as_i64().unwrap(), "{target}");
        }
        let said = |(topic, partition): &(String, i64)| {
            let targets = lane["targets"].as_array().unwrap().iter();
            targets.filter(|target| target["topic"] == **topic && target["partition"] == *partition).count() == 1
        };
        assert!(places.iter().all(said), "{places:?} {lane}");
    }

    // Nothing is left to do, and that is reported too.
    shop.restore();
    let third = report(&shop);
    assert_eq!((&third["outcome"], &third["run"]), (&"complete".into(), &Value::Null));
    assert_eq!(records(&third["this_run"]), (0, 0));
    assert_eq!(records(&third["all_runs"]), all);
    assert_eq!(third["lanes"][0]["targets"], second["lanes"][0]["targets"]);
}

#[test]
fn what_a_plugin_makes_of_where_batches_are_cut_is_committed_once_and_in_order_all_the_same() {
    let hostile = plugin("guest-hostile").unwrap();
    let shop = slow().resources(&format!(
        "{REPORT}[[plugin]]\nname = \"moody\"\npath = {hostile:?}\nparameters = {{ deed = \"cuts\", at = 0 }}\n"
    ));
    let running = begun(&shop);
    running.signal("KILL");
    running.end();
    shop.restore();
    shop.settle();
    let (wanted, found) = (shop.wanted(), shop.found());
    for (place, found) in &found {
        let mut wanted = wanted[place].iter();
        let late = found.iter().find(|found| !wanted.any(|wanted| wanted == *found));
        assert_eq!(late, None, "{place:?}: twice, or out of order");
    }
    // Each record was answered for once: what is not there is what the plugin left out, whose answer was committed.
    let all = &report(&shop)["all_runs"];
    let moody = &all["plugins"][3];
    let dropped = moody["dropped"][0]["records"].as_u64().unwrap();
    assert!(dropped > 4, "{moody}");
    assert_eq!(records(all), (shop.source_records(), shop.visible() as u64));
    assert_eq!(moody["read"].as_u64().unwrap() - dropped, shop.visible() as u64);
    assert_eq!(moody["read"].as_u64().unwrap(), wanted.values().map(Vec::len).sum::<usize>() as u64);
}
