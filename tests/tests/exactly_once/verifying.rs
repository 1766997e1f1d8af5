//! What a restore wrote, compared with what its backup gives: as it should be, tampered with, and gone by now.

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};

use crate::documented::assert_documented;
use crate::ledger::{Ledger, RECORDS};
use crate::shop::{Shop, said};

fn verify(shop: &Shop) -> (Option<i32>, Value, String) {
    let output = shop.command("verify", &shop.job()).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), document, said(&output))
}

/// Records of others in the job's topics, like its own and unlike them.
fn write_others(shop: &Shop) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", shop.cluster.servers()).create().unwrap();
    for topic in &shop.topics {
        for number in 0..300 {
            let (key, value) = (format!("{}-{}", number % 4, number % 23), format!("stranger 9-{number}-0"));
            producer.send(BaseRecord::to(topic).key(&key).payload(&value)).unwrap();
        }
    }
    producer.flush(std::time::Duration::from_secs(10)).unwrap();
}

#[test]
fn a_restore_is_compared_while_it_runs_halfway_and_at_its_end_and_is_not_disturbed() {
    let shop = Shop::new(12_000)
        .settings("transactions.age = \"1ms\"\nproperties = { \"linger.ms\" = 5 }")
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n")
        .among_others();
    write_others(&shop);
    let mut running = shop.start();
    running.until_it_flows();
    // While it runs; its transactions are not aborted by it, and its ids not taken.
    let document = loop {
        let (code, document, text) = verify(&shop);
        assert_eq!(code, Some(0), "{text}");
        if document["records"]["expected"] != 0 {
            break document;
        }
    };
    assert_eq!((&document["equal"], &document["complete"]), (&json!(true), &json!(false)), "{document}");
    assert_eq!(document["records"]["expected"], document["records"]["found"]);
    assert!(!running.said().contains("going back to"), "{}", running.said());
    write_others(&shop);
    running.child.kill().unwrap();
    running.end();
    let (code, document, text) = verify(&shop);
    assert_eq!((code, &document["complete"]), (Some(0), &json!(false)), "{text}");
    let halfway = document["records"]["found"].as_u64().unwrap();
    assert_documented(&document);

    let summary = shop.restore();
    let (code, document, text) = verify(&shop);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!((&document["equal"], &document["complete"]), (&json!(true), &json!(true)), "{document}");
    assert_eq!(document["duplicates"], "not-ruled-out");
    let written = |of: &Value| of["written"]["records"].as_u64().unwrap();
    let all = written(&summary) + written(&summary["before"]);
    assert!(halfway < all);
    assert_eq!(
        document["records"],
        json!({"expected": all, "found": all, "not_established": 0, "in_any_partition": 0})
    );

    // Other inputs are told as a resume tells them.
    let other = shop.job_with(|text| text.replace("prefix = \"drop\"", "prefix = \"dropped\""));
    let refused = shop.command("verify", &other).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("error: the comparison does not start: changed-plugins"), "{}", said(&refused));
    let allowed = shop.command("verify", &other).args(["--allow", "changed-plugins"]).output().unwrap();
    assert_eq!(allowed.status.code(), Some(5), "{}", said(&allowed));
}

#[test]
fn each_way_to_tamper_with_a_target_is_found_and_named() {
    let ledger = Ledger::new(7, "");
    ledger.restore();
    // Without provenance a copy is a record that others may have written.
    ledger.write_again(6, 9);
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["equal"]), (Some(0), &json!(true)), "{document}");
    assert_eq!(document["duplicates"], "not-ruled-out");
    let former = &ledger.cluster.read(&ledger.topic).unwrap()[&6][4].headers;
    assert_eq!(former[0], ("anabranch.source".to_owned(), Some(b"former-0@9".to_vec())), "it is the backup's own");
    let refused = ledger.verify_as(&["verify", "--provenance"]);
    assert!(said(&refused).contains("the comparison does not start: changed-map"), "{}", said(&refused));
    ledger.make_anew(&[], |partition, records| match partition {
        1 => drop(records.remove(7)),
        2 => records.swap(4, 5),
        3 => records[6].value = Some(b"entry 6, and more".to_vec()),
        4 => records[3].headers[0].1 = Some(b"credit".to_vec()),
        5 => records[2].timestamp += 1,
        6 => records[8].key = None,
        _ => {}
    });
    let output = ledger.verify_as(&["verify", "--allow", "changed-target"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    insta::assert_snapshot!(ledger.text(&output), @r"
    `ledger` differs from its backup at kafka:9092, in 1s

    SOURCE     COMPARED UP TO  EXPECTED  FOUND  NOT ESTABLISHED  RESULT
    entries-0  entries-0@11          12     12                0  equal
    entries-1  entries-1@11           8      7                0  missing
    entries-2  entries-2@11           6      5                0  out-of-order
    entries-3  entries-3@11           7      6                0  changed
    entries-4  entries-4@11           4      3                0  changed
    entries-5  entries-5@11           3      2                0  changed
    entries-6  entries-6@11           9      8                0  changed

    the first difference of each lane, where its comparison ended:
      entries-1@7 is missing: it is due in target-1 behind target-1@6, where entries-1@6 lies, before target-1@12
      entries-2@5 lies at target-2@4, before entries-2@4, which lies at target-2@5 and should come first
      entries-3@6 lies at target-3@6 with another value
      entries-4@3 lies at target-4@3 with another list of headers
      entries-5@2 lies at target-5@2 with another timestamp
      entries-6@8 lies at target-6@8 with another key

    43 of 49 expected records are there, with every byte and in order
    duplicates are not ruled out: without headers of provenance (`target.provenance`) nobody can tell a copy from a record that others wrote
    allowed [changed-target]: topic `target` was created anew since `ledger` was begun
      hint: give the job another name to begin anew beside it, or remove its progress with `anabranch forget`
    allowed [changed-target]: `target-1` ends at 11, before 12, up to where it was written: records are gone
      hint: give the job another name to begin anew beside it, or remove its progress with `anabranch forget`
    ");
    let (code, document) = ledger.verify();
    assert_eq!(code, Some(5));
    assert_documented(&document);
    let differences: Vec<&Value> =
        document["lanes"].as_array().unwrap().iter().map(|lane| &lane["difference"]).collect();
    let kinds: Vec<&Value> = differences.iter().map(|difference| &difference["kind"]).collect();
    let changed = json!("changed");
    assert_eq!(
        kinds,
        [&Value::Null, &json!("missing"), &json!("out-of-order"), &changed, &changed, &changed, &changed]
    );
    assert_eq!(differences[3]["source"], "entries-3@6");
    assert_eq!(differences[3]["target"], format!("{}-3@6", ledger.topic));
    assert_eq!(differences[3]["parts"], json!(["value"]));
}

#[test]
fn with_provenance_copies_are_found_wherever_they_lie() {
    let ledger = Ledger::new(5, "provenance = true");
    ledger.restore();
    let first = ledger.cluster.read(&ledger.topic).unwrap().remove(&3).unwrap().remove(4);
    let names: Vec<&str> = first.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["kind", "anabranch.job", "anabranch.source"]);
    assert_eq!(first.headers[2].1.as_deref(), Some(&b"entries-3@4"[..]), "the former one is gone");
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["duplicates"]), (Some(0), &json!("none")), "{document}");
    let told = ledger.verify_as(&["verify"]);
    assert!(ledger.text(&told).contains("none of them is there twice: exactly once"), "{}", ledger.text(&told));

    ledger.write_again(0, 3);
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["duplicates"]), (Some(5), &json!("found")), "{document}");
    assert_eq!(document["lanes"][0]["difference"]["source"], "entries-0@3");

    let copies = ledger.cluster.read(&ledger.topic).unwrap();
    ledger.make_anew(&[], |partition, records| match partition {
        0 => drop(records.pop()),
        // In place, at the end, and in a partition of others, behind all that is theirs.
        1 => records.insert(6, records[5].clone()),
        2 => records.push(records[0].clone()),
        4 => {
            let markers = copies[&4].last().unwrap().offset + 8 - records.len() as i64;
            let mut others = records[0].clone();
            others.headers.clear();
            records.extend((0..markers).map(|_| others.clone()));
            records.push(copies[&3][7].clone());
        }
        _ => {}
    });
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["duplicates"]), (Some(5), &json!("found")), "{document}");
    let told = |lane: usize| {
        let difference = &document["lanes"][lane]["difference"];
        (difference["kind"].as_str(), difference["source"].as_str())
    };
    let kinds: Vec<_> = (0..5).map(told).collect();
    let doubled = Some("doubled");
    assert_eq!(
        kinds,
        [
            (None, None),
            (doubled, Some("entries-1@5")),
            (doubled, Some("entries-2@0")),
            (doubled, Some("entries-3@7")),
            (None, None)
        ]
    );
}

#[test]
fn what_is_gone_by_now_is_not_established_and_no_difference() {
    let ledger = Ledger::new(3, "");
    ledger.restore();
    let topic = &ledger.topic;
    ledger.cluster.delete_records(topic, 0, 5).unwrap();
    ledger.cluster.delete_records(topic, 1, RECORDS).unwrap();
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["equal"]), (Some(0), &json!(true)), "{document}");
    let gone: Vec<&Value> =
        document["lanes"].as_array().unwrap().iter().map(|lane| &lane["records"]["not_established"]).collect();
    assert_eq!(gone, [5, 12, 0], "{document}");
    let output = ledger.verify_as(&["verify"]);
    assert!(
        ledger.text(&output).contains("17 are not established: they may have been there"),
        "{}",
        ledger.text(&output)
    );
    (0..3).for_each(|partition| ledger.cluster.delete_records(topic, partition, RECORDS).unwrap());
    let output = ledger.verify_as(&["verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = ledger.text(&output);
    assert!(text.starts_with("`ledger` has nothing left that could be compared, at kafka:9092"), "{text}");
    assert!(text.contains("not established\nentries-1"), "{text}");

    // As the cluster's cleaner leaves it: of each of the five keys the last record, in one partition less than that.
    let ledger = Ledger::new(3, "");
    ledger.restore();
    ledger.make_anew(&[("cleanup.policy", "compact")], |partition, records| match partition {
        0 => drop(records.drain(..7)),
        1 => drop(records.remove(9)),
        _ => drop(records.drain(2..5)),
    });
    let (code, document) = ledger.verify();
    assert_eq!(code, Some(5), "{document}");
    let lanes = &document["lanes"];
    assert_eq!((&lanes[0]["records"]["not_established"], &lanes[0]["difference"]), (&json!(7), &Value::Null));
    assert_eq!(
        (&lanes[1]["difference"]["kind"], &lanes[1]["difference"]["source"]),
        (&json!("missing"), &json!("entries-1@9"))
    );
    assert_eq!((&lanes[2]["records"]["not_established"], &lanes[2]["difference"]), (&json!(3), &Value::Null));
    // Where tombstones are gone at once, any record may have been deleted by one.
    ledger.make_anew(&[("cleanup.policy", "compact"), ("delete.retention.ms", "0")], |_, _| {});
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["records"]["not_established"]), (Some(0), &json!(11)), "{document}");
}

#[test]
fn with_provenance_what_is_left_of_a_compacted_target_has_to_be_what_it_says() {
    let ledger = Ledger::new(5, "provenance = true");
    ledger.restore();
    ledger.make_anew(&[("cleanup.policy", "compact")], |partition, records| {
        records.drain(..7);
        match partition {
            1 => records[2].value = Some(b"entry 9, and more".to_vec()),
            2 => records.push(records[1].clone()),
            3 => records.swap(0, 1),
            // Without what says that it is one of the job, it may be anybody's, which superseded the record.
            4 => records[3].headers.clear(),
            _ => {}
        }
    });
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["duplicates"]), (Some(5), &json!("found")), "{document}");
    let told = |lane: usize| {
        let difference = &document["lanes"][lane]["difference"];
        let text = |of: &str| difference[of].as_str().map(|text| text.replace(&ledger.topic, "target"));
        (text("kind"), text("source"), text("target"))
    };
    let of = |kind: &str, source: &str, target: &str| (Some(kind.into()), Some(source.into()), Some(target.into()));
    assert_eq!(told(0), (None, None, None), "{document}");
    assert_eq!(told(1), of("changed", "entries-1@9", "target-1@2"));
    assert_eq!(told(2), of("doubled", "entries-2@8", "target-2@5"));
    assert_eq!(told(3), of("out-of-order", "entries-3@8", "target-3@0"));
    assert_eq!(told(4), (None, None, None), "{document}");
    let gone: Vec<&Value> = [0, 4].map(|lane| &document["lanes"][lane]["records"]["not_established"]).into();
    assert_eq!(gone, [7, 8]);
}

#[test]
fn records_with_and_without_a_key_are_each_looked_for_where_they_may_lie() {
    let key = |offset| if offset % 3 == 1 { "null".to_owned() } else { format!("\"{}\"", offset % 5) };
    let ledger = Ledger::with_keys(3, "provenance = true\npartition = \"key\"", key);
    ledger.restore();
    let (code, document) = ledger.verify();
    assert_eq!((code, &document["duplicates"]), (Some(0), &json!("none")), "{document}");
    let records = &document["records"];
    assert_eq!((&records["found"], &records["in_any_partition"]), (&json!(36), &json!(12)), "{document}");
    // A copy of each kind is found; behind all others, where markers of transactions were.
    let mut copies = 0;
    for is_keyless in [true, false] {
        ledger.make_anew(&[], |partition, records| {
            if partition == 0
                && let Some(first) = records.iter().find(|record| record.key.is_none() == is_keyless).cloned()
            {
                records.truncate(records.len() - copies);
                records.push(first);
            }
        });
        copies = 1;
        let (code, document) = ledger.verify();
        assert_eq!((code, &document["duplicates"]), (Some(5), &json!("found")), "{document}");
    }
}

#[test]
fn a_job_of_which_nothing_is_kept_cannot_be_compared() {
    let ledger = Ledger::new(1, "");
    let output = ledger.verify_as(&["verify"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("holds no progress of a job"), "{}", said(&output));
    let output = ledger.verify_as(&["verify", "--delivery", "at-least-once"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("the job keeps no progress"), "{}", said(&output));
}
