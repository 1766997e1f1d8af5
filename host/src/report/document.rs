//! The summary as JSON and as text.
//!
//! The JSON is `anabranch.summary/1` of `docs/output.md`; the text says the same to people.

use std::fmt;

use serde::Serialize;

use super::shown::{count, size, time};
use super::{Commits, LaneEnd, Summary, Table, Tally, Volume};
use crate::aside::{AsideCount, AsideCounts, Why};
use crate::finding::{Finding, FindingDocument};

/// `anabranch.summary/1`.
#[derive(Debug, Serialize)]
pub struct SummaryDocument<'a> {
    schema: &'static str,
    job: &'a str,
    target: &'a str,
    complete: bool,
    seconds: f64,
    read: VolumeDocument,
    written: VolumeDocument,
    before: Option<BeforeDocument>,
    read_per_second: VolumeDocument,
    written_per_second: VolumeDocument,
    commits: Option<CommitsDocument>,
    set_aside: AsideDocument,
    duplicates: u64,
    missing_offsets: u64,
    sources: Vec<SourceDocument<'a>>,
    targets: Vec<TargetDocument>,
    lanes: Vec<LaneDocument>,
    findings: Vec<FindingDocument<'a>>,
}

/// What earlier runs of the job did.
#[derive(Debug, Serialize)]
struct BeforeDocument {
    read: VolumeDocument,
    written: VolumeDocument,
    set_aside: AsideDocument,
}

/// Records that were set aside.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct AsideDocument {
    records: u64,
    reasons: Vec<AsideCount>,
}

impl From<&AsideCounts> for AsideDocument {
    fn from(counts: &AsideCounts) -> Self {
        Self { records: counts.records(), reasons: counts.iter().collect() }
    }
}

impl From<&Tally> for BeforeDocument {
    fn from(tally: &Tally) -> Self {
        Self { read: tally.read.into(), written: tally.total_written().into(), set_aside: (&tally.aside).into() }
    }
}

#[derive(Debug, Serialize)]
struct CommitsDocument {
    number: u64,
    average_seconds: f64,
    longest_seconds: f64,
}

impl From<&Commits> for CommitsDocument {
    fn from(commits: &Commits) -> Self {
        Self {
            number: commits.number,
            average_seconds: commits.average().as_secs_f64(),
            longest_seconds: commits.longest.as_secs_f64(),
        }
    }
}

#[derive(Debug, Serialize)]
struct VolumeDocument {
    records: u64,
    bytes: u64,
}

impl From<Volume> for VolumeDocument {
    fn from(Volume { records, bytes }: Volume) -> Self {
        Self { records, bytes }
    }
}

#[derive(Debug, Serialize)]
struct SourceDocument<'a> {
    topic: &'a str,
    read: VolumeDocument,
    plugins: Vec<PluginDocument<'a>>,
    written: VolumeDocument,
    duplicates: u64,
    missing_offsets: u64,
}

#[derive(Debug, Serialize)]
struct PluginDocument<'a> {
    name: &'a str,
    read: u64,
    kept: u64,
    dropped: Vec<DroppedDocument>,
    changed: u64,
    written: u64,
    counters: std::collections::BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct DroppedDocument {
    /// `null` where the plugin gave no reason.
    reason: Option<String>,
    records: u64,
}

#[derive(Debug, Serialize)]
struct TargetDocument {
    topic: String,
    records: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct LaneDocument {
    source: String,
    complete: bool,
    up_to: Option<String>,
    read: VolumeDocument,
    written: VolumeDocument,
}

impl Summary {
    /// The summary as a JSON document.
    pub fn document(&self) -> SummaryDocument<'_> {
        let total = self.total();
        SummaryDocument {
            schema: "anabranch.summary/1",
            job: &self.job,
            target: &self.target,
            complete: self.is_complete(),
            seconds: self.duration.as_secs_f64(),
            read: total.read.into(),
            written: total.total_written().into(),
            before: self.before().as_ref().map(BeforeDocument::from),
            read_per_second: self.per_second(total.read).into(),
            written_per_second: self.per_second(total.total_written()).into(),
            commits: self.commits.as_ref().map(CommitsDocument::from),
            set_aside: (&total.aside).into(),
            duplicates: total.duplicates,
            missing_offsets: total.missing_offsets,
            sources: self.by_source_topic().into_iter().map(|(topic, tally)| self.source(topic, tally)).collect(),
            targets: total
                .written
                .iter()
                .map(|(topic, volume)| TargetDocument {
                    topic: topic.clone(),
                    records: volume.records,
                    bytes: volume.bytes,
                })
                .collect(),
            lanes: self
                .lanes
                .iter()
                .map(|lane| LaneDocument {
                    source: lane.source.to_string(),
                    complete: lane.end == LaneEnd::Complete,
                    up_to: lane.tally.up_to.as_ref().map(|place| lane.source.at(place).to_string()),
                    read: lane.tally.read.into(),
                    written: lane.tally.total_written().into(),
                })
                .collect(),
            findings: self.findings.iter().map(Finding::document).collect(),
        }
    }

    fn source<'a>(&'a self, topic: &'a str, tally: Tally) -> SourceDocument<'a> {
        let written = tally.total_written().into();
        let plugins = self
            .plugins
            .iter()
            .zip(tally.plugins)
            .map(|(name, counts)| PluginDocument {
                name,
                read: counts.read,
                kept: counts.kept,
                dropped: counts
                    .dropped
                    .into_iter()
                    .map(|(reason, records)| DroppedDocument {
                        reason: Some(reason).filter(|reason| !reason.is_empty()),
                        records,
                    })
                    .collect(),
                changed: counts.changed,
                written: counts.written,
                counters: counts.counters,
            })
            .collect();
        SourceDocument {
            topic,
            read: tally.read.into(),
            plugins,
            written,
            duplicates: tally.duplicates,
            missing_offsets: tally.missing_offsets,
        }
    }

    fn write_plugins(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plugins = Table::new(&["topic", "plugin", ">read", ">kept", ">dropped", ">changed", ">written"]);
        let mut reasons = Table::new(&["topic", "plugin", ">dropped", "reason"]);
        let mut counters = Table::new(&["topic", "plugin", ">count", "counter"]);
        for (topic, tally) in self.by_source_topic() {
            for (name, counts) in self.plugins.iter().zip(&tally.plugins) {
                let numbers = [counts.read, counts.kept, counts.dropped_records(), counts.changed, counts.written];
                plugins.row([topic.to_owned(), name.clone()].into_iter().chain(numbers.map(count)));
                for (reason, records) in &counts.dropped {
                    let reason = if reason.is_empty() { "(none given)" } else { reason };
                    reasons.row([topic.to_owned(), name.clone(), count(*records), reason.to_owned()]);
                }
                for (counter, value) in &counts.counters {
                    counters.row([topic.to_owned(), name.clone(), count(*value), counter.clone()]);
                }
            }
        }
        [plugins, reasons, counters]
            .iter()
            .filter(|table| !table.is_empty())
            .try_for_each(|table| write!(f, "\n{table}"))
    }

    fn write_aside(f: &mut fmt::Formatter<'_>, aside: &AsideCounts) -> fmt::Result {
        let mut table = Table::new(&[">set aside", "policy", "cause", "plugin", "reason"]);
        for AsideCount { why: Why { cause, plugin, reason, policy }, records } in aside.iter() {
            let plugin = plugin.unwrap_or_default();
            table.row([count(records), policy.to_string(), cause.name().to_owned(), plugin, reason]);
        }
        if table.is_empty() { Ok(()) } else { write!(f, "\n{table}") }
    }

    fn write_topics(&self, f: &mut fmt::Formatter<'_>, total: &Tally) -> fmt::Result {
        let mut topics = Table::new(&["source topic", ">records read", ">bytes"]);
        for (topic, tally) in self.by_source_topic() {
            topics.row([topic.to_owned(), count(tally.read.records), size(tally.read.bytes)]);
        }
        let mut targets = Table::new(&["target topic", ">records written", ">bytes"]);
        for (topic, volume) in &total.written {
            targets.row([topic.clone(), count(volume.records), size(volume.bytes)]);
        }
        [topics, targets].iter().filter(|table| !table.is_empty()).try_for_each(|table| write!(f, "\n{table}"))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let verb = if self.is_complete() { "restored" } else { "stopped restoring" };
        writeln!(f, "{verb} `{}` to {} in {}", self.job, self.target, time(self.duration))?;
        self.write_topics(f, &total)?;
        self.write_plugins(f)?;
        Self::write_aside(f, &total.aside)?;
        let (read, written) = (total.read, total.total_written());
        writeln!(f, "\nread     {}", rate(read, self.per_second(read)))?;
        writeln!(f, "written  {}", rate(written, self.per_second(written)))?;
        if let Some(commits) = self.commits.filter(|commits| commits.number > 0) {
            writeln!(f, "commits  {commits}")?;
        }
        if let Some(before) = self.before() {
            let (read, written) = (count(before.read.records), count(before.total_written().records));
            write!(f, "before   {read} records read and {written} written by earlier runs")?;
            match before.aside.records() {
                0 => writeln!(f)?,
                records => writeln!(f, ", and {} set aside", count(records))?,
            }
        }
        if total.duplicates > 0 {
            writeln!(
                f,
                "records that stood in the backup more than once and were taken once: {}",
                count(total.duplicates)
            )?;
        }
        if total.missing_offsets > 0 {
            writeln!(f, "offsets that the backup does not hold: {}", count(total.missing_offsets))?;
        }
        if !self.is_complete() {
            writeln!(f, "\nwritten up to:")?;
            for lane in self.lanes.iter().filter(|lane| lane.end == LaneEnd::Stopped) {
                match &lane.tally.up_to {
                    Some(place) => writeln!(f, "  {}", lane.source.at(place))?,
                    None => writeln!(f, "  {}: nothing", lane.source)?,
                }
            }
        }
        if !self.findings.is_empty() {
            writeln!(f)?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}

fn rate(volume: Volume, per_second: Volume) -> String {
    format!(
        "{} records, {} ({} records/s, {}/s)",
        count(volume.records),
        size(volume.bytes),
        count(per_second.records),
        size(per_second.bytes)
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
