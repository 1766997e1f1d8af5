//! WASI 0.2 with nothing behind it, so that guests that expect a system start.
//!
//! No files, no environment, no arguments, no sockets. The clock stands still at the job's first
//! start and waiting takes no time; random numbers are a stream that begins with the instance and
//! depends on the job's seed and the lane only. The same backup and plugin thus give the same output.
//! A plugin that draws numbers record by record depends on the whole lane, and has to say so.

use std::time::Duration;

use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock, WasiClocksCtxView, WasiClocksView};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;

use crate::position::TopicPartition;

use super::guest::GuestState;
use super::log::Level;
use super::stdio::{Captured, CapturedLines};

/// Bytes that a guest gets from one call for random ones.
const RANDOM: u64 = 64 << 10;

/// Handles (of streams, of times to wait for) that an instance may have open at a time: they lie in the host's memory.
const HANDLES: usize = 10_000;

/// Packages of WASI that are linked, in any version 0.2.
const PACKAGES: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Whether an import of this name is one of the linked.
pub(super) fn provides(import: &str) -> bool {
    PACKAGES.iter().any(|package| import.starts_with(package)) && import.contains("@0.2.")
}

/// Links everything of WASI 0.2.
pub(super) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    // The stock clock would wait in real time, where no deadline reaches.
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<GuestState, StoppedClock>(linker, |state| StoppedClockView(state.clocks()))?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The system that one instance sees.
pub(super) fn context(started: i64, seed: u64, source: &TopicPartition) -> (WasiCtx, CapturedLines) {
    let lines = CapturedLines::default();
    let clock = StoppedClock(Duration::from_millis(u64::try_from(started).unwrap_or(0)));
    let stream = |purpose| Pcg64::from_seed(derive(seed, source, purpose));
    let insecure_seed =
        derive(seed, source, "insecure-seed").iter().fold(0, |seed, byte| (seed << 8) | u128::from(*byte));
    let context = WasiCtx::builder()
        .secure_random(stream("random"))
        .insecure_random(stream("insecure"))
        .insecure_random_seed(insecure_seed)
        .max_random_size(RANDOM)
        .wall_clock(clock)
        .monotonic_clock(clock)
        .stdout(Captured::new(lines.clone(), Level::Info))
        .stderr(Captured::new(lines.clone(), Level::Error))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build();
    (context, lines)
}

/// Where the handles of one instance stand.
pub(super) fn handles() -> ResourceTable {
    let mut handles = ResourceTable::new();
    handles.set_max_capacity(HANDLES);
    handles
}

/// A seed for one purpose of one lane of a job.
fn derive(seed: u64, source: &TopicPartition, purpose: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(seed.to_le_bytes());
    digest.update(source.partition.unwrap_or(-1).to_le_bytes());
    digest.update(purpose.as_bytes());
    digest.update([0]);
    digest.update(source.topic.as_bytes());
    digest.finalize().into()
}

/// A clock that shows the job's first start and does not move.
#[derive(Clone, Copy, Debug)]
struct StoppedClock(Duration);

impl HostWallClock for StoppedClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for StoppedClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}

impl HasData for StoppedClock {
    type Data<'a> = StoppedClockView<'a>;
}

/// The monotonic clock as guests call it: waiting for any time is over at once.
struct StoppedClockView<'a>(WasiClocksCtxView<'a>);

impl monotonic_clock::Host for StoppedClockView<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        monotonic_clock::Host::now(&mut self.0)
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        monotonic_clock::Host::resolution(&mut self.0)
    }

    fn subscribe_instant(&mut self, _when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        monotonic_clock::Host::subscribe_duration(&mut self.0, 0)
    }

    fn subscribe_duration(&mut self, _duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        monotonic_clock::Host::subscribe_duration(&mut self.0, 0)
    }
}
