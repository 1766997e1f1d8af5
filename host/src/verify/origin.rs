//! What headers of provenance say of a record of the target: whose it is, and whether it may lie there.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;

use super::Content;
use super::difference::{Difference, doubled};
use crate::mechanism::unless_off;
use crate::position::{Place, PlaceRecord, Strand, TopicPartition};
use crate::progress::{LaneRecord, Ranges};

/// Where a record of the job comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    /// The lane's name.
    pub(super) lane: &'a str,
    /// The position in it, as it is written behind the `@`.
    place: &'a str,
    sibling: u32,
}

impl<'a> Origin<'a> {
    /// That of a record which `job` has written.
    pub(super) fn of(job: &str, record: &'a Content) -> Option<Self> {
        let (writer, source) = unless_off("verify-copies", record.provenance())?;
        let (lane, place) = std::str::from_utf8(source).ok().filter(|_| writer == job.as_bytes())?.split_once('@')?;
        let sibling = place.rsplit_once('#').and_then(|(place, sibling)| Some((place, sibling.parse().ok()?)));
        let (place, sibling) = sibling.unwrap_or((place, 0));
        Some(Self { lane, place, sibling })
    }

    /// Whether it comes before or after a place of the same lane, where that can be told. Of two strands of a merged lane
    /// it can only be told of all that was `reached` in them.
    pub(super) fn compare(&self, place: &Place, sibling: u32, reached: Option<&Place>) -> Option<Ordering> {
        let order = match place {
            Place::Offset(offset) => self.place.parse::<i64>().ok()?.cmp(offset),
            Place::Row { file, row } => {
                let (its_file, its_row) = self.place.rsplit_once(':')?;
                its_row.parse::<u64>().ok().filter(|_| its_file == &**file)?.cmp(row)
            }
            Place::Of(strand, place) if self.is_of(strand) => return self.compare(place, sibling, None),
            Place::Of(..) => return self.compare(reached?, u32::MAX, None),
            Place::Each(each) => {
                return match each.iter().find(|(strand, _)| self.is_of(strand)) {
                    Some((_, place)) => self.compare(place, sibling, None),
                    None => Some(Ordering::Greater),
                };
            }
        };
        Some(order.then(self.sibling.cmp(&sibling)))
    }

    /// Whether it comes from a strand of its lane.
    fn is_of(&self, strand: &Strand) -> bool {
        match strand {
            Strand::Partition(partition) => self.partition() == Some(*partition),
            Strand::Folder(folder) => {
                let file = self.place.rsplit_once(':').map_or(self.place, |(file, _)| file);
                file.rsplit_once('/').map_or("", |(its_folder, _)| its_folder) == &**folder
            }
        }
    }

    fn partition(&self) -> Option<i32> {
        self.lane.rsplit_once('-')?.1.parse().ok()
    }

    /// As it is written everywhere.
    pub(super) fn position(&self) -> String {
        let Self { lane, place, sibling } = self;
        if *sibling == 0 { format!("{lane}@{place}") } else { format!("{lane}@{place}#{sibling}") }
    }
}

/// How records say that they come from a lane: by its name, and where it is merged by that of one of its partitions.
#[derive(Clone, Debug)]
pub(super) struct LaneName {
    name: String,
    /// The topic whose partitions are merged.
    merged: Option<String>,
}

impl LaneName {
    /// That of the lane whose progress is `record`.
    pub(super) fn of(lane: &TopicPartition, record: &LaneRecord) -> Self {
        let is_merged = matches!(record.up_to, Some(PlaceRecord::Each { .. }));
        Self { name: lane.to_string(), merged: is_merged.then(|| lane.topic.to_string()) }
    }

    /// The lane's own name.
    pub(super) fn as_str(&self) -> &str {
        &self.name
    }

    /// Whether a record comes from the lane.
    pub(super) fn is_of(&self, origin: &Origin<'_>) -> bool {
        origin.lane == self.name
            || self.merged.as_ref().is_some_and(|topic| {
                let partition = origin.lane.strip_prefix(topic.as_str()).and_then(|rest| rest.strip_prefix('-'));
                partition.is_some_and(|partition| partition.parse::<i32>().is_ok())
            })
    }
}

/// Where each lane's records may lie, and those that lie elsewhere.
pub(super) struct Homes {
    pub(super) job: String,
    lanes: HashMap<String, Home>,
    strays: Mutex<BTreeMap<String, Difference>>,
}

#[derive(Clone)]
struct Home {
    /// The lane's own name.
    lane: String,
    ranges: Ranges,
    up_to: Option<Place>,
    is_complete: bool,
}

impl Homes {
    pub(super) fn new<'a>(job: &str, lanes: impl Iterator<Item = (&'a TopicPartition, &'a LaneRecord)>) -> Self {
        let home = |lane: &TopicPartition, record: &LaneRecord| Home {
            lane: lane.to_string(),
            ranges: record.ranges.clone(),
            up_to: record.up_to.as_ref().map(Place::from),
            is_complete: record.complete,
        };
        // By what records say of themselves: those of a merged lane name their own partition.
        let named = |(lane, record)| {
            let home = home(lane, record);
            let mut names = vec![lane.to_string()];
            if let Some(Place::Each(each)) = &home.up_to {
                let partition = |strand: &Strand| match strand {
                    Strand::Partition(partition) => Some(format!("{}-{partition}", lane.topic)),
                    Strand::Folder(_) => None,
                };
                names.extend(each.iter().filter_map(|(strand, _)| partition(strand)));
            }
            names.into_iter().map(move |name| (name, home.clone()))
        };
        let lanes = lanes.flat_map(named).collect();
        Self { job: job.to_owned(), lanes, strays: Mutex::default() }
    }

    /// Notes a record of a lane that lies outside of the ranges of what the lane has committed. What it has written since
    /// is none of these.
    pub(super) fn note(&self, origin: &Origin<'_>, topic: &str, partition: i32, offset: i64) {
        let Some(home) = self.lanes.get(origin.lane) else { return };
        let is_home = home
            .ranges
            .of(topic, partition)
            .is_some_and(|range| offset >= range.from && range.to.is_none_or(|to| offset < to));
        let is_known = home.is_complete
            || home.up_to.as_ref().and_then(|up_to| origin.compare(up_to, u32::MAX, None)).is_some_and(Ordering::is_le);
        if !is_home && is_known {
            let difference = || doubled(origin.position(), format!("{topic}-{partition}@{offset}"));
            self.strays.lock().entry(home.lane.clone()).or_insert_with(difference);
        }
    }

    /// The first of a lane's records that lies where it should not.
    pub(super) fn stray(&self, lane: &TopicPartition) -> Option<Difference> {
        self.strays.lock().get(&lane.to_string()).cloned()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_and_compared() {
        let record = Content::of(None, "v", 1, Some("orders-3@1042#2"));
        let origin = Origin::of("job", &record).unwrap();
        assert_eq!((origin.lane, origin.position()), ("orders-3", "orders-3@1042#2".to_owned()));
        assert_eq!(origin.compare(&Place::Offset(1042), 2, None), Some(Ordering::Equal));
        assert_eq!(origin.compare(&Place::Offset(1042), 3, None), Some(Ordering::Less));
        assert_eq!(origin.compare(&Place::Offset(1041), 9, None), Some(Ordering::Greater));
        assert_eq!(Origin::of("another", &record), None);
        let record = Content::of(None, "v", 1, Some("orders@a#1/b.jsonl:7"));
        let origin = Origin::of("job", &record).unwrap();
        let place = |file: &str, row| Place::Row { file: file.into(), row };
        assert_eq!(origin.compare(&place("a#1/b.jsonl", 8), 0, None), Some(Ordering::Less));
        assert_eq!(origin.compare(&place("c.jsonl", 7), 0, None), None);
    }

    #[test]
    fn of_a_merged_lane_what_was_reached_in_each_strand_tells() {
        let record = Content::of(None, "v", 1, Some("orders-3@1042"));
        let origin = Origin::of("job", &record).unwrap();
        let of = |partition, offset| Place::Of(Strand::Partition(partition), Box::new(Place::Offset(offset)));
        let each = |places: &[(i32, i64)]| {
            let places = places.iter().map(|(strand, offset)| (Strand::Partition(*strand), Place::Offset(*offset)));
            Place::Each(places.collect())
        };
        assert_eq!(origin.compare(&of(3, 1042), 0, None), Some(Ordering::Equal));
        assert_eq!(origin.compare(&of(2, 7), 0, Some(&each(&[(3, 1042)]))), Some(Ordering::Less), "it was reached");
        assert_eq!(origin.compare(&of(2, 7), 0, Some(&each(&[(3, 1041)]))), Some(Ordering::Greater));
        assert_eq!(origin.compare(&of(2, 7), 0, Some(&each(&[(1, 5)]))), Some(Ordering::Greater), "it has not begun");
        let record = LaneRecord { up_to: Some((&each(&[(3, 1)])).into()), ..LaneRecord::default() };
        let name = LaneName::of(&TopicPartition::new("orders", None), &record);
        assert!(name.is_of(&origin));
        let other = Content::of(None, "v", 1, Some("orders-eu-3@1042"));
        assert!(!name.is_of(&Origin::of("job", &other).unwrap()));
        let alone = LaneName::of(&TopicPartition::new("orders", None), &LaneRecord::default());
        assert!(!alone.is_of(&origin), "a lane that is not merged");
    }
}
