//! Where a restore would begin: at the beginning, or behind what earlier runs of the job have committed.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::catalog::{Catalog, Lane};
use crate::job::Job;
use crate::report::shown::{count, files, moment};
use crate::report::{Table, Volume};
use crate::target::{Examined, LaneNeed, Standing};

/// The object `start` of `anabranch.plan/1`.
#[derive(Debug, Serialize)]
pub(super) struct StartDocument {
    at: At,
    progress: String,
    topic: Option<String>,
    started: Option<i64>,
    resumed: Option<i64>,
    files: usize,
    files_done: usize,
    read: Volume,
    written: Volume,
    set_aside: u64,
    lanes: Vec<LaneStart>,
}

/// Where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum At {
    /// Nothing is kept of it.
    Beginning,
    /// Behind the last commit of each lane.
    LastCommit,
    /// All of it is restored.
    End,
}

#[derive(Debug, Serialize)]
struct LaneStart {
    source: String,
    complete: bool,
    up_to: Option<String>,
    files: usize,
    files_done: usize,
    read: Volume,
    written: Volume,
    set_aside: u64,
}

impl LaneStart {
    fn new(lane: &Lane, examined: &Examined) -> Self {
        let before = examined.before(&lane.source).unwrap_or_default();
        let up_to = before.tally.up_to.as_ref();
        let files = lane.pieces.len();
        Self {
            source: lane.source.to_string(),
            complete: before.complete,
            up_to: up_to.map(|place| lane.source.at(place).to_string()),
            files,
            files_done: files_done(lane, &before).into_iter().filter(|done| *done).count(),
            read: before.tally.read,
            written: before.tally.total_written(),
            set_aside: before.tally.aside.records(),
        }
    }
}

/// Of each of a lane's pieces whether it is done with.
fn files_done(lane: &Lane, before: &Standing) -> Vec<bool> {
    if before.complete {
        return vec![true; lane.pieces.len()];
    }
    lane.files_done(before.tally.up_to.as_ref(), &before.files_left)
}

impl StartDocument {
    /// Where a job would begin that needs this of the target, by what its target keeps.
    pub(super) fn new(job: &Job, catalog: &Catalog, needs: &[LaneNeed], examined: &Examined) -> Self {
        let lanes: Vec<LaneStart> = catalog.lanes.iter().map(|lane| LaneStart::new(lane, examined)).collect();
        // A file may hold records of several lanes, and is done with once all of these are.
        let (mut all, mut left) = (BTreeSet::new(), BTreeSet::new());
        for lane in &catalog.lanes {
            let done = files_done(lane, &examined.before(&lane.source).unwrap_or_default());
            for (piece, is_done) in lane.pieces.iter().zip(done) {
                all.insert(&piece.entry.path);
                if !is_done {
                    left.insert(&piece.entry.path);
                }
            }
        }
        let times = examined.times();
        let (mut read, mut written) = (Volume::default(), Volume::default());
        for lane in &lanes {
            read += lane.read;
            written += lane.written;
        }
        Self {
            at: match times {
                None => At::Beginning,
                Some(_) if examined.is_done(needs) => At::End,
                Some(_) => At::LastCommit,
            },
            progress: job.progress.job.clone(),
            topic: examined.keeps_progress().then(|| job.progress.topic.clone()),
            started: times.map(|(started, _)| started),
            resumed: times.map(|(_, resumed)| resumed),
            files: all.len(),
            files_done: all.len() - left.len(),
            read,
            written,
            set_aside: lanes.iter().fold(0_u64, |sum, lane| sum.saturating_add(lane.set_aside)),
            lanes,
        }
    }
}

impl fmt::Display for StartDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { progress, at, .. } = self;
        let Some(topic) = &self.topic else {
            return writeln!(f, "start at the beginning: no progress is kept");
        };
        let (Some(started), Some(resumed)) = (self.started, self.resumed) else {
            return writeln!(f, "start at the beginning: topic `{topic}` holds no progress of `{progress}`");
        };
        match at {
            At::End => writeln!(
                f,
                "start: none, `{progress}` is restored already by its progress in topic `{topic}`; after `anabranch forget` \
                 it begins anew"
            )?,
            At::Beginning | At::LastCommit => {
                writeln!(f, "start behind the last commit: `{progress}` goes on by its progress in topic `{topic}`")?;
            }
        }
        let complete = self.lanes.iter().filter(|lane| lane.complete).count();
        writeln!(
            f,
            "  started {}, last run {}; done: {complete} of {} lanes, {} of {}, {} records read and {} written\n",
            moment(started),
            moment(resumed),
            self.lanes.len(),
            count(self.files_done as u64),
            files(self.files),
            count(self.read.records),
            count(self.written.records),
        )?;
        let mut table =
            Table::new(&["lane", "goes on", ">files done", ">records read", ">records written", ">set aside"]);
        for lane in &self.lanes {
            let goes_on = match (lane.complete, &lane.up_to) {
                (true, _) => "complete".to_owned(),
                (false, Some(place)) => format!("behind {place}"),
                (false, None) => "at its beginning".to_owned(),
            };
            let done = format!("{} of {}", count(lane.files_done as u64), count(lane.files as u64));
            let [read, written, aside] = [lane.read.records, lane.written.records, lane.set_aside].map(count);
            table.row([lane.source.clone(), goes_on, done, read, written, aside]);
        }
        write!(f, "{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(partition: i32, complete: bool, up_to: Option<i64>) -> LaneStart {
        let records = up_to.map_or(0, |offset| offset.unsigned_abs() + 1);
        LaneStart {
            source: format!("orders-{partition}"),
            complete,
            up_to: up_to.map(|offset| format!("orders-{partition}@{offset}")),
            files: 3,
            files_done: if complete { 3 } else { usize::from(up_to.is_some()) },
            read: Volume::new(records, records * 100),
            written: Volume::new(records / 2, records * 50),
            set_aside: u64::from(complete),
        }
    }

    fn start(at: At, lanes: Vec<LaneStart>) -> String {
        let begun = at != At::Beginning;
        let (mut read, mut written) = (Volume::default(), Volume::default());
        lanes.iter().for_each(|lane| read += lane.read);
        lanes.iter().for_each(|lane| written += lane.written);
        let document = StartDocument {
            at,
            progress: "nightly".to_owned(),
            topic: Some("anabranch-progress".to_owned()),
            started: begun.then_some(1_760_000_000_000),
            resumed: begun.then_some(1_760_000_600_000),
            files: 9,
            files_done: lanes.iter().map(|lane| lane.files_done).sum(),
            read,
            written,
            set_aside: lanes.iter().map(|lane| lane.set_aside).sum(),
            lanes,
        };
        document.to_string()
    }

    #[test]
    fn a_plan_says_where_each_lane_would_go_on() {
        let lanes = || vec![lane(0, true, Some(11_999)), lane(1, false, Some(4_711)), lane(2, false, None)];
        insta::assert_snapshot!(start(At::LastCommit, lanes()), @r"
        start behind the last commit: `nightly` goes on by its progress in topic `anabranch-progress`
          started 2025-10-09T08:53:20Z, last run 2025-10-09T09:03:20Z; done: 1 of 3 lanes, 4 of 9 files, 16,712 records read and 8,356 written

        LANE      GOES ON               FILES DONE  RECORDS READ  RECORDS WRITTEN  SET ASIDE
        orders-0  complete                  3 of 3        12,000            6,000          1
        orders-1  behind orders-1@4711      1 of 3         4,712            2,356          0
        orders-2  at its beginning          0 of 3             0                0          0
        ");
        let done = (0..3).map(|partition| lane(partition, true, Some(9))).collect();
        insta::assert_snapshot!(start(At::End, done), @r"
        start: none, `nightly` is restored already by its progress in topic `anabranch-progress`; after `anabranch forget` it begins anew
          started 2025-10-09T08:53:20Z, last run 2025-10-09T09:03:20Z; done: 3 of 3 lanes, 9 of 9 files, 30 records read and 15 written

        LANE      GOES ON   FILES DONE  RECORDS READ  RECORDS WRITTEN  SET ASIDE
        orders-0  complete      3 of 3            10                5          1
        orders-1  complete      3 of 3            10                5          1
        orders-2  complete      3 of 3            10                5          1
        ");
        let anew = (0..3).map(|partition| lane(partition, false, None)).collect();
        insta::assert_snapshot!(start(At::Beginning, anew), @"start at the beginning: topic `anabranch-progress` holds no progress of `nightly`");
    }
}
