//! `restore` through the binary, into the target that counts and forgets.

#![allow(clippy::expect_used, reason = "tests")]

mod documented;
mod run;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use documented::assert_documented;
use regex::Regex;
use run::{backup, command, run, write};

#[test]
fn a_restore_ends_with_its_summary() {
    let dir = backup();
    let done = run(dir.path(), &["restore", "--backup", "data", "--brokers", "null", "--map", "orders=restored"]);
    assert_eq!(done.code, Some(0), "{done}");
    let masked = [(r"[\d.]+(ms|s)\n", "TIME\n"), (r"\([\d,]+ records/s, [^)]*\)", "(RATE)")];
    let shown = masked.iter().fold(done.stdout, |text, (pattern, mask)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *mask).into_owned()
    });
    insta::assert_snapshot!(shown, @r"
    restored `data` to null in TIME

    SOURCE TOPIC  RECORDS READ  BYTES
    orders                   7  133 B

    TARGET TOPIC  RECORDS WRITTEN  BYTES
    restored                    7  133 B

    read     7 records, 133 B (RATE)
    written  7 records, 133 B (RATE)

    warning [lost]: 3 files (for instance `orders/part-a.jsonl`): timestamp type: no such column
    ");
}

#[test]
fn a_summary_as_json_is_documented() {
    let dir = backup();
    let done = run(dir.path(), &["restore", "--backup", "data", "--brokers", "null", "--output", "json"]);
    assert_eq!(done.code, Some(0), "{done}");
    let document = done.json();
    assert_documented(&document);
    assert_eq!(document["read"]["records"], 7);
    assert_eq!(document["written"]["records"], 7);
    assert_eq!(document["lanes"][0]["up_to"], "orders-0@4");
}

#[test]
fn a_signal_stops_in_order_and_says_up_to_where() {
    let dir = backup();
    write(dir.path(), "data/orders/part-d.jsonl", 2, 0..300_000);
    let mut child = command(dir.path(), &["restore", "--backup", "data", "--brokers", "null", "--output", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut log = BufReader::new(child.stderr.take().expect("stderr is a pipe")).lines();
    let started = log.by_ref().map_while(Result::ok).any(|line| line.contains("restoring"));
    assert!(started, "the restore never started");
    // SAFETY: `kill` has no memory to misuse; the process is a child that has not been waited for.
    let sent = unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
    assert_eq!(sent, 0);
    let mut stdout = String::new();
    child.stdout.take().expect("stdout is a pipe").read_to_string(&mut stdout).expect("stdout is UTF-8");
    assert_eq!(child.wait().expect("the binary ends").code(), Some(1));
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("the summary is JSON");
    assert_eq!(document["complete"], false);
    let read = document["read"]["records"].as_u64().expect("a number");
    assert!(read < 300_007, "all {read} records were read in spite of the signal");
    assert!(log.map_while(Result::ok).any(|line| line.contains("stopping")));
}
