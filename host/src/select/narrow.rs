//! What of a catalog need not be read: topic-partitions by their names, files by the offsets and times that are known of
//! them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{RowTests, SelectError, Selection, Spans};
use crate::catalog::{Catalog, Lane, Piece};
use crate::job::{HeaderTest, Limit, OffsetRange, TopicPattern, nearest};
use crate::read::Count;

/// What a selection has left of a catalog.
#[derive(Clone, Debug)]
pub struct Narrowed {
    /// What tells this selection from others.
    pub digest: String,
    /// The topics of the whole backup.
    pub topics: BTreeSet<Arc<str>>,
    /// Files of the backup and their bytes.
    pub all: Size,
    /// What is to be read of them.
    pub left: Size,
    /// What is not, and why.
    pub left_out: Vec<LeftOut>,
    /// What the records have to be, once it is known when the job was first started.
    pub tests: Option<Arc<RowTests>>,
}

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Files.
    pub files: usize,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// Files that are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// `topic`, `partition`, `offsets`, `time`, `first` or `last`: what the last of their records was left out by.
    pub by: &'static str,
    /// How much that is.
    pub size: Size,
}

impl Selection {
    /// Leaves the topic-partitions that are taken in the catalog, and of their files those that may hold offsets that are.
    ///
    /// # Errors
    /// Something that is named and not there, and nothing that is left.
    pub fn narrow_lanes(&self, catalog: &mut Catalog) -> Result<(), SelectError> {
        let all = size(&catalog.lanes);
        let topics = catalog.lanes.iter().map(|lane| Arc::clone(&lane.source.topic)).collect();
        let digest = self.digest.clone();
        let mut narrowed = Narrowed { digest, topics, all, left: all, left_out: Vec::new(), tests: None };
        let select = &self.select;
        for (key, patterns) in [("select.topics", &select.topics), ("select.exclude", &select.exclude)] {
            for pattern in patterns {
                if !catalog.lanes.iter().any(|lane| pattern.fits(&lane.source.topic)) {
                    return Err(no_topic(key, pattern, &catalog.lanes));
                }
            }
        }
        let fits = |patterns: &[TopicPattern], lane: &Lane| patterns.iter().any(|each| each.fits(&lane.source.topic));
        narrowed.keep(catalog, "topic", |lane| {
            (select.topics.is_empty() || fits(&select.topics, lane)) && !fits(&select.exclude, lane)
        })?;
        if !select.partitions.is_empty() {
            for partition in &select.partitions {
                if !catalog.lanes.iter().any(|lane| lane.source.partition == Some(*partition)) {
                    return Err(SelectError::NoPartition { partition: *partition });
                }
            }
            let taken =
                |lane: &Lane| lane.source.partition.is_some_and(|partition| select.partitions.contains(&partition));
            narrowed.keep(catalog, "partition", taken)?;
        }
        if !select.offsets.is_empty() {
            for (name, range) in &select.offsets {
                check_offsets(name, range, &catalog.lanes)?;
            }
            narrowed.keep(catalog, "offsets", |lane| select.offsets.contains_key(&lane.source.to_string()))?;
            narrowed.keep_pieces(catalog, "offsets", |lane, piece| {
                let range = select.offsets.get(&lane.source.to_string());
                let known = piece.first_offset().map(|first| (first, piece.last_offset().unwrap_or(i64::MAX)));
                range.zip(known).is_none_or(|(range, (first, last))| range.meets(first, last))
            });
        }
        catalog.narrowed = Some(narrowed);
        Ok(())
    }

    /// What the records have to be, for a job that was first started at `started`.
    ///
    /// # Errors
    /// Times that nothing is between.
    pub fn tests(self, started: i64) -> Result<RowTests, SelectError> {
        let Self { select, keys, digest: _ } = self;
        let (from, until) = (select.from.map(|from| from.at(started)), select.until.map(|until| until.at(started)));
        if from.zip(until).is_some_and(|(from, until)| from >= until) {
            return Err(SelectError::EmptyTime);
        }
        let header = |HeaderTest { name, value }| (name, value.map(String::into_bytes));
        Ok(RowTests {
            offsets: select.offsets,
            from,
            until,
            keys: keys.map(Arc::new),
            headers: select.headers.into_iter().map(header).collect(),
            tombstones: select.tombstones,
            trusts_statistics: select.trusts_statistics,
            ..RowTests::default()
        })
    }

    /// Leaves the files that may hold records of the times that are taken, for a job that was first started at `started`;
    /// from here on the catalog's lanes give only the records that are. After [`Self::narrow_lanes`].
    ///
    /// # Errors
    /// Times that nothing is between.
    pub fn narrow_rows(self, catalog: &mut Catalog, started: i64) -> Result<(), SelectError> {
        let Some(mut narrowed) = catalog.narrowed.take() else { return Ok(()) };
        let (limit, trusts_statistics) = (self.select.limit, self.select.trusts_statistics);
        let tests = self.tests(started)?;
        let (from, until) = tests.times();
        // The time of a dead letter is told by its headers, and is not that of the statistics.
        if (from.is_some() || until.is_some()) && trusts_statistics && !catalog.has_dead_letters() {
            narrowed.keep_pieces(catalog, "time", |_, piece| {
                // Smallest and largest that contradict each other tell nothing.
                piece.timestamps.filter(|(first, last)| first <= last).is_none_or(|(first, last)| {
                    from.is_none_or(|from| last >= from) && until.is_none_or(|until| first < until)
                })
            });
            if narrowed.left.files == 0 {
                return Err(SelectError::Nothing { why: "no file has records of these times" });
            }
        }
        narrowed.tests = Some(Arc::new(tests));
        for lane in &mut catalog.lanes {
            // How many of them are taken is known once they are read.
            lane.records = match lane.records {
                Count::Exact(records) | Count::Estimated(records) => Count::Estimated(records),
            };
        }
        catalog.narrowed = Some(narrowed);
        limit.map_or(Ok(()), |limit| narrow_ends(catalog, limit))
    }
}

/// Leaves the first or the last of what the lanes give.
fn narrow_ends(catalog: &mut Catalog, limit: Limit) -> Result<(), SelectError> {
    let Some(mut narrowed) = catalog.narrowed.clone() else { return Ok(()) };
    let known = catalog.survey.spans.take().filter(|known| known.are_of(&narrowed.digest));
    let spans = match known {
        Some(known) => known,
        None => Spans::find(catalog, limit, &narrowed.digest)?,
    };
    let by = match limit {
        Limit::First(_) => "first",
        Limit::Last(_) => "last",
    };
    let span = |lane: &Lane| spans.lanes().get(&lane.source.to_string());
    narrowed.keep_pieces(catalog, by, |lane, piece| span(lane).is_none_or(|span| span.meets(lane, piece)));
    if let Some(tests) = &narrowed.tests {
        tests.between(spans.lanes().clone());
    }
    catalog.survey.spans = Some(spans);
    catalog.narrowed = Some(narrowed);
    Ok(())
}

impl Narrowed {
    fn keep(
        &mut self,
        catalog: &mut Catalog,
        by: &'static str,
        mut is_taken: impl FnMut(&Lane) -> bool,
    ) -> Result<(), SelectError> {
        catalog.lanes.retain(|lane| is_taken(lane));
        self.note(catalog, by);
        match (catalog.lanes.is_empty(), by) {
            (false, _) => Ok(()),
            (true, "topic") => {
                Err(SelectError::Nothing { why: "each topic of it is excluded, or not among those taken" })
            }
            (true, _) => Err(SelectError::Nothing { why: "no topic-partition is left" }),
        }
    }

    /// A lane that keeps none stays, and has nothing to give: the job is about it all the same.
    fn keep_pieces(&mut self, catalog: &mut Catalog, by: &'static str, is_taken: impl Fn(&Lane, &Piece) -> bool) {
        for lane in &mut catalog.lanes {
            let pieces: Vec<Piece> = lane.pieces.iter().filter(|piece| is_taken(lane, piece)).cloned().collect();
            if pieces.len() < lane.pieces.len() {
                *lane = lane.with_pieces(pieces);
            }
        }
        self.note(catalog, by);
    }

    fn note(&mut self, catalog: &Catalog, by: &'static str) {
        let left = size(&catalog.lanes);
        let out = Size {
            files: self.left.files.saturating_sub(left.files),
            bytes: self.left.bytes.saturating_sub(left.bytes),
        };
        self.left = left;
        if out.files == 0 {
            return;
        }
        match self.left_out.iter_mut().find(|known| known.by == by) {
            Some(known) => {
                known.size.files += out.files;
                known.size.bytes = known.size.bytes.saturating_add(out.bytes);
            }
            None => self.left_out.push(LeftOut { by, size: out }),
        }
    }
}

/// The files of some lanes, each once.
fn size(lanes: &[Lane]) -> Size {
    let pieces = lanes.iter().flat_map(|lane| lane.pieces.iter());
    let files: BTreeMap<&str, u64> = pieces.map(|piece| (&*piece.entry.path, piece.entry.size)).collect();
    Size { files: files.len(), bytes: files.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes)) }
}

fn no_topic(key: &'static str, pattern: &TopicPattern, lanes: &[Lane]) -> SelectError {
    let pattern = pattern.to_string();
    let near = nearest(&pattern, lanes.iter().map(|lane| &*lane.source.topic)).map(str::to_owned);
    SelectError::NoTopic { key, pattern, near }
}

fn check_offsets(name: &str, range: &OffsetRange, lanes: &[Lane]) -> Result<(), SelectError> {
    let Some(lane) = lanes.iter().find(|lane| lane.source.to_string() == name) else {
        let names: Vec<String> = lanes.iter().map(|lane| lane.source.to_string()).collect();
        let near = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
        return Err(SelectError::NoLane { name: name.to_owned(), near });
    };
    if lane.pieces.iter().any(|piece| piece.first_offset().is_none()) {
        return Err(SelectError::NoOffsets { name: name.to_owned() });
    }
    match lane.offsets {
        Some((first, last)) if !range.meets(first, last) => {
            Err(SelectError::Outside { name: name.to_owned(), range: *range, first, last })
        }
        _ => Ok(()),
    }
}
