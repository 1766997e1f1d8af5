//! Records that a topic deletes as soon as they are there.

use crate::batch::NO_TIMESTAMP;
use crate::clock::now;
use crate::finding::{Finding, Weight};
use crate::target::LaneNeed;
use crate::target::kafka::Limits;

/// Records older than what the topic keeps.
pub(super) fn on_retention(name: &str, lanes: &[&LaneNeed], limits: &Limits, findings: &mut Vec<Finding>) {
    if limits.log_append_time {
        // The broker's own time counts.
        return;
    }
    let now = now();
    let known = || lanes.iter().filter_map(|lane| lane.timestamps.map(|range| (lane, range)));
    if let Some(retention) = limits.retention
        && let Some((lane, _)) =
            known().find(|(_, (least, _))| *least != NO_TIMESTAMP && now.saturating_sub(*least) > retention)
    {
        findings.push(Finding {
            code: "retention-deletes",
            weight: Weight::Warning,
            message: format!(
                "{} holds records older than `retention.ms` of `{name}`: the broker deletes them soon after they arrive",
                lane.source
            ),
            remedy: Some(
                "set `retention.ms` of the topic to -1 for the time being; a new one gets it by `target.create.configs`"
                    .to_owned(),
            ),
        });
    }
}
