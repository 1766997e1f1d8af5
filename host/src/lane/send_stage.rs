//! The sending stage: hands batches to the target in order, counts, commits when it is time, and asks for
//! rewinds.
//!
//! A target that commits while the lane runs says when ([`LaneTarget::commit_by`]), and the stage wakes up for it
//! where no batch comes. What a target takes back is counted once all the same: with each commit the tally is kept, and
//! a rewind goes back to what was kept.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::Item;
use super::control::Control;
use super::transform_stage::Transformed;
use crate::catalog::Finished;
use crate::position::{Place, Restart};
use crate::report::{LaneProgress, Tally, Volume};
use crate::stop::StopSignal;
use crate::target::{LaneTarget, Standing, TargetError};

/// What the stage came to.
pub(super) struct Sent {
    /// What was counted up to the last commit.
    pub(super) tally: Tally,
    /// Whether the lane's end was reached and committed, rather than a stop.
    pub(super) complete: bool,
}

/// Sends until the lane's end is committed, or a stop is asked for. A queue that ends without an
/// [`Item::End`] is an earlier stage's error, and what was sent is committed all the same.
#[expect(clippy::too_many_arguments, reason = "a stage is handed its parts once, by the lane alone")]
pub(super) fn run(
    target: Box<dyn LaneTarget>,
    from: &Restart,
    plugins: usize,
    finished: Option<Arc<Finished>>,
    control: &Control,
    stop: &StopSignal,
    progress: &LaneProgress,
    queue: Receiver<Item<Transformed>>,
) -> Result<Sent, TargetError> {
    let mut tally = Tally::new(plugins);
    if let Restart::After(done) = from {
        tally.up_to = Some(done.clone());
    }
    let committed = tally.clone();
    let mut sending = Sending { target, finished, control, progress, tally, committed, attempted: None, generation: 0 };
    let sent = sending.run(stop, queue);
    if sent.is_err() {
        sending.target.abandon();
    }
    // Also, and above all, after a failure.
    sending.say_how_far();
    progress.counted(sending.committed.clone());
    sent.map(|complete| Sent { tally: sending.committed, complete })
}

struct Sending<'a> {
    target: Box<dyn LaneTarget>,
    finished: Option<Arc<Finished>>,
    control: &'a Control,
    progress: &'a LaneProgress,
    /// What was counted of everything handed to the target.
    tally: Tally,
    /// What was counted at the last commit.
    committed: Tally,
    /// What was counted at the last attempt to commit, which may have come through without a word.
    attempted: Option<Tally>,
    generation: u64,
}

impl Sending<'_> {
    /// Whether the end of the lane was reached.
    fn run(&mut self, stop: &StopSignal, queue: Receiver<Item<Transformed>>) -> Result<bool, TargetError> {
        loop {
            let item = match self.target.commit_by() {
                // Also where batches come faster than they can be sent.
                Some(due) if due <= Instant::now() => Err(RecvTimeoutError::Timeout),
                Some(due) => queue.recv_deadline(due),
                None => queue.recv().map_err(RecvTimeoutError::from),
            };
            if stop.is_stopped() {
                // What waits in the queues is left for the next time: reading it again is cheaper than waiting for it.
                self.commit(false)?;
                self.control.close();
                return Ok(false);
            }
            match item {
                Err(RecvTimeoutError::Timeout) => {
                    self.commit(false)?;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.commit(false)?;
                    return Ok(false);
                }
                Ok(Item::Restart { .. }) => {}
                Ok(Item::Payload { generation, .. } | Item::End { generation, .. }) if generation < self.generation => {
                }
                Ok(Item::Payload { payload, permit, .. }) => {
                    let sent = self.target.send(&payload.outputs)?;
                    drop(permit);
                    self.count(payload, sent.by_topic);
                    self.rewind_if_wanted();
                    self.say_how_far();
                }
                Ok(Item::End { complete, .. }) => {
                    if self.commit(complete)? {
                        self.control.close();
                        if complete {
                            self.progress.finish();
                        }
                        return Ok(complete);
                    }
                }
            }
        }
    }

    fn count(&mut self, payload: Transformed, sent: Vec<(Arc<str>, Volume)>) {
        let mut volume = Volume::default();
        for (topic, written) in sent {
            volume += written;
            self.tally.wrote(&topic, written);
        }
        self.tally.read += payload.read;
        self.tally.plugins.iter_mut().zip(&payload.plugins).for_each(|(sum, counts)| sum.add(counts));
        self.tally.up_to = Some(payload.last);
        self.progress.add_written(volume);
    }

    /// Whether everything sent is final now, and not taken back.
    fn commit(&mut self, complete: bool) -> Result<bool, TargetError> {
        self.attempted = Some(self.tally.clone());
        let file_left = self
            .finished
            .as_ref()
            .zip(self.tally.up_to.as_ref())
            .and_then(|(finished, up_to)| finished.first_left(up_to));
        self.target.commit(&Standing { tally: self.tally.clone(), complete, file_left })?;
        let taken_back = self.rewind_if_wanted();
        if !taken_back {
            self.committed.clone_from(&self.tally);
        }
        self.say_how_far();
        Ok(!taken_back)
    }

    fn rewind_if_wanted(&mut self) -> bool {
        let Some(to) = self.target.take_rewind() else { return false };
        if let Some(attempted) = self.attempted.take()
            && Restart::from(attempted.up_to.clone()) == to
        {
            self.committed = attempted;
        }
        self.tally.clone_from(&self.committed);
        self.control.rewind(to);
        self.generation += 1;
        true
    }

    fn say_how_far(&self) {
        let sent: Option<&Place> = self.tally.up_to.as_ref();
        self.progress.written_up_to(self.target.written_up_to(sent));
    }
}
