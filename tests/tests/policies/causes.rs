//! What is particular to some causes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::fixture::{Bench, fan_out, guest, lines, ordinary, told};

const SKIP: &str = "[rejected]\npolicy = \"skip\"\nmax_share = \"20%\"\n";

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

#[test]
fn a_record_behind_others_that_are_left_out_is_not_taken_for_another() {
    let large = |offset: i64| offset % 10 == 3;
    let bench = Bench::new(300, |source, offset| {
        let (key, value) = ordinary(source, offset);
        (key, if large(offset) { format!("{value}\n{}", "9".repeat(3000)) } else { value })
    });
    bench.cluster.alter(&bench.topic, "max.message.bytes", "2000").unwrap();
    // A timestamp that nobody but the broker refuses.
    bench.stamp(|offset| (offset == 150).then_some(i64::MIN));
    let summary = bench.restore(&bench.job(&fan_out(), SKIP));
    assert_eq!(bench.values(), bench.lines(|offset| !large(offset) && offset != 150));
    let told = told(&summary);
    let told: Vec<(&str, u64)> = told.iter().map(|(cause, _, records)| (&**cause, *records)).collect();
    assert_eq!(told, [("too-large", 60), ("refused", 2)]);
}

#[test]
fn a_plugin_whose_state_is_a_whole_lane_is_not_asked_again_who_was_guilty() {
    const KEYS: i64 = 7;
    let bench = Bench::new(20_000, |_, offset| {
        let value = if offset == 1000 { "trap".to_owned() } else { format!("{offset:0100}") };
        (Some(format!("k{}", offset % KEYS)), value)
    });
    let plugin = format!("[[plugin]]\npath = \"{}\"\n", guest("guest-running-count"));
    let job = |bytes: &str| {
        let rest = format!(
            "transactions.age = \"20ms\"\nproperties = {{ \"linger.ms\" = 5 }}\n{SKIP}[resources]\nlanes = 2\n\
             bytes_in_flight = \"{bytes}\"\n"
        );
        bench.job(&plugin, &rest)
    };
    // All that comes before the guilty record is in its batch, so that it can be tried by itself.
    let mut child = bench.command("restore", &job("32 MiB")).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while bench.cluster.committed(&bench.topic).unwrap().contains(&0) {
        assert!(Instant::now() < deadline && child.try_wait().unwrap().is_none());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = bench.cluster.read(&bench.topic).unwrap().values().map(Vec::len).sum::<usize>();
    assert!(before < 39_998, "it was over before it could be killed");
    // Smaller batches: nobody could prove it again.
    bench.restore(&job("256 KiB"));
    let mut records = 0;
    for list in bench.read(&bench.topic).into_values() {
        let offsets: Vec<i64> = (0..20_000).filter(|offset| *offset != 1000).collect();
        assert_eq!(list.len(), offsets.len());
        for (record, offset) in list.iter().zip(offsets) {
            let number = offset / KEYS + 1 - i64::from(offset > 1000 && offset % KEYS == 1000 % KEYS);
            let (name, value) = &record.headers[1];
            assert_eq!((&**name, value.as_deref()), ("number", Some(number.to_string().as_bytes())), "{offset}");
            records += 1;
        }
    }
    assert_eq!(records, 39_998);
    bench.verify(&job("256 KiB"));
}
