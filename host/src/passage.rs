//! What every record of a job passes between reading and routing: it is decoded, goes through the plugins, and is encoded
//! again.

use crate::plugin::{Chain, Seen, Transform, TransformError, Untouched};
use crate::position::TopicPartition;
use crate::schema::Schemas;

/// The way of a job's records. What is missing leaves them as they are.
#[derive(Clone, Copy, Default)]
pub struct Passage<'a> {
    /// The plugins.
    pub chain: Option<&'a Chain>,
    /// What values are encoded in, and are to be.
    pub schemas: Option<&'a Schemas>,
}

impl Passage<'_> {
    /// What tells it from another: the plugins with their whole configuration, and the schemas.
    pub fn digests(&self) -> Vec<String> {
        let plugins = self.chain.map(Chain::digests).unwrap_or_default();
        plugins.into_iter().chain(self.schemas.map(Schemas::digest)).collect()
    }

    /// The way of one lane.
    ///
    /// # Errors
    /// A plugin that refuses its configuration; a target schema that cannot be had.
    pub fn open(&self, source: &TopicPartition, target_topic: &str) -> Result<Box<dyn Transform>, TransformError> {
        let (transform, seen): (Box<dyn Transform>, _) = match self.chain {
            Some(chain) => (chain.open(source, target_topic)?, chain.seen()),
            None => (Box::new(Untouched), Seen::default()),
        };
        match self.schemas {
            Some(schemas) => Ok(schemas.wrap(transform, &source.topic, target_topic, seen).map_err(Box::new)?),
            None => Ok(transform),
        }
    }
}
