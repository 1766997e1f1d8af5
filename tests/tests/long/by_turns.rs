//! Records that go to partitions by turns, which begin anew wherever a restore goes on.

use std::fs;

use serde_json::{Value, json};

use crate::shop::{Shop, said};

#[test]
fn records_dealt_out_by_turns_are_found_in_any_partition() {
    let shop = Shop::new(6000)
        .settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }")
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
    let dealt = |text: String| text.replace("partition = \"key\"", "partition = \"round-robin\"\norder = \"none\"");
    let job = shop.job_with(dealt);
    let text = fs::read_to_string(&job).unwrap();
    let command = |verb: &str| {
        fs::write(&job, &text).unwrap();
        shop.command(verb, &job)
    };
    let mut child = command("restore").stderr(std::process::Stdio::null()).spawn().unwrap();
    while shop.committed() == 0 {
        assert!(child.try_wait().unwrap().is_none());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = command("restore").output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let output = command("verify").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let records = &document["records"];
    assert_eq!(records["expected"], records["in_any_partition"], "{document}");
    assert_eq!((&records["not_established"], &document["equal"]), (&json!(0), &json!(true)));
}
