//! Records that are set aside: nothing is written of them, and the job goes on without them.
//!
//! What is set aside is always a whole source record: where one output of it cannot pass, none does. So what is
//! missing at the target is exactly what was set aside, and restoring it after the mend doubles nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why a record is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A plugin rejects it.
    Rejected,
    /// It makes a plugin trap, take too long or take too much, as was proved with it alone.
    Fault,
    /// It is larger than its topic takes.
    TooLarge,
    /// Its topic does not take it for another reason.
    Refused,
    /// It is sent to a topic or partition that there is not.
    Unroutable,
}

/// A source record that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its row in the batch that was given.
    pub row: usize,
    /// Why, in a word.
    pub cause: Cause,
    /// The plugin, where one is the reason.
    pub plugin: Option<Blamed>,
    /// Why, in full.
    pub reason: String,
}

/// A plugin that a record does not get past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blamed {
    /// Its place in the chain, from 0.
    pub index: usize,
    /// Its name and version: `mask 0.3.0`.
    pub label: Arc<str>,
}
