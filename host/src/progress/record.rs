//! Values of the records, as JSON with a format version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Ranges;
use crate::aside::{AsideCounts, Kept};
use crate::position::{Place, PlaceRecord, Strand, StrandRecord};
use crate::report::{PluginCounts, Tally, Volume};
use crate::target::Standing;

/// The format that is written. A record with a later one is not read.
pub(crate) const FORMAT: u64 = 1;

/// What must be the same for a job to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Digest of the plugins, their parameters and their order.
    pub(crate) plugins: String,
    /// Digest of the files with their sizes and ETags, and of how they are read.
    pub(crate) source: String,
    /// Digest of where records go: topics, partitions, order.
    pub(crate) map: String,
    /// The cluster's id.
    pub(crate) cluster: Option<String>,
    /// The target topics with their ids, where the cluster tells them.
    pub(crate) topics: BTreeMap<String, Option<String>>,
}

/// The record of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(crate) format: u64,
    /// The run that writes.
    pub(crate) run: String,
    /// How many transactional ids of lanes there are, as the first start fixed it.
    pub(crate) ids: u32,
    /// The first start, in milliseconds since the epoch.
    pub(crate) started: i64,
    /// The start of the run.
    pub(crate) resumed: i64,
    /// What the survey of the backup found, in records of its own.
    pub(crate) survey: SurveyRecord,
    #[serde(flatten)]
    pub(crate) identity: Identity,
}

/// A survey in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SurveyRecord {
    /// How many parts.
    pub(crate) parts: u32,
    /// SHA-256 of all of it, in hexadecimal digits.
    pub(crate) sha256: String,
}

/// The record of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LaneRecord {
    pub(crate) format: u64,
    /// The run that wrote it.
    pub(crate) run: String,
    /// Whether everything of the lane is written.
    pub(crate) complete: bool,
    /// The last source record of which everything, and everything before it, is written.
    pub(crate) up_to: Option<PlaceRecord>,
    /// The first file of the lane that is not done with, where that is known better than by `up_to`.
    pub(crate) file_left: Option<String>,
    /// The same of the strands of a merged lane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files_left: Vec<StrandFileRecord>,
    /// Records that the lane is expected to have, where that is known.
    pub(crate) expected: Option<u64>,
    pub(crate) read: Volume,
    /// By target topic.
    pub(crate) written: BTreeMap<String, Volume>,
    pub(crate) plugins: Vec<PluginCounts>,
    /// Where in the target the lane's committed records lie.
    pub(crate) ranges: Ranges,
    /// Records that were set aside.
    #[serde(default)]
    pub(crate) aside: AsideCounts,
    /// What is kept of them one by one.
    #[serde(default)]
    pub(crate) kept: Kept,
}

/// The first file of a strand that is not done with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StrandFileRecord {
    strand: StrandRecord,
    file: String,
}

impl LaneRecord {
    /// A lane that has not begun.
    pub(crate) fn new(run: &str, expected: Option<u64>) -> Self {
        Self { format: FORMAT, run: run.to_owned(), expected, ..Self::default() }
    }

    /// How far the lane has come.
    pub(crate) fn standing(&self) -> Standing {
        let tally = Tally {
            read: self.read,
            plugins: self.plugins.clone(),
            written: self.written.clone(),
            aside: self.aside.clone(),
            up_to: self.up_to.as_ref().map(Place::from),
            ..Tally::default()
        };
        let own = self.file_left.iter().map(|file| (None, file.as_str().into()));
        let of_strands = self.files_left.iter().map(|left| (Some((&left.strand).into()), left.file.as_str().into()));
        let files_left = own.chain(of_strands).collect();
        Standing { tally, kept: self.kept.clone(), complete: self.complete, files_left }
    }

    /// The record of a lane that has come further by `now`, counting on from here.
    pub(crate) fn at(&self, run: &str, now: &Standing) -> Self {
        let mut sum = self.standing().tally;
        sum.add(&now.tally);
        Self {
            format: FORMAT,
            run: run.to_owned(),
            complete: now.complete,
            up_to: now.tally.up_to.as_ref().map(PlaceRecord::from),
            file_left: now.files_left.of(None).map(str::to_owned),
            files_left: {
                let of = |(strand, file): (Option<&Strand>, &str)| {
                    Some(StrandFileRecord { strand: strand?.into(), file: file.to_owned() })
                };
                now.files_left.iter().filter_map(of).collect()
            },
            expected: self.expected,
            read: sum.read,
            written: sum.written,
            plugins: sum.plugins,
            ranges: self.ranges.clone(),
            aside: sum.aside,
            kept: now.kept.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let row = || Place::Row { file: "a/b.jsonl".into(), row: 3 };
        let (partition, folder) = (Strand::Partition(2), Strand::Folder("country=DE".into()));
        let each = [(partition.clone(), Place::Offset(7)), (folder, row())].into_iter().collect();
        for place in [Place::Offset(7), row(), Place::Of(partition, Box::new(Place::Offset(7))), Place::Each(each)] {
            let tally = Tally { read: Volume::new(5, 50), up_to: Some(place), ..Tally::new(1) };
            let files_left = [(None, "a".into()), (Some(Strand::Partition(2)), "b".into())].into_iter().collect();
            let standing = Standing { tally, files_left, ..Standing::default() };
            let mut record = LaneRecord::new("run", Some(9)).at("next", &standing);
            record.ranges.extend("orders", 4, 3, 17, Some(42));
            let text = serde_json::to_string(&record).unwrap();
            let back: LaneRecord = serde_json::from_str(&text).unwrap();
            assert_eq!(back, record, "{text}");
            assert_eq!(back.standing().files_left, standing.files_left);
            assert_eq!(Place::from(back.up_to.as_ref().unwrap()), record.standing().tally.up_to.unwrap());
        }
        let job = JobRecord {
            format: FORMAT,
            run: "run".to_owned(),
            ids: 4,
            started: 1,
            resumed: 2,
            survey: SurveyRecord { parts: 1, sha256: "ab".to_owned() },
            identity: Identity { topics: BTreeMap::from([("t".to_owned(), None)]), ..Identity::default() },
        };
        assert_eq!(serde_json::from_slice::<JobRecord>(&serde_json::to_vec(&job).unwrap()).unwrap(), job);
    }

    #[test]
    fn counts_go_on_where_an_earlier_run_stopped() {
        let standing = |records, place| Standing {
            tally: Tally { read: Volume::new(records, 0), up_to: Some(Place::Offset(place)), ..Tally::new(0) },
            ..Standing::default()
        };
        let first = LaneRecord::new("a", None).at("a", &standing(10, 9));
        let second = first.at("b", &standing(5, 14));
        assert_eq!((second.read.records, second.up_to), (15, Some(PlaceRecord::Offset { offset: 14 })));
    }
}
