//! Tests of the plugin host against guests that do what a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod answers;
mod aside;
mod chains;
mod faults;
mod files;
mod guests;
mod hostile;
mod interface;
mod layout;
mod parameters;
mod properties;
mod system;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow_buffer::ScalarBuffer;
use tempfile::TempDir;

use crate::batch::{Batch, ColumnsBuilder, Outputs, Routes, RowHeaders};
use crate::failure::Explain;
use crate::job::{PluginLimits, PluginSource, PluginUse};
use crate::position::TopicPartition;
use crate::report::PluginCounts;

use super::cache::CodeCache;
use super::engine::Engines;
use super::{Chain, ChainOrigin, PluginError, Transform, TransformError};
use guests::Guest;

/// Guests, loaded as a chain.
struct Bench {
    folder: TempDir,
    uses: Vec<PluginUse>,
}

impl Bench {
    /// The chain of these guests.
    fn of(guests: &[&Guest]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let uses = guests.iter().map(|guest| PluginUse {
            hidden: Default::default(),
            name: guest.name.clone(),
            source: PluginSource::File(guest.write(folder.path())),
            sha256: None,
            parameters: serde_json::Map::new(),
            limits: PluginLimits { time: Duration::from_secs(2), memory: 8 << 20, ..PluginLimits::default() },
        });
        Self { uses: uses.collect(), folder }
    }

    /// The file of the first plugin.
    fn file(&self) -> PathBuf {
        PathBuf::from(self.uses[0].source.to_string())
    }

    fn load(&self) -> Result<Chain, PluginError> {
        self.load_on(&self.engines())
    }

    fn load_on(&self, engines: &Arc<Engines>) -> Result<Chain, PluginError> {
        let origin = ChainOrigin { job: "job".to_owned(), started: 1_700_000_000_123, seed: 42 };
        Chain::load_on(&self.uses, &origin, engines)
    }

    fn engines(&self) -> Arc<Engines> {
        Engines::start(CodeCache::at(self.folder.path().join("cache"))).unwrap()
    }

    fn open(&self) -> Result<Box<dyn Transform>, PluginError> {
        self.load()?.open(&source(), "target")
    }

    /// What becomes of one batch, and what is counted.
    fn run(&self, batch: &Arc<Batch>) -> Result<(Outputs, Vec<PluginCounts>), TransformError> {
        let mut counts = vec![PluginCounts::default(); self.uses.len()];
        let outputs = self.open()?.process(Arc::clone(batch), &mut counts)?.outputs;
        Ok((outputs, counts))
    }
}

fn source() -> TopicPartition {
    TopicPartition::new("orders", Some(3))
}

/// Records with the offsets `first..first + count`, keys `k0`, `k1`, … and values `v0`, `v1`, ….
fn batch(first: i64, count: usize) -> Arc<Batch> {
    let mut columns = ColumnsBuilder::default();
    let none = crate::batch::Headers::none(1);
    for row in 0..count {
        let headers: RowHeaders<'_> = none.row(0);
        columns.row(Some(format!("k{row}").as_bytes()), Some(format!("v{row}").as_bytes()), headers, 1000 + row as i64);
    }
    Arc::new(Batch {
        source: Arc::new(source()),
        file: "backup.parquet".into(),
        rows: (0..count as u64).collect::<Vec<_>>().into(),
        offsets: Some(ScalarBuffer::from((first..first + count as i64).collect::<Vec<_>>())),
        columns: columns.finish(),
        strand: None,
        routes: Routes::default(),
    })
}

/// An error as the command line shows it.
fn shown(error: &dyn Explain) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    match error.hint() {
        Some(hint) => format!("{text}\nhint: {hint}"),
        None => text,
    }
}

/// The key, value, headers, timestamp, topic and partition of an output record.
type Record = (Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>, i64, Option<String>, Option<i32>);

/// The output records, owned.
fn records(outputs: &Outputs) -> Vec<Record> {
    let rows = outputs.rows().map(|row| {
        let headers = row.headers.map(|header| (header.name.to_owned(), header.value.map(<[u8]>::to_vec)));
        (
            row.key.map(<[u8]>::to_vec),
            row.value.map(<[u8]>::to_vec),
            headers.collect(),
            row.timestamp,
            row.topic.map(str::to_owned),
            row.partition,
        )
    });
    rows.collect()
}
