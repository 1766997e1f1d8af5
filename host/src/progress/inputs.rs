//! What a job restores and through which plugins, as digests: whether they are the same at a resume.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Identity;
use crate::catalog::{Catalog, KeptSurvey};
use crate::job::{Backup, Job};
use crate::passage::Passage;
use crate::position::TopicPartition;
use crate::read::Count;
use crate::report::Digests;
use crate::target::LaneNeed;

/// The inputs of a job.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    plugins: String,
    source: String,
    expected: BTreeMap<TopicPartition, u64>,
    /// What tells the selection from others, where there is one.
    selection: Option<String>,
    /// When the job is first started, where what is relative was counted from that already.
    pub(super) started: Option<i64>,
    /// What was found of the files.
    pub(super) survey: KeptSurvey,
}

impl Inputs {
    /// Those of a job, whose backup was looked into and whose plugins are loaded.
    pub fn of(backup: &Backup, catalog: &Catalog, passage: Passage<'_>) -> Self {
        let count = |count| match count {
            Count::Exact(count) | Count::Estimated(count) => count,
        };
        Self {
            plugins: digest(passage.digests()),
            source: source(backup, catalog),
            survey: catalog.survey.clone(),
            selection: catalog.narrowed.as_ref().map(|narrowed| narrowed.digest.clone()),
            started: None,
            expected: catalog.lanes.iter().map(|lane| ((*lane.source).clone(), count(lane.records))).collect(),
        }
    }

    /// Of a job that is first started now, at `started`, from which all was counted that is relative.
    #[must_use]
    pub fn started(self, started: i64) -> Self {
        Self { started: Some(started), ..self }
    }

    /// The records that a lane is expected to have.
    pub(crate) fn expected(&self, lane: &TopicPartition) -> Option<u64> {
        self.expected.get(lane).copied()
    }

    /// For the report of a run.
    pub fn digests(&self, job: &Job, lanes: &[LaneNeed]) -> Digests {
        Digests { plugins: self.plugins.clone(), source: self.source.clone(), map: self.map(job, lanes) }
    }

    /// Which records go where, by source topic.
    fn map(&self, job: &Job, lanes: &[LaneNeed]) -> String {
        let topics: BTreeMap<&str, &str> =
            lanes.iter().map(|lane| (&*lane.source.topic, job.target.topic(&lane.source.topic))).collect();
        let mut parts = vec![format!("{topics:?} {:?} {:?}", job.target.partition, job.target.order)];
        // Only where there is something to say, so that a job without it is the same as ever.
        parts.extend(job.target.provenance.then(|| "with provenance".to_owned()));
        parts.extend(job.target.removes_provenance().then(|| "without former provenance".to_owned()));
        parts.extend(self.selection.as_ref().map(|selection| format!("selection {selection}")));
        digest(parts)
    }

    /// With where the records go.
    pub(crate) fn identity(
        &self,
        job: &Job,
        lanes: &[LaneNeed],
        cluster: Option<String>,
        topics: BTreeMap<String, Option<String>>,
    ) -> Identity {
        Identity {
            plugins: self.plugins.clone(),
            source: self.source.clone(),
            map: self.map(job, lanes),
            cluster,
            topics,
        }
    }
}

/// The files that are read, and how. Not where they lie: a backup may be moved or copied. Of a local file there is
/// no ETag, and its time of writing is another one after a copy; so path and size have to do.
fn source(backup: &Backup, catalog: &Catalog) -> String {
    let rules = format!("{} {}", catalog.survey.rules(), backup.dead_letters);
    let entries = catalog.entries.iter();
    let files: BTreeSet<String> =
        entries.map(|entry| format!("{:?} {} {:?}", entry.path, entry.size, entry.etag)).collect();
    digest([rules].into_iter().chain(files))
}

fn digest(parts: impl IntoIterator<Item = String>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}
