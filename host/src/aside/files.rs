//! Files of dead letters, in the native layout.
//!
//! A file is written whole before the commit of the transaction that its records were set aside in, and that commit
//! lists it in the lane's progress. What is not listed was never committed: a lane that goes back deletes what it wrote
//! since its last commit before it goes on, and a restore that is started again what an earlier run left.
//!
//! `FOLDER/JOB/LANE/NUMBER-FIRST-LAST-sSTART-rRUN.parquet`: the lane's files are numbered, FIRST and LAST are the source
//! offsets (or rows) of the first and last record, START is the job's first start and RUN an id of the run. Only a file
//! of the same job, lane and first start is ever deleted.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::{ListedFile, ListedFiles};
use crate::batch::Batch;
use crate::failure::{Exit, Explain};
use crate::job::{DeadLetters, FileFormat, Job};
use crate::mechanism::is_off;
use crate::position::{Place, Strand, TopicPartition};
use crate::store::{Destination, Existing, Section, StoreError};
use crate::write::json_lines::{JsonLinesWriter, LinesCompression};
use crate::write::parquet::ParquetWriter;

/// Bytes of records that a lane collects for a file at most.
const COLLECTED: usize = 4 << 20;

/// Characters of a folder's name.
const NAME: usize = 200;

/// Where the dead letters of a job are written, if they go to files.
#[derive(Clone, Debug)]
pub struct DeadLetterFiles {
    destination: Destination,
    folder: String,
    format: FileFormat,
    /// The job's first start: tells its files from those of another job of the same name.
    start: String,
    /// Tells this run's files from those of another one.
    run: String,
}

/// What went wrong with dead letters.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The store.
    #[error("dead letters: {0}")]
    Store(#[from] StoreError),
    /// A format that does not take them.
    #[error("dead letters of {lane} cannot be written as a file: {message}")]
    Format {
        /// The lane.
        lane: Arc<TopicPartition>,
        /// What it says.
        message: String,
    },
}

impl Explain for LetterError {
    fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => error.exit(),
            Self::Format { .. } => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => {
                error.hint().or_else(|| Some("`rejected.dead_letters` says where they go".to_owned()))
            }
            Self::Format { .. } => Some("choose another `rejected.format`".to_owned()),
        }
    }
}

impl DeadLetterFiles {
    /// The place that a job names; `None` where its dead letters go elsewhere. Nothing is written yet.
    ///
    /// # Errors
    /// A URL or options that are none.
    pub fn open(job: &Job, runtime: &Handle) -> Result<Option<Self>, LetterError> {
        let Some(DeadLetters::Files { url, store, format }) = &job.rejected.dead_letters else { return Ok(None) };
        let destination = Destination::open(url, store, Section::DEAD_LETTERS, runtime)?;
        // Each of the standard library's random states has keys of its own.
        let run = format!("{:08x}", RandomState::new().build_hasher().finish() as u32);
        let start = start(crate::clock::now());
        Ok(Some(Self { destination, folder: safe(&job.progress.job), format: *format, start, run }))
    }

    /// Sets the first start of the job, in milliseconds since the epoch, where progress is kept.
    pub fn started_at(&mut self, started: i64) {
        self.start = start(started);
    }

    /// Asks the store whether it answers.
    ///
    /// # Errors
    /// A store that does not.
    pub fn check(&self) -> Result<(), LetterError> {
        self.destination.brief().list(&self.folder)?;
        Ok(())
    }

    /// Writes a file of no records and deletes it again: whether the store lets the user is known then, before any
    /// record moves.
    ///
    /// # Errors
    /// A store that does not.
    pub fn try_out(&self) -> Result<(), LetterError> {
        if is_off("letters-are-tried-out") {
            return Ok(());
        }
        let name = format!("{}/.{}-r{}", self.folder, "trial", self.run);
        let destination = self.destination.brief();
        destination.put(&name, Bytes::new(), Existing::Replace)?;
        Ok(destination.delete(&name)?)
    }

    /// Deletes what earlier runs have written of these lanes, and not committed.
    ///
    /// # Errors
    /// A store that does not list or delete.
    pub fn remove_unlisted<'a>(
        &self,
        lanes: impl Iterator<Item = (&'a TopicPartition, ListedFiles)>,
    ) -> Result<(), LetterError> {
        if is_off("unlisted-letters-are-removed") {
            return Ok(());
        }
        let names = self.destination.list(&self.folder)?;
        for (lane, listed) in lanes {
            let folder = self.lane_folder(lane);
            let within = |path: &'_ str| path.strip_prefix(&folder)?.strip_prefix('/').map(str::to_owned);
            for path in &names {
                let number = within(path).and_then(|name| number(&name, &self.start));
                if number.is_some_and(|number| !listed.has(number, path)) {
                    tracing::info!(
                        "{}: written and not committed by an earlier run; deleted",
                        self.destination.place(path)
                    );
                    self.destination.delete(path)?;
                }
            }
        }
        Ok(())
    }

    /// The files of one lane.
    pub fn lane(&self, source: &Arc<TopicPartition>) -> LaneFiles {
        let folder = self.lane_folder(source);
        LaneFiles {
            files: self.clone(),
            source: Arc::clone(source),
            folder,
            collected: Vec::new(),
            bytes: 0,
            written: Vec::new(),
        }
    }

    fn lane_folder(&self, lane: &TopicPartition) -> String {
        format!("{}/{}", self.folder, safe(&lane.to_string()))
    }
}

/// The files of one lane under way.
#[derive(Debug)]
pub struct LaneFiles {
    files: DeadLetterFiles,
    source: Arc<TopicPartition>,
    folder: String,
    collected: Vec<Arc<Batch>>,
    bytes: usize,
    /// Numbers and paths of what was written since the last commit.
    written: Vec<(u64, String)>,
}

impl LaneFiles {
    /// Adds dead letters; writes a file where there are many.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn add(&mut self, letters: Arc<Batch>, listed: &mut ListedFiles) -> Result<(), LetterError> {
        self.bytes += letters.columns.bytes();
        self.collected.push(letters);
        if self.bytes >= COLLECTED { self.write(listed) } else { Ok(()) }
    }

    /// Writes what was collected, and enters the file into the list that is committed next.
    ///
    /// # Errors
    /// A store that does not take it.
    pub fn write(&mut self, listed: &mut ListedFiles) -> Result<(), LetterError> {
        let (Some(first), Some(last)) = (self.collected.first(), self.collected.last()) else { return Ok(()) };
        let number = listed.next();
        let ending = match self.files.format {
            FileFormat::Parquet => "parquet",
            FileFormat::JsonLines => "jsonl",
        };
        let range = format!("{}-{}", in_name(&first.place(0)), in_name(&last.place(last.len().saturating_sub(1))));
        let name = format!("{number:08}-{range}-s{}-r{}.{ending}", self.files.start, self.files.run);
        let (path, content) = (format!("{}/{name}", self.folder), self.content()?);
        let records = self.collected.iter().map(|batch| batch.len() as u64).sum();
        let bytes = content.len() as u64;
        self.files.destination.put(&path, content.into(), Existing::Replace)?;
        self.collected.clear();
        self.bytes = 0;
        self.written.push((number, path.clone()));
        if !is_off("letters-are-listed") {
            listed.add(ListedFile { path, records, bytes });
        }
        Ok(())
    }

    fn content(&self) -> Result<Vec<u8>, LetterError> {
        let failed = |message: String| LetterError::Format { lane: Arc::clone(&self.source), message };
        match self.files.format {
            FileFormat::Parquet => {
                let mut writer = ParquetWriter::new(Vec::new()).map_err(|error| failed(error.to_string()))?;
                let written = self.collected.iter().try_for_each(|batch| writer.write(batch, None));
                written.and_then(|()| writer.finish()).map_err(|error| failed(error.to_string()))
            }
            FileFormat::JsonLines => {
                let plain = LinesCompression::None;
                let mut writer = JsonLinesWriter::new(Vec::new(), plain).map_err(|error| failed(error.to_string()))?;
                let written = self.collected.iter().try_for_each(|batch| writer.write(batch, None));
                written.and_then(|()| writer.finish()).map_err(|error| failed(error.to_string()))
            }
        }
    }

    /// What was written is committed.
    pub fn committed(&mut self) {
        self.written.clear();
    }

    /// Forgets what was collected, and deletes what was written and is not `listed`, the list that is committed.
    ///
    /// # Errors
    /// A store that does not delete.
    pub fn take_back(&mut self, listed: &ListedFiles) -> Result<(), LetterError> {
        self.collected.clear();
        self.bytes = 0;
        for (number, path) in std::mem::take(&mut self.written) {
            if !listed.has(number, &path) && !is_off("letters-are-taken-back") {
                self.files.destination.delete(&path)?;
            }
        }
        Ok(())
    }
}

/// A place in the name of a file.
fn in_name(place: &Place) -> String {
    match place {
        Place::Offset(offset) => offset.to_string(),
        Place::Row { row, .. } => format!("row{row}"),
        Place::Of(Strand::Partition(partition), place) => format!("p{partition}_{}", in_name(place)),
        Place::Of(Strand::Folder(_), place) => in_name(place),
        Place::Each(_) => String::new(),
    }
}

/// A time in the name of a file.
fn start(started: i64) -> String {
    format!("{started:011x}")
}

/// The number of a file of the job that was first started at `start`, also of one that was never finished; `None` for
/// any other.
fn number(name: &str, start: &str) -> Option<u64> {
    let unfinished = name.strip_prefix('.').and_then(|name| name.strip_suffix(".unfinished"));
    // Behind the name stands what makes it unique.
    let name = unfinished.map_or(name, |name| name.rsplit_once('.').map_or(name, |(name, _)| name));
    let (stem, _) = name.split_once('.').filter(|(_, ending)| matches!(*ending, "parquet" | "jsonl"))?;
    let mut parts = stem.splitn(2, '-');
    let number = parts.next().filter(|number| number.len() >= 8)?.parse().ok()?;
    let (range, run) = parts.next()?.rsplit_once("-r")?;
    let is_run = run.len() == 8 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (range, started) = range.rsplit_once("-s")?;
    (is_run && started == start && range.contains('-')).then_some(number)
}

/// A text as the name of a folder, which no reader passes over and no two texts share.
fn safe(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-');
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && text.len() <= NAME && text.chars().all(plain) {
        return text.to_owned();
    }
    let readable: String = text.chars().take(NAME / 2).map(|each| if plain(each) { each } else { '_' }).collect();
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    format!("x{readable}-{}", digest.get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_ours_are_known_as_such() {
        for ours in [
            "00000007-42-99-s019aa7b2c11-r0123abcd.parquet",
            "00000007-row3-row9-s019aa7b2c11-r0123abcd.jsonl",
            "00000007-p3_42-p0_7-s019aa7b2c11-r0123abcd.parquet",
            ".00000007-42-99-s019aa7b2c11-r0123abcd.parquet.x1y2.unfinished",
        ] {
            assert_eq!(number(ours, "019aa7b2c11"), Some(7), "{ours}");
        }
        for theirs in [
            "00000007.parquet",
            "00000007-42-99-s019aa7b2c12-r0123abcd.parquet",
            "notes.jsonl",
            "00000007-42-99.parquet",
            "7-42-99-s019aa7b2c11-r0123abcd.parquet",
            "00000007-42-99-s019aa7b2c11-r0123abcd.csv",
            "00000007-42-99-s019aa7b2c11-r0123abcd.parquet.bak",
            "copy-of-00000007-42-99-s019aa7b2c11-r0123abcd.parquet",
        ] {
            assert_eq!(number(theirs, "019aa7b2c11"), None, "{theirs}");
        }
    }

    #[test]
    fn folders_are_safe_and_differ() {
        assert_eq!(safe("orders-3"), "orders-3");
        let names = ["a/b", "a_b", "a:b", "../x", ".hidden", "_x", "", "ü"];
        let folders: std::collections::BTreeSet<String> = names.iter().map(|name| safe(name)).collect();
        assert_eq!(folders.len(), names.len());
        assert!(folders.iter().all(|folder| !folder.contains(['/', ':']) && !folder.starts_with(['.', '_'])));
    }
}
