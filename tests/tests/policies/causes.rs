//! Each cause: which records it is about, and that the others are restored.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fixture::{Bench, complete, fan_out, fan_out_and_mask, guest, lines, said};

/// What was set aside: cause, reason and number of records.
fn told(summary: &Value) -> Vec<(String, String, u64)> {
    let reasons = summary["set_aside"]["reasons"].as_array().unwrap();
    let told = |each: &Value| {
        let text = |name: &str| each[name].as_str().unwrap().to_owned();
        (text("cause"), text("reason"), each["records"].as_u64().unwrap())
    };
    reasons.iter().map(told).collect()
}

fn ordinary(source: i32, offset: i64) -> (Option<String>, String) {
    (Some(format!("{source}-{}", offset % 17)), lines(source, offset).join("\n"))
}

const SKIP: &str = "[rejected]\npolicy = \"skip\"\nmax_share = \"20%\"\n";

#[test]
fn without_a_policy_the_first_record_that_is_rejected_ends_the_job() {
    let bench = Bench::with_bad_lines(50);
    let said = bench.fail(&bench.job(&fan_out_and_mask(), ""), 1);
    assert!(said.contains("the value is not JSON"), "{said}");
    assert!(said.contains("orders-0@4") || said.contains("orders-1@4"), "{said}");
    assert!(said.contains("[rejected]"), "the remedy is not named: {said}");
}

#[test]
fn a_record_that_is_proved_guilty_is_left_out() {
    let bench = Bench::new(300, ordinary);
    let hostile =
        format!("[[plugin]]\npath = \"{}\"\nparameters = {{ deed = \"trap\", at = 142 }}\n", guest("guest-hostile"));
    let reported = format!("{SKIP}[report]\nurl = \"report.json\"\n");
    let job = bench.job(&format!("{}{hostile}", fan_out()), &reported);
    let summary = bench.restore(&job);
    let report: Value =
        serde_json::from_slice(&std::fs::read(bench.folder.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["this_run"]["set_aside"], summary["set_aside"]);
    assert_eq!(bench.values(), bench.lines(|offset| offset != 142));
    bench.verify(&job);
    let told = told(&summary);
    assert_eq!((told.len(), &*told[0].0, told[0].2), (1, "fault", 2), "{told:?}");
    assert!(told[0].1.contains("trapped") && told[0].1.contains("cannot go on"), "{told:?}");
}

#[test]
fn a_record_of_which_one_output_is_too_large_is_left_out_whole() {
    let large = |offset: i64| offset % 100 == 50;
    let bench = Bench::new(300, |source, offset| {
        let (key, value) = ordinary(source, offset);
        (key, if large(offset) { format!("{value}\n{}", "9".repeat(3000)) } else { value })
    });
    bench.cluster.alter(&bench.topic, "max.message.bytes", "2000").unwrap();
    let job = bench.job(&fan_out(), SKIP);
    let summary = bench.restore(&job);
    assert_eq!(bench.values(), bench.lines(|offset| !large(offset)));
    bench.verify(&job);
    assert_eq!(told(&summary), [("too-large".to_owned(), format!("larger than `{}` takes", bench.topic), 6)]);
}

#[test]
fn a_record_that_goes_where_nothing_is_is_left_out() {
    let lost = |offset: i64| offset % 100 == 50;
    let bench = Bench::new(300, |source, offset| {
        let (_, value) = ordinary(source, offset);
        (Some(if lost(offset) { "lost".to_owned() } else { format!("{source}") }), value)
    });
    let route = format!(
        "[[plugin]]\npath = \"{}\"\nparameters = {{ rules = [{{ topic = \"nowhere-at-all\", key-prefix = \"lost\" }}] }}\n",
        guest("route")
    );
    let summary = bench.restore(&bench.job(&format!("{}{route}", fan_out()), SKIP));
    assert_eq!(bench.values(), bench.lines(|offset| !lost(offset)));
    assert_eq!(told(&summary), [("unroutable".to_owned(), "there is no topic `nowhere-at-all`".to_owned(), 6)]);
}

#[test]
fn what_a_topic_is_known_not_to_take_is_left_out() {
    let bare = |offset: i64| offset % 100 == 50;
    let bench = Bench::new(300, |source, offset| {
        let (_, value) = ordinary(source, offset);
        ((!bare(offset)).then(|| format!("{source}-{offset}")), value)
    });
    bench.cluster.alter(&bench.topic, "cleanup.policy", "compact").unwrap();
    let summary = bench.restore(&bench.job("", SKIP));
    let wanted =
        |source| (0..300).filter(|offset| !bare(*offset)).map(move |at| lines(source, at).join("\n")).collect();
    assert_eq!(bench.values(), (0..2).map(|source| (source, wanted(source))).collect());
    assert_eq!(told(&summary), [("refused".to_owned(), format!("no key, and `{}` is compacted", bench.topic), 6)]);
}

/// The topic becomes compacted while the restore runs, so that the broker refuses what has no key; in one batch there is
/// one such record, in another there are two, of which it does not tell which is to blame.
#[test]
fn what_the_broker_refuses_is_found_and_left_out() {
    let bare = |offset: i64| [5000, 5700, 5701].contains(&offset);
    // Each has a key of its own, or compaction takes some away.
    let bench = Bench::new(6000, |source, offset| {
        let (_, value) = ordinary(source, offset);
        ((!bare(offset)).then(|| format!("{source}-{offset}")), value)
    });
    let rest = format!(
        "transactions.age = \"100ms\"\nproperties = {{ \"linger.ms\" = 20 }}\n{SKIP}\
         [resources]\nlanes = 2\nbytes_in_flight = \"32 KiB\"\n"
    );
    let mut command = bench.command("restore", &bench.job("", &rest));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while bench.cluster.read(&bench.topic).unwrap().is_empty() {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none());
    }
    bench.cluster.alter(&bench.topic, "cleanup.policy", "compact").unwrap();
    let output = child.wait_with_output().unwrap();
    let summary = complete(&output);
    let wanted =
        |source| (0..6000).filter(|offset| !bare(*offset)).map(move |at| lines(source, at).join("\n")).collect();
    assert_eq!(bench.values(), (0..2).map(|source| (source, wanted(source))).collect());
    assert_eq!(
        told(&summary),
        [("refused".to_owned(), format!("`{}` refuses it", bench.topic), 6)],
        "{}",
        said(&output)
    );
    assert_eq!(summary["read"]["records"], 12_000);
}

#[test]
fn a_record_behind_others_that_are_left_out_is_not_taken_for_another() {
    let large = |offset: i64| offset % 10 == 3;
    let bench = Bench::new(300, |source, offset| {
        let (key, value) = ordinary(source, offset);
        (key, if large(offset) { format!("{value}\n{}", "9".repeat(3000)) } else { value })
    });
    bench.cluster.alter(&bench.topic, "max.message.bytes", "2000").unwrap();
    // A timestamp that nobody but the broker refuses.
    for source in 0..2 {
        let path = bench.folder.path().join(format!("backup/{source}.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap();
        let (due, odd) = ("\"timestamp\":1700000000150,", format!("\"timestamp\":{},", i64::MIN));
        assert_eq!(text.matches(due).count(), 1, "{}", text.lines().next().unwrap());
        std::fs::write(&path, text.replace(due, &odd)).unwrap();
    }
    let summary = bench.restore(&bench.job(&fan_out(), SKIP));
    assert_eq!(bench.values(), bench.lines(|offset| !large(offset) && offset != 150));
    let told = told(&summary);
    let told: Vec<(&str, u64)> = told.iter().map(|(cause, _, records)| (&**cause, *records)).collect();
    assert_eq!(told, [("too-large", 60), ("refused", 2)]);
}
