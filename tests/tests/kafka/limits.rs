//! What a topic's configs forbid is caught before it is produced; what slips through is named.

use anabranch::job;
use anabranch::position::{Place, Restart};
use anabranch::report::Tally;
use anabranch::target::Standing;
use anabranch_tests::batches::{Given, lane, outputs};
use anabranch_tests::jobs;
use anabranch_tests::kafka::Cluster;
use insta::assert_snapshot;

use crate::fixtures::{connect, given, needs, plain, restore, send, told};

/// The largest record that a topic takes is found to the byte: it arrives, and one more does not.
#[test]
fn a_record_over_the_limit_is_caught_and_one_at_the_limit_arrives() {
    let topic = Cluster::plain().topic("limited", 1, &[("max.message.bytes", "5000")]).unwrap();
    let lane = lane(&topic, 0);
    let record = |bytes: usize| Given::new("key", vec![b'x'; bytes]).header("größe", None).header("b", Some(b"1"));
    let target = connect(&plain(), &needs(&[&lane])).unwrap();
    // 61 of the batch, 2 of the record's length, 3 of its beginning, 4 of the key, 2 of the value's
    // length, 1 of the headers' count, 9 and 4 of the headers.
    let largest = 5000 - 61 - 2 - 3 - 4 - 2 - 1 - 9 - 4;
    send(&*target, &lane, &[record(largest)]).unwrap();
    let refused = send(&*target, &lane, &[record(10), record(largest + 1)]).unwrap_err();
    assert_snapshot!(told(&refused, &[(&topic, "limited")]), @"
        exit 1: limited-0@1: 5001 bytes as a record batch, more than `limited` takes with 5000
        hint: raise `max.message.bytes` of the topic to 5001 or more
    ");
    assert!(
        given(Cluster::plain().read(&topic).unwrap())[&0]
            .iter()
            .all(|record| record.value.as_ref().unwrap().len() <= largest)
    );
}

/// Were batches larger than the topic's limit, the broker would refuse records that are each below it.
#[test]
fn batches_stay_below_the_smallest_topic_limit() {
    let small = Cluster::plain().topic("small", 1, &[("max.message.bytes", "3000")]).unwrap();
    let large = Cluster::plain().topic("large", 1, &[("max.message.bytes", "5000000")]).unwrap();
    let (small_lane, large_lane) = (lane(&small, 0), lane(&large, 0));
    let target = connect(&plain(), &needs(&[&small_lane, &large_lane])).unwrap();
    let records: Vec<Given> = (0..500).map(|n| Given::new(format!("{n}"), vec![b'x'; 700])).collect();
    send(&*target, &small_lane, &records).unwrap();
    send(&*target, &large_lane, &[Given::new("big", vec![1; 4_000_000])]).unwrap();
    assert_eq!(given(Cluster::plain().read(&small).unwrap())[&0], records);
    assert_eq!(given(Cluster::plain().read(&large).unwrap())[&0].len(), 1);
}

#[test]
fn a_topic_that_takes_only_recent_timestamps_is_heard() {
    let configs = [("message.timestamp.before.max.ms", "3600000"), ("message.timestamp.after.max.ms", "3600000")];
    let topic = Cluster::plain().topic("recent", 1, &configs).unwrap();
    let lane = lane(&topic, 0);
    let old = restore(&plain(), &lane, &[Given::new("k", "v").at(1_700_000_000_000)]).err().unwrap();
    assert_snapshot!(told(&old, &[(&topic, "recent")]), @"
        exit 1: recent-0@0: timestamp 1700000000000 is further from now than `message.timestamp.before.max.ms` of `recent` allows
        hint: raise `message.timestamp.before.max.ms` of the topic
    ");
    let late = restore(&plain(), &lane, &[Given::new("k", "v").at(4_000_000_000_000)]).err().unwrap();
    assert_snapshot!(told(&late, &[(&topic, "recent")]), @"
        exit 1: recent-0@0: timestamp 4000000000000 is further from now than `message.timestamp.after.max.ms` of `recent` allows
        hint: raise `message.timestamp.after.max.ms` of the topic
    ");
    assert!(Cluster::plain().read(&topic).unwrap().is_empty());
}

#[test]
fn a_compacted_topic_takes_no_record_without_a_key() {
    let topic = Cluster::plain().topic("compacted", 1, &[("cleanup.policy", "compact")]).unwrap();
    let refused = restore(&plain(), &lane(&topic, 0), &[Given::new("", "v").without_key()]).err().unwrap();
    assert_snapshot!(told(&refused, &[(&topic, "compacted")]), @"
        exit 1: compacted-0@0: `compacted` is compacted and takes no record without a key
        hint: leave such records out with a plugin, or change the topic's `cleanup.policy`
    ");
}

/// The topic changes behind the target's back, so that the broker refuses what was handed over.
#[test]
fn a_record_that_the_broker_refuses_is_named_at_the_next_call() {
    let topic = Cluster::plain().topic("shrunk", 1, &[]).unwrap();
    let lane = lane(&topic, 0);
    let target = connect(&plain(), &needs(&[&lane])).unwrap();
    Cluster::plain().alter(&topic, "max.message.bytes", "2000").unwrap();
    let mut sender = target.lane(&lane).unwrap();
    sender.send(&outputs(&lane, 7, &[Given::new("k", vec![b'x'; 100])])).unwrap();
    sender.commit(&Standing::default()).unwrap();
    sender.send(&outputs(&lane, 8, &[Given::new("k", vec![b'x'; 3000])])).unwrap();
    let refused = sender.commit(&Standing::default()).unwrap_err();
    assert_snapshot!(told(&refused, &[(&topic, "shrunk")]), @"
        exit 1: shrunk-0@8: not written to `shrunk` partition 0: MessageSizeTooLarge (Broker: Message size too large)
        hint: the cluster refuses whole batches, so that another record of the same partition, shortly before or after this one, may be at fault; the broker's log says more
    ");
    let again = sender.send(&outputs(&lane, 9, &[Given::new("k", "v")])).unwrap_err();
    assert_eq!(again.to_string(), refused.to_string());
}

/// Within a transaction what the broker refuses is taken back whole and tried again, three times; then it is the lane's
/// error. What was committed stays, and the producer goes on.
#[test]
fn a_transaction_that_the_broker_refuses_is_taken_back_and_tried_again() {
    let topic = Cluster::plain().topic("shrunk", 1, &[]).unwrap();
    let lane = lane(&topic, 0);
    let mut job = plain();
    job.target.delivery = job::Delivery::ExactlyOnce;
    job.progress.job.clone_from(&topic);
    let target = connect(&job, &needs(&[&lane])).unwrap();
    Cluster::plain().alter(&topic, "max.message.bytes", "2000").unwrap();
    let standing = |offset| Standing {
        tally: Tally { up_to: Some(Place::Offset(offset)), ..Tally::new(0) },
        ..Standing::default()
    };
    let mut sender = target.lane(&lane).unwrap();
    sender.send(&outputs(&lane, 7, &[Given::new("k", "stays")])).unwrap();
    sender.commit(&standing(7)).unwrap();
    assert_eq!(sender.take_rewind(), None);
    let large = [Given::new("k", "goes with it"), Given::new("k", vec![b'x'; 3000])];
    for _ in 0..3 {
        sender.send(&outputs(&lane, 8, &large)).unwrap();
        sender.commit(&standing(9)).unwrap();
        assert_eq!(sender.take_rewind(), Some(Restart::After(Place::Offset(7))));
    }
    sender.send(&outputs(&lane, 8, &large)).unwrap();
    let refused = sender.commit(&standing(9)).unwrap_err().to_string();
    assert!(refused.contains(&format!("not written to `{topic}` partition 0: MessageSizeTooLarge")), "{refused}");
    assert_eq!(sender.written_up_to(None), Some(Place::Offset(7)));
    sender.abandon();
    drop(sender);
    let mut sender = target.lane(&lane).unwrap();
    // What was refused has left a gap in the producer's numbers, which librdkafka notices at the next record and mends.
    for _ in 0..2 {
        sender.send(&outputs(&lane, 8, &[Given::new("k", "follows")])).unwrap();
        sender.commit(&standing(8)).unwrap();
        if sender.take_rewind().is_none() {
            break;
        }
    }
    Cluster::plain().settle(&topic).unwrap();
    let values: Vec<_> = given(Cluster::plain().read(&topic).unwrap()).remove(&0).unwrap();
    assert_eq!(values, [Given::new("k", "stays"), Given::new("k", "follows")]);
}

/// Twenty megabytes and a record larger than the whole queue go through half a megabyte of it.
#[test]
fn a_small_queue_holds_up_and_loses_nothing() {
    let topic = Cluster::plain().topic("queue", 2, &[]).unwrap();
    let lane = lane(&topic, 0);
    let mut job = plain();
    job.target.partition = job::PartitionStrategy::Key;
    job.target.properties = jobs::properties(&[("queue.buffering.max.messages", "100")]);
    job.resources.bytes_in_flight = 1 << 20;
    let target = connect(&job, &needs(&[&lane])).unwrap();
    let mut records: Vec<Given> = (0..20_000).map(|n| Given::new(n.to_string(), vec![b'x'; 1000])).collect();
    records.push(Given::new("large", vec![b'y'; 900_000]));
    send(&*target, &lane, &records).unwrap();
    let written = given(Cluster::plain().read(&topic).unwrap());
    assert_eq!(written.values().map(Vec::len).sum::<usize>(), records.len());
    let large = written.values().flatten().find(|record| record.key.as_deref() == Some(b"large")).unwrap();
    assert_eq!(large, records.last().unwrap());
}
