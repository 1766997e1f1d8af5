//! Runs that follow each other: what is done is not done again, and what changed is noticed.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::documented::assert_documented;
use crate::shop::{Running, Shop, said, wait};

/// What is changed in a job file.
type Change<'a> = &'a dyn Fn(String) -> String;

/// A job that is slow enough to be stopped in its middle.
pub(crate) fn slow() -> Shop {
    Shop::new(8000)
        .settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }")
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n")
}

/// Runs it until it has committed something.
fn begun(shop: &Shop) -> Running {
    let mut running = shop.start();
    running.until_it_writes(shop);
    running
}

/// How far it has come, as the cluster has it.
fn status(shop: &Shop) -> Value {
    let output = shop.command("status", &shop.job()).output().unwrap();
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    status["jobs"][0].clone()
}

/// Runs it until it has sent something, which it has not committed yet.
fn started(shop: &Shop) -> Running {
    let mut running = shop.start();
    running.until_it_flows();
    wait(1500);
    running
}

/// Stops it in its middle.
fn stopped(shop: &Shop) {
    let mut running = begun(shop);
    running.child.kill().unwrap();
    assert_eq!(running.end().0, None);
}

#[test]
fn a_job_that_is_complete_is_not_done_again() {
    // In the topic where progress is kept if nothing is said.
    let shop = Shop::new(3000).progress_in("anabranch-progress");
    let summary = shop.restore();
    assert_eq!((&summary["complete"], &summary["read"]["records"]), (&true.into(), &12_000.into()));
    assert_eq!(summary["before"], Value::Null);
    shop.check();
    let output = shop.command("restore", &shop.job()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains(&format!("anabranch forget --name {}", shop.name)), "{}", said(&output));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["complete"], &summary["read"]["records"]), (&true.into(), &0.into()));
    assert_eq!(summary["before"]["read"]["records"], 12_000);
    assert_documented(&summary);
    shop.check();
}

#[test]
fn a_signal_commits_within_seconds_and_the_same_command_goes_on() {
    // With a commit now and then, and with none before the signal.
    let long = "transactions.age = \"20s\"\nproperties = { \"linger.ms\" = 50 }";
    for (name, shop) in [("INT", slow()), ("TERM", slow().settings(long))] {
        let running = if name == "INT" { begun(&shop) } else { started(&shop) };
        let asked = std::time::Instant::now();
        running.signal(name);
        let (code, said, summary) = running.end();
        assert!(asked.elapsed().as_secs() < 5, "{:?}", asked.elapsed());
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("the same command goes on from there"), "{said}");
        let first = summary.unwrap();
        assert_eq!(first["complete"], false);
        let written = first["written"]["records"].as_u64().unwrap();
        assert!(written > 0);
        shop.settle();
        assert_eq!(shop.visible() as u64, written, "what the summary tells is what is committed");
        // What is left at full speed.
        let shop = shop.settings("").resources("");
        let second = shop.restore();
        assert_eq!(second["before"]["written"]["records"], written);
        assert_eq!(second["before"]["read"]["records"], first["read"]["records"]);
        assert!(second["read"]["records"].as_u64().unwrap() < shop.source_records());
        shop.check();
    }
}

#[test]
fn a_plan_says_where_a_restore_would_go_on_and_takes_nothing_from_it() {
    let shop = slow();
    let plan = || {
        let output = shop.command("plan", &shop.job()).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_documented(&plan);
        plan["start"].clone()
    };
    let start = plan();
    assert_eq!((&start["at"], &start["topic"]), (&"beginning".into(), &shop.progress.as_str().into()));
    assert_eq!((&start["files"], &start["files_done"], &start["started"]), (&12.into(), &0.into(), &Value::Null));

    let running = begun(&shop);
    assert_eq!(plan()["at"], "last-commit");
    running.signal("TERM");
    let (code, said, _) = running.end();
    // Nobody took an id from it.
    assert!(code == Some(1) && said.contains("the same command goes on from there"), "{said}");
    shop.cluster.settle(&shop.progress).unwrap();
    let (start, kept) = (plan(), status(&shop));
    for field in ["started", "resumed", "read", "written", "set_aside"] {
        assert_eq!(start[field], kept[field], "{field}");
    }
    let lanes = start["lanes"].as_array().unwrap();
    assert_eq!(lanes.len(), 4);
    for (lane, kept) in lanes.iter().zip(kept["lanes"].as_array().unwrap()) {
        for field in ["source", "complete", "up_to", "read", "written", "set_aside"] {
            assert_eq!(lane[field], kept[field], "{field}");
        }
        // The files of a lane begin at 0, 2667 and 5334.
        let read = lane["read"]["records"].as_u64().unwrap();
        assert_eq!(lane["files_done"], [2667, 5334, 8000].iter().filter(|end| **end <= read).count());
    }
    let summary = shop.restore();
    assert_eq!(summary["before"]["read"], start["read"]);
    shop.check();

    let start = plan();
    assert_eq!((&start["at"], &start["files_done"]), (&"end".into(), &12.into()));
    assert_eq!(start["read"]["records"], shop.source_records());
    let at_least_once = shop.job_with(|text| text.replace("[target]", "[target]\ndelivery = \"at-least-once\""));
    let output = shop.command("plan", &at_least_once).args(["--allow", "changed-delivery"]).output().unwrap();
    let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&plan["start"]["at"], &plan["start"]["topic"]), (&"beginning".into(), &Value::Null));
}

#[test]
fn what_is_done_is_not_read_again() {
    let shop = slow();
    let mut running = begun(&shop);
    // Until a lane is done with its first file of three, and not with all of them.
    let in_its_middle = |lane: &Value| (2700..7000).contains(&lane["read"]["records"].as_u64().unwrap());
    while !status(&shop)["lanes"].as_array().unwrap().iter().any(in_its_middle) {
        assert!(running.child.try_wait().unwrap().is_none(), "{}", running.said());
    }
    running.signal("TERM");
    let summary = running.end().2.unwrap();
    let mut spoiled = 0;
    for lane in summary["lanes"].as_array().unwrap() {
        let (partition, up_to) = match lane["up_to"].as_str() {
            Some(up_to) => up_to.strip_prefix("orders-").unwrap().split_once('@').unwrap(),
            None => continue,
        };
        let done: i64 = up_to.parse().unwrap();
        let folder = shop.folder.path().join("backup/orders").join(partition);
        let mut firsts: Vec<i64> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().parse().unwrap())
            .collect();
        firsts.sort_unstable();
        // The last file of a lane is not over before the lane is.
        let ends = firsts.iter().skip(1).map(|next| next - 1).chain([i64::MAX]);
        for (first, end) in firsts.iter().zip(ends) {
            if end <= done || lane["complete"] == true {
                spoil(&folder.join(format!("{first}.jsonl")));
                spoiled += u32::from(lane["complete"] != true);
            }
        }
    }
    assert!(spoiled > 0, "{summary}");
    assert!(shop.restore()["read"]["records"].as_u64().unwrap() > 0);
    shop.check();
}

/// Leaves nothing of a file but its size and its time of writing: who reads it fails.
fn spoil(path: &Path) {
    let known = fs::metadata(path).unwrap();
    fs::write(path, vec![0xFF; usize::try_from(known.len()).unwrap()]).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_modified(known.modified().unwrap()).unwrap();
}

#[test]
fn changes_of_what_is_restored_are_refused_unless_allowed_by_name() {
    let shop = slow();
    stopped(&shop);
    let other_plugin = |text: String| text.replace("prefix = \"drop\"", "prefix = \"dropped\"");
    let (mapped, to_vip) = (format!("orders = \"{}\"", shop.topics[0]), format!("orders = \"{}\"", shop.topics[1]));
    let other_map = |text: String| text.replace(&mapped, &to_vip);
    let more = shop.folder.path().join("backup/orders/0/0.jsonl");
    let (content, longer) = (fs::read_to_string(&more).unwrap(), format!("{}\n", fs::read_to_string(&more).unwrap()));
    let changes: [(&str, Change<'_>, &str); 3] = [
        ("changed-plugins", &other_plugin, &content),
        ("changed-map", &other_map, &content),
        ("changed-source", &|text| text, &longer),
    ];
    for (code, change, file) in changes {
        fs::write(&more, file).unwrap();
        let job = shop.job_with(change);
        let refused = shop.command("restore", &job).output().unwrap();
        assert_eq!(refused.status.code(), Some(1), "{code}: {}", said(&refused));
        assert!(said(&refused).contains(&format!("error: the restore does not start: {code}")), "{}", said(&refused));
        let planned = shop.command("plan", &job).output().unwrap();
        let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
        assert_eq!(plan["stops"], serde_json::json!([code]));
    }
    // Allowed, it goes on where it was: a line more of nothing changes nothing.
    let allowed = shop.command("restore", &shop.job()).args(["--allow", "changed-source"]).output().unwrap();
    assert!(allowed.status.success(), "{}", said(&allowed));
    shop.check();
    // What was allowed is what it is now.
    assert_eq!(shop.restore()["read"]["records"], 0);
}

#[test]
fn a_target_topic_that_was_created_anew_or_is_gone_is_refused() {
    let shop = slow();
    stopped(&shop);
    shop.cluster.delete(&shop.topics[0]).unwrap();
    while shop.cluster.partitions().unwrap().contains_key(&shop.topics[0]) {}
    let refused = shop.command("restore", &shop.job()).arg("--create").output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(
        said(&refused).contains("changed-target") && said(&refused).contains("not there any more"),
        "{}",
        said(&refused)
    );
    shop.cluster.create(&shop.topics[0], 3, &[]).unwrap();
    let refused = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("was created anew"), "{}", said(&refused));
}

#[test]
fn status_and_forget_need_the_cluster_alone() {
    let shop = slow();
    let running = begun(&shop);
    running.signal("TERM");
    assert_eq!(running.end().0, Some(1));
    shop.settle();
    shop.cluster.settle(&shop.progress).unwrap();
    let job = shop.job();
    let status = |arguments: &[&str]| {
        let mut command = anabranch_tests::binaries::anabranch().unwrap();
        let cluster = ["--brokers", shop.cluster.servers(), "--progress-topic", &shop.progress];
        let output = command.args(arguments).args(cluster).output().unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).ok(), said(&output))
    };
    // From a folder without the backup, and without a job file.
    fs::rename(shop.folder.path().join("backup"), shop.folder.path().join("elsewhere")).unwrap();
    let (code, document, text) = status(&["status", "--name", &shop.name, "--output", "json"]);
    assert_eq!(code, Some(0), "{text}");
    let document = document.unwrap();
    assert_documented(&document);
    let of_job = &document["jobs"][0];
    assert_eq!((&of_job["job"], &of_job["complete"]), (&shop.name.as_str().into(), &false.into()));
    assert_eq!(of_job["lanes"].as_array().unwrap().len(), 4);
    assert_eq!(of_job["written"]["records"], shop.visible());
    let by_file = shop.command("status", &job).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&by_file.stdout).unwrap(), document);
    let (_, all, _) = status(&["status", "--output", "json"]);
    assert!(all.unwrap()["jobs"].as_array().unwrap().contains(of_job));

    let (code, _, text) = status(&["forget"]);
    assert_eq!(code, Some(2), "{text}");
    let (code, forgotten, text) = status(&["forget", "--name", &shop.name, "--output", "json"]);
    assert_eq!(code, Some(0), "{text}");
    let forgotten = forgotten.unwrap();
    assert_documented(&forgotten);
    assert_eq!(forgotten["job"]["written"], of_job["written"]);
    let (code, _, text) = status(&["status", "--name", &shop.name]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("holds no progress of a job"), "{text}");
    // It begins anew, and what was written is there twice: which is asked for.
    fs::rename(shop.folder.path().join("elsewhere"), shop.folder.path().join("backup")).unwrap();
    let before = shop.visible();
    let refused = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("target-not-empty"), "{}", said(&refused));
    let shop = shop.among_others();
    let summary = shop.restore();
    assert_eq!(summary["read"]["records"], shop.source_records());
    shop.settle();
    assert_eq!(shop.visible() as u64, before as u64 + summary["written"]["records"].as_u64().unwrap());
}

#[test]
fn at_least_once_begins_at_the_beginning_and_says_so() {
    let shop = slow().settings("delivery = \"at-least-once\"").among_others();
    for run in 1..=2 {
        let summary = shop.restore();
        assert_eq!(summary["read"]["records"], shop.source_records());
        let findings = summary["findings"].as_array().unwrap();
        assert!(findings.iter().any(|finding| finding["code"] == "at-least-once"), "{summary}");
        assert_eq!(shop.visible() as u64, run * summary["written"]["records"].as_u64().unwrap());
    }
}
