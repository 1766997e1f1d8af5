//! One instance of a plugin: a store of its own, limits, and the calls of the interface.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Store, Trap};

use crate::batch::Batch;
use crate::job::PluginLimits;
use crate::position::TopicPartition;

use super::bindings::{Plugin, types};
use super::counters::Counters;
use super::engine::{Metering, TICK};
use super::fault::{self, Fault, FaultKind, WORDS};
use super::guest::GuestState;
use super::lift::{self, Answer};
use super::limits::InstanceLimits;
use super::loaded::{Code, Loaded};
use super::log::LogBudgets;
use super::text::printable;
use super::{PluginError, lower, wasi};

/// Instructions that a single record may take for each second of the plugin's limit.
const FUEL_PER_SECOND: u64 = 200_000_000;

/// What wasmtime says where a component consists of too much.
const TOO_MANY_PARTS: &str = "resource limit exceeded";

/// What wasmtime says where an answer exceeds the bytes that may cross to the host.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls";

/// Where an instance runs.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) job: Arc<str>,
    pub(super) source: Arc<TopicPartition>,
    pub(super) target_topic: Arc<str>,
    pub(super) started: i64,
    pub(super) seed: u64,
    /// What its plugins may still log, over all instances that they have in it.
    pub(super) log: LogBudgets,
}

impl Lane {
    /// Where a plugin runs that is only asked what it is.
    pub(super) fn nowhere() -> Self {
        Self {
            job: "".into(),
            source: Arc::new(TopicPartition::new("", None)),
            target_topic: "".into(),
            started: 0,
            seed: 0,
            log: LogBudgets::default(),
        }
    }
}

/// An instance with its store.
pub(super) struct Instance {
    store: Store<GuestState>,
    plugin: Plugin,
    label: Arc<str>,
    limits: PluginLimits,
    metering: Metering,
}

impl Instance {
    /// A configured instance of `loaded`.
    ///
    /// # Errors
    /// A plugin that fails or refuses its configuration.
    pub(super) fn start(loaded: &Loaded, lane: &Lane, metering: Metering) -> Result<Self, PluginError> {
        let mut instance = Self::bare(Arc::clone(&loaded.label), &loaded.code, loaded.limits, lane, metering)?;
        let context = types::Context {
            job: &lane.job,
            source_topic: &lane.source.topic,
            source_partition: lane.source.partition,
            target_topic: &lane.target_topic,
            started: lane.started,
            seed: lane.seed,
        };
        let time = instance.limits.time;
        let configured = instance.call(time, |plugin, store| {
            plugin.anabranch_plugin_guest().call_configure(store, context, &loaded.parameters)
        });
        match configured {
            Ok(Ok(())) => Ok(instance),
            Ok(Err(refused)) => Err(PluginError::Configuration {
                plugin: instance.label.to_string(),
                lane: lane.source.to_string(),
                parameter: refused.parameter.map(|name| printable(&name, WORDS)),
                message: printable(&refused.message, WORDS),
            }),
            Err(fault) => Err(instance.failed("configure", fault)),
        }
    }

    /// An instance that is not configured.
    ///
    /// # Errors
    /// A plugin that fails while it is started.
    pub(super) fn bare(
        label: Arc<str>,
        code: &Code,
        limits: PluginLimits,
        lane: &Lane,
        metering: Metering,
    ) -> Result<Self, PluginError> {
        let start = |fault| PluginError::Start { plugin: label.to_string(), call: "start", fault };
        let prepared = code.prepared(metering).map_err(|message| start(Fault::new(FaultKind::Host(message))))?;
        let (wasi, lines) = wasi::context(lane.started, lane.seed, &lane.source);
        let state = GuestState {
            wasi,
            table: wasi::handles(),
            limits: InstanceLimits::new(limits),
            log: lane.log.log(&label, &lane.source, limits.log_lines),
            lines,
            counters: Counters::default(),
        };
        let mut store = Store::new(prepared.engine(), state);
        store.limiter(|state| &mut state.limits);
        store.set_hostcall_fuel(limits.output);
        arm(&mut store, metering, limits.time, limits.time);
        match prepared.instantiate(&mut store) {
            Ok(plugin) => Ok(Self { store, plugin, label, limits, metering }),
            Err(error) => Err(start(explain(&mut store, limits, &error))),
        }
    }

    /// What the plugin says of itself, unchecked.
    ///
    /// # Errors
    /// A plugin that fails.
    pub(super) fn describe(&mut self) -> Result<types::Description, PluginError> {
        let time = self.limits.time;
        let described = self.call(time, |plugin, store| plugin.anabranch_plugin_guest().call_describe(store));
        described.map_err(|fault| self.failed("describe", fault))
    }

    /// What the plugin makes of a batch within `time`.
    ///
    /// # Errors
    /// How it failed.
    pub(super) fn process(&mut self, loaded: &Loaded, batch: &Arc<Batch>, time: Duration) -> Result<Answer, Fault> {
        let description = &loaded.description;
        let answer = self.call(time, |plugin, store| {
            lower::with_batch(batch, description.reads, |batch| {
                plugin.anabranch_plugin_guest().call_process(store, batch)
            })
        })?;
        match answer {
            Ok(answer) => lift::check(batch, description.changes, self.limits.output, answer),
            Err(message) => {
                let words = printable(&message, WORDS);
                // An interpreter makes an exception of memory that it is refused.
                Err(match self.store.data_mut().limits.take_refused() {
                    Some(refused) => Fault::new(refused).with_last_words(Some(words)),
                    None => Fault::new(FaultKind::Failure(words)),
                })
            }
        }
    }

    /// Bytes of memory that it has.
    pub(super) fn memory(&self) -> usize {
        self.store.data().limits.memory()
    }

    /// Instructions that the last call took, where they are counted.
    pub(super) fn spent(&self) -> u64 {
        // Fails only on an engine that does not count them.
        self.store.get_fuel().map_or(0, |left| fuel(self.limits.time).saturating_sub(left))
    }

    /// Whether the plugin's log lines are kept from the log.
    pub(super) fn mute(&mut self, muted: bool) {
        self.store.data_mut().log.mute(muted);
    }

    /// The plugin's counters since they were last taken.
    pub(super) fn counters(&mut self) -> &mut Counters {
        &mut self.store.data_mut().counters
    }

    /// Calls an export, within `time` or the instructions that stand for the plugin's whole limit.
    fn call<R>(
        &mut self,
        time: Duration,
        export: impl FnOnce(&Plugin, &mut Store<GuestState>) -> wasmtime::Result<R>,
    ) -> Result<R, Fault> {
        let Self { store, plugin, limits, metering, .. } = self;
        let state = store.data_mut();
        state.limits.take_refused();
        state.log.take_last_words();
        arm(store, *metering, time, limits.time);
        let result = export(plugin, store);
        let GuestState { lines, log, .. } = store.data_mut();
        lines.drain_into(log, result.is_err());
        result.map_err(|error| explain(store, *limits, &error))
    }

    fn failed(&self, call: &'static str, fault: Fault) -> PluginError {
        PluginError::Start { plugin: self.label.to_string(), call, fault }
    }
}

/// Sets what ends the next call.
fn arm(store: &mut Store<GuestState>, metering: Metering, time: Duration, whole: Duration) {
    match metering {
        Metering::Time => {
            let ticks = time.as_millis().div_ceil(TICK.as_millis()).saturating_add(1);
            store.set_epoch_deadline(u64::try_from(ticks).unwrap_or(u64::MAX).min(u64::MAX / 2));
        }
        // Fails only on an engine that does not count instructions, where nothing is to be set.
        Metering::Fuel => drop(store.set_fuel(fuel(whole))),
    }
}

/// Instructions that stand for a limit of time.
fn fuel(time: Duration) -> u64 {
    let instructions = time.as_millis().saturating_mul(u128::from(FUEL_PER_SECOND / 1000));
    u64::try_from(instructions).unwrap_or(u64::MAX)
}

/// Which limit a failed call ran into, or else what wasmtime says of it.
fn explain(store: &mut Store<GuestState>, limits: PluginLimits, error: &wasmtime::Error) -> Fault {
    let state = store.data_mut();
    let refused = state.limits.take_refused();
    let says = |what: &str| error.chain().any(|cause| cause.to_string().contains(what));
    let kind = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => FaultKind::TimeOut(limits.time),
        Some(Trap::OutOfFuel) => FaultKind::Fuel(fuel(limits.time)),
        _ => match refused {
            Some(refused) => refused,
            None if says(TOO_MANY_PARTS) => FaultKind::Instances(limits.instances),
            None if says(TOO_MUCH_DATA) => FaultKind::Output(limits.output),
            None => fault::trap(error),
        },
    };
    Fault::new(kind).with_last_words(state.log.take_last_words())
}
