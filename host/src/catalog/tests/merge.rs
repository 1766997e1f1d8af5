//! Whatever the files, the batches and the seeks: a lane gives exactly its records, in order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::lines::{Line, Lines, file};
use super::*;
use crate::catalog::{LaneError, LaneStatistics};

/// How the files of a backup tell where records belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// A file a partition and range, all columns, offset in the name.
    Native,
    /// Folders name the partition; nothing but the column tells offsets.
    Folders,
    /// Several partitions in a file, all told by columns.
    Mixed,
}

#[derive(Clone, Debug)]
struct Case {
    layout: Layout,
    statistics: bool,
    /// Offsets of each partition.
    partitions: Vec<Vec<i64>>,
    /// For each file the share of each partition's records that it holds, from and to.
    files: Vec<(f64, f64)>,
    limits: Limits,
    /// Batches to read and then the offset to go to.
    seeks: Vec<(usize, i64)>,
}

fn case() -> impl Strategy<Value = Case> {
    let layout = prop_oneof![Just(Layout::Native), Just(Layout::Folders), Just(Layout::Mixed)];
    // Mostly without gaps, some small, some large.
    let step = prop_oneof![6 => Just(1_i64), 1 => 2_i64..5, 1 => 100_i64..10_000];
    let partition = (0_i64..1000, prop::collection::vec(step, 1..400)).prop_map(|(first, steps)| {
        let increasing = steps.iter().scan(first, |next, step| {
            *next += step;
            Some(*next)
        });
        increasing.collect::<Vec<i64>>()
    });
    let files = (1_usize..8, prop::collection::vec((0_f64..0.3, 0_f64..0.3), 8)).prop_map(|(count, more)| {
        // A cover of all records by equal ranges, each of which then grows at both ends.
        let share = 1.0 / count as f64;
        let grown = |(index, (before, after)): (usize, (f64, f64))| {
            // Half the ranges stay as they are: a backup without any overlap is the common one.
            let (before, after) = if before < 0.15 { (0.0, 0.0) } else { (before, after) };
            let start = index as f64 * share;
            ((start - before).max(0.0), (start + share + after).min(1.0))
        };
        more.into_iter().take(count).enumerate().map(grown).collect::<Vec<_>>()
    });
    (
        layout,
        any::<bool>(),
        prop::collection::vec(partition, 1..4),
        files,
        (1_usize..600, 50_usize..20_000),
        prop::collection::vec((0_usize..6, 0_i64..3000), 0..5),
    )
        .prop_map(|(layout, statistics, partitions, files, (records, bytes), seeks)| {
            let limits = Limits { records, bytes };
            Case { layout, statistics, partitions, files, limits, seeks }
        })
}

fn line(partition: usize, offset: i64) -> Line {
    Line {
        topic: "orders".to_owned(),
        partition: partition as i32,
        offset,
        key: (offset % 5 != 0).then(|| format!("k{}", offset % 7)),
        value: (offset % 11 != 0).then(|| format!("v{partition}-{offset}")),
    }
}

impl Case {
    /// The records of one partition that file `index` holds.
    fn lines(&self, partition: usize, index: usize) -> Vec<Line> {
        let offsets = &self.partitions[partition];
        let at = |share: f64| (share * offsets.len() as f64).round() as usize;
        let (from, to) = self.files[index];
        offsets[at(from)..at(to)].iter().map(|offset| line(partition, *offset)).collect()
    }

    fn files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for index in 0..self.files.len() {
            let mut all = Vec::new();
            for partition in 0..self.partitions.len() {
                let lines = self.lines(partition, index);
                let folder = format!("orders/partition={partition}");
                match (self.layout, lines.first()) {
                    (_, None) => {}
                    (Layout::Native, Some(first)) => {
                        let name = format!("{folder}/{:020}.x{index}", first.offset);
                        files.push((name, file("columns topic partition offset", &lines)));
                    }
                    (Layout::Folders, Some(_)) => {
                        // Names in an order that has nothing to do with offsets.
                        let name = format!("{folder}/part-{:03}.txt", (index * 7919 + 13) % 101);
                        files.push((name, file("columns offset", &lines)));
                    }
                    (Layout::Mixed, Some(_)) => all.push(lines),
                }
            }
            if !all.is_empty() {
                let lines = interleave(all);
                files.push((format!("dump-{index}.txt"), file("columns topic partition offset", &lines)));
            }
        }
        files
    }

    /// What the lane of a partition must give: offset, with how many files have it.
    fn expected(&self, partition: usize) -> BTreeMap<i64, u64> {
        let mut expected = BTreeMap::new();
        for index in 0..self.files.len() {
            for line in self.lines(partition, index) {
                *expected.entry(line.offset).or_insert(0) += 1;
            }
        }
        expected
    }
}

/// Takes from each list in turn, a few at a time.
fn interleave(lists: Vec<Vec<Line>>) -> Vec<Line> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    let mut turn = 0;
    while lists.iter().any(|list| list.len() > 0) {
        turn += 1;
        let next = turn % lists.len();
        all.extend(lists[next].by_ref().take(1 + turn % 4));
    }
    all
}

fn got(partition: usize, offset: i64) -> Got {
    let Line { key, value, .. } = line(partition, offset);
    Got { place: Place::Offset(offset), key, value }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_lane_gives_its_records_once_and_in_order(case in case()) {
        let catalog = catalog(&case.files(), &backup(), Lines { statistics: case.statistics }).unwrap();
        let partitions: BTreeSet<usize> = (0..case.partitions.len()).filter(|p| !case.expected(*p).is_empty()).collect();
        prop_assert_eq!(catalog.lanes.len(), partitions.len());
        for (lane, partition) in catalog.lanes.iter().zip(partitions) {
            let expected = case.expected(partition);
            prop_assert_eq!(lane.source.to_string(), format!("orders-{partition}"));
            let mut source = catalog.open_lane(lane, case.limits, None).unwrap();
            // Wherever it goes in between, what follows a seek is what lies at and after the place.
            for (batches, offset) in &case.seeks {
                read(&mut *source, *batches, case.limits).unwrap();
                source.seek(Some(&Place::Offset(*offset))).unwrap();
                let rest = read(&mut *source, *batches, case.limits).unwrap();
                let wanted: Vec<Got> =
                    expected.range(offset..).take(rest.len()).map(|(offset, _)| got(partition, *offset)).collect();
                prop_assert_eq!(&rest, &wanted);
                prop_assert!(*batches == 0 || !rest.is_empty() || expected.range(offset..).next().is_none());
            }
            source.seek(None).unwrap();
            let all = read(&mut *source, usize::MAX, case.limits).unwrap();
            let wanted: Vec<Got> = expected.keys().map(|offset| got(partition, *offset)).collect();
            prop_assert_eq!(all, wanted);
        }
    }

    #[test]
    fn duplicates_and_gaps_are_counted_once_also_over_rewinds(case in case()) {
        let catalog = catalog(&case.files(), &backup(), Lines { statistics: case.statistics }).unwrap();
        for lane in catalog.lanes.iter() {
            let expected = case.expected(lane.source.partition.unwrap() as usize);
            let mut source = catalog.open_lane(lane, case.limits, None).unwrap();
            let mut read_to = None;
            for (batches, offset) in &case.seeks {
                let records = read(&mut *source, *batches, case.limits).unwrap();
                if let Some(Got { place: Place::Offset(last), .. }) = records.last() {
                    read_to = read_to.max(Some(*last));
                }
                // Only back: going forward leaves records out, and they cannot be counted then.
                let back = read_to.map(|read_to| Place::Offset(read_to.min(*offset)));
                source.seek(back.as_ref()).unwrap();
            }
            read(&mut *source, usize::MAX, case.limits).unwrap();
            let offsets: Vec<i64> = expected.keys().copied().collect();
            let missing = offsets.windows(2).map(|pair| pair[1].abs_diff(pair[0]) - 1).filter(|missing| *missing > 0);
            prop_assert_eq!(source.statistics(), LaneStatistics {
                duplicates: expected.values().map(|files| files - 1).sum(),
                gaps: missing.clone().count() as u64,
                missing_offsets: missing.sum(),
            });
        }
    }

    #[test]
    fn files_that_differ_at_an_offset_are_an_error(case in case(), pick in any::<prop::sample::Index>()) {
        let mut files = case.files();
        let expected: Vec<BTreeMap<i64, u64>> = (0..case.partitions.len()).map(|p| case.expected(p)).collect();
        let twice: Vec<(usize, i64)> = expected
            .iter()
            .enumerate()
            .flat_map(|(partition, offsets)| {
                offsets.iter().filter(|(_, files)| **files > 1).map(move |(offset, _)| (partition, *offset))
            })
            .collect();
        prop_assume!(!twice.is_empty());
        let (partition, offset) = twice[pick.index(twice.len())];
        let start = format!("orders {partition} {offset} ");
        let (_, content) = files.iter_mut().find(|(_, content)| content.contains(&format!("\n{start}"))).unwrap();
        let changed: Vec<String> =
            content.lines().map(|line| if line.starts_with(&start) { format!("{start}k other") } else { line.to_owned() }).collect();
        *content = changed.join("\n");
        let catalog = catalog(&files, &backup(), Lines { statistics: case.statistics }).unwrap();
        let lane = catalog.lanes.iter().find(|lane| lane.source.partition == Some(partition as i32)).unwrap();
        match read_all(&catalog, lane) {
            Err(ReadError::Lane(LaneError::Differ { position, .. })) => {
                prop_assert_eq!(position, format!("orders-{partition}@{offset}"));
            }
            other => prop_assert!(false, "{:?}", other.map(|records| records.len())),
        }
    }
}
