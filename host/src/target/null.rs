//! The target that forgets: records are walked and counted, as a broker's price is left out.

use super::{LaneTarget, Sent, Target, TargetError};
use crate::batch::Outputs;
use crate::position::TopicPartition;

/// Takes everything and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullTarget;

impl Target for NullTarget {
    fn lane(&self, _source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError> {
        Ok(Box::new(Self))
    }
}

impl LaneTarget for NullTarget {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let mut sent = Sent::default();
        for row in outputs.rows() {
            sent.add(&row);
        }
        Ok(sent)
    }

    fn flush(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
}
