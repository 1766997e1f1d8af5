//! What headers of provenance say of a record of the target: whose it is, and whether it may lie there.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;

use super::Content;
use super::difference::{Difference, doubled};
use crate::mechanism::unless_off;
use crate::position::{Place, TopicPartition};
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

    /// Whether it comes before or after a place of the same lane, where that can be told.
    pub(super) fn compare(&self, place: &Place, sibling: u32) -> Option<Ordering> {
        let order = match place {
            Place::Offset(offset) => self.place.parse::<i64>().ok()?.cmp(offset),
            Place::Row { file, row } => {
                let (its_file, its_row) = self.place.rsplit_once(':')?;
                its_row.parse::<u64>().ok().filter(|_| its_file == &**file)?.cmp(row)
            }
        };
        Some(order.then(self.sibling.cmp(&sibling)))
    }

    /// As it is written everywhere.
    pub(super) fn position(&self) -> String {
        let Self { lane, place, sibling } = self;
        if *sibling == 0 { format!("{lane}@{place}") } else { format!("{lane}@{place}#{sibling}") }
    }
}

/// Where each lane's records may lie, and those that lie elsewhere.
pub(super) struct Homes {
    pub(super) job: String,
    lanes: HashMap<String, Home>,
    strays: Mutex<BTreeMap<String, Difference>>,
}

struct Home {
    ranges: Ranges,
    up_to: Option<Place>,
    is_complete: bool,
}

impl Homes {
    pub(super) fn new<'a>(job: &str, lanes: impl Iterator<Item = (&'a TopicPartition, &'a LaneRecord)>) -> Self {
        let home = |record: &LaneRecord| Home {
            ranges: record.ranges.clone(),
            up_to: record.up_to.as_ref().map(Place::from),
            is_complete: record.complete,
        };
        let lanes = lanes.map(|(lane, record)| (lane.to_string(), home(record))).collect();
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
            || home.up_to.as_ref().and_then(|up_to| origin.compare(up_to, u32::MAX)).is_some_and(Ordering::is_le);
        if !is_home && is_known {
            let difference = || doubled(origin.position(), format!("{topic}-{partition}@{offset}"));
            self.strays.lock().entry(origin.lane.to_owned()).or_insert_with(difference);
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
        assert_eq!(origin.compare(&Place::Offset(1042), 2), Some(Ordering::Equal));
        assert_eq!(origin.compare(&Place::Offset(1042), 3), Some(Ordering::Less));
        assert_eq!(origin.compare(&Place::Offset(1041), 9), Some(Ordering::Greater));
        assert_eq!(Origin::of("another", &record), None);
        let record = Content::of(None, "v", 1, Some("orders@a#1/b.jsonl:7"));
        let origin = Origin::of("job", &record).unwrap();
        let place = |file: &str, row| Place::Row { file: file.into(), row };
        assert_eq!(origin.compare(&place("a#1/b.jsonl", 8), 0), Some(Ordering::Less));
        assert_eq!(origin.compare(&place("c.jsonl", 7), 0), None);
    }
}
