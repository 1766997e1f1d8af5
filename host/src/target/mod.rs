//! Where records go: Kafka, or nothing, or memory.

use std::sync::Arc;

use crate::batch::Outputs;
use crate::position::{Place, TopicPartition};
use crate::report::Volume;

/// A place that records are written to.
pub trait Target: Send + Sync {
    /// Opens the way of one lane to the target.
    ///
    /// # Errors
    /// A target that does not take what the lane would send.
    fn lane(&self, source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError>;
}

/// The way of one lane to a target. What is sent arrives in the order it was sent.
pub trait LaneTarget: Send {
    /// Hands over the output records; blocks while the target's queue is full. Returns what was
    /// handed over, by target topic.
    ///
    /// # Errors
    /// A record that cannot be sent, or one sent earlier that failed; the message names its position.
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError>;

    /// Waits until everything sent is acknowledged.
    ///
    /// # Errors
    /// The first record that was not, with its position.
    fn flush(&mut self) -> Result<(), TargetError>;

    /// Asked after each [`Self::send`] and [`Self::flush`]: the place that the lane must go back to,
    /// because the target took back what was sent from there on. The lane then sends everything from
    /// that place on again. A target that takes nothing back keeps this default.
    fn take_rewind(&mut self) -> Option<Place> {
        None
    }
}

/// What one call of [`LaneTarget::send`] handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Records and their bytes, by target topic; a topic may come up more than once.
    pub by_topic: Vec<(Arc<str>, Volume)>,
}

/// What can go wrong at the target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {}

impl crate::failure::Explain for TargetError {
    fn exit(&self) -> crate::failure::Exit {
        match *self {}
    }
}
