//! The report of a run whose place went away under it.

use std::fs;

use crate::shop::{Running, Shop, said, wait};

/// Lines for the end of a job file.
const REPORT: &str = "[report]\nurl = \"reports/run.json\"\n[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n";

/// Runs a job until it is in its middle.
fn begun(shop: &Shop) -> Running {
    let mut running = shop.start();
    running.until_it_flows();
    wait(1500);
    running
}

#[test]
fn a_report_that_cannot_be_written_in_the_end_does_not_hide_how_the_restore_ended() {
    let shop =
        Shop::new(8000).settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }").resources(REPORT);
    let spoil = || {
        fs::remove_dir_all(shop.folder.path().join("reports")).unwrap();
        fs::write(shop.folder.path().join("reports"), "").unwrap();
    };
    let running = begun(&shop);
    spoil();
    running.signal("TERM");
    let (code, text, summary) = running.end();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("error: the restore was stopped in order, but its report cannot be written"), "{text}");
    assert!(text.contains("reports/run.json` cannot be written"), "{text}");
    assert!(text.contains("the same command goes on from there"), "{text}");
    assert_eq!(summary.unwrap()["complete"], false);

    fs::remove_file(shop.folder.path().join("reports")).unwrap();
    // What is left is little: as soon as the report has begun.
    let mut running = shop.start();
    running.until_it_flows();
    spoil();
    let (code, text, summary) = running.end();
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("error: the restore is complete, but its report cannot be written"), "{text}");
    assert_eq!(summary.unwrap()["complete"], true);
    shop.check();

    // What cannot be written from the start is told before anything is done.
    let output = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("nothing was done"), "{}", said(&output));
}
