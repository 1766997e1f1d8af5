//! Topics that keep the last record of each key.

use super::policies::weight;
use crate::aside::Cause;
use crate::finding::{Finding, Weight};
use crate::job::{Job, Policy};
use crate::report::shown::count;
use crate::target::LaneNeed;
use crate::target::kafka::Limits;

/// What a compacted topic does with what it gets.
pub(super) fn on_compaction(job: &Job, name: &str, lanes: &[&LaneNeed], limits: &Limits, findings: &mut Vec<Finding>) {
    if !limits.compacted {
        return;
    }
    let known = lanes.iter().filter_map(|lane| Some((lane.without_key?, lane))).find(|(records, _)| *records > 0);
    let without_key = match (known, lanes.iter().all(|lane| lane.without_key.is_some())) {
        (Some(_), _) | (None, true) => String::new(),
        (None, false) => {
            let then = match job.rejected.policies.of(Cause::Refused) {
                Policy::Fail => "ends the restore",
                Policy::Skip | Policy::DeadLetter => "is set aside",
            };
            format!("; a record without a key {then}, and whether there are any is known when they are read")
        }
    };
    findings.push(Finding {
        code: "target-compacted",
        weight: Weight::Warning,
        message: format!(
            "topic `{name}` is compacted: of the records of one key the last one stays, and a tombstone for \
             `delete.retention.ms={}`{without_key}",
            limits.tombstones
        ),
        remedy: None,
    });
    if let Some((records, lane)) = known {
        findings.push(Finding {
            code: "keys-missing",
            weight: weight(job, Cause::Refused),
            message: format!(
                "the files of {} hold {} records without a key, and topic `{name}` is compacted and takes none",
                lane.source,
                count(records)
            ),
            remedy: Some("leave them out with a plugin, or restore into a topic that is not compacted".to_owned()),
        });
    }
}
