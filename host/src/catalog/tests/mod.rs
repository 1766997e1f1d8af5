//! Tests of the catalog as a whole, over an object store in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod build;
mod lines;
mod merge;
mod merged;
mod resume;

use std::sync::{Arc, LazyLock};

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::runtime::Runtime;

use super::{BatchSource, Catalog, CatalogError, Lane};
use crate::batch::{Limits, value_at};
use crate::job::Backup;
use crate::position::Place;
use crate::read::ReadError;
use crate::store::Store;
use lines::Lines;

/// The runtime that all stores of these tests work on.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
});

/// A store of these files.
pub(crate) fn store(files: &[(String, impl AsRef<[u8]>)]) -> Store {
    let memory = Arc::new(InMemory::new());
    for (path, content) in files {
        let path = Path::parse(path).unwrap();
        RUNTIME.block_on(memory.put(&path, content.as_ref().to_vec().into())).unwrap();
    }
    let memory: Arc<dyn ObjectStore> = memory;
    Store::over(memory, Path::default(), RUNTIME.handle())
}

/// A backup that says nothing.
pub(crate) fn backup() -> Backup {
    Backup {
        url: "memory".to_owned(),
        store: std::collections::BTreeMap::new(),
        path: None,
        topic: None,
        columns: crate::job::ColumnNames::default(),
        encoding: crate::job::Encodings::default(),
        format: None,
        dead_letters: false,
        cache: None,
    }
}

/// The catalog of these files.
fn catalog(files: &[(String, String)], backup: &Backup, opener: Lines) -> Result<Catalog, CatalogError> {
    Catalog::build_with(backup, &store(files), Arc::new(opener), None)
}

/// A record of a lane: where it stands, key and value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Got {
    place: Place,
    key: Option<String>,
    value: Option<String>,
}

fn text(bytes: Option<&[u8]>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

/// Reads up to `batches` batches.
fn read(source: &mut dyn BatchSource, batches: usize, limits: Limits) -> Result<Vec<Got>, ReadError> {
    let mut got = Vec::new();
    for _ in 0..batches {
        let Some(batch) = source.next()? else { break };
        assert!(!batch.is_empty(), "a batch has records");
        assert!(batch.len() <= limits.records, "{} records in a batch of {limits:?}", batch.len());
        let last = batch.slice(batch.len() - 1, 1).columns.bytes();
        assert!(batch.columns.bytes() - last <= limits.bytes, "a batch is full before its last record");
        for row in 0..batch.len() {
            got.push(Got {
                place: batch.place(row),
                key: text(value_at(&batch.columns.keys, row)),
                value: text(value_at(&batch.columns.values, row)),
            });
        }
    }
    Ok(got)
}

/// All of a lane.
fn read_all(catalog: &Catalog, lane: &Lane) -> Result<Vec<Got>, ReadError> {
    let limits = Limits::default();
    read(&mut *catalog.open_lane(lane, limits, None).unwrap(), usize::MAX, limits)
}
