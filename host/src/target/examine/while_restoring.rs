//! Configs that the target topics are to have while they are restored.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::permissions::missing;
use crate::finding::{Finding, Weight};
use crate::progress::{Stored, same};
use crate::report::shown::moment;
use crate::target::kafka::{Alteration, Connection, Limits, Needs, Topic, not_altered};
use crate::target::{LaneNeed, TargetError};

/// What would be changed, and whether it can be. `there` are the topics as they are, and nothing is changed.
///
/// # Errors
/// Configs that the cluster does not take.
pub(super) fn on_changes(
    wanted: &BTreeMap<String, String>,
    needs: &Needs<'_>,
    there: &BTreeMap<Arc<str>, Topic>,
    stored: Option<&Stored>,
    connection: &Connection,
    findings: &mut Vec<Finding>,
) -> Result<(), TargetError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = wanted.iter().map(|(name, value)| format!("`{name}={value}`")).collect();
    let mut tell = |topic: &str, had: String| {
        findings.push(Finding {
            code: "configs-changed",
            weight: Weight::Note,
            message: format!(
                "topic `{topic}` has {} from the start until the job is complete, and then again {had}",
                listed.join(", ")
            ),
            remedy: None,
        });
    };
    let (mut known, mut refused, mut alterations) = (Vec::new(), Vec::new(), Vec::new());
    for name in needs.topics.keys() {
        match there.get(name) {
            None => tell(name, "what `target.create.configs` says".to_owned()),
            Some(topic) if topic.limits.known => known.push(Arc::clone(name)),
            Some(_) => refused.push(missing("DESCRIBE_CONFIGS", "topic", name)),
        }
    }
    for (name, configs) in connection.configs(&known)? {
        let before = stored.and_then(|stored| stored.configs.get(&*name));
        let had = wanted.keys().map(|config| {
            let kept = before.and_then(|before| before.configs.get(config)).map(|config| config.was.as_ref());
            match kept.unwrap_or_else(|| configs.own.get(config)) {
                Some(value) => format!("`{config}={value}`"),
                None => format!("the cluster's default of `{config}`"),
            }
        });
        tell(&name, had.collect::<Vec<_>>().join(", "));
        let is = |config: &str, value: &str| configs.effective.get(config).is_some_and(|is| same(is, value));
        let changes: Vec<_> = wanted
            .iter()
            .filter(|(config, value)| !is(config, value))
            .map(|(config, value)| (config.clone(), Some(value.clone())))
            .collect();
        if !changes.is_empty() {
            alterations.push(Alteration { topic: name, configs: changes });
        }
    }
    for not in connection.alter(&alterations, true)? {
        let topic = not.topic.clone();
        match not_altered(not) {
            TargetError::Denied { .. } => refused.push(missing("ALTER_CONFIGS", "topic", &topic)),
            error => return Err(error),
        }
    }
    findings.extend(refused);
    Ok(())
}

/// What is deleted once a topic has its own configs again: `own` limits, and those `meanwhile`.
pub(super) fn on_return(
    name: &str,
    lanes: &[&LaneNeed],
    own: &Limits,
    meanwhile: &Limits,
    now: i64,
    findings: &mut Vec<Finding>,
) {
    if own.retention == meanwhile.retention || own.log_append_time {
        return;
    }
    let Some(retention) = own.retention else { return };
    let oldest = lanes.iter().filter_map(|lane| lane.timestamps.map(|(least, _)| least));
    let oldest = oldest.filter(|least| *least >= 0 && now.saturating_sub(*least) > retention).min();
    let Some(least) = oldest else { return };
    findings.push(Finding {
        code: "retention-returns",
        weight: Weight::Warning,
        message: format!(
            "when the job is complete `{name}` has `retention.ms={retention}` again, and the broker deletes what is older \
             then: the backup holds records from {} on",
            moment(least)
        ),
        remedy: Some(
            "to keep them, give the topic a longer `retention.ms` of its own, before the restore or while it runs: what \
             somebody else sets meanwhile is left as it is"
                .to_owned(),
        ),
    });
}
