//! A producer with the topics that it writes to.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer, ThreadedProducer};

use super::context::Context;
use super::native::TopicHandle;
use super::{Shared, Topic};
use crate::target::TargetError;

/// A topic that records go to.
pub(super) struct OpenTopic {
    pub(super) facts: Topic,
    pub(super) handle: TopicHandle,
}

/// See the module.
pub(super) struct Producing {
    producer: ThreadedProducer<Context>,
    topics: RwLock<HashMap<Arc<str>, Arc<OpenTopic>>>,
}

impl Producing {
    pub(super) fn new(producer: ThreadedProducer<Context>) -> Self {
        Self { producer, topics: RwLock::default() }
    }

    pub(super) fn producer(&self) -> &ThreadedProducer<Context> {
        &self.producer
    }

    pub(super) fn context(&self) -> &Arc<Context> {
        self.producer.client().context()
    }

    /// A topic by name; one that was not known at the start is asked for once.
    pub(super) fn topic(&self, name: &str, shared: &Shared) -> Result<Option<Arc<OpenTopic>>, TargetError> {
        if let Some(topic) = self.topics.read().get(name) {
            return Ok(Some(Arc::clone(topic)));
        }
        let mut topics = self.topics.write();
        if let Some(topic) = topics.get(name) {
            return Ok(Some(Arc::clone(topic)));
        }
        let Some(facts) = shared.facts(name)? else { return Ok(None) };
        let Some(handle) = TopicHandle::new(&self.producer, &facts.name) else {
            return Err(TargetError::MissingTopics(vec![facts.name]));
        };
        let name = Arc::clone(&facts.name);
        let topic = Arc::new(OpenTopic { facts, handle });
        topics.insert(name, Arc::clone(&topic));
        Ok(Some(topic))
    }

    /// Why librdkafka did not take a record.
    pub(super) fn not_taken(&self, code: RDKafkaErrorCode, position: String, topic: &OpenTopic) -> TargetError {
        let fatal = self.producer.client().fatal_error().map(|(_, reason)| reason);
        let reason = fatal.unwrap_or_else(|| code.to_string());
        TargetError::Send { position, topic: Arc::clone(&topic.facts.name), reason }
    }
}
