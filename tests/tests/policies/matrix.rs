//! Each cause under each policy: what is visible, record by record, and what becomes of the records that are not.

use std::collections::BTreeMap;
use std::fs;

use anabranch_tests::read_back::Record;
use serde_json::Value;

use crate::documented::assert_documented;
use crate::fixture::{Bench, SOURCES, fan_out, guest, is_bad, lines};

const RECORDS: i64 = 100;

/// A way to be no record that can be restored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Rejected,
    Trap,
    Loop,
    Memory,
    Output,
    TooLarge,
    TimestampZero,
    TimestampForBrokers,
    Unroutable,
}

use Flaw::{Loop, Memory, Output, Rejected, TimestampForBrokers, TimestampZero, TooLarge, Trap, Unroutable};

impl Flaw {
    const ALL: [Self; 9] =
        [Rejected, Trap, Loop, Memory, Output, TooLarge, TimestampZero, TimestampForBrokers, Unroutable];

    /// Whether it is that of the record at an offset.
    fn has(self, offset: i64) -> bool {
        match self {
            Rejected => is_bad(offset),
            Trap => offset == 20,
            // Once, since it takes its time: the plugin looks at offsets alone.
            Loop => offset == 31,
            Memory => offset == 42,
            Output => offset == 53,
            TooLarge => offset == 65,
            TimestampZero => offset == 70,
            TimestampForBrokers => offset == 76,
            Unroutable => offset == 87,
        }
    }

    fn of(offset: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|flaw| flaw.has(offset))
    }

    /// Cause, plugin, and a part of the reason, as a dead letter tells them.
    fn told(self) -> (&'static str, Option<&'static str>, &'static str) {
        match self {
            Rejected => ("rejected", Some("mask 0.1.0"), "the value is not JSON"),
            Trap => ("fault", Some("trap 0.1.0"), "cannot go on"),
            Loop => ("fault", Some("loop 0.1.0"), "did not answer within"),
            Memory => ("fault", Some("memory 0.1.0"), "wanted more than its 16 MiB of memory"),
            Output => ("fault", Some("guest-fan-out 0.1.0"), "64 KiB"),
            TooLarge => ("too-large", None, "takes with 2000"),
            TimestampZero => ("refused", None, "timestamp 0 cannot be sent"),
            TimestampForBrokers => ("refused", None, "refuses it"),
            Unroutable => ("unroutable", None, "nowhere-at-all"),
        }
    }
}

/// Key, value, headers and timestamp.
type Content = (Option<String>, String, Vec<(String, String)>, i64);

fn key(source: i32, offset: i64) -> String {
    if Unroutable.has(offset) { "lost".to_owned() } else { format!("{source}-{}", offset % 17) }
}

fn value(source: i32, offset: i64) -> String {
    let value = lines(source, offset).join("\n");
    match Flaw::of(offset) {
        Some(Output) => format!("{value}\n\"{}\"", "9".repeat(70_000)),
        Some(TooLarge) => format!("{value}\n\"{}\"", "9".repeat(3000)),
        _ => value,
    }
}

fn timestamp(offset: i64) -> i64 {
    match Flaw::of(offset) {
        Some(TimestampZero) => 0,
        Some(TimestampForBrokers) => i64::MIN,
        _ => 1_700_000_000_000 + offset,
    }
}

/// What must be visible of a source partition's records up to `end`, but of those that `is_out`.
fn wanted(source: i32, end: i64, is_out: impl Fn(i64) -> bool) -> Vec<Content> {
    let record = |offset: i64, line: String| {
        let trace = vec![("trace".to_owned(), format!("{source}-{offset}"))];
        (Some(key(source, offset)), line, trace, timestamp(offset))
    };
    let of = |offset: i64| lines(source, offset).into_iter().map(move |line| record(offset, line));
    (0..end).filter(|offset| !is_out(*offset)).flat_map(of).collect()
}

fn content(record: &Record) -> Content {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let header = |(name, value): &(String, Option<Vec<u8>>)| (name.clone(), text(value.as_ref().unwrap()));
    let headers = record.headers.iter().map(header).collect();
    (record.key.as_deref().map(text), text(record.value.as_ref().unwrap()), headers, record.timestamp)
}

fn visible(bench: &Bench, topic: &str) -> BTreeMap<i32, Vec<Content>> {
    let of = |(partition, list): (i32, Vec<Record>)| (partition, list.iter().map(content).collect());
    bench.read(topic).into_iter().map(of).collect()
}

/// A backup with the flaws for which `has` holds; the other records are as good as any.
fn bench(has: impl Fn(Flaw) -> bool) -> Bench {
    let is_flawed = |offset: i64| Flaw::of(offset).is_some_and(&has);
    let bench = Bench::new(RECORDS, |source, offset| {
        let good = lines(source, offset).join("\n").replace('x', "");
        if is_flawed(offset) {
            (Some(key(source, offset)), value(source, offset))
        } else {
            (Some(format!("{source}-{}", offset % 17)), good)
        }
    });
    bench.stamp(|offset| is_flawed(offset).then(|| timestamp(offset)));
    bench.cluster.alter(&bench.topic, "max.message.bytes", "2000").unwrap();
    bench
}

/// The plugins, those that misbehave at a record only where `has` holds.
fn plugins(has: impl Fn(Flaw) -> bool) -> String {
    let mut plugins = format!("{}limits = {{ output = \"64 KiB\" }}\n", fan_out());
    for (flaw, deed, at) in [(Trap, "trap", 20), (Loop, "loop", 31), (Memory, "memory", 42)] {
        if has(flaw) {
            plugins += &format!(
                "[[plugin]]\nname = \"{deed}\"\npath = \"{}\"\nparameters = {{ deed = \"{deed}\", at = {at} }}\n\
                 limits = {{ memory = \"16 MiB\", time = \"250ms\" }}\n",
                guest("guest-hostile")
            );
        }
    }
    format!(
        "{plugins}[[plugin]]\npath = \"{}\"\nparameters = {{ redact = [\"..secret\"] }}\n[[plugin]]\npath = \"{}\"\n\
         parameters = {{ rules = [{{ topic = \"nowhere-at-all\", key-prefix = \"lost\" }}] }}\n",
        guest("mask"),
        guest("route")
    )
}

/// Restores all flaws under a policy, and sees that all else is visible and all is counted.
fn restored(bench: &Bench, rejected: &str, policy: &str) -> Value {
    let reported = format!("{rejected}[report]\nurl = \"report.json\"\n");
    let job = bench.job(&plugins(|_| true), &reported);
    let summary = bench.restore(&job);
    let out = |offset| Flaw::of(offset).is_some();
    let wanted: BTreeMap<_, _> = (0..SOURCES).map(|source| (source, wanted(source, RECORDS, out))).collect();
    assert_eq!(visible(bench, &bench.topic), wanted);
    bench.verify(&job);
    // Also where the job would end with such records by now.
    bench.verify(&bench.job(&plugins(|_| true), ""));
    for flaw in Flaw::ALL {
        let (cause, plugin, reason) = flaw.told();
        let records = (0..RECORDS).filter(|offset| flaw.has(*offset)).count() as u64 * SOURCES as u64;
        // Sizes and limits differ from record to record, and are not part of what is counted.
        let short = if flaw == TooLarge { "larger than" } else { reason };
        let is = |told: &&Value| {
            told["cause"] == cause
                && told["plugin"] == Value::from(plugin)
                && told["reason"].as_str().unwrap().contains(short)
        };
        let told: Vec<_> = summary["set_aside"]["reasons"].as_array().unwrap().iter().filter(is).collect();
        let counted: u64 = told.iter().map(|told| told["records"].as_u64().unwrap()).sum();
        assert_eq!(counted, records, "{cause} {reason}: {summary}");
        assert!(told.iter().all(|told| told["policy"] == policy), "{summary}");
    }
    let report = serde_json::from_slice(&fs::read(bench.folder.path().join("report.json")).unwrap()).unwrap();
    assert_documented(&report);
    report
}

/// Fails unless these are the dead letters of a source partition, as they stand in a topic or in files.
fn check_letters(bench: &Bench, source: i32, letters: &[Content], is_exact: bool) {
    let flawed: Vec<i64> = (0..RECORDS).filter(|offset| Flaw::of(*offset).is_some()).collect();
    assert_eq!(letters.len(), flawed.len());
    for (offset, (found_key, found_value, headers, stamp)) in flawed.into_iter().zip(letters) {
        assert_eq!((found_key.as_deref(), &**found_value), (Some(&*key(source, offset)), &*value(source, offset)));
        match timestamp(offset) {
            // What librdkafka or the topic does not take.
            0 if !is_exact => assert_eq!(*stamp, 1),
            i64::MIN if !is_exact => assert!(*stamp > 1_700_000_000_000, "{stamp}"),
            own => assert_eq!(*stamp, own),
        }
        let (cause, plugin, reason) = Flaw::of(offset).unwrap().told();
        let (told, why) = headers.split_at(headers.len() - 1);
        let own = [("trace", format!("{source}-{offset}"))];
        let added = [
            ("anabranch-dead-letter-job", bench.name.clone()),
            ("anabranch-dead-letter-position", format!("orders-{source}@{offset}")),
            ("anabranch-dead-letter-timestamp", timestamp(offset).to_string()),
            ("anabranch-dead-letter-cause", cause.to_owned()),
        ];
        let plugin = plugin.map(|plugin| ("anabranch-dead-letter-plugin", plugin.to_owned()));
        let wanted: Vec<_> = own.into_iter().chain(added).chain(plugin).collect();
        let told: Vec<_> = told.iter().map(|(name, value)| (&**name, value.clone())).collect();
        assert_eq!(told, wanted);
        assert_eq!(why[0].0, "anabranch-dead-letter-reason");
        assert!(why[0].1.contains(reason), "{why:?}");
    }
}

#[test]
fn whatever_the_cause_what_is_left_out_is_left_out_whole_and_all_else_is_restored() {
    let report = restored(&bench(|_| true), "[rejected]\npolicy = \"skip\"\n", "skip");
    assert_eq!(report["dead_letters"], Value::Null);
}

#[test]
fn whatever_the_cause_a_topic_has_the_dead_letter_and_why() {
    let bench = bench(|_| true);
    let dead = bench.cluster.topic("dead", SOURCES, &[]).unwrap();
    let rejected = format!("[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"topic:{dead}\"\n");
    let report = restored(&bench, &rejected, "dead-letter");
    for (source, letters) in visible(&bench, &dead) {
        check_letters(&bench, source, &letters, false);
    }
    assert_eq!(report["dead_letters"]["topics"], serde_json::json!([{ "topic": dead, "records": 36 }]));
    assert_eq!(report["dead_letters"]["files"], serde_json::json!([]));
}

#[test]
fn whatever_the_cause_a_file_has_the_dead_letter_and_why() {
    let bench = bench(|_| true);
    let rejected = "[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"dead\"\nformat = \"json-lines\"\n";
    let report = restored(&bench, rejected, "dead-letter");
    let mut letters: BTreeMap<i32, Vec<Content>> = BTreeMap::new();
    let (mut listed, mut records) = (Vec::new(), 0);
    for file in report["dead_letters"]["files"].as_array().unwrap() {
        let path = bench.folder.path().join("dead").join(file["path"].as_str().unwrap());
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(file["bytes"].as_u64(), Some(text.len() as u64), "{file}");
        assert_eq!(file["records"].as_u64(), Some(text.lines().count() as u64), "{file}");
        records += text.lines().count();
        listed.push(path.to_str().unwrap().to_owned());
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(file["lane"], format!("orders-{}", line["partition"]));
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let header = |header: &Value| (text(&header["key"]), text(&header["value"]));
            let headers = line["headers"].as_array().unwrap().iter().map(header).collect();
            let source = line["partition"].as_i64().unwrap() as i32;
            let content = (line["key"].as_str().map(str::to_owned), text(&line["value"]), headers);
            let stamp = line["timestamp"].as_i64().unwrap();
            letters.entry(source).or_default().push((content.0, content.1, content.2, stamp));
        }
    }
    listed.sort();
    assert_eq!((bench.files("dead"), records), (listed, 36));
    for (source, letters) in letters {
        check_letters(&bench, source, &letters, true);
    }
}

#[test]
fn whatever_the_cause_without_a_policy_the_job_ends_and_no_half_of_a_record_is_visible() {
    for flaw in Flaw::ALL {
        let bench = bench(|other| other == flaw);
        // What is known beforehand is asked for then.
        let rest = "allow = [\"record-too-large\"]\n".repeat(usize::from(matches!(flaw, Output | TooLarge)));
        let job = format!("{rest}{}", bench.job(&plugins(|other| other == flaw), ""));
        let said = bench.fail(&job, 1);
        let (_, _, reason) = flaw.told();
        let reason = match flaw {
            TimestampForBrokers => "not written to",
            // Known beforehand, and allowed it would be sent as 1.
            TimestampZero => "the restore does not start: timestamp-zero",
            _ => reason,
        };
        assert!(said.contains(reason), "{reason}: {said}");
        let first = (0..RECORDS).find(|offset| flaw.has(*offset)).unwrap();
        let is_named = (0..SOURCES).any(|source| said.contains(&format!("orders-{source}@{first}")));
        assert!(is_named || flaw == TimestampZero, "{said}");
        // What was committed before is whole.
        for (source, visible) in visible(&bench, &bench.topic) {
            let good = |end: i64| -> Vec<Content> {
                let clean = |(key, line, headers, stamp): Content| (key, line.replace('x', ""), headers, stamp);
                wanted(source, end, |_| false).into_iter().map(clean).collect()
            };
            let is_whole = (0..=first).any(|end| good(end) == visible);
            assert!(is_whole, "{reason}: {} records of orders-{source}", visible.len());
        }
    }
}
