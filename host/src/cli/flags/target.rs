//! Flags that say where records go.

use std::collections::BTreeMap;

use clap::Args;

use super::pair::{pair, word};
use crate::job::draft::TargetDraft;
use crate::job::{ORDERS, Order, PARTITIONS, PartitionStrategy, Secret};

/// Where records go.
#[derive(Debug, Args)]
pub(super) struct TargetFlags {
    /// Bootstrap servers; `mock` for a cluster inside the process; `null` to count and forget
    #[arg(long, value_name = "HOST:PORT,…")]
    brokers: Option<String>,
    /// A source topic's name at the target, for instance `orders=orders-restored`; may be repeated
    #[arg(long, value_name = "SOURCE=TARGET", value_parser = pair)]
    map: Vec<(String, String)>,
    /// How records find their partition: `same`, `key`, `round-robin`, or by source as in `0=3,1=4`
    #[arg(long, value_name = "HOW", value_parser = partition)]
    partition: Option<PartitionStrategy>,
    /// What is promised: order by `key`, or `none`
    #[arg(long, value_parser = |text: &str| word(ORDERS, text))]
    order: Option<Order>,
    /// Create topics that the target lacks
    #[arg(long)]
    create: bool,
    /// Partitions of topics that are created, instead of as many as the backup has; implies `--create`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    partitions: Option<i32>,
    /// Replication factor of topics that are created, instead of the cluster's; implies `--create`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    replication: Option<i32>,
    /// A config of topics that are created, for instance `retention.ms=-1`; may be repeated; implies `--create`
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    create_config: Vec<(String, String)>,
    /// A property of librdkafka, for instance `linger.ms=5`; may be repeated. Other people on this
    /// machine can see flags: give passwords in a job file as `${NAME}`
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    property: Vec<(String, String)>,
}

fn partition(text: &str) -> Result<PartitionStrategy, String> {
    if !text.contains('=') {
        return word(PARTITIONS, text);
    }
    let number = |text: &str| text.trim().parse().ok().filter(|partition: &i32| *partition >= 0);
    let entry = |entry: &str| {
        let (source, target) = entry.split_once('=')?;
        Some((number(source)?, number(target)?))
    };
    let table: Option<BTreeMap<i32, i32>> = text.split(',').map(entry).collect();
    table.map(PartitionStrategy::Table).ok_or_else(|| "must be pairs of partitions such as `0=3,1=4`".to_owned())
}

impl TargetFlags {
    /// Puts these flags over what the job file says.
    pub(super) fn lay_over(self, draft: &mut TargetDraft) {
        let Self { brokers, map, partition, order, create, partitions, replication, create_config, property } = self;
        draft.brokers = brokers.or(draft.brokers.take());
        draft.topics.extend(map);
        draft.partition = partition.or(draft.partition.take());
        draft.order = order.or(draft.order.take());
        draft.properties.extend(property.into_iter().map(|(name, value)| (name, Secret::new(value))));
        if create || partitions.is_some() || replication.is_some() || !create_config.is_empty() {
            let created = draft.create.get_or_insert_default();
            created.partitions = partitions.or(created.partitions);
            created.replication = replication.or(created.replication);
            created.configs.extend(create_config);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_a_word_or_pairs() {
        assert_eq!(partition("key"), Ok(PartitionStrategy::Key));
        assert_eq!(partition("0=3, 1=4"), Ok(PartitionStrategy::Table([(0, 3), (1, 4)].into())));
        assert!(partition("0=3,x").is_err() && partition("0=-1").is_err() && partition("any").is_err());
    }
}
