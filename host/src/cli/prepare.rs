//! What commands do before their own work: open the backup, load the plugins.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use sha2::{Digest, Sha256};
use tokio::runtime::{Handle, Runtime};

use super::terminal::Terminal;
use crate::catalog::{CachedCatalogs, Catalog, KeptSurvey, Lane};
use crate::clock::now;
use crate::failure::{Exit, Explain, Failure};
use crate::job::{Backup, Job, Order};
use crate::mechanism::unless_off;
use crate::plugin::{Chain, ChainOrigin};
use crate::select::Selection;
use crate::store;
use crate::target::LaneNeed;

/// How long reading of a backup may be silent.
pub(super) const SILENCE: Duration = Duration::from_secs(2);

/// A backup that was listed and put in order.
pub(super) struct OpenBackup {
    /// Its URL as messages may show it.
    pub(super) url: Arc<str>,
    /// What it holds.
    pub(super) catalog: Catalog,
    /// Runs the requests of the store; they end with it.
    runtime: Runtime,
}

impl OpenBackup {
    /// Where requests of stores run.
    pub(super) fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }
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

/// Opens the backup and builds its catalog, and says so on `terminal` where that takes its time.
pub(super) fn open(backup: &Backup, terminal: &Terminal) -> Result<OpenBackup, Failure> {
    open_again(backup, None, terminal)
}

/// As [`open`]; what is known of files is not looked up again.
pub(super) fn open_again(
    backup: &Backup,
    known: Option<&KeptSurvey>,
    terminal: &Terminal,
) -> Result<OpenBackup, Failure> {
    let runtime = runtime()?;
    let store = store::open(backup, runtime.handle())?;
    let line = format!(
        "looking into the backup at `{}`; files that do not say by name or footer what they hold are read through",
        store.url()
    );
    let known = unless_off("kept-survey", known);
    let cache = CachedCatalogs::open(backup, &store, runtime.handle())?;
    let build = || match &cache {
        Some(cache) => cache.catalog(backup, &store, known, |line| terminal.say(line)),
        None => Catalog::build_again(backup, &store, known),
    };
    let catalog = with_patience(SILENCE, || terminal.say(&line), build)?;
    Ok(OpenBackup { url: Arc::clone(store.url()), catalog, runtime })
}

/// Leaves of a backup what the job selects, as far as that does not depend on when the job was first started; gives what
/// is left to do once that is known ([`Selection::narrow_rows`]).
pub(super) fn select(job: &Job, open: &mut OpenBackup) -> Result<Option<Selection>, Failure> {
    let selection = Selection::load(&job.select)?;
    if let Some(selection) = &selection {
        selection.narrow_lanes(&mut open.catalog)?;
        if job.target.order == Order::Timestamp && job.select.limit.is_some() {
            open.catalog.check_ends()?;
        }
    }
    Ok(selection)
}

/// The same, for a job that was first started at `started`, or is now; with what is left put into lanes.
pub(super) fn select_since(job: &Job, open: &mut OpenBackup, started: Option<i64>) -> Result<(), Failure> {
    if let Some(selection) = select(job, open)? {
        selection.narrow_rows(&mut open.catalog, started.unwrap_or_else(now))?;
    }
    merge(job, open)
}

/// Merges lanes, where the job wants that: once it is known what is left of each.
pub(super) fn merge(job: &Job, open: &mut OpenBackup) -> Result<(), Failure> {
    if job.target.order == Order::Timestamp {
        open.catalog.merge(job.resources)?;
    }
    Ok(())
}

/// The threads that requests of a store run on.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(2).thread_name("store").enable_all().build().map_err(NoRuntime)?)
}

/// Does `work` on this thread, and says something once if it takes longer than `silence`.
pub(super) fn with_patience<T>(silence: Duration, say: impl FnOnce() + Send, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = crossbeam_channel::bounded::<()>(0);
    thread::scope(|scope| {
        // Without a thread nothing is said; the work does not depend on it.
        let _ = thread::Builder::new().name("patience".to_owned()).spawn_scoped(scope, move || {
            if waiting.recv_timeout(silence) == Err(RecvTimeoutError::Timeout) {
                say();
            }
        });
        let result = work();
        // Nothing is left to wait for.
        drop(done);
        result
    })
}

/// Loads the plugins of a job; `None` for a job without.
pub(super) fn chain(job: &Job) -> Result<Option<Chain>, Failure> {
    if job.plugins.is_empty() {
        return Ok(None);
    }
    Ok(Some(Chain::load(&job.plugins, &origin(job))?.with_policies(job.rejected.policies)))
}

/// What the plugins of a job see of a run that starts now.
pub(super) fn origin(job: &Job) -> ChainOrigin {
    let digest = Sha256::digest(job.name.as_bytes());
    let seed = digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    // Below 2^53, since not every language has whole numbers beyond that.
    ChainOrigin { job: job.name.clone(), started: now(), seed: seed >> 11 }
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
    let (from, until) =
        catalog.narrowed.as_ref().and_then(|narrowed| Some(narrowed.tests.as_ref()?.times())).unwrap_or_default();
    let taken = |(least, most): (i64, i64)| {
        (from.map_or(least, |from| least.max(from)), until.map_or(most, |until| most.min(until.saturating_sub(1))))
    };
    let need = |lane: &Lane| LaneNeed {
        source: Arc::clone(&lane.source),
        records: lane.records.number(),
        bytes: lane.bytes,
        partitions: lane.partitions(),
        largest_record: lane.largest_record,
        without_key: lane.without_key,
        timestamps: lane.timestamps.map(taken),
        log_append_time: lane.log_append_time,
    };
    catalog.lanes.iter().map(need).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_long_survey_is_not_silent_and_a_short_one_is() {
        let said = AtomicUsize::new(0);
        let say = || {
            said.fetch_add(1, Ordering::SeqCst);
        };
        assert_eq!(with_patience(Duration::from_secs(600), say, || 7), 7);
        assert_eq!(said.load(Ordering::SeqCst), 0);
        let wait = || {
            while said.load(Ordering::SeqCst) == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        };
        with_patience(Duration::from_millis(1), say, wait);
        assert_eq!(said.load(Ordering::SeqCst), 1);
    }
}
