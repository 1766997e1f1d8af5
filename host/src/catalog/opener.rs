//! How the catalog opens files: by the readers of the formats, or by whatever a test puts there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::batch::Limits;
use crate::job;
use crate::read::{self, Extent, FileFacts, LaneRoom, LargeRoom, OpenFile, ReadError, ReadSettings, RowReader, Wanted};

/// How the rows of a file are read.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The row to begin with.
    pub first_row: u64,
    /// When a batch of rows is full.
    pub limits: Limits,
    /// That of the file's lane.
    pub room: LaneRoom,
    /// What is wanted of the rows; `None`: all of them.
    pub wanted: Option<Arc<Wanted>>,
}

/// Opens files and tells their facts.
pub trait Opener: Send + Sync {
    /// What can be told of a file without reading all of it.
    ///
    /// # Errors
    /// A file that is not readable, with its path.
    fn facts(&self, file: &OpenFile) -> Result<FileFacts, ReadError>;

    /// The Avro schema under which the values of a file become Avro, where they are structured.
    ///
    /// # Errors
    /// A file that is not readable, and values that Avro has no type for.
    fn value_schema(&self, _file: &OpenFile, _name: &str) -> Result<Option<serde_json::Value>, ReadError> {
        Ok(None)
    }

    /// What is large in the files of a backup finds room here.
    fn room(&self) -> LaneRoom;

    /// The rows of a file.
    ///
    /// # Errors
    /// A file that is not readable, with its path.
    fn open(&self, file: OpenFile, opening: Opening) -> Result<Box<dyn RowReader>, ReadError>;

    /// How much of a file is read for what is wanted of it.
    ///
    /// # Errors
    /// A file that is not readable, with its path.
    fn extent(&self, file: &OpenFile, _: Arc<Wanted>) -> Result<Extent, ReadError> {
        Ok(Extent::whole(file.size()))
    }
}

/// The readers of the formats, with the columns and encodings that a job gives.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    settings: ReadSettings,
    room: LargeRoom,
}

impl Readers {
    /// As the job says.
    pub(super) fn new(backup: &job::Backup) -> Self {
        let settings = ReadSettings {
            columns: backup.columns.clone(),
            encoding: backup.encoding,
            limits: Limits::default(),
            first_row: 0,
            format: backup.format,
            room: LaneRoom::default(),
            wanted: None,
        };
        Self { settings, room: LargeRoom::default() }
    }
}

impl Opener for Readers {
    fn facts(&self, file: &OpenFile) -> Result<FileFacts, ReadError> {
        read::facts(file, &ReadSettings { room: self.room.lane(), ..self.settings.clone() })
    }

    fn value_schema(&self, file: &OpenFile, name: &str) -> Result<Option<serde_json::Value>, ReadError> {
        read::value_schema(file, &ReadSettings { room: self.room.lane(), ..self.settings.clone() }, name)
    }

    fn room(&self) -> LaneRoom {
        self.room.lane()
    }

    fn open(&self, file: OpenFile, opening: Opening) -> Result<Box<dyn RowReader>, ReadError> {
        let Opening { first_row, limits, room, wanted } = opening;
        read::open(file, &ReadSettings { first_row, limits, room, wanted, ..self.settings.clone() })
    }

    fn extent(&self, file: &OpenFile, wanted: Arc<Wanted>) -> Result<Extent, ReadError> {
        read::extent(file, &ReadSettings { room: self.room.lane(), wanted: Some(wanted), ..self.settings.clone() })
    }
}

/// Files looked at side by side: it is mostly waiting for a store.
const SIDE_BY_SIDE: usize = 8;

/// `work` on every item, several side by side, with the results in the order of the items.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(item)));
        }
    };
    let mut results: Vec<(usize, R)> = if items.len() < 2 {
        take()
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SIDE_BY_SIDE.min(items.len())).map(|_| scope.spawn(take)).collect();
            let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            joined.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        })
    };
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
