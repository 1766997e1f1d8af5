//! The transforming stage: every batch through the plugins, replay included.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use super::control::Control;
use super::{Item, LaneError, Until};
use crate::aside::SetAside;
use crate::batch::{Batch, Outputs};
use crate::catalog::LaneError::NoSuchPlace;
use crate::mechanism::is_off;
use crate::plugin::{Passed, State, Transform, TransformError};
use crate::position::{Place, Restart, TopicPartition};
use crate::read::ReadError;
use crate::report::{LaneProgress, PluginCounts, Volume};

/// A batch after the plugins, with what there is to count of it.
pub(super) struct Transformed {
    pub(super) outputs: Outputs,
    /// The batch.
    pub(super) source: Arc<Batch>,
    /// The records of it that are set aside, in order.
    pub(super) aside: Vec<SetAside>,
    /// What was read for it.
    pub(super) read: Volume,
    /// What each plugin did.
    pub(super) plugins: Vec<PluginCounts>,
    /// The place of its last source record.
    pub(super) last: Place,
}

/// Transforms until the queue ends. Returns quietly when the next stage has gone.
///
/// # Errors
/// A plugin's, and a lane that does not have the place that it is to go on from.
pub(super) fn run(
    lane: &TopicPartition,
    mut transform: Box<dyn Transform>,
    plugins: usize,
    control: &Control,
    progress: &LaneProgress,
    queue: Receiver<Item<Arc<Batch>>>,
    out: Sender<Item<Transformed>>,
) -> Result<(), LaneError> {
    let mut replay_until = Until::of(&Restart::Beginning);
    for item in queue {
        let next = match item {
            Item::Restart { generation, at } => {
                if generation > 0 {
                    transform.reset()?;
                }
                replay_until = Until::of(&at);
                Item::Restart { generation, at }
            }
            Item::Payload { generation, payload: batches, mut permit } => {
                if generation < control.generation() {
                    continue;
                }
                let mut payload = Vec::with_capacity(batches.len());
                for batch in batches {
                    match pass(&mut *transform, plugins, batch, &mut replay_until, progress) {
                        Ok(None) => {}
                        Ok(Some(transformed)) => {
                            permit.grow(transformed.outputs.patches.bytes());
                            payload.push(transformed);
                        }
                        Err(error) => {
                            // What came before it is restored; whether the next stage has gone makes no difference.
                            let _ = out.send(Item::Payload { generation, payload, permit });
                            return Err(error.into());
                        }
                    }
                }
                if payload.is_empty() {
                    continue;
                }
                Item::Payload { generation, payload, permit }
            }
            Item::End { generation, complete } => {
                if let Some(place) = replay_until.missed()
                    && complete
                    && generation == control.generation()
                    && !is_off("place-of-rows")
                {
                    // All of the lane was taken for what comes before it.
                    let position = lane.at(&place).to_string();
                    return Err(ReadError::from(NoSuchPlace { position }).into());
                }
                Item::End { generation, complete }
            }
        };
        if out.send(next).is_err() {
            break;
        }
    }
    Ok(())
}

/// Passes a batch over the transform; `None` where all of it is replay.
fn pass(
    transform: &mut dyn Transform,
    plugins: usize,
    batch: Arc<Batch>,
    until: &mut Until,
    progress: &LaneProgress,
) -> Result<Option<Transformed>, TransformError> {
    let Some(source) = replay(transform, batch, until, progress)? else { return Ok(None) };
    let read = Volume::new(source.len() as u64, source.columns.record_bytes() as u64);
    let last = source.place(source.len() - 1);
    let mut plugins = vec![PluginCounts::default(); plugins];
    let Passed { outputs, aside } = transform.process(Arc::clone(&source), &mut plugins)?;
    Ok(Some(Transformed { outputs, source, aside, read, plugins, last }))
}

/// Passes what comes up to `until` over the transform, throws the answers away and returns the rest.
fn replay(
    transform: &mut dyn Transform,
    batch: Arc<Batch>,
    until: &mut Until,
    progress: &LaneProgress,
) -> Result<Option<Arc<Batch>>, TransformError> {
    if until.is_passed() {
        return Ok((!batch.is_empty()).then_some(batch));
    }
    let done = until.take(&batch);
    if done > 0 && !is_off("replay") {
        transform.replay(Arc::new(batch.slice(0, done)))?;
        if transform.state() != State::None {
            progress.add_replayed(done as u64);
        }
    }
    if done == batch.len() {
        return Ok(None);
    }
    Ok(Some(if done == 0 { batch } else { Arc::new(batch.slice(done, batch.len() - done)) }))
}
