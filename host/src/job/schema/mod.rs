//! Every key of the job file: name, type, default and meaning.
//!
//! The reader refuses what is not here and finds the nearest right name here, and `docs/job.md` is
//! written from here.

mod backup;
mod plugin;
mod recoding;
mod registry;
mod rejected;
mod select;
mod target;

use super::choices::{PARTITIONS, names};
use backup::BACKUP;
use plugin::PLUGIN;
use recoding::SCHEMA;
use registry::REGISTRY;
use rejected::REJECTED;
use select::SELECT;
use target::TARGET;

/// A table of the job file.
#[derive(Debug)]
pub struct Table {
    /// The header as it is written, for instance `[backup.columns]`; empty for the top.
    pub header: &'static str,
    /// What the table is for.
    pub help: &'static str,
    /// Its keys.
    pub keys: Keys,
}

/// The keys of a table.
#[derive(Debug)]
pub enum Keys {
    /// These and no others.
    Fixed(&'static [Key]),
    /// Any key, with a text, number or boolean; `a.b = 1` is the key `a.b`.
    Free,
    /// Any key, with any value.
    Any,
}

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value has to be.
    pub kind: Kind,
    /// What holds without it, in words.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// What a value has to be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A whole number.
    Integer,
    /// A list of whole numbers.
    Integers,
    /// A point in time.
    Time,
    /// `true` or `false`.
    Boolean,
    /// A number of bytes: a whole number or a text such as `64 MiB`.
    Size,
    /// A text such as `10s`.
    Duration,
    /// A text such as `5%`.
    Share,
    /// One of some words.
    OneOf(fn() -> Vec<&'static str>),
    /// One of some words, or a table from source partition to target partition.
    Partition,
    /// A table of its own.
    Table(&'static Table),
    /// Any number of tables.
    Tables(&'static Table),
}

impl Kind {
    /// What is due, as an error or the reference says it.
    pub fn due(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Integers => "a list of whole numbers".to_owned(),
            Self::Time => "a time such as `\"2026-10-01T14:00:00Z\"`".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Size => "a size such as `\"64 MiB\"`".to_owned(),
            Self::Duration => "a duration such as `\"10s\"`".to_owned(),
            Self::Share => "a share such as `\"5%\"`".to_owned(),
            Self::OneOf(words) => alternatives(&words()),
            Self::Partition => {
                format!("{} or a table from source to target partition", alternatives(&names(PARTITIONS)))
            }
            Self::Table(_) => "a table".to_owned(),
            Self::Tables(table) => format!("tables headed `{}`", table.header),
        }
    }
}

/// `"a"`, `"b"` or `"c"`.
fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

impl Table {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        match self.keys {
            Keys::Fixed(keys) => keys.iter().find(|key| key.name == name),
            Keys::Free | Keys::Any => None,
        }
    }
}

const fn key(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key { name, kind, default, help }
}

/// The top of a job file.
pub static JOB: Table = Table {
    header: "",
    help: "What stands before the first table.",
    keys: Keys::Fixed(&[
        key(
            "name",
            Kind::Text,
            "the file's name without `.toml`; without a file the last part of the backup's URL",
            "The job's name: reports show it, plugins derive their randomness from it, and \
             [its progress](guarantees.md#the-name-of-a-job) is kept under it.",
        ),
        key(
            "allow",
            Kind::Texts,
            "none",
            "Findings of `anabranch plan`, by name, that do not stop the restore: those \
             [of the backup](catalog.md#findings) and those [of the job and the target](kafka.md#findings). A name \
             that is no finding is refused.",
        ),
        key("backup", Kind::Table(&BACKUP), "", ""),
        key("select", Kind::Table(&SELECT), "", ""),
        key("schema", Kind::Tables(&SCHEMA), "", ""),
        key("plugin", Kind::Tables(&PLUGIN), "", ""),
        key("registry", Kind::Table(&REGISTRY), "", ""),
        key("target", Kind::Table(&TARGET), "", ""),
        key("rejected", Kind::Table(&REJECTED), "", ""),
        key("progress", Kind::Table(&PROGRESS), "", ""),
        key("report", Kind::Table(&REPORT), "", ""),
        key("resources", Kind::Table(&RESOURCES), "", ""),
    ]),
};

static PROGRESS: Table = Table {
    header: "[progress]",
    help: "Where the target cluster keeps [how far the job has come](guarantees.md#the-progress-topic), under \
           `delivery = \"exactly-once\"`.",
    keys: Keys::Fixed(&[
        key(
            "topic",
            Kind::Text,
            "`\"anabranch-progress\"`",
            "The topic: compacted, of one partition, shared by all jobs. It is created where it is missing.",
        ),
        key("replication", Kind::Integer, "the cluster's default", "Its replication factor, where it is created."),
    ]),
};

static REPORT: Table = Table {
    header: "[report]",
    help: "Where the [report](output.md#anabranchreport1) of each run goes, at whatever end; without it there is none. \
           Before the restore begins it is written for the first time, so that a place that cannot be written is told \
           then.",
    keys: Keys::Fixed(&[
        key(
            "url",
            Kind::Text,
            "required",
            "The file: a path (relative to the job file), a `file://` URL or `s3://bucket/key`. What is there is \
             replaced. The flag is `--report`.",
        ),
        key("store", Kind::Table(&REPORT_STORE), "", ""),
    ]),
};

static REPORT_STORE: Table = Table {
    header: "[report.store]",
    help: "Options of the store that it goes to, as those of `[backup.store]`, which do not count here.",
    keys: Keys::Free,
};

static RESOURCES: Table = Table {
    header: "[resources]",
    help: "What the restore may take of the machine.",
    keys: Keys::Fixed(&[
        key(
            "bytes_in_flight",
            Kind::Size,
            "`\"64 MiB\"`",
            "Bytes of records between the store and the acknowledgement, all lanes together.",
        ),
        key("lanes", Kind::Integer, "`4`", "Topic-partitions that are restored at a time."),
    ]),
};
