//! Configs that target topics have while they are restored, and putting back what they had.
//!
//! What a topic had is kept before it is changed, by the run that has the job's leading id ([`Session::keep_configs`]). It
//! is put back when the job is complete: a run that is stopped or killed leaves it to the one that goes on, or to `forget`.
//! So a run that another one has taken over from has nothing to put back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::configs::Configs;
use super::connection::Connection;
use super::native::{Alteration, NotAltered};
use crate::finding::{Finding, Weight};
use crate::mechanism::is_off;
use crate::progress::{ChangedTopic, Overrides, PuttingBack, Session, same};
use crate::target::TargetError;
use rdkafka::error::RDKafkaErrorCode;

/// How long the cluster may take to show what it has said yes to.
const SHOWN: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// What was changed, by topic.
pub(crate) type Changed = BTreeMap<String, ChangedTopic>;

/// What became of configs that were to be put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// Topic, config and the value that it has again, or none for the cluster's default.
    pub back: Vec<(String, String, Option<String>)>,
    /// The same of those that somebody else has changed meanwhile, with what they have now.
    pub left: Vec<(String, String, Option<String>)>,
    /// Topics that are gone, or were created anew.
    pub gone: Vec<String>,
}

/// Gives the topics of a job the configs that it wants while they are restored, and puts back those that an earlier run has
/// changed and that it does not want any more. Gives what is changed now.
///
/// # Errors
/// Configs that may not be read or changed, or that the cluster does not take.
pub(super) fn set(
    wanted: &BTreeMap<String, String>,
    topics: &[Arc<str>],
    before: &Changed,
    connection: &Connection,
    session: &Session,
) -> Result<Changed, TargetError> {
    let unwanted: Changed = before
        .iter()
        .filter_map(|(topic, changed)| {
            let is_target = topics.iter().any(|name| **name == **topic);
            let mut changed = changed.clone();
            changed.configs.retain(|name, _| !is_target || !wanted.contains_key(name));
            (!changed.configs.is_empty()).then(|| (topic.clone(), changed))
        })
        .collect();
    put_back(connection, &unwanted)?.log();
    let mut now = Changed::new();
    let mut alterations = Vec::new();
    if !wanted.is_empty() {
        let ids = connection.topic_ids(topics);
        for (topic, configs) in connection.configs(topics)? {
            let id = ids.get(&*topic).cloned().flatten();
            let kept = before.get(&*topic).filter(|kept| is_same_topic(kept, id.as_ref()));
            let mut changed = kept.cloned().unwrap_or_else(|| ChangedTopic::new(id));
            changed.configs.retain(|name, _| wanted.contains_key(name));
            let configs = changed.set(wanted, &configs.own, &configs.effective);
            if !changed.configs.is_empty() {
                now.insert(topic.to_string(), changed);
            }
            if !configs.is_empty() {
                alterations.push(Alteration { topic, configs });
            }
        }
    }
    // Before the first change; and nothing is left to be known of what was put back.
    let gone = before.keys().filter(|topic| !now.contains_key(*topic)).map(|topic| (topic.as_str(), None));
    let kept = now.iter().filter(|(topic, changed)| before.get(*topic) != Some(changed));
    let kept = kept.map(|(topic, changed)| (topic.as_str(), Some(changed)));
    session.keep_configs(&kept.chain(gone).collect::<Vec<_>>())?;
    alter(connection, &alterations)?;
    for Alteration { topic, configs } in &alterations {
        for (name, value) in configs {
            let value = value.as_deref().unwrap_or_default();
            tracing::info!("topic `{topic}` has `{name}={value}` until the job is complete");
        }
    }
    Ok(now)
}

/// Puts back what was changed, as far as it still is as it was changed.
///
/// # Errors
/// A cluster that does not answer, or does not let the user.
pub(crate) fn put_back(connection: &Connection, changed: &Changed) -> Result<PutBack, TargetError> {
    let mut outcome = PutBack::default();
    if changed.is_empty() {
        return Ok(outcome);
    }
    connection.refresh()?;
    let names: Vec<Arc<str>> = changed.keys().map(|topic| topic.as_str().into()).collect();
    let ids = connection.topic_ids(&names);
    let (there, gone): (Vec<Arc<str>>, Vec<Arc<str>>) = names.into_iter().partition(|name| {
        let id = ids.get(&**name);
        id.is_some() && changed.get(&**name).is_some_and(|kept| is_same_topic(kept, id.and_then(Option::as_ref)))
    });
    outcome.gone = gone.iter().map(ToString::to_string).collect();
    let mut alterations = Vec::new();
    for (topic, Configs { own, .. }) in connection.configs(&there)? {
        let Some(kept) = changed.get(&*topic) else { continue };
        let PuttingBack { configs, left } = planned(kept, &own);
        let named = |(name, value): &(String, Option<String>)| (topic.to_string(), name.clone(), value.clone());
        outcome.back.extend(configs.iter().map(named));
        outcome.left.extend(left.iter().map(named));
        if !configs.is_empty() {
            alterations.push(Alteration { topic, configs });
        }
    }
    alter(connection, &alterations)?;
    Ok(outcome)
}

fn planned(kept: &ChangedTopic, own: &Overrides) -> PuttingBack {
    if is_off("configs-are-put-back") {
        return PuttingBack::default();
    }
    let mut planned = kept.put_back(own, |_| true);
    if is_off("only-what-is-ours") {
        let was = |(name, _): (String, _)| {
            let was = kept.configs().find(|(known, _)| **known == *name).and_then(|(_, config)| config.was.clone());
            (name, was)
        };
        planned.configs.extend(planned.left.drain(..).map(was));
    }
    planned
}

/// Whether a topic is the one that was changed.
fn is_same_topic(kept: &ChangedTopic, id: Option<&String>) -> bool {
    match (&kept.id, id) {
        (Some(then), Some(now)) => then == now,
        _ => true,
    }
}

/// Changes configs, and waits until the cluster shows them.
fn alter(connection: &Connection, alterations: &[Alteration]) -> Result<(), TargetError> {
    if alterations.is_empty() {
        return Ok(());
    }
    if let Some(refused) = connection.alter(alterations, false)?.into_iter().next() {
        return Err(error(refused));
    }
    let topics: Vec<Arc<str>> = alterations.iter().map(|alteration| Arc::clone(&alteration.topic)).collect();
    let begun = Instant::now();
    loop {
        let configs = connection.configs(&topics)?;
        let is_shown = |Alteration { topic, configs: wanted }: &Alteration| {
            configs.get(topic).is_some_and(|configs| {
                wanted.iter().all(|(name, value)| match (configs.own.get(name), value) {
                    (Some(is), Some(value)) => same(is, value),
                    (is, value) => is.is_none() && value.is_none(),
                })
            })
        };
        if alterations.iter().all(is_shown) {
            return Ok(());
        }
        if begun.elapsed() > SHOWN {
            tracing::warn!("the cluster has said yes to the configs of its topics, and does not show them yet");
            return Ok(());
        }
        std::thread::sleep(LOOK);
    }
}

/// Why configs were not changed.
pub(crate) fn error(refused: NotAltered) -> TargetError {
    let NotAltered { topic, code, reason } = refused;
    match code {
        RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed => {
            TargetError::Denied {
                place: String::new(),
                what: format!("change the configs of topic `{topic}`"),
                reason,
                acl: format!("ALTER_CONFIGS on topic `{topic}`"),
            }
        }
        code => {
            use RDKafkaErrorCode::{InvalidConfig, InvalidRequest, PolicyViolation};
            let by_job = matches!(code, InvalidConfig | InvalidRequest | PolicyViolation);
            TargetError::Configs { topic, reason, by_job }
        }
    }
}

impl PutBack {
    fn log(&self) {
        for finding in self.findings() {
            tracing::info!("{}", finding.message);
        }
    }

    /// What there is to say of it.
    pub fn findings(&self) -> Vec<Finding> {
        let said = |value: &Option<String>| match value {
            Some(value) => format!("`{value}`"),
            None => "the cluster's default".to_owned(),
        };
        let back = self.back.iter().map(|(topic, name, value)| Finding {
            code: "configs-put-back",
            weight: Weight::Note,
            message: format!("`{name}` of topic `{topic}` is {} again, as before the job", said(value)),
            remedy: None,
        });
        let left = self.left.iter().map(|(topic, name, value)| Finding {
            code: "configs-left",
            weight: Weight::Warning,
            message: format!(
                "`{name}` of topic `{topic}` was changed meanwhile by somebody else, to {}, and is left so",
                said(value)
            ),
            remedy: None,
        });
        let gone = self.gone.iter().map(|topic| Finding {
            code: "configs-left",
            weight: Weight::Warning,
            message: format!("topic `{topic}`, whose configs were to be put back, is gone or was created anew"),
            remedy: None,
        });
        back.chain(left).chain(gone).collect()
    }
}
