//! Bounds the bytes of records in flight over all lanes.
//!
//! A batch takes a [`Permit`] for its bytes before it is queued and gives it back when it was handed
//! to the target. Whoever asks first is served first, so that a large batch is not starved by small
//! ones. A batch larger than the whole budget goes through alone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// How long to wait before asking whether it is still worth waiting.
const PATIENCE: Duration = Duration::from_millis(100);

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
    /// Who waits, in the order in which they came.
    waiting: VecDeque<u64>,
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

    /// Waits until `bytes` are free, or nothing else is in flight, and takes them; `None` if
    /// `given_up` says so before. It is asked several times a second, so a lane that ends elsewhere
    /// never waits here for bytes that nobody gives back: what is left in a queue whose receiver is gone
    /// lives as long as the queue's sender, and so do its permits.
    pub fn take(&self, bytes: usize, given_up: impl Fn() -> bool) -> Option<Permit> {
        let mut state = self.shared.state.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        let permit = loop {
            let is_first = state.waiting.front() == Some(&ticket);
            if is_first && (state.taken == 0 || state.taken + bytes <= self.shared.total) {
                state.taken += bytes;
                break Some(Permit { shared: Arc::clone(&self.shared), bytes });
            }
            if given_up() {
                break None;
            }
            self.shared.changed.wait_for(&mut state, PATIENCE);
        };
        state.waiting.retain(|waiting| *waiting != ticket);
        drop(state);
        self.shared.changed.notify_all();
        permit
    }
}

impl Permit {
    /// Counts more bytes, which are there already: whoever asks next waits for them too.
    pub fn grow(&mut self, bytes: usize) {
        self.shared.state.lock().taken += bytes;
        self.bytes += bytes;
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
                        let permit = budget.take(bytes, || false);
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

    #[test]
    fn who_gives_up_holds_nobody_else_up() {
        let budget = Budget::new(10);
        let held = budget.take(10, || false);
        assert!(budget.take(5, || true).is_none());
        drop(held);
        assert!(budget.take(10, || true).is_some());
    }
}
