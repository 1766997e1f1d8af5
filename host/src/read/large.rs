//! Room for what is large: pages, blocks and lines beyond [`LARGE`] are in the memory of a few lanes at a time.
//!
//! What a reader holds apart from batches does not count against the bytes in flight: as a rule it is a page of a
//! mebibyte. Where it is a hundred, each lane that holds one costs as much, so a lane that meets one waits until there
//! is room. What waits for room holds none, and whoever has some is not held up by those who wait, so it always goes on.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex};

/// Bytes from which on a page, a block or a line needs room.
pub const LARGE: usize = 8 << 20;

/// Parts of the room. A page takes one: once decompressed, its records leave it batch by batch.
const PARTS: usize = 3;

/// What needs room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Large {
    /// A page, which is in memory once as it is stored and once decompressed.
    Page,
    /// A line or a block, which grows in memory step by step and is then copied record by record.
    Text,
}

impl Large {
    fn parts(self) -> usize {
        match self {
            Self::Page => 1,
            Self::Text => PARTS,
        }
    }
}

/// The room that all lanes of a backup share.
#[derive(Clone, Debug, Default)]
pub struct LargeRoom {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lanes: AtomicU64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// Who has room: how many parts, and how often it asked.
    holders: HashMap<u64, (usize, usize)>,
}

impl LargeRoom {
    /// The way of one lane to it. Its clones are of the same lane.
    pub fn lane(&self) -> LaneRoom {
        let lane = self.shared.lanes.fetch_add(1, Ordering::Relaxed);
        LaneRoom { shared: Arc::clone(&self.shared), lane }
    }
}

/// The way of one lane to the room.
#[derive(Clone, Debug)]
pub struct LaneRoom {
    shared: Arc<Shared>,
    lane: u64,
}

/// A lane that shares its room with no other.
impl Default for LaneRoom {
    fn default() -> Self {
        LargeRoom::default().lane()
    }
}

impl LaneRoom {
    /// Waits for room. A lane that has some already, for another file or column, never waits: two that each have a
    /// part and want another would wait for each other.
    pub(super) fn take(&self, large: Large) -> Held {
        let mut state = self.shared.state.lock();
        let parts = loop {
            if state.holders.contains_key(&self.lane) {
                break 0;
            }
            if state.taken + large.parts() <= PARTS {
                break large.parts();
            }
            self.shared.freed.wait(&mut state);
        };
        state.taken += parts;
        let (held, times) = state.holders.entry(self.lane).or_default();
        *held += parts;
        *times += 1;
        Held { room: self.clone() }
    }
}

/// Room that is taken, given back when dropped.
#[derive(Debug)]
pub(super) struct Held {
    room: LaneRoom,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.room.shared.state.lock();
        let Some((parts, times)) = state.holders.get_mut(&self.room.lane) else { return };
        *times -= 1;
        if *times == 0 {
            let parts = *parts;
            state.holders.remove(&self.room.lane);
            state.taken -= parts;
            self.room.shared.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    #[test]
    fn only_so_many_lanes_have_room_and_none_waits_for_itself() {
        let (room, inside) = (LargeRoom::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for number in 0..8 {
                let (lane, inside) = (room.lane(), &inside);
                let large = if number % 2 == 0 { Large::Page } else { Large::Text };
                scope.spawn(move || {
                    for _ in 0..200 {
                        let held = lane.take(large);
                        let now = inside.fetch_add(large.parts(), Ordering::SeqCst) + large.parts();
                        assert!(now <= PARTS, "{now} parts are taken");
                        let again = lane.take(Large::Text);
                        thread::yield_now();
                        drop(again);
                        inside.fetch_sub(large.parts(), Ordering::SeqCst);
                        drop(held);
                    }
                });
            }
        });
        assert_eq!(room.shared.state.lock().taken, 0);
    }
}
