//! What is found in a partition, over logs in memory: whatever lies between, whatever is gone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::anywhere::{Anywhere, Place};
use super::log::Extent;
use super::partition::{Own, Partition, Range, Verdict};
use super::{Content, Log, Logs, TargetTopic};
use crate::target::TargetError;

/// Records with their offsets, by partition.
#[derive(Clone)]
struct Memory(BTreeMap<i32, Arc<Vec<(i64, Content)>>>);

struct MemoryLog {
    records: Arc<Vec<(i64, Content)>>,
    next: usize,
    to: i64,
}

impl Logs for Memory {
    fn extent(&self, _: &str, partition: i32) -> Result<Extent, TargetError> {
        let records = &self.0[&partition];
        let (start, end) = (records.first().map_or(0, |first| first.0), records.last().map_or(0, |last| last.0 + 1));
        Ok(Extent { start, end, visible: end })
    }

    fn open(&self, _: &str, partition: i32, from: i64, to: i64) -> Result<Box<dyn Log>, TargetError> {
        let records = Arc::clone(&self.0[&partition]);
        let next = records.partition_point(|(offset, _)| *offset < from);
        Ok(Box::new(MemoryLog { records, next, to }))
    }

    fn beside(&self) -> Result<Arc<dyn Logs>, TargetError> {
        Ok(Arc::new(self.clone()))
    }
}

impl Log for MemoryLog {
    fn next(&mut self, record: &mut Content) -> Result<Option<i64>, TargetError> {
        let Some((offset, found)) = self.records.get(self.next).filter(|(offset, _)| *offset < self.to) else {
            return Ok(None);
        };
        self.next += 1;
        record.clone_from(found);
        Ok(Some(*offset))
    }
}

fn own(number: usize) -> Content {
    Content::of(Some(&format!("k{}", number % 5)), &format!("own {number}"), 7, None)
}

/// As [`own`], and it says where it comes from.
fn told(number: usize) -> Content {
    let source = format!("orders-0@{number}");
    Content::of(Some(&format!("k{}", number % 5)), &format!("own {number}"), 7, Some(&source))
}

fn other(number: usize) -> Content {
    Content::of(Some("other"), &format!("other {number}"), 7, None)
}

/// The lane's records with so many of others before each.
fn between(gaps: &[usize], own: impl Fn(usize) -> Content) -> Vec<(i64, Content)> {
    let mut records = Vec::new();
    for (number, gap) in gaps.iter().enumerate() {
        records.extend((0..*gap).map(other));
        records.push(own(number));
    }
    (0..).zip(records).collect()
}

fn range(from: i64, start: i64, end: i64) -> Range {
    Range { topic: "t".to_owned(), partition: 0, from, to: end, start, end, visible: end }
}

/// What becomes of so many expected records.
fn verdicts(records: Vec<(i64, Content)>, start: i64, wanted: usize, compacted: bool) -> Vec<Verdict> {
    verdicts_of(records, start, wanted, compacted, own)
}

fn verdicts_of(
    records: Vec<(i64, Content)>,
    start: i64,
    wanted: usize,
    compacted: bool,
    own: impl Fn(usize) -> Content,
) -> Vec<Verdict> {
    let end = records.last().map_or(0, |last| last.0 + 1);
    let logs = Memory(BTreeMap::from([(0, Arc::new(records))]));
    let facts = TargetTopic { compacted, ..TargetTopic::default() };
    let says = own(0).provenance().is_some();
    let mut is_told = |_: i64, record: &Content| record.provenance().is_some();
    let is_own: Option<Own<'_>> = if says { Some(&mut is_told) } else { None };
    let mut partition = Partition::open(&logs, &range(0, start, end), facts, 4096, is_own).unwrap();
    (0..wanted).map(|number| partition.find(&logs, &own(number), &mut |_, _| true).unwrap().unwrap()).collect()
}

fn gone(verdicts: &[Verdict]) -> usize {
    let of = |verdict: &Verdict| match verdict {
        Verdict::Gone | Verdict::AtAndTheOneBeforeGone(_) => 1,
        Verdict::GoneAsTheOneBefore => 2,
        _ => 0,
    };
    verdicts.iter().map(of).sum()
}

proptest! {
    #[test]
    fn what_is_there_is_found_among_whatever_others_have_written(gaps in prop::collection::vec(0..4_usize, 1..40)) {
        let verdicts = verdicts(between(&gaps, own), 0, gaps.len(), false);
        prop_assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::At(_))), "{:?}", verdicts);
    }

    #[test]
    fn what_is_missing_is_noticed(gaps in prop::collection::vec(0..4_usize, 2..40), which in any::<prop::sample::Index>()) {
        let (mut records, which) = (between(&gaps, own), which.index(gaps.len()));
        let place = records.iter().enumerate().filter(|(_, (_, record))| record.key() != Some(b"other")).nth(which).unwrap().0;
        records.remove(place);
        let verdicts = verdicts(records, 0, gaps.len(), false);
        prop_assert!(verdicts.contains(&Verdict::Missing), "{:?}", verdicts);
    }

    #[test]
    fn a_beginning_that_is_gone_is_no_difference(gaps in prop::collection::vec(0..4_usize, 1..40), cut in any::<prop::sample::Index>()) {
        let mut records = between(&gaps, own);
        let cut = cut.index(records.len());
        let own_gone = records.drain(..cut).filter(|(_, record)| record.key() != Some(b"other")).count();
        let start = records.first().map_or(0, |first| first.0);
        let verdicts = verdicts(records, start, gaps.len(), false);
        prop_assert!(!verdicts.contains(&Verdict::Missing), "{:?}", verdicts);
        prop_assert_eq!(gone(&verdicts), own_gone, "{:?}", verdicts);
    }

    #[test]
    fn what_was_compacted_is_no_difference(gaps in prop::collection::vec(0..4_usize, 1..40), dirty in any::<prop::sample::Index>()) {
        let records = between(&gaps, own);
        // As the cleaner does: of what lies before a place, the last record of each key.
        let dirty = dirty.index(records.len()) as i64;
        let last: BTreeMap<Vec<u8>, i64> =
            records.iter().map(|(offset, record)| (record.key().unwrap().to_vec(), *offset)).collect();
        let left: Vec<_> = records
            .into_iter()
            .filter(|(offset, record)| *offset >= dirty || last[record.key().unwrap()] == *offset)
            .collect();
        let verdicts = verdicts(left, 0, gaps.len(), true);
        prop_assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::At(_) | Verdict::Gone)), "{:?}", verdicts);
    }

    #[test]
    fn with_provenance_what_is_left_of_a_compacted_partition_has_to_be_what_it_says(
        gaps in prop::collection::vec(0..4_usize, 1..40),
        which in any::<prop::sample::Index>(),
        how in 0..3_usize,
    ) {
        let mut records: Vec<(i64, Content)> = between(&gaps, told);
        let last: BTreeMap<Vec<u8>, i64> =
            records.iter().map(|(offset, record)| (record.key().unwrap().to_vec(), *offset)).collect();
        records.retain(|(offset, record)| last[record.key().unwrap()] == *offset);
        let own: Vec<usize> = (0..records.len()).filter(|place| records[*place].1.provenance().is_some()).collect();
        let place = own[which.index(own.len())];
        let (offset, record) = records[place].clone();
        let number: usize = std::str::from_utf8(record.provenance().unwrap().1).unwrap()[9..].parse().unwrap();
        let end = records.last().unwrap().0 + 1;
        let wanted = match how {
            0 => {
                let key = std::str::from_utf8(record.key().unwrap()).unwrap();
                records[place].1 = Content::of(Some(key), "another", 7, Some(&format!("orders-0@{number}")));
                Some((number, Verdict::Changed(offset)))
            }
            1 => {
                records.push((end, record));
                Some((number, Verdict::Doubled(end)))
            }
            _ => None,
        };
        let verdicts = verdicts_of(records, 0, gaps.len(), true, told);
        let odd = verdicts.iter().enumerate().find(|(_, verdict)| !matches!(verdict, Verdict::At(_) | Verdict::Gone));
        prop_assert_eq!(odd.map(|(number, verdict)| (number, *verdict)), wanted, "{:?}", verdicts);
        prop_assert!(wanted.is_some() || gone(&verdicts) == gaps.len() - own.len(), "{:?}", verdicts);
    }

    #[test]
    fn what_was_dealt_out_is_found_wherever_it_is(places in prop::collection::vec(0..3_i32, 1..60), lost in any::<bool>()) {
        let mut partitions: BTreeMap<i32, Vec<(i64, Content)>> = (0..3).map(|partition| (partition, Vec::new())).collect();
        for (number, partition) in places.iter().enumerate().skip(usize::from(lost)) {
            let log = partitions.get_mut(partition).unwrap();
            log.push((log.len() as i64, own(number)));
            log.push((log.len() as i64, other(number)));
        }
        let logs = Memory(partitions.into_iter().map(|(partition, records)| (partition, Arc::new(records))).collect());
        let ranges: Vec<Range> = (0..3)
            .map(|partition| {
                let Extent { start, end, .. } = logs.extent("t", partition).unwrap();
                Range { partition, ..range(start, start, end) }
            })
            .collect();
        let mut anywhere = Anywhere::open(&logs, &ranges, Box::new(|_| true), false, 4096).unwrap();
        let found: Vec<Place> = (0..places.len()).map(|number| anywhere.find(&own(number)).unwrap()).collect();
        prop_assert_eq!(found.iter().filter(|place| **place == Place::Missing).count(), usize::from(lost), "{:?}", found);
    }
}

#[test]
fn what_does_not_fit_is_not_established() {
    let records: Vec<(i64, Content)> = (0..3000).map(|number| (number as i64, other(number))).collect();
    let logs = Memory(BTreeMap::from([(0, Arc::new(records))]));
    let mut anywhere = Anywhere::open(&logs, &[range(0, 0, 3000)], Box::new(|_| true), false, 1024).unwrap();
    assert_eq!(anywhere.find(&own(0)).unwrap(), Place::NoRoom);
    assert!(!anywhere.is_whole());
}
