//! Whatever the strands, their batches and the seeks: a merged lane gives what the model gives, from any place on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proptest::prelude::*;

use super::{Merging, StrandSource};
use crate::batch::{Batch, ColumnsBuilder, NO_TIMESTAMP, Routes};
use crate::catalog::{BatchSource, LaneError, LaneStatistics};
use crate::position::{Each, Place, Strand, TopicPartition};
use crate::read::ReadError;

/// Rows of a file in a strand without offsets.
const FILE_ROWS: usize = 7;

/// A strand in memory: timestamps, cut into batches of the given sizes; by offset, or in files without.
#[derive(Clone, Debug)]
struct Memory {
    strand: Strand,
    timestamps: Vec<i64>,
    cuts: Vec<usize>,
    /// Whether statistics tell when it begins.
    tells: bool,
    next: usize,
    batches: usize,
}

impl Memory {
    fn by_row(&self) -> bool {
        matches!(self.strand, Strand::Folder(_))
    }

    fn file(index: usize) -> Arc<str> {
        format!("f{:04}", index / FILE_ROWS).into()
    }

    fn place(&self, index: usize) -> Place {
        if self.by_row() {
            Place::Row { file: Self::file(index), row: (index % FILE_ROWS) as u64 }
        } else {
            Place::Offset(10 * index as i64)
        }
    }

    fn starts(&self) -> Option<i64> {
        self.timestamps.iter().copied().filter(|each| *each != NO_TIMESTAMP).min().filter(|_| self.tells)
    }
}

impl BatchSource for Memory {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        if self.next >= self.timestamps.len() {
            return Ok(None);
        }
        // Now and then nothing, as a selection gives it.
        let cut = self.cuts[self.batches % self.cuts.len()];
        self.batches += 1;
        let mut end = (self.next + cut).min(self.timestamps.len());
        if self.by_row() {
            end = end.min((self.next / FILE_ROWS + 1) * FILE_ROWS);
        }
        let mut columns = ColumnsBuilder::default();
        for timestamp in &self.timestamps[self.next..end] {
            columns.key(None);
            columns.value(Some(b"v"));
            columns.end_row(*timestamp);
        }
        let range = self.next..end;
        self.next = end;
        let rows = range.clone().map(|row| if self.by_row() { row % FILE_ROWS } else { row } as u64);
        let source = TopicPartition::new("orders", if let Strand::Partition(p) = self.strand { Some(p) } else { None });
        Ok(Some(Arc::new(Batch {
            source: Arc::new(source),
            strand: None,
            file: if self.by_row() { Self::file(range.start) } else { "all".into() },
            rows: rows.collect::<Vec<_>>().into(),
            offsets: (!self.by_row()).then(|| range.map(|index| 10 * index as i64).collect::<Vec<_>>().into()),
            columns: columns.finish(),
            routes: Routes::default(),
        })))
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.next = match place {
            None => 0,
            Some(Place::Offset(offset)) => (*offset as usize).div_ceil(10),
            Some(wanted) => (0..self.timestamps.len()).position(|index| self.place(index) == *wanted).unwrap_or(0),
        };
        Ok(())
    }

    fn statistics(&self) -> LaneStatistics {
        LaneStatistics { duplicates: 1, gaps: 2, missing_offsets: 3 }
    }
}

fn memory(folders: bool) -> impl Strategy<Value = (Vec<i64>, Vec<usize>, bool)> {
    // Mostly increasing, now and then late, some without a timestamp, and many equal.
    let step = prop_oneof![8 => 0_i64..4, 1 => -20_i64..0, 1 => 50_i64..200, 1 => Just(i64::MIN)];
    let timestamps = (0_i64..300, prop::collection::vec(step, 0..60)).prop_map(|(first, steps)| {
        let mut now = first;
        let timestamp = |step| {
            if step == i64::MIN {
                return NO_TIMESTAMP;
            }
            now += step;
            now
        };
        steps.into_iter().map(timestamp).collect::<Vec<_>>()
    });
    let cut = if folders { 1_usize..9 } else { 0_usize..9 };
    // Some cut is no nothing, so that there is an end.
    let cuts = (prop::collection::vec(cut, 0..6), 1_usize..20).prop_map(|(mut cuts, some)| {
        cuts.push(some);
        cuts
    });
    (timestamps, cuts, any::<bool>())
}

fn strands() -> impl Strategy<Value = Vec<Memory>> {
    any::<bool>().prop_flat_map(|folders| {
        prop::collection::vec(memory(folders), 1..7).prop_map(move |strands| {
            let strand = |(number, (timestamps, cuts, tells)): (usize, (_, _, _))| Memory {
                strand: if folders {
                    Strand::Folder(format!("country={number}").into())
                } else {
                    Strand::Partition(3 * number as i32)
                },
                timestamps,
                cuts,
                tells,
                next: 0,
                batches: 0,
            };
            strands.into_iter().enumerate().map(strand).collect()
        })
    })
}

fn merging(strands: &[Memory]) -> Merging {
    let source = |memory: &Memory| StrandSource::new(memory.strand.clone(), Box::new(memory.clone()), memory.starts());
    Merging::new(Arc::new(TopicPartition::new("orders", None)), strands.iter().map(source).collect())
}

/// The places in order: the earliest next record first, of equal ones that of the lower strand.
fn model(strands: &[Memory]) -> Vec<Place> {
    let mut next = vec![0; strands.len()];
    let mut places = Vec::new();
    loop {
        let heads = strands.iter().enumerate().filter_map(|(index, strand)| {
            let timestamp = strand.timestamps.get(next[index])?;
            Some((*timestamp, index))
        });
        let Some((_, index)) = heads.min() else { return places };
        let strand = &strands[index];
        places.push(Place::Of(strand.strand.clone(), Box::new(strand.place(next[index]))));
        next[index] += 1;
    }
}

fn read(source: &mut Merging, most: usize) -> Vec<Place> {
    let mut places = Vec::new();
    let mut nothing = 0;
    while places.len() < most {
        let Some(batch) = source.next().unwrap() else { break };
        places.extend((0..batch.len()).map(|row| batch.place(row)));
        nothing = if batch.is_empty() { nothing + 1 } else { 0 };
        assert!(nothing < 1000, "there is an end to it");
    }
    places
}

/// Without statistics: with them a strand that has no timestamp first, and begins later, waits until then.
fn telling_nothing(strands: &[Memory]) -> Vec<Memory> {
    strands.iter().map(|strand| Memory { tells: false, ..strand.clone() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_gives_what_the_model_gives(strands in strands()) {
        let strands = telling_nothing(&strands);
        prop_assert_eq!(read(&mut merging(&strands), usize::MAX), model(&strands));
    }

    #[test]
    fn each_strand_keeps_its_own_order_and_all_of_its_records(strands in strands()) {
        let all = read(&mut merging(&strands), usize::MAX);
        prop_assert_eq!(all.len(), strands.iter().map(|strand| strand.timestamps.len()).sum::<usize>());
        for strand in &strands {
            let own: Vec<&Place> = all.iter().filter(|place| matches!(place, Place::Of(of, _) if *of == strand.strand)).collect();
            let wanted: Vec<Place> = (0..strand.timestamps.len()).map(|index| strand.place(index)).collect();
            prop_assert!(own.iter().zip(&wanted).all(|(own, wanted)| matches!(own, Place::Of(_, place) if **place == *wanted)));
        }
    }

    #[test]
    fn where_times_increase_so_does_the_merge_whatever_statistics_tell(mut strands in strands()) {
        for strand in &mut strands {
            strand.timestamps.iter_mut().for_each(|timestamp| *timestamp = (*timestamp).max(0));
            strand.timestamps.sort_unstable();
        }
        let all = read(&mut merging(&strands), usize::MAX);
        prop_assert_eq!(all, model(&strands));
    }

    #[test]
    fn from_any_place_on_it_gives_the_rest(
        strands in strands(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 6),
    ) {
        let all = read(&mut merging(&strands), usize::MAX);
        // One source for all seeks, which go back and forth, and a fresh one for each.
        let mut used = merging(&strands);
        for place in places {
            let done = place.index(all.len() + 1);
            let mut up_to = None;
            for place in &all[..done] {
                Place::advance(&mut up_to, place.clone());
            }
            used.seek(up_to.as_ref()).unwrap();
            // Batches are not cut for it.
            let some = read(&mut used, 20);
            prop_assert!(some.len() >= 20.min(all.len() - done));
            prop_assert_eq!(&some[..], &all[done..done + some.len()]);
            let mut fresh = merging(&strands);
            fresh.seek(up_to.as_ref()).unwrap();
            prop_assert_eq!(&read(&mut fresh, usize::MAX), &all[done..]);
        }
    }
}

fn partition(number: i32, timestamps: &[i64]) -> Memory {
    Memory {
        strand: Strand::Partition(number),
        timestamps: timestamps.to_vec(),
        cuts: vec![100],
        tells: false,
        next: 0,
        batches: 0,
    }
}

#[test]
fn what_is_late_or_has_no_timestamp_follows_the_record_before_it() {
    let strands = [partition(0, &[10, NO_TIMESTAMP, 40, 5, 50]), partition(1, &[10, 20, 41])];
    let source = TopicPartition::new("orders", None);
    let places = read(&mut merging(&strands), usize::MAX);
    let shown: Vec<String> = places.iter().map(|place| source.at(place).to_string()).collect();
    assert_eq!(
        shown,
        [
            "orders-0@0",
            "orders-0@10",
            "orders-1@0",
            "orders-1@10",
            "orders-0@20",
            "orders-0@30",
            "orders-1@20",
            "orders-0@40"
        ]
    );
}

#[test]
fn a_strand_that_begins_later_is_not_opened_before() {
    /// Fails where it is read.
    struct Closed;
    impl BatchSource for Closed {
        fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
            Err(LaneError::NoSuchPlace { position: "closed".to_owned() }.into())
        }
        fn seek(&mut self, _: Option<&Place>) -> Result<(), ReadError> {
            Ok(())
        }
        fn statistics(&self) -> LaneStatistics {
            LaneStatistics::default()
        }
    }
    let early = partition(0, &[1, 2, 99, 100]);
    let strands = vec![
        StrandSource::new(early.strand.clone(), Box::new(early), None),
        StrandSource::new(Strand::Partition(1), Box::new(Closed), Some(100)),
    ];
    let mut merging = Merging::new(Arc::new(TopicPartition::new("orders", None)), strands);
    assert_eq!(merging.next().unwrap().unwrap().len(), 3);
    assert!(merging.next().is_err(), "at 100 it is due");
}

#[test]
fn a_row_that_is_gone_is_an_error_and_not_the_end_of_its_strand() {
    let strands = [Memory { strand: Strand::Folder("a".into()), ..partition(0, &[1, 2, 3]) }];
    for (file, row) in [("f0000", 7), ("f0001", 0)] {
        let place = Place::Row { file: file.into(), row };
        let each: Each = [(Strand::Folder("a".into()), place)].into_iter().collect();
        let mut merging = merging(&strands);
        // As a file that has become shorter: reading begins at its end, or with the next one.
        merging.seek(Some(&Place::Each(each))).unwrap();
        let error = merging.next().unwrap_err();
        assert!(error.to_string().contains(&format!("orders@{file}:{row}")), "{error}");
    }
    let error = merging(&strands).seek(Some(&Place::Offset(3))).unwrap_err();
    assert!(error.to_string().contains("orders@3"), "{error}");
}
