//! `anabranch restore`: the backup flows back.

use std::sync::Arc;

use clap::Args;

use super::flags::JobFlags;
use super::terminal::Terminal;
use super::{plan, prepare, signals};
use crate::failure::{Exit, Failure};
use crate::finding::Finding;
use crate::report::{Display, Progress};
use crate::restore;
use crate::stop::StopSignal;
use crate::target;

/// What is to be restored.
#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    job: JobFlags,
}

impl Restore {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let job = self.job.job()?;
        let open = prepare::open(&job.backup, terminal)?;
        let chain = prepare::chain(&job)?;
        let needs = prepare::needs(&open.catalog);
        let mut findings = plan::before_the_target(&job, &open, chain.as_ref());
        findings.extend(target::examine(&job, &needs)?);
        plan::refuse(&findings, &job.allow)?;
        let findings = findings.into_iter().map(Finding::allowed).collect();
        let target = target::connect(&job, &needs)?;

        let stop = StopSignal::default();
        signals::listen(&stop, terminal);
        let lanes = open.catalog.lanes.iter().map(|lane| (Arc::clone(&lane.source), lane.records));
        let progress = Arc::new(Progress::new(lanes));
        let display = Display::start(Arc::clone(&progress), terminal.screen());
        tracing::info!("restoring `{}`: {} lanes, to {}", job.name, progress.lanes().len(), job.target.cluster);
        let restore = restore::Restore {
            job: &job,
            catalog: &open.catalog,
            chain: chain.as_ref(),
            target,
            progress: &progress,
            stop: &stop,
        };
        let summary = restore.run(findings);
        drop(display);
        let summary = summary.inspect_err(|_| say_how_far(&progress, terminal))?;
        terminal.give(&summary.document(), || summary.to_string())?;
        Ok(if summary.is_complete() { Exit::Done } else { Exit::Failed })
    }
}

/// After a failure: up to where each lane was sent, so that nobody has to guess what the target holds.
fn say_how_far(progress: &Progress, terminal: &Terminal) {
    for lane in progress.lanes() {
        match lane.place() {
            Some(_) if lane.is_done() => terminal.say(&format!("{}: all of it was sent", lane.source())),
            Some(place) => terminal.say(&format!("{}: sent up to {}", lane.source(), lane.source().at(&place))),
            None => terminal.say(&format!("{}: nothing was sent", lane.source())),
        }
    }
}
