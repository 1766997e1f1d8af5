//! Where records go: Kafka, or nothing, or memory.

use crate::batch::Outputs;
use crate::position::TopicPartition;

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
}

/// What one call of [`LaneTarget::send`] handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Records.
    pub records: u64,
    /// Bytes of keys, values and headers.
    pub bytes: u64,
}

/// What can go wrong at the target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {}

impl crate::failure::Explain for TargetError {
    fn exit(&self) -> crate::failure::Exit {
        match *self {}
    }
}
