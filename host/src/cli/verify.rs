//! `anabranch verify`: whether the target holds what the backup and the plugins give.

use std::sync::Arc;

use clap::Args;

use super::flags::JobFlags;
use super::signals::{Signals, Stage};
use super::terminal::Terminal;
use super::{plan, prepare};
use crate::failure::{Exit, Failure};
use crate::job::Policy;
use crate::passage::Passage;
use crate::progress::Inputs;
use crate::read::Count;
use crate::report::{Display, Progress};
use crate::schema::{Registering, Schemas};
use crate::stop::StopSignal;
use crate::verify::{self, Committed};

/// What is to be compared.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    job: JobFlags,
}

impl Verify {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let mut job = self.job.job()?;
        // What follows a record that a plugin rejects was not committed unless it was set aside, whatever is said now.
        if job.rejected.policies.rejected == Policy::Fail {
            job.rejected.policies.rejected = Policy::Skip;
        }
        let words = terminal.clone();
        let free = Stage::Free(Box::new(move || words.say("stopped before anything was compared")));
        let signals = Signals::listen(terminal, free);
        let mut open = prepare::open(&job.backup, terminal)?;
        let selection = prepare::select(&job, &mut open)?;
        let mut chain = prepare::chain(&job)?;
        let schemas = Schemas::open(&job, Registering::Never)?;
        let inputs =
            Inputs::of(&job.backup, &open.catalog, Passage { chain: chain.as_ref(), schemas: schemas.as_ref() });
        let committed = Committed::look(&job, &prepare::needs(&open.catalog), &inputs)?;
        plan::refuse_to("compare", &committed.findings, &job.allow)?;
        if let (Some(chain), Some(started)) = (&mut chain, committed.started()) {
            chain.started_at(started);
        }
        if let Some(selection) = selection {
            open.catalog.survey.known_spans(committed.survey());
            // Of a job that never was started nothing is committed.
            selection.narrow_rows(&mut open.catalog, committed.started().unwrap_or_default())?;
        }
        prepare::merge(&job, &mut open)?;
        let stop = StopSignal::default();
        // There is nothing to go on with: it is waited for, so that what was compared is told.
        signals.now(Stage::Busy(stop.clone(), None));
        let count = |source| Count::Exact(committed.records(source));
        let lanes = open.catalog.lanes.iter().map(|lane| (Arc::clone(&lane.source), count(&lane.source)));
        let progress = Arc::new(Progress::new(lanes));
        let display = Display::start(Arc::clone(&progress), "compared", terminal.screen());
        let verify = verify::Verify {
            job: &job,
            catalog: &open.catalog,
            passage: Passage { chain: chain.as_ref(), schemas: schemas.as_ref() },
            committed: &committed,
            progress: &progress,
            stop: &stop,
        };
        let verified = verify.run();
        drop(display);
        let verified = verified?;
        terminal.give(&verified.document(), || verified.to_string())?;
        Ok(if verified.differs() {
            Exit::Differs
        } else if verified.is_compared() {
            Exit::Done
        } else {
            Exit::Failed
        })
    }
}
