//! The README's first command, after its build: the demo passes its own checks.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anabranch_tests::binaries::plugin;

/// Every demo writes its backup to the same place.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn the_demo_restores_into_the_mock_cluster_and_says_so() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for package in ["drop-test-users", "mask"] {
        plugin(package).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).output().unwrap();
    let (said, shown) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(output.status.success(), "{said}");
    assert!(said.contains("librdkafka's mock cluster, embedded in this demo"), "{said}");
    assert!(said.contains("among those: no test user, no e-mail address"), "{said}");
    assert!(shown.contains("test user") && shown.contains("200,000 records"), "{shown}");
}

#[test]
fn a_flag_that_the_demo_does_not_know_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).arg("--kafak").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "error: `demo` takes nothing but `--kafka`, not `--kafak`\n");
}

#[test]
fn the_demo_restores_into_apache_kafka_and_reads_back_every_record() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for package in ["drop-test-users", "mask"] {
        plugin(package).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).arg("--kafka").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("179931 records were written; the broker still keeps the newest 179931 of them"), "{said}");
}
