//! Plugins: WebAssembly components between reader and producer.
//!
//! A plugin costs nanoseconds a record, cannot reach anything, and cannot take the host down. The
//! host trusts nothing that comes back from one.
//!
//! A file becomes a [`component`], compiled by the [`engine`] or taken from the [`cache`], and is asked
//! for its [`description`]. A [`Chain`] opens a [`Transform`] for each lane, in which every plugin has an
//! [`instance`] of its own: a batch is [lowered](lower), the answer [lifted](lift) and checked, and a
//! failure [blamed](blame) on a record if that can be proved.

mod bindings;
mod blame;
mod cache;
mod chain;
mod component;
mod condemned;
mod counters;
mod description;
mod engine;
mod error;
mod fault;
mod guest;
mod idle;
mod inspect;
mod instance;
mod lift;
mod lift_columns;
mod limits;
mod loaded;
mod log;
mod lower;
mod measure;
mod numbers;
mod parameters;
mod past;
mod ready_made;
mod rows;
mod source;
mod stdio;
mod tally;
#[cfg(test)]
mod tests;
mod wasi;

use std::sync::Arc;

pub use chain::{Chain, ChainOrigin};
pub use description::{Column, ColumnSet, Description, Parameter, ParameterType};
pub use error::PluginError;
pub use fault::{Fault, FaultKind};
pub use inspect::{Inspection, inspect};
pub use measure::{Cost, Subject, Subjects};
pub use ready_made::READY_MADE;

use crate::aside::SetAside;
use crate::batch::{Batch, Outputs};
use crate::failure::{Exit, Explain};
use crate::position::Place;
use crate::report::PluginCounts;
use crate::schema::ValuesError;
use crate::text;

/// How much of a lane's past a chain of plugins depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing.
    None,
    /// This many records before.
    Window(u32),
    /// Everything since the beginning of the lane.
    Lane,
}

/// Which columns plugins look at or change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Keys.
    pub keys: bool,
    /// Values.
    pub values: bool,
}

/// What passes over every batch of one lane, in order.
///
/// The chain of plugins is the real one; [`Untouched`] stands where a job has none.
pub trait Transform: Send {
    /// What becomes of the next batch of the lane. `counts` has one entry a plugin.
    ///
    /// # Errors
    /// A plugin's fault, with its name and the position at fault, a rejected record, and a value that does not go with its
    /// schema; unless it can be set aside, and the job says so.
    fn process(&mut self, batch: Arc<Batch>, counts: &mut [PluginCounts]) -> Result<Passed, TransformError>;

    /// As [`Self::process`] for a batch that is done with: all that comes of it is state. What can be set aside is,
    /// whatever the job says now, since it was when the batch was new.
    ///
    /// # Errors
    /// A plugin's fault of which no record is known to be guilty.
    fn replay(&mut self, batch: Arc<Batch>) -> Result<(), TransformError>;

    /// Takes note of a source record that an earlier run proved guilty in plugin `plugin` of the chain, from 0: that one
    /// does not see it again. Nothing else would tell where a whole lane is state, and batches are cut in another way than
    /// they were. Without plugins there is nothing to note.
    fn condemn(&mut self, _plugin: usize, _place: Place) {}

    /// How much must be replayed before it can go on in the middle of a lane.
    fn state(&self) -> State;

    /// Forgets all state, as if the lane began anew.
    ///
    /// # Errors
    /// A plugin that can no longer be instantiated or configured.
    fn reset(&mut self) -> Result<(), TransformError>;
}

/// Why a batch does not pass.
#[derive(Debug, thiserror::Error)]
pub enum TransformError {
    /// A plugin.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// A value and its schema.
    #[error(transparent)]
    Values(#[from] Box<ValuesError>),
}

impl Explain for TransformError {
    fn exit(&self) -> Exit {
        match self {
            Self::Plugin(error) => error.exit(),
            Self::Values(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Plugin(error) => error.hint(),
            Self::Values(error) => error.hint(),
        }
    }
}

/// What comes of a batch.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The output records; none of them comes from a record that is set aside.
    pub outputs: Outputs,
    /// The records of the batch that are set aside, in order.
    pub aside: Vec<SetAside>,
}

impl From<Outputs> for Passed {
    fn from(outputs: Outputs) -> Self {
        Self { outputs, aside: Vec::new() }
    }
}

/// The transform of a job without plugins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Untouched;

impl Transform for Untouched {
    fn process(&mut self, batch: Arc<Batch>, _counts: &mut [PluginCounts]) -> Result<Passed, TransformError> {
        Ok(Outputs::untouched(batch).into())
    }

    fn replay(&mut self, _batch: Arc<Batch>) -> Result<(), TransformError> {
        Ok(())
    }

    fn state(&self) -> State {
        State::None
    }

    fn reset(&mut self) -> Result<(), TransformError> {
        Ok(())
    }
}
