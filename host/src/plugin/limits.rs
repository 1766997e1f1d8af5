//! What one instance may take of the machine's memory.

use wasmtime::ResourceLimiter;

/// Entries of all tables of an instance; interpreters compiled to WebAssembly have some ten thousand.
const TABLE_ENTRIES: usize = 1 << 20;

/// Instances, tables and memories of one component.
const PARTS: usize = 256;

/// Refuses growth beyond a limit, and remembers that it did: the guest only sees an allocation that
/// fails, and what it makes of that is a trap which says nothing about memory.
#[derive(Debug)]
pub(super) struct MemoryLimit {
    limit: usize,
    memory: usize,
    entries: usize,
    refused: bool,
}

impl MemoryLimit {
    /// At most `limit` bytes of linear memory.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, memory: 0, entries: 0, refused: false }
    }

    /// Whether growth was refused since the last call.
    pub(super) fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.limit {
            self.refused = true;
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.entries.saturating_sub(current).saturating_add(desired);
        if total > TABLE_ENTRIES {
            self.refused = true;
            return Ok(false);
        }
        self.entries = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        PARTS
    }

    fn tables(&self) -> usize {
        PARTS
    }

    fn memories(&self) -> usize {
        PARTS
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn memories_count_together_and_a_refusal_is_remembered_once() {
        let mut limit = MemoryLimit::new(100);
        assert!(limit.memory_growing(0, 60, None).unwrap());
        assert!(!limit.memory_growing(0, 60, None).unwrap());
        assert!(limit.take_refused());
        assert!(limit.memory_growing(60, 100, None).unwrap());
        assert!(!limit.take_refused());
    }
}
