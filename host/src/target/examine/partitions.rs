//! How many partitions a topic has or will have, and what meets in it.

use std::sync::Arc;

use crate::finding::{Finding, Weight};
use crate::job::{CreateTopics, Job, PartitionStrategy};
use crate::target::LaneNeed;
use crate::target::kafka::partitions_in_backup;

pub(super) fn on_creation(name: &str, lanes: &[&LaneNeed], create: &CreateTopics, findings: &mut Vec<Finding>) {
    let partitions = create.partitions.unwrap_or_else(|| partitions_in_backup(lanes));
    findings.push(Finding {
        code: "topic-created",
        weight: Weight::Note,
        message: format!("topic `{name}` does not exist and will be created with {partitions} partitions"),
        remedy: None,
    });
}

pub(super) fn on_partitions(job: &Job, name: &str, lanes: &[&LaneNeed], partitions: i32, findings: &mut Vec<Finding>) {
    let source = partitions_in_backup(lanes);
    let are_told = lanes.iter().any(|lane| !lane.partitions.is_empty());
    if job.target.partition == PartitionStrategy::Key && partitions != source && are_told {
        findings.push(Finding {
            code: "partition-count",
            weight: Weight::Note,
            message: format!(
                "topic `{name}` has {partitions} partitions and the backup {source}: records go where their keys belong \
                 among {partitions} and not where they come from; what `{name}` holds of the same keys lies elsewhere if it \
                 was written while there were fewer, and then there is no order between the two"
            ),
            remedy: None,
        });
    }
    if job.target.partition == PartitionStrategy::Same && partitions > source {
        findings.push(Finding {
            code: "partition-count",
            weight: Weight::Note,
            message: format!(
                "topic `{name}` has {partitions} partitions and the backup {source}: records keep their partition, \
                 and a producer will look for their keys elsewhere"
            ),
            remedy: Some("set `target.partition` to `key`".to_owned()),
        });
    }
}

pub(super) fn on_merging(name: &str, lanes: &[&LaneNeed], findings: &mut Vec<Finding>) {
    let mut sources: Vec<&Arc<str>> = lanes.iter().map(|lane| &lane.source.topic).collect();
    sources.sort();
    sources.dedup();
    if sources.len() > 1 {
        let names: Vec<String> = sources.iter().map(|source| format!("`{source}`")).collect();
        findings.push(Finding {
            code: "sources-merged",
            weight: Weight::Note,
            message: format!(
                "{} meet in topic `{name}`: each keeps its own order, and there is none between them",
                names.join(", ")
            ),
            remedy: None,
        });
    }
}
