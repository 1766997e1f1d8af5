//! Who is to blame for a call that failed.
//!
//! A wall-clock deadline only interrupts: a busy machine must not condemn a record. The batch is
//! bisected in fresh instances whose state is built anew, and a record is blamed only if it fails by
//! itself against a fixed budget of instructions and memory. If none does, the batch is tried once
//! more as a whole; if that fails, its range is named.
//!
//! Who goes on without the guilty record does so with an instance that has not seen it ([`rebuild`]).

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Batch;

use super::engine::Metering;
use super::fault::Fault;
use super::instance::{Instance, Lane};
use super::lift::Answer;
use super::loaded::Loaded;
use super::past::Past;
use super::{PluginError, State};

/// Instances that one investigation may take.
const TRIALS: usize = 256;

/// The least time that a part of a batch gets.
const LEAST: Duration = Duration::from_millis(250);

const STATEFUL: &str = "the plugin's state goes back to the lane's beginning, so that no record can be tried by itself";
const FAR: &str = "the plugin's window reaches back over more than the 64 MiB of records that are kept, so that no \
                   record can be tried by itself";
const PAST: &str = "the records before, which it passed, make it fail now, so that its state cannot be built anew";
const TOGETHER: &str = "no record of these fails by itself, but together they failed twice";

/// What an investigation comes to.
pub(super) enum Verdict {
    /// It passed when it was tried again, in this instance.
    Passed(Box<Instance>, Box<Answer>),
    /// The record at this row fails by itself.
    Guilty(usize, Fault),
}

/// Tries to find out why `batch` failed with `fault`, or to get it done after all.
///
/// # Errors
/// The fault with the range of the batch, where no record is known to be guilty.
pub(super) fn investigate(
    loaded: &Loaded,
    lane: &Lane,
    past: &Past,
    batch: &Arc<Batch>,
    fault: Fault,
) -> Result<Verdict, PluginError> {
    let case = Case { loaded, lane, past, batch };
    if past.before(batch, 0).is_none() {
        let note = if matches!(loaded.description.state, State::Window(_)) { FAR } else { STATEFUL };
        return Err(case.unproven(fault, note));
    }
    let mut trials = TRIALS;
    if let Some((row, fault)) = case.search(0..batch.len(), &mut trials)? {
        return Ok(Verdict::Guilty(row, fault));
    }
    match case.attempt(0..batch.len(), Metering::Time, loaded.limits.time)? {
        Attempt::Passed(mut instance, answer) => {
            instance.mute(false);
            tracing::warn!(
                plugin = &*loaded.label,
                lane = %lane.source,
                "the plugin {fault} in {} to {}, but not when it was tried again",
                batch.position(0),
                batch.position(batch.len() - 1),
            );
            Ok(Verdict::Passed(instance, answer))
        }
        Attempt::Failed(fault) => Err(case.unproven(fault, TOGETHER)),
        Attempt::Lost => Err(case.unproven(fault, TOGETHER)),
    }
}

/// A fresh instance with the state that it would have before `batch`.
///
/// # Errors
/// A plugin that does not pass again what it passed before.
pub(super) fn rebuild(
    loaded: &Loaded,
    lane: &Lane,
    past: &Past,
    batch: &Arc<Batch>,
    fault: Fault,
) -> Result<Instance, PluginError> {
    let case = Case { loaded, lane, past, batch };
    match case.with_state(0, Metering::Time)? {
        Some(mut instance) => {
            instance.mute(false);
            Ok(instance)
        }
        None => Err(case.unproven(fault, PAST)),
    }
}

/// A batch under investigation.
struct Case<'a> {
    loaded: &'a Loaded,
    lane: &'a Lane,
    past: &'a Past,
    batch: &'a Arc<Batch>,
}

/// How an attempt at some rows ended.
enum Attempt {
    Passed(Box<Instance>, Box<Answer>),
    Failed(Fault),
    /// The state before the rows could not be built.
    Lost,
}

impl Case<'_> {
    /// A row of `rows` that fails by itself, and how.
    fn search(&self, rows: Range<usize>, trials: &mut usize) -> Result<Option<(usize, Fault)>, PluginError> {
        if rows.len() <= 1 {
            return Ok(match self.attempt(rows.clone(), Metering::Fuel, self.loaded.limits.time)? {
                Attempt::Failed(fault) => Some((rows.start, fault)),
                Attempt::Passed(..) | Attempt::Lost => None,
            });
        }
        let middle = rows.start + rows.len() / 2;
        for half in [rows.start..middle, middle..rows.end] {
            let Some(left) = trials.checked_sub(1) else { return Ok(None) };
            *trials = left;
            // A share of the time tells a suspect; only the budget of a single record tells the guilty.
            let share = self.loaded.limits.time.mul_f64(half.len() as f64 / self.batch.len() as f64);
            let suspect = half.len() == 1
                || matches!(self.attempt(half.clone(), Metering::Time, share.max(LEAST))?, Attempt::Failed(_));
            if suspect && let Some(found) = self.search(half, trials)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Hands `rows` to a fresh instance with the state that it would have had.
    fn attempt(&self, rows: Range<usize>, metering: Metering, time: Duration) -> Result<Attempt, PluginError> {
        let Some(mut instance) = self.with_state(rows.start, metering)? else { return Ok(Attempt::Lost) };
        let whole = rows.len() == self.batch.len();
        let batch = if whole { Arc::clone(self.batch) } else { Arc::new(self.batch.slice(rows.start, rows.len())) };
        Ok(match instance.process(self.loaded, &batch, time) {
            Ok(answer) => Attempt::Passed(Box::new(instance), Box::new(answer)),
            Err(fault) => Attempt::Failed(fault),
        })
    }

    /// A fresh, muted instance with the state that it would have before row `row`; `None` where it cannot be built.
    fn with_state(&self, row: usize, metering: Metering) -> Result<Option<Instance>, PluginError> {
        let Some(replayed) = self.past.before(self.batch, row) else { return Ok(None) };
        let mut instance = Instance::start(self.loaded, self.lane, metering)?;
        instance.mute(true);
        for batch in &replayed {
            if instance.process(self.loaded, batch, self.loaded.limits.time).is_err() {
                return Ok(None);
            }
        }
        instance.counters().clear();
        Ok(Some(instance))
    }

    /// A fault of which only the batch is known.
    fn unproven(&self, fault: Fault, note: &'static str) -> PluginError {
        PluginError::Fault {
            plugin: self.loaded.label.to_string(),
            first: self.batch.position(0),
            last: Some(self.batch.position(self.batch.len() - 1)),
            fault,
            note: Some(note),
        }
    }
}
