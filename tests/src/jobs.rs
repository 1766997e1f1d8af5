//! Jobs for tests: a target and defaults for the rest.

use std::collections::BTreeMap;

use anabranch::job::draft::ProgressDraft;
use anabranch::job::{
    Backup, Cluster, ColumnNames, Delivery, Encodings, Job, Order, PartitionStrategy, Resources, Secret, Target,
    Transactions,
};

/// A target without anything special: `same` partitions, the order of keys promised, no transactions.
pub fn target(cluster: Cluster) -> Target {
    Target {
        cluster,
        properties: BTreeMap::new(),
        topics: BTreeMap::new(),
        partition: PartitionStrategy::Same,
        order: Order::Key,
        create: None,
        while_restoring: BTreeMap::new(),
        delivery: Delivery::AtLeastOnce,
        transactions: Transactions::default(),
        provenance: false,
        remove_provenance: false,
        registry: None,
    }
}

/// A job for this target.
pub fn job(target: Target) -> Job {
    Job {
        name: "test".to_owned(),
        backup: Backup {
            url: "file:///nowhere".to_owned(),
            store: BTreeMap::new(),
            path: None,
            topic: None,
            columns: ColumnNames::default(),
            encoding: Encodings::default(),
            format: None,
            dead_letters: false,
            cache: None,
        },
        select: Default::default(),
        schemas: Vec::new(),
        plugins: Vec::new(),
        target,
        registry: None,
        rejected: Default::default(),
        resources: Resources::default(),
        allow: Vec::new(),
        progress: ProgressDraft::default().of("test".to_owned()),
        report: None,
    }
}

/// Properties for librdkafka.
pub fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))).collect()
}
