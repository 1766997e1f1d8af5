//! A job before it is complete: what the file says, what flags say over it, and what is checked once
//! both are in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::{JobError, Unset};
use super::nearest::nearest;
use super::{
    Backup, CatalogCache, Cluster, ColumnNames, CreateTopics, Delivery, Encodings, FileFormat, Job, Moment, Order,
    PROGRESS_TOPIC, PartitionStrategy, PluginUse, Policy, Progress, Registry, Report, Resources, SchemaRule, Secret,
    Select, Share, Target, Transactions, overlap,
};
use crate::aside::Cause;
use crate::finding::CODES;
use crate::read::Format;

/// What is known of a job so far. Absent fields have their default or are still due.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The job's name.
    pub name: Option<String>,
    /// The job file's name without its ending.
    pub stem: Option<String>,
    /// The job file.
    pub file: Option<PathBuf>,
    /// What is read.
    pub backup: BackupDraft,
    /// What is taken of it.
    pub select: Select,
    /// What keys and values are encoded in.
    pub schemas: Vec<SchemaRule>,
    /// The plugins, in order.
    pub plugins: Vec<PluginUse>,
    /// Where the schemas of the backup's values are known.
    pub registry: Option<Registry>,
    /// Where records go.
    pub target: TargetDraft,
    /// What becomes of records that cannot be restored.
    pub rejected: RejectedDraft,
    /// What the restore may take of the machine.
    pub resources: Resources,
    /// Findings that do not stop the job.
    pub allow: Vec<String>,
    /// Where its progress is kept.
    pub progress: ProgressDraft,
    /// Where the report of each run goes.
    pub report: Option<Report>,
}

/// [`Progress`], incomplete.
#[derive(Clone, Debug, Default)]
pub struct ProgressDraft {
    /// As [`Progress::topic`].
    pub topic: Option<String>,
    /// As [`Progress::replication`].
    pub replication: Option<i32>,
}

impl ProgressDraft {
    /// Where the progress of a job of this name is kept.
    pub fn of(self, job: String) -> Progress {
        Progress { job, topic: self.topic.unwrap_or_else(|| PROGRESS_TOPIC.to_owned()), replication: self.replication }
    }
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
    /// As [`Backup::dead_letters`].
    pub dead_letters: bool,
    /// As [`CatalogCache::url`].
    pub cache: Option<String>,
    /// As [`CatalogCache::options`].
    pub cache_store: BTreeMap<String, Secret>,
    /// As [`CatalogCache::refresh`].
    pub refresh: bool,
}

/// [`Rejected`](super::Rejected), incomplete.
#[derive(Clone, Debug, Default)]
pub struct RejectedDraft {
    /// The policy for all causes.
    pub policy: Option<Policy>,
    /// Other policies for some.
    pub causes: BTreeMap<Cause, Policy>,
    /// `topic:NAME`, a folder or a URL.
    pub dead_letters: Option<String>,
    /// The format of files.
    pub format: Option<FileFormat>,
    /// Options of the files' store.
    pub store: BTreeMap<String, Secret>,
    /// As [`Ceiling::records`](super::Ceiling::records).
    pub max_rejected: Option<u64>,
    /// As [`Ceiling::share`](super::Ceiling::share).
    pub max_share: Option<Share>,
}

/// [`Target`], incomplete.
#[derive(Clone, Debug, Default)]
pub struct TargetDraft {
    /// Bootstrap servers, `mock` or `null`.
    pub brokers: Option<String>,
    /// As [`Target::properties`].
    pub properties: BTreeMap<String, Secret>,
    /// A variable that the properties or the registry name and that is not set; these are empty then.
    pub unset: Option<Unset>,
    /// As [`Target::topics`].
    pub topics: BTreeMap<String, String>,
    /// As [`Target::partition`].
    pub partition: Option<PartitionStrategy>,
    /// As [`Target::order`].
    pub order: Option<Order>,
    /// As [`Target::create`].
    pub create: Option<CreateTopics>,
    /// As [`Target::while_restoring`].
    pub while_restoring: BTreeMap<String, String>,
    /// As [`Target::delivery`].
    pub delivery: Option<Delivery>,
    /// As [`Target::transactions`].
    pub transactions: Transactions,
    /// As [`Target::provenance`].
    pub provenance: bool,
    /// As [`Target::remove_provenance`].
    pub remove_provenance: bool,
    /// As [`Target::registry`].
    pub registry: Option<Registry>,
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
        let name = self.name();
        let progress_name = self.progress_name();
        let Self {
            name: _,
            stem: _,
            file,
            backup,
            select,
            schemas,
            plugins,
            registry,
            target,
            rejected,
            resources,
            allow,
            progress,
            report,
        } = self;
        let url = backup.url.filter(|url| !url.is_empty()).ok_or(JobError::Missing {
            what: "backup",
            hint: "give `--backup URL`, or `url` in the job file's `[backup]`",
        })?;
        let name = name.unwrap_or_default();
        if name.is_empty() {
            return Err(JobError::Conflict { message: "the job's name is empty".to_owned(), hint: "give a `--name`" });
        }
        check_times(&select)?;
        check_plugin_names(&plugins)?;
        check_allowed(&allow)?;
        let is_whole = target.unset.is_none();
        let mut target = target.finish()?;
        if target.registry.is_none() && is_whole {
            target.registry.clone_from(&registry);
        }
        let rejected = rejected.finish()?;
        for rule in &schemas {
            rule.check(registry.is_some(), target.registry.is_some())?;
        }
        overlap::refuse(&url, file.as_deref(), &plugins, &rejected, report.as_ref())?;
        let BackupDraft {
            url: _,
            store,
            path,
            topic,
            columns,
            encoding,
            format,
            dead_letters,
            cache,
            cache_store,
            refresh,
        } = backup;
        let cache = cache.map(|url| CatalogCache { url, options: cache_store, refresh });
        if refresh && cache.is_none() {
            return Err(JobError::Conflict {
                message: "there is no catalog cache that `--refresh-catalog` could make anew".to_owned(),
                hint: "leave it out, or say where the cache is: `--catalog-cache`, or `cache` in `[backup]`",
            });
        }
        overlap::refuse_cache(&url, cache.as_ref())?;
        let backup = Backup { url, store, path, topic, columns, encoding, format, dead_letters, cache };
        let progress = progress.of(progress_name.unwrap_or_else(|| name.clone()));
        Ok(Job {
            name,
            backup,
            select,
            schemas,
            plugins,
            target,
            rejected,
            registry,
            resources,
            allow,
            progress,
            report,
        })
    }

    /// The name that was given, that of the job file, or the last part of the backup's URL; `None` without any of these.
    fn name(&self) -> Option<String> {
        let given = self.name.clone().or(self.stem.clone());
        given.or_else(|| self.backup.url.as_deref().filter(|url| !url.is_empty()).map(last_part))
    }

    /// The name under which progress is kept. Where it is only the last part of a URL, a digest of what is restored where
    /// tells it from others that end alike.
    pub fn progress_name(&self) -> Option<String> {
        let name = self.name()?;
        if self.name.is_some() || self.stem.is_some() {
            return Some(name);
        }
        let url = self.backup.url.as_deref()?;
        // A path means another folder wherever it is said.
        let url = url.strip_prefix("file://").unwrap_or(url);
        let url = std::fs::canonicalize(url).map_or_else(|_| url.into(), |path| path.to_string_lossy().into_owned());
        let TargetDraft { topics, partition, .. } = &self.target;
        let digest = Sha256::digest(format!("{url}\n{:?}\n{topics:?}\n{partition:?}", self.backup.topic));
        Some(format!("{name}-{}", hex::encode(digest.get(..4).unwrap_or_default())))
    }

    /// What a command needs that only looks after a job's progress: the cluster, where the progress is kept, and
    /// whose, if that is said.
    ///
    /// # Errors
    /// A target that is missing or keeps no progress.
    pub fn finish_for_progress(self) -> Result<(Target, Progress, Option<String>), JobError> {
        if let Some(unset) = &self.target.unset {
            return Err(JobError::Unset(unset.clone()));
        }
        let name = self.progress_name();
        let target = self.target.finish()?;
        match target.cluster {
            Cluster::Kafka(_) => Ok((target, self.progress.of(name.clone().unwrap_or_default()), name)),
            Cluster::Mock | Cluster::Null => Err(JobError::Missing {
                what: "cluster that keeps progress",
                hint: "give `--brokers host:port`, or a job file with `brokers` in its `[target]`",
            }),
        }
    }
}

impl TargetDraft {
    fn finish(self) -> Result<Target, JobError> {
        let Self {
            brokers,
            properties,
            unset: _,
            topics,
            partition,
            order,
            create,
            while_restoring,
            delivery,
            transactions,
            provenance,
            remove_provenance,
            registry,
        } = self;
        let partition = partition.unwrap_or(PartitionStrategy::Same);
        let order = order.unwrap_or(Order::Key);
        let splits = match (&partition, order) {
            (PartitionStrategy::RoundRobin, Order::Key | Order::Timestamp) => Some("`partition = \"round-robin\"`"),
            (PartitionStrategy::Table(_), Order::Key) => Some("a table of partitions"),
            _ => None,
        };
        if let Some(strategy) = splits {
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
        let delivery = delivery.unwrap_or(Delivery::ExactlyOnce);
        if delivery == Delivery::AtLeastOnce && !while_restoring.is_empty() {
            return Err(JobError::Conflict {
                message:
                    "`target.while_restoring` needs `delivery = \"exactly-once\"`: what topics had is kept with the \
                          progress, and at least once keeps none"
                        .to_owned(),
                hint: "leave `delivery` out, or change the configs of the topics by hand (`kafka-configs.sh`)",
            });
        }
        Ok(Target {
            cluster,
            properties,
            topics,
            partition,
            order,
            create,
            while_restoring,
            delivery,
            transactions,
            provenance,
            remove_provenance,
            registry,
        })
    }
}

/// What is wrong with times whatever the job's first start is.
fn check_times(select: &Select) -> Result<(), JobError> {
    let is_empty = match (select.from, select.until) {
        (Some(Moment::At(from)), Some(Moment::At(until))) => from >= until,
        (Some(Moment::Ago(from)), Some(Moment::Ago(until))) => from <= until,
        _ => false,
    };
    if is_empty {
        return Err(JobError::Conflict {
            message: "`select.from` is not before `select.until`, so that no record is between them".to_owned(),
            hint: "`from` (`--from`) is the first moment that is taken, `until` (`--until`) the first that is not",
        });
    }
    Ok(())
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
