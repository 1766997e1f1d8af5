//! `anabranch plugin bench`: what a plugin costs a record.
//!
//! The plugin and one that does nothing take turns over the same records, so that a busy machine is as busy for both.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::trial::{Trial, TrialFlags};
use crate::batch::Batch;
use crate::catalog::Lane;
use crate::cli::prepare;
use crate::cli::terminal::Terminal;
use crate::failure::{Exit, Failure};
use crate::plugin::{Subject, Subjects};
use crate::report::shown;

/// How long a round should take at least: as many passes over the records make one.
const ROUND: Duration = Duration::from_millis(50);

/// Passes that a round may have.
const PASSES: u32 = 1000;

/// Records of a batch below which what a call costs, and not what a record does, is most of what is measured.
const FEW: u64 = 256;

/// What is to be measured.
#[derive(Debug, Args)]
pub(in crate::cli) struct Bench {
    #[command(flatten)]
    trial: TrialFlags,
    /// How many records are passed over it, lane after lane
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100_000)]
    limit: usize,
    /// How often the two take turns
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
}

/// `anabranch.plugin-bench/1`.
#[derive(Debug, Serialize)]
struct BenchDocument {
    schema: &'static str,
    plugin: String,
    records: u64,
    batches: usize,
    rounds: u16,
    nanoseconds: Spread,
    idle_nanoseconds: Spread,
    instructions: f64,
    memory: u64,
    memory_limit: u64,
    ready_milliseconds: f64,
}

/// Nanoseconds a record.
#[derive(Clone, Copy, Debug, Serialize)]
struct Spread {
    median: f64,
    fastest: f64,
    slowest: f64,
}

impl Spread {
    fn of(rounds: &[f64]) -> Self {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { median: at(sorted.len() / 2), fastest: at(0), slowest: at(sorted.len().saturating_sub(1)) }
    }

    fn text(self) -> String {
        format!("{:>10.1} ns a record ({:.1} to {:.1})", self.median, self.fastest, self.slowest)
    }
}

/// The records of a lane.
type LaneBatches<'a> = (&'a Lane, Vec<Arc<Batch>>);

impl Bench {
    pub(in crate::cli) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let Self { trial, limit, rounds } = self;
        let job = trial.job()?;
        let trial = Trial::open(job, terminal)?;
        let Some(plugin) = trial.job.plugins.first() else { return Err(trial.no_records()) };
        let subjects = Subjects::load(plugin, &prepare::origin(&trial.job))?;
        let mut lanes: Vec<LaneBatches<'_>> = Vec::new();
        let mut records = 0;
        for lane in trial.lanes() {
            let batches = trial.batches(lane, limit.saturating_sub(records))?;
            records += batches.iter().map(|batch| batch.len()).sum::<usize>();
            lanes.push((lane, batches));
        }
        if records == 0 {
            return Err(trial.no_records());
        }
        let document = measure(&trial, &subjects, &lanes, records as u64, rounds)?;
        terminal.give(&document, || document.text())?;
        Ok(Exit::Done)
    }
}

fn measure(
    trial: &Trial,
    subjects: &Subjects,
    lanes: &[LaneBatches<'_>],
    records: u64,
    rounds: u16,
) -> Result<BenchDocument, Failure> {
    let pass = |subject: Subject| -> Result<Duration, Failure> {
        let mut took = Duration::ZERO;
        for (lane, batches) in lanes {
            took += subjects.time(subject, &lane.source, trial.job.target.topic(&lane.source.topic), batches)?;
        }
        Ok(took)
    };
    let mut times = [Vec::new(), Vec::new()];
    // The first pass warms up, and says how many make a round.
    let warm = [pass(Subject::Plugin)?, pass(Subject::Idle)?];
    for _ in 0..rounds {
        for ((subject, warm), times) in [Subject::Plugin, Subject::Idle].into_iter().zip(warm).zip(&mut times) {
            let passes = ROUND.as_nanos().div_ceil(warm.as_nanos().max(1)).min(PASSES.into()) as u32;
            let mut took = Duration::ZERO;
            for _ in 0..passes {
                took += pass(subject)?;
            }
            times.push(took.as_nanos() as f64 / f64::from(passes) / records as f64);
        }
    }
    let (mut instructions, mut memory) = (0, 0);
    for (lane, batches) in lanes {
        let cost = subjects.count(&lane.source, trial.job.target.topic(&lane.source.topic), batches)?;
        instructions += cost.instructions;
        memory = memory.max(cost.memory);
    }
    let description = subjects.description();
    let [plugin, idle] = &times;
    Ok(BenchDocument {
        schema: "anabranch.plugin-bench/1",
        plugin: format!("{} {}", description.name, description.version),
        records,
        batches: lanes.iter().map(|(_, batches)| batches.len()).sum(),
        rounds,
        nanoseconds: Spread::of(plugin),
        idle_nanoseconds: Spread::of(idle),
        instructions: instructions as f64 / records as f64,
        memory: memory as u64,
        memory_limit: trial.job.plugins.first().map_or(0, |plugin| plugin.limits.memory as u64),
        ready_milliseconds: subjects.ready().as_secs_f64() * 1e3,
    })
}

impl BenchDocument {
    fn text(&self) -> String {
        let Self { plugin, records, batches, rounds, nanoseconds, idle_nanoseconds, .. } = self;
        let mut out = format!(
            "{plugin}: {} records, {} to a batch; rounds: {rounds}\n",
            shown::count(*records),
            shown::count(records.div_ceil((*batches).max(1) as u64))
        );
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  it takes      {}", nanoseconds.text());
        let _ = writeln!(out, "  does nothing  {}, a plugin that is handed the same columns", idle_nanoseconds.text());
        let _ = writeln!(out, "  own work      {:>10.1} ns a record", nanoseconds.median - idle_nanoseconds.median);
        let _ = writeln!(out, "  instructions  {:>10.1} a record, the same on every machine", self.instructions);
        let _ = writeln!(
            out,
            "  memory        {:>10} at most, of {} that it may have",
            shown::size(self.memory),
            shown::size(self.memory_limit)
        );
        let _ = writeln!(out, "  ready in      {:>10.1} ms, its compiled code being kept", self.ready_milliseconds);
        if *records / (*batches).max(1) as u64 <= FEW {
            out.push_str(
                "these are few records to a batch: each bears a large part of what a call costs, which some thousands \
                 share in a restore; give as many\n",
            );
        }
        out
    }
}
