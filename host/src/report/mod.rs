//! What a restore did: counted on the way, shown while it runs and at its end.
//!
//! Two kinds of counting, kept apart. [`Progress`] is for eyes: atomics that lanes add to and that a
//! bar or a log line shows, with what a rewound lane reads twice counted twice. [`Tally`] is for the
//! record: each lane keeps its own, and the [`Summary`] puts them together at the end.

mod commits;
mod display;
mod document;
pub(crate) mod names;
mod plugin;
mod progress;
mod run;
pub mod shown;
mod summary;
mod table;
mod tally;
mod volume;

pub use commits::Commits;
pub use display::Display;
pub use document::SummaryDocument;
pub use plugin::PluginCounts;
pub use progress::{LaneProgress, Progress};
pub use run::{Digests, ErrorReport, LaneAccount, Outcome, PluginReport, RunReport};
pub use summary::{LaneEnd, LaneSummary, Summary};
pub use table::Table;
pub use tally::Tally;
pub use volume::Volume;
