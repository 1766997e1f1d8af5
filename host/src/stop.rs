//! A wish to stop, said once and heard by every lane.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells the lanes of a restore to stop reading, to flush what they have sent and to end.
///
/// Clones are one and the same signal. It is never taken back.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Asks to stop. Safe to call in a signal handler: it stores one atomic.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
