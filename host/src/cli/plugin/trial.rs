//! A plugin and the records that a command tries it on, as its flags name them.
//!
//! Records come from a file or a backup, as a restore reads them: selected, lane by lane, in batches.

use std::sync::Arc;

use clap::Args;

use crate::batch::{Batch, Limits};
use crate::catalog::Lane;
use crate::cli::flags::{BackupFlags, SelectFlags, parameters};
use crate::cli::prepare::{self, OpenBackup};
use crate::cli::terminal::Terminal;
use crate::failure::{Exit, Explain, Failure};
use crate::job::{Draft, Job, PluginLimits, PluginSource, PluginUse};

/// The topic of records of which nothing tells one.
const TOPIC: &str = "records";

/// Which plugin, and which records.
#[derive(Debug, Args)]
pub(super) struct TrialFlags {
    /// The name of a plugin that comes with Anabranch, a component or module, or `URL#sha256=DIGEST`
    #[arg(value_parser = PluginSource::of_flag)]
    plugin: (PluginSource, Option<String>),
    /// The records: a file, for instance of JSON lines, or a backup
    records: String,
    /// A parameter of the plugin, for instance `prefix=test-`; what is JSON is meant as that. May be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::cli::flags::pair)]
    param: Vec<(String, String)>,
    #[command(flatten)]
    backup: BackupFlags,
    #[command(flatten)]
    select: SelectFlags,
}

/// A job of one plugin, and its open backup.
pub(super) struct Trial {
    pub(super) job: Job,
    open: OpenBackup,
}

/// There is nothing to try.
#[derive(Debug, thiserror::Error)]
#[error("there is no record in `{0}` that is selected")]
struct NoRecords(String);

impl Explain for NoRecords {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl TrialFlags {
    /// The job that they stand for.
    ///
    /// # Errors
    /// Flags that contradict each other.
    pub(super) fn job(self) -> Result<Job, Failure> {
        let Self { plugin: (source, sha256), records, param, backup, select } = self;
        let mut draft = Draft::default();
        draft.backup.url = Some(records);
        draft.plugins = vec![PluginUse {
            name: source.name(),
            source,
            sha256,
            parameters: parameters(param)?,
            hidden: Default::default(),
            limits: PluginLimits::default(),
        }];
        backup.lay_over(&mut draft.backup)?;
        draft.backup.topic.get_or_insert_with(|| TOPIC.to_owned());
        select.lay_over(&mut draft.select)?;
        Ok(draft.finish_without_target()?)
    }
}

impl Trial {
    /// Opens the backup, and leaves of it what is selected.
    ///
    /// # Errors
    /// A backup that cannot be read.
    pub(super) fn open(job: Job, terminal: &Terminal) -> Result<Self, Failure> {
        let mut open = prepare::open(&job.backup, terminal)?;
        prepare::select_since(&job, &mut open, None)?;
        Ok(Self { job, open })
    }

    /// The lanes of the backup.
    pub(super) fn lanes(&self) -> &[Lane] {
        &self.open.catalog.lanes
    }

    /// The first `count` records of a lane, in batches as a restore has them.
    ///
    /// # Errors
    /// A backup that cannot be read.
    pub(super) fn batches(&self, lane: &Lane, count: usize) -> Result<Vec<Arc<Batch>>, Failure> {
        self.first_batches(lane, count).map(|(batches, _)| batches)
    }

    /// The same, and whether these are all records of the lane.
    ///
    /// # Errors
    /// A backup that cannot be read.
    pub(super) fn first_batches(&self, lane: &Lane, count: usize) -> Result<(Vec<Arc<Batch>>, bool), Failure> {
        let mut source = self.open.catalog.open_lane(lane, Limits::default(), None)?;
        let (mut batches, mut left) = (Vec::new(), count);
        while let Some(batch) = source.next()? {
            let taken = batch.len().min(left);
            left -= taken;
            if taken > 0 {
                batches.push(Arc::new(batch.slice(0, taken)));
            }
            if taken < batch.len() {
                return Ok((batches, false));
            }
        }
        Ok((batches, true))
    }

    /// That nothing is selected.
    pub(super) fn no_records(&self) -> Failure {
        NoRecords(self.job.backup.url.clone()).into()
    }
}
