//! What is another than when the job was first started.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::error::KafkaError;

use super::{Identity, Inputs, Reader, Stored};
use crate::catalog::KeptSurvey;
use crate::finding::{Finding, Weight};
use crate::job::{Job, PartitionStrategy};
use crate::mechanism::is_off;
use crate::target::kafka::Connection;

/// What is to be restored, and where to, as it is now.
pub(crate) struct Present<'a> {
    identity: &'a Identity,
    /// The files of the backup.
    survey: &'a KeptSurvey,
    /// Whether the partition of a record follows from how many its topic has.
    counts_partitions: bool,
    /// The topics that earlier runs have written to: those that are there.
    topics: BTreeMap<String, Topic>,
    /// Where the logs end of which an earlier run noted an end.
    ends: BTreeMap<(String, i32), i64>,
    /// Where they begin.
    starts: BTreeMap<(String, i32), i64>,
}

impl<'a> Present<'a> {
    /// Asks the cluster for what earlier runs have written to.
    pub(super) fn of(
        job: &Job,
        identity: &'a Identity,
        inputs: &'a Inputs,
        reader: &Reader,
        connection: &Connection,
        stored: &Stored,
    ) -> Self {
        let names: Vec<Arc<str>> = stored.written_topics().into_keys().map(Arc::from).collect();
        let topic = |(name, id): (String, Option<String>)| {
            let partitions = connection.partitions(&name)?;
            Some((name, Topic { partitions, id }))
        };
        let known = stored.ends();
        let there: Vec<(&str, i32)> = known
            .keys()
            .filter(|(topic, partition)| connection.partitions(topic).is_some_and(|partitions| *partition < partitions))
            .map(|(topic, partition)| (topic.as_str(), *partition))
            .collect();
        let told = |told: Result<_, KafkaError>| {
            told.unwrap_or_else(|error| {
                tracing::warn!(
                    "where the target's logs begin and end is not known, so that nobody can tell whether they were cut: \
                     {error}"
                );
                BTreeMap::new()
            })
        };
        Self {
            identity,
            survey: &inputs.survey,
            counts_partitions: matches!(job.target.partition, PartitionStrategy::Key | PartitionStrategy::RoundRobin),
            topics: connection.topic_ids(&names).into_iter().filter_map(topic).collect(),
            ends: told(reader.log_ends(there.iter().copied())),
            starts: told(reader.log_starts(there.iter().copied())),
        }
    }
}

impl Present<'_> {
    /// Where the logs end of which an earlier run noted an end.
    pub(super) fn ends(&self) -> &BTreeMap<(String, i32), i64> {
        &self.ends
    }
}

/// A topic as it is now.
struct Topic {
    partitions: i32,
    id: Option<String>,
}

/// Why a job should not go on under this name.
pub(super) fn changes(stored: &Stored, now: &Present<'_>) -> Vec<Finding> {
    let Some(job) = &stored.job else { return Vec::new() };
    let Present { identity: now, survey, counts_partitions, topics, ends, starts } = now;
    let then = &job.identity;
    let mut findings = Vec::new();
    let mut add = |code: &'static str, message: String| {
        findings.push(Finding {
            code,
            weight: Weight::Stop,
            message,
            remedy: Some(
                "give the job another name to begin anew beside it, or remove its progress with `anabranch forget`"
                    .to_owned(),
            ),
        });
    };
    let name = &stored.name;
    if then.plugins != now.plugins {
        add(
            "changed-plugins",
            format!("the plugins of `{name}`, their parameters or its schemas are others than when it was begun"),
        );
    }
    if then.source != now.source {
        add(
            "changed-source",
            match stored.survey.as_ref().map(|then| survey.since(then).to_string()) {
                Some(differences) if !differences.is_empty() => {
                    format!("the files of `{name}` are others than when it was begun: {differences}")
                }
                _ => format!("the files of `{name}`, or how they are read, are others than when it was begun"),
            },
        );
    }
    if then.map != now.map {
        let what = "another selection, other target topics, another way to partitions, or other settings of provenance";
        add("changed-map", format!("`{name}` was begun with {what}"));
    }
    if let (Some(then), Some(now)) = (&then.cluster, &now.cluster)
        && then != now
    {
        add("changed-target", format!("`{name}` was begun on cluster `{then}`, and this is `{now}`"));
    }
    // Where the map is another one, what the old one named was not asked for.
    let is_mapped = then.map == now.map;
    for (topic, then) in &then.topics {
        match (then, now.topics.get(topic)) {
            (_, None) if is_mapped && was_written(stored, topic) => {
                add("changed-target", format!("topic `{topic}`, that `{name}` has written to, is not there any more"));
            }
            (Some(then), Some(Some(now))) if then != now && !is_off("topic-ids") => {
                add("changed-target", format!("topic `{topic}` was created anew since `{name}` was begun"));
            }
            _ => {}
        }
    }
    // Those that a plugin has chosen are known by what was written.
    for (topic, was) in stored.written_topics() {
        let mapped = then.topics.contains_key(topic);
        match topics.get(topic) {
            None if !mapped => {
                add("changed-target", format!("topic `{topic}`, that `{name}` has written to, is not there any more"));
            }
            Some(is) if !mapped && was.id.is_some() && is.id.is_some() && was.id != is.id && !is_off("topic-ids") => {
                add("changed-target", format!("topic `{topic}` was created anew since `{name}` has written to it"));
            }
            Some(is) if *counts_partitions && was.partitions.is_some_and(|was| was != is.partitions) => {
                let (was, is) = (was.partitions.unwrap_or_default(), is.partitions);
                add(
                    "changed-target",
                    format!(
                        "topic `{topic}` has {is} partitions, and had {was} when `{name}` wrote to it: records of one key \
                         would lie in two of them"
                    ),
                );
            }
            _ => {}
        }
    }
    for ((topic, partition), then) in stored.ends() {
        if let Some(now) = ends.get(&(topic.clone(), partition))
            && *now < then
            && !is_off("log-ends")
        {
            add(
                "changed-target",
                format!(
                    "`{topic}-{partition}` ends at {now}, before {then}, up to where it was written: records are gone"
                ),
            );
        }
    }
    let cut = stored.starts().into_iter().filter(|(place, (from, to))| {
        let kept = to.is_none_or(|to| to > *from);
        kept && starts.get(place).is_some_and(|start| start > from)
    });
    let cut: Vec<String> = cut.map(|((topic, partition), _)| format!("`{topic}-{partition}`")).collect();
    if !cut.is_empty() {
        findings.push(Finding {
            code: "shortened-target",
            weight: Weight::Warning,
            message: format!(
                "the first records that `{name}` has written to {} are gone: expired, or deleted since",
                cut.join(", ")
            ),
            remedy: None,
        });
    }
    findings.retain(|finding| !is_off(finding.code));
    findings
}

/// Whether anything was written to a topic.
fn was_written(stored: &Stored, topic: &str) -> bool {
    stored.lanes.values().any(|lane| lane.written.contains_key(topic))
}
