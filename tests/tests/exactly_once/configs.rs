//! Configs that target topics have while they are restored: put back, whatever is killed, and no others touched.

use std::collections::BTreeMap;

use anabranch_tests::kafka::Cluster;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;
use serde_json::{Value, json};

use crate::documented::assert_documented;
use crate::shop::{Running, Shop, said, wait};

/// Kills at random moments; `ANABRANCH_TRIALS` says otherwise, which `just soak` does.
const KILLS: u64 = 5;

/// Older than the records, so that nothing is deleted when it is back.
const RETENTION: &str = "1000000000000";

/// What the topic has of its own: what the job changes and what it does not. `retention.bytes` it has not.
const OWN: [(&str, &str); 3] =
    [("retention.ms", RETENTION), ("segment.ms", "86400000"), ("max.message.bytes", "2000000")];

/// What the job asks for: another value, a first one, and one that it has.
const WANTED: &str =
    r#"while_restoring = { "retention.ms" = -1, "retention.bytes" = 4000000000, "max.message.bytes" = 2000000 }"#;

type Configs = BTreeMap<String, String>;

fn shop(wanted: &str) -> Shop {
    let shop = Shop::new(4_000)
        .settings(&format!("transactions.age = \"20ms\"\nproperties = {{ \"linger.ms\" = 5 }}\n{wanted}"))
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
    shop.cluster.give(&shop.topics[0], &OWN).unwrap();
    shop
}

fn own() -> Configs {
    OWN.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn own_of(shop: &Shop) -> Configs {
    shop.cluster.overrides(&shop.topics[0]).unwrap()
}

fn is_changed(configs: &Configs) -> bool {
    configs.get("retention.ms").is_some_and(|retention| retention == "-1")
}

/// Waits until the topic is changed, or is not any more, or the restore has ended.
fn until(running: &mut Running, shop: &Shop, changed: bool) {
    while is_changed(&own_of(shop)) != changed && running.child.try_wait().unwrap().is_none() {
        wait(1);
    }
}

fn status(shop: &Shop) -> Vec<Value> {
    let output = shop.command("status", &shop.job()).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_documented(&document);
    document["jobs"][0]["changed_configs"].as_array().unwrap().clone()
}

/// What is pending as long as the topic is changed.
fn pending(shop: &Shop) -> Vec<Value> {
    let topic = &shop.topics[0];
    vec![
        json!({"topic": topic, "config": "retention.bytes", "set_to": "4000000000", "was": null}),
        json!({"topic": topic, "config": "retention.ms", "set_to": "-1", "was": RETENTION}),
    ]
}

#[test]
fn whatever_is_killed_topics_get_back_the_configs_that_they_had() {
    let shop = shop(WANTED);
    let mut random = Pcg32::new(7, 0);
    let kills = std::env::var("ANABRANCH_TRIALS").map_or(KILLS, |trials| trials.parse().unwrap());
    let mut in_force = 0;
    for kill in 0..kills {
        let mut running = shop.start();
        match kill {
            // As soon as it is changed, which is before anything is written.
            0 => until(&mut running, &shop, true),
            _ => wait(u64::from(random.next_u32() % 1500)),
        }
        running.child.kill().unwrap();
        let (code, text, _) = running.end();
        assert!(matches!(code, None | Some(0)), "{text}");
        let now = own_of(&shop);
        if is_changed(&now) {
            in_force += 1;
            assert_eq!(status(&shop), pending(&shop), "after kill {kill}");
        }
        let others = |configs: Configs| -> Configs {
            configs.into_iter().filter(|(name, _)| !name.starts_with("retention")).collect()
        };
        assert_eq!(others(now), others(own()), "after kill {kill}");
    }
    assert!(in_force > 0);
    // Killed while it puts them back, and started again, which is a job that is done.
    let mut running = shop.start();
    until(&mut running, &shop, true);
    until(&mut running, &shop, false);
    running.child.kill().unwrap();
    running.end();
    let summary = shop.restore();
    assert_eq!(summary["complete"], true);
    assert_eq!(own_of(&shop), own());
    assert_eq!(status(&shop), [] as [Value; 0]);
    shop.check();
}

#[test]
fn what_somebody_else_changes_of_a_topic_meanwhile_stays() {
    let shop = shop(WANTED);
    let mut running = shop.start();
    running.until_it_writes(&shop);
    running.signal("STOP");
    // All of its own but what the job has set as well.
    let theirs = [("retention.ms", "2000000000000"), ("retention.bytes", "4000000000"), ("segment.ms", "7200000")];
    shop.cluster.give(&shop.topics[0], &theirs).unwrap();
    running.signal("CONT");
    let (code, text, summary) = running.end();
    assert_eq!(code, Some(0), "{text}");
    let summary = summary.unwrap();
    let found = |code: &str| {
        let found = summary["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == code);
        found.map(|finding| finding["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let topic = &shop.topics[0];
    let left = format!(
        "`retention.ms` of topic `{topic}` was changed meanwhile by somebody else, to `2000000000000`, and is left so"
    );
    assert_eq!(found("configs-left"), [left]);
    let back = format!("`retention.bytes` of topic `{topic}` is the cluster's default again, as before the job");
    assert_eq!(found("configs-put-back"), [back]);
    let kept = [("retention.ms", "2000000000000"), ("segment.ms", "7200000")];
    assert_eq!(own_of(&shop), kept.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn what_a_job_has_changed_is_put_back_by_forget_and_when_it_is_not_asked_for_any_more() {
    let shop = shop(WANTED);
    let mut running = shop.start();
    running.until_it_writes(&shop);
    let (text, _) = running.stops_within(30, "TERM");
    assert!(text.contains("1 topic keeps the configs of `while_restoring` until the job is complete"), "{text}");
    assert!(is_changed(&own_of(&shop)));
    // One that goes on without one of them puts that one back at once, and the others are in force.
    let mut running = shop.start_with(|text| text.replace("\"retention.ms\" = -1, ", ""));
    until(&mut running, &shop, false);
    assert!(running.child.try_wait().unwrap().is_none(), "{}", running.said());
    running.until("progress is kept as");
    running.child.kill().unwrap();
    running.end();
    let half = own_of(&shop);
    assert_eq!(
        (half.get("retention.ms").map(String::as_str), half.contains_key("retention.bytes")),
        (Some(RETENTION), true)
    );
    assert_eq!(status(&shop), pending(&shop)[..1]);
    let output = shop.command("forget", &shop.job()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_documented(&document);
    let put_back =
        json!([{"topic": shop.topics[0], "config": "retention.bytes", "value": null, "outcome": "put-back"}]);
    assert_eq!(document["put_back"], put_back);
    assert_eq!(own_of(&shop), own());
}

#[test]
fn a_topic_that_is_created_keeps_the_configs_that_it_was_created_with() {
    let cluster = Cluster::plain();
    let shop =
        shop("create.configs = { \"retention.ms\" = 1000000000000 }\nwhile_restoring = { \"retention.ms\" = -1 }");
    let new = cluster.topic_name("new");
    let mut running = shop
        .start_with(|text| text.replace(&format!("orders = \"{}\"", shop.topics[0]), &format!("orders = \"{new}\"")));
    running.until("progress is kept as");
    assert_eq!(cluster.overrides(&new).unwrap()["retention.ms"], "-1");
    let (code, text, _) = running.end();
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(cluster.overrides(&new).unwrap(), BTreeMap::from([("retention.ms".to_owned(), RETENTION.to_owned())]));
}
