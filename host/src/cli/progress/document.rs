//! Progress as JSON and as text.

use std::fmt::Write as _;

use serde::Serialize;

use crate::progress::{ChangedConfig, ChangedTopic, Forgotten, Stored, Unreadable};
use crate::report::shown::{count, moment};
use crate::report::{Table, Volume};
use crate::target::kafka::PutBack;

/// `anabranch.status/1`.
#[derive(Debug, Serialize)]
pub(super) struct StatusDocument<'a> {
    schema: &'static str,
    target: &'a str,
    topic: &'a str,
    jobs: Vec<JobDocument>,
    unreadable: Vec<UnreadableDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct UnreadableDocument<'a> {
    job: &'a str,
    reason: String,
}

#[derive(Debug, Serialize)]
struct JobDocument {
    job: String,
    complete: bool,
    started: Option<i64>,
    resumed: Option<i64>,
    read: Volume,
    written: Volume,
    set_aside: u64,
    lanes: Vec<LaneDocument>,
    changed_configs: Vec<ConfigDocument>,
}

/// A config of a target topic that the job has changed for the time being.
#[derive(Debug, Serialize)]
struct ConfigDocument {
    topic: String,
    config: String,
    set_to: String,
    was: Option<String>,
}

impl ConfigDocument {
    fn all(stored: &Stored) -> Vec<Self> {
        let of_topic = |(topic, changed): (&str, &ChangedTopic)| {
            let topic = topic.to_owned();
            let of = move |(config, changed): (&str, &ChangedConfig)| Self {
                topic: topic.clone(),
                config: config.to_owned(),
                set_to: changed.ours.last().cloned().unwrap_or_default(),
                was: changed.was.clone(),
            };
            changed.configs().map(of).collect::<Vec<_>>()
        };
        stored.changed_topics().flat_map(of_topic).collect()
    }
}

#[derive(Debug, Serialize)]
struct LaneDocument {
    source: String,
    complete: bool,
    up_to: Option<String>,
    expected: Option<u64>,
    read: Volume,
    written: Volume,
    set_aside: u64,
}

/// `anabranch.forget/1`.
#[derive(Debug, Serialize)]
pub(super) struct ForgottenDocument<'a> {
    schema: &'static str,
    target: &'a str,
    topic: &'a str,
    job: JobDocument,
    put_back: Vec<PutBackDocument<'a>>,
}

/// What became of a config that the job had changed for the time being, or of all of a topic.
#[derive(Debug, Serialize)]
struct PutBackDocument<'a> {
    topic: &'a str,
    config: Option<&'a str>,
    value: Option<&'a str>,
    outcome: &'static str,
}

impl JobDocument {
    fn new(stored: &Stored) -> Self {
        let mut lanes = Vec::new();
        let (mut read, mut written, mut set_aside) = (Volume::default(), Volume::default(), 0_u64);
        for (source, lane) in stored.lanes() {
            let mut of_lane = Volume::default();
            lane.tally.written.values().for_each(|volume| of_lane += *volume);
            read += lane.tally.read;
            written += of_lane;
            let aside = lane.tally.aside.records();
            set_aside = set_aside.saturating_add(aside);
            lanes.push(LaneDocument {
                source: source.to_string(),
                complete: lane.complete,
                up_to: lane.tally.up_to.as_ref().map(|place| source.at(place).to_string()),
                expected: stored.expected(source),
                read: lane.tally.read,
                written: of_lane,
                set_aside: aside,
            });
        }
        let times = stored.times();
        Self {
            job: stored.name().to_owned(),
            complete: lanes.iter().all(|lane| lane.complete),
            started: times.map(|(started, _)| started),
            resumed: times.map(|(_, resumed)| resumed),
            read,
            written,
            set_aside,
            lanes,
            changed_configs: ConfigDocument::all(stored),
        }
    }

    fn done(&self) -> usize {
        self.lanes.iter().filter(|lane| lane.complete).count()
    }
}

impl<'a> StatusDocument<'a> {
    pub(super) fn new(target: &'a str, topic: &'a str, jobs: &[Stored], unreadable: &'a [Unreadable]) -> Self {
        let of = |each: &'a Unreadable| UnreadableDocument { job: &each.job, reason: each.error.to_string() };
        let jobs = jobs.iter().map(JobDocument::new).collect();
        Self { schema: "anabranch.status/1", target, topic, jobs, unreadable: unreadable.iter().map(of).collect() }
    }

    /// The same for people.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        if self.jobs.is_empty() && self.unreadable.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "no job has left progress in topic `{}`", self.topic);
        }
        for job in &self.jobs {
            let _ = job.write(&mut out);
        }
        for UnreadableDocument { job, reason } in &self.unreadable {
            let _ = writeln!(out, "job `{job}`: not known, {reason}");
        }
        out
    }
}

impl JobDocument {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let state = if self.complete { "complete" } else { "not complete" };
        writeln!(out, "job `{}`: {state}, {} of {} lanes", self.job, self.done(), self.lanes.len())?;
        if let (Some(started), Some(resumed)) = (self.started, self.resumed) {
            writeln!(out, "started {}, last run {}", moment(started), moment(resumed))?;
        }
        let mut lanes =
            Table::new(&["lane", "state", ">records read", ">expected", ">records written", ">set aside", "up to"]);
        for lane in &self.lanes {
            let state = match (lane.complete, &lane.up_to) {
                (true, _) => "complete",
                (false, Some(_)) => "begun",
                (false, None) => "not begun",
            };
            let expected = lane.expected.map_or_else(String::new, count);
            let [read, written, aside] = [lane.read.records, lane.written.records, lane.set_aside].map(count);
            let up_to = lane.up_to.clone().unwrap_or_default();
            lanes.row([lane.source.clone(), state.to_owned(), read, expected, written, aside, up_to]);
        }
        writeln!(out, "\n{lanes}")?;
        if self.changed_configs.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "changed until the job is complete, which puts back what was; `anabranch forget` does so too:\n"
        )?;
        let mut configs = Table::new(&["topic", "config", "set to", "was"]);
        for ConfigDocument { topic, config, set_to, was } in &self.changed_configs {
            let was = was.clone().unwrap_or_else(|| "not set".to_owned());
            configs.row([topic.clone(), config.clone(), set_to.clone(), was]);
        }
        writeln!(out, "{configs}")
    }
}

impl<'a> ForgottenDocument<'a> {
    pub(super) fn new(target: &'a str, topic: &'a str, forgotten: &'a Forgotten) -> Self {
        let of = |outcome| {
            move |(topic, config, value): &'a (String, String, Option<String>)| PutBackDocument {
                topic,
                config: Some(config),
                value: value.as_deref(),
                outcome,
            }
        };
        let PutBack { back, left, gone } = &forgotten.put_back;
        let gone = gone.iter().map(|topic| PutBackDocument { topic, config: None, value: None, outcome: "gone" });
        let put_back = back.iter().map(of("put-back")).chain(left.iter().map(of("left"))).chain(gone).collect();
        Self { schema: "anabranch.forget/1", target, topic, job: JobDocument::new(&forgotten.stored), put_back }
    }

    /// The same for people.
    pub(super) fn text(&self) -> String {
        let JobDocument { job, read, written, lanes, .. } = &self.job;
        let mut text = String::new();
        for PutBackDocument { topic, config, value, outcome } in &self.put_back {
            let (config, value) = (config.unwrap_or_default(), value.unwrap_or("the cluster's default"));
            // Writing to a String cannot fail.
            let _ = match *outcome {
                "put-back" => writeln!(text, "`{config}` of topic `{topic}` is {value} again, as before the job"),
                "left" => writeln!(text, "`{config}` of topic `{topic}` was changed by somebody else: left at {value}"),
                _ => writeln!(text, "topic `{topic}`, whose configs the job had changed, is gone or was created anew"),
            };
        }
        text + &format!(
            "removed the progress of `{job}` from topic `{}`: {} lanes, {} records read and {} written; what was written \
             stays, and would be there twice if the job were begun anew into the same topics",
            self.topic,
            lanes.len(),
            count(read.records),
            count(written.records)
        )
    }
}
