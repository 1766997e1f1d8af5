//! Records that nobody but the broker refuses, wherever they lie and however many there are.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fixture::{Bench, SOURCES, complete, fan_out, guest, lines, ordinary, said, told};

/// A timestamp for which brokers refuse a record: they overflow.
const REFUSED: i64 = i64::MIN;

fn digits(source: i32, offset: i64) -> Vec<String> {
    (0..=offset % 3).map(|n| format!("1{source}{offset:06}{n}")).collect()
}

/// Every fifth record goes to another topic.
fn is_elsewhere(offset: i64) -> bool {
    offset % 5 == 2
}

type Values = BTreeMap<i32, Vec<String>>;

fn values(bench: &Bench, topic: &str) -> Values {
    let text = |record: anabranch_tests::read_back::Record| String::from_utf8(record.value.unwrap()).unwrap();
    bench.read(topic).into_iter().map(|(partition, list)| (partition, list.into_iter().map(text).collect())).collect()
}

fn wanted(records: i64, is_in: impl Fn(i64) -> bool + Copy, value: impl Fn(i32, i64) -> Vec<String> + Copy) -> Values {
    let of = |source| (0..records).filter(move |offset| is_in(*offset)).flat_map(move |offset| value(source, offset));
    (0..SOURCES).map(|source| (source, of(source).collect::<Vec<_>>())).filter(|(_, list)| !list.is_empty()).collect()
}

/// Restores a backup whose records that are `refused` have such a timestamp, killed so many times on the way.
fn trial(name: &str, records: i64, refused: &dyn Fn(i64) -> bool, kills: u32) {
    let bench = Bench::new(records, |source, offset| {
        let key = if is_elsewhere(offset) { "r" } else { "k" };
        (Some(format!("{key}{source}-{offset}")), digits(source, offset).join("\n"))
    });
    bench.stamp(|offset| refused(offset).then_some(REFUSED));
    let elsewhere = bench.cluster.topic("elsewhere", SOURCES, &[]).unwrap();
    let dead = bench.cluster.topic("dead", SOURCES, &[]).unwrap();
    let plugins = format!(
        "{}[[plugin]]\npath = \"{}\"\nparameters = {{ rules = [{{ topic = \"{elsewhere}\", key-prefix = \"r\" }}] }}\n",
        fan_out(),
        guest("route")
    );
    let rest = format!(
        "transactions.age = \"100ms\"\nproperties = {{ \"linger.ms\" = 20 }}\n[rejected]\npolicy = \"dead-letter\"\n\
         dead_letters = \"topic:{dead}\"\nmax_share = \"100%\"\n[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n"
    );
    let job = bench.job(&plugins, &rest);
    for kill in 0..kills {
        let mut child = bench.command("restore", &job).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_millis(1200 + 700 * u64::from(kill));
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = bench.command("restore", &job).output().unwrap();
    complete(&output);
    assert_eq!(
        values(&bench, &bench.topic),
        wanted(records, |offset| !refused(offset) && !is_elsewhere(offset), digits),
        "{name}"
    );
    assert_eq!(
        values(&bench, &elsewhere),
        wanted(records, |offset| !refused(offset) && is_elsewhere(offset), digits),
        "{name}"
    );
    let whole = |source, offset| vec![digits(source, offset).join("\n")];
    assert_eq!(values(&bench, &dead), wanted(records, refused, whole), "{name}");
    let status = bench.command("status", &job).output().unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let aside = (0..records).filter(|offset| refused(*offset)).count() as i64 * i64::from(SOURCES);
    assert_eq!(status["jobs"][0]["set_aside"], aside, "{name}");
    assert_eq!(status["jobs"][0]["read"]["records"], records * i64::from(SOURCES), "{name}");
    bench.verify(&job);
}

#[test]
fn refused_records_are_set_aside_once_wherever_they_lie_and_whatever_is_killed() {
    for kills in [0, 2] {
        trial("first", 3000, &|offset| offset == 0, kills);
        trial("last", 3000, &|offset| offset == 2999, kills);
        trial("neighbours", 3000, &|offset| (1500..1520).contains(&offset), kills);
        trial("every seventh", 300, &|offset| offset % 7 == 3, kills);
        trial("all", 10, &|_| true, kills);
    }
}

/// The topic becomes compacted while the restore runs, so that the broker refuses what has no key; in one batch there is
/// one such record, in another there are two.
#[test]
fn what_the_broker_refuses_is_found_and_left_out() {
    let bare = |offset: i64| [5000, 5700, 5701].contains(&offset);
    // Each has a key of its own, or compaction takes some away.
    let bench = Bench::new(6000, |source, offset| {
        let (_, value) = ordinary(source, offset);
        ((!bare(offset)).then(|| format!("{source}-{offset}")), value)
    });
    let rest = "transactions.age = \"100ms\"\nproperties = { \"linger.ms\" = 20 }\n[rejected]\npolicy = \"skip\"\nmax_share = \"20%\"\n\
         [resources]\nlanes = 2\nbytes_in_flight = \"32 KiB\"\n";
    let mut command = bench.command("restore", &bench.job("", rest));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while bench.cluster.committed(&bench.topic).unwrap().iter().all(|end| *end == 0) {
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
