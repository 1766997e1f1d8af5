//! The plugins of a job, one after the other, over the batches of a lane.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::aside::{Blamed, Cause, SetAside};
use crate::batch::{Batch, Outputs};
use crate::job::{PluginUse, Policies};
use crate::mechanism::{is_off, unless_off};
use crate::position::{Place, TopicPartition};
use crate::report::{PluginCounts, PluginReport};

use super::blame::{self, Verdict};
use super::cache::CodeCache;
use super::condemned::Condemned;
use super::description::{Column, Description};
use super::engine::{Engines, Metering};
use super::instance::{Instance, Lane};
use super::lift::Answer;
use super::loaded::Loaded;
use super::log::LogBudgets;
use super::past::Past;
use super::tally;
use super::{Fault, Passed, PluginError, Seen, State, Transform, TransformError};

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

impl ChainOrigin {
    /// Where plugins run in one lane.
    pub(super) fn lane(&self, source: &TopicPartition, target_topic: &str) -> Lane {
        Lane {
            job: self.job.as_str().into(),
            source: Arc::new(source.clone()),
            target_topic: target_topic.into(),
            started: self.started,
            seed: self.seed,
            log: LogBudgets::default(),
        }
    }
}

/// The plugins of a job, loaded and their parameters checked; opened once a lane.
pub struct Chain {
    plugins: Vec<Arc<Loaded>>,
    descriptions: Vec<Description>,
    origin: ChainOrigin,
    policies: Policies,
}

impl Chain {
    /// Loads the plugins `uses` names, in order.
    ///
    /// # Errors
    /// The first that is no plugin, or whose parameters do not fit.
    pub fn load(uses: &[PluginUse], origin: &ChainOrigin) -> Result<Self, PluginError> {
        Self::load_on(uses, origin, &Engines::start(CodeCache::of_user())?)
    }

    /// As [`Self::load`], on engines that are there already.
    pub(super) fn load_on(
        uses: &[PluginUse],
        origin: &ChainOrigin,
        engines: &Arc<Engines>,
    ) -> Result<Self, PluginError> {
        let plugins = uses.iter().map(|plugin| Loaded::load(plugin, engines).map(Arc::new));
        let plugins = plugins.collect::<Result<Vec<_>, _>>()?;
        let descriptions = plugins.iter().map(|plugin| plugin.description.clone()).collect();
        Ok(Self { plugins, descriptions, origin: origin.clone(), policies: Policies::default() })
    }

    /// What the plugins say of themselves, in order.
    pub fn descriptions(&self) -> &[Description] {
        &self.descriptions
    }

    /// Which columns any of the plugins looks at or changes.
    pub fn seen(&self) -> Seen {
        let any = |column| {
            self.descriptions.iter().any(|plugin| plugin.reads.contains(column) || plugin.changes.contains(column))
        };
        Seen { keys: any(Column::Key), values: any(Column::Value) }
    }

    /// What tells each plugin's work from that of another: its code and its whole configuration.
    pub fn digests(&self) -> Vec<String> {
        self.plugins.iter().map(|plugin| format!("{} {}", plugin.code.sha256(), plugin.parameters)).collect()
    }

    /// The plugins for the report of a run, with a digest in place of their configuration.
    pub fn reports(&self) -> Vec<PluginReport> {
        let report = |plugin: &Arc<Loaded>| PluginReport {
            name: plugin.name.clone(),
            path: plugin.code.path.display().to_string(),
            plugin: plugin.description.name.clone(),
            version: plugin.description.version.clone(),
            sha256: plugin.code.sha256(),
            parameters_sha256: hex::encode(Sha256::digest(&plugin.parameters)),
        };
        self.plugins.iter().map(report).collect()
    }

    /// Sets the clock that plugins see to the first start of the job.
    pub fn started_at(&mut self, started: i64) {
        self.origin.started = started;
    }

    /// Sets what becomes of records that a plugin rejects or that are proved guilty; without it the job ends with
    /// the first.
    pub fn with_policies(self, policies: Policies) -> Self {
        Self { policies, ..self }
    }

    /// The chain for one lane, every plugin configured. Its calls block, and so belong on a thread of
    /// the lane's own, outside any asynchronous runtime.
    ///
    /// # Errors
    /// A plugin that refuses its configuration, or fails.
    pub fn open(&self, source: &TopicPartition, target_topic: &str) -> Result<Box<dyn Transform>, PluginError> {
        self.open_on(self.origin.lane(source, target_topic))
    }

    /// The same for records that passed it before: what the plugins log of them is not said again.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn open_quietly(&self, source: &TopicPartition, target_topic: &str) -> Result<Box<dyn Transform>, PluginError> {
        self.open_on(Lane { log: LogBudgets::silent(), ..self.origin.lane(source, target_topic) })
    }

    fn open_on(&self, lane: Lane) -> Result<Box<dyn Transform>, PluginError> {
        let lane = Arc::new(lane);
        let stages = self.plugins.iter().map(|plugin| Stage::start(Arc::clone(plugin), Arc::clone(&lane)));
        Ok(Box::new(LaneChain { stages: stages.collect::<Result<_, _>>()?, policies: self.policies }))
    }
}

/// A chain that runs over one lane.
struct LaneChain {
    stages: Vec<Stage>,
    policies: Policies,
}

impl LaneChain {
    /// Passes a batch over the plugins; what `is_tolerated` is set aside.
    fn pass(
        &mut self,
        batch: Arc<Batch>,
        is_tolerated: impl Fn(Cause) -> bool,
        counts: &mut [PluginCounts],
    ) -> Result<Passed, PluginError> {
        let mut aside = Vec::new();
        let mut outputs = Outputs::untouched(Arc::clone(&batch));
        for (index, stage) in self.stages.iter_mut().enumerate() {
            let input = outputs.into_batch();
            if input.is_empty() {
                outputs = Outputs::untouched(input);
                break;
            }
            let blamed = Blamed { index, label: Arc::clone(&stage.loaded.label) };
            let mut set_aside = |cause, place: &Place, reason: &str| {
                // Siblings that are rejected each are set aside as the one record that they come of.
                let row = batch.rows_at(place).start;
                if aside.last().is_none_or(|last: &SetAside| last.row != row || last.plugin.as_ref() != Some(&blamed)) {
                    aside.push(SetAside {
                        row,
                        cause,
                        plugin: Some(blamed.clone()),
                        reason: reason.to_owned(),
                        detail: None,
                    });
                }
            };
            let (answer, guilty) = stage.process(&input, is_tolerated(Cause::Fault))?;
            for (place, reason) in &guilty {
                set_aside(Cause::Fault, place, reason);
            }
            match counts.get_mut(index) {
                Some(counts) => tally::count(&answer, stage.instance.counters(), counts),
                None => stage.instance.counters().clear(),
            }
            if !is_tolerated(Cause::Rejected) {
                stage.refuse_rejections(&answer)?;
            }
            let Answer { outputs: passed, rejected, .. } = answer;
            let places: Vec<Place> = rejected.iter().map(|each| passed.batch.place(each.row as usize)).collect();
            for (place, rejection) in places.iter().zip(&rejected) {
                set_aside(Cause::Rejected, place, &rejection.reason);
            }
            let are_all = places.is_empty() || is_off("whole-records");
            outputs = if are_all { passed } else { passed.without(places.into_iter()) };
        }
        aside.sort_by_key(|each| each.row);
        Ok(Passed { outputs, aside })
    }
}

impl Transform for LaneChain {
    fn process(&mut self, batch: Arc<Batch>, counts: &mut [PluginCounts]) -> Result<Passed, TransformError> {
        let policies = self.policies;
        Ok(self.pass(batch, |cause| policies.tolerate(cause), counts)?)
    }

    fn replay(&mut self, batch: Arc<Batch>) -> Result<(), TransformError> {
        Ok(self.pass(batch, |_| true, &mut []).map(drop)?)
    }

    fn condemn(&mut self, plugin: usize, place: Place) {
        if let Some(stage) = unless_off("guilt-is-kept", self.stages.get_mut(plugin)) {
            stage.condemned.add(place, "was proved guilty by an earlier run".into());
        }
    }

    fn state(&self) -> State {
        let states = self.stages.iter().enumerate().map(|(index, stage)| match stage.loaded.description.state {
            // Nobody can tell how many source records become those that a later plugin sees.
            State::Window(_) if index > 0 => State::Lane,
            state => state,
        });
        states.max().unwrap_or(State::None)
    }

    fn reset(&mut self) -> Result<(), TransformError> {
        Ok(self.stages.iter_mut().try_for_each(Stage::reset)?)
    }
}

/// One plugin of a lane.
struct Stage {
    loaded: Arc<Loaded>,
    lane: Arc<Lane>,
    instance: Instance,
    past: Past,
    condemned: Condemned,
}

impl Stage {
    fn start(loaded: Arc<Loaded>, lane: Arc<Lane>) -> Result<Self, PluginError> {
        let instance = Instance::start(&loaded, &lane, Metering::Time)?;
        let past = Past::new(loaded.description.state);
        Ok(Self { loaded, lane, instance, past, condemned: Condemned::default() })
    }

    fn reset(&mut self) -> Result<(), PluginError> {
        self.instance = Instance::start(&self.loaded, &self.lane, Metering::Time)?;
        self.past = Past::new(self.loaded.description.state);
        Ok(())
    }

    /// The plugin's answer to a batch that is not empty, without the records that were proved guilty, which come with
    /// it.
    ///
    /// # Errors
    /// A fault that no record is guilty of, and unless `tolerant` any.
    fn process(&mut self, batch: &Arc<Batch>, tolerant: bool) -> Result<(Answer, Vec<Guilty>), PluginError> {
        let mut guilty = self.condemned.within(batch);
        let mut input = without(batch, &guilty);
        let answer = loop {
            if input.is_empty() {
                break Answer::of_nothing(input);
            }
            let fault = match self.instance.process(&self.loaded, &input, self.loaded.limits.time) {
                Ok(answer) => break answer,
                Err(fault) => fault,
            };
            if is_off("blame") {
                return Err(self.fault_of(&input, 0, fault));
            }
            let (row, fault) = match blame::investigate(&self.loaded, &self.lane, &self.past, &input, fault)? {
                Verdict::Passed(instance, answer) => {
                    self.instance = *instance;
                    break *answer;
                }
                Verdict::Guilty(row, fault) => (row, fault),
            };
            if !tolerant {
                return Err(self.fault_of(&input, row, fault));
            }
            let condemned: Guilty = (input.place(row), fault.reason().into());
            self.condemned.add(condemned.0.clone(), Arc::clone(&condemned.1));
            guilty.push(condemned);
            input = without(batch, &guilty);
            self.instance = blame::rebuild(&self.loaded, &self.lane, &self.past, &input, fault)?;
        };
        self.past.remember(&answer.outputs.batch);
        Ok((answer, guilty))
    }

    /// The fault of a record that is proved guilty.
    fn fault_of(&self, batch: &Batch, row: usize, fault: Fault) -> PluginError {
        let plugin = self.loaded.label.to_string();
        PluginError::Fault { plugin, first: batch.position(row), last: None, fault, note: None }
    }

    /// Stops at the first rejected record.
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

/// The place of a source record that was proved guilty, and why.
type Guilty = (Place, Arc<str>);

/// A batch without all that comes of some source records.
fn without(batch: &Arc<Batch>, guilty: &[Guilty]) -> Arc<Batch> {
    if guilty.is_empty() {
        return Arc::clone(batch);
    }
    let places = guilty.iter().map(|(place, _)| place.clone());
    Outputs::untouched(Arc::clone(batch)).without(places).into_batch()
}
