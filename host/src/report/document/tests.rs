//! The summary as people and programs see it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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
    LaneSummary { source: Arc::new(TopicPartition::new("orders", Some(partition))), before: None, tally, end }
}

fn commits() -> Commits {
    let mut commits = Commits::default();
    [41, 55].map(Duration::from_millis).into_iter().for_each(|took| commits.add(took));
    commits
}

fn summary(ends: [LaneEnd; 2]) -> Summary {
    Summary {
        job: "replay-orders".to_owned(),
        target: "localhost:9092".to_owned(),
        plugins: vec!["drop-test-users".to_owned(), "mask".to_owned()],
        lanes: vec![lane(0, ends[0]), lane(1, ends[1])],
        duration: Duration::from_millis(2_500),
        commits: Some(commits()),
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
    insta::assert_snapshot!(summary([LaneEnd::Complete, LaneEnd::Complete]), @r"
    restored `replay-orders` to localhost:9092 in 2.50s

    SOURCE TOPIC  RECORDS READ      BYTES
    orders               2,000  488.3 KiB

    TARGET TOPIC     RECORDS WRITTEN      BYTES
    orders-restored            1,400  341.8 KiB

    TOPIC   PLUGIN            READ   KEPT  DROPPED  CHANGED  WRITTEN
    orders  drop-test-users  2,000  1,400      600        0    1,400
    orders  mask             1,400  1,400        0    1,300    1,400

    TOPIC   PLUGIN           DROPPED  REASON
    orders  drop-test-users       20  (none given)
    orders  drop-test-users      580  test user

    TOPIC   PLUGIN           COUNT  COUNTER
    orders  drop-test-users     14  users

    read     2,000 records, 488.3 KiB (800 records/s, 195.3 KiB/s)
    written  1,400 records, 341.8 KiB (560 records/s, 136.7 KiB/s)
    commits  2, 48ms on average, 55ms at most
    records that stood in the backup more than once and were taken once: 6
    offsets that the backup does not hold: 1

    warning [timestamp-type]: timestamps become the producer's own
      hint: set `message.timestamp.type` of the topic
    ");
}

#[test]
fn a_stopped_restore_says_up_to_where() {
    insta::assert_snapshot!(summary([LaneEnd::Complete, LaneEnd::Stopped]), @r"
    stopped restoring `replay-orders` to localhost:9092 in 2.50s

    SOURCE TOPIC  RECORDS READ      BYTES
    orders               2,000  488.3 KiB

    TARGET TOPIC     RECORDS WRITTEN      BYTES
    orders-restored            1,400  341.8 KiB

    TOPIC   PLUGIN            READ   KEPT  DROPPED  CHANGED  WRITTEN
    orders  drop-test-users  2,000  1,400      600        0    1,400
    orders  mask             1,400  1,400        0    1,300    1,400

    TOPIC   PLUGIN           DROPPED  REASON
    orders  drop-test-users       20  (none given)
    orders  drop-test-users      580  test user

    TOPIC   PLUGIN           COUNT  COUNTER
    orders  drop-test-users     14  users

    read     2,000 records, 488.3 KiB (800 records/s, 195.3 KiB/s)
    written  1,400 records, 341.8 KiB (560 records/s, 136.7 KiB/s)
    commits  2, 48ms on average, 55ms at most
    records that stood in the backup more than once and were taken once: 6
    offsets that the backup does not hold: 1

    written up to:
      orders-1@1041

    warning [timestamp-type]: timestamps become the producer's own
      hint: set `message.timestamp.type` of the topic
    ");
}

#[test]
fn the_json_is_documented() {
    let summary = summary([LaneEnd::Complete, LaneEnd::Stopped]);
    crate::documented::assert_documented(&serde_json::to_value(summary.document()).unwrap());
}

#[test]
fn a_restore_as_json() {
    let summary = summary([LaneEnd::Complete, LaneEnd::Stopped]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&summary.document()).unwrap(), @r#"
    {
      "schema": "anabranch.summary/1",
      "job": "replay-orders",
      "target": "localhost:9092",
      "complete": false,
      "seconds": 2.5,
      "read": {
        "records": 2000,
        "bytes": 500000
      },
      "written": {
        "records": 1400,
        "bytes": 350000
      },
      "before": null,
      "read_per_second": {
        "records": 800,
        "bytes": 200000
      },
      "written_per_second": {
        "records": 560,
        "bytes": 140000
      },
      "commits": {
        "number": 2,
        "average_seconds": 0.048,
        "longest_seconds": 0.055
      },
      "set_aside": {
        "records": 0,
        "reasons": []
      },
      "duplicates": 6,
      "missing_offsets": 1,
      "sources": [
        {
          "topic": "orders",
          "read": {
            "records": 2000,
            "bytes": 500000
          },
          "plugins": [
            {
              "name": "drop-test-users",
              "read": 2000,
              "kept": 1400,
              "dropped": [
                {
                  "reason": null,
                  "records": 20
                },
                {
                  "reason": "test user",
                  "records": 580
                }
              ],
              "changed": 0,
              "written": 1400,
              "counters": {
                "users": 14
              }
            },
            {
              "name": "mask",
              "read": 1400,
              "kept": 1400,
              "dropped": [],
              "changed": 1300,
              "written": 1400,
              "counters": {}
            }
          ],
          "written": {
            "records": 1400,
            "bytes": 350000
          },
          "duplicates": 6,
          "missing_offsets": 1
        }
      ],
      "targets": [
        {
          "topic": "orders-restored",
          "records": 1400,
          "bytes": 350000
        }
      ],
      "lanes": [
        {
          "source": "orders-0",
          "complete": true,
          "up_to": "orders-0@1041",
          "read": {
            "records": 1000,
            "bytes": 250000
          },
          "written": {
            "records": 700,
            "bytes": 175000
          }
        },
        {
          "source": "orders-1",
          "complete": false,
          "up_to": "orders-1@1041",
          "read": {
            "records": 1000,
            "bytes": 250000
          },
          "written": {
            "records": 700,
            "bytes": 175000
          }
        }
      ],
      "findings": [
        {
          "code": "timestamp-type",
          "weight": "warning",
          "message": "timestamps become the producer's own",
          "remedy": "set `message.timestamp.type` of the topic"
        }
      ]
    }
    "#);
}
