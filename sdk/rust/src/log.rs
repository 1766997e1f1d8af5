//! The two ways out of a plugin: a line in the restore's log and a counter in its report.

use crate::Level;

/// Writes a line to the restore's log, under the plugin's name. Lines beyond the job's limit are
/// counted and left out.
pub fn log(level: Level, message: &str) {
    #[cfg(target_family = "wasm")]
    crate::bindings::anabranch::plugin::host::log(level, message);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::heard(|heard| heard.log.push((level, message.to_owned())));
}

/// Adds to a counter of the plugin's own, shown in the report.
pub fn count(name: &str, by: u64) {
    #[cfg(target_family = "wasm")]
    crate::bindings::anabranch::plugin::host::count(name, by);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::heard(|heard| *heard.counters.entry(name.to_owned()).or_default() += by);
}
