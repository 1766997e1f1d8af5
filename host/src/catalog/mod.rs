//! The catalog of a backup: which files hold which topic-partition, in which order.
//!
//! One lane per source topic-partition, its files in order of offset, never of name or time; where
//! nothing tells partitions, one lane per topic, its files in natural order of name. What was assumed
//! on the way is a finding. `docs/catalog.md` has the rules for people.

mod error;
mod files_left;
mod findings;
mod kept;
mod lane;
mod merging;
mod names;
mod natural;
mod opener;
mod survey;
#[cfg(test)]
pub(crate) mod tests;

pub use error::{CatalogError, LaneError};
pub use files_left::{FilesLeft, Finished};
pub use kept::{Differences, KeptSurvey};
pub use opener::{Opener, Opening};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::aside;
use crate::batch::{Batch, Limits};
use crate::finding::Finding;
use crate::job;
use crate::position::{Place, TopicPartition};
use crate::read::{Count, Extent, FileFacts, Format, LaneRoom, ReadError, Wanted};
use crate::select::{Narrowed, RowTests, Selecting};
use crate::store::{Entry, Store};
use lane::LaneSource;
pub use merging::StrandLane;
use merging::{Merging, StrandSource, strand_limits};
use names::{Named, Template};
use opener::Readers;
use survey::{Survey, Surveyed};

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

/// Everything of one source topic-partition, or of all of a topic.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The topic-partition.
    pub source: Arc<TopicPartition>,
    /// Records, before records that several files have are taken once.
    pub records: Count,
    /// Bytes of its files, or its share of them.
    pub bytes: u64,
    /// The first and last offset, where both are known.
    pub offsets: Option<(i64, i64)>,
    /// The smallest and largest timestamp of the files that tell, in milliseconds since the epoch.
    pub timestamps: Option<(i64, i64)>,
    /// Whether statistics of a file say that the broker set timestamps (`LogAppendTime`).
    pub log_append_time: bool,
    /// Bytes of key, value and headers of the largest record of the files that were read through.
    pub largest_record: Option<u64>,
    /// Records without a key, where all its files tell.
    pub without_key: Option<u64>,
    /// What its files hold of it, in order; of a merged lane strand by strand.
    pub pieces: Arc<[Piece]>,
    /// What is merged into it; nothing as a rule.
    pub strands: Arc<[StrandLane]>,
}

impl Lane {
    /// Of these pieces, in order.
    fn of(source: Arc<TopicPartition>, pieces: Vec<Piece>) -> Self {
        let first = pieces.first().and_then(Piece::first_offset);
        let last = pieces.iter().map(Piece::last_offset).collect::<Option<Vec<_>>>();
        Self {
            source,
            records: sum(pieces.iter().map(|piece| piece.rows)),
            bytes: pieces.iter().map(|piece| piece.bytes).sum(),
            offsets: first.zip(last.and_then(|all| all.into_iter().max())),
            timestamps: pieces.iter().filter_map(|piece| piece.timestamps).reduce(spanning),
            log_append_time: pieces.iter().any(|piece| piece.log_append_time),
            largest_record: pieces.iter().filter_map(|piece| piece.largest_record).max(),
            without_key: pieces.iter().map(|piece| piece.without_key).sum(),
            pieces: pieces.into(),
            strands: Arc::default(),
        }
    }

    /// The same topic-partition with only some of its pieces, in their order.
    pub(crate) fn with_pieces(&self, pieces: Vec<Piece>) -> Self {
        Self::of(Arc::clone(&self.source), pieces)
    }

    /// Of each of its pieces whether it is done with, once everything up to `place` is written; `left` is the first one
    /// that is not, where an earlier run has told.
    pub fn files_done(&self, place: Option<&Place>, left: &FilesLeft) -> Vec<bool> {
        if !self.strands.is_empty() {
            return self.strands_done(place, left);
        }
        self.done(place, left.of(None))
    }

    fn done(&self, place: Option<&Place>, left: Option<&str>) -> Vec<bool> {
        let at = |path: &str| self.pieces.iter().position(|piece| &*piece.entry.path == path);
        let by_place = match place {
            None => 0,
            Some(Place::Offset(offset)) => {
                let ends = |piece: &&Piece| piece.last_offset().is_some_and(|last| last <= *offset);
                self.pieces.iter().take_while(ends).count()
            }
            Some(Place::Row { file, row }) => {
                let whole = |piece: &Piece| {
                    !piece.mixed && matches!(piece.rows, Count::Exact(rows) if rows <= row.saturating_add(1))
                };
                at(file).map_or(0, |index| index + usize::from(self.pieces.get(index).is_some_and(whole)))
            }
            // Of a merged lane.
            Some(Place::Of(..) | Place::Each(_)) => 0,
        };
        let done = by_place.max(left.and_then(at).unwrap_or_default());
        (0..self.pieces.len()).map(|index| index < done).collect()
    }
}

/// What one file holds of one lane.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The file.
    pub entry: Arc<Entry>,
    /// Its records of the lane.
    pub rows: Count,
    /// Its bytes, or the lane's share of them.
    pub bytes: u64,
    /// Their offsets.
    pub offsets: Offsets,
    /// Their smallest and largest timestamp in milliseconds since the epoch, where statistics or a scan
    /// tell.
    pub timestamps: Option<(i64, i64)>,
    /// Whether statistics say that the broker set timestamps (`LogAppendTime`).
    pub log_append_time: bool,
    /// Bytes of key, value and headers of its largest record, where a scan tells.
    pub largest_record: Option<u64>,
    /// Its records without a key, where statistics, the columns or a scan tell.
    pub without_key: Option<u64>,
    /// Whether it also holds records of other lanes.
    pub mixed: bool,
}

/// How the records of a file come by their offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offsets {
    /// Not at all.
    None,
    /// From a column.
    Column {
        /// The first one; no record of the lane in this file has a smaller one.
        first: i64,
        /// The last one, where statistics or a scan tell.
        last: Option<i64>,
        /// Whether no offset is missing between the two and no other lane's row stands between.
        dense: bool,
    },
    /// The path tells the first one, the others are counted from it.
    Counted {
        /// The first one.
        first: i64,
    },
}

impl Piece {
    /// The first offset.
    pub fn first_offset(&self) -> Option<i64> {
        match self.offsets {
            Offsets::None => None,
            Offsets::Column { first, .. } | Offsets::Counted { first } => Some(first),
        }
    }

    /// The last offset, where it is known.
    pub fn last_offset(&self) -> Option<i64> {
        match (self.offsets, self.rows) {
            (Offsets::Column { last, .. }, _) => last,
            (Offsets::Counted { first }, Count::Exact(rows)) => first.checked_add_unsigned(rows.checked_sub(1)?),
            _ => None,
        }
    }
}

/// Files of one kind.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The format.
    pub format: Format,
    /// Their columns: name and type.
    pub schema: Vec<(String, String)>,
    /// What each part of a record is taken from.
    pub mapping: Vec<String>,
    /// What they cannot give back.
    pub lost: Vec<String>,
    /// How many there are.
    pub files: usize,
    /// One of them.
    pub example: Arc<str>,
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
        let listing = store.list()?;
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

        let survey =
            Survey { store, opener: &*opener, topic: backup.topic.as_deref().map(Arc::from), format: backup.format };
        let by_path = known.map(|known| known.by_path(backup)).unwrap_or_default();
        let surveyed = opener::side_by_side(&files, |(entry, named)| {
            match by_path.get(&*entry.path).and_then(|known| known.surveyed(entry, named)) {
                Some(surveyed) => Ok(surveyed),
                None => survey.look(entry, named.clone()),
            }
        });
        let surveyed = surveyed.into_iter().collect::<Result<Vec<_>, _>>()?;
        findings.extend(findings::of_files(&surveyed, backup));
        let lanes = lanes(&surveyed)?;
        if lanes.is_empty() {
            return Err(CatalogError::NoRecords { url: Arc::clone(store.url()), files: surveyed.len() });
        }
        findings.extend(findings::of_lanes(&lanes));
        let layouts = layouts(surveyed.iter().filter_map(|file| Some((&file.entry.path, file.facts.as_ref()?))));
        let mut survey = KeptSurvey::of(backup, &surveyed);
        survey.known_spans(known);
        let entries = surveyed.into_iter().map(|file| file.entry).collect();
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
        let extents = opener::side_by_side(&pieces, |(wanted, piece)| match wanted {
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

/// A lane of dead letters, without what makes them such.
struct Stripped(LaneSource);

impl BatchSource for Stripped {
    fn next(&mut self) -> Result<Option<Arc<Batch>>, ReadError> {
        Ok(self.0.next()?.map(aside::stripped))
    }

    fn statistics(&self) -> LaneStatistics {
        self.0.statistics()
    }

    fn seek(&mut self, place: Option<&Place>) -> Result<(), ReadError> {
        self.0.seek(place)
    }

    fn finished(&self) -> Option<Finished> {
        self.0.finished()
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

/// Gathers the pieces of each lane and puts them in order.
fn lanes(surveyed: &[Surveyed]) -> Result<Vec<Lane>, CatalogError> {
    let mut by_source = BTreeMap::<&TopicPartition, Vec<Piece>>::new();
    for (source, piece) in surveyed.iter().flat_map(|file| &file.pieces) {
        by_source.entry(source).or_default().push(piece.clone());
    }
    // `None` sorts before every partition, so a topic that has both has them side by side.
    for ((one, with_none), (other, with)) in by_source.iter().zip(by_source.iter().skip(1)) {
        if one.topic == other.topic && one.partition.is_none() {
            let path = |pieces: &[Piece]| pieces.first().map(|piece| Arc::clone(&piece.entry.path)).unwrap_or_default();
            return Err(CatalogError::PartitionsMixed {
                topic: Arc::clone(&one.topic),
                with: path(with),
                without: path(with_none),
            });
        }
    }
    by_source.into_iter().map(|(source, pieces)| ordered(source, pieces)).collect()
}

/// One lane of its pieces.
fn ordered(source: &TopicPartition, mut pieces: Vec<Piece>) -> Result<Lane, CatalogError> {
    let with = pieces.iter().find(|piece| piece.first_offset().is_some());
    let without = pieces.iter().find(|piece| piece.first_offset().is_none());
    if let (Some(with), Some(without)) = (with, without) {
        return Err(CatalogError::OffsetsMixed {
            lane: source.to_string(),
            with: Arc::clone(&with.entry.path),
            without: Arc::clone(&without.entry.path),
        });
    }
    pieces.sort_by(|a, b| {
        let by_offset = a.first_offset().cmp(&b.first_offset());
        by_offset.then_with(|| natural::compare(&a.entry.path, &b.entry.path))
    });
    Ok(Lane::of(Arc::new(source.clone()), pieces))
}

/// The range that spans both.
fn spanning((least, most): (i64, i64), (also_least, also_most): (i64, i64)) -> (i64, i64) {
    (least.min(also_least), most.max(also_most))
}

/// The sum of counts; estimated if one of them is.
fn sum(counts: impl Iterator<Item = Count>) -> Count {
    counts.fold(Count::Exact(0), |sum, count| match (sum, count) {
        (Count::Exact(a), Count::Exact(b)) => Count::Exact(a.saturating_add(b)),
        (Count::Exact(a) | Count::Estimated(a), Count::Exact(b) | Count::Estimated(b)) => {
            Count::Estimated(a.saturating_add(b))
        }
    })
}

impl Layout {
    /// Whether files of these facts are of this kind. JSON Lines has no schema but what the first lines show, so the
    /// order of its fields and their types, null among them, make no other kind.
    fn is_of(&self, facts: &FileFacts) -> bool {
        let alike = match self.format {
            Format::JsonLines => {
                let names = |schema: &[(String, String)]| -> BTreeSet<String> {
                    schema.iter().map(|(name, _)| name.clone()).collect()
                };
                let untyped = |mapping: &[String]| -> Vec<String> {
                    mapping
                        .iter()
                        .map(|part| part.rsplit_once(" (").map_or(&**part, |(part, _)| part).to_owned())
                        .collect()
                };
                names(&self.schema) == names(&facts.schema) && untyped(&self.mapping) == untyped(&facts.mapping)
            }
            Format::Parquet | Format::Avro => self.schema == facts.schema && self.mapping == facts.mapping,
        };
        self.format == facts.format && alike && self.lost == facts.lost
    }

    /// Counts a file of this kind, and what types its fields have.
    fn add(&mut self, facts: &FileFacts) {
        self.files += 1;
        if self.format != Format::JsonLines {
            return;
        }
        for (name, types) in &mut self.schema {
            let others = facts.schema.iter().filter(|(other, _)| other == name);
            for kind in others.flat_map(|(_, types)| types.split('|')) {
                if !types.split('|').any(|known| known == kind) {
                    types.push('|');
                    types.push_str(kind);
                }
            }
        }
    }
}

/// The kinds of files, in order of their first one.
fn layouts<'a>(files: impl Iterator<Item = (&'a Arc<str>, &'a FileFacts)>) -> Vec<Layout> {
    let mut layouts: Vec<Layout> = Vec::new();
    for (path, facts) in files {
        match layouts.iter_mut().find(|layout| layout.is_of(facts)) {
            Some(layout) => layout.add(facts),
            None => layouts.push(Layout {
                format: facts.format,
                schema: facts.schema.clone(),
                mapping: facts.mapping.clone(),
                lost: facts.lost.clone(),
                files: 1,
                example: Arc::clone(path),
            }),
        }
    }
    layouts
}
