//! Progress as JSON and as text.

use std::fmt::Write as _;

use serde::Serialize;

use crate::progress::{Forgotten, Stored, Unreadable};
use crate::report::shown::{count, moment};
use crate::report::{Table, Volume};

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
        writeln!(out, "\n{lanes}")
    }
}

impl<'a> ForgottenDocument<'a> {
    pub(super) fn new(target: &'a str, topic: &'a str, forgotten: &Forgotten) -> Self {
        Self { schema: "anabranch.forget/1", target, topic, job: JobDocument::new(&forgotten.stored) }
    }

    /// The same for people.
    pub(super) fn text(&self) -> String {
        let JobDocument { job, read, written, lanes, .. } = &self.job;
        format!(
            "removed the progress of `{job}` from topic `{}`: {} lanes, {} records read and {} written; what was written \
             stays, and would be there twice if the job were begun anew into the same topics",
            self.topic,
            lanes.len(),
            count(read.records),
            count(written.records)
        )
    }
}
