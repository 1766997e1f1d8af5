//! Which order is left at the target.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::finding::{Finding, Weight};
use crate::job::{Job, Order, PartitionStrategy};
use crate::plugin::{Chain, Column};

/// What is promised of one target topic.
#[derive(Debug, Serialize)]
pub(super) struct OrderDocument {
    pub(super) target_topic: String,
    pub(super) sources: Vec<String>,
    pub(super) promises: Vec<String>,
}

/// What is promised of each target topic that the job names or the backup holds.
pub(super) fn of_topics(job: &Job, catalog: &Catalog, chain: Option<&Chain>) -> Vec<OrderDocument> {
    let mut topics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for lane in &catalog.lanes {
        let sources = topics.entry(job.target.topic(&lane.source.topic)).or_default();
        if !sources.contains(&&*lane.source.topic) {
            sources.push(&lane.source.topic);
        }
    }
    let by_plugins = promises_of_plugins(job, chain);
    let document = |(topic, sources): (&str, Vec<&str>)| {
        let mut promises = vec![promise(job).to_owned()];
        if sources.len() > 1 {
            promises.push(format!(
                "{} meet here: each keeps its own order, and there is none between them",
                sources.join(", ")
            ));
        }
        promises.extend(by_plugins.iter().cloned());
        promises.extend(promise_of_schemas(job, &sources));
        OrderDocument {
            target_topic: topic.to_owned(),
            sources: sources.into_iter().map(str::to_owned).collect(),
            promises,
        }
    };
    topics.into_iter().map(document).collect()
}

fn promise(job: &Job) -> &'static str {
    match (job.target.order, &job.target.partition) {
        (Order::None, PartitionStrategy::RoundRobin) => "none: records are dealt out in turn",
        (Order::Timestamp, PartitionStrategy::Key) => {
            "of all records of a source topic, by timestamp; of those with one key in one partition"
        }
        (Order::Timestamp, PartitionStrategy::Table(_)) => {
            "of the source partitions that the table sends to one partition, by timestamp"
        }
        (Order::Timestamp, _) => "of a source partition, whole",
        (Order::None, PartitionStrategy::Table(_)) => "of a source partition, in the partition the table names",
        (_, PartitionStrategy::Same) => "of a source partition, whole",
        (_, _) => "of the records that arrive with one key from one source partition",
    }
}

fn promises_of_plugins(job: &Job, chain: Option<&Chain>) -> Vec<String> {
    let descriptions = chain.map(Chain::descriptions).unwrap_or_default();
    let changing = |column| {
        let named = job.plugins.iter().zip(descriptions);
        named
            .filter(move |(_, description)| description.changes.contains(column))
            .map(|(plugin, _)| plugin.name.as_str())
    };
    let keys = changing(Column::Key).filter(|_| job.target.partition == PartitionStrategy::Key).map(|name| {
        format!(
            "`{name}` may change keys: records of one source key that get different keys may go to different partitions, \
             and records that get the same key from different source {} have no order",
            if job.target.order == Order::Timestamp { "topics" } else { "partitions" }
        )
    });
    let topics = changing(Column::Topic).map(|name| format!("`{name}` may send records to other topics than these"));
    keys.chain(topics).collect()
}

/// What is left where keys are written under another schema: equal keys stay equal, and different ones may become so.
fn promise_of_schemas(job: &Job, sources: &[&str]) -> Option<String> {
    let rule = |source: &&str| job.schemas.iter().find(|rule| rule.fits(source));
    let changes = sources.iter().filter_map(rule).any(|rule| !rule.key.is_raw());
    (changes && job.target.partition == PartitionStrategy::Key).then(|| {
        "keys are written under their schema at the target, and find their partition by what they are then; records that get \
         the same key from different source partitions have no order"
            .to_owned()
    })
}

/// Plugins that may choose partitions, in a job that promises the order of keys.
pub(super) fn of_plugins(job: &Job, chain: Option<&Chain>) -> Vec<Finding> {
    if job.target.order == Order::None {
        return Vec::new();
    }
    let descriptions = chain.map(Chain::descriptions).unwrap_or_default();
    let choosing = job.plugins.iter().zip(descriptions).filter(|(_, said)| said.changes.contains(Column::Partition));
    choosing
        .map(|(plugin, _)| Finding {
            code: "plugin-partitions",
            weight: Weight::Stop,
            message: format!("plugin `{}` may choose partitions, which can part the records of one key", plugin.name),
            remedy: Some(
                "say `order = \"none\"` in `[target]` if that is meant; allowed without it, the restore fails at the first \
                 record whose partition the plugin does choose"
                    .to_owned(),
            ),
        })
        .collect()
}
