//! What a cluster is asked about the topics of a job.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compaction::on_compaction;
use super::contents::on_contents;
use super::durability::{described, on_replicas, on_replicas_of_new};
use super::limits::on_limits;
use super::partitions::{on_creation, on_merging, on_partitions};
use super::permissions::{on_progress, on_topics};
use super::retention::on_retention;
use super::timestamps::on_timestamps;
use super::unknown::Unknown;
use super::while_restoring::{on_changes, on_return};
use crate::clock::now;
use crate::finding::{Finding, Weight};
use crate::job::{CreateTopics, Delivery, Job};
use crate::mechanism::is_off;
use crate::progress::{Inputs, Reader, Stored};
use crate::target::kafka::{
    Connection, Limits, Needs, Properties, Topic, delivery, partitions_in_backup, while_restoring,
};
use crate::target::{LaneNeed, TargetError};

/// Who is asked, and about what.
pub(super) struct Asked<'a> {
    pub(super) job: &'a Job,
    pub(super) lanes: &'a [LaneNeed],
    pub(super) needs: &'a Needs<'a>,
    pub(super) inputs: &'a Inputs,
    pub(super) properties: &'a Properties,
    pub(super) connection: &'a Connection,
}

impl Asked<'_> {
    /// Asks, and changes nothing. `stored` is what is kept of the job, and follows what the job allows of the changes since;
    /// `has_begun` otherwise, where that is not to be gone on with.
    pub(super) fn examine(
        &self,
        mut stored: Option<&mut Stored>,
        has_begun: bool,
    ) -> Result<Vec<Finding>, TargetError> {
        let Self { job, needs, connection, properties, .. } = self;
        let mut findings = Vec::new();
        let mut unknown = Unknown::default();
        let there = connection.topics(&needs.all_names())?;
        let create = job.target.create.as_ref();
        needs.check(&there, create)?;
        let missing = needs.missing(&there);
        if has_begun && !is_off("changed-delivery") {
            findings.push(self.changed_delivery());
        }
        if let Some(stored) = stored.as_deref_mut() {
            findings.extend(self.changes(stored)?);
        }
        if create.is_none() && !missing.is_empty() {
            return Err(TargetError::MissingTopics(missing.into_keys().collect()));
        }
        let meanwhile = while_restoring(job, connection);
        if let Some(create) = create {
            connection.would_create(&missing, create)?;
            let configs = with(&create.configs, meanwhile);
            connection.would_create(&missing, &CreateTopics { configs, ..create.clone() })?;
        }
        on_changes(meanwhile, needs, &there, stored.as_deref(), connection, &mut findings)?;
        let there_meanwhile = connection.topics_under(&needs.names(), meanwhile)?;
        let keeps_progress = delivery(job, connection) == Delivery::ExactlyOnce;
        let mut names = needs.all_names();
        if keeps_progress {
            names.push(job.progress.topic.as_str().into());
        }
        let described = described(connection, &names);
        if !connection.is_embedded() {
            on_topics(needs, &there, &described, &mut findings, &mut unknown);
            if keeps_progress {
                on_progress(job, connection, &described, &mut findings, &mut unknown)?;
            }
        }
        let defaults = self.defaults(&missing, &mut unknown);
        for (name, lanes) in &needs.topics {
            match (there.get(name), create) {
                (Some(topic), _) => {
                    on_partitions(job, name, lanes, topic.partitions, &mut findings);
                    let limits = there_meanwhile.get(name).map_or(&topic.limits, |topic| &topic.limits);
                    self.on_configs(name, lanes, topic.partitions, limits, &mut findings, &mut unknown);
                    on_return(name, lanes, &topic.limits, limits, now(), &mut findings);
                    if !connection.is_embedded() {
                        let (described, brokers) = (described.get(&**name), connection.brokers());
                        on_replicas(name, described, &topic.limits, brokers, &mut findings, &mut unknown);
                    }
                }
                (None, Some(create)) => {
                    on_creation(name, lanes, create, &mut findings);
                    let partitions = create.partitions.unwrap_or_else(|| partitions_in_backup(lanes));
                    on_partitions(job, name, lanes, partitions, &mut findings);
                    let nothing = BTreeMap::new();
                    let defaults = defaults.as_ref();
                    let own = Limits::of_new(&create.configs, defaults.unwrap_or(&nothing));
                    let limits = Limits::of_new(&with(&create.configs, meanwhile), defaults.unwrap_or(&nothing));
                    self.on_configs(name, lanes, partitions, &limits, &mut findings, &mut unknown);
                    on_return(name, lanes, &own, &limits, now(), &mut findings);
                    on_replicas_of_new(name, create, &limits, defaults, connection.brokers(), &mut findings);
                }
                (None, None) => {}
            }
            on_merging(name, lanes, &mut findings);
        }
        for (name, lanes) in &needs.letters {
            if let (None, Some(create)) = (there.get(name), create) {
                on_creation(name, lanes, create, &mut findings);
            }
        }
        if stored.is_none() {
            let topics: Vec<&Topic> = needs.topics.keys().filter_map(|name| there.get(name)).collect();
            let reader = Reader::new(properties, &job.progress.topic)?;
            on_contents(job, &topics, &reader, &mut findings, &mut unknown);
        }
        findings.extend(unknown.finding());
        Ok(findings)
    }

    /// What a topic says of what it takes and keeps.
    fn on_configs(
        &self,
        name: &str,
        lanes: &[&LaneNeed],
        partitions: i32,
        limits: &Limits,
        findings: &mut Vec<Finding>,
        unknown: &mut Unknown,
    ) {
        let job = self.job;
        on_limits(job, name, lanes, limits, findings, unknown);
        on_timestamps(job, name, lanes, limits, findings);
        on_retention(job, name, lanes, partitions, limits, findings, unknown);
        on_compaction(job, name, lanes, limits, findings);
    }

    /// The configs that new topics get without being told, where there will be some.
    fn defaults(&self, missing: &BTreeMap<Arc<str>, i32>, unknown: &mut Unknown) -> Option<BTreeMap<String, String>> {
        if missing.is_empty() || self.connection.is_embedded() {
            return None;
        }
        let defaults = self.connection.defaults();
        if defaults.is_none() {
            for name in missing.keys() {
                unknown.add(
                    "the cluster's defaults for",
                    format!("`{name}`"),
                    "the user may not describe the cluster's configs, and Kafka's defaults are assumed",
                );
            }
        }
        defaults
    }

    /// What is another than when the job was begun.
    fn changes(&self, stored: &mut Stored) -> Result<Vec<Finding>, TargetError> {
        let Self { job, lanes, needs, inputs, properties, connection } = self;
        let cluster = connection.id().map(str::to_owned);
        let identity = inputs.identity(job, lanes, cluster, connection.topic_ids(&needs.names()));
        let findings = stored.changes(&identity, inputs, connection, properties, job)?;
        stored.follow_source(&identity);
        Ok(findings)
    }

    fn changed_delivery(&self) -> Finding {
        Finding {
            code: "changed-delivery",
            weight: Weight::Stop,
            message: format!(
                "`{}` was begun exactly once: at least once it begins anew, and writes again what is written",
                self.job.progress.job
            ),
            remedy: Some("leave `delivery` as it was, or give the job another name".to_owned()),
        }
    }
}

/// Configs, with others over them.
fn with(configs: &BTreeMap<String, String>, over: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    configs.iter().chain(over).map(|(name, value)| (name.clone(), value.clone())).collect()
}
