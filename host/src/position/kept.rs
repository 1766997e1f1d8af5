//! Places as they are kept with a job's progress: JSON.

use serde::{Deserialize, Serialize};

use super::{Place, Strand};

/// A [`Place`] as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PlaceRecord {
    Offset { offset: i64 },
    Row { file: String, row: u64 },
    Of(StrandPlaceRecord),
    Each { each: Vec<StrandPlaceRecord> },
}

/// A place of a strand of a merged lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StrandPlaceRecord {
    strand: StrandRecord,
    at: Box<PlaceRecord>,
}

/// A [`Strand`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StrandRecord {
    Partition(i32),
    Folder(String),
}

impl StrandPlaceRecord {
    fn new(strand: &Strand, place: &Place) -> Self {
        Self { strand: strand.into(), at: Box::new(place.into()) }
    }

    fn parts(&self) -> (Strand, Place) {
        (Strand::from(&self.strand), Place::from(&*self.at))
    }
}

impl From<&Strand> for StrandRecord {
    fn from(strand: &Strand) -> Self {
        match strand {
            Strand::Partition(partition) => Self::Partition(*partition),
            Strand::Folder(folder) => Self::Folder(folder.to_string()),
        }
    }
}

impl From<&StrandRecord> for Strand {
    fn from(record: &StrandRecord) -> Self {
        match record {
            StrandRecord::Partition(partition) => Self::Partition(*partition),
            StrandRecord::Folder(folder) => Self::Folder(folder.as_str().into()),
        }
    }
}

impl From<&Place> for PlaceRecord {
    fn from(place: &Place) -> Self {
        match place {
            Place::Offset(offset) => Self::Offset { offset: *offset },
            Place::Row { file, row } => Self::Row { file: file.to_string(), row: *row },
            Place::Of(strand, place) => Self::Of(StrandPlaceRecord::new(strand, place)),
            Place::Each(each) => {
                Self::Each { each: each.iter().map(|(strand, place)| StrandPlaceRecord::new(strand, place)).collect() }
            }
        }
    }
}

impl From<&PlaceRecord> for Place {
    fn from(record: &PlaceRecord) -> Self {
        match record {
            PlaceRecord::Offset { offset } => Self::Offset(*offset),
            PlaceRecord::Row { file, row } => Self::Row { file: file.as_str().into(), row: *row },
            PlaceRecord::Of(of) => {
                let (strand, place) = of.parts();
                Self::Of(strand, Box::new(place))
            }
            PlaceRecord::Each { each } => Self::Each(each.iter().map(StrandPlaceRecord::parts).collect()),
        }
    }
}
