//! Configs that topics have without being told.

use std::collections::BTreeMap;

use futures::executor::block_on;
use rdkafka::admin::ResourceSpecifier;

use super::connection::Connection;
use super::context::reason;

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

impl Connection {
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
