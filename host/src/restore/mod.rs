//! A restore: all lanes of a backup, a few at a time, into one target.
//!
//! Lanes share the bytes in flight and the target, nothing else. The first lane that fails stops the
//! others: they send what they have read and end.

mod former_provenance;
mod memory;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use std::{io, thread};

use crossbeam_channel::Receiver;
use parking_lot::Mutex;

use former_provenance::WithoutProvenance;
pub use memory::{Memory, batch_limits};

use crate::aside::{Ceiling, DeadLetterFiles};
use crate::catalog::{self, BatchSource, Catalog, FilesLeft};
use crate::failure::{Exit, Explain};
use crate::finding::Finding;
use crate::job::Job;
use crate::lane::{Budget, FEWER_LANES, Lane, LaneError, LaneOutcome, Letters, panicked};
use crate::mechanism::is_off;
use crate::passage::Passage;
use crate::position::{Place, Restart};
use crate::progress::ProgressError;
use crate::read::ReadError;
use crate::report::{LaneEnd, LaneSummary, Progress, Summary, Tally};
use crate::stop::StopSignal;
use crate::target::{Standing, Target, TargetError};

/// What ended a restore early.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A lane failed; its error names the position.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// The machine gives fewer threads than the job asks for.
    #[error("the machine gives no thread for lane {number} of the {wanted} that are to run at a time")]
    Thread {
        /// Which of them, from 1.
        number: usize,
        /// Lanes that were to run at a time.
        wanted: usize,
        /// The machine's word.
        source: io::Error,
    },
}

impl RestoreError {
    /// Whether it is a second copy of the job, or whoever removed its progress or its target, that ended it: the same
    /// command would not simply go on.
    pub fn is_about_another_run(&self) -> bool {
        matches!(
            self,
            Self::Lane(LaneError::Target(TargetError::Progress(
                ProgressError::Fenced { .. }
                    | ProgressError::Forgotten { .. }
                    | ProgressError::Gone { .. }
                    | ProgressError::Shortened { .. }
            )))
        )
    }
}

impl Explain for RestoreError {
    fn exit(&self) -> Exit {
        match self {
            Self::Lane(error) => error.exit(),
            Self::Thread { .. } => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Lane(error) => error.hint(),
            Self::Thread { .. } => Some(FEWER_LANES.to_owned()),
        }
    }
}

/// The batches of a lane as a job restores them, `before` being what an earlier run told of it.
///
/// # Errors
/// As [`Catalog::open_lane`].
pub(crate) fn batches(
    job: &Job,
    catalog: &Catalog,
    lane: &catalog::Lane,
    before: Option<(&Place, &FilesLeft)>,
) -> Result<Box<dyn BatchSource>, ReadError> {
    let batches = catalog.open_lane(lane, batch_limits(job.resources), before)?;
    Ok(if job.target.removes_provenance() { Box::new(WithoutProvenance(batches)) } else { batches })
}

/// What a restore is made of.
pub struct Restore<'a> {
    /// The job.
    pub job: &'a Job,
    /// What there is to restore.
    pub catalog: &'a Catalog,
    /// What records pass between reading and routing.
    pub passage: Passage<'a>,
    /// Where it goes.
    pub target: Arc<dyn Target>,
    /// Where dead letters go, if that is to files.
    pub dead_letters: Option<&'a DeadLetterFiles>,
    /// One [`crate::report::LaneProgress`] for each lane of the catalog, in its order.
    pub progress: &'a Progress,
    /// Ends it early.
    pub stop: &'a StopSignal,
}

impl Restore<'_> {
    /// Runs all lanes and puts together what they did. `findings` go into the summary, and those of the target with them.
    ///
    /// # Errors
    /// The first error of any lane, after the others have sent what they had read; a machine that does not
    /// give the threads.
    pub fn run(&self, mut findings: Vec<Finding>) -> Result<Summary, RestoreError> {
        let started = Instant::now();
        let budget = Budget::new(self.job.resources.lane_bytes());
        let before = self.before().filter(|_| !is_off("ceiling-over-runs"));
        let before: Vec<Tally> = before.map(|before| before.tally).collect();
        let ceiling = Ceiling::new(self.job.rejected.ceiling, before.iter());
        let ends: Mutex<Vec<Option<Result<LaneOutcome, LaneError>>>> = Mutex::default();
        ends.lock().resize_with(self.catalog.lanes.len(), || None);

        let (give, take) = crossbeam_channel::unbounded();
        for lane in self.by_size() {
            // The receiver lives until the end of this function.
            let _ = give.send(lane);
        }
        drop(give);
        let bound = self.target.lanes_at_a_time().unwrap_or(usize::MAX);
        let workers = self.job.resources.lanes.min(bound).clamp(1, self.catalog.lanes.len().max(1));
        thread::scope(|scope| {
            for number in 1..=workers {
                let named = thread::Builder::new().name("lane".to_owned());
                if let Err(source) = named.spawn_scoped(scope, || self.work(&take, &budget, &ceiling, &ends)) {
                    self.stop.stop();
                    return Err(RestoreError::Thread { number, wanted: workers, source });
                }
            }
            Ok(())
        })?;

        let mut lanes = Vec::new();
        for (lane, end) in self.catalog.lanes.iter().zip(ends.into_inner()) {
            let (tally, end) = match end {
                Some(outcome) => {
                    let LaneOutcome { tally, end } = outcome?;
                    (tally, end)
                }
                // Done by an earlier run, or not begun before a stop.
                None => self.untouched(lane),
            };
            let before = self.target.before(&lane.source).map(|before| before.tally);
            lanes.push(LaneSummary { source: Arc::clone(&lane.source), before, tally, end });
        }
        findings.extend(self.target.findings());
        Ok(Summary {
            job: self.job.name.clone(),
            target: self.job.target.cluster.to_string(),
            plugins: self.job.plugins.iter().map(|plugin| plugin.name.clone()).collect(),
            lanes,
            duration: started.elapsed(),
            commits: self.target.commits(),
            findings,
        })
    }

    /// Takes lane after lane until none is left or a stop is asked for.
    fn work(
        &self,
        lanes: &Receiver<usize>,
        budget: &Budget,
        ceiling: &Ceiling,
        ends: &Mutex<Vec<Option<Result<LaneOutcome, LaneError>>>>,
    ) {
        while let Ok(index) = lanes.try_recv() {
            if self.stop.is_stopped() {
                return;
            }
            let Some(lane) = self.catalog.lanes.get(index) else { continue };
            // A panic in a stage is caught there; this is for what comes before: plugins and target are opened.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.lane(index, lane, budget, ceiling)))
                .unwrap_or_else(|panic| Err(panicked(&lane.source, "opening", &*panic)));
            if outcome.is_err() {
                self.stop.stop();
            }
            if let Some(end) = ends.lock().get_mut(index) {
                *end = outcome.transpose();
            }
        }
    }

    /// Runs lane `index` of the catalog; `None` for one that an earlier run has finished.
    fn lane(
        &self,
        index: usize,
        lane: &catalog::Lane,
        budget: &Budget,
        ceiling: &Ceiling,
    ) -> Result<Option<LaneOutcome>, LaneError> {
        let Some(progress) = self.progress.lanes().get(index) else { return Ok(None) };
        let before = self.target.before(&lane.source).unwrap_or_default();
        progress.written_up_to(before.tally.up_to.clone());
        if before.complete {
            progress.finish();
            return Ok(None);
        }
        let target_topic = self.job.target.topic(&lane.source.topic);
        let transform = self.passage.open(&lane.source, target_topic)?;
        let done = before.tally.up_to.as_ref().map(|up_to| (up_to, &before.files_left));
        let lane = Lane {
            source: Arc::clone(&lane.source),
            batches: batches(self.job, self.catalog, lane, done)?,
            transform,
            target: self.target.lane(&lane.source)?,
            from: Restart::from(before.tally.up_to),
            kept: before.kept,
            letters: Letters::new(&self.job.progress.job, &self.job.rejected, self.dead_letters, &lane.source),
            ceiling: ceiling.lane(),
            plugins: self.plugins(),
            budget,
            stop: self.stop,
            progress,
        };
        lane.run().map(Some)
    }

    /// How far earlier runs have come.
    fn before(&self) -> impl Iterator<Item = Standing> {
        self.catalog.lanes.iter().filter_map(|lane| self.target.before(&lane.source))
    }

    /// A lane that this run has nothing to say of.
    fn untouched(&self, lane: &catalog::Lane) -> (Tally, LaneEnd) {
        let before = self.target.before(&lane.source).unwrap_or_default();
        let end = if before.complete { LaneEnd::Complete } else { LaneEnd::Stopped };
        (Tally { up_to: before.tally.up_to, ..Tally::new(self.plugins()) }, end)
    }

    fn plugins(&self) -> usize {
        self.job.plugins.len()
    }

    /// The lanes, largest first: the longest one decides when the restore ends.
    fn by_size(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.catalog.lanes.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(self.catalog.lanes.get(*index).map_or(0, |lane| lane.bytes)));
        order
    }
}

#[cfg(test)]
mod tests;
