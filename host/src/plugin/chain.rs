//! The plugins of a job, one after the other, over the batches of a lane.

use std::sync::Arc;

use crate::batch::{Batch, Outputs};
use crate::job::PluginUse;
use crate::position::TopicPartition;
use crate::report::PluginCounts;

use super::blame;
use super::cache::CodeCache;
use super::description::Description;
use super::engine::{Engines, Metering};
use super::instance::{Instance, Lane};
use super::lift::Answer;
use super::loaded::Loaded;
use super::past::Past;
use super::tally;
use super::{PluginError, State, Transform};

/// What every run of a job has in common, as plugins see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainOrigin {
    /// The job's name.
    pub job: String,
    /// Milliseconds since the epoch at which the restore started.
    pub started: i64,
    /// What randomness derives from.
    pub seed: u64,
}

/// The plugins of a job, loaded and their parameters checked; opened once a lane.
pub struct Chain {
    plugins: Vec<Arc<Loaded>>,
    descriptions: Vec<Description>,
    origin: ChainOrigin,
}

impl Chain {
    /// Loads the plugins `uses` names, in order.
    ///
    /// # Errors
    /// The first that is no plugin, or whose parameters do not fit.
    pub fn load(uses: &[PluginUse], origin: &ChainOrigin) -> Result<Self, PluginError> {
        Self::load_with(uses, origin, CodeCache::of_user())
    }

    pub(super) fn load_with(uses: &[PluginUse], origin: &ChainOrigin, cache: CodeCache) -> Result<Self, PluginError> {
        let engines = Engines::start(cache)?;
        let plugins = uses.iter().map(|plugin| Loaded::load(plugin, &engines).map(Arc::new));
        let plugins = plugins.collect::<Result<Vec<_>, _>>()?;
        let descriptions = plugins.iter().map(|plugin| plugin.description.clone()).collect();
        Ok(Self { plugins, descriptions, origin: origin.clone() })
    }

    /// What the plugins say of themselves, in order.
    pub fn descriptions(&self) -> &[Description] {
        &self.descriptions
    }

    /// What tells each plugin's work from that of another: its code and its whole configuration.
    pub fn digests(&self) -> Vec<String> {
        self.plugins.iter().map(|plugin| format!("{} {}", plugin.code.sha256(), plugin.parameters)).collect()
    }

    /// Sets the clock that plugins see to the first start of the job.
    pub fn started_at(&mut self, started: i64) {
        self.origin.started = started;
    }

    /// The chain for one lane, every plugin configured. Its calls block, and so belong on a thread of
    /// the lane's own, outside any asynchronous runtime.
    ///
    /// # Errors
    /// A plugin that refuses its configuration, or fails.
    pub fn open(&self, source: &TopicPartition, target_topic: &str) -> Result<Box<dyn Transform>, PluginError> {
        let lane = Arc::new(Lane {
            job: self.origin.job.as_str().into(),
            source: Arc::new(source.clone()),
            target_topic: target_topic.into(),
            started: self.origin.started,
            seed: self.origin.seed,
        });
        let stages = self.plugins.iter().map(|plugin| Stage::start(Arc::clone(plugin), Arc::clone(&lane)));
        Ok(Box::new(LaneChain { stages: stages.collect::<Result<_, _>>()? }))
    }
}

/// A chain that runs over one lane.
struct LaneChain {
    stages: Vec<Stage>,
}

impl Transform for LaneChain {
    fn process(&mut self, batch: Arc<Batch>, counts: &mut [PluginCounts]) -> Result<Outputs, PluginError> {
        let mut outputs = Outputs::untouched(batch);
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let input = outputs.into_batch();
            if input.is_empty() {
                return Ok(Outputs::untouched(input));
            }
            let answer = stage.process(&input)?;
            if let Some(counts) = counts.get_mut(index) {
                tally::count(&answer, stage.instance.counters(), counts);
            }
            stage.refuse_rejections(&answer)?;
            outputs = answer.outputs;
        }
        Ok(outputs)
    }

    fn state(&self) -> State {
        let states = self.stages.iter().enumerate().map(|(index, stage)| match stage.loaded.description.state {
            // Nobody can tell how many source records become those that a later plugin sees.
            State::Window(_) if index > 0 => State::Lane,
            state => state,
        });
        states.max().unwrap_or(State::None)
    }

    fn reset(&mut self) -> Result<(), PluginError> {
        self.stages.iter_mut().try_for_each(Stage::reset)
    }
}

/// One plugin of a lane.
struct Stage {
    loaded: Arc<Loaded>,
    lane: Arc<Lane>,
    instance: Instance,
    past: Past,
}

impl Stage {
    fn start(loaded: Arc<Loaded>, lane: Arc<Lane>) -> Result<Self, PluginError> {
        let instance = Instance::start(&loaded, &lane, Metering::Time)?;
        let past = Past::new(loaded.description.state);
        Ok(Self { loaded, lane, instance, past })
    }

    fn reset(&mut self) -> Result<(), PluginError> {
        self.instance = Instance::start(&self.loaded, &self.lane, Metering::Time)?;
        self.past = Past::new(self.loaded.description.state);
        Ok(())
    }

    /// The plugin's answer to a batch that is not empty.
    fn process(&mut self, batch: &Arc<Batch>) -> Result<Answer, PluginError> {
        let answer = match self.instance.process(&self.loaded, batch, self.loaded.limits.time) {
            Ok(answer) => answer,
            Err(fault) => {
                let (instance, answer) = blame::investigate(&self.loaded, &self.lane, &self.past, batch, fault)?;
                self.instance = instance;
                answer
            }
        };
        self.past.remember(batch);
        Ok(answer)
    }

    /// Stops at the first rejected record; a job has no other policy for one.
    fn refuse_rejections(&self, answer: &Answer) -> Result<(), PluginError> {
        match answer.rejected.first() {
            None => Ok(()),
            Some(rejection) => Err(PluginError::Rejected {
                plugin: self.loaded.label.to_string(),
                position: answer.outputs.batch.position(rejection.row as usize),
                reason: rejection.reason.clone(),
            }),
        }
    }
}
