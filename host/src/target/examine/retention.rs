//! Records that a topic deletes as soon as they are there.

use super::unknown::Unknown;
use crate::batch::NO_TIMESTAMP;
use crate::clock::now;
use crate::finding::{Finding, Weight};
use crate::job::{Job, PartitionStrategy};
use crate::report::shown::{moment, size};
use crate::target::LaneNeed;
use crate::target::kafka::Limits;

/// What to do about it.
const REMEDY: &str = "set it to -1 for the time being, which `[target.while_restoring]` does and puts back (not at least \
                      once); a topic that is created keeps what `target.create.configs` says";

/// Records older, or more of them, than the topic keeps. `partitions` are those that it has.
pub(super) fn on_retention(
    job: &Job,
    name: &str,
    lanes: &[&LaneNeed],
    partitions: i32,
    limits: &Limits,
    findings: &mut Vec<Finding>,
    unknown: &mut Unknown,
) {
    let deletes = |message: String| Finding {
        code: "retention-deletes",
        weight: Weight::Stop,
        message,
        remedy: Some(REMEDY.to_owned()),
    };
    if let Some(retention) = limits.retention
        && !limits.log_append_time
    {
        let oldest = |lane: &&LaneNeed| lane.timestamps.map(|(least, _)| least).filter(|least| *least != NO_TIMESTAMP);
        let oldest = lanes.iter().filter_map(|lane| Some((oldest(lane)?, lane))).min_by_key(|(least, _)| *least);
        if let Some((least, lane)) = oldest.filter(|(least, _)| now().saturating_sub(*least) > retention) {
            findings.push(deletes(format!(
                "{} holds records from {} on, and `retention.ms={retention}` of `{name}`: the broker deletes what is \
                 older as soon as it is written",
                lane.source,
                moment(least)
            )));
        } else if lanes.iter().any(|lane| lane.timestamps.is_none()) {
            unknown.add(
                "whether records are older than `retention.ms` of",
                format!("`{name}`"),
                "timestamps that no statistics tell are known when they are read",
            );
        }
    }
    let Some(most) = limits.retention_bytes else { return };
    let bytes = match job.target.partition {
        PartitionStrategy::Same => lanes.iter().map(|lane| lane.bytes).max().unwrap_or_default(),
        _ => {
            let all = lanes.iter().fold(0_u64, |sum, lane| sum.saturating_add(lane.bytes));
            all / u64::try_from(partitions).unwrap_or(1).max(1)
        }
    };
    if bytes > most {
        findings.push(deletes(format!(
            "about {} go to a partition of `{name}`, by the size of the backup's files, and `retention.bytes={most}`: the \
             broker deletes the first of them while the rest is written",
            size(bytes)
        )));
    }
}
