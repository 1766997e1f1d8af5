//! Dead letters: what they are, and that restoring them after the mend gives what is missing, each record once.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anabranch_tests::object_store::S3Server;
use serde_json::json;

use crate::documented::assert_documented;
use crate::fixture::{Bench, SOURCES, complete, fan_out, fan_out_and_mask, is_bad, said, sorted};

/// The lines of a job that restores dead letters through the mended plugins.
fn mended(bench: &Bench, backup: &str, topic: &str) -> String {
    format!(
        r#"
name = "{name}-mended"
[backup]
{backup}
dead_letters = true
{plugins}
[target]
brokers = "{servers}"
topics = {{ {topic} = "{target}" }}
[progress]
topic = "{name}-progress"
"#,
        name = bench.name,
        plugins = fan_out(),
        servers = bench.cluster.servers(),
        target = bench.topic,
    )
}

/// Fails unless all lines are at the target, once, and no record tells that it was a dead letter.
fn check_mended(bench: &Bench) {
    assert_eq!(sorted(bench.values()), sorted(bench.lines(|_| true)));
    for record in bench.read(&bench.topic).values().flatten() {
        let value = String::from_utf8_lossy(record.value.as_deref().unwrap()).into_owned();
        let offset: i64 = value.trim_start_matches('x')[2..8].parse().unwrap();
        assert_eq!(record.headers.len(), 1, "{record:?}");
        assert_eq!(record.timestamp, 1_700_000_000_000 + offset);
    }
}

#[test]
fn a_rejected_record_is_kept_whole_in_files_and_restored_after_the_mend() {
    let bench = Bench::with_bad_lines(500);
    let rejected = "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"dead\"\nmax_share = \"20%\"\n";
    let summary = bench.restore(&bench.job(&fan_out_and_mask(), rejected));
    assert_documented(&summary);
    assert_eq!(bench.values(), bench.lines(|offset| !is_bad(offset)), "no line of a record of which one was rejected");
    assert_eq!(summary["set_aside"]["records"], 100);
    assert_eq!(summary["set_aside"]["reasons"][0]["cause"], "rejected");
    assert_eq!(summary["set_aside"]["reasons"][0]["policy"], "dead-letter");
    assert_eq!(summary["set_aside"]["reasons"][0]["plugin"], "mask 0.1.0");
    let files = bench.files("dead");
    assert!(files.len() >= 2 && files.iter().all(|file| file.ends_with(".parquet")), "{files:?}");
    bench.restore(&mended(&bench, "url = \"dead\"", "orders"));
    check_mended(&bench);
}

#[test]
fn dead_letters_of_merged_partitions_are_restored_after_the_mend() {
    let bench = Bench::with_bad_lines(200);
    let rejected = "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"dead\"\nmax_share = \"20%\"\n";
    let job = bench.job(&fan_out_and_mask(), rejected);
    let summary = bench.restore(&job.replace("[target]\n", "[target]\norder = \"timestamp\"\n"));
    assert_eq!((&summary["lanes"].as_array().unwrap().len(), &summary["set_aside"]["records"]), (&1, &json!(40)));
    assert_eq!(bench.values(), bench.lines(|offset| !is_bad(offset)), "each in its own partition, in order");
    let files = bench.files("dead");
    let first = files.iter().min().unwrap();
    // One lane, whose records come of the partitions in turn.
    assert!(first.contains("/orders/00000000-p0_"), "{files:?}");
    bench.restore(&mended(&bench, "url = \"dead\"", "orders"));
    check_mended(&bench);
}

#[test]
fn dead_letters_in_s3_are_as_good() {
    let server = S3Server::start().unwrap();
    server.create_bucket("letters").unwrap();
    let bench = Bench::with_bad_lines(200);
    let store = format!("[rejected.store]\n{}", server.lines());
    let rejected = format!(
        "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"s3://letters/dead\"\nformat = \"json-lines\"\n{store}"
    );
    bench.restore(&bench.job(&fan_out_and_mask(), &rejected));
    assert_eq!(bench.values(), bench.lines(|offset| !is_bad(offset)));
    let backup =
        format!("url = \"s3://letters/dead\"\nstore = {{ {} }}", server.lines().trim_end().replace('\n', ", "));
    bench.restore(&mended(&bench, &backup, "orders"));
    check_mended(&bench);
}

#[test]
fn a_topic_of_dead_letters_has_the_records_as_they_were_and_why_they_are_there() {
    let bench = Bench::with_bad_lines(200);
    let dead = bench.cluster.topic(&format!("{}-orders", bench.name), SOURCES, &[]).unwrap();
    let template = dead.replace("orders", "{topic}");
    let rejected = format!("[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"topic:{template}\"\n");
    bench.restore(&bench.job(&fan_out_and_mask(), &rejected));
    assert_eq!(bench.values(), bench.lines(|offset| !is_bad(offset)));

    // As a backup of that topic has them.
    let letters = bench.read(&dead);
    let mut lines = String::new();
    for (partition, list) in &letters {
        assert_eq!(list.len(), 20);
        for (letter, offset) in list.iter().zip((0..200).filter(|offset| is_bad(*offset))) {
            let header = |name: &str| {
                let name = format!("anabranch-dead-letter-{name}");
                let found = letter.headers.iter().find(|(header, _)| *header == name);
                String::from_utf8(found.unwrap().1.clone().unwrap()).unwrap()
            };
            assert_eq!(letter.headers[0], ("trace".to_owned(), Some(format!("{partition}-{offset}").into_bytes())));
            assert_eq!(header("position"), format!("orders-{partition}@{offset}"));
            assert_eq!((header("cause"), header("plugin")), ("rejected".to_owned(), "mask 0.1.0".to_owned()));
            assert!(header("reason").starts_with("the value is not JSON"), "{}", header("reason"));
            assert_eq!((header("job"), header("timestamp")), (bench.name.clone(), letter.timestamp.to_string()));
            let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap()).unwrap();
            let headers: Vec<_> =
                letter.headers.iter().map(|(name, value)| json!({ "key": name, "value": text(value) })).collect();
            let line = json!({ "topic": dead, "partition": partition, "offset": letter.offset, "headers": headers,
                "timestamp": letter.timestamp, "key": text(&letter.key), "value": text(&letter.value) });
            writeln!(lines, "{line}").unwrap();
        }
    }
    fs::create_dir(bench.folder.path().join("letters")).unwrap();
    fs::write(bench.folder.path().join("letters/all.jsonl"), lines).unwrap();
    bench.restore(&mended(&bench, "url = \"letters\"", &format!("\"{dead}\"")));
    check_mended(&bench);
}

#[test]
fn whenever_it_is_killed_each_dead_letter_is_kept_once() {
    let bench = Bench::with_bad_lines(4000);
    let rejected = "transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }\n\
        [rejected]\npolicy = \"dead-letter\"\ndead_letters = \"dead\"\nmax_share = \"20%\"\n\
        [resources]\nlanes = 1\nbytes_in_flight = \"32 KiB\"\n";
    let job = bench.job(&fan_out_and_mask(), rejected);
    let theirs = bench.folder.path().join("dead").join(&bench.name).join("orders-0/.notes");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "").unwrap();
    // So that some are committed, later ones are let go further.
    for more in 1..3 {
        let seen = bench.files("dead").len() + more;
        let mut command = bench.command("restore", &job);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        // A file comes before the commit that lists it.
        while bench.files("dead").len() < seen && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // As a run leaves them that is killed between a file and its commit, or while it writes a file.
    let committed = bench.files("dead").into_iter().find(|file| file.ends_with(".parquet")).unwrap();
    let (folder, name) = committed.rsplit_once('/').unwrap();
    let (_, rest) = name.split_once('-').unwrap();
    let left = [format!("{folder}/00099999-{rest}"), format!("{folder}/.00099998-{rest}.x1y2z3.unfinished")];
    for left in &left {
        fs::copy(&committed, left).unwrap();
    }
    let output = bench.command("restore", &job).output().unwrap();
    complete(&output);
    assert!(said(&output).contains("not committed by an earlier run; deleted"), "{}", said(&output));
    assert!(left.iter().all(|left| !std::path::Path::new(left).exists()), "{}", said(&output));
    assert!(theirs.exists(), "a file of somebody else's was deleted");
    assert_eq!(bench.values(), bench.lines(|offset| !is_bad(offset)));
    let status = bench.command("status", &job).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_documented(&status);
    assert_eq!(status["jobs"][0]["set_aside"], 800, "counts go on over resumes");
    // Hidden files are passed over.
    bench.restore(&mended(&bench, "url = \"dead\"", "orders"));
    check_mended(&bench);
}

/// The broker refuses the last record of the transaction in which a plugin has rejected others, whose file is written by
/// then; that of the next try has another name.
#[test]
fn a_dead_letter_is_kept_once_where_its_transaction_is_tried_again() {
    let bench = Bench::with_bad_lines(300);
    for source in 0..SOURCES {
        let path = bench.folder.path().join(format!("backup/{source}.jsonl"));
        let text = fs::read_to_string(&path).unwrap();
        let (due, odd) = ("\"timestamp\":1700000000299,", format!("\"timestamp\":{},", i64::MIN));
        assert_eq!(text.matches(due).count(), 1);
        fs::write(&path, text.replace(due, &odd)).unwrap();
    }
    let rejected = "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"dead\"\nformat = \"json-lines\"\n";
    let output = bench.command("restore", &bench.job(&fan_out_and_mask(), rejected)).output().unwrap();
    let summary = complete(&output);
    assert!(said(&output).contains("going back to"), "{}", said(&output));
    assert_eq!((&summary["read"]["records"], &summary["set_aside"]["records"]), (&json!(600), &json!(62)));
    let is_aside = |offset: i64| is_bad(offset) || offset == 299;
    assert_eq!(bench.values(), bench.lines(|offset| !is_aside(offset)));
    let mut positions = Vec::new();
    for file in bench.files("dead") {
        for line in fs::read_to_string(file).unwrap().lines() {
            let letter: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut headers = letter["headers"].as_array().unwrap().iter();
            let position = headers.find(|header| header["key"] == "anabranch-dead-letter-position");
            positions.push(position.unwrap()["value"].as_str().unwrap().to_owned());
        }
    }
    positions.sort();
    let set_aside = (0..300).filter(|offset| is_aside(*offset));
    let mut wanted: Vec<String> =
        set_aside.flat_map(|offset| (0..SOURCES).map(move |source| format!("orders-{source}@{offset}"))).collect();
    wanted.sort();
    assert_eq!(positions, wanted);
}
