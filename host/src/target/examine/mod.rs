//! What the target will not take or give back, found before a restore starts.

mod asked;
mod compaction;
mod contents;
mod durability;
mod limits;
mod partitions;
mod permissions;
mod policies;
mod retention;
mod timestamps;
mod unknown;
mod while_restoring;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kafka::{self, Connection, Limits, Needs, Properties};
use super::{LaneNeed, Standing, Target, TargetError};
use crate::catalog::KeptSurvey;
use crate::finding::Finding;
use crate::job::{Cluster, Delivery, Job};
use crate::position::TopicPartition;
use crate::progress::{self, Inputs, LaneRecord, Ranges, Stored};
use crate::route::Router;
use asked::Asked;
use policies::{on_delivery, on_policies};
use timestamps::on_timestamps;

/// A target whose cluster was reached, where it has one, and what it keeps of the job.
pub struct Reached {
    cluster: Option<(Properties, Connection)>,
    stored: Option<Stored>,
    /// What is kept of the job by runs that wrote exactly once, where this one would not.
    begun: Option<Stored>,
    /// Whether progress is kept there at all.
    keeps_progress: bool,
}

/// Connects to the target of a job and looks up its progress. Blocks while it speaks with the cluster; not to be called
/// from an async task.
///
/// # Errors
/// A cluster that does not answer or let in, properties that cannot be, and progress that cannot be read.
pub fn reach(job: &Job) -> Result<Reached, TargetError> {
    let Cluster::Kafka(servers) = &job.target.cluster else {
        return Ok(Reached { cluster: None, stored: None, begun: None, keeps_progress: false });
    };
    let properties = Properties::new(job, servers)?;
    let connection = Connection::open(&properties, false)?;
    let look = || progress::look(job, &properties, &connection);
    let delivery = kafka::delivery(job, &connection);
    let (stored, begun) = match delivery {
        Delivery::ExactlyOnce => (look()?, None),
        Delivery::AtLeastOnce if connection.is_embedded() => (None, None),
        // What is not known there, or not let be read, keeps nobody from going without it.
        Delivery::AtLeastOnce => (None, look().ok().flatten()),
    };
    let keeps_progress = delivery == Delivery::ExactlyOnce;
    Ok(Reached { cluster: Some((properties, connection)), stored, begun, keeps_progress })
}

/// A target that was asked about the lanes of a job, and could be connected to.
pub struct Examined {
    /// What it will not take or give back.
    pub findings: Vec<Finding>,
    /// What earlier runs of the job have committed.
    stored: Option<Stored>,
    keeps_progress: bool,
    /// The connection on which it was asked.
    connection: Option<Connection>,
}

impl Examined {
    /// How far earlier runs have come with a lane.
    pub fn before(&self, source: &TopicPartition) -> Option<Standing> {
        self.stored.as_ref()?.lanes.get(source).map(LaneRecord::standing)
    }

    /// Where at the target the records of a lane lie that earlier runs have committed.
    pub fn ranges(&self, source: &TopicPartition) -> Option<Ranges> {
        self.stored.as_ref()?.lanes.get(source).map(|record| record.ranges.clone())
    }

    /// The first start of the job, in milliseconds since the epoch.
    pub fn started(&self) -> Option<i64> {
        self.times().map(|(started, _)| started)
    }

    /// The first start of the job and that of its last run, in milliseconds since the epoch.
    pub fn times(&self) -> Option<(i64, i64)> {
        self.stored.as_ref()?.times()
    }

    /// Whether the target keeps how far the job has come.
    pub fn keeps_progress(&self) -> bool {
        self.keeps_progress
    }

    /// Whether earlier runs have left topics with configs that are to be put back.
    pub fn has_changed_topics(&self) -> bool {
        self.stored.as_ref().is_some_and(|stored| !stored.configs.is_empty())
    }

    /// Whether earlier runs have restored all of these lanes.
    pub fn is_done(&self, lanes: &[LaneNeed]) -> bool {
        self.stored.as_ref().is_some_and(|stored| stored.is_complete(lanes.iter().map(|lane| &*lane.source)))
    }

    /// As [`super::connect`], on the connection that there is.
    ///
    /// # Errors
    /// As [`super::connect`].
    pub fn connect(self, job: &Job, lanes: &[LaneNeed], inputs: &Inputs) -> Result<Arc<dyn Target>, TargetError> {
        super::connect_on(self.connection, job, lanes, inputs)
    }
}

impl Reached {
    /// What earlier runs of the job have found in its backup.
    pub fn survey(&self) -> Option<&KeptSurvey> {
        self.stored.as_ref()?.survey.as_ref()
    }

    /// The first start of the job, in milliseconds since the epoch, where there was one.
    pub fn started(&self) -> Option<i64> {
        self.stored.as_ref()?.times().map(|(started, _)| started)
    }

    /// Asks about these lanes, and changes nothing there. Blocks while it speaks with the cluster; not to be called
    /// from an async task.
    ///
    /// # Errors
    /// What [`super::connect`] would fail with too, short of creating topics.
    pub fn examine(self, job: &Job, lanes: &[LaneNeed], inputs: &Inputs) -> Result<Examined, TargetError> {
        examine(self, job, lanes, inputs)
    }
}

fn examine(reached: Reached, job: &Job, lanes: &[LaneNeed], inputs: &Inputs) -> Result<Examined, TargetError> {
    let router = Router::new(&job.target)?;
    let needs = Needs::new(&router, lanes, job.rejected.dead_letters.as_ref());
    if matches!(job.target.cluster, Cluster::Kafka(_)) {
        needs.keep_out_of(&job.progress.topic)?;
    }
    let mut findings: Vec<Finding> = on_policies(job).into_iter().collect();
    let Reached { cluster, mut stored, begun, keeps_progress } = reached;
    match (&job.target.cluster, &cluster) {
        (Cluster::Null, _) => {
            // What could never be restored into Kafka is told here too.
            Properties::new(job, "null")?;
            needs.check(&BTreeMap::new(), job.target.create.as_ref())?;
        }
        (Cluster::Mock, _) => {
            Properties::new(job, "mock")?;
            findings.extend(on_delivery(job, true));
            needs.check(&BTreeMap::new(), Some(&job.target.create.clone().unwrap_or_default()))?;
            for (topic, lanes) in &needs.topics {
                on_timestamps(job, topic, lanes, &Limits::default(), &mut findings);
            }
        }
        // A cluster that is reached is all there is left.
        (Cluster::Kafka(_), None) => {}
        (Cluster::Kafka(_), Some((properties, connection))) => {
            findings.extend(on_delivery(job, connection.is_embedded()));
            let asked = Asked { job, lanes, needs: &needs, inputs, properties, connection };
            findings.extend(asked.examine(stored.as_mut(), begun.is_some())?);
        }
    }
    Ok(Examined { findings, stored, keeps_progress, connection: cluster.map(|(_, connection)| connection) })
}
