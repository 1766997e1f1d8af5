//! Records larger than a topic takes.

use super::policies::weight;
use crate::aside::Cause;
use crate::finding::{Finding, Weight};
use crate::job::Job;
use crate::target::LaneNeed;
use crate::target::kafka::Limits;

pub(super) fn on_limits(job: &Job, name: &str, lanes: &[&LaneNeed], limits: &Limits, findings: &mut Vec<Finding>) {
    if !limits.known && !limits.fixed {
        findings.push(Finding {
            code: "limits-unknown",
            weight: Weight::Warning,
            message: format!("the configs of topic `{name}` may not be read; Kafka's defaults are assumed"),
            remedy: Some("give the user the right to describe the topic's configs".to_owned()),
        });
    }
    let largest = lanes.iter().filter_map(|lane| Some((lane.largest_record?, lane))).max_by_key(|(bytes, _)| *bytes);
    if let Some((bytes, lane)) = largest
        && bytes > limits.max_message_bytes as u64
    {
        findings.push(Finding {
            code: "record-too-large",
            weight: weight(job, Cause::TooLarge),
            message: format!(
                "{} holds a record of {bytes} bytes, and topic `{name}` takes {}",
                lane.source, limits.max_message_bytes
            ),
            remedy: Some("raise `max.message.bytes` of the topic".to_owned()),
        });
    }
}
