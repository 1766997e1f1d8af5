//! Bounds the bytes of records in flight over all lanes.
//!
//! A batch takes a [`Permit`] for its bytes before it is queued and gives it back when it was handed
//! to the target. Whoever asks first is served first, so that a large batch is not starved by small
//! ones. A batch larger than the whole budget goes through alone.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// A number of bytes that all lanes share.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    total: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    next_ticket: u64,
    served: u64,
}

/// Bytes taken from a [`Budget`], given back when dropped.
#[derive(Debug)]
pub struct Permit {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Budget {
    /// A budget of this many bytes.
    pub fn new(total: usize) -> Self {
        Self { shared: Arc::new(Shared { total, state: Mutex::default(), changed: Condvar::new() }) }
    }

    /// Waits until `bytes` are free, or nothing else is in flight, and takes them.
    ///
    /// Never called by a stage that others wait for to give bytes back, so it cannot wait for ever.
    pub fn take(&self, bytes: usize) -> Permit {
        let mut state = self.shared.state.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        while state.served != ticket || (state.taken > 0 && state.taken + bytes > self.shared.total) {
            self.shared.changed.wait(&mut state);
        }
        state.served += 1;
        state.taken += bytes;
        drop(state);
        self.shared.changed.notify_all();
        Permit { shared: Arc::clone(&self.shared), bytes }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.state.lock().taken -= self.bytes;
        self.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn never_more_than_the_budget_unless_one_is_alone() {
        let budget = Budget::new(100);
        let in_flight = AtomicUsize::new(0);
        thread::scope(|scope| {
            for worker in 0..8_usize {
                let (budget, in_flight) = (&budget, &in_flight);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let bytes = if (worker + turn) % 17 == 0 { 150 } else { 1 + (worker * turn) % 60 };
                        let permit = budget.take(bytes);
                        let now = in_flight.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        assert!(now <= 100 || now == bytes, "{now} bytes in flight");
                        in_flight.fetch_sub(bytes, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert_eq!(budget.shared.state.lock().taken, 0);
    }
}
