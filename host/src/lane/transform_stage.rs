//! The transforming stage: every batch through the plugins, replay included.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use super::Item;
use super::control::Control;
use super::marks::records_before;
use crate::batch::{Batch, Outputs};
use crate::plugin::{PluginError, Transform};
use crate::position::Place;
use crate::report::{PluginCounts, Volume};

/// A batch after the plugins, with what there is to count of it.
pub(super) struct Transformed {
    pub(super) outputs: Outputs,
    /// What was read for it.
    pub(super) read: Volume,
    /// What each plugin did.
    pub(super) plugins: Vec<PluginCounts>,
    /// The place of its last source record.
    pub(super) last: Place,
}

/// Transforms until the queue ends. Returns quietly when the next stage has gone.
pub(super) fn run(
    mut transform: Box<dyn Transform>,
    plugins: usize,
    control: &Control,
    queue: Receiver<Item<Arc<Batch>>>,
    out: Sender<Item<Transformed>>,
) -> Result<(), PluginError> {
    let mut uncounted = vec![PluginCounts::default(); plugins];
    let mut replay_until: Option<Place> = None;
    for item in queue {
        let next = match item {
            Item::Restart { generation, until } => {
                if generation > 0 {
                    transform.reset()?;
                }
                replay_until.clone_from(&until);
                Item::Restart { generation, until }
            }
            Item::Payload { generation, payload: batch, mut permit } => {
                if generation < control.generation() {
                    continue;
                }
                let Some(fresh) = replay(&mut *transform, batch, &mut replay_until, &mut uncounted)? else {
                    continue;
                };
                let read = Volume::new(fresh.len() as u64, fresh.columns.record_bytes() as u64);
                let last = fresh.place(fresh.len() - 1);
                let mut plugins = vec![PluginCounts::default(); plugins];
                let outputs = transform.process(fresh, &mut plugins)?;
                permit.grow(outputs.patches.bytes());
                Item::Payload { generation, payload: Transformed { outputs, read, plugins, last }, permit }
            }
            Item::End { generation, complete } => Item::End { generation, complete },
        };
        if out.send(next).is_err() {
            break;
        }
    }
    Ok(())
}

/// Passes what comes before `until` over the transform, throws the answers away and returns the rest.
fn replay(
    transform: &mut dyn Transform,
    batch: Arc<Batch>,
    until: &mut Option<Place>,
    uncounted: &mut [PluginCounts],
) -> Result<Option<Arc<Batch>>, PluginError> {
    let Some(place) = until else {
        return Ok((!batch.is_empty()).then_some(batch));
    };
    let before = records_before(&batch, place);
    if before > 0 {
        transform.process(Arc::new(batch.slice(0, before)), uncounted)?;
    }
    if before == batch.len() {
        return Ok(None);
    }
    *until = None;
    Ok(Some(if before == 0 { batch } else { Arc::new(batch.slice(before, batch.len() - before)) }))
}
