//! Topics that are not empty.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rdkafka::error::KafkaError;

use super::unknown::Unknown;
use crate::finding::{Finding, Weight};
use crate::job::{Delivery, Job};
use crate::progress::Reader;
use crate::report::shown::count;
use crate::target::kafka::Topic;

/// How often partitions are asked again that say nothing.
const TRIES: usize = 5;
/// How long to wait before that.
const PAUSE: Duration = Duration::from_millis(200);

/// An offset for each partition that told one.
type Told = BTreeMap<(String, i32), i64>;

/// What lies in these topics, in a job that has written nothing yet.
pub(super) fn on_contents(
    job: &Job,
    topics: &[&Topic],
    reader: &Reader,
    findings: &mut Vec<Finding>,
    unknown: &mut Unknown,
) {
    let places = || topics.iter().flat_map(|topic| (0..topic.partitions).map(|partition| (&*topic.name, partition)));
    let due = places().count();
    let (starts, ends) = match (told(due, || reader.log_starts(places())), told(due, || reader.log_ends(places()))) {
        (Ok(starts), Ok(ends)) => (starts, ends),
        (Err(error), _) | (_, Err(error)) => {
            tracing::debug!("where the target's logs begin and end is not known: {error}");
            (BTreeMap::new(), BTreeMap::new())
        }
    };
    for topic in topics {
        let (mut records, mut partitions, mut is_known) = (0_u64, 0, true);
        for partition in 0..topic.partitions {
            let place = (topic.name.to_string(), partition);
            match (starts.get(&place), ends.get(&place)) {
                (Some(start), Some(end)) if end > start => {
                    records = records.saturating_add(end.abs_diff(*start));
                    partitions += 1;
                }
                (Some(_), Some(_)) => {}
                _ => is_known = false,
            }
        }
        if records > 0 {
            findings.push(finding(job, topic, records, partitions));
        } else if !is_known {
            unknown.add("whether there are records in", format!("`{}`", topic.name), "the cluster does not tell");
        }
    }
}

/// What is told of so many partitions. Those of which nothing is are asked again for a while: a topic that was just created
/// has no leader for a moment, and what is not established would not stop anybody.
fn told(due: usize, ask: impl Fn() -> Result<Told, KafkaError>) -> Result<Told, KafkaError> {
    let mut told = ask()?;
    for _ in 0..TRIES {
        if told.len() >= due {
            break;
        }
        thread::sleep(PAUSE);
        told = ask()?;
    }
    Ok(told)
}

fn finding(job: &Job, topic: &Topic, records: u64, partitions: i32) -> Finding {
    let mut message = format!(
        "topic `{}` is not empty: it holds up to {} records in {partitions} of its {} partitions; those of the backup come \
         behind them, whatever their timestamps, and cannot be taken away again",
        topic.name,
        count(records),
        topic.partitions
    );
    if topic.limits.compacted {
        message.push_str("; it is compacted, so that a restored record takes the place of a newer one of its key");
    }
    if job.target.delivery == Delivery::AtLeastOnce {
        message.push_str("; what an earlier run has written is there twice then");
    }
    Finding {
        code: "target-not-empty",
        // Dead letters go back to where what they are missing from was restored.
        weight: if job.backup.dead_letters { Weight::Note } else { Weight::Stop },
        message,
        remedy: Some(
            "give `target.topics` the name of an empty topic; where they are to come together, allow it, and \
             `target.provenance = true` tells them apart"
                .to_owned(),
        ),
    }
}
