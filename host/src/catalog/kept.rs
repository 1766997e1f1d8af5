//! What the survey of a backup found, kept with a job's progress.
//!
//! A restore that goes on would otherwise look into every file again to know its lanes: into ten thousand, to read the
//! rest of four. What is kept of a file counts only as long as the store lists it as it was; otherwise, and where the job
//! reads it in another way, it is looked into anew.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::kinds::{Facts, Kind};
use super::names::Named;
use super::survey::Surveyed;
use super::{Offsets, Piece};
use crate::job::Backup;
use crate::position::TopicPartition;
use crate::read::Count;
use crate::select::Spans;
use crate::store::Entry;

/// The largest survey that is taken from outside, in bytes: some millions of files.
pub(super) const LARGEST: u64 = 1 << 30;
/// Higher levels of compression make it hardly smaller.
const LEVEL: i32 = 3;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSurvey {
    /// How the job reads files.
    rules: String,
    kinds: Vec<Kind>,
    files: Vec<KeptFile>,
    /// What is taken of each lane, where only the first or last records are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spans: Option<Spans>,
}

/// One file, as it was listed, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptFile {
    path: String,
    size: u64,
    etag: Option<String>,
    /// In microseconds since the epoch.
    modified: i64,
    facts: Option<KeptFacts>,
    pieces: Vec<KeptPiece>,
    topic_of_job: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptFacts {
    /// Index of its kind.
    kind: usize,
    rows: Count,
    offsets: Option<(i64, i64)>,
    timestamps: Option<(i64, i64)>,
    log_append_time: Option<bool>,
    #[serde(default)]
    without_key: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptPiece {
    topic: String,
    partition: Option<i32>,
    rows: Count,
    bytes: u64,
    offsets: Offsets,
    timestamps: Option<(i64, i64)>,
    log_append_time: bool,
    largest_record: Option<u64>,
    #[serde(default)]
    without_key: Option<u64>,
    mixed: bool,
}

/// What of a backup's files differs from when they were looked into first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Files that are gone.
    pub gone: Vec<String>,
    /// Files with another size or ETag.
    pub changed: Vec<String>,
    /// Files that were not there.
    pub new: Vec<String>,
}

/// As it is kept: JSON, compressed by zstd.
pub(super) fn compressed(content: &impl Serialize) -> Vec<u8> {
    // Texts, numbers and lists of them always are JSON, and memory takes everything.
    let json = serde_json::to_vec(content).unwrap_or_default();
    let written = zstd::Encoder::new(Vec::new(), LEVEL).and_then(|mut out| {
        // What is damaged may still be JSON, of other numbers.
        out.include_checksum(true)?;
        out.write_all(&json)?;
        out.finish()
    });
    written.unwrap_or_default()
}

/// What was kept; `None` for anything else.
pub(super) fn decompressed<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut json = Vec::new();
    zstd::Decoder::new(bytes).ok()?.take(LARGEST).read_to_end(&mut json).ok()?;
    serde_json::from_slice(&json).ok()
}

/// How a job reads files, as text that differs where that does.
pub(super) fn rules(backup: &Backup) -> String {
    let Backup { url: _, store: _, path, topic, columns, encoding, format, dead_letters: _, cache: _ } = backup;
    format!("{path:?} {topic:?} {columns:?} {encoding:?} {format:?}")
}

impl KeptSurvey {
    /// What was found of these files.
    pub(super) fn of(backup: &Backup, surveyed: &[Surveyed]) -> Self {
        let mut kinds = HashMap::<&Kind, usize>::new();
        let mut files = Vec::with_capacity(surveyed.len());
        for Surveyed { entry, named: _, facts, pieces, topic_of_job } in surveyed {
            let facts = facts.as_ref().map(|facts| {
                let next = kinds.len();
                KeptFacts {
                    kind: *kinds.entry(&facts.kind).or_insert(next),
                    rows: facts.rows,
                    offsets: facts.offsets,
                    timestamps: facts.timestamps,
                    log_append_time: facts.log_append_time,
                    without_key: facts.without_key,
                }
            });
            files.push(KeptFile {
                path: entry.path.to_string(),
                size: entry.size,
                etag: entry.etag.clone(),
                modified: entry.modified.timestamp_micros(),
                facts,
                pieces: pieces.iter().map(|(source, piece)| KeptPiece::of(source, piece)).collect(),
                topic_of_job: *topic_of_job,
            });
        }
        let mut kinds: Vec<(&Kind, usize)> = kinds.into_iter().collect();
        kinds.sort_by_key(|(_, index)| *index);
        let kinds = kinds.into_iter().map(|(kind, _)| kind.clone()).collect();
        Self { rules: rules(backup), kinds, files, spans: None }
    }

    /// Takes over what an earlier one knows of the first or last records.
    pub(crate) fn known_spans(&mut self, earlier: Option<&Self>) {
        self.spans = earlier.and_then(|earlier| earlier.spans.clone());
    }

    /// The files that have no records.
    pub(super) fn without_records(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|file| file.pieces.is_empty()).map(|file| &*file.path)
    }

    /// How the job reads files, as text that differs where that does.
    pub(crate) fn rules(&self) -> &str {
        &self.rules
    }

    /// As it is kept: JSON, compressed by zstd.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        compressed(self)
    }

    /// What was kept; `None` for anything else.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        decompressed(bytes)
    }

    /// By path what is kept of each file; nothing where the job reads files in another way.
    pub(super) fn known(&self, backup: &Backup) -> Known<'_> {
        if self.rules != rules(backup) {
            return Known::default();
        }
        let kinds = self.kinds.iter().cloned().map(Arc::new).collect();
        Known { kinds, files: self.files.iter().map(|file| (&*file.path, file)).collect() }
    }

    /// What differs from an earlier one.
    pub(crate) fn since(&self, before: &Self) -> Differences {
        let by_path = |survey: &'_ Self| -> BTreeMap<String, (u64, Option<String>)> {
            survey.files.iter().map(|file| (file.path.clone(), (file.size, file.etag.clone()))).collect()
        };
        let (then, now) = (by_path(before), by_path(self));
        Differences {
            gone: then.keys().filter(|path| !now.contains_key(*path)).cloned().collect(),
            changed: then
                .iter()
                .filter(|(path, was)| now.get(*path).is_some_and(|is| is != *was))
                .map(|(path, _)| path.clone())
                .collect(),
            new: now.keys().filter(|path| !then.contains_key(*path)).cloned().collect(),
        }
    }
}

/// `1 is gone (`a`), 2 are new (for instance `b`)`.
impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gone, changed, new } = self;
        let mut separator = "";
        for (files, one, several) in
            [(gone, "is gone", "are gone"), (changed, "has changed", "have changed"), (new, "is new", "are new")]
        {
            match &files[..] {
                [] => continue,
                [file] => write!(f, "{separator}1 {one} (`{file}`)")?,
                [file, ..] => write!(f, "{separator}{} {several} (for instance `{file}`)", files.len())?,
            }
            separator = ", ";
        }
        Ok(())
    }
}

impl KeptPiece {
    fn of(source: &TopicPartition, piece: &Piece) -> Self {
        let Piece { entry: _, rows, bytes, offsets, timestamps, log_append_time, largest_record, without_key, mixed } =
            *piece;
        let (topic, partition) = (source.topic.to_string(), source.partition);
        Self { topic, partition, rows, bytes, offsets, timestamps, log_append_time, largest_record, without_key, mixed }
    }

    fn piece(&self, entry: &Arc<Entry>) -> (TopicPartition, Piece) {
        let Self {
            topic,
            partition,
            rows,
            bytes,
            offsets,
            timestamps,
            log_append_time,
            largest_record,
            without_key,
            mixed,
        } = self.clone();
        let entry = Arc::clone(entry);
        let piece =
            Piece { entry, rows, bytes, offsets, timestamps, log_append_time, largest_record, without_key, mixed };
        (TopicPartition::new(topic, partition), piece)
    }
}

/// What is kept of each file.
#[derive(Default)]
pub(super) struct Known<'a> {
    kinds: Vec<Arc<Kind>>,
    files: HashMap<&'a str, &'a KeptFile>,
}

impl Known<'_> {
    /// The file as if it had been looked into; `None` if it is not one that was.
    pub(super) fn surveyed(&self, entry: &Arc<Entry>, named: &Named) -> Option<Surveyed> {
        let KeptFile { path: _, size, etag, modified, facts, pieces, topic_of_job } = self.files.get(&*entry.path)?;
        let same = *size == entry.size && *etag == entry.etag && *modified == entry.modified.timestamp_micros();
        if !same {
            return None;
        }
        let facts = match *facts {
            None => None,
            Some(KeptFacts { kind, rows, offsets, timestamps, log_append_time, without_key }) => {
                let kind = Arc::clone(self.kinds.get(kind)?);
                Some(Facts { kind, rows, offsets, timestamps, log_append_time, without_key })
            }
        };
        Some(Surveyed {
            entry: Arc::clone(entry),
            named: named.clone(),
            facts,
            pieces: pieces.iter().map(|piece| piece.piece(entry)).collect(),
            topic_of_job: *topic_of_job,
        })
    }
}
