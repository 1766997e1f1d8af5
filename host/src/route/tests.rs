//! Routing by every strategy, and what is refused.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use insta::assert_snapshot;

use super::*;
use crate::batch::Headers;
use crate::failure::Explain;
use crate::job::{Cluster, Delivery, Transactions};

fn rules(partition: PartitionStrategy, order: Order) -> job::Target {
    job::Target {
        cluster: Cluster::Null,
        properties: BTreeMap::new(),
        topics: BTreeMap::from([("orders".to_owned(), "orders-restored".to_owned())]),
        partition,
        order,
        create: None,
        while_restoring: BTreeMap::new(),
        delivery: Delivery::AtLeastOnce,
        transactions: Transactions::default(),
        provenance: false,
        remove_provenance: false,
        registry: None,
    }
}

fn place(lane: &LaneRoute, turn: &mut Turn, key: Option<&[u8]>, chosen: Option<i32>) -> Result<i32, RouteError> {
    let headers = Headers::none(1);
    let row = OutputRow {
        input: 0,
        sibling: 0,
        key,
        value: None,
        headers: headers.row(0),
        timestamp: 0,
        topic: None,
        partition: chosen,
    };
    lane.partition(&row, lane.topic(), 4, turn)
}

fn told(error: &RouteError) -> String {
    format!("{error}\nhint: {}", error.hint().unwrap_or_default())
}

#[test]
fn topics_are_mapped_and_others_keep_their_name() {
    let router = Router::new(&rules(PartitionStrategy::Same, Order::Key)).unwrap();
    assert_eq!(router.topic("orders"), "orders-restored");
    assert_eq!(router.topic("users"), "users");
    let source = TopicPartition::new("orders", Some(3));
    assert_eq!(&**router.lane(&source).unwrap().topic(), "orders-restored");
}

#[test]
fn records_without_a_key_take_turns_from_the_source_partition_on() {
    let router = Router::new(&rules(PartitionStrategy::Key, Order::Key)).unwrap();
    let lane = router.lane(&TopicPartition::new("orders", Some(3))).unwrap();
    let mut turn = lane.turn();
    let partitions: Vec<i32> = (0..6).map(|_| place(&lane, &mut turn, None, None).unwrap()).collect();
    assert_eq!(partitions, [3, 0, 1, 2, 3, 0]);
    // A key does not take a turn.
    assert_eq!(place(&lane, &mut turn, Some(b"abc"), None).unwrap(), 479_470_107 % 4);
    assert_eq!(place(&lane, &mut turn, None, None).unwrap(), 1);
}

#[test]
fn what_can_split_a_key_needs_the_word_of_the_job() {
    let refused = |strategy| told(&Router::new(&rules(strategy, Order::Key)).unwrap_err());
    assert_snapshot!(refused(PartitionStrategy::RoundRobin), @"
        `round-robin` can put the records of one key into several partitions, and the job promises their order
        hint: set `target.order` to `none` to do without the order of keys
    ");
    assert_snapshot!(refused(PartitionStrategy::Table(BTreeMap::new())), @"
        a table of partitions can put the records of one key into several partitions, and the job promises their order
        hint: set `target.order` to `none` to do without the order of keys
    ");
    let lane = |order| {
        let router = Router::new(&rules(PartitionStrategy::Key, order)).unwrap();
        router.lane(&TopicPartition::new("orders", Some(0))).unwrap()
    };
    let promised = lane(Order::Key);
    let mut turn = promised.turn();
    assert_snapshot!(told(&place(&promised, &mut turn, Some(b"a"), Some(1)).unwrap_err()), @"
        a partition chosen by a plugin can put the records of one key into several partitions, and the job promises their order
        hint: set `target.order` to `none` to do without the order of keys
    ");
    assert_eq!(place(&lane(Order::None), &mut turn, Some(b"a"), Some(1)), Ok(1));
    assert!(place(&lane(Order::Timestamp), &mut turn, Some(b"a"), Some(1)).is_err());
    assert!(Router::new(&rules(PartitionStrategy::RoundRobin, Order::Timestamp)).is_err());
}

#[test]
fn records_of_a_merged_lane_go_by_their_own_source_partition() {
    let merged = TopicPartition::new("orders", None);
    let of = |partition| TopicPartition::new("orders", Some(partition));
    let table = BTreeMap::from([(0, 3), (1, 3), (2, 1)]);
    for (strategy, wanted) in [(PartitionStrategy::Same, [0, 2, 1]), (PartitionStrategy::Table(table), [3, 1, 3])] {
        let mut lane = Router::new(&rules(strategy, Order::Timestamp)).unwrap().lane(&merged).unwrap();
        let mut turn = lane.turn();
        for (source, wanted) in [0, 2, 1].into_iter().zip(wanted) {
            lane.follow(&of(source)).unwrap();
            assert_eq!(place(&lane, &mut turn, Some(b"a"), None), Ok(wanted));
        }
        assert!(lane.follow(&merged).is_err(), "nothing tells its partition");
    }
}

#[test]
fn a_partition_that_is_not_there_is_refused() {
    let same = Router::new(&rules(PartitionStrategy::Same, Order::None)).unwrap();
    let lane = same.lane(&TopicPartition::new("orders", Some(4))).unwrap();
    let mut turn = lane.turn();
    assert_snapshot!(told(&place(&lane, &mut turn, None, None).unwrap_err()), @"
        topic `orders-restored` has no partition 4, only 4 of them from 0
        hint: add partitions to the topic, or set `target.partition` to `key`
    ");
    assert!(place(&lane, &mut turn, None, Some(-1)).is_err());
    assert_snapshot!(told(&same.lane(&TopicPartition::new("orders", None)).unwrap_err()), @"
        the backup does not tell partitions, which the partition strategy (`same`) goes by
        hint: set `target.partition` to `key` or `round-robin`, or say in `backup.path` where a file's path has `{partition}`
    ");
    let table = Router::new(&rules(PartitionStrategy::Table(BTreeMap::from([(0, 1)])), Order::None)).unwrap();
    assert_eq!(table.fixed_partition(&TopicPartition::new("orders", Some(0))), Ok(Some(1)));
    assert_snapshot!(told(&table.lane(&TopicPartition::new("orders", Some(2))).unwrap_err()), @"
        `target.partition` has no entry for source partition 2
        hint: add `2` to the table `target.partition`
    ");
}
