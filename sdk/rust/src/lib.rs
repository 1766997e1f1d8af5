//! Write [Anabranch](https://example.invalid/anabranch) plugins in Rust.
//!
//! A plugin stands between a backup of Kafka topics and the cluster that it is restored to: it sees
//! every record and keeps it, drops it, changes it, makes several of it, sends it elsewhere or
//! rejects it. This one leaves out test users:
//!
//! ```
//! use anabranch_plugin::{Outcome, Record, plugin};
//!
//! #[plugin(reads(key))]
//! fn drop_test_users(record: Record<'_>) -> Outcome {
//!     match record.key() {
//!         Some(key) if key.starts_with(b"test-") => record.drop("test user"),
//!         _ => record.keep(),
//!     }
//! }
//! # use anabranch_plugin::testing::{record, run};
//! # let run = run::<DropTestUsers>(serde_json::json!({}), [record("test-1", "a"), record("2", "b")]);
//! # assert_eq!(run.records, [record("2", "b")]);
//! ```
//!
//! What has parameters names them as [`plugin`] shows. What remembers records, or prepares something, is a type of its
//! own: see [`trait@Plugin`].
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
//! restore, and a restore may be started again in its middle. What a plugin remembers from record to
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
mod refused;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

/// Tells a plugin's parameters from the struct that holds them; see [`trait@Parameters`].
pub use anabranch_plugin_macro::Parameters;
/// Makes a function a plugin, and exports it.
///
/// `reads(…)` names the columns that it looks at, `changes(…)` those that it may change: `key`, `value`, `headers`,
/// `timestamp`, `topic`, `partition`. A second argument is a reference to the plugin's parameters. The plugin is a type
/// with the function's name, in the way of types:
///
/// ```
/// use anabranch_plugin::{Outcome, Parameters, Record, plugin};
///
/// #[derive(serde::Deserialize, Parameters)]
/// struct Settings {
///     /// What keys begin with.
///     prefix: String,
/// }
///
/// /// Keys without what they begin with.
/// #[plugin(reads(key), changes(key))]
/// fn strip_prefix(mut record: Record<'_>, settings: &Settings) -> Outcome {
///     let key = record.key().and_then(|key| key.strip_prefix(settings.prefix.as_bytes()));
///     if let Some(key) = key {
///         record.set_key(Some(key));
///     }
///     record.keep()
/// }
/// # use anabranch_plugin::testing::{record, run};
/// # let run = run::<StripPrefix>(serde_json::json!({"prefix": "eu-"}), [record("eu-1", "a"), record("2", "b")]);
/// # assert_eq!(run.records, [record("1", "a"), record("2", "b")]);
/// ```
///
/// A function remembers nothing: what does implements [`trait@Plugin`], as does what prepares something from its
/// parameters ([`Configure`]) or answers in columns ([`Plugin::batch`]).
pub use anabranch_plugin_macro::plugin;

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
