//! The reading stage: batches of the lane in order, from a place on, as often as it is sent back.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::control::{Control, Order};
use super::marks::Marks;
use super::{Budget, Item};
use crate::batch::Batch;
use crate::catalog::{BatchSource, LaneStatistics};
use crate::plugin::State;
use crate::position::Restart;
use crate::read::ReadError;
use crate::stop::StopSignal;

/// Reads until the lane is over and returns what was noticed. Ends quietly when the next stage has
/// gone: it has its own error.
pub(super) fn run(
    mut batches: Box<dyn BatchSource>,
    state: State,
    from: Restart,
    control: &Control,
    budget: &Budget,
    stop: &StopSignal,
    out: Sender<Item<Arc<Batch>>>,
) -> Result<LaneStatistics, ReadError> {
    let mut marks = Marks::default();
    let mut generation = 0;
    if let Restart::After(_) = &from {
        // Nothing was read yet, so a window is replayed from the beginning.
        batches.seek(marks.rewind(&from, state).as_ref())?;
    }
    if out.send(Item::Restart { generation, at: from }).is_err() {
        return Ok(batches.statistics());
    }
    let mut order = Order::Continue;
    loop {
        match order {
            Order::Close => return Ok(batches.statistics()),
            Order::Rewind { generation: newer, to } => {
                generation = newer;
                batches.seek(marks.rewind(&to, state).as_ref())?;
                if out.send(Item::Restart { generation, at: to }).is_err() {
                    return Ok(batches.statistics());
                }
            }
            Order::Continue => {}
        }
        let next = if stop.is_stopped() { None } else { batches.next()? };
        let Some(batch) = next else {
            let complete = !stop.is_stopped();
            if out.send(Item::End { generation, complete }).is_err() {
                return Ok(batches.statistics());
            }
            order = control.wait(generation);
            continue;
        };
        marks.note(&batch);
        let Some(permit) = budget.take(batch.columns.bytes(), || control.is_closed()) else {
            return Ok(batches.statistics());
        };
        if out.send(Item::Payload { generation, payload: batch, permit }).is_err() {
            return Ok(batches.statistics());
        }
        order = control.poll(generation);
    }
}
