//! The promise of order, on the real pipeline: real files, the catalog, lanes side by side, real plugins;
//! only the target is one that remembers, and dawdles.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anabranch::batch::{Batch, ColumnsBuilder, Outputs, Routes};
use anabranch::catalog::Catalog;
use anabranch::job::{Cluster, Job, PartitionStrategy, PluginLimits, PluginSource, PluginUse, Resources};
use anabranch::passage::Passage;
use anabranch::plugin::{Chain, ChainOrigin};
use anabranch::position::TopicPartition;
use anabranch::report::Progress;
use anabranch::restore::Restore;
use anabranch::stop::StopSignal;
use anabranch::store;
use anabranch::target::{LaneTarget, MemoryTarget, Sent, Standing, Target, TargetError};
use anabranch::write::avro::AvroWriter;
use anabranch::write::json_lines::{JsonLinesWriter, LinesCompression};
use anabranch::write::parquet::ParquetWriter;
use anabranch_tests::binaries::plugin;
use anabranch_tests::jobs;
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const TOPIC: &str = "orders";

/// A record of the backup: its key (of this partition alone), and how long its value is.
#[derive(Clone, Debug)]
struct Planned {
    key: u8,
    padding: usize,
}

/// A source partition, and where its records are cut into files, in which format each.
#[derive(Clone, Debug)]
struct Partition {
    records: Vec<Planned>,
    cuts: Vec<(usize, u8)>,
}

fn partition() -> impl Strategy<Value = Partition> {
    let record = (0_u8..6, prop_oneof![9 => 0_usize..300, 1 => 0_usize..40_000])
        .prop_map(|(key, padding)| Planned { key, padding });
    (prop::collection::vec(record, 0..300), prop::collection::vec((1_usize..120, 0_u8..3), 1..5))
        .prop_map(|(records, cuts)| Partition { records, cuts })
}

/// Values are `number\npadding`, the number counting the records of the partition.
fn batch(partition: i32, records: &[Planned], first: usize) -> Batch {
    let mut columns = ColumnsBuilder::default();
    for (index, record) in records.iter().enumerate() {
        columns.key(Some(format!("{partition}/{}", record.key).as_bytes()));
        columns.value(Some(format!("{}\n{}", first + index, "x".repeat(record.padding)).as_bytes()));
        columns.end_row(1_700_000_000_000);
    }
    // Every third offset is missing, as after compaction.
    let offset = |index: usize| (first + index) as i64 * 3 / 2;
    Batch {
        source: Arc::new(TopicPartition::new(TOPIC, Some(partition))),
        file: "planned".into(),
        rows: (0..records.len() as u64).collect::<Vec<_>>().into(),
        offsets: Some((0..records.len()).map(offset).collect::<Vec<_>>().into()),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    }
}

fn write(folder: &Path, number: i32, partition: &Partition) {
    let (mut first, mut files) = (0, 0);
    while first < partition.records.len() {
        let (length, format) = partition.cuts[files % partition.cuts.len()];
        let end = (first + length).min(partition.records.len());
        let batch = batch(number, &partition.records[first..end], first);
        // Names that sort against the offsets.
        let file = File::create(folder.join(format!("file{}of{number}", 1000 - files))).unwrap();
        match format {
            0 => {
                let mut writer = ParquetWriter::new(file).unwrap();
                writer.write(&batch, None).unwrap();
                writer.finish().unwrap();
            }
            1 => {
                let mut writer = AvroWriter::new(file).unwrap();
                writer.write(&batch, None).unwrap();
                writer.finish().unwrap();
            }
            _ => {
                let mut writer = JsonLinesWriter::new(file, LinesCompression::Zstd).unwrap();
                writer.write(&batch, None).unwrap();
                writer.finish().unwrap();
            }
        }
        (first, files) = (end, files + 1);
    }
}

/// Passes on to a [`MemoryTarget`] and dawdles now and then, differently in each run.
struct Dawdling {
    inner: Arc<MemoryTarget>,
    calls: Arc<AtomicU64>,
}

struct DawdlingLane {
    inner: Box<dyn LaneTarget>,
    calls: Arc<AtomicU64>,
}

impl Target for Dawdling {
    fn lane(&self, source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError> {
        Ok(Box::new(DawdlingLane { inner: self.inner.lane(source)?, calls: Arc::clone(&self.calls) }))
    }
}

impl LaneTarget for DawdlingLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_micros(call.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53));
        self.inner.send(outputs)
    }

    fn commit(&mut self, standing: &Standing) -> Result<(), TargetError> {
        self.inner.commit(standing)
    }
}

fn used(package: &str) -> PluginUse {
    PluginUse {
        hidden: Default::default(),
        name: package.to_owned(),
        source: PluginSource::File(plugin(package).unwrap()),
        sha256: None,
        parameters: serde_json::Map::new(),
        limits: PluginLimits::default(),
    }
}

fn job(folder: &Path, resources: Resources, strategy: PartitionStrategy, plugins: Vec<PluginUse>) -> Job {
    let mut job = jobs::job(jobs::target(Cluster::Null));
    job.backup.url = folder.display().to_string();
    job.target.partition = strategy;
    job.resources = resources;
    job.plugins = plugins;
    job
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn records_of_a_key_arrive_in_the_order_of_the_backup(
        partitions in prop::collection::vec(partition(), 1..5),
        bytes_in_flight in 1_usize..(4 << 20),
        lanes in 1_usize..6,
        seed in any::<u64>(),
        by_key in any::<bool>(),
        with_plugins in any::<bool>(),
    ) {
        prop_assume!(partitions.iter().any(|partition| !partition.records.is_empty()));
        let folder = TempDir::new().unwrap();
        for (number, partition) in (0..).zip(&partitions) {
            write(folder.path(), number, partition);
        }
        // The filter leaves everything; the fan-out makes two of each record with padding.
        let plugins = if with_plugins { vec![used("guest-identity"), used("guest-fan-out")] } else { Vec::new() };
        let strategy = if by_key { PartitionStrategy::Key } else { PartitionStrategy::Same };
        let job = job(folder.path(), Resources { bytes_in_flight, lanes }, strategy, plugins);

        let runtime = Runtime::new().unwrap();
        let store = store::open(&job.backup, runtime.handle()).unwrap();
        let catalog = Catalog::build(&job.backup, &store).unwrap();
        let origin = ChainOrigin { job: job.name.clone(), started: 0, seed };
        let chain = (!job.plugins.is_empty()).then(|| Chain::load(&job.plugins, &origin).unwrap());
        let memory = Arc::new(MemoryTarget::new(&job.target, &[(TOPIC, 5)]).unwrap());
        let target = Arc::new(Dawdling { inner: Arc::clone(&memory), calls: Arc::new(AtomicU64::new(seed)) });
        let progress = Progress::new(catalog.lanes.iter().map(|lane| (Arc::clone(&lane.source), lane.records)));
        let restore = Restore {
            job: &job,
            catalog: &catalog,
            passage: Passage { chain: chain.as_ref(), schemas: None },
            target,
            dead_letters: None,
            progress: &progress,
            stop: &StopSignal::default(),
        };
        let summary = restore.run(Vec::new()).unwrap();
        prop_assert!(summary.is_complete());

        let mut wanted: HashMap<String, Vec<String>> = HashMap::new();
        for (number, partition) in (0..).zip(&partitions) {
            for (index, record) in partition.records.iter().enumerate() {
                let values = wanted.entry(format!("{number}/{}", record.key)).or_default();
                let padding = "x".repeat(record.padding);
                if with_plugins {
                    values.push(index.to_string());
                    values.extend((!padding.is_empty()).then_some(padding));
                } else {
                    values.push(format!("{index}\n{padding}"));
                }
            }
        }
        let (mut found, mut homes): (HashMap<String, Vec<String>>, HashMap<String, i32>) = Default::default();
        for ((_, partition), records) in memory.all() {
            for record in records {
                let key = String::from_utf8(record.key.unwrap()).unwrap();
                prop_assert_eq!(*homes.entry(key.clone()).or_insert(partition), partition, "the partition of key {}", key);
                found.entry(key).or_default().push(String::from_utf8(record.value.unwrap()).unwrap());
            }
        }
        prop_assert_eq!(found, wanted);
    }
}
