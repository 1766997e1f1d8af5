//! A job before it is complete: what the file says, what flags say over it, and what is checked once
//! both are in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::error::{JobError, Unset};
use super::nearest::nearest;
use super::{
    Backup, Cluster, ColumnNames, CreateTopics, Encodings, Job, Order, PartitionStrategy, PluginUse, Resources, Secret,
    Target,
};
use crate::finding::CODES;
use crate::read::Format;

/// What is known of a job so far. Absent fields have their default or are still due.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The job's name.
    pub name: Option<String>,
    /// The job file's name without its ending.
    pub stem: Option<String>,
    /// What is read.
    pub backup: BackupDraft,
    /// The plugins, in order.
    pub plugins: Vec<PluginUse>,
    /// Where records go.
    pub target: TargetDraft,
    /// What the restore may take of the machine.
    pub resources: Resources,
    /// Findings that do not stop the job.
    pub allow: Vec<String>,
}

/// [`Backup`], incomplete.
#[derive(Clone, Debug, Default)]
pub struct BackupDraft {
    /// As [`Backup::url`].
    pub url: Option<String>,
    /// As [`Backup::store`].
    pub store: BTreeMap<String, Secret>,
    /// As [`Backup::path`].
    pub path: Option<String>,
    /// As [`Backup::topic`].
    pub topic: Option<String>,
    /// As [`Backup::columns`].
    pub columns: ColumnNames,
    /// As [`Backup::encoding`].
    pub encoding: Encodings,
    /// As [`Backup::format`].
    pub format: Option<Format>,
}

/// [`Target`], incomplete.
#[derive(Clone, Debug, Default)]
pub struct TargetDraft {
    /// Bootstrap servers, `mock` or `null`.
    pub brokers: Option<String>,
    /// As [`Target::properties`].
    pub properties: BTreeMap<String, Secret>,
    /// A variable that the properties name and that is not set; they are empty then.
    pub unset: Option<Unset>,
    /// As [`Target::topics`].
    pub topics: BTreeMap<String, String>,
    /// As [`Target::partition`].
    pub partition: Option<PartitionStrategy>,
    /// As [`Target::order`].
    pub order: Option<Order>,
    /// As [`Target::create`].
    pub create: Option<CreateTopics>,
}

impl Draft {
    /// The job, checked.
    ///
    /// # Errors
    /// What is missing, and what does not go together.
    pub fn finish(self) -> Result<Job, JobError> {
        if let Some(unset) = &self.target.unset {
            return Err(JobError::Unset(unset.clone()));
        }
        if self.target.brokers.is_none() {
            return Err(JobError::Missing {
                what: "target",
                hint: "give `--brokers host:port`, or `brokers` in the job file's `[target]`; `null` only counts",
            });
        }
        self.finish_without_target()
    }

    /// The job, checked, for a command that sends nothing: a target that is not given is `null`.
    ///
    /// # Errors
    /// As [`Self::finish`].
    pub fn finish_without_target(self) -> Result<Job, JobError> {
        let Self { name, stem, backup, plugins, target, resources, allow } = self;
        let url = backup.url.filter(|url| !url.is_empty()).ok_or(JobError::Missing {
            what: "backup",
            hint: "give `--backup URL`, or `url` in the job file's `[backup]`",
        })?;
        let name = name.or(stem).unwrap_or_else(|| last_part(&url));
        if name.is_empty() {
            return Err(JobError::Conflict { message: "the job's name is empty".to_owned(), hint: "give a `--name`" });
        }
        check_plugin_names(&plugins)?;
        check_allowed(&allow)?;
        let target = target.finish()?;
        let BackupDraft { url: _, store, path, topic, columns, encoding, format } = backup;
        let backup = Backup { url, store, path, topic, columns, encoding, format };
        Ok(Job { name, backup, plugins, target, resources, allow })
    }
}

impl TargetDraft {
    fn finish(self) -> Result<Target, JobError> {
        let Self { brokers, properties, unset: _, topics, partition, order, create } = self;
        let partition = partition.unwrap_or(PartitionStrategy::Same);
        let order = order.unwrap_or(Order::Key);
        let splits = match partition {
            PartitionStrategy::RoundRobin => Some("`partition = \"round-robin\"`"),
            PartitionStrategy::Table(_) => Some("a table of partitions"),
            PartitionStrategy::Same | PartitionStrategy::Key => None,
        };
        if let (Some(strategy), Order::Key) = (splits, order) {
            return Err(JobError::Conflict {
                message: format!("{strategy} does not keep the records of one key in order"),
                hint: "say `order = \"none\"` in `[target]` (or `--order none`) if that is meant, or partition by `key`",
            });
        }
        let cluster = match brokers.as_deref() {
            Some("mock") => Cluster::Mock,
            Some("null") | None => Cluster::Null,
            Some(servers) => Cluster::Kafka(servers.to_owned()),
        };
        Ok(Target { cluster, properties, topics, partition, order, create })
    }
}

/// Reports are by plugin name, so names must differ.
fn check_plugin_names(plugins: &[PluginUse]) -> Result<(), JobError> {
    let mut seen = BTreeSet::new();
    match plugins.iter().find(|plugin| !seen.insert(plugin.name.as_str())) {
        Some(plugin) => Err(JobError::Conflict {
            message: format!("two plugins have the name `{}`", plugin.name),
            hint: "give each a `name` of its own, in a job file, or as the name of its file",
        }),
        None => Ok(()),
    }
}

/// What a job allows must be a finding that there is: a slip of the hand would allow nothing.
fn check_allowed(allow: &[String]) -> Result<(), JobError> {
    match allow.iter().find(|code| !CODES.contains(&code.as_str())) {
        Some(code) => Err(JobError::Conflict {
            message: match nearest(code, CODES) {
                Some(near) => format!("`allow` names no finding: `{code}`; did you mean `{near}`?"),
                None => format!("`allow` names no finding: `{code}`"),
            },
            hint: "docs/catalog.md and docs/kafka.md list the findings",
        }),
        None => Ok(()),
    }
}

/// The name of a file without its ending.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What stands last in a URL or path, for a name.
fn last_part(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or(url);
    plain.trim_end_matches('/').rsplit('/').next().filter(|part| !part.is_empty()).unwrap_or("restore").to_owned()
}
