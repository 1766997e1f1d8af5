//! What keeps a restore from being compared.

use std::io;

use crate::failure::{Exit, Explain};
use crate::lane::{FEWER_LANES, LaneError};
use crate::target::TargetError;

/// What keeps a restore from being compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A job that keeps no progress.
    #[error("there is nothing to compare with: the job keeps no progress")]
    NoProgress,
    /// A lane, from the backup to the target.
    #[error(transparent)]
    Lane(#[from] LaneError),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The machine gives fewer threads than the job asks for.
    #[error("the machine gives no thread for a lane")]
    Thread(#[source] io::Error),
}

impl Explain for VerifyError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoProgress => Exit::Usage,
            Self::Lane(error) => error.exit(),
            Self::Target(error) => error.exit(),
            Self::Thread(_) => Exit::Environment,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoProgress => {
                Some("what was committed is known of restores into Kafka with `delivery = \"exactly-once\"`".to_owned())
            }
            Self::Lane(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Thread(_) => Some(FEWER_LANES.to_owned()),
        }
    }
}
