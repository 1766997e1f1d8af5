//! The flags that describe a job, shared by `restore`, `plan` and `preview`.
//!
//! They lie over the job file: what a flag says outranks the file, what is a table in the file
//! (topics, properties, columns) is added to, and `--plugin` replaces the file's chain.

mod backup;
mod pair;
mod plugins;
mod rejected;
mod select;
mod target;

pub(super) use backup::BackupFlags;
pub(super) use pair::pair;
pub(super) use plugins::parameters;
pub(super) use select::SelectFlags;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::job::{self, Draft, Job, file, quantity, topic};
use plugins::PluginFlags;
use rejected::RejectedFlags;
use target::TargetFlags;

/// A job file, flags, or both.
#[derive(Debug, Args)]
pub(super) struct JobFlags {
    /// The job file; docs/job.md describes it. A short restore needs none
    job: Option<PathBuf>,
    /// Where the backup lies: `s3://bucket/prefix`, `file:///folder` or a path
    #[arg(long, value_name = "URL")]
    backup: Option<String>,
    #[command(flatten)]
    backup_flags: BackupFlags,
    #[command(flatten)]
    select: SelectFlags,
    #[command(flatten)]
    plugins: PluginFlags,
    #[command(flatten)]
    target: TargetFlags,
    #[command(flatten)]
    rejected: RejectedFlags,
    /// The job's name
    #[arg(long)]
    name: Option<String>,
    /// The topic that keeps how far the job has come
    #[arg(long, value_name = "TOPIC", value_parser = |text: &str| topic::name(text))]
    progress_topic: Option<String>,
    /// Go on in spite of this finding of `anabranch plan`; may be repeated
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,
    /// Topic-partitions that are restored at a time
    #[arg(long, value_name = "N")]
    lanes: Option<NonZeroUsize>,
    /// Bytes of records in flight, for instance `64MiB`
    #[arg(long, value_name = "SIZE", value_parser = quantity::size)]
    memory: Option<usize>,
}

impl JobFlags {
    /// The job, with a target.
    pub(super) fn job(self) -> Result<Job, Failure> {
        Ok(self.draft()?.finish()?)
    }

    /// The job, for a command that sends records and reports on that, to `report` if it is given.
    pub(super) fn job_reporting_to(self, report: Option<String>) -> Result<Job, Failure> {
        let mut draft = self.draft()?;
        if let Some(url) = report {
            // Options of the file's own place are none for a path of this machine.
            let store = draft.report.take().map(|report| report.store).filter(|_| !file::is_path(&url));
            draft.report = Some(job::Report { url, store: store.unwrap_or_default() });
        }
        Ok(draft.finish()?)
    }

    /// The job, for a command that sends nothing.
    pub(super) fn job_without_target(self) -> Result<Job, Failure> {
        Ok(self.draft()?.finish_without_target()?)
    }

    /// The cluster, where progress is kept, and whose, for a command that only looks after that.
    pub(super) fn progress(self) -> Result<(job::Target, job::Progress, Option<String>), Failure> {
        Ok(self.draft()?.finish_for_progress()?)
    }

    fn draft(self) -> Result<Draft, Failure> {
        let Self {
            job,
            backup,
            backup_flags,
            select,
            plugins,
            target,
            rejected,
            name,
            progress_topic,
            allow,
            lanes,
            memory,
        } = self;
        let mut draft = match job {
            Some(path) => file::open(&path)?,
            None => Draft::default(),
        };
        if backup.is_some() {
            draft.backup.url = backup;
        }
        backup_flags.lay_over(&mut draft.backup)?;
        select.lay_over(&mut draft.select)?;
        plugins.lay_over(&mut draft.plugins)?;
        target.lay_over(&mut draft.target)?;
        rejected.lay_over(&mut draft.rejected);
        if name.is_some() {
            draft.name = name;
        }
        draft.progress.topic = progress_topic.or(draft.progress.topic.take());
        draft.allow.extend(allow);
        if let Some(lanes) = lanes {
            draft.resources.lanes = lanes.get();
        }
        if let Some(memory) = memory {
            draft.resources.bytes_in_flight = memory;
        }
        Ok(draft)
    }
}

/// The flags of a command line, for their tests.
#[cfg(test)]
fn given<F: Args>(flags: &[&str]) -> Result<F, clap::Error> {
    let line = ["anabranch"].iter().chain(flags);
    F::from_arg_matches(&F::augment_args(clap::Command::new("anabranch")).try_get_matches_from(line)?)
}
