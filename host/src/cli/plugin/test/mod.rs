//! `anabranch plugin test`: what a plugin makes of records, against what is expected of it.
//!
//! Records come from a file or a backup, as a restore reads them. Each passes the plugin alone, and then all of them again
//! in batches that are cut in other ways, and over instances that begin in the middle: a plugin whose answers depend on
//! either would give something else from restore to restore.

mod cuts;
mod document;
mod error;
mod expected;
mod outcome;
mod same;
mod starts;
mod tried;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::trial::{Trial, TrialFlags};
use crate::batch::Batch;
use crate::cli::prepare;
use crate::cli::preview::RecordDocument;
use crate::cli::terminal::Terminal;
use crate::failure::{Exit, Failure};
use crate::job::{Job, PluginSource, Policies, Policy};
use crate::plugin::Chain;
use crate::report::PluginCounts;
use document::TestDocument;
use error::TestError;
use outcome::Outcome;
use tried::Tried;

/// What is to be tried.
#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    #[command(flatten)]
    trial: TrialFlags,
    /// What is expected: a file of JSON lines, one for each record, as `--bless` writes it
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Write what comes of the records to the file of `--expect`, instead of comparing
    #[arg(long, requires = "expect")]
    bless: bool,
    /// How many records are tried, lane after lane
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// How many records are shown that are not passed on as they came
    #[arg(long, value_name = "N", default_value_t = 10)]
    show: usize,
}

/// What became of the records so far.
#[derive(Default)]
struct Results {
    outcomes: Vec<Outcome>,
    counts: PluginCounts,
    /// Those that are shown.
    marked: Vec<RecordDocument>,
}

impl Test {
    pub(in crate::cli) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Self { trial, expect, bless, limit, show } = self;
        let job = trial.job()?;
        if let Some(path) = &expect {
            expected::refuse_subject(path, file_of(&job), &job.backup.url)?;
            if bless {
                expected::refuse_foreign(path)?;
            }
        }
        // A plugin that fails is to be mended; what it rejects is one of its answers.
        let chain = Chain::load(&job.plugins, &prepare::origin(&job))?
            .with_policies(Policies { rejected: Policy::Skip, ..Policies::default() });
        let trial = Trial::open(job, terminal)?;
        let mut results = Results::default();
        let mut complete = true;
        for lane in trial.lanes() {
            let left = limit.saturating_sub(results.outcomes.len());
            let (batches, is_whole) = trial.first_batches(lane, left)?;
            try_lane(&Tried { job: &trial.job, chain: &chain, lane, batches }, show, &mut results)?;
            if !is_whole {
                complete = false;
                break;
            }
        }
        let Results { outcomes, counts, marked } = results;
        if outcomes.is_empty() {
            return Err(trial.no_records());
        }
        let mut document = TestDocument::new(&chain, outcomes, counts, complete, marked, show);
        match &expect {
            Some(path) if bless => expected::write(path, &document.outcomes)?,
            Some(path) => document.compared(expected::compare(path, &document.outcomes)?),
            None => {}
        }
        terminal.give(&document, || document.text(expect.as_deref().filter(|_| bless)))?;
        match (document.differences, expect) {
            (Some(differences), Some(path)) if !differences.is_empty() => {
                let (differences, records) = (differences.len(), document.records);
                Err(TestError::Differs { differences, records, path }.into())
            }
            _ => Ok(Exit::Done),
        }
    }
}

/// The file that the plugin is, if it is one.
fn file_of(job: &Job) -> Option<&std::path::Path> {
    job.plugins.first().and_then(|plugin| match &plugin.source {
        PluginSource::File(path) => Some(path.as_path()),
        PluginSource::ReadyMade(_) | PluginSource::Store { .. } => None,
    })
}

/// Passes the records of a lane over the plugin one by one, and then as a restore might in other ways.
fn try_lane(tried: &Tried<'_>, show: usize, results: &mut Results) -> Result<(), Failure> {
    let mut transform = tried.open()?;
    let mut alone = Vec::new();
    for batch in &tried.batches {
        for row in 0..batch.len() {
            let record: Arc<Batch> = Arc::new(batch.slice(row, 1));
            let mut counts = [PluginCounts::default()];
            let passed = transform.process(Arc::clone(&record), &mut counts)?;
            let document = RecordDocument::new(tried.job, &record, &passed, &counts, tried.topic());
            let outcome = Outcome::new(&document);
            if !outcome.is_unchanged() && results.marked.len() < show {
                results.marked.push(document);
            }
            alone.push(outcome);
            counts.iter().for_each(|counts| results.counts.add(counts));
        }
    }
    cuts::check(tried, &alone)?;
    starts::check(tried, &alone)?;
    results.outcomes.append(&mut alone);
    Ok(())
}
