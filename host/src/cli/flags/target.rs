//! Flags that say where records go.

use std::collections::BTreeMap;

use clap::Args;

use super::pair::{once, pair, word};
use crate::job::draft::TargetDraft;
use crate::job::{
    DELIVERIES, Delivery, JobError, ORDERS, Order, PARTITIONS, PartitionStrategy, Secret, servers, topic,
};

/// Where records go.
#[derive(Debug, Args)]
pub(super) struct TargetFlags {
    /// Bootstrap servers; `mock` for a cluster inside the process; `null` to count and forget
    #[arg(long, value_name = "HOST:PORT,…", value_parser = servers::servers)]
    brokers: Option<String>,
    /// A source topic's name at the target, for instance `orders=orders-restored`; may be repeated
    #[arg(long, value_name = "SOURCE=TARGET", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// How records find their partition: `same`, `key`, `round-robin`, or by source as in `0=3,1=4`
    #[arg(long, value_name = "HOW", value_parser = partition)]
    partition: Option<PartitionStrategy>,
    /// What is promised: order by `key`, by `timestamp` over all partitions of a topic, or `none`
    #[arg(long, value_parser = |text: &str| word(ORDERS, text))]
    order: Option<Order>,
    /// What holds when the restore is interrupted: `exactly-once` or `at-least-once`
    #[arg(long, value_parser = |text: &str| word(DELIVERIES, text))]
    delivery: Option<Delivery>,
    /// Give each record headers that say where it comes from
    #[arg(long)]
    provenance: bool,
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
    /// A config that target topics have until the job is complete, for instance `retention.ms=-1`; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    while_restoring: Vec<(String, String)>,
    /// A property of librdkafka, for instance `linger.ms=5`; may be repeated. Other people on this
    /// machine can see flags: give passwords in a job file as `${NAME}`
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    property: Vec<(String, String)>,
}

fn mapping(text: &str) -> Result<(String, String), String> {
    let (source, target) = pair(text)?;
    Ok((source, topic::name(&target)?))
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
    let mut table = BTreeMap::new();
    for pair in text.split(',') {
        let (source, target) = entry(pair).ok_or("must be pairs of partitions such as `0=3,1=4`")?;
        if table.insert(source, target).is_some_and(|before| before != target) {
            return Err(format!("`{source}` is given more than once, with different values"));
        }
    }
    Ok(PartitionStrategy::Table(table))
}

impl TargetFlags {
    /// Puts these flags over what the job file says.
    ///
    /// # Errors
    /// Flags that contradict each other.
    pub(super) fn lay_over(self, draft: &mut TargetDraft) -> Result<(), JobError> {
        let Self {
            brokers,
            map,
            partition,
            order,
            delivery,
            provenance,
            create,
            partitions,
            replication,
            create_config,
            while_restoring,
            property,
        } = self;
        once("--map", &map)?;
        once("--create-config", &create_config)?;
        once("--while-restoring", &while_restoring)?;
        once("--property", &property)?;
        draft.while_restoring.extend(while_restoring);
        draft.brokers = brokers.or(draft.brokers.take());
        draft.topics.extend(map);
        draft.partition = partition.or(draft.partition.take());
        draft.order = order.or(draft.order.take());
        draft.delivery = delivery.or(draft.delivery.take());
        draft.provenance |= provenance;
        draft.properties.extend(property.into_iter().map(|(name, value)| (name, Secret::new(value))));
        if create || partitions.is_some() || replication.is_some() || !create_config.is_empty() {
            let created = draft.create.get_or_insert_default();
            created.partitions = partitions.or(created.partitions);
            created.replication = replication.or(created.replication);
            created.configs.extend(create_config);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::cli::flags::given;
    use crate::failure::{Exit, Explain};

    /// These flags over a draft whose file maps `orders` to `by-file`.
    fn laid(flags: &[&str]) -> Result<TargetDraft, JobError> {
        let mut draft = TargetDraft::default();
        draft.topics.insert("orders".to_owned(), "by-file".to_owned());
        given::<TargetFlags>(flags).unwrap().lay_over(&mut draft).map(|()| draft)
    }

    #[test]
    fn a_name_given_twice_with_different_values_is_refused_and_not_decided_by_the_last() {
        for flag in ["--map", "--property", "--create-config", "--while-restoring"] {
            let error = laid(&[flag, "orders=x", flag, "orders=hunter2"]).unwrap_err();
            let wanted = format!("`{flag}` is given more than once for `orders`, with different values");
            assert_eq!(error.to_string(), wanted);
            assert_eq!(error.exit(), Exit::Usage);
            assert!(laid(&[flag, "orders=x", flag, "orders=x", flag, "carts=y"]).is_ok());
        }
    }

    #[test]
    fn a_source_partition_given_twice_is_refused_and_not_decided_by_the_last() {
        let wanted = Err("`0` is given more than once, with different values".to_owned());
        assert_eq!(partition("0=5,0=6"), wanted);
        assert_eq!(partition("0=5,00=6"), wanted);
        assert_eq!(partition("0=5,0=5"), Ok(PartitionStrategy::Table([(0, 5)].into())));
    }

    #[test]
    fn servers_and_topics_that_there_cannot_be_are_refused_by_the_name_of_their_flag() {
        let said = |flag, text| given::<TargetFlags>(&[flag, text]).unwrap_err().to_string();
        for brokers in ["", " ", "http://h:9092", "127.0.0.1:99999"] {
            let error = said("--brokers", brokers);
            assert!(error.contains("--brokers") && error.contains("`host:port`, several"), "{error}");
        }
        for map in ["t=", "t=a b/ü", "t=.", "t=.."] {
            let error = said("--map", map);
            assert!(error.contains("--map") && error.contains("no topic can have this name"), "{error}");
        }
    }

    #[test]
    fn a_flag_outranks_the_file() {
        let draft = laid(&["--map", "orders=by-flag"]).unwrap();
        assert_eq!(draft.topics.get("orders").map(String::as_str), Some("by-flag"));
    }

    #[test]
    fn partitions_are_a_word_or_pairs() {
        assert_eq!(partition("key"), Ok(PartitionStrategy::Key));
        assert_eq!(partition("0=3, 1=4"), Ok(PartitionStrategy::Table([(0, 3), (1, 4)].into())));
        assert!(partition("0=3,x").is_err() && partition("0=-1").is_err() && partition("any").is_err());
    }
}
