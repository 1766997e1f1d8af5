//! What is said of a wrong command line or job file, and how it exits.

#![allow(clippy::expect_used, reason = "tests")]

mod run;

use std::fs;
use std::process::Stdio;

use run::{backup, command, run};

#[test]
fn help_is_data_and_no_error() {
    let dir = backup();
    let help = run(dir.path(), &["restore", "--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for flag in ["--backup", "--plugin", "--param", "--brokers", "--map", "--partition", "--create", "--property"] {
        assert!(help.stdout.contains(flag), "{flag} is not in the help");
    }
}

#[test]
fn a_wrong_flag_exits_with_2() {
    let dir = backup();
    insta::assert_snapshot!(run(dir.path(), &["restore", "--bakcup", "x"]), @"");
    insta::assert_snapshot!(run(dir.path(), &["plan", "--column", "kye=k"]), @"");
    insta::assert_snapshot!(run(dir.path(), &["plan", "--memory", "much"]), @"");
}

#[test]
fn what_is_missing_is_named() {
    let dir = backup();
    insta::assert_snapshot!(run(dir.path(), &["restore"]), @"");
    insta::assert_snapshot!(run(dir.path(), &["restore", "--brokers", "null"]), @"");
    insta::assert_snapshot!(run(dir.path(), &["restore", "absent.toml"]), @"");
    insta::assert_snapshot!(run(dir.path(), &["plan", "--backup", "data", "--brokers", "null", "--param", "a=b"]), @"");
}

#[test]
fn a_wrong_job_file_exits_with_2() {
    let dir = backup();
    fs::write(dir.path().join("job.toml"), "[backup]\nurl = \"data\"\ntopci = \"x\"\n").expect("written");
    insta::assert_snapshot!(run(dir.path(), &["plan", "job.toml"]), @"");
    fs::write(dir.path().join("job.toml"), "[target.properties]\nsasl.password = \"${NO_SUCH_PASSWORD}\"\n")
        .expect("written");
    insta::assert_snapshot!(run(dir.path(), &["plan", "job.toml"]), @"");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let dir = backup();
    let mut child = command(dir.path(), &["inspect", "data"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the binary ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
