//! A store that is silent for a long time.

use std::time::{Duration, Instant};

use anabranch_tests::object_store::S3Server;

use crate::shop::Shop;

#[test]
fn a_store_that_stalls_for_90_seconds_is_waited_for() {
    let server = S3Server::start().unwrap();
    server.create_bucket("backups").unwrap();
    // All as it is if nothing is said of it: requests may take 30 seconds, transactions 60.
    let shop = Shop::new(3000)
        .stored_on(&server, "")
        .settings("transactions.age = \"20ms\"")
        .resources("[resources]\nlanes = 1\nbytes_in_flight = \"64 KiB\"\n");
    let mut running = shop.start();
    running.until_it_writes(&shop);
    server.stall(Duration::from_secs(90));
    let stalled = Instant::now();
    let (code, said, _) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(stalled.elapsed() > Duration::from_secs(90), "it was read to its end before");
    assert!(!said.contains("going back to"), "{said}");
    shop.check();
}
