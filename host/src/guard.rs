//! Turns a panic of a decoding crate into an error.
//!
//! The crates that decode files and plugins promise errors for corrupt ones, but index and slice in places where a crafted or
//! damaged one makes them panic. A restore says which file that was and stops; it does not print a
//! backtrace of somebody else's code.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Does `work`; a panic in it is returned in words and not printed. What `work` was changing must not
/// be used again after a panic.
///
/// # Errors
/// What the panic said.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !keep(panic) {
                before(panic)
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    outcome.map_err(|_| MESSAGE.take().unwrap_or_else(|| "the decoder gave up".to_owned()))
}

/// Keeps the message of a panic under guard; says whether it was one.
fn keep(panic: &PanicHookInfo<'_>) -> bool {
    let guarded = GUARDED.get();
    if guarded {
        let said = panic.payload_as_str().unwrap_or("for no stated reason");
        MESSAGE.set(Some(format!("the decoder gave up: {said}")));
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic, reason = "a panic is what the test is about")]
    fn a_panic_comes_back_in_words() {
        assert_eq!(guarded(|| 1), Ok(1));
        assert_eq!(guarded(|| panic!("index {}", 3)), Err::<(), _>("the decoder gave up: index 3".to_owned()));
    }
}
