//! Configs of topics: reading them, and changing some of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::executor::block_on;
use rdkafka::admin::{ConfigResource, ConfigSource, ResourceSpecifier};
use rdkafka::error::RDKafkaErrorCode;

use super::connection::Connection;
use super::context::reason;
use super::native::{self, Alteration, NotAltered};
use crate::target::TargetError;

/// Topics' configs, and what a broker calls their defaults (Kafka's `ServerTopicConfigSynonyms`), as far as they matter here
/// and are called otherwise; those of `retention.ms` aside.
const SYNONYMS: [(&str, &str); 10] = [
    ("cleanup.policy", "log.cleanup.policy"),
    ("default.replication.factor", "default.replication.factor"),
    ("delete.retention.ms", "log.cleaner.delete.retention.ms"),
    ("max.message.bytes", "message.max.bytes"),
    ("message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms"),
    ("message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms"),
    ("message.timestamp.difference.max.ms", "log.message.timestamp.difference.max.ms"),
    ("message.timestamp.type", "log.message.timestamp.type"),
    ("min.insync.replicas", "min.insync.replicas"),
    ("retention.bytes", "log.retention.bytes"),
];

/// The configs of a topic.
#[derive(Debug, Default)]
pub(crate) struct Configs {
    /// Those that are its own.
    pub(crate) own: BTreeMap<String, String>,
    /// All of them.
    pub(crate) effective: BTreeMap<String, String>,
}

impl Configs {
    fn of(told: ConfigResource) -> Self {
        let mut configs = Self::default();
        for entry in told.entries {
            let Some(value) = entry.value else { continue };
            if entry.source == ConfigSource::DynamicTopic {
                configs.own.insert(entry.name.clone(), value.clone());
            }
            configs.effective.insert(entry.name, value);
        }
        configs
    }
}

impl Connection {
    /// The configs of these topics.
    ///
    /// # Errors
    /// Topics whose configs are not told.
    pub(crate) fn configs(&self, names: &[Arc<str>]) -> Result<BTreeMap<Arc<str>, Configs>, TargetError> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let asked: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        let told = block_on(self.admin.describe_configs(&asked, &self.options()))
            .map_err(|error| self.refused("tell the configs of its topics", &error))?;
        let mut all = BTreeMap::new();
        for (name, told) in names.iter().zip(told) {
            let configs =
                told.ok().filter(|configs| !configs.entries.is_empty()).ok_or_else(|| TargetError::Denied {
                    place: String::new(),
                    what: format!("read the configs of topic `{name}`"),
                    reason: "the cluster does not tell them".to_owned(),
                    acl: format!("DESCRIBE_CONFIGS on topic `{name}`"),
                })?;
            all.insert(Arc::clone(name), Configs::of(configs));
        }
        Ok(all)
    }

    /// Changes configs of topics, those of one topic all or none; `only_asks` changes nothing. Gives what was refused.
    ///
    /// # Errors
    /// A cluster that does not answer, or does not know the request.
    pub(crate) fn alter(&self, alterations: &[Alteration], only_asks: bool) -> Result<Vec<NotAltered>, TargetError> {
        native::alter_configs(self.admin.inner(), alterations, only_asks, self.patience).map_err(|(code, reason)| {
            let reason = match code {
                RDKafkaErrorCode::UnsupportedFeature => {
                    format!("brokers before 2.3 cannot change one config and leave the others: {reason}")
                }
                _ => reason,
            };
            TargetError::Request { servers: self.servers.clone(), what: "change the configs of its topics", reason }
        })
    }

    /// The configs of a topic that is created without any, and `default.replication.factor`; `None` where the cluster does
    /// not tell.
    pub(crate) fn defaults(&self) -> Option<BTreeMap<String, String>> {
        if self.embedded {
            return None;
        }
        let asked = self.broker.map(ResourceSpecifier::Broker)?;
        let told = block_on(self.admin.describe_configs([&asked], &self.options()))
            .inspect_err(|error| tracing::debug!("{} cannot tell its defaults: {}", self.servers, reason(error)))
            .ok()?;
        let configs = told.into_iter().flatten().next().filter(|configs| !configs.entries.is_empty())?;
        let text = |name: &str| configs.get(name).and_then(|entry| entry.value.clone());
        let mut defaults: BTreeMap<String, String> =
            SYNONYMS.iter().filter_map(|(topic, broker)| Some(((*topic).to_owned(), text(broker)?))).collect();
        // The finer one counts, as in Kafka itself.
        let units = [("log.retention.ms", 1), ("log.retention.minutes", 60_000), ("log.retention.hours", 3_600_000)];
        let number = |name: &str| text(name)?.parse::<i64>().ok();
        if let Some((number, unit)) = units.into_iter().find_map(|(name, unit)| Some((number(name)?, unit))) {
            defaults.insert("retention.ms".to_owned(), number.saturating_mul(unit).max(-1).to_string());
        }
        Some(defaults)
    }
}
