//! What the sending stage does with records that are set aside: counts them, and keeps dead letters where the job says.

use std::sync::Arc;

use crate::aside::{self, DeadLetterFiles, LaneFiles, LetterError, ListedFiles, SetAside};
use crate::batch::Batch;
use crate::job::{DeadLetters, Policies, Policy, Rejected};
use crate::position::TopicPartition;
use crate::target::{LaneTarget, TargetError};

/// What becomes of the records of one lane that are set aside.
pub struct Letters {
    job: Arc<str>,
    policies: Policies,
    place: Place,
}

enum Place {
    Nowhere,
    /// The target takes them.
    Topic,
    Files(Box<LaneFiles>),
}

/// A dead letter that is not kept.
pub(super) enum Failed {
    Target(TargetError),
    Files(LetterError),
}

impl Letters {
    /// Those of a lane of the job of this name.
    pub fn new(job: &str, rejected: &Rejected, files: Option<&DeadLetterFiles>, source: &Arc<TopicPartition>) -> Self {
        let place = match (&rejected.dead_letters, files) {
            (Some(DeadLetters::Topic(_)), _) => Place::Topic,
            (Some(DeadLetters::Files { .. }), Some(files)) => Place::Files(Box::new(files.lane(source))),
            _ => Place::Nowhere,
        };
        Self { job: job.into(), policies: rejected.policies, place }
    }

    /// Those of somebody who keeps none.
    pub(crate) fn none() -> Self {
        Self { job: "".into(), policies: Policies::default(), place: Place::Nowhere }
    }

    /// What is done with a record.
    pub(super) fn policy(&self, record: &SetAside) -> Policy {
        self.policies.of(record.cause)
    }

    /// Keeps the dead letters among records of a batch that are set aside.
    pub(super) fn keep(
        &mut self,
        source: &Arc<Batch>,
        aside: &[SetAside],
        target: &mut dyn LaneTarget,
        listed: &mut ListedFiles,
    ) -> Result<(), Failed> {
        let policies = self.policies;
        let mut dead = aside.iter().filter(|each| policies.of(each.cause) == Policy::DeadLetter).peekable();
        if dead.peek().is_none() {
            return Ok(());
        }
        let letters = aside::letters(&self.job, source, dead);
        match &mut self.place {
            Place::Nowhere => Ok(()),
            Place::Topic => target.send_letters(&letters).map_err(Failed::Target),
            Place::Files(files) => files.add(letters, listed).map_err(Failed::Files),
        }
    }

    /// Before a commit: writes what is collected for files, and lists it.
    pub(super) fn write(&mut self, listed: &mut ListedFiles) -> Result<(), LetterError> {
        match &mut self.place {
            Place::Files(files) => files.write(listed),
            Place::Nowhere | Place::Topic => Ok(()),
        }
    }

    /// After a commit.
    pub(super) fn committed(&mut self) {
        if let Place::Files(files) = &mut self.place {
            files.committed();
        }
    }

    /// Before the lane goes back to its last commit, which lists `listed`.
    pub(super) fn take_back(&mut self, listed: &ListedFiles) -> Result<(), LetterError> {
        match &mut self.place {
            Place::Files(files) => files.take_back(listed),
            Place::Nowhere | Place::Topic => Ok(()),
        }
    }
}
