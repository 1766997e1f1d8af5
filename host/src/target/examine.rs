//! What the target will not take or give back, found before a restore starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::kafka::{self, Connection, Limits, Needs, Properties, TIMESTAMP_ZERO, partitions_in_backup};
use super::{LaneNeed, Standing, Target, TargetError};
use crate::aside::Cause;
use crate::batch::NO_TIMESTAMP;
use crate::catalog::KeptSurvey;
use crate::clock::now;
use crate::finding::{Finding, Weight};
use crate::job::{Cluster, CreateTopics, DeadLetters, Delivery, Job, PartitionStrategy, Policy, Rejected};
use crate::mechanism::is_off;
use crate::position::TopicPartition;
use crate::progress::{self, Inputs, LaneRecord, Ranges, Stored};
use crate::route::Router;

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
            let there = connection.topics(&needs.all_names())?;
            let create = job.target.create.as_ref();
            needs.check(&there, create)?;
            let missing = needs.missing(&there);
            if begun.is_some() && !is_off("changed-delivery") {
                findings.push(Finding {
                    code: "changed-delivery",
                    weight: Weight::Stop,
                    message: format!(
                        "`{}` was begun exactly once: at least once it begins anew, and writes again what is written",
                        job.progress.job
                    ),
                    remedy: Some("leave `delivery` as it was, or give the job another name".to_owned()),
                });
            }
            if let Some(stored) = &mut stored {
                let cluster = connection.id().map(str::to_owned);
                let identity = inputs.identity(job, lanes, cluster, connection.topic_ids(&needs.names()));
                findings.extend(stored.changes(&identity, inputs, connection, properties, job)?);
                stored.follow_source(&identity);
            }
            if create.is_none() && !missing.is_empty() {
                return Err(TargetError::MissingTopics(missing.into_keys().collect()));
            }
            if let Some(create) = create {
                connection.would_create(&missing, create)?;
            }
            let retention = if missing.is_empty() { None } else { connection.default_retention() };
            for (name, lanes) in &needs.topics {
                match (there.get(name), create) {
                    (Some(topic), _) => {
                        on_partitions(job, name, lanes, topic.partitions, &mut findings);
                        on_limits(job, name, lanes, &topic.limits, &mut findings);
                    }
                    (None, Some(create)) => {
                        on_creation(name, lanes, create, &mut findings);
                        let limits = Limits::of_new(&create.configs, retention);
                        on_limits(job, name, lanes, &limits, &mut findings);
                    }
                    (None, None) => {}
                }
                on_merging(name, lanes, &mut findings);
            }
            for (name, lanes) in &needs.letters {
                if let (None, Some(create)) = (there.get(name), create) {
                    on_creation(name, lanes, create, &mut findings);
                }
            }
        }
    }
    Ok(Examined { findings, stored, keeps_progress, connection: cluster.map(|(_, connection)| connection) })
}

/// How much a record matters that cannot be restored: it stops the job, or is set aside.
fn weight(job: &Job, cause: Cause) -> Weight {
    if job.rejected.policies.tolerate(cause) { Weight::Warning } else { Weight::Stop }
}

/// What becomes of records that cannot be restored, where that is not the end of the job.
fn on_policies(job: &Job) -> Option<Finding> {
    let Rejected { policies, dead_letters, .. } = &job.rejected;
    let of = |policy: Policy| {
        let causes = Cause::ALL.into_iter().filter(|cause| policies.of(*cause) == policy);
        let names: Vec<&str> = causes.map(Cause::name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let kept = match dead_letters {
        Some(DeadLetters::Topic(_)) if matches!(job.target.cluster, Cluster::Null) => {
            "counted as dead letters, and kept nowhere, since `null` keeps nothing,".to_owned()
        }
        Some(DeadLetters::Topic(topic)) => format!("kept in topic `{topic}`"),
        Some(DeadLetters::Files { url, .. }) => format!("kept in files at {}", crate::store::shown(url)),
        None => String::new(),
    };
    let skipped = of(Policy::Skip).map(|causes| format!("left out where the cause is {causes}"));
    let kept = of(Policy::DeadLetter).map(|causes| format!("{kept} where the cause is {causes}"));
    let said: Vec<String> = skipped.into_iter().chain(kept).collect();
    (!said.is_empty()).then(|| Finding {
        code: "set-aside",
        weight: Weight::Note,
        message: format!("records that cannot be restored are {}", said.join(", and ")),
        remedy: None,
    })
}

/// What is not promised, where it is less than exactly once.
fn on_delivery(job: &Job, embedded: bool) -> Option<Finding> {
    let message = match (job.target.delivery, embedded) {
        (_, true) => {
            "the embedded cluster has no transactions: a restore that is started again writes everything again, and what \
             one that failed has written stays"
        }
        (Delivery::AtLeastOnce, false) => {
            "a restore that is started again writes everything again, and what one that failed has written stays"
        }
        (Delivery::ExactlyOnce, false) => return None,
    };
    Some(Finding { code: "at-least-once", weight: Weight::Note, message: message.to_owned(), remedy: None })
}

fn on_creation(name: &str, lanes: &[&LaneNeed], create: &CreateTopics, findings: &mut Vec<Finding>) {
    let partitions = create.partitions.unwrap_or_else(|| partitions_in_backup(lanes));
    findings.push(Finding {
        code: "topic-created",
        weight: Weight::Note,
        message: format!("topic `{name}` does not exist and will be created with {partitions} partitions"),
        remedy: None,
    });
}

fn on_partitions(job: &Job, name: &str, lanes: &[&LaneNeed], partitions: i32, findings: &mut Vec<Finding>) {
    let source = partitions_in_backup(lanes);
    if job.target.partition == PartitionStrategy::Same && partitions > source {
        findings.push(Finding {
            code: "partition-count",
            weight: Weight::Note,
            message: format!(
                "topic `{name}` has {partitions} partitions and the backup {source}: records keep their partition, \
                 and a producer will look for their keys elsewhere"
            ),
            remedy: Some("set `target.partition` to `key`".to_owned()),
        });
    }
}

fn on_merging(name: &str, lanes: &[&LaneNeed], findings: &mut Vec<Finding>) {
    let mut sources: Vec<&Arc<str>> = lanes.iter().map(|lane| &lane.source.topic).collect();
    sources.sort();
    sources.dedup();
    if sources.len() > 1 {
        let names: Vec<String> = sources.iter().map(|source| format!("`{source}`")).collect();
        findings.push(Finding {
            code: "sources-merged",
            weight: Weight::Note,
            message: format!(
                "{} meet in topic `{name}`: each keeps its own order, and there is none between them",
                names.join(", ")
            ),
            remedy: None,
        });
    }
}

fn on_limits(job: &Job, name: &str, lanes: &[&LaneNeed], limits: &Limits, findings: &mut Vec<Finding>) {
    if !limits.known && !limits.fixed {
        findings.push(Finding {
            code: "limits-unknown",
            weight: Weight::Warning,
            message: format!("the configs of topic `{name}` may not be read; Kafka's defaults are assumed"),
            remedy: Some("give the user the right to describe the topic's configs".to_owned()),
        });
    }
    let largest = lanes.iter().filter_map(|lane| Some((lane.largest_record?, lane))).max_by_key(|(bytes, _)| *bytes);
    if let Some((bytes, lane)) = largest
        && bytes > limits.max_message_bytes as u64
    {
        findings.push(Finding {
            code: "record-too-large",
            weight: weight(job, Cause::TooLarge),
            message: format!(
                "{} holds a record of {bytes} bytes, and topic `{name}` takes {}",
                lane.source, limits.max_message_bytes
            ),
            remedy: Some("raise `max.message.bytes` of the topic".to_owned()),
        });
    }
    on_timestamps(job, name, lanes, limits, findings);
}

fn on_timestamps(job: &Job, name: &str, lanes: &[&LaneNeed], limits: &Limits, findings: &mut Vec<Finding>) {
    if limits.log_append_time {
        findings.push(Finding {
            code: "timestamps-replaced",
            weight: Weight::Stop,
            message: format!(
                "topic `{name}` has `message.timestamp.type=LogAppendTime`: the broker replaces every timestamp"
            ),
            remedy: Some("set it to `CreateTime` while the restore runs".to_owned()),
        });
        return;
    }
    if let Some(lane) = lanes.iter().find(|lane| lane.log_append_time) {
        findings.push(Finding {
            code: "timestamp-type-lost",
            weight: Weight::Warning,
            message: format!(
                "timestamps of {} were set by the broker: `{name}` gets the same ones, marked as set by the producer",
                lane.source
            ),
            remedy: Some(
                "`message.timestamp.type=LogAppendTime` would keep the mark and lose the timestamps".to_owned(),
            ),
        });
    }
    let mut unknown = lanes.iter().filter(|lane| lane.timestamps.is_none());
    if let Some(lane) = unknown.next() {
        let others = match unknown.count() {
            0 => String::new(),
            1 => " and of another lane".to_owned(),
            more => format!(" and of {more} other lanes"),
        };
        findings.push(Finding {
            code: "timestamps-unknown",
            weight: Weight::Note,
            message: format!(
                "timestamps of {}{others} are known when they are read: {} one that is 0, or that `{name}` does not take",
                lane.source,
                match job.rejected.policies.of(Cause::Refused) {
                    Policy::Fail => "the restore stops at",
                    Policy::Skip | Policy::DeadLetter => "a record is set aside that has",
                }
            ),
            remedy: None,
        });
    }
    let known = || lanes.iter().filter_map(|lane| lane.timestamps.map(|range| (lane, range)));
    if let Some((lane, _)) = known().find(|(_, (least, most))| *least == 0 || *most == 0) {
        findings.push(Finding {
            code: TIMESTAMP_ZERO,
            weight: weight(job, Cause::Refused),
            message: format!("{} holds timestamp 0, which librdkafka takes for none", lane.source),
            remedy: Some("allowed, it is sent as 1, a millisecond later".to_owned()),
        });
    }
    let now = now();
    for (lane, (least, most)) in known() {
        if let Some(config) = [least, most].into_iter().find_map(|timestamp| limits.out_of_range(timestamp, now)) {
            findings.push(Finding {
                code: "timestamp-out-of-range",
                weight: weight(job, Cause::Refused),
                message: format!(
                    "{} holds timestamps further from now than `{config}` of `{name}` allows",
                    lane.source
                ),
                remedy: Some(format!("raise `{config}` of the topic")),
            });
            break;
        }
    }
    if let Some(retention) = limits.retention
        && let Some((lane, _)) =
            known().find(|(_, (least, _))| *least != NO_TIMESTAMP && now.saturating_sub(*least) > retention)
    {
        findings.push(Finding {
            code: "retention-deletes",
            weight: Weight::Warning,
            message: format!(
                "{} holds records older than `retention.ms` of `{name}`: the broker deletes them soon after they arrive",
                lane.source
            ),
            remedy: Some(
                "set `retention.ms` of the topic to -1 for the time being; a new one gets it by `target.create.configs`"
                    .to_owned(),
            ),
        });
    }
}
