//! The sending stage: hands batches to the target in order, counts, and asks for rewinds.

use crossbeam_channel::Receiver;

use super::Item;
use super::control::Control;
use super::transform_stage::Transformed;
use crate::position::Place;
use crate::report::{LaneProgress, Tally, Volume};
use crate::target::{LaneTarget, TargetError};

/// What the stage came to.
pub(super) struct Sent {
    pub(super) tally: Tally,
    /// Whether the lane's end was reached and acknowledged, rather than a stop.
    pub(super) complete: bool,
}

/// Sends until the lane's end is acknowledged. A queue that ends without an [`Item::End`] is an
/// earlier stage's error, and what was sent is flushed all the same.
///
/// After a rewind the tally counts what is sent again a second time.
pub(super) fn run(
    mut target: Box<dyn LaneTarget>,
    plugins: usize,
    control: &Control,
    progress: &LaneProgress,
    queue: Receiver<Item<Transformed>>,
) -> Result<Sent, TargetError> {
    let mut up_to: Option<Place> = None;
    let sent = send(&mut *target, plugins, control, progress, queue, &mut up_to);
    if sent.is_err() {
        // What came before the record that cannot be sent is written; where it was not, that is the error already.
        let _ = target.flush();
    }
    // Also, and above all, after a failure.
    progress.written_up_to(target.written_up_to(up_to.as_ref()));
    sent
}

fn send(
    target: &mut dyn LaneTarget,
    plugins: usize,
    control: &Control,
    progress: &LaneProgress,
    queue: Receiver<Item<Transformed>>,
    up_to: &mut Option<Place>,
) -> Result<Sent, TargetError> {
    let mut tally = Tally::new(plugins);
    let mut generation = 0;
    for item in queue {
        match item {
            Item::Restart { .. } => {}
            Item::Payload { generation: of, payload, permit } => {
                if of < generation {
                    continue;
                }
                let sent = target.send(&payload.outputs)?;
                drop(permit);
                let mut volume = Volume::default();
                for (topic, written) in sent.by_topic {
                    volume += written;
                    tally.wrote(&topic, written);
                }
                tally.read += payload.read;
                tally.plugins.iter_mut().zip(&payload.plugins).for_each(|(sum, counts)| sum.add(counts));
                progress.add_written(volume);
                *up_to = Some(payload.last);
                progress.written_up_to(target.written_up_to(up_to.as_ref()));
                generation = rewind_if_wanted(target, control, generation);
            }
            Item::End { generation: of, complete } => {
                if of < generation {
                    continue;
                }
                target.flush()?;
                let before = generation;
                generation = rewind_if_wanted(target, control, generation);
                if generation == before {
                    control.close();
                    // A lane that was stopped, by whatever befell another, has not come to its end.
                    if complete {
                        progress.finish();
                    }
                    tally.up_to = up_to.clone();
                    return Ok(Sent { tally, complete });
                }
            }
        }
    }
    target.flush()?;
    tally.up_to = up_to.clone();
    Ok(Sent { tally, complete: false })
}

fn rewind_if_wanted(target: &mut dyn LaneTarget, control: &Control, generation: u64) -> u64 {
    match target.take_rewind() {
        Some(to) => {
            control.rewind(to);
            generation + 1
        }
        None => generation,
    }
}
