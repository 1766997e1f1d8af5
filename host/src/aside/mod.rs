//! Records that are set aside: nothing is written of them, and the job goes on without them.
//!
//! What is set aside is always a whole source record: where one output of it cannot pass, none does. So what is
//! missing at the target is exactly what was set aside, and restoring it after the mend doubles nothing.

mod ceiling;
mod counts;
mod files;
mod kept;
mod letters;

use std::sync::Arc;

pub use ceiling::{Ceiling, LaneCeiling, TooManyRejected};
pub use counts::{AsideCount, AsideCounts, Why};
pub use files::{DeadLetterFiles, LaneFiles, LetterError};
pub use kept::{Kept, ListedFile, ListedFiles};
pub use letters::{letters, stripped};
use serde::{Deserialize, Serialize};

/// Why a record is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Its key or value does not go with its schema.
    Schema,
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

impl Cause {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Schema, Self::Rejected, Self::Fault, Self::TooLarge, Self::Refused, Self::Unroutable];

    /// As reports and headers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Rejected => "rejected",
            Self::Fault => "fault",
            Self::TooLarge => "too-large",
            Self::Refused => "refused",
            Self::Unroutable => "unroutable",
        }
    }
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
    /// Why: what is counted.
    pub reason: String,
    /// Why in more words, where they differ from record to record.
    pub detail: Option<String>,
}

/// A plugin that a record does not get past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blamed {
    /// Its place in the chain, from 0.
    pub index: usize,
    /// Its name and version: `mask 0.3.0`.
    pub label: Arc<str>,
}
