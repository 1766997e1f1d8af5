//! What the stages of a lane tell each other against the stream: rewinds and the end.

use parking_lot::{Condvar, Mutex};

use crate::position::Restart;

/// Shared by the three stages of one lane.
#[derive(Debug, Default)]
pub(super) struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    generation: u64,
    rewind_to: Option<Restart>,
    closed: bool,
}

/// What the reading stage has to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Go on.
    Continue,
    /// Begin anew at a place.
    Rewind { generation: u64, to: Restart },
    /// The lane is over.
    Close,
}

impl Control {
    /// Sends the lane back. Only the sending stage calls this, so it is always to where it has been.
    pub(super) fn rewind(&self, to: Restart) {
        let mut state = self.state.lock();
        state.generation += 1;
        state.rewind_to = Some(to);
        drop(state);
        self.changed.notify_all();
    }

    /// The generation that counts; what belongs to an older one is thrown away.
    pub(super) fn generation(&self) -> u64 {
        self.state.lock().generation
    }

    /// The lane is over, for good or ill.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    /// Whether the lane is over.
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// What a reader of `generation` has to do now.
    pub(super) fn poll(&self, generation: u64) -> Order {
        self.state.lock().order(generation)
    }

    /// Waits at the end of the lane until it is sent back or over.
    pub(super) fn wait(&self, generation: u64) -> Order {
        let mut state = self.state.lock();
        loop {
            match state.order(generation) {
                Order::Continue => self.changed.wait(&mut state),
                order => return order,
            }
        }
    }
}

impl State {
    fn order(&self, generation: u64) -> Order {
        if self.closed {
            return Order::Close;
        }
        match &self.rewind_to {
            Some(to) if self.generation > generation => Order::Rewind { generation: self.generation, to: to.clone() },
            _ => Order::Continue,
        }
    }
}
