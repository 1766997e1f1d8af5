//! What came of a comparison, as JSON and as text.
//!
//! The JSON is `anabranch.verify/1` of `docs/output.md`; the text says the same to people.

use std::fmt;

use serde::Serialize;

use super::{Difference, LaneVerified, Verified};
use crate::finding::{Finding, FindingDocument};
use crate::report::Table;
use crate::report::shown::{count, time};

/// `anabranch.verify/1`.
#[derive(Debug, Serialize)]
pub struct VerifiedDocument<'a> {
    schema: &'static str,
    job: &'a str,
    target: &'a str,
    equal: bool,
    compared: bool,
    complete: bool,
    seconds: f64,
    provenance: bool,
    duplicates: &'static str,
    records: RecordsDocument,
    short_of_room: bool,
    lanes: Vec<LaneDocument<'a>>,
    broker_timestamps: &'a [String],
    findings: Vec<FindingDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct RecordsDocument {
    expected: u64,
    found: u64,
    not_established: u64,
    in_any_partition: u64,
}

#[derive(Debug, Serialize)]
struct LaneDocument<'a> {
    source: String,
    complete: bool,
    compared: bool,
    up_to: Option<String>,
    records: RecordsDocument,
    sha256: &'a str,
    ranges: Vec<RangeDocument<'a>>,
    difference: Option<DifferenceDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct RangeDocument<'a> {
    topic: &'a str,
    partition: i32,
    from: i64,
    to: Option<i64>,
}

#[derive(Debug, Serialize)]
struct DifferenceDocument<'a> {
    kind: &'static str,
    source: &'a str,
    target: Option<&'a str>,
    parts: &'a [&'static str],
    message: &'a str,
}

impl LaneVerified {
    fn records(&self) -> RecordsDocument {
        RecordsDocument {
            expected: self.expected.records,
            found: self.found,
            not_established: self.gone,
            in_any_partition: self.anywhere,
        }
    }

    fn up_to(&self) -> Option<String> {
        self.up_to.as_ref().map(|place| self.source.at(place).to_string())
    }

    fn document(&self) -> LaneDocument<'_> {
        let ranges = self.ranges.topics().flat_map(|(topic, ranges)| {
            let range = move |(partition, range): (&i32, &crate::progress::OffsetRange)| RangeDocument {
                topic,
                partition: *partition,
                from: range.from,
                to: range.to,
            };
            ranges.ranges.iter().map(range)
        });
        LaneDocument {
            source: self.source.to_string(),
            complete: self.is_complete,
            compared: self.is_compared,
            up_to: self.up_to(),
            records: self.records(),
            sha256: &self.digest,
            ranges: ranges.collect(),
            difference: self.difference.as_ref().map(Difference::document),
        }
    }
}

impl Difference {
    fn document(&self) -> DifferenceDocument<'_> {
        let Self { kind, source, target, parts, message } = self;
        DifferenceDocument { kind: kind.name(), source, target: target.as_deref(), parts, message }
    }
}

impl Verified {
    /// As a JSON document.
    pub fn document(&self) -> VerifiedDocument<'_> {
        VerifiedDocument {
            schema: "anabranch.verify/1",
            job: &self.job,
            target: &self.target,
            equal: !self.differs(),
            compared: self.is_compared(),
            complete: self.is_complete(),
            seconds: self.duration.as_secs_f64(),
            provenance: self.provenance,
            duplicates: self.duplicates(),
            records: self.records(),
            short_of_room: self.is_short_of_room(),
            lanes: self.lanes.iter().map(LaneVerified::document).collect(),
            broker_timestamps: &self.broker_times,
            findings: self.findings.iter().map(Finding::document).collect(),
        }
    }

    fn records(&self) -> RecordsDocument {
        RecordsDocument {
            expected: self.sum(|lane| lane.expected.records),
            found: self.sum(|lane| lane.found),
            not_established: self.sum(|lane| lane.gone),
            in_any_partition: self.sum(|lane| lane.anywhere),
        }
    }

    fn duplicates(&self) -> &'static str {
        if self.lanes.iter().filter_map(|lane| lane.difference.as_ref()).any(|d| d.kind == super::Kind::Doubled) {
            "found"
        } else if self.has_no_copies() {
            "none"
        } else {
            "not-ruled-out"
        }
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.differs() {
            "differs from its backup at"
        } else if !self.is_compared() {
            "was not compared to its end, at"
        } else {
            match self.records() {
                _ if self.lanes.iter().all(|lane| lane.up_to.is_none()) => {
                    "has committed nothing that could be compared, at"
                }
                RecordsDocument { not_established: 0, .. } => "is what its backup gives, at",
                RecordsDocument { found: 0, .. } => "has nothing left that could be compared, at",
                _ => "is what its backup gives as far as it is left, at",
            }
        };
        writeln!(f, "`{}` {verb} {}, in {}\n", self.job, self.target, time(self.duration))?;
        let mut table = Table::new(&["source", "compared up to", ">expected", ">found", ">not established", "result"]);
        for lane in &self.lanes {
            let result = match &lane.difference {
                Some(difference) => difference.kind.name(),
                None if !lane.is_compared => "not compared",
                None if lane.gone == 0 => "equal",
                None if lane.found == 0 => "not established",
                None => "equal where left",
            };
            table.row([
                lane.source.to_string(),
                lane.up_to().unwrap_or_else(|| "nothing committed".to_owned()),
                count(lane.expected.records),
                count(lane.found),
                count(lane.gone),
                result.to_owned(),
            ]);
        }
        write!(f, "{table}")?;
        if self.differs() {
            writeln!(f, "\nthe first difference of each lane, where its comparison ended:")?;
            for difference in self.lanes.iter().filter_map(|lane| lane.difference.as_ref()) {
                writeln!(f, "  {}", difference.message)?;
            }
        }
        writeln!(f)?;
        let RecordsDocument { expected, found, not_established, in_any_partition } = self.records();
        writeln!(
            f,
            "{} of {} expected records are there, with every byte and in order",
            count(found - in_any_partition),
            count(expected)
        )?;
        if in_any_partition > 0 {
            writeln!(
                f,
                "{} more are there, each as often as it is expected; their partitions are dealt out by turns, so that their \
                 partition and order are not established",
                count(in_any_partition)
            )?;
        }
        if not_established > 0 {
            writeln!(
                f,
                "{} are not established: they may have been there, and were compacted, expired or deleted since{}",
                count(not_established),
                if self.is_short_of_room() { ", or did not fit the room for comparing" } else { "" }
            )?;
            if self.is_short_of_room() {
                writeln!(f, "  hint: give more room by `resources.bytes_in_flight` (`--memory`)")?;
            }
        }
        match (self.duplicates(), self.provenance) {
            ("none", _) if found == 0 => {}
            ("none", _) if not_established > 0 => writeln!(f, "none of those that are there is there twice")?,
            ("none", _) => writeln!(f, "none of them is there twice: exactly once")?,
            ("found", _) => {}
            (_, false) => writeln!(
                f,
                "duplicates are not ruled out: without headers of provenance (`target.provenance`) nobody can tell a copy \
                 from a record that others wrote"
            )?,
            (_, true) => writeln!(f, "duplicates are not ruled out in what is not established or was not compared")?,
        }
        if !self.is_complete() {
            writeln!(f, "the restore is not complete: what was committed when the comparison began was compared")?;
        }
        for topic in &self.broker_times {
            writeln!(f, "timestamps in `{topic}` are set by the broker, and were not compared")?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}
