//! `anabranch status` and `anabranch forget`: a job's progress, from the cluster alone.

mod document;

use clap::Args;

use super::flags::JobFlags;
use super::terminal::Terminal;
use crate::failure::{Exit, Failure};
use crate::job::JobError;
use crate::progress::Keeper;
use document::{ForgottenDocument, StatusDocument};

/// Whose progress is to be shown.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    job: JobFlags,
}

impl Status {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let (target, progress, name) = self.job.progress()?;
        let (servers, topic) = (target.cluster.to_string(), progress.topic.clone());
        let (jobs, unreadable) = Keeper::connect(&target, progress)?.jobs(name.as_deref())?;
        let document = StatusDocument::new(&servers, &topic, &jobs, &unreadable);
        terminal.give(&document, || document.text())?;
        // What is shown of the others does not hide that something is wrong.
        unreadable.into_iter().next().map_or(Ok(Exit::Done), |first| Err(first.error.into()))
    }
}

/// Whose progress is to be removed.
#[derive(Debug, Args)]
pub(super) struct Forget {
    #[command(flatten)]
    job: JobFlags,
}

impl Forget {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let (target, progress, name) = self.job.progress()?;
        let name = name.ok_or(JobError::Missing {
            what: "job's name",
            hint: "give `--name`, or a job file; `anabranch status` lists the names",
        })?;
        let (servers, topic) = (target.cluster.to_string(), progress.topic.clone());
        let forgotten = Keeper::connect(&target, progress)?.forget(&name)?;
        let document = ForgottenDocument::new(&servers, &topic, &forgotten);
        terminal.give(&document, || document.text())?;
        Ok(Exit::Done)
    }
}
