//! What is another than when the job was first started.

use std::collections::BTreeMap;

use super::{Identity, Stored};
use crate::catalog::KeptSurvey;
use crate::finding::{Finding, Weight};

/// The target as it is now.
pub(crate) struct Target<'a> {
    pub(crate) identity: &'a Identity,
    /// The files of the backup.
    pub(crate) survey: &'a KeptSurvey,
    /// Where the logs end now of which an earlier run noted an end.
    pub(crate) ends: &'a BTreeMap<(String, i32), i64>,
}

/// Why a job should not go on under this name.
pub(crate) fn changes(stored: &Stored, now: &Target<'_>) -> Vec<Finding> {
    let Some(job) = &stored.job else { return Vec::new() };
    let (then, survey, now, ends) = (&job.identity, now.survey, now.identity, now.ends);
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
            format!("the plugins of `{name}` or their parameters are others than when it was begun"),
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
        add("changed-map", format!("`{name}` was begun with other target topics or another way to partitions"));
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
            (Some(then), Some(Some(now))) if then != now => {
                add("changed-target", format!("topic `{topic}` was created anew since `{name}` was begun"));
            }
            _ => {}
        }
    }
    for ((topic, partition), then) in stored.ends() {
        if let Some(now) = ends.get(&(topic.clone(), partition))
            && *now < then
        {
            add(
                "changed-target",
                format!(
                    "`{topic}-{partition}` ends at {now}, before {then}, up to where it was written: records are gone"
                ),
            );
        }
    }
    findings
}

/// Whether anything was written to a topic.
fn was_written(stored: &Stored, topic: &str) -> bool {
    stored.lanes.values().any(|lane| lane.written.contains_key(topic))
}
