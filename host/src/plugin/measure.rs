//! What a plugin costs: time against a plugin that does nothing, instructions, memory, and how fast it is there.
//!
//! Time depends on the machine and its neighbours, instructions do not: they are the figure to compare two versions of a
//! plugin by.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::job::{PluginLimits, PluginUse};
use crate::position::TopicPartition;

use super::cache::CodeCache;
use super::chain::ChainOrigin;
use super::description::Description;
use super::engine::{Engines, Metering};
use super::idle;
use super::instance::Instance;
use super::loaded::{Code, Loaded};
use super::{Fault, PluginError};

/// What stands for a plugin's limit of time while its instructions are counted: a batch may take as many as it does.
const UNHURRIED: Duration = Duration::from_secs(3600);

/// How often a plugin is made ready at most; the median is told.
const STARTS: usize = 5;

/// How long all of these starts may take before no other is begun.
const LONG: Duration = Duration::from_secs(1);

/// Which of the two is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The plugin that is measured.
    Plugin,
    /// The one that is handed the same columns and keeps every record.
    Idle,
}

/// A plugin, and one that does nothing beside it.
pub struct Subjects {
    plugin: Loaded,
    /// The same for its instructions.
    counted: Loaded,
    idle: Loaded,
    ready: Duration,
    origin: ChainOrigin,
}

/// What counts alike on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Instructions of WebAssembly.
    pub instructions: u64,
    /// Bytes of memory that the plugin had at the end, which is the most that it had.
    pub memory: usize,
}

impl Subjects {
    /// Loads a plugin.
    ///
    /// # Errors
    /// A file that is no plugin, or parameters that do not fit.
    pub fn load(plugin: &PluginUse, origin: &ChainOrigin) -> Result<Self, PluginError> {
        let engines = Engines::start(CodeCache::of_user())?;
        // Compiled now, if it is not kept yet.
        let unhurried = PluginLimits { time: UNHURRIED, ..plugin.limits };
        let counted = Loaded::load(&PluginUse { limits: unhurried, ..plugin.clone() }, &engines)?;
        let lane = origin.lane(&TopicPartition::new("", None), "");
        let start = || {
            let started = Instant::now();
            let loaded = Loaded::load(plugin, &engines)?;
            Instance::start(&loaded, &lane, Metering::Time)?;
            Ok::<_, PluginError>((started.elapsed(), loaded))
        };
        let mut starts = vec![start()?];
        // Where compiled code cannot be kept, each start compiles it again.
        while starts.len() < STARTS && starts.iter().map(|(took, _)| *took).sum::<Duration>() < LONG {
            starts.push(start()?);
        }
        starts.sort_by_key(|(took, _)| *took);
        let (ready, loaded) = starts.swap_remove(starts.len() / 2);

        let module = idle::module(loaded.description.reads).map_err(|message| PluginError::Engine { message })?;
        let code = Code::compile(PathBuf::from("idle"), module, &engines)?;
        let nothing = PluginUse {
            name: "idle".to_owned(),
            parameters: Default::default(),
            hidden: Default::default(),
            limits: PluginLimits { memory: usize::MAX, ..plugin.limits },
            ..plugin.clone()
        };
        let idle = Loaded::with_code(&nothing, code)?;
        Ok(Self { plugin: loaded, counted, idle, ready, origin: origin.clone() })
    }

    /// What the plugin says of itself.
    pub fn description(&self) -> &Description {
        &self.plugin.description
    }

    /// How long the plugin took to be ready for its first batch: read, taken from the cache of compiled code, asked what
    /// it is, and configured.
    pub fn ready(&self) -> Duration {
        self.ready
    }

    /// Passes the batches of a lane over a new instance, and says how long its answers took.
    ///
    /// # Errors
    /// A plugin that fails.
    pub fn time(
        &self,
        subject: Subject,
        source: &TopicPartition,
        target_topic: &str,
        batches: &[Arc<Batch>],
    ) -> Result<Duration, PluginError> {
        let loaded = match subject {
            Subject::Plugin => &self.plugin,
            Subject::Idle => &self.idle,
        };
        let mut instance = Instance::start(loaded, &self.origin.lane(source, target_topic), Metering::Time)?;
        let started = Instant::now();
        process(&mut instance, loaded, loaded.limits.time, batches)?;
        Ok(started.elapsed())
    }

    /// Passes the batches of a lane over a new instance of the plugin and counts.
    ///
    /// # Errors
    /// A plugin that fails.
    pub fn count(
        &self,
        source: &TopicPartition,
        target_topic: &str,
        batches: &[Arc<Batch>],
    ) -> Result<Cost, PluginError> {
        let lane = self.origin.lane(source, target_topic);
        let mut instance = Instance::start(&self.counted, &lane, Metering::Fuel)?;
        let mut cost = Cost::default();
        for batch in batches {
            process(&mut instance, &self.counted, UNHURRIED, std::slice::from_ref(batch))?;
            cost.instructions += instance.spent();
        }
        cost.memory = instance.memory();
        Ok(cost)
    }
}

fn process(
    instance: &mut Instance,
    loaded: &Loaded,
    time: Duration,
    batches: &[Arc<Batch>],
) -> Result<(), PluginError> {
    for batch in batches {
        let failed = |fault: Fault| PluginError::Fault {
            plugin: loaded.label.to_string(),
            first: batch.position(0),
            last: batch.len().checked_sub(1).map(|last| batch.position(last)),
            fault,
            note: Some("`anabranch plugin test` finds the record"),
        };
        let answer = instance.process(loaded, batch, time).map_err(failed)?;
        std::hint::black_box(&answer);
    }
    Ok(())
}
