//! Object stores that misbehave under a restore: it waits for them, or ends with nothing lost, and never takes one file
//! for another.

use std::time::{Duration, Instant};

use anabranch_tests::object_store::{Fault, S3Server};

use crate::reports::{REPORT, report};
use crate::shop::{Running, Shop, wait};

/// A job over an S3 server, slow enough for something to happen in its middle; with these options of the store.
fn stored(options: &str) -> (S3Server, Shop) {
    let server = S3Server::start().unwrap();
    server.create_bucket("backups").unwrap();
    let shop = Shop::new(3000).stored_on(&server, options);
    let shop = shop
        .settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }")
        .resources("[resources]\nlanes = 1\nbytes_in_flight = \"64 KiB\"\n");
    (server, shop)
}

/// Runs it until it has committed something. The store is slow for so long, so that the most is still to come.
fn begun(server: &S3Server, shop: &Shop) -> Running {
    let mut running = shop.start();
    running.until_it_flows();
    server.misbehave(std::iter::repeat_n(Fault::Delay(Duration::from_millis(500)), 10_000));
    running.until_it_writes(shop);
    server.behave();
    running
}

#[test]
fn whatever_a_store_does_each_record_arrives_once_and_in_order() {
    let (server, shop) = stored("timeout = \"1s\"\n");
    server.misbehave_at_listings([Fault::Answer(503, "SlowDown"), Fault::Reset, Fault::Truncate]);
    let running = begun(&server, &shop);
    let faults = [
        Fault::Answer(500, "InternalError"),
        Fault::Answer(503, "SlowDown"),
        Fault::Reset,
        Fault::Truncate,
        Fault::Short,
        Fault::Delay(Duration::from_millis(200)),
        Fault::StallWithin(Duration::from_millis(1500)),
    ];
    server.misbehave(faults);
    let (code, said, summary) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(summary.unwrap()["read"]["records"], shop.source_records());
    assert_eq!(server.behave(), 0, "each of them was met");
    shop.check();
}

#[test]
fn a_store_that_stalls_for_longer_than_a_transaction_may_take_is_waited_for() {
    let (server, shop) = stored("timeout = \"1s\"\n");
    let shop = shop.settings(
        "transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5, \"transaction.timeout.ms\" = 5000, \
         \"message.timeout.ms\" = 5000 }",
    );
    let running = begun(&server, &shop);
    // Into the middle of a lane.
    wait(200);
    server.stall(Duration::from_secs(8));
    let stalled = Instant::now();
    let (code, said, _) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(stalled.elapsed() > Duration::from_secs(8), "it was read to its end before");
    // What is open while nothing comes is committed and not left to expire.
    assert!(!said.contains("going back to"), "{said}");
    shop.check();
}

#[test]
fn a_store_that_does_not_come_back_ends_the_restore_and_the_same_command_goes_on() {
    let (server, shop) = stored("patience = \"1s\"\ntimeout = \"1s\"\n");
    let running = begun(&server, &shop);
    server.misbehave(std::iter::repeat_n(Fault::Answer(503, "SlowDown"), 100_000));
    let (code, said, _) = running.end();
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("could not be read for 1 s: 503 Service Unavailable, SlowDown"), "{said}");
    assert!(said.contains("the same command goes on from there"), "{said}");
    server.behave();
    let summary = shop.restore();
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0, "{summary}");
    shop.check();
}

#[test]
fn a_signal_ends_a_restore_within_seconds_also_where_the_store_does_not_answer() {
    let (server, shop) = stored("");
    let shop = shop.resources(&REPORT.replace("lanes = 2", "lanes = 1"));
    let running = begun(&server, &shop);
    server.stall(Duration::from_secs(60));
    // What has come already is sent until then, and the read under way is waited for.
    wait(3000);
    let (said, _) = running.stops_within(15, "TERM");
    assert!(said.contains("stopping was given up after 10 s"), "{said}");
    assert!(said.contains("the same command goes on from the last commit"), "{said}");
    let report = report(&shop);
    assert_eq!((&report["outcome"], &report["exit"]), (&"interrupted".into(), &1.into()));
    server.behave();
    let summary = shop.restore();
    assert!(summary["before"]["read"]["records"].as_u64().unwrap() > 0, "{summary}");
    // What the report tells is what was committed.
    let told = |what: &str| (&report["this_run"][what]["records"], &summary["before"][what]["records"]);
    for (told, before) in ["read", "written"].map(told) {
        assert_eq!(told, before, "{report}");
    }
    shop.check();
}

#[test]
fn an_object_that_changes_in_the_middle_of_a_restore_is_refused_by_its_name() {
    let (server, shop) = stored("");
    // The last file of some lane, which is read at the end.
    let (path, content) = shop.files().into_iter().max_by_key(|(path, _)| path.len()).unwrap();
    let running = begun(&server, &shop);
    let changed: Vec<u8> = content.iter().map(|byte| if *byte == b'7' { b'8' } else { *byte }).collect();
    assert_ne!(changed, content);
    server.put("backups", &path, changed).unwrap();
    let (code, said, _) = running.end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&format!("error: `{path}` has changed since the backup was listed")), "{said}");
    // Started again with the changed file, it is refused; put right, it goes on.
    let refused = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("changed-source"), "{refused:?}");
    server.put("backups", &path, content).unwrap();
    shop.restore();
    shop.check();
}
