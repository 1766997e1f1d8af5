//! `anabranch restore`: the backup flows back.

mod account;
mod stopped;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use account::account;
use stopped::{AGAIN, Flow, not_begun, say_how_far};

use super::flags::JobFlags;
use super::report::Reporter;
use super::signals::Signals;
use super::terminal::Terminal;
use super::{plan, prepare};
use crate::aside::DeadLetterFiles;
use crate::catalog::{Catalog, Lane};
use crate::clock::now;
use crate::failure::{Exit, Failure};
use crate::finding::Finding;
use crate::job::Job;
use crate::passage::Passage;
use crate::plugin::Chain;
use crate::progress::Inputs;
use crate::read::Count;
use crate::report::{Display, LaneEnd, LaneSummary, Progress, Summary, Tally, shown};
use crate::restore;
use crate::schema::{Registering, Schemas};
use crate::stop::StopSignal;
use crate::target::{self, Examined, Reached, Target};

/// What is to be restored.
#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    job: JobFlags,
    /// Where the report of this run goes, whatever its end: a file or `s3://bucket/key`
    #[arg(long, value_name = "URL")]
    report: Option<String>,
}

impl Restore {
    pub(super) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let job = self.job.job_reporting_to(self.report)?;
        let signals = Signals::listen(terminal, not_begun(AGAIN.to_owned(), None, terminal));
        let reporter = Reporter::begin(&job)?;
        signals.now(not_begun(AGAIN.to_owned(), Some(&reporter), terminal));
        let result = restore(&Arc::new(job), &reporter, &signals, terminal);
        reporter.end(result, terminal)
    }
}

/// Restores a job, and notes in its report what is known of it by and by.
fn restore(job: &Arc<Job>, reporter: &Reporter, signals: &Signals, terminal: &Terminal) -> Result<Exit, Failure> {
    // What is wrong with the target is said after what is wrong with the backup.
    let reached = target::reach(job);
    let mut open = prepare::open_again(&job.backup, reached.as_ref().ok().and_then(Reached::survey), terminal)?;
    let started = reached.as_ref().ok().and_then(Reached::started).unwrap_or_else(now);
    prepare::select_since(job, &mut open, Some(started))?;
    let mut chain = prepare::chain(job)?;
    let schemas = Schemas::open(job, Registering::Allowed)?;
    if let Some(chain) = &chain {
        // Before topics are created: what a plugin refuses leaves none behind.
        prepare::try_out(chain, job, &open.catalog)?;
    }
    reporter.report().reads(&open.url, open.catalog.entries.iter().map(|entry| &**entry));
    let needs = prepare::needs(&open.catalog);
    let passage = Passage { chain: chain.as_ref(), schemas: schemas.as_ref() };
    let inputs = Inputs::of(&job.backup, &open.catalog, passage).started(started);
    let digests = inputs.digests(job, &needs);
    reporter.report().configured(chain.as_ref().map(Chain::reports).unwrap_or_default(), digests);
    let mut findings = plan::before_the_target(job, &open, chain.as_ref());
    let mut examined = reached?.examine(job, &needs, &inputs)?;
    findings.append(&mut examined.findings);
    reporter.report().found(&findings);
    plan::refuse(&findings, &job.allow)?;
    let findings: Vec<Finding> = findings.into_iter().map(Finding::allowed).collect();
    reporter.report().found(&findings);
    if examined.is_done(&needs) && !examined.has_changed_topics() {
        let mut report = reporter.report();
        report.runs(None, examined.started());
        let before = |lane: &_| examined.before(lane);
        let ranges = |lane: &_| examined.ranges(lane);
        account(&mut report, job, &open.catalog, before, ranges, |_| None, |_| None);
        drop(report);
        return give_what_is_done(job, &open.catalog, &examined, findings, terminal);
    }
    if examined.started().is_some() {
        let read = |lane: &Lane| examined.before(&lane.source).map_or(0, |before| before.tally.read.records);
        let records: u64 = open.catalog.lanes.iter().map(read).sum();
        let go_on = format!(
            "{} records were committed by earlier runs, and the same command goes on from there, on any machine",
            shown::count(records)
        );
        signals.now(not_begun(go_on, Some(reporter), terminal));
    }
    let mut dead_letters = DeadLetterFiles::open(job, open.runtime())?;
    if let Some(files) = &dead_letters {
        // Before topics are created, too.
        files.try_out()?;
    }
    if let Some(schemas) = &schemas {
        // What a registry refuses leaves no topics behind either.
        for lane in &open.catalog.lanes {
            schemas.prepare(&lane.source.topic, job.target.topic(&lane.source.topic))?;
        }
    }
    let target = examined.connect(job, &needs, &inputs)?;
    reporter.report().runs(target.run(), target.started());
    if let (Some(chain), Some(started)) = (&mut chain, target.started()) {
        chain.started_at(started);
    }
    if let (Some(files), Some(started)) = (&mut dead_letters, target.started()) {
        files.started_at(started);
        let lanes = open.catalog.lanes.iter().map(|lane| &*lane.source);
        files.remove_unlisted(lanes.map(|lane| (lane, target.before(lane).unwrap_or_default().kept.files)))?;
    }

    let lanes = open.catalog.lanes.iter().map(|lane| (Arc::clone(&lane.source), left(lane, &*target)));
    let progress = Arc::new(Progress::new(lanes));
    let open = Arc::new(open);
    let flow = Flow { job: Arc::clone(job), open: Arc::clone(&open), target: Arc::clone(&target), progress };
    let (goes_on, progress) = (flow.goes_on(), &flow.progress);
    let stop = StopSignal::default();
    signals.now(flow.is_under_way(&stop, reporter, terminal));
    let display = Display::start(Arc::clone(progress), "written", terminal.screen());
    say_what_is_ahead(job, &open.catalog, &*target);
    let restore = restore::Restore {
        job,
        catalog: &open.catalog,
        passage: Passage { chain: chain.as_ref(), schemas: schemas.as_ref() },
        target: Arc::clone(&target),
        dead_letters: dead_letters.as_ref(),
        progress,
        stop: &stop,
    };
    let mut summary = restore.run(findings);
    drop(restore);
    if let Ok(summary) = &mut summary {
        summary.findings.extend(plan::without_a_time(&open.catalog));
    }
    // After the last commit, and before the report is told of what was found.
    let finished = match &mut summary {
        Ok(summary) if summary.is_complete() => target.finish().map(|findings| summary.findings.extend(findings)),
        _ => Ok(()),
    };
    let pending = target.changed_topics();
    if let Ok(summary) = &summary {
        reporter.report().found(&summary.findings);
    }
    flow.account(&mut reporter.report(), summary.as_ref().ok());
    // Everything is acknowledged or failed, and the process ends: librdkafka's threads, which look every tenth of a
    // second whether they are to end, are not waited for.
    mem::forget(target);
    drop(display);
    let summary = summary.inspect_err(|error| {
        say_how_far(progress, terminal);
        say_what_is_pending(if error.is_about_another_run() { 0 } else { pending }, terminal);
        say_how_to_go_on(goes_on && !error.is_about_another_run(), terminal);
    })?;
    terminal.give(&summary.document(), || summary.to_string())?;
    finished?;
    if summary.is_complete() {
        return Ok(done(&summary));
    }
    say_what_is_pending(pending, terminal);
    say_how_to_go_on(goes_on, terminal);
    Ok(Exit::Failed)
}

/// How a restore ended that is complete.
fn done(summary: &Summary) -> Exit {
    let before = summary.before().map_or(0, |before| before.aside.records());
    if before == 0 && summary.total().aside.records() == 0 { Exit::Done } else { Exit::WithSkips }
}

/// The records of a lane that earlier runs have not committed.
fn left(lane: &Lane, target: &dyn Target) -> Count {
    let before = target.before(&lane.source).unwrap_or_default();
    match lane.records {
        _ if before.complete => Count::Exact(0),
        Count::Exact(records) => Count::Exact(records.saturating_sub(before.tally.read.records)),
        Count::Estimated(records) => Count::Estimated(records.saturating_sub(before.tally.read.records)),
    }
}

fn say_what_is_ahead(job: &Job, catalog: &Catalog, target: &dyn Target) {
    let lanes = catalog.lanes.len();
    let noun = if lanes == 1 { "lane" } else { "lanes" };
    tracing::info!("restoring `{}`: {lanes} {noun}, to {}", job.name, job.target.cluster);
    if target.started().is_some() {
        let before: Vec<_> = catalog.lanes.iter().filter_map(|lane| target.before(&lane.source)).collect();
        let done = before.iter().filter(|before| before.complete).count();
        let records: u64 = before.iter().map(|before| before.tally.read.records).sum();
        let (name, topic) = (&job.progress.job, &job.progress.topic);
        tracing::info!(
            "progress is kept as `{name}` in topic `{topic}`: {records} records and {done} {noun} before this run"
        );
    }
}

/// The summary of a job that earlier runs have restored whole; nothing is done.
fn give_what_is_done(
    job: &Job,
    catalog: &Catalog,
    examined: &Examined,
    findings: Vec<Finding>,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let lane = |lane: &Lane| {
        let before = examined.before(&lane.source).map(|before| before.tally);
        let up_to = before.as_ref().and_then(|before| before.up_to.clone());
        let tally = Tally { up_to, ..Tally::new(job.plugins.len()) };
        LaneSummary { source: Arc::clone(&lane.source), before, tally, end: LaneEnd::Complete }
    };
    let summary = Summary {
        job: job.name.clone(),
        target: job.target.cluster.to_string(),
        plugins: job.plugins.iter().map(|plugin| plugin.name.clone()).collect(),
        lanes: catalog.lanes.iter().map(lane).collect(),
        duration: Duration::ZERO,
        commits: None,
        findings,
    };
    let name = &job.progress.job;
    terminal.say(&format!(
        "`{name}` is restored already, and nothing was done; after `anabranch forget --name {name} --brokers {}` it \
         begins anew",
        job.target.cluster
    ));
    terminal.give(&summary.document(), || summary.to_string())?;
    Ok(done(&summary))
}

fn say_what_is_pending(topics: usize, terminal: &Terminal) {
    if topics > 0 {
        let noun = if topics == 1 { "topic keeps" } else { "topics keep" };
        terminal.say(&format!(
            "{topics} {noun} the configs of `while_restoring` until the job is complete; `anabranch status` lists them, \
             and `anabranch forget` puts back what they had"
        ));
    }
}

fn say_how_to_go_on(goes_on: bool, terminal: &Terminal) {
    if goes_on {
        terminal.say("the same command goes on from there, on any machine");
    }
}
