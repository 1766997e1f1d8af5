//! What commands do before their own work: open the backup, load the plugins.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use crate::catalog::{Catalog, Lane};
use crate::failure::{Exit, Explain, Failure};
use crate::job::{Backup, Job};
use crate::plugin::{Chain, ChainOrigin};
use crate::store;
use crate::target::LaneNeed;

/// A backup that was listed and put in order.
pub(super) struct OpenBackup {
    /// Its URL as messages may show it.
    pub(super) url: Arc<str>,
    /// What it holds.
    pub(super) catalog: Catalog,
    /// Runs the requests of the store; they end with it.
    _runtime: Runtime,
}

/// The machine does not give what every command needs.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the threads that read from stores")]
struct NoRuntime(#[source] std::io::Error);

impl Explain for NoRuntime {
    fn exit(&self) -> Exit {
        Exit::Environment
    }
}

/// Opens the backup and builds its catalog.
pub(super) fn open(backup: &Backup) -> Result<OpenBackup, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("store")
        .enable_all()
        .build()
        .map_err(NoRuntime)?;
    let store = store::open(backup, runtime.handle())?;
    let catalog = Catalog::build(backup, &store)?;
    Ok(OpenBackup { url: Arc::clone(store.url()), catalog, _runtime: runtime })
}

/// Loads the plugins of a job; `None` for a job without.
pub(super) fn chain(job: &Job) -> Result<Option<Chain>, Failure> {
    if job.plugins.is_empty() {
        return Ok(None);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let digest = Sha256::digest(job.name.as_bytes());
    let seed = digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let started = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Ok(Some(Chain::load(&job.plugins, &ChainOrigin { job: job.name.clone(), started, seed })?))
}

/// Opens the chain for the first lane and lets it go: whether the plugins take their parameters is known
/// then, before any record moves.
pub(super) fn try_out(chain: &Chain, job: &Job, catalog: &Catalog) -> Result<(), Failure> {
    if let Some(lane) = catalog.lanes.first() {
        chain.open(&lane.source, job.target.topic(&lane.source.topic))?;
    }
    Ok(())
}

/// What the lanes of a catalog will ask of the target.
pub(super) fn needs(catalog: &Catalog) -> Vec<LaneNeed> {
    let need = |lane: &Lane| LaneNeed {
        source: Arc::clone(&lane.source),
        largest_record: lane.largest_record,
        timestamps: lane.timestamps,
        log_append_time: lane.log_append_time,
    };
    catalog.lanes.iter().map(need).collect()
}
