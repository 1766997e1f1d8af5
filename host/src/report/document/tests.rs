//! The summary as people and programs see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::finding::Weight;
use crate::position::{Place, TopicPartition};
use crate::report::{LaneSummary, PluginCounts};

fn lane(partition: i32, end: LaneEnd) -> LaneSummary {
    let mut tally = Tally::new(2);
    tally.read = Volume::new(1_000, 250_000);
    tally.plugins[0] = PluginCounts {
        read: 1_000,
        kept: 700,
        dropped: BTreeMap::from([("test user".to_owned(), 290), (String::new(), 10)]),
        changed: 0,
        written: 700,
        counters: BTreeMap::from([("users".to_owned(), 7)]),
    };
    tally.plugins[1] = PluginCounts { read: 700, kept: 700, changed: 650, written: 700, ..PluginCounts::default() };
    tally.wrote("orders-restored", Volume::new(700, 175_000));
    tally.duplicates = 3;
    tally.missing_offsets = u64::from(partition == 0);
    tally.up_to = Some(Place::Offset(1_041));
    LaneSummary { source: Arc::new(TopicPartition::new("orders", Some(partition))), tally, end }
}

fn summary(ends: [LaneEnd; 2]) -> Summary {
    Summary {
        job: "replay-orders".to_owned(),
        target: "localhost:9092".to_owned(),
        plugins: vec!["drop-test-users".to_owned(), "mask".to_owned()],
        lanes: vec![lane(0, ends[0]), lane(1, ends[1])],
        duration: Duration::from_millis(2_500),
        findings: vec![Finding {
            code: "timestamp-type",
            weight: Weight::Warning,
            message: "timestamps become the producer's own".to_owned(),
            remedy: Some("set `message.timestamp.type` of the topic".to_owned()),
        }],
    }
}

#[test]
fn a_complete_restore_as_text() {
    insta::assert_snapshot!(summary([LaneEnd::Complete, LaneEnd::Complete]), @"");
}

#[test]
fn a_stopped_restore_says_up_to_where() {
    insta::assert_snapshot!(summary([LaneEnd::Complete, LaneEnd::Stopped]), @"");
}

#[test]
fn a_restore_as_json() {
    let summary = summary([LaneEnd::Complete, LaneEnd::Stopped]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&summary.document()).unwrap(), @"");
}
