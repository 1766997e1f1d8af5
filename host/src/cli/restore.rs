//! `anabranch restore`: the backup flows back.

use std::mem;
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
        if let Some(chain) = &chain {
            // Before topics are created: what a plugin refuses leaves none behind.
            prepare::try_out(chain, &job, &open.catalog)?;
        }
        let needs = prepare::needs(&open.catalog);
        let mut findings = plan::before_the_target(&job, &open, chain.as_ref());
        let mut examined = target::examine(&job, &needs)?;
        findings.append(&mut examined.findings);
        plan::refuse(&findings, &job.allow)?;
        let findings = findings.into_iter().map(Finding::allowed).collect();
        let target = examined.connect(&job, &needs)?;

        let stop = StopSignal::default();
        signals::listen(&stop, terminal);
        let lanes = open.catalog.lanes.iter().map(|lane| (Arc::clone(&lane.source), lane.records));
        let progress = Arc::new(Progress::new(lanes));
        let display = Display::start(Arc::clone(&progress), terminal.screen());
        let lanes = progress.lanes().len();
        let noun = if lanes == 1 { "lane" } else { "lanes" };
        tracing::info!("restoring `{}`: {lanes} {noun}, to {}", job.name, job.target.cluster);
        let restore = restore::Restore {
            job: &job,
            catalog: &open.catalog,
            chain: chain.as_ref(),
            target: Arc::clone(&target),
            progress: &progress,
            stop: &stop,
        };
        let summary = restore.run(findings);
        drop(restore);
        // Everything is acknowledged or failed, and the process ends: librdkafka's threads, which look every tenth of a
        // second whether they are to end, are not waited for.
        mem::forget(target);
        drop(display);
        let summary = summary.inspect_err(|_| say_how_far(&progress, terminal))?;
        terminal.give(&summary.document(), || summary.to_string())?;
        Ok(if summary.is_complete() { Exit::Done } else { Exit::Failed })
    }
}

/// After a failure: up to where each lane is known to be written, so that nobody has to guess what the target holds
/// for certain. More may be there: what was under way.
fn say_how_far(progress: &Progress, terminal: &Terminal) {
    for lane in progress.lanes() {
        match lane.place() {
            _ if lane.is_done() => terminal.say(&format!("{}: all of it is written", lane.source())),
            Some(place) => terminal.say(&format!("{}: written up to {}", lane.source(), lane.source().at(&place))),
            None => terminal.say(&format!("{}: nothing is known to be written", lane.source())),
        }
    }
}
