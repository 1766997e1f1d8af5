//! Where a record stands in the backup.
//!
//! Every log line, error and report writes a position the same way: `topic-partition@offset`, with
//! `@file:row` where the backup holds no offsets and without `-partition` where it holds no
//! partitions. Nothing else in the program formats one.

mod kept;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub(crate) use kept::{PlaceRecord, StrandRecord};

/// A topic and, where the backup tells it, one of its partitions. A lane has exactly one, or merges all of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition, or `None` for a backup without partitions.
    pub partition: Option<i32>,
}

impl TopicPartition {
    /// A topic-partition from its parts.
    pub fn new(topic: impl Into<Arc<str>>, partition: Option<i32>) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// This lane's position `place`, ready to be shown.
    pub fn at<'a>(&'a self, place: &'a Place) -> Position<'a> {
        Position { source: self, place }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.partition {
            Some(partition) => write!(f, "{}-{partition}", self.topic),
            None => f.write_str(&self.topic),
        }
    }
}

/// One of the sequences that are merged into a lane. Within it the order of the backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strand {
    /// A source partition.
    Partition(i32),
    /// The files of a folder, by its path within the backup, where nothing tells partitions.
    Folder(Arc<str>),
}

/// A place within a lane. Places of one lane are all of the same kind; in a merged lane a record's is [`Place::Of`], and
/// how far the lane has come [`Place::Each`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The record's source offset.
    Offset(i64),
    /// The file, by its path within the backup, and the row in it, from 0.
    Row {
        /// Path within the backup.
        file: Arc<str>,
        /// Row within the file, from 0.
        row: u64,
    },
    /// Of a merged lane: a record, by its strand and its place in that.
    Of(Strand, Box<Place>),
    /// Of a merged lane: the last records of its strands up to somewhere. A strand of which nothing comes before that has
    /// none.
    Each(Each),
}

/// See [`Place::Each`]. Cheap to clone; whoever moves it on then pays for a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Each(Arc<BTreeMap<Strand, Place>>);

impl Each {
    /// The last record of a strand.
    pub fn of(&self, strand: &Strand) -> Option<&Place> {
        self.0.get(strand)
    }

    /// By strand.
    pub fn iter(&self) -> impl Iterator<Item = (&Strand, &Place)> {
        self.0.iter()
    }

    /// How many strands have begun.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Goes on in a strand to a place of it.
    pub fn advance(&mut self, strand: Strand, place: Place) {
        Arc::make_mut(&mut self.0).insert(strand, place);
    }

    /// Forgets a strand.
    pub fn forget(&mut self, strand: &Strand) {
        Arc::make_mut(&mut self.0).remove(strand);
    }

    /// The strands that stand elsewhere, or not at all, in `other`.
    pub fn apart_from(&self, other: &Self) -> Self {
        self.iter().filter(|(strand, place)| other.of(strand) != Some(place)).map(own).collect()
    }
}

fn own((strand, place): (&Strand, &Place)) -> (Strand, Place) {
    (strand.clone(), place.clone())
}

impl FromIterator<(Strand, Place)> for Each {
    fn from_iter<I: IntoIterator<Item = (Strand, Place)>>(places: I) -> Self {
        Self(Arc::new(places.into_iter().collect()))
    }
}

impl Place {
    /// How far a lane has come once the record at `last` is done with, which follows on all that `up_to` says.
    pub fn advance(up_to: &mut Option<Self>, last: Self) {
        let Self::Of(strand, place) = last else {
            *up_to = Some(last);
            return;
        };
        match up_to {
            Some(Self::Each(each)) => each.advance(strand, *place),
            _ => *up_to = Some(Self::Each([(strand, *place)].into_iter().collect())),
        }
    }
}

/// What stands behind the `@`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "{offset}"),
            Self::Row { file, row } => write!(f, "{file}:{row}"),
            Self::Of(_, place) => place.fmt(f),
            Self::Each(each) => write!(f, "{} strands", each.len()),
        }
    }
}

/// Where a lane goes on. A record that is done with names it, and not the one that comes next, which whoever
/// commits has not seen yet: behind the last row of a file it is the first of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// With its first record.
    #[default]
    Beginning,
    /// With what follows the record at this place.
    After(Place),
}

impl From<Option<Place>> for Restart {
    /// From the last record that is done with.
    fn from(done: Option<Place>) -> Self {
        done.map_or(Self::Beginning, Self::After)
    }
}

/// Strands of which is shown how far they have come.
const SHOWN: usize = 8;

/// A lane and a place in it, written `orders-3@1042`; how far a merged lane has come `orders-0@7, orders-1@12`.
#[derive(Clone, Copy, Debug)]
pub struct Position<'a> {
    source: &'a TopicPartition,
    place: &'a Place,
}

impl fmt::Display for Position<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, place } = self;
        match place {
            Place::Offset(_) | Place::Row { .. } => write!(f, "{source}@{place}"),
            Place::Of(Strand::Partition(partition), place) => {
                write!(f, "{}-{partition}@{place}", source.topic)
            }
            Place::Of(Strand::Folder(_), place) => write!(f, "{}", source.at(place)),
            Place::Each(each) => {
                for (index, (strand, place)) in each.iter().take(SHOWN).enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", source.at(&Place::Of(strand.clone(), Box::new(place.clone()))))?;
                }
                match each.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_as_the_field_writes_them() {
        let orders = TopicPartition::new("orders", Some(3));
        assert_eq!(orders.at(&Place::Offset(1042)).to_string(), "orders-3@1042");
        let bare = TopicPartition::new("orders", None);
        let row = Place::Row { file: "a/b.jsonl".into(), row: 7 };
        assert_eq!(bare.at(&row).to_string(), "orders@a/b.jsonl:7");
    }

    #[test]
    fn of_a_merged_lane_a_record_says_its_own_partition_and_the_lane_where_each_of_them_stands() {
        let merged = TopicPartition::new("orders", None);
        let of = |partition, offset| Place::Of(Strand::Partition(partition), Box::new(Place::Offset(offset)));
        assert_eq!(merged.at(&of(3, 1042)).to_string(), "orders-3@1042");
        let mut up_to = None;
        for partition in (0..12).rev() {
            Place::advance(&mut up_to, of(partition, 0));
        }
        Place::advance(&mut up_to, of(1, 7));
        let shown =
            "orders-0@0, orders-1@7, orders-2@0, orders-3@0, orders-4@0, orders-5@0, orders-6@0, orders-7@0 and 4 more";
        assert_eq!(merged.at(&up_to.unwrap_or_else(|| of(0, 0))).to_string(), shown);
        let row = Place::Row { file: "country=DE/1.jsonl".into(), row: 7 };
        let folder = Place::Of(Strand::Folder("country=DE".into()), Box::new(row));
        assert_eq!(merged.at(&folder).to_string(), "orders@country=DE/1.jsonl:7");
    }
}
