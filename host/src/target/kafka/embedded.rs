//! librdkafka's mock cluster, inside this process: for the demo and for quick looks, gone when dropped.
//!
//! It takes idempotent writes and can be read back by any client at its address. It keeps only the
//! newest few megabytes of a partition and enforces no limits.

use rdkafka::ClientConfig;
use rdkafka::config::FromClientConfig;
use rdkafka::producer::{BaseProducer, Producer};

use super::context::reason;
use crate::target::TargetError;

/// A running mock cluster of one broker.
pub struct EmbeddedCluster {
    /// librdkafka starts the cluster with this client and ends it with it.
    keeper: BaseProducer,
    servers: String,
}

impl EmbeddedCluster {
    /// Starts one.
    ///
    /// # Errors
    /// A machine that gives no socket on loopback.
    pub fn start() -> Result<Self, TargetError> {
        let failed = |reason| TargetError::Client { reason };
        let keeper = BaseProducer::from_config(ClientConfig::new().set("test.mock.num.brokers", "1"))
            .map_err(|error| failed(reason(&error)))?;
        let servers = keeper
            .client()
            .mock_cluster()
            .map(|cluster| cluster.bootstrap_servers())
            .ok_or_else(|| failed("no mock cluster came up".to_owned()))?;
        Ok(Self { keeper, servers })
    }

    /// Where clients find it.
    pub fn bootstrap_servers(&self) -> &str {
        &self.servers
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// A name that is none, or a topic that exists.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), TargetError> {
        let made = self.keeper.client().mock_cluster().map(|cluster| cluster.create_topic(topic, partitions, 1));
        match made {
            Some(Err(error)) => {
                Err(TargetError::Create { topic: topic.to_owned(), reason: reason(&error), by_job: true })
            }
            _ => Ok(()),
        }
    }
}
