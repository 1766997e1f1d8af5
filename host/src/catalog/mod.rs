//! The catalog of a backup: which files hold which topic-partition, in which order.
//!
//! One lane per source topic-partition, its files in order of offset, never of name or time; where
//! nothing tells partitions, one lane per topic, its files in natural order of name. What was assumed
//! on the way is a finding. `docs/catalog.md` has the rules for people.

mod cached;
mod error;
mod files_left;
mod findings;
mod kept;
mod kinds;
mod lane;
mod layout;
mod merging;
mod names;
mod natural;
mod opener;
mod pieces;
mod stripped;
mod survey;
#[cfg(test)]
pub(crate) mod tests;
mod value_schema;

pub use cached::CachedCatalogs;
pub use error::{CatalogError, LaneError};
pub use files_left::{FilesLeft, Finished};
pub use kept::{Differences, KeptSurvey};
pub use layout::Layout;
pub(crate) use opener::side_by_side;
pub use opener::{Opener, Opening};
pub use pieces::{Lane, Offsets, Piece};
pub use value_schema::ValueSchemaError;

use std::sync::Arc;

use crate::batch::{Batch, Limits};
use crate::finding::Finding;
use crate::job;
use crate::position::Place;
use crate::read::{Extent, LaneRoom, ReadError, Wanted};
use crate::select::{Narrowed, RowTests, Selecting};
use crate::store::{Entry, Listing, Store};
use kinds::Kinds;
use lane::LaneSource;
use layout::layouts;
pub use merging::StrandLane;
use merging::{Merging, StrandSource, strand_limits};
use names::{Named, Template};
use opener::Readers;
use pieces::lanes;
use stripped::Stripped;
use survey::Survey;

/// The batches of one lane, in order.
pub trait BatchSource: Send {
    /// The next batch, or `None` at the end of the lane.
    ///
    /// # Errors
    /// Whatever is wrong with the backup, with file and row.
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError>;

    /// Goes to a place of the lane: the next batch begins with the first record at or after it.
    /// `None` is the beginning. In a merged lane it is what follows on all that [`Place::Each`] names.
    ///
    /// # Errors
    /// A place that the lane does not have, or a file that cannot be opened.
    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError>;

    /// What was noticed so far. What is read twice because of a [`Self::seek`] counts once.
    fn statistics(&self) -> LaneStatistics;

    /// Which files are done with, as it becomes known; `None` where there are no files.
    fn finished(&self) -> Option<Finished> {
        None
    }
}

/// What was noticed while a lane was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStatistics {
    /// Records left out because another file has the same one at the same offset.
    pub duplicates: u64,
    /// Places where offsets are missing between one record and the next.
    pub gaps: u64,
    /// Offsets missing in all gaps together: compacted away, or never written (transaction markers).
    pub missing_offsets: u64,
}

/// A backup put in order.
pub struct Catalog {
    /// One per source topic-partition, by topic and then partition; once merged, one per topic.
    pub lanes: Vec<Lane>,
    /// What was assumed, guessed and passed over.
    pub findings: Vec<Finding>,
    /// The kinds of files there are: format, columns, and what they are taken for.
    pub layouts: Vec<Layout>,
    /// Every file that counts, as it was listed.
    pub entries: Vec<Arc<Entry>>,
    /// What was found of the files, to be kept.
    pub survey: KeptSurvey,
    /// What a selection has left of it; `None`: everything.
    pub narrowed: Option<Narrowed>,
    /// Whether the records are dead letters.
    dead_letters: bool,
    store: Store,
    opener: Arc<dyn Opener>,
}

impl Catalog {
    /// Puts a backup in order. Blocks; not to be called on a thread of the asynchronous runtime.
    ///
    /// # Errors
    /// Whatever makes a restore of the whole backup impossible, with file and remedy.
    pub fn build(backup: &job::Backup, store: &Store) -> Result<Self, CatalogError> {
        Self::build_again(backup, store, None)
    }

    /// As [`Self::build`], without looking into files of which it is known what they hold.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_again(backup: &job::Backup, store: &Store, known: Option<&KeptSurvey>) -> Result<Self, CatalogError> {
        Self::build_with(backup, store, Arc::new(Readers::new(backup)), known)
    }

    /// As [`Self::build_again`], with files opened by `opener`.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn build_with(
        backup: &job::Backup,
        store: &Store,
        opener: Arc<dyn Opener>,
        known: Option<&KeptSurvey>,
    ) -> Result<Self, CatalogError> {
        Self::build_of(backup, store, opener, store.list()?, &[known])
    }

    /// Puts what was listed in order. What one of `known` tells of a file, the first ones before the others, is not looked
    /// up again; the first tells also which records are the first and last ones.
    fn build_of(
        backup: &job::Backup,
        store: &Store,
        opener: Arc<dyn Opener>,
        listing: Listing,
        known: &[Option<&KeptSurvey>],
    ) -> Result<Self, CatalogError> {
        if listing.entries.is_empty() {
            let skipped: Vec<String> =
                listing.skipped.iter().map(|s| format!("{} × {} (`{}`)", s.files, s.reason, s.example)).collect();
            let skipped = if skipped.is_empty() { String::new() } else { format!(", but for {}", skipped.join(", ")) };
            return Err(CatalogError::Empty { url: Arc::clone(store.url()), skipped });
        }
        let mut findings = findings::skipped(&listing.skipped);
        let entries = listing.entries.into_iter().map(Arc::new).collect();
        let (entries, apart) = findings::set_sidecars_apart(entries);
        findings.extend(apart);
        let files = read_names(backup, entries, &mut findings)?;

        let kinds = Kinds::default();
        let survey = Survey {
            kinds: &kinds,
            store,
            opener: &*opener,
            topic: backup.topic.as_deref().map(Arc::from),
            format: backup.format,
        };
        let known_files: Vec<_> = known.iter().flatten().map(|known| known.known(backup)).collect();
        let surveyed = side_by_side(&files, |(entry, named)| {
            match known_files.iter().find_map(|known| known.surveyed(entry, named)) {
                Some(surveyed) => Ok(surveyed),
                None => survey.look(entry, named.clone()),
            }
        });
        let surveyed = surveyed.into_iter().collect::<Result<Vec<_>, _>>()?;
        findings.extend(findings::of_files(&surveyed, backup));
        let layouts = layouts(surveyed.iter().filter_map(|file| Some((&file.entry.path, &file.facts.as_ref()?.kind))));
        let mut survey = KeptSurvey::of(backup, &surveyed);
        survey.known_spans(known.first().copied().flatten());
        let entries: Vec<_> = surveyed.iter().map(|file| Arc::clone(&file.entry)).collect();
        let lanes = lanes(surveyed)?;
        if lanes.is_empty() {
            return Err(CatalogError::NoRecords { url: Arc::clone(store.url()), files: entries.len() });
        }
        findings.extend(findings::of_lanes(&lanes));
        let dead_letters = backup.dead_letters;
        Ok(Self {
            lanes,
            findings,
            layouts,
            entries,
            survey,
            narrowed: None,
            dead_letters,
            store: store.clone(),
            opener,
        })
    }

    /// How much of the files is read for what a selection has left; `None` where there is none.
    ///
    /// # Errors
    /// A file that is not readable, with its path.
    pub(crate) fn extent(&self) -> Result<Option<Extent>, ReadError> {
        let Some(tests) = self.narrowed.as_ref().and_then(|narrowed| narrowed.tests.as_ref()) else { return Ok(None) };
        let pieces: Vec<_> = self
            .lanes
            .iter()
            .flat_map(Lane::parts)
            .flat_map(|lane| lane.pieces.iter().map(|piece| (self.wanted(tests, lane), piece)))
            .collect();
        let extents = side_by_side(&pieces, |(wanted, piece)| match wanted {
            Some(wanted) => self.opener.extent(&self.store.file(&piece.entry)?, Arc::clone(wanted)),
            None => Ok(Extent::whole(piece.entry.size)),
        });
        extents
            .into_iter()
            .try_fold(Extent::default(), |mut sum, extent| {
                sum += extent?;
                Ok(sum)
            })
            .map(Some)
    }

    /// What readers of a lane's files need not give.
    fn wanted(&self, tests: &RowTests, lane: &Lane) -> Option<Arc<Wanted>> {
        // Dead letters are told apart by what their headers say, which is looked at once they are read.
        if self.dead_letters { None } else { tests.wanted(&lane.source) }
    }

    /// Whether the records are dead letters.
    pub(crate) fn has_dead_letters(&self) -> bool {
        self.dead_letters
    }

    /// Opens a lane at its beginning. Its batches keep within `limits`, but for one record at most.
    /// `before` is what an earlier run told of it: the last record that is done with, and the first file that is not
    /// ([`Finished::first_left`]).
    ///
    /// # Errors
    /// None yet: files are opened as they are reached.
    pub fn open_lane(
        &self,
        lane: &Lane,
        limits: Limits,
        before: Option<(&Place, &FilesLeft)>,
    ) -> Result<Box<dyn BatchSource>, ReadError> {
        let room = self.opener.room();
        if lane.strands.is_empty() {
            let before = before.and_then(|(place, left)| Some((place, left.of(None)?)));
            return Ok(self.open_one(lane, limits, before, room));
        }
        let limits = strand_limits(limits, lane.strands.len());
        let strand = |part: &StrandLane| {
            let before = before.and_then(|(place, left)| match place {
                Place::Each(each) => each.of(&part.strand).zip(left.of(Some(&part.strand))),
                _ => None,
            });
            let batches = self.open_one(&part.lane, limits, before, room.clone());
            StrandSource::new(part.strand.clone(), batches, part.starts())
        };
        Ok(Box::new(Merging::new(Arc::clone(&lane.source), lane.strands.iter().map(strand).collect())))
    }

    /// Opens what no other is merged into; what is large in it finds `room`.
    fn open_one(
        &self,
        lane: &Lane,
        limits: Limits,
        before: Option<(&Place, &str)>,
        room: LaneRoom,
    ) -> Box<dyn BatchSource> {
        let tests = self.narrowed.as_ref().and_then(|narrowed| narrowed.tests.as_ref());
        let wanted = tests.and_then(|tests| self.wanted(tests, lane));
        let mut source = LaneSource::new(lane, self.store.clone(), Arc::clone(&self.opener), room, limits, wanted);
        if let Some((Place::Offset(offset), file)) = before {
            source.trust(*offset, file);
        }
        let source: Box<dyn BatchSource> =
            if self.dead_letters { Box::new(Stripped(source)) } else { Box::new(source) };
        match tests {
            Some(tests) => Box::new(Selecting::new(source, Arc::clone(tests), lane)),
            None => source,
        }
    }
}

/// What the paths tell: by the job's template, or by well-known names.
fn read_names(
    backup: &job::Backup,
    entries: Vec<Arc<Entry>>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<(Arc<Entry>, Named)>, CatalogError> {
    let Some(template) = &backup.path else {
        let named = |entry: Arc<Entry>| (Arc::clone(&entry), names::well_known(&entry.path));
        return Ok(entries.into_iter().map(named).collect());
    };
    let template = Template::parse(template)?;
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        match template.apply(&entry.path)? {
            Some(named) => files.push((entry, named)),
            None => others.push(entry),
        }
    }
    if let Some(other) = others.first() {
        if files.is_empty() {
            return Err(CatalogError::NothingMatches {
                template: template.text().to_owned(),
                files: others.len(),
                example: Arc::clone(&other.path),
            });
        }
        findings.push(findings::unmatched(others.len(), &other.path, template.text()));
    }
    Ok(files)
}
