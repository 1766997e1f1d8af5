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
    insta::assert_snapshot!(run(dir.path(), &["restore", "--bakcup", "x"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: unexpected argument '--bakcup' found

      tip: a similar argument exists: '--backup'

    Usage: anabranch restore --backup <URL> [JOB]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(run(dir.path(), &["plan", "--column", "kye=k"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'kye=k' for '--column <PART=COLUMN>': there is no `kye`; did you mean `key`?

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(run(dir.path(), &["plan", "--memory", "much"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: invalid value 'much' for '--memory <SIZE>': not a size such as `64 MiB`

    For more information, try '--help'.
    ");
}

#[test]
fn what_is_missing_is_named() {
    let dir = backup();
    insta::assert_snapshot!(run(dir.path(), &["restore"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: no target is given
    hint: give `--brokers host:port`, or `brokers` in the job file's `[target]`; `null` only counts
    ");
    insta::assert_snapshot!(run(dir.path(), &["restore", "--brokers", "null"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: no backup is given
    hint: give `--backup URL`, or `url` in the job file's `[backup]`
    ");
    insta::assert_snapshot!(run(dir.path(), &["restore", "absent.toml"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: cannot read the job file `absent.toml`
      caused by: No such file or directory (os error 2)
    hint: check the path of the job file
    ");
    insta::assert_snapshot!(run(dir.path(), &["plan", "--backup", "data", "--brokers", "null", "--param", "a=b"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: a `--param` stands before any `--plugin`
    hint: put it after the `--plugin` that it is for
    ");
}

#[test]
fn a_wrong_job_file_exits_with_2() {
    let dir = backup();
    fs::write(dir.path().join("job.toml"), "[backup]\nurl = \"data\"\ntopci = \"x\"\n").expect("written");
    insta::assert_snapshot!(run(dir.path(), &["plan", "job.toml"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: job.toml:3:1: unknown key `topci` in `[backup]`
    hint: did you mean `topic`?
    ");
    fs::write(dir.path().join("job.toml"), "[target.properties]\nsasl.password = \"${NO_SUCH_PASSWORD}\"\n")
        .expect("written");
    insta::assert_snapshot!(run(dir.path(), &["plan", "job.toml"]), @r"
    exit 2
    --- stdout
    --- stderr
    error: job.toml:2:17: `target.properties.sasl.password`: the environment variable `NO_SUCH_PASSWORD` is not set
    hint: set it, or write `$${` for a `${` that is meant as it stands
    ");
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
