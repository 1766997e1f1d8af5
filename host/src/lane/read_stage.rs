//! The reading stage: batches of the lane in order, from a place on, as often as it is sent back.

use std::sync::Arc;

use crossbeam_channel::Sender;

use super::control::{Control, Order};
use super::marks::Marks;
use super::{Budget, Item};
use crate::batch::Batch;
use crate::catalog::{BatchSource, LaneStatistics};
use crate::plugin::State;
use crate::position::{Place, Restart};
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
    let (mut marks, mut short) = (Marks::default(), Short::default());
    let mut generation = 0;
    let mut at = from;
    if let Restart::After(_) = &at {
        // Nothing was read yet, so a window is replayed from the beginning.
        at = go_back(&mut *batches, &mut marks, at, state)?;
    }
    if out.send(Item::Restart { generation, at }).is_err() {
        return Ok(batches.statistics());
    }
    let mut order = Order::Continue;
    loop {
        match order {
            Order::Close => return Ok(batches.statistics()),
            Order::Rewind { generation: newer, to } => {
                generation = newer;
                short = Short::default();
                let at = go_back(&mut *batches, &mut marks, to, state)?;
                if out.send(Item::Restart { generation, at }).is_err() {
                    return Ok(batches.statistics());
                }
            }
            Order::Continue => {}
        }
        let payload = if stop.is_stopped() { Vec::new() } else { short.collect(&mut *batches)? };
        if payload.is_empty() {
            let complete = !stop.is_stopped();
            if out.send(Item::End { generation, complete }).is_err() {
                return Ok(batches.statistics());
            }
            order = control.wait(generation);
            continue;
        }
        payload.iter().for_each(|batch| marks.note(batch));
        let bytes = payload.iter().map(|batch| batch.columns.bytes()).sum();
        let Some(permit) = budget.take(bytes, || control.is_closed()) else {
            return Ok(batches.statistics());
        };
        if out.send(Item::Payload { generation, payload, permit }).is_err() {
            return Ok(batches.statistics());
        }
        order = control.poll(generation);
    }
}

/// Goes to where reading has to begin so that the lane goes on at `to`, and gives the place up to which what comes is
/// replay.
fn go_back(batches: &mut dyn BatchSource, marks: &mut Marks, to: Restart, state: State) -> Result<Restart, ReadError> {
    let from = marks.rewind(&to, state);
    batches.seek(from.as_ref())?;
    Ok(match (to, from) {
        // Nothing comes again of a strand that stands there already.
        (Restart::After(Place::Each(to)), Some(Place::Each(from))) => {
            let left = to.apart_from(&from);
            if left.is_empty() { Restart::Beginning } else { Restart::After(Place::Each(left)) }
        }
        (to, _) => to,
    })
}

/// Short batches of a merged lane that travel together: for each by itself the stages would wait for each other.
#[derive(Default)]
struct Short {
    /// What was read behind them, or went wrong.
    next: Option<Result<Option<Arc<Batch>>, ReadError>>,
}

impl Short {
    /// Records that travel together at most, unless a batch has more.
    const RECORDS: usize = 512;
    /// The same in bytes.
    const BYTES: usize = 32 << 10;

    /// The next batches; none at the end of the lane.
    fn collect(&mut self, batches: &mut dyn BatchSource) -> Result<Vec<Arc<Batch>>, ReadError> {
        let mut read = || self.next.take().unwrap_or_else(|| batches.next());
        let mut collected = Vec::new();
        let (mut records, mut bytes) = (0, 0);
        loop {
            let next = match read() {
                Ok(Some(next)) => next,
                // What came before an error is restored.
                end => {
                    if collected.is_empty() {
                        return end.map(|_| collected);
                    }
                    self.next = Some(end);
                    return Ok(collected);
                }
            };
            (records, bytes) = (records + next.len(), bytes + next.columns.bytes());
            // Nothing was found, and whoever asks may stop.
            let is_short = next.strand.is_some() && !next.is_empty();
            collected.push(next);
            if !is_short || records >= Self::RECORDS || bytes >= Self::BYTES {
                return Ok(collected);
            }
        }
    }
}
