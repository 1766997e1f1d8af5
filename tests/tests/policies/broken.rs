//! Ceilings that are reached and places for dead letters that fail: the job stops and says so, and nothing half-written is
//! visible.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::fixture::{Bench, SOURCES, fan_out_and_mask, is_bad, said};

#[test]
fn more_than_the_job_allows_stops_it_and_counts_go_on() {
    let bench = Bench::with_bad_lines(6000);
    let rejected = |most: u64| {
        format!(
            "transactions.age = \"1ms\"\n[rejected]\npolicy = \"skip\"\nmax_rejected = {most}\nmax_share = \"100%\"\n\
             [resources]\nlanes = 1\nbytes_in_flight = \"32 KiB\"\n"
        )
    };
    let job = |most: u64| bench.job(&fan_out_and_mask(), &rejected(most));
    let said = bench.fail(&job(500), 1);
    assert!(said.contains("the value is not JSON"), "{said}");
    assert!(said.contains("are set aside, more than `rejected.max_rejected` allows with 500"), "{said}");
    let status = bench.command("status", &job(500)).output().unwrap();
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert!(status["jobs"][0]["set_aside"].as_u64().unwrap() > 0, "nothing of it is committed: {status}");
    let said = bench.fail(&job(1199), 1);
    assert!(said.contains("`rejected.max_rejected` allows with 1,199"), "what earlier runs set aside counts: {said}");
    bench.restore(&job(1200));
    assert_eq!(bench.values(), bench.lines(|offset| !is_bad(offset)));
}

#[test]
fn a_plugin_that_rejects_everything_stops_the_job() {
    let bench = Bench::new(2000, |source, offset| (None, format!("not JSON {source} {offset}")));
    let said = bench.fail(&bench.job(&fan_out_and_mask(), "[rejected]\npolicy = \"skip\"\n"), 1);
    assert!(said.contains("more than `rejected.max_share` allows with 10 %"), "{said}");
    assert!(bench.values().is_empty());
}

#[test]
fn a_dead_letter_that_its_topic_does_not_take_stops_the_job() {
    let bench = Bench::with_bad_lines(100);
    let dead = bench.cluster.topic("dead", SOURCES, &[("max.message.bytes", "200")]).unwrap();
    let rejected = format!(
        "properties = {{ \"batch.size\" = 150 }}\n[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"topic:{dead}\"\n"
    );
    let said = bench.fail(&bench.job(&fan_out_and_mask(), &rejected), 1);
    assert!(said.contains("the dead letter of orders-"), "{said}");
    assert!(said.contains(&format!("more than `{dead}` takes with 200")), "{said}");
    assert!(said.contains("rejected.dead_letters"), "{said}");
    // Of the transactions that failed nothing is visible: no record, and no dead letter.
    assert!(bench.read(&dead).is_empty());
    assert!(bench.values().is_empty());
}

#[test]
fn a_place_that_cannot_be_written_to_stops_the_job_before_it_starts() {
    let bench = Bench::with_bad_lines(10);
    fs::write(bench.folder.path().join("file"), "").unwrap();
    let rejected = |place: &str| format!("[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"{place}\"\n");
    let said = bench.fail(&bench.job(&fan_out_and_mask(), &rejected("file/dead")), 3);
    assert!(said.contains("file/dead"), "{said}");
    let missing = bench.cluster.topic_name("missing");
    let said = bench.fail(&bench.job(&fan_out_and_mask(), &rejected(&format!("topic:{missing}"))), 2);
    assert!(said.contains(&format!("the target has no topic `{missing}`")), "{said}");
    let said = bench.fail(&bench.job(&fan_out_and_mask(), &rejected(&format!("topic:{}", bench.topic))), 2);
    assert!(said.contains("to which records are restored"), "{said}");
    let progress = format!("{}-progress", bench.name);
    assert!(!bench.cluster.partitions().unwrap().contains_key(&progress), "the job has begun");
    assert!(bench.values().is_empty());
}

#[test]
fn a_store_that_fails_on_the_way_leaves_nothing_half_written() {
    let bench = Bench::with_bad_lines(3000);
    let rejected = "transactions.age = \"20ms\"\n[rejected]\npolicy = \"dead-letter\"\ndead_letters = \"dead\"\nmax_share = \"20%\"\n[resources]\nlanes = 1\nbytes_in_flight = \"32 KiB\"\n";
    let job = bench.job(&fan_out_and_mask(), rejected);
    // A file stands where the folder of the second lane is to be.
    let folder = bench.folder.path().join("dead").join(&bench.name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("orders-1"), "").unwrap();
    let said = bench.fail(&job, 3);
    assert!(said.contains("orders-1"), "{said}");
    let values = bench.values();
    assert_eq!(values.get(&1), None, "records are visible whose dead letters were not kept");
    fs::remove_file(folder.join("orders-1")).unwrap();
    bench.restore(&job);
    assert_eq!(bench.values(), bench.lines(|offset| !is_bad(offset)));
}

#[test]
fn a_topic_of_dead_letters_that_is_deleted_on_the_way_ends_the_job_and_nothing_half_written_is_visible() {
    let bench = Bench::with_bad_lines(6000);
    let dead = bench.cluster.topic("dead", SOURCES, &[]).unwrap();
    let rest = format!(
        "transactions.age = \"20ms\"\nproperties = {{ \"linger.ms\" = 5, \"message.timeout.ms\" = 3000 }}\n[rejected]\n\
         policy = \"dead-letter\"\ndead_letters = \"topic:{dead}\"\nmax_share = \"20%\"\n[resources]\nlanes = 1\n\
         bytes_in_flight = \"32 KiB\"\n"
    );
    let job = bench.job(&fan_out_and_mask(), &rest);
    let child = bench.command("restore", &job).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while bench.cluster.committed(&dead).unwrap().iter().all(|end| *end == 0) {
        assert!(Instant::now() < deadline);
    }
    bench.cluster.delete(&dead).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = said(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains(&format!("error: the target has no topic `{dead}` any more")), "{told}");
    // Whole records in order, as far as it came.
    let wanted = bench.lines(|offset| !is_bad(offset));
    let seen = bench.values();
    assert!(!seen.is_empty() && seen != wanted, "it was over before the topic was gone");
    for (source, list) in &seen {
        let last: i64 = list.last().unwrap()[2..8].parse().unwrap();
        let whole = bench.lines(|offset| !is_bad(offset) && offset <= last);
        assert_eq!(*list, whole[source], "half a record of orders-{source}");
    }
    bench.cluster.create(&dead, SOURCES, &[]).unwrap();
    bench.restore(&job);
    assert_eq!(bench.values(), wanted);
}
