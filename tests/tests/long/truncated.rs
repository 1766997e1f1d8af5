//! A target topic that has lost what was written to it, and is still the same topic.

use anabranch_tests::kafka::Cluster;

use crate::shop::{Shop, said};

#[test]
fn a_target_whose_log_ends_before_what_was_written_is_refused() {
    // A broker of its own, since it is ended. It lives as long as the process.
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start("auto.create.topics.enable=false").unwrap()));
    let shop = Shop::on(cluster, 8000)
        .settings("transactions.age = \"20ms\"\nproperties = { \"linger.ms\" = 5 }")
        .resources("[resources]\nlanes = 2\nbytes_in_flight = \"64 KiB\"\n");
    let mut running = shop.start();
    running.until_it_writes(&shop);
    running.signal("TERM");
    assert_eq!(running.end().0, Some(1));
    shop.settle();
    // As after a disk that was lost, or an election of a leader that had nothing of it.
    let partition = *shop.cluster.read(&shop.topics[0]).unwrap().keys().next().unwrap();
    cluster.node(1).end().unwrap();
    cluster.node(1).lose(&shop.topics[0], partition).unwrap();
    cluster.node(1).start_again().unwrap();
    cluster.node(1).wait().unwrap();
    let lost = shop.visible();
    let refused = shop.command("restore", &shop.job()).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("error: the restore does not start: changed-target"), "{}", said(&refused));
    let place = format!("`{}-{partition}` ends at 0, before ", shop.topics[0]);
    assert!(said(&refused).contains(&place), "{}", said(&refused));
    assert_eq!(shop.visible(), lost);
    // Who allows it gets the rest.
    let allowed = shop.command("restore", &shop.job()).args(["--allow", "changed-target"]).output().unwrap();
    assert!(allowed.status.success(), "{}", said(&allowed));
    assert!(shop.visible() > lost);
}
