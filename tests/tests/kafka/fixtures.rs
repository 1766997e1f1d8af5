//! What several of these tests begin with.

use std::collections::BTreeMap;
use std::sync::Arc;

use anabranch::failure::{Exit, Explain};
use anabranch::job::{self, Job};
use anabranch::position::TopicPartition;
use anabranch::progress::Inputs;
use anabranch::target::{LaneNeed, Standing, Target, TargetError};
use anabranch_tests::batches::{Given, outputs};
use anabranch_tests::jobs;
use anabranch_tests::kafka::Cluster;
use anabranch_tests::read_back::Record;

/// A job that writes to the plain cluster.
pub(crate) fn plain() -> Job {
    jobs::job(jobs::target(job::Cluster::Kafka(Cluster::plain().servers().to_owned())))
}

/// What these lanes ask, as far as nothing else is known.
pub(crate) fn needs(lanes: &[&Arc<TopicPartition>]) -> Vec<LaneNeed> {
    lanes.iter().map(|lane| LaneNeed::new(Arc::clone(lane))).collect()
}

/// Connects to the target of a job whose inputs are of no matter.
pub(crate) fn connect(job: &Job, lanes: &[LaneNeed]) -> Result<Arc<dyn Target>, TargetError> {
    anabranch::target::connect(job, lanes, &Inputs::default())
}

/// Connects, sends these records of one lane and waits for them.
pub(crate) fn restore(
    job: &Job,
    lane: &Arc<TopicPartition>,
    records: &[Given],
) -> Result<Arc<dyn Target>, TargetError> {
    let target = connect(job, &needs(&[lane]))?;
    send(&*target, lane, records)?;
    Ok(target)
}

/// Sends these records of one lane, from offset 0 on, and waits for them.
pub(crate) fn send(target: &dyn Target, lane: &Arc<TopicPartition>, records: &[Given]) -> Result<(), TargetError> {
    let mut sender = target.lane(lane)?;
    sender.send(&outputs(lane, 0, records))?;
    sender.commit(&Standing::default())
}

/// How an error is told, with names that differ from run to run replaced.
pub(crate) fn told(error: &TargetError, names: &[(&str, &str)]) -> String {
    let code = match error.exit() {
        Exit::Failed => 1,
        Exit::Usage => 2,
        Exit::Environment => 3,
        other => panic!("{other:?} is no error's"),
    };
    let hint = error.hint().map_or_else(String::new, |hint| format!("\nhint: {hint}"));
    names.iter().fold(format!("exit {code}: {error}{hint}"), |text, (name, shown)| text.replace(name, shown))
}

/// What the broker holds, as what was given.
pub(crate) fn given(records: BTreeMap<i32, Vec<Record>>) -> BTreeMap<i32, Vec<Given>> {
    let plain = |record: Record| Given {
        key: record.key,
        value: record.value,
        headers: record.headers,
        timestamp: record.timestamp,
    };
    records.into_iter().map(|(partition, records)| (partition, records.into_iter().map(plain).collect())).collect()
}
