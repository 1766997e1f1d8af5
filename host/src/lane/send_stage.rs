//! The sending stage: hands batches to the target in order, counts, commits when it is time, and asks for
//! rewinds.
//!
//! A target that commits while the lane runs says when ([`LaneTarget::commit_by`]), and the stage wakes up for it
//! where no batch comes. What a target takes back is counted once all the same: with each commit the tally is kept, and
//! a rewind goes back to what was kept.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::control::Control;
use super::letters::Failed;
use super::transform_stage::Transformed;
use super::{Item, LaneError, Letters};
use crate::aside::{Kept, LaneCeiling, SetAside, Why};
use crate::catalog::Finished;
use crate::mechanism::is_off;
use crate::position::{Place, Restart};
use crate::report::{LaneProgress, PluginCounts, Tally, Volume};
use crate::stop::StopSignal;
use crate::target::{LaneTarget, NotTaken, Standing};

/// What the stage came to.
pub(super) struct Sent {
    /// What was counted up to the last commit.
    pub(super) tally: Tally,
    /// Whether the lane's end was reached and committed, rather than a stop.
    pub(super) complete: bool,
}

/// What the stage works with.
pub(super) struct Parts<'a> {
    pub(super) target: Box<dyn LaneTarget>,
    pub(super) finished: Option<Finished>,
    pub(super) letters: Letters,
    pub(super) ceiling: LaneCeiling<'a>,
    pub(super) control: &'a Control,
    pub(super) progress: &'a LaneProgress,
}

/// What a rewind takes back.
#[derive(Clone)]
pub(super) struct Counted {
    /// What this run counted.
    tally: Tally,
    /// What all runs kept.
    kept: Kept,
}

impl Counted {
    /// Nothing counted yet, of a lane that goes on at `from`.
    pub(super) fn new(from: &Restart, kept: Kept, plugins: usize) -> Self {
        let mut tally = Tally::new(plugins);
        if let Restart::After(done) = from {
            tally.up_to = Some(done.clone());
        }
        Self { tally, kept }
    }
}

/// Sends until the lane's end is committed, or a stop is asked for. A queue that ends without an
/// [`Item::End`] is an earlier stage's error, and what was sent is committed all the same.
pub(super) fn run(
    parts: Parts<'_>,
    begun: Counted,
    stop: &StopSignal,
    queue: Receiver<Item<Transformed>>,
) -> Result<Sent, LaneError> {
    let last = begun.tally.up_to.clone();
    let mut sending = Sending { parts, now: begun.clone(), committed: begun, attempted: None, last, generation: 0 };
    let sent = sending.run(stop, queue);
    if sent.is_err() {
        sending.parts.target.abandon();
        // The lane's error is told; what cannot be deleted now is by the next start.
        if let Err(error) = sending.parts.letters.take_back(&sending.committed.kept.files) {
            tracing::warn!("{error}");
        }
    }
    // Also, and above all, after a failure.
    sending.say_how_far();
    let Counted { tally, kept } = &sending.committed;
    sending.parts.progress.counted(tally.clone(), kept.files.clone());
    sent.map(|complete| Sent { tally: sending.committed.tally, complete })
}

struct Sending<'a> {
    parts: Parts<'a>,
    /// Of everything handed to the target.
    now: Counted,
    /// At the last commit.
    committed: Counted,
    /// At the last attempt to commit, which may have come through without a word.
    attempted: Option<Counted>,
    /// The last record that was handed to the target.
    last: Option<Place>,
    generation: u64,
}

impl Sending<'_> {
    /// Whether the end of the lane was reached.
    fn run(&mut self, stop: &StopSignal, queue: Receiver<Item<Transformed>>) -> Result<bool, LaneError> {
        loop {
            let item = match self.parts.target.commit_by() {
                // Also where batches come faster than they can be sent.
                Some(due) if due <= Instant::now() => Err(RecvTimeoutError::Timeout),
                Some(due) => queue.recv_deadline(due),
                None => queue.recv().map_err(RecvTimeoutError::from),
            };
            if stop.is_stopped() {
                // What waits in the queues is left for the next time: reading it again is cheaper than waiting for it.
                if !is_off("signal-commits") {
                    self.commit(false)?;
                }
                self.parts.control.close();
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
                Ok(Item::Payload { generation, payload, permit }) => {
                    for transformed in payload {
                        if self.generation > generation {
                            // What comes behind was taken back with it.
                            break;
                        }
                        self.send(transformed)?;
                    }
                    drop(permit);
                    self.say_how_far();
                }
                Ok(Item::End { complete, .. }) => {
                    if self.commit(complete)? {
                        self.parts.control.close();
                        if complete {
                            self.parts.progress.finish();
                        }
                        return Ok(complete);
                    }
                }
            }
        }
    }

    /// Hands over what came of a batch, and keeps what did not.
    fn send(&mut self, payload: Transformed) -> Result<(), LaneError> {
        let Transformed { outputs, source, mut aside, read, plugins, last } = payload;
        let sent = self.parts.target.send(&outputs)?;
        if self.rewind_if_wanted()? {
            return Ok(());
        }
        if !sent.aside.is_empty() {
            let set_aside = |NotTaken { place, cause, reason, detail }| {
                let row = source.rows_at(&place).start;
                SetAside { row, cause, plugin: None, reason, detail: Some(detail) }
            };
            aside.extend(sent.aside.into_iter().map(set_aside));
            aside.sort_by_key(|each| each.row);
        }
        if !aside.is_empty() {
            let files = &mut self.now.kept.files;
            match self.parts.letters.keep(&source, &aside, &mut *self.parts.target, files) {
                Ok(()) => {}
                Err(Failed::Target(error)) => return Err(error.into()),
                Err(Failed::Files(error)) => return Err(error.into()),
            }
            if self.rewind_if_wanted()? {
                return Ok(());
            }
        }
        self.count(read, &plugins, last, sent.by_topic);
        for each in &aside {
            let plugin = each.plugin.as_ref();
            self.now.kept.keep(&source.place(each.row), each.cause, plugin.map(|plugin| plugin.index));
            let why = Why {
                cause: each.cause,
                plugin: plugin.map(|plugin| plugin.label.to_string()),
                reason: each.reason.clone(),
                policy: self.parts.letters.policy(each),
            };
            self.now.tally.aside.count(why, 1);
        }
        let told = |index: usize| {
            let SetAside { row, reason, detail, .. } = &aside[index];
            (source.position(*row), detail.as_ref().unwrap_or(reason).clone())
        };
        Ok(self.parts.ceiling.count(&self.now.tally, aside.len(), told)?)
    }

    fn count(&mut self, read: Volume, plugins: &[PluginCounts], last: Place, sent: Vec<(Arc<str>, Volume)>) {
        let tally = &mut self.now.tally;
        sent.into_iter().for_each(|(topic, written)| tally.wrote(&topic, written));
        tally.read += read;
        tally.plugins.iter_mut().zip(plugins).for_each(|(sum, counts)| sum.add(counts));
        self.last = Some(last.clone());
        Place::advance(&mut tally.up_to, last);
        self.say_what_is_done();
    }

    /// Whether everything sent is final now, and not taken back.
    fn commit(&mut self, complete: bool) -> Result<bool, LaneError> {
        // Before the target's own: what it lists is there.
        self.parts.letters.write(&mut self.now.kept.files)?;
        self.attempted = Some(self.now.clone());
        let Counted { tally, kept } = self.now.clone();
        let finished = self.parts.finished.as_ref().zip(tally.up_to.as_ref());
        let files_left = finished.map(|(finished, up_to)| finished.first_left(up_to)).unwrap_or_default();
        self.parts.target.commit(&Standing { tally, kept, complete, files_left })?;
        let taken_back = self.rewind_if_wanted()?;
        if !taken_back {
            self.committed.clone_from(&self.now);
            self.parts.letters.committed();
            let Counted { tally, kept } = &self.committed;
            self.parts.progress.counted(tally.clone(), kept.files.clone());
        }
        self.say_how_far();
        Ok(!taken_back)
    }

    fn rewind_if_wanted(&mut self) -> Result<bool, LaneError> {
        let Some(to) = self.parts.target.take_rewind() else { return Ok(false) };
        if let Some(attempted) = self.attempted.take()
            && Restart::from(attempted.tally.up_to.clone()) == to
        {
            self.committed = attempted;
        }
        if !is_off("counts-go-back") {
            self.now.clone_from(&self.committed);
            self.last.clone_from(&self.now.tally.up_to);
        }
        self.say_what_is_done();
        // Before the lane goes on: nothing of what it writes again is there twice.
        self.parts.letters.take_back(&self.committed.kept.files)?;
        self.parts.ceiling.count(&self.now.tally, 0, |_| Default::default())?;
        self.parts.control.rewind(to);
        self.generation += 1;
        Ok(true)
    }

    fn say_what_is_done(&self) {
        let Tally { read, .. } = &self.now.tally;
        self.parts.progress.done_with(*read, self.now.tally.total_written());
    }

    fn say_how_far(&self) {
        self.parts.progress.written_up_to(self.parts.target.written_up_to(self.last.as_ref()));
    }
}
