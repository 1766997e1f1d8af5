//! Switches for the mechanisms that the promises of `docs/guarantees.md` rest on, so that the tests of each promise are
//! seen to fail without what they test.
//!
//! They are there only with the feature `switches`, which no other build than that of `just switched-off` has: without it
//! each of them is the constant `false` and leaves nothing behind. With it the variable `ANABRANCH_SWITCHED_OFF` names
//! what is switched off, with commas between. `tests/tests/switched_off` has the list.

/// Whether a mechanism is switched off.
#[cfg(not(feature = "switches"))]
#[inline]
pub(crate) const fn is_off(_mechanism: &str) -> bool {
    false
}

/// Whether a mechanism is switched off.
#[cfg(feature = "switches")]
pub(crate) fn is_off(mechanism: &str) -> bool {
    static OFF: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let off = OFF.get_or_init(|| std::env::var("ANABRANCH_SWITCHED_OFF").unwrap_or_default());
    off.split(',').any(|each| each == mechanism)
}

/// What is there, unless its mechanism is switched off.
#[inline]
pub(crate) fn unless_off<T>(mechanism: &str, there: Option<T>) -> Option<T> {
    there.filter(|_| !is_off(mechanism))
}
