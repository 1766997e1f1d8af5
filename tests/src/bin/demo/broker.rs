//! The broker of the demo.

use anabranch::target::EmbeddedCluster;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::orders::TOPIC;
use anyhow::Result;

use crate::PARTITIONS;

/// A running broker with the target topic.
pub(crate) enum Broker {
    /// librdkafka's mock cluster, in this process.
    Mock(EmbeddedCluster),
    /// Apache Kafka.
    Kafka(Cluster),
}

impl Broker {
    pub(crate) fn start(on_kafka: bool) -> Result<Self> {
        if on_kafka {
            let cluster = Cluster::start("auto.create.topics.enable=false\n")?;
            cluster.create(TOPIC, PARTITIONS, &[])?;
            Ok(Self::Kafka(cluster))
        } else {
            let cluster = EmbeddedCluster::start()?;
            cluster.create_topic(TOPIC, PARTITIONS)?;
            Ok(Self::Mock(cluster))
        }
    }

    pub(crate) fn servers(&self) -> &str {
        match self {
            Self::Mock(cluster) => cluster.bootstrap_servers(),
            Self::Kafka(cluster) => cluster.servers(),
        }
    }

    pub(crate) fn description(&self) -> &'static str {
        match self {
            Self::Mock(_) => "librdkafka's mock cluster, embedded in this demo (`--kafka` takes Apache Kafka instead)",
            Self::Kafka(_) => "Apache Kafka, started for this demo",
        }
    }
}
