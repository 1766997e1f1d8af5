//! Answers that are asked for once, however many threads want them at once.
//!
//! What was given is kept, and so is an error that would come again. Any other error is that of those who waited for it,
//! and whoever comes later asks anew.

use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use parking_lot::Mutex;

use super::RegistryError;

type Slot<V> = Arc<OnceLock<Result<V, RegistryError>>>;

/// Answers by question.
#[derive(Debug)]
pub(super) struct Once<K, V> {
    slots: Mutex<HashMap<K, Slot<V>>>,
}

impl<K, V> Default for Once<K, V> {
    fn default() -> Self {
        Self { slots: Mutex::default() }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Once<K, V> {
    /// The answer to a question, which `ask` asks for unless it is there or on its way. `ask` must not come back here.
    pub(super) fn get(&self, key: &K, ask: impl FnOnce() -> Result<V, RegistryError>) -> Result<V, RegistryError> {
        let slot = Arc::clone(self.slots.lock().entry(key.clone()).or_default());
        let answer = slot.get_or_init(ask).clone();
        if answer.as_ref().is_err_and(|error| !error.is_lasting()) {
            let mut slots = self.slots.lock();
            // Somebody may have begun to ask anew.
            if slots.get(key).is_some_and(|there| Arc::ptr_eq(there, &slot)) {
                slots.remove(key);
            }
        }
        answer
    }
}
