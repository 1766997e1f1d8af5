//! Records larger than a topic takes.

use super::policies::weight;
use super::unknown::Unknown;
use crate::aside::Cause;
use crate::finding::{Finding, Weight};
use crate::job::Job;
use crate::report::shown::size;
use crate::target::LaneNeed;
use crate::target::kafka::Limits;

/// Records larger than the topic takes: known of files that were read through, judged of others by what their records
/// take on average.
pub(super) fn on_limits(
    job: &Job,
    name: &str,
    lanes: &[&LaneNeed],
    limits: &Limits,
    findings: &mut Vec<Finding>,
    unknown: &mut Unknown,
) {
    if !limits.known && !limits.fixed {
        findings.push(Finding {
            code: "limits-unknown",
            weight: Weight::Warning,
            message: format!("the configs of topic `{name}` may not be read; Kafka's defaults are assumed"),
            remedy: Some("give the user the right to describe the topic's configs".to_owned()),
        });
    }
    let limit = limits.max_message_bytes as u64;
    let mut too_large = |message: String| {
        let remedy = Some("raise `max.message.bytes` of the topic, or set it in `[target.while_restoring]`".to_owned());
        findings.push(Finding { code: "record-too-large", weight: weight(job, Cause::TooLarge), message, remedy });
    };
    let largest = lanes.iter().filter_map(|lane| Some((lane.largest_record?, lane))).max_by_key(|(bytes, _)| *bytes);
    if let Some((bytes, lane)) = largest
        && bytes > limit
    {
        too_large(format!("{} holds a record of {bytes} bytes, and topic `{name}` takes {limit}", lane.source));
        return;
    }
    let unseen = || lanes.iter().filter(|lane| lane.largest_record.is_none());
    let average = |lane: &LaneNeed| lane.bytes.checked_div(lane.records);
    let judged = unseen().filter_map(|lane| Some((average(lane)?, lane))).max_by_key(|(bytes, _)| *bytes);
    if let Some((bytes, lane)) = judged
        && bytes > limit
    {
        too_large(format!(
            "records of {} take about {bytes} bytes on average, by the size of its files, and topic `{name}` takes {limit}",
            lane.source
        ));
        return;
    }
    for lane in unseen() {
        let judged = average(lane).map_or_else(String::new, |bytes| format!(", about {} on average", size(bytes)));
        unknown.add(
            "how large the largest record is of",
            format!("{}{judged}", lane.source),
            format!("each is held against the {limit} bytes that its topic takes when it is read"),
        );
    }
}
