//! `anabranch plugin test`: what a plugin makes of records, against what is expected of it.
//!
//! Records come from a file or a backup, as a restore reads them. Each passes the plugin alone, and then all of them again
//! in batches that are cut in other ways: a plugin whose answers depend on that would give something else every time.

mod cuts;
mod expected;
mod outcome;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::trial::{Trial, TrialFlags};
use crate::batch::Batch;
use crate::catalog::Lane;
use crate::cli::prepare;
use crate::cli::preview::RecordDocument;
use crate::cli::terminal::Terminal;
use crate::failure::{Exit, Explain, Failure};
use crate::job::{Job, Policies, Policy};
use crate::plugin::Chain;
use crate::report::{PluginCounts, shown};
use expected::Difference;
use outcome::Outcome;

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

/// `anabranch.plugin-test/1`.
#[derive(Debug, Serialize)]
struct TestDocument {
    schema: &'static str,
    plugin: String,
    records: usize,
    unchanged: usize,
    changed: usize,
    dropped: usize,
    rejected: usize,
    outcomes: Vec<Outcome>,
    /// `null` where nothing was compared.
    differences: Option<Vec<Difference>>,
    #[serde(skip)]
    shown: Vec<RecordDocument>,
    /// How many differences the text has.
    #[serde(skip)]
    show: usize,
}

/// The plugin did something else than it should.
#[derive(Debug, thiserror::Error)]
enum TestError {
    /// Its answers depend on how records are cut into batches.
    #[error("the answers depend on how records are cut into batches: at `{position}`, {cut}")]
    Cut { position: String, cut: String },
    /// It does not give what is expected.
    #[error("{} of {records} records came out otherwise than `{}` expects", differences, path.display())]
    Differs { differences: usize, records: usize, path: PathBuf },
    /// The file of what is expected.
    #[error("`{}` cannot be {what}", path.display())]
    File { path: PathBuf, what: &'static str, source: std::io::Error },
    /// A line of it.
    #[error("`{}:{line}` is no outcome as `--bless` writes it: {message}", path.display())]
    Line { path: PathBuf, line: usize, message: String },
}

impl Explain for TestError {
    fn exit(&self) -> Exit {
        match self {
            Self::Cut { .. } | Self::Differs { .. } => Exit::Failed,
            Self::File { .. } | Self::Line { .. } => Exit::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Cut { .. } => Some(
                "what a plugin remembers must not depend on where a batch ends; how far back it remembers it says in its \
                 description (`STATE`)"
                    .to_owned(),
            ),
            Self::Differs { .. } => Some("if that is as it should be, `--bless` writes it down".to_owned()),
            Self::File { what: "read", .. } => Some("`--bless` writes it".to_owned()),
            Self::File { .. } | Self::Line { .. } => Some("name another file, or write it anew with `--bless`".to_owned()),
        }
    }
}

impl Test {
    pub(in crate::cli) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Self { trial, expect, bless, limit, show } = self;
        let job = trial.job()?;
        // A plugin that fails is to be mended; what it rejects is one of its answers.
        let chain = Chain::load(&job.plugins, &prepare::origin(&job))?
            .with_policies(Policies { rejected: Policy::Skip, ..Policies::default() });
        let trial = Trial::open(job, terminal)?;
        let mut outcomes = Vec::new();
        let mut marked = Vec::new();
        for lane in trial.lanes() {
            let left = limit.saturating_sub(outcomes.len());
            if left == 0 {
                break;
            }
            let batches = trial.batches(lane, left)?;
            try_lane(&trial.job, &chain, lane, &batches, show, &mut outcomes, &mut marked)?;
        }
        if outcomes.is_empty() {
            return Err(trial.no_records());
        }
        let mut document = TestDocument::new(&chain, outcomes, marked, show);
        match &expect {
            Some(path) if bless => expected::write(path, &document.outcomes)?,
            Some(path) => document.differences = Some(expected::compare(path, &document.outcomes)?),
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

/// Passes the records of a lane over the plugin one by one, and then in batches of other sizes.
fn try_lane(
    job: &Job,
    chain: &Chain,
    lane: &Lane,
    batches: &[Arc<Batch>],
    show: usize,
    outcomes: &mut Vec<Outcome>,
    marked: &mut Vec<RecordDocument>,
) -> Result<(), Failure> {
    let topic = job.target.topic(&lane.source.topic);
    let mut transform = chain.open(&lane.source, topic)?;
    let mut alone = Vec::new();
    for batch in batches {
        for row in 0..batch.len() {
            let record: Arc<Batch> = Arc::new(batch.slice(row, 1));
            let mut counts = vec![PluginCounts::default(); job.plugins.len()];
            let passed = transform.process(Arc::clone(&record), &mut counts)?;
            let document = RecordDocument::new(job, &record, &passed.outputs, &counts, topic);
            let outcome = Outcome::new(&document, passed.aside.first());
            if !outcome.is_unchanged() && marked.len() < show {
                marked.push(document.rejected(outcome.rejected.clone()));
            }
            alone.push(outcome);
        }
    }
    cuts::check(job, chain, lane, batches, &alone)?;
    outcomes.append(&mut alone);
    Ok(())
}

impl TestDocument {
    fn new(chain: &Chain, outcomes: Vec<Outcome>, shown: Vec<RecordDocument>, show: usize) -> Self {
        let description = chain.descriptions().first();
        let of = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
        let (unchanged, dropped) = (of(Outcome::is_unchanged), of(|outcome| outcome.dropped.is_some()));
        let rejected = of(|outcome| outcome.rejected.is_some());
        Self {
            schema: "anabranch.plugin-test/1",
            plugin: description.map(|plugin| format!("{} {}", plugin.name, plugin.version)).unwrap_or_default(),
            records: outcomes.len(),
            unchanged,
            changed: outcomes.len() - unchanged - dropped - rejected,
            dropped,
            rejected,
            outcomes,
            differences: None,
            shown,
            show,
        }
    }

    /// For people; `blessed` is the file that was written.
    fn text(&self, blessed: Option<&std::path::Path>) -> String {
        let mut out = String::new();
        for record in &self.shown {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}", record.text());
        }
        let Self { plugin, records, unchanged, changed, dropped, rejected, .. } = self;
        let count = |count: &usize| shown::count(*count as u64);
        let _ = writeln!(
            out,
            "{plugin}: {} records, {} unchanged, {} changed, {} dropped, {} rejected; the same however they are cut into batches",
            count(records),
            count(unchanged),
            count(changed),
            count(dropped),
            count(rejected)
        );
        for difference in self.differences.iter().flatten().take(self.show) {
            let _ = write!(out, "{difference}");
        }
        match (&self.differences, blessed) {
            (Some(differences), _) if differences.is_empty() => out.push_str("all of them as expected\n"),
            (_, Some(path)) => {
                let _ = writeln!(out, "written to {}", path.display());
            }
            _ => {}
        }
        out
    }
}
