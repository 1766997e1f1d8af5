//! The interface in Rust, generated from the WIT, and the host's half of it.
//!
//! Parameters of exports are borrowed: a batch is lowered from the very buffers that hold it.

use super::guest::GuestState;
use super::log::Level;

wasmtime::component::bindgen!({
    path: "../wit/v0.1",
    world: "plugin",
    ownership: Borrowing { duplicate_if_necessary: true },
});

pub(crate) use self::anabranch::plugin::types;

/// The interface version that this host speaks, as it stands in the names of imports and exports.
pub(crate) const VERSION: &str = "0.1.0";

/// The export that makes a component a plugin, without its version.
pub(crate) const GUEST: &str = "anabranch:plugin/guest@";

/// The package that holds everything of ours that a plugin may import, without interface and version.
pub(crate) const PACKAGE: &str = "anabranch:plugin/";

impl types::Host for GuestState {}

impl self::anabranch::plugin::host::Host for GuestState {
    fn log(&mut self, level: types::Level, message: String) {
        let level = match level {
            types::Level::Debug => Level::Debug,
            types::Level::Info => Level::Info,
            types::Level::Warn => Level::Warn,
            types::Level::Error => Level::Error,
        };
        self.log.line(level, &message);
    }

    fn count(&mut self, name: String, by: u64) {
        self.counters.add(name, by);
    }
}
