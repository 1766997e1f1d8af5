//! A look at a job's progress that changes nothing: before a start, and for `plan`.

use super::changes::{Present, changes};
use super::{Identity, Inputs, Reader, Stored, topic};
use crate::finding::Finding;
use crate::job::Job;
use crate::target::TargetError;
use crate::target::kafka::{Connection, Properties};

/// What is kept of a job; `None` where nothing is.
///
/// # Errors
/// A topic that cannot keep progress or cannot be read, and records that are not to be understood.
pub(crate) fn look(job: &Job, properties: &Properties, connection: &Connection) -> Result<Option<Stored>, TargetError> {
    if !topic::is_there(connection, &job.progress.topic)? {
        return Ok(None);
    }
    let log = Reader::new(properties, &job.progress.topic)?.peek()?;
    let stored = Stored::of(&job.progress.job, &log)?;
    stored.check_order(job.target.order)?;
    Ok(stored.job.is_some().then_some(stored))
}

impl Stored {
    /// Why the job should not go on.
    ///
    /// # Errors
    /// No client can be made.
    pub(crate) fn changes(
        &self,
        identity: &Identity,
        inputs: &Inputs,
        connection: &Connection,
        properties: &Properties,
        job: &Job,
    ) -> Result<Vec<Finding>, TargetError> {
        let reader = Reader::new(properties, &job.progress.topic)?;
        Ok(changes(self, &Present::of(job, identity, inputs, &reader, connection, self)))
    }
}
