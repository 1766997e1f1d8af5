//! Which files of a lane are not done with: what a restore keeps with its progress, so that one that goes on leaves the
//! others closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lane::Ends;
use crate::position::{Place, Strand};

/// The first file of a lane that is not done with, in the order of the lane; of a merged lane that of each strand. Nothing
/// where a place tells as much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesLeft(BTreeMap<Option<Strand>, Arc<str>>);

impl FilesLeft {
    /// That of the lane itself, or of a strand of it.
    pub fn of(&self, strand: Option<&Strand>) -> Option<&str> {
        self.0.get(&strand.cloned()).map(|file| &**file)
    }

    /// By strand; without one it is the lane's own.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&Strand>, &str)> {
        self.0.iter().map(|(strand, file)| (strand.as_ref(), &**file))
    }
}

impl FromIterator<(Option<Strand>, Arc<str>)> for FilesLeft {
    fn from_iter<I: IntoIterator<Item = (Option<Strand>, Arc<str>)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}

/// What becomes known of the ends of a lane's files; shared between who reads them and who writes their records.
#[derive(Clone, Debug)]
pub struct Finished(Vec<(Option<Strand>, Arc<Ends>)>);

impl Finished {
    /// Of a lane by itself.
    pub(super) fn alone(ends: &Arc<Ends>) -> Self {
        Self(vec![(None, Arc::clone(ends))])
    }

    /// The same of a strand of a merged lane.
    pub(super) fn strand<'a>(self, strand: &'a Strand) -> impl Iterator<Item = (Option<Strand>, Arc<Ends>)> + 'a {
        self.0.into_iter().map(|(_, ends)| (Some(strand.clone()), ends))
    }

    /// The first files that may hold records behind `place`.
    pub fn first_left(&self, place: &Place) -> FilesLeft {
        let left = |(strand, ends): &(Option<Strand>, Arc<Ends>)| {
            let place = match (strand, place) {
                (None, place) => place,
                (Some(strand), Place::Each(each)) => each.of(strand)?,
                (Some(_), _) => return None,
            };
            Some((strand.clone(), ends.first_left(place)?))
        };
        self.0.iter().filter_map(left).collect()
    }
}

impl FromIterator<(Option<Strand>, Arc<Ends>)> for Finished {
    fn from_iter<I: IntoIterator<Item = (Option<Strand>, Arc<Ends>)>>(ends: I) -> Self {
        Self(ends.into_iter().collect())
    }
}
