//! What every target must do: one suite that each implementation runs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "assertions of tests, shared between them")]

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anabranch::batch::{Outputs, Patch, Patches, Selection};
use anabranch::job::{self, Cluster, Order, PartitionStrategy};
use anabranch::position::TopicPartition;
use anabranch::target::{LaneNeed, Standing, Target};
use arrow_array::{BinaryArray, StringArray};

use crate::batches::{Given, lane, outputs};
use crate::jobs;

/// Reads a topic: its records by partition, in order; a partition without any may be left out.
pub type ReadTopic = Box<dyn Fn(&str) -> BTreeMap<i32, Vec<Given>>>;

/// A target that is open, and the way to see what it holds.
pub struct Open {
    /// The target.
    pub target: Arc<dyn Target>,
    /// Reads it back.
    pub read: ReadTopic,
}

/// A kind of target.
pub trait Subject {
    /// Where it is.
    fn cluster(&self) -> Cluster;
    /// A topic's name that nobody else has.
    fn topic_name(&self, stem: &str) -> String;
    /// Opens a target under these rules, with these topics and partitions in it.
    fn open(&self, rules: job::Target, topics: &[(&str, i32)], lanes: &[LaneNeed]) -> Open;
}

/// Runs the whole suite.
pub fn conform(subject: &dyn Subject) {
    keeps_every_part_of_a_record(subject);
    keeps_the_order_of_each_key(subject);
    places_by_strategy(subject);
    sends_what_plugins_made(subject);
    refuses_with_the_position(subject);
}

fn needs(lanes: &[Arc<TopicPartition>]) -> Vec<LaneNeed> {
    lanes.iter().map(|lane| LaneNeed::new(Arc::clone(lane))).collect()
}

fn keeps_every_part_of_a_record(subject: &dyn Subject) {
    let topic = subject.topic_name("parts");
    let lane = lane(&topic, 0);
    let open = subject.open(jobs::target(subject.cluster()), &[(&topic, 1)], &needs(&[Arc::clone(&lane)]));
    let given = vec![
        Given::new("key", "value"),
        Given::new("", ""),
        Given { key: None, value: None, ..Given::new("", "") },
        Given { value: None, ..Given::new("tombstone", "") },
        Given::new("keyless", "x").without_key(),
        Given::new([0_u8, 255, 128], vec![7_u8; 300_000]),
        Given::new("headers", "x")
            .header("b", Some(b"1"))
            .header("a", None)
            .header("b", Some(b""))
            .header("b", Some(b"1"))
            .header("größe 大きさ", Some(&[0, 159, 146, 150]))
            .header("", Some(b"nameless")),
        Given::new("first millisecond", "x").at(1),
        Given::new("long ago", "x").at(1_500_000_000_000),
    ];
    let mut sender = open.target.lane(&lane).unwrap();
    let sent = sender.send(&outputs(&lane, 100, &given)).unwrap();
    sender.commit(&Standing::default()).unwrap();
    assert_eq!(sent.by_topic.len(), 1);
    assert_eq!((&*sent.by_topic[0].0, sent.by_topic[0].1.records), (&*topic, given.len() as u64));
    assert_eq!((open.read)(&topic).remove(&0).unwrap(), given);
}

fn keeps_the_order_of_each_key(subject: &dyn Subject) {
    const RECORDS: usize = 6_000;
    let topic = subject.topic_name("order");
    let rules = job::Target { partition: PartitionStrategy::Key, ..jobs::target(subject.cluster()) };
    let lanes: Vec<_> = (0..3).map(|partition| lane(&topic, partition)).collect();
    let open = subject.open(rules, &[(&topic, 4)], &needs(&lanes));
    std::thread::scope(|threads| {
        for lane in &lanes {
            let target = Arc::clone(&open.target);
            threads.spawn(move || {
                let mut sender = target.lane(lane).unwrap();
                for first in (0..RECORDS).step_by(500) {
                    let records: Vec<Given> = (first..first + 500)
                        .map(|n| Given::new(format!("{lane} key {}", n % 17), n.to_string()))
                        .collect();
                    sender.send(&outputs(lane, first as i64, &records)).unwrap();
                }
                sender.commit(&Standing::default()).unwrap();
            });
        }
    });
    let mut last: HashMap<Vec<u8>, (i32, usize)> = HashMap::new();
    let mut count = 0;
    for (partition, records) in (open.read)(&topic) {
        for record in records {
            let number: usize = String::from_utf8(record.value.unwrap()).unwrap().parse().unwrap();
            let key = record.key.unwrap();
            if let Some((home, before)) = last.insert(key.clone(), (partition, number)) {
                assert_eq!(home, partition, "one key in two partitions");
                assert_eq!(before + 17, number, "{}", String::from_utf8_lossy(&key));
            }
            count += 1;
        }
    }
    assert_eq!(count, 3 * RECORDS);
}

fn places_by_strategy(subject: &dyn Subject) {
    let name = subject.topic_name("placed");
    let source = TopicPartition::new("source", Some(2));
    let lane = Arc::new(source);
    let rows: Vec<Given> = (0..8).map(|n| Given::new(format!("k{n}"), n.to_string())).collect();
    let keyless: Vec<Given> = rows.iter().map(|given| given.clone().without_key()).collect();
    let table = PartitionStrategy::Table(BTreeMap::from([(2, 0)]));
    for (strategy, order, records, expected) in [
        (PartitionStrategy::Same, Order::Key, &rows, [0, 0, 8, 0]),
        (table, Order::None, &rows, [8, 0, 0, 0]),
        (PartitionStrategy::RoundRobin, Order::None, &rows, [2, 2, 2, 2]),
        (PartitionStrategy::Key, Order::Key, &keyless, [2, 2, 2, 2]),
    ] {
        let topic = format!("{name}-{}", strategy_name(&strategy));
        let topics = BTreeMap::from([("source".to_owned(), topic.clone())]);
        let rules = job::Target { partition: strategy, order, topics, ..jobs::target(subject.cluster()) };
        let open = subject.open(rules, &[(&topic, 4)], &needs(&[Arc::clone(&lane)]));
        let mut sender = open.target.lane(&lane).unwrap();
        sender.send(&outputs(&lane, 0, records)).unwrap();
        sender.commit(&Standing::default()).unwrap();
        let written = (open.read)(&topic);
        let counts = [0, 1, 2, 3].map(|partition| written.get(&partition).map_or(0, Vec::len));
        assert_eq!(counts, expected, "{topic}");
    }
}

fn strategy_name(strategy: &PartitionStrategy) -> &'static str {
    match strategy {
        PartitionStrategy::Same => "same",
        PartitionStrategy::Key => "key",
        PartitionStrategy::RoundRobin => "round-robin",
        PartitionStrategy::Table(_) => "table",
    }
}

fn sends_what_plugins_made(subject: &dyn Subject) {
    let (home, away) = (subject.topic_name("home"), subject.topic_name("away"));
    let lane = lane(&home, 0);
    let rules = job::Target { order: Order::None, ..jobs::target(subject.cluster()) };
    let open = subject.open(rules, &[(&home, 1), (&away, 3)], &needs(&[Arc::clone(&lane)]));
    let plain = outputs(&lane, 0, &[Given::new("a", "1"), Given::new("b", "2"), Given::new("c", "3")]);
    // `a` is left out, `b` comes out twice, once changed and elsewhere, `c` loses its value.
    let made = Outputs {
        selection: Selection::Rows(vec![1, 1, 2]),
        patches: Patches {
            values: Some(Patch { rows: vec![1, 2].into(), column: BinaryArray::from(vec![Some(&b"new"[..]), None]) }),
            topics: Some(Patch { rows: vec![1].into(), column: StringArray::from(vec![away.as_str()]) }),
            partitions: Some(Patch { rows: vec![1].into(), column: vec![2].into() }),
            ..Patches::default()
        },
        ..plain
    };
    let mut sender = open.target.lane(&lane).unwrap();
    sender.send(&made).unwrap();
    sender.commit(&Standing::default()).unwrap();
    let tombstone = Given { value: None, ..Given::new("c", "") };
    assert_eq!((open.read)(&home).remove(&0).unwrap(), [Given::new("b", "2"), tombstone]);
    assert_eq!((open.read)(&away).remove(&2).unwrap(), [Given::new("b", "new")]);
}

fn refuses_with_the_position(subject: &dyn Subject) {
    let topic = subject.topic_name("refused");
    let lane = lane(&topic, 0);
    let open = |order| {
        let rules = job::Target { order, ..jobs::target(subject.cluster()) };
        subject.open(rules, &[(&topic, 2)], &needs(&[Arc::clone(&lane)])).target
    };
    let send = |order, partition: i32| {
        let plain = outputs(&lane, 1042, &[Given::new("a", "1")]);
        let patches = Patches {
            partitions: Some(Patch { rows: vec![1].into(), column: vec![partition].into() }),
            ..Patches::default()
        };
        let twice = Outputs { selection: Selection::Rows(vec![0, 0]), patches, ..plain };
        open(order).lane(&lane).unwrap().send(&twice).unwrap_err().to_string()
    };
    assert_eq!(
        send(Order::None, 7),
        format!("{topic}-0@1042#1: topic `{topic}` has no partition 7, only 2 of them from 0")
    );
    assert_eq!(
        send(Order::Key, 1),
        format!(
            "{topic}-0@1042#1: a partition chosen by a plugin can put the records of one key into several partitions, \
             and the job promises their order"
        )
    );
}
