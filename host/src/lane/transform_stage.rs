//! The transforming stage: every batch through the plugins, replay included.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use super::control::Control;
use super::marks::records_up_to;
use super::{Item, LaneError};
use crate::aside::SetAside;
use crate::batch::{Batch, Outputs};
use crate::catalog::LaneError::NoSuchPlace;
use crate::mechanism::is_off;
use crate::plugin::{Passed, PluginError, State, Transform};
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
    let mut replay_until: Option<Place> = None;
    for item in queue {
        let next = match item {
            Item::Restart { generation, at } => {
                if generation > 0 {
                    transform.reset()?;
                }
                replay_until = match &at {
                    Restart::Beginning => None,
                    Restart::After(done) => Some(done.clone()),
                };
                Item::Restart { generation, at }
            }
            Item::Payload { generation, payload: batch, mut permit } => {
                if generation < control.generation() {
                    continue;
                }
                let Some(fresh) = replay(&mut *transform, batch, &mut replay_until, progress)? else {
                    continue;
                };
                let read = Volume::new(fresh.len() as u64, fresh.columns.record_bytes() as u64);
                let last = fresh.place(fresh.len() - 1);
                let mut plugins = vec![PluginCounts::default(); plugins];
                let Passed { outputs, aside } = transform.process(Arc::clone(&fresh), &mut plugins)?;
                permit.grow(outputs.patches.bytes());
                Item::Payload {
                    generation,
                    payload: Transformed { outputs, source: fresh, aside, read, plugins, last },
                    permit,
                }
            }
            Item::End { generation, complete } => {
                if let Some(place @ Place::Row { .. }) = &replay_until
                    && complete
                    && generation == control.generation()
                    && !is_off("place-of-rows")
                {
                    // All of the lane was taken for what comes before it.
                    let position = lane.at(place).to_string();
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

/// Passes what comes up to `until` over the transform, throws the answers away and returns the rest.
fn replay(
    transform: &mut dyn Transform,
    batch: Arc<Batch>,
    until: &mut Option<Place>,
    progress: &LaneProgress,
) -> Result<Option<Arc<Batch>>, PluginError> {
    let Some(place) = until else {
        return Ok((!batch.is_empty()).then_some(batch));
    };
    let done = records_up_to(&batch, place);
    if done > 0 && !is_off("replay") {
        transform.replay(Arc::new(batch.slice(0, done)))?;
        if transform.state() != State::None {
            progress.add_replayed(done as u64);
        }
    }
    // At the place itself the replay ends: in a lane of rows nothing that comes later tells that it has been passed.
    if done < batch.len() || done > 0 && batch.place(done - 1) == *place {
        *until = None;
    }
    if done == batch.len() {
        return Ok(None);
    }
    Ok(Some(if done == 0 { batch } else { Arc::new(batch.slice(done, batch.len() - done)) }))
}
