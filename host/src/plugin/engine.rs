//! The WebAssembly engines: how plugins are compiled and what may interrupt them.
//!
//! Two engines exist. [`Metering::Time`] runs restores: a call that outlives its deadline is
//! interrupted, which says nothing about a record, because a busy machine is slow too.
//! [`Metering::Fuel`] counts instructions and is compiled only when a record has to be proved guilty.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime::{Config, Engine, OptLevel};

use super::bindings::Plugin;
use super::cache::CodeCache;
use super::guest::GuestState;
use super::{PluginError, wasi};

/// How often the clock of deadlines ticks.
pub(super) const TICK: Duration = Duration::from_millis(10);

/// Stack of a guest. Lanes run on threads of the standard library's 2 MiB, half of which stays the
/// host's.
const STACK: usize = 1 << 20;

/// What ends a call that does not end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metering {
    /// Wall-clock time.
    Time,
    /// Instructions.
    Fuel,
}

/// An engine with everything that a plugin may import.
pub(super) struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Linker<GuestState>,
}

impl Runtime {
    fn new(metering: Metering) -> Result<Self, wasmtime::Error> {
        let engine = Engine::new(&config(metering))?;
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker)?;
        Plugin::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |state| state)?;
        Ok(Self { engine, linker })
    }
}

/// The engines of a chain, and where their compiled code is kept.
pub(super) struct Engines {
    time: Runtime,
    fuel: OnceLock<Result<Runtime, String>>,
    pub(super) cache: CodeCache,
}

impl Engines {
    /// Starts the engine and its clock. The clock's thread ends when the engine is dropped.
    ///
    /// # Errors
    /// A machine on which WebAssembly cannot be compiled.
    pub(super) fn start(cache: CodeCache) -> Result<Arc<Self>, PluginError> {
        let failed = |error: &dyn std::fmt::Display| PluginError::Engine { message: error.to_string() };
        let time = Runtime::new(Metering::Time).map_err(|error| failed(&format!("{error:#}")))?;
        let engine = time.engine.weak();
        std::thread::Builder::new()
            .name("plugin-clock".to_owned())
            .spawn(move || {
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            })
            .map_err(|error| failed(&error))?;
        Ok(Arc::new(Self { time, fuel: OnceLock::new(), cache }))
    }

    /// The runtime of a kind; the one that counts instructions is made at its first use.
    ///
    /// # Errors
    /// Why it could not be made.
    pub(super) fn runtime(&self, metering: Metering) -> Result<&Runtime, String> {
        match metering {
            Metering::Time => Ok(&self.time),
            Metering::Fuel => self
                .fuel
                .get_or_init(|| Runtime::new(metering).map_err(|error| format!("{error:#}")))
                .as_ref()
                .map_err(Clone::clone),
        }
    }
}

/// The settings that make a plugin's answers the same everywhere, and its calls cheap.
fn config(metering: Metering) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Calls are synchronous; without the machinery of concurrent ones they cost a third.
        .concurrency_support(false)
        // Threads are off: the crate is built without them.
        .shared_memory(false)
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(STACK)
        .epoch_interruption(metering == Metering::Time)
        .consume_fuel(metering == Metering::Fuel);
    config
}
