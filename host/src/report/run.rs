//! The report of one run of a restore, for whoever has to show later what was restored from what, through which
//! plugins, to where.
//!
//! The JSON is `anabranch.report/1` of `docs/output.md`. Nothing secret stands in it: of parameters and settings it
//! holds digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::document::AsideDocument;
use super::{PluginCounts, Tally, Volume};
use crate::aside::{ListedFile, ListedFiles};
use crate::finding::Finding;
use crate::job::{DeadLetters, Job, Policy};
use crate::position::TopicPartition;
use crate::progress::Ranges;
use crate::store::Entry;

/// `anabranch.report/1`.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    schema: &'static str,
    anabranch: &'static str,
    job: String,
    progress: String,
    run: Option<String>,
    target: String,
    outcome: &'static str,
    exit: Option<u8>,
    error: Option<ErrorReport>,
    started: i64,
    ended: Option<i64>,
    first_started: Option<i64>,
    inputs: Inputs,
    plugins: Vec<PluginReport>,
    digests: Option<Digests>,
    this_run: Counts,
    all_runs: Counts,
    lanes: Vec<LaneReport>,
    dead_letters: Option<DeadLetterReport>,
    findings: Vec<FindingReport>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Every lane is restored, by this run or an earlier one.
    Complete,
    /// A signal stopped it.
    Stopped,
    /// A signal stopped it, and what was under way was given up.
    Interrupted,
    /// It failed.
    Failed(ErrorReport),
}

/// What a run failed with.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorReport {
    /// What is said.
    pub message: String,
    /// The causes below it, outermost first.
    pub causes: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What was read.
#[derive(Clone, Debug, Default, Serialize)]
struct Inputs {
    url: Option<String>,
    bytes: u64,
    files: Vec<FileReport>,
}

#[derive(Clone, Debug, Serialize)]
struct FileReport {
    path: String,
    bytes: u64,
    etag: Option<String>,
    modified: i64,
}

/// A plugin of the chain.
#[derive(Clone, Debug, Serialize)]
pub struct PluginReport {
    /// What the job calls it.
    pub name: String,
    /// Its file.
    pub path: String,
    /// What it calls itself.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component.
    pub sha256: String,
    /// SHA-256 of its parameters as a JSON object, defaults filled in.
    pub parameters_sha256: String,
}

/// What must stay the same from run to run, as it is kept with the progress.
#[derive(Clone, Debug, Serialize)]
pub struct Digests {
    /// Of the plugins, their parameters and their order.
    pub plugins: String,
    /// Of the files and how they are read.
    pub source: String,
    /// Of where records go.
    pub map: String,
}

/// What became of the records.
#[derive(Clone, Debug, Default, Serialize)]
struct Counts {
    read: Volume,
    written: Volume,
    set_aside: AsideDocument,
    duplicates: u64,
    missing_offsets: u64,
    targets: Vec<TargetCounts>,
    plugins: Vec<PluginOutcome>,
}

#[derive(Clone, Debug, Serialize)]
struct TargetCounts {
    topic: String,
    records: u64,
    bytes: u64,
}

#[derive(Clone, Debug, Serialize)]
struct PluginOutcome {
    name: String,
    read: u64,
    kept: u64,
    changed: u64,
    written: u64,
    dropped: Vec<Dropped>,
    counters: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Serialize)]
struct Dropped {
    reason: Option<String>,
    records: u64,
}

#[derive(Clone, Debug, Serialize)]
struct LaneReport {
    source: String,
    topic: String,
    partition: Option<i32>,
    complete: bool,
    first: Option<String>,
    up_to: Option<String>,
    this_run: LaneCounts,
    all_runs: LaneCounts,
    targets: Vec<RangeReport>,
}

/// Where dead letters are.
#[derive(Clone, Debug, Serialize)]
struct DeadLetterReport {
    url: Option<String>,
    topics: Vec<LetterTopic>,
    files: Vec<LetterFile>,
    earlier_files: u64,
}

#[derive(Clone, Debug, Serialize)]
struct LetterTopic {
    topic: String,
    records: u64,
}

#[derive(Clone, Debug, Serialize)]
struct LetterFile {
    lane: String,
    #[serde(flatten)]
    file: ListedFile,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct LaneCounts {
    read: Volume,
    written: Volume,
}

impl From<&Tally> for LaneCounts {
    fn from(tally: &Tally) -> Self {
        Self { read: tally.read, written: tally.total_written() }
    }
}

#[derive(Clone, Debug, Serialize)]
struct RangeReport {
    topic: String,
    partition: i32,
    from: i64,
    to: Option<i64>,
}

#[derive(Clone, Debug, Serialize)]
struct FindingReport {
    code: &'static str,
    weight: &'static str,
    message: String,
    remedy: Option<String>,
}

/// What is known of one lane at the end of a run.
#[derive(Clone, Debug)]
pub struct LaneAccount {
    /// The lane.
    pub source: Arc<TopicPartition>,
    /// The position of its first record, where it is known.
    pub first: Option<String>,
    /// Whether all of it is written.
    pub complete: bool,
    /// What earlier runs had counted.
    pub before: Option<Tally>,
    /// What this run counted, up to the last source record that is written for certain.
    pub now: Tally,
    /// Where its records lie in the target.
    pub ranges: Option<Ranges>,
    /// The files of its dead letters, of all runs.
    pub files: ListedFiles,
}

impl RunReport {
    /// The report of a run that begins now and of which nothing is known yet.
    pub fn begin(job: &Job, started: i64) -> Self {
        Self {
            schema: "anabranch.report/1",
            anabranch: env!("CARGO_PKG_VERSION"),
            job: job.name.clone(),
            progress: job.progress.job.clone(),
            run: None,
            target: job.target.cluster.to_string(),
            outcome: "running",
            exit: None,
            error: None,
            started,
            ended: None,
            first_started: None,
            inputs: Inputs::default(),
            plugins: Vec::new(),
            digests: None,
            this_run: Counts::default(),
            all_runs: Counts::default(),
            lanes: Vec::new(),
            dead_letters: None,
            findings: Vec::new(),
        }
    }

    /// What is read: the files of the backup at `url`, as it may be shown.
    pub fn reads<'a>(&mut self, url: &str, entries: impl IntoIterator<Item = &'a Entry>) {
        let file = |entry: &Entry| FileReport {
            path: entry.path.to_string(),
            bytes: entry.size,
            etag: entry.etag.clone(),
            modified: entry.modified.timestamp_millis(),
        };
        let files: Vec<FileReport> = entries.into_iter().map(file).collect();
        let bytes = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
        self.inputs = Inputs { url: Some(url.to_owned()), bytes, files };
    }

    /// What it passes through, and what must stay the same.
    pub fn configured(&mut self, plugins: Vec<PluginReport>, digests: Digests) {
        self.plugins = plugins;
        self.digests = Some(digests);
    }

    /// Which run it is of the job, where progress is kept, and when the first one started.
    pub fn runs(&mut self, run: Option<String>, first_started: Option<i64>) {
        self.run = run;
        self.first_started = first_started;
    }

    /// What was found before and on the way.
    pub fn found(&mut self, findings: &[Finding]) {
        let finding = |finding: &Finding| FindingReport {
            code: finding.code,
            weight: finding.weight.name(),
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        };
        self.findings = findings.iter().map(finding).collect();
    }

    /// What became of the lanes, the chain's plugins having these names, and dead letters going there.
    pub fn counted(&mut self, plugins: &[String], dead_letters: Option<&DeadLetters>, lanes: Vec<LaneAccount>) {
        self.dead_letters = dead_letters.map(|place| DeadLetterReport::of(place, &lanes));
        let (mut this_run, mut all_runs) = (Tally::new(plugins.len()), Tally::new(plugins.len()));
        self.lanes.clear();
        for lane in lanes {
            let mut all = lane.before.clone().unwrap_or_else(|| Tally::new(plugins.len()));
            all.add(&lane.now);
            this_run.add(&lane.now);
            all_runs.add(&all);
            let up_to = lane.now.up_to.as_ref().or(lane.before.as_ref().and_then(|before| before.up_to.as_ref()));
            self.lanes.push(LaneReport {
                source: lane.source.to_string(),
                topic: lane.source.topic.to_string(),
                partition: lane.source.partition,
                complete: lane.complete,
                first: lane.first,
                up_to: up_to.map(|place| lane.source.at(place).to_string()),
                this_run: LaneCounts::from(&lane.now),
                all_runs: LaneCounts::from(&all),
                targets: lane.ranges.as_ref().map(ranges).unwrap_or_default(),
            });
        }
        self.this_run = Counts::of(plugins, this_run);
        self.all_runs = Counts::of(plugins, all_runs);
    }

    /// How it ended, with this exit code.
    pub fn end(&mut self, outcome: Outcome, exit: u8, ended: i64) {
        (self.outcome, self.error) = match outcome {
            Outcome::Complete => ("complete", None),
            Outcome::Stopped => ("stopped", None),
            Outcome::Interrupted => ("interrupted", None),
            Outcome::Failed(error) => ("failed", Some(error)),
        };
        self.exit = Some(exit);
        self.ended = Some(ended);
    }
}

fn ranges(ranges: &Ranges) -> Vec<RangeReport> {
    let of_topic = ranges.topics().flat_map(|(topic, ranges)| {
        let range = |(partition, range): (&i32, &crate::progress::OffsetRange)| RangeReport {
            topic: topic.to_owned(),
            partition: *partition,
            from: range.from,
            to: range.to,
        };
        ranges.ranges.iter().map(range)
    });
    of_topic.collect()
}

impl DeadLetterReport {
    fn of(place: &DeadLetters, lanes: &[LaneAccount]) -> Self {
        let url = match place {
            DeadLetters::Topic(_) => None,
            DeadLetters::Files { url, .. } => Some(crate::store::shown(url)),
        };
        let mut topics: BTreeMap<String, u64> = BTreeMap::new();
        for lane in lanes {
            let records = lane.now.aside.of(Policy::DeadLetter);
            if let Some(topic) = place.topic(&lane.source.topic).filter(|_| records > 0) {
                *topics.entry(topic).or_default() += records;
            }
        }
        let of_lane = |lane: &LaneAccount| {
            let name = lane.source.to_string();
            let file = move |file: &ListedFile| LetterFile { lane: name.clone(), file: file.clone() };
            lane.files.last().iter().map(file).collect::<Vec<_>>()
        };
        Self {
            url,
            topics: topics.into_iter().map(|(topic, records)| LetterTopic { topic, records }).collect(),
            files: lanes.iter().flat_map(of_lane).collect(),
            earlier_files: lanes.iter().map(|lane| lane.files.earlier()).sum(),
        }
    }
}

impl Counts {
    fn of(plugins: &[String], tally: Tally) -> Self {
        let plugin = |(name, counts): (&String, PluginCounts)| PluginOutcome {
            name: name.clone(),
            read: counts.read,
            kept: counts.kept,
            changed: counts.changed,
            written: counts.written,
            dropped: counts.dropped.into_iter().map(|(reason, records)| Dropped::of(reason, records)).collect(),
            counters: counts.counters,
        };
        let target = |(topic, Volume { records, bytes }): (String, Volume)| TargetCounts { topic, records, bytes };
        Self {
            read: tally.read,
            written: tally.total_written(),
            set_aside: (&tally.aside).into(),
            duplicates: tally.duplicates,
            missing_offsets: tally.missing_offsets,
            targets: tally.written.into_iter().map(target).collect(),
            plugins: plugins.iter().zip(tally.plugins).map(plugin).collect(),
        }
    }
}

impl Dropped {
    fn of(reason: String, records: u64) -> Self {
        Self { reason: Some(reason).filter(|reason| !reason.is_empty()), records }
    }
}
