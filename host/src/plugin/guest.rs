//! What the host keeps beside one instance of a plugin.

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::counters::Counters;
use super::limits::InstanceLimits;
use super::log::PluginLog;
use super::stdio::CapturedLines;

/// The data of an instance's store.
pub(super) struct GuestState {
    pub(super) wasi: WasiCtx,
    pub(super) table: ResourceTable,
    pub(super) limits: InstanceLimits,
    pub(super) log: PluginLog,
    pub(super) lines: CapturedLines,
    pub(super) counters: Counters,
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
