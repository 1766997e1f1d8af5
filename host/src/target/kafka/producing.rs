//! A producer with the topics that it writes to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer, ThreadedProducer};

use super::context::{Context, reason};
use super::native::TopicHandle;
use super::{Shared, Topic};
use crate::target::TargetError;

/// Has a producer connected before it is asked for more: librdkafka asks for a producer's id, or for who coordinates its
/// transactions, when there is a connection, and looks twice a second whether there is one. Its first answer may come
/// while the connection is being given its broker's name and does not count as one, so two are waited for. `topic` is any
/// that there is.
pub(super) fn connect(producer: &ThreadedProducer<Context>, topic: Option<&str>, patience: Duration) {
    for _ in 0..2 {
        if let Err(error) = producer.client().fetch_metadata(topic, patience) {
            // Nothing is lost but half a second; what follows tells what is wrong.
            tracing::debug!("the producer has no metadata yet: {}", reason(&error));
            return;
        }
    }
}

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
        if let Some((_, reason)) = self.producer.client().fatal_error() {
            return TargetError::Broken { position, reason };
        }
        if code == RDKafkaErrorCode::State {
            return TargetError::GivenUp { position };
        }
        TargetError::Send { position, topic: Arc::clone(&topic.facts.name), reason: code.to_string() }
    }
}
