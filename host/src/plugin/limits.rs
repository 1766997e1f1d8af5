//! What one instance may take of the machine beyond time: memory, tables, instances.

use wasmtime::ResourceLimiter;

use crate::job::PluginLimits;

use super::fault::FaultKind;

/// Refuses growth beyond a limit, and remembers that it did: the guest only sees an allocation that
/// fails, and what it makes of that is a trap which says nothing about memory.
#[derive(Debug)]
pub(super) struct InstanceLimits {
    limits: PluginLimits,
    memory: usize,
    entries: usize,
    refused: Option<FaultKind>,
}

impl InstanceLimits {
    /// At most what `limits` say.
    pub(super) fn new(limits: PluginLimits) -> Self {
        Self { limits, memory: 0, entries: 0, refused: None }
    }

    /// Bytes of all memories. They never shrink.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// What was refused since the last call.
    pub(super) fn take_refused(&mut self) -> Option<FaultKind> {
        self.refused.take()
    }
}

impl ResourceLimiter for InstanceLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > self.limits.memory {
            self.refused = Some(FaultKind::Memory(self.limits.memory));
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.entries.saturating_sub(current).saturating_add(desired);
        if total > self.limits.table_entries {
            self.refused = Some(FaultKind::Tables(self.limits.table_entries));
            return Ok(false);
        }
        self.entries = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.instances
    }

    fn memories(&self) -> usize {
        self.limits.instances
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn memories_count_together_and_a_refusal_is_remembered_once() {
        let mut limits = InstanceLimits::new(PluginLimits { memory: 100, ..PluginLimits::default() });
        assert!(limits.memory_growing(0, 60, None).unwrap());
        assert!(!limits.memory_growing(0, 60, None).unwrap());
        assert_eq!(limits.take_refused(), Some(FaultKind::Memory(100)));
        assert!(limits.memory_growing(60, 100, None).unwrap());
        assert_eq!(limits.take_refused(), None);
    }
}
