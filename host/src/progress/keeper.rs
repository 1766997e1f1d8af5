//! Looking after progress from outside of a restore: what there is, and removing it.

use std::sync::Arc;

use super::session::{Producers, ids};
use super::stored::{Unreadable, all};
use super::{Key, ProgressError, Reader, Stored, topic};
use crate::job;
use crate::target::TargetError;
use crate::target::kafka::{Connection, Fault, Properties, PutBack, Room, put_back};

/// The progress that a cluster keeps.
pub struct Keeper {
    connection: Connection,
    properties: Properties,
    progress: job::Progress,
}

/// What was removed.
#[derive(Clone, Debug)]
pub struct Forgotten {
    /// As it was.
    pub stored: Stored,
    /// What became of the configs of its target topics.
    pub put_back: PutBack,
}

impl Keeper {
    /// Connects to the cluster of a target.
    ///
    /// # Errors
    /// A cluster that does not answer or let in.
    pub fn connect(target: &job::Target, progress: job::Progress) -> Result<Self, TargetError> {
        let servers = target.cluster.to_string();
        let properties = Properties::of(target, job::Resources::default(), &servers)?;
        let connection = Connection::open(&properties, false)?;
        Ok(Self { connection, properties, progress })
    }

    /// The jobs of which progress is kept, or the one that is asked for; and those of all whose records are not to be
    /// understood.
    ///
    /// # Errors
    /// A job that there is not, or whose records are not to be understood; a topic that cannot be read.
    pub fn jobs(&self, name: Option<&str>) -> Result<(Vec<Stored>, Vec<Unreadable>), TargetError> {
        if !topic::is_there(&self.connection, &self.progress.topic)? {
            return match name {
                Some(name) => Err(self.unknown(name)),
                None => Ok((Vec::new(), Vec::new())),
            };
        }
        let log = Reader::new(&self.properties, &self.progress.topic)?.peek()?;
        let Some(name) = name else { return Ok(all(&log)) };
        let stored = Stored::of(name, &log)?;
        if stored.is_empty() { Err(self.unknown(name)) } else { Ok((vec![stored], Vec::new())) }
    }

    /// Removes the progress of a job, after the configs of its target topics are put back that it has changed for the time
    /// being. A run of it that is under way is fenced, and stops.
    ///
    /// # Errors
    /// A job that there is not, and a cluster that does not let the user do it. What could not be put back stays known.
    pub fn forget(&self, name: &str) -> Result<Forgotten, TargetError> {
        self.jobs(Some(name))?;
        let (config, _) = self.properties.for_producing(usize::MAX, 0);
        let producers = Producers {
            config,
            properties: self.properties.clone(),
            room: Arc::new(Room::new(self.properties.queue)),
            topic: self.progress.topic.as_str().into(),
        };
        let reader = Reader::new(&self.properties, &self.progress.topic)?;
        // As a start does: the leading id, then those of the lanes, and only then what is committed.
        let leader = producers.open(&ids(name, 0).0)?;
        let lanes = super::session::ids_at_sight(&reader, name)?.unwrap_or_default();
        let lanes = producers.open_all(&ids(name, lanes).1)?;
        let log = reader.read()?;
        let stored = Stored::of(name, &log)?;
        let put_back = put_back(&self.connection, &stored.configs)?;
        let remove = || -> Result<(), Fault> {
            leader.begin()?;
            log.keys(name).map(Key::bytes).try_for_each(|key| leader.keep(&producers.topic, &key, None))?;
            leader.commit()
        };
        remove()?;
        drop(lanes);
        Ok(Forgotten { stored, put_back })
    }

    fn unknown(&self, name: &str) -> TargetError {
        ProgressError::Unknown { topic: self.progress.topic.clone(), job: name.to_owned() }.into()
    }
}
