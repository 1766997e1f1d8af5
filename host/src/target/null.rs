//! The target that forgets: records are walked and counted, and what a broker costs is left out.

use std::sync::Arc;

use super::{LaneTarget, Sent, Standing, Target, TargetError};
use crate::batch::Outputs;
use crate::job;
use crate::position::TopicPartition;
use crate::route::Router;

/// Takes everything and keeps nothing.
#[derive(Clone, Debug)]
pub struct NullTarget {
    router: Router,
}

impl NullTarget {
    /// A target that counts under the topics of the job's rules.
    ///
    /// # Errors
    /// Rules that break the job's promise of order.
    pub fn new(rules: &job::Target) -> Result<Self, TargetError> {
        Ok(Self { router: Router::new(rules)? })
    }
}

impl Target for NullTarget {
    fn lane(&self, source: &TopicPartition) -> Result<Box<dyn LaneTarget>, TargetError> {
        let no_way = |error| TargetError::Lane { source_partition: source.to_string(), error };
        let route = self.router.lane(source).map_err(no_way)?;
        Ok(Box::new(NullLane { topic: Arc::clone(route.topic()) }))
    }
}

struct NullLane {
    /// The last record's topic: as a rule the next one's too.
    topic: Arc<str>,
}

impl LaneTarget for NullLane {
    fn send(&mut self, outputs: &Outputs) -> Result<Sent, TargetError> {
        let mut sent = Sent::default();
        let home = Arc::clone(&self.topic);
        for row in outputs.rows() {
            let name = row.topic.unwrap_or(&home);
            if *self.topic != *name {
                self.topic = name.into();
            }
            sent.add(&self.topic, &row);
        }
        self.topic = home;
        Ok(sent)
    }

    fn commit(&mut self, _standing: &Standing) -> Result<(), TargetError> {
        Ok(())
    }
}
