//! Write [Anabranch](https://example.invalid/anabranch) plugins in Rust.
//!
//! A plugin stands between a backup of Kafka topics and the cluster that it is restored to: it sees
//! every record and keeps it, drops it, changes it, makes several of it, sends it elsewhere or
//! rejects it. This one leaves out test users:
//!
//! ```
//! use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};
//!
//! #[derive(serde::Deserialize, Parameters)]
//! struct DropTestUsers {
//!     /// What the keys of test users begin with.
//!     #[parameter(default = "test-")]
//!     prefix: String,
//! }
//!
//! impl Plugin for DropTestUsers {
//!     const READS: Columns = Columns::KEY;
//!
//!     fn record(&mut self, record: Record<'_>) -> Outcome {
//!         match record.key() {
//!             Some(key) if key.starts_with(self.prefix.as_bytes()) => record.drop("test user"),
//!             _ => record.keep(),
//!         }
//!     }
//! }
//!
//! anabranch_plugin::export!(DropTestUsers);
//! # use anabranch_plugin::testing::{record, run};
//! # let run = run::<DropTestUsers>(serde_json::json!({}), [record("test-1", "a"), record("2", "b")]);
//! # assert_eq!(run.records, [record("2", "b")]);
//! ```
//!
//! It is built as a `cdylib` for `wasm32-unknown-unknown`; its name, version and summary are those of
//! its `Cargo.toml`. It needs no WebAssembly to be tested: see [`testing`].
//!
//! # What it costs
//!
//! Records cross in columns, thousands at a time, and only the columns that [`Plugin::READS`] names.
//! What a plugin does not change stays the host's own bytes and never crosses back. [`Record`] is a
//! view: nothing is copied or allocated to look at a record, or to keep or drop it.
//!
//! # What it may not do
//!
//! Nothing is reachable from a plugin but [`log`] and [`count`]. The same records and parameters must
//! give the same answers, however the host cuts them into batches: a lane may be taken back within a
//! restore, and a restore that is started again begins anew. What a plugin remembers from record to
//! record it declares in [`Plugin::STATE`].

mod answer;
#[doc(hidden)]
pub mod bindings;
pub mod columns;
#[doc(hidden)]
pub mod component;
mod configure;
mod headers;
mod log;
mod parameters;
mod plugin;
mod record;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

/// Tells a plugin's parameters from the struct that holds them; see [`trait@Parameters`].
pub use anabranch_plugin_macro::Parameters;

pub use crate::bindings::anabranch::plugin::types::{Columns, ConfigurationError, Context, Level, State};
pub use crate::configure::Configure;
pub use crate::headers::{Header, Headers};
pub use crate::log::{count, log};
pub use crate::parameters::{ParameterValue, Parameters};
pub use crate::plugin::{Done, Outcome, Plugin, Rejection};
pub use crate::record::Record;

#[doc(hidden)]
pub mod __private {
    //! What the derive writes calls to.
    pub use crate::parameters::{default, parse, parse_none};
}

/// The plugin guide and the README, whose code is compiled and run.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../docs/plugin-guide.md")]
    struct PluginGuide;

    #[doc = include_str!("../../../README.md")]
    struct Readme;
}
