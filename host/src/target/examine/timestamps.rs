//! Timestamps that a topic replaces or does not take.

use super::policies::weight;
use crate::aside::Cause;
use crate::clock::now;
use crate::finding::{Finding, Weight};
use crate::job::{Job, Policy};
use crate::target::LaneNeed;
use crate::target::kafka::{Limits, TIMESTAMP_ZERO};

pub(super) fn on_timestamps(job: &Job, name: &str, lanes: &[&LaneNeed], limits: &Limits, findings: &mut Vec<Finding>) {
    if limits.log_append_time {
        findings.push(Finding {
            code: "timestamps-replaced",
            weight: Weight::Stop,
            message: format!(
                "topic `{name}` has `message.timestamp.type=LogAppendTime`: the broker replaces every timestamp"
            ),
            remedy: Some("set it to `CreateTime` while the restore runs, in `[target.while_restoring]`".to_owned()),
        });
        return;
    }
    if let Some(lane) = lanes.iter().find(|lane| lane.log_append_time) {
        findings.push(Finding {
            code: "timestamp-type-lost",
            weight: Weight::Warning,
            message: format!(
                "timestamps of {} were set by the broker: `{name}` gets the same ones, marked as set by the producer",
                lane.source
            ),
            remedy: Some(
                "`message.timestamp.type=LogAppendTime` would keep the mark and lose the timestamps".to_owned(),
            ),
        });
    }
    let mut unknown = lanes.iter().filter(|lane| lane.timestamps.is_none());
    if let Some(lane) = unknown.next() {
        let others = match unknown.count() {
            0 => String::new(),
            1 => " and of another lane".to_owned(),
            more => format!(" and of {more} other lanes"),
        };
        findings.push(Finding {
            code: "timestamps-unknown",
            weight: Weight::Note,
            message: format!(
                "timestamps of {}{others} are known when they are read: {} one that is 0, or that `{name}` does not take",
                lane.source,
                match job.rejected.policies.of(Cause::Refused) {
                    Policy::Fail => "the restore stops at",
                    Policy::Skip | Policy::DeadLetter => "a record is set aside that has",
                }
            ),
            remedy: None,
        });
    }
    let known = || lanes.iter().filter_map(|lane| lane.timestamps.map(|range| (lane, range)));
    if let Some((lane, _)) = known().find(|(_, (least, most))| *least == 0 || *most == 0) {
        findings.push(Finding {
            code: TIMESTAMP_ZERO,
            weight: weight(job, Cause::Refused),
            message: format!("{} holds timestamp 0, which librdkafka takes for none", lane.source),
            remedy: Some("allowed, it is sent as 1, a millisecond later".to_owned()),
        });
    }
    let now = now();
    for (lane, (least, most)) in known() {
        if let Some(config) = [least, most].into_iter().find_map(|timestamp| limits.out_of_range(timestamp, now)) {
            findings.push(Finding {
                code: "timestamp-out-of-range",
                weight: weight(job, Cause::Refused),
                message: format!(
                    "{} holds timestamps further from now than `{config}` of `{name}` allows",
                    lane.source
                ),
                remedy: Some(format!("raise `{config}` of the topic, or set it in `[target.while_restoring]`")),
            });
            break;
        }
    }
}
