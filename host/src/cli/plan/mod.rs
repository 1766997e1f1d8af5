//! `anabranch plan`: what a restore would do, and what speaks against it.

mod document;
mod order;
mod stops;

pub(super) use stops::refuse;

use clap::Args;

use super::flags::JobFlags;
use super::prepare::{self, OpenBackup};
use super::terminal::Terminal;
use crate::failure::{Exit, Failure};
use crate::finding::Finding;
use crate::job::Job;
use crate::plugin::Chain;
use crate::target;
use document::{PlanDocument, TargetState};

/// What is to be planned.
#[derive(Debug, Args)]
pub(super) struct PlanCommand {
    #[command(flatten)]
    job: JobFlags,
    /// Leave the target alone: what it lacks or will not take is then not established
    #[arg(long)]
    offline: bool,
}

impl PlanCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Self { job, offline } = self;
        let job = if offline { job.job_without_target()? } else { job.job()? };
        let open = prepare::open(&job.backup)?;
        let chain = prepare::chain(&job)?;
        let mut findings = before_the_target(&job, &open, chain.as_ref());
        let (state, failure) = if offline {
            (TargetState::NotAsked, None)
        } else {
            match target::examine(&job, &prepare::needs(&open.catalog)) {
                Ok(found) => {
                    findings.extend(found);
                    (TargetState::Established, None)
                }
                Err(error) => (TargetState::NotEstablished(error.to_string()), Some(Failure::from(error))),
            }
        };
        let document = PlanDocument::new(&job, &open, chain.as_ref(), state, &findings);
        terminal.give(&document, || document.text(&findings))?;
        match failure {
            Some(failure) => Err(failure),
            None => refuse(&findings, &job.allow).map(|()| Exit::Done),
        }
    }
}

/// What is found without asking the target.
pub(super) fn before_the_target(job: &Job, open: &OpenBackup, chain: Option<&Chain>) -> Vec<Finding> {
    let mut findings = open.catalog.findings.clone();
    findings.extend(order::of_plugins(job, chain));
    findings
}
