//! Runs that follow each other.

use crate::shop::{Shop, said};

#[test]
fn a_job_that_is_complete_is_not_done_again() {
    let shop = Shop::new(3000);
    let summary = shop.restore();
    assert_eq!((&summary["complete"], &summary["read"]["records"]), (&true.into(), &12_000.into()));
    shop.check();
    let output = shop.command("restore", &shop.job()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains(&format!("anabranch forget --name {}", shop.name)), "{}", said(&output));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["complete"], &summary["read"]["records"]), (&true.into(), &0.into()));
    assert_eq!(summary["before"]["read"]["records"], 12_000);
    shop.check();
}
