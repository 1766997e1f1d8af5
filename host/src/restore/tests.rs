//! Restores that end before their lanes do.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::path::Path;

use tokio::runtime::Runtime;

use super::*;
use crate::job::draft::ProgressDraft;
use crate::job::{
    Backup, Cluster, ColumnNames, Delivery, Encodings, Order, PartitionStrategy, Resources, Target as TargetRules,
    Transactions,
};
use crate::position::TopicPartition;
use crate::store;
use crate::target::{LaneTarget, TargetError};

/// Panics as soon as a lane is opened.
struct Panics;

impl Target for Panics {
    fn lane(&self, _source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError> {
        panic!("on purpose")
    }
}

fn job(folder: &Path) -> Job {
    Job {
        name: "job".to_owned(),
        backup: Backup {
            url: folder.display().to_string(),
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
        target: TargetRules {
            cluster: Cluster::Null,
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
        },
        registry: None,
        rejected: Default::default(),
        resources: Resources { lanes: 1, ..Resources::default() },
        allow: Vec::new(),
        progress: ProgressDraft::default().of("job".to_owned()),
        report: None,
    }
}

#[test]
fn a_panic_while_a_lane_is_opened_is_an_error_and_stops_the_others() {
    let folder = tempfile::tempdir().unwrap();
    for partition in 0..3 {
        let line = format!(r#"{{"topic":"orders","partition":{partition},"offset":0,"key":"k","value":"v"}}"#);
        let file = folder.path().join("orders").join(format!("part-{partition}.jsonl"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, line).unwrap();
    }
    let job = job(folder.path());
    let runtime = Runtime::new().unwrap();
    let store = store::open(&job.backup, runtime.handle()).unwrap();
    let catalog = Catalog::build(&job.backup, &store).unwrap();
    assert_eq!(catalog.lanes.len(), 3);
    let progress = Progress::new(catalog.lanes.iter().map(|lane| (Arc::clone(&lane.source), lane.records)));
    let stop = StopSignal::default();
    let target = Arc::new(Panics);
    let restore = Restore {
        job: &job,
        catalog: &catalog,
        passage: Passage::default(),
        target,
        dead_letters: None,
        progress: &progress,
        stop: &stop,
    };
    let error = restore.run(Vec::new()).unwrap_err();
    let said = error.to_string();
    assert!(said.ends_with(": the opening stage panicked: on purpose"), "{said}");
    assert_eq!(error.exit(), Exit::Failed);
    assert!(stop.is_stopped());
}

#[test]
fn a_machine_without_threads_is_at_fault_and_fewer_lanes_are_the_remedy() {
    let refused = || io::Error::from(io::ErrorKind::WouldBlock);
    let lane = TopicPartition::new("orders", Some(3));
    let errors = [
        RestoreError::Thread { number: 7, wanted: 20_000, source: refused() },
        RestoreError::Lane(LaneError::Thread { lane, stage: "reading", source: refused() }),
    ];
    for error in errors {
        assert_eq!(error.exit(), Exit::Environment);
        assert!(error.hint().unwrap().contains("lower `resources.lanes`"));
    }
}
