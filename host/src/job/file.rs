//! The job file: TOML, read once into a [`Draft`] that flags may still change.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeTable;

use super::choices::{
    DELIVERIES, ENCODINGS, FILE_FORMATS, FORMATS, ORDERS, PARTITIONS, POLICIES, SUBJECTS, TOMBSTONES, VALUE_ENCODINGS,
};
use super::draft::{BackupDraft, Draft, ProgressDraft, RejectedDraft, TargetDraft};
use super::environment::Environment;
use super::error::{JobError, Unset};
use super::reader::{Reader, Source};
use super::{
    ColumnNames, CreateTopics, Encodings, HeaderTest, Job, Keys, Limit, Moment, OffsetRange, PartitionStrategy,
    PluginLimits, PluginSource, PluginUse, Policy, Recoding, Registry, Report, Resources, SchemaRule, Secret, Select,
    Share, TopicPattern, Transactions, plugin_source, rejected, servers, topic,
};
use crate::aside::Cause;

/// A job from the text of its file. `path` is how messages name the file, and its folder is where
/// relative paths in it begin; `environment` is where `${NAME}` is looked up.
///
/// # Errors
/// Whatever is wrong with the file, with line and column.
pub fn parse(text: &str, path: &Path, environment: Environment<'_>) -> Result<Job, JobError> {
    read(text, path, environment)?.finish()
}

/// The draft of a job from the text of its file; see [`parse`].
///
/// # Errors
/// Whatever is wrong with the file, with line and column.
pub fn read(text: &str, path: &Path, environment: Environment<'_>) -> Result<Draft, JobError> {
    let source = Source { path, text, environment };
    let document = DeTable::parse(text).map_err(|error| JobError::Syntax {
        at: error.span().map_or_else(|| source.at(&(0..0)), |span| source.at(&span)),
        message: error.message().to_owned(),
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let top = Reader::top(source, &document)?;
    let backup = top.table("backup")?.map(|table| backup(&table, folder)).transpose()?;
    let schemas = top.tables("schema")?.iter().map(|table| schema(table, folder)).collect::<Result<_, _>>()?;
    let plugins = top.tables("plugin")?.iter().map(|table| plugin(table, folder)).collect::<Result<_, _>>()?;
    let target = top.table("target")?.map(|table| target(&table, folder)).transpose()?;
    let resources = top.table("resources")?.map(|table| resources(&table)).transpose()?;
    Ok(Draft {
        name: top.text("name")?,
        stem: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
        file: Some(path.to_owned()),
        backup: backup.unwrap_or_default(),
        select: top.table("select")?.map(|table| select(&table, folder)).transpose()?.unwrap_or_default(),
        schemas,
        plugins,
        registry: top.table("registry")?.map(|table| Registry::read(&table, "registry", folder)).transpose()?,
        target: target.unwrap_or_default(),
        rejected: top.table("rejected")?.map(|table| policies(&table, folder)).transpose()?.unwrap_or_default(),
        resources: resources.unwrap_or_default(),
        allow: top.texts("allow")?.unwrap_or_default(),
        progress: top.table("progress")?.map(|table| progress(&table)).transpose()?.unwrap_or_default(),
        report: top.table("report")?.map(|table| report(&table, folder)).transpose()?,
    })
}

fn report(table: &Reader<'_>, folder: &Path) -> Result<Report, JobError> {
    let url = table.required("url", "say where it goes: `url = \"reports/job.json\"`")?;
    let url = if is_path(&url) { beside(folder, &url) } else { url };
    Ok(Report { url, store: secrets(table, "store")? })
}

fn free(table: &Reader<'_>, name: &str) -> Result<BTreeMap<String, String>, JobError> {
    table.table(name)?.map_or_else(|| Ok(BTreeMap::new()), |table| table.free())
}

fn secrets(table: &Reader<'_>, name: &str) -> Result<BTreeMap<String, Secret>, JobError> {
    Ok(free(table, name)?.into_iter().map(|(name, text)| (name, Secret::new(text))).collect())
}

fn backup(table: &Reader<'_>, folder: &Path) -> Result<BackupDraft, JobError> {
    Ok(BackupDraft {
        url: table.text("url")?.map(|url| if is_path(&url) { beside(folder, &url) } else { url }),
        store: secrets(table, "store")?,
        path: table.text("path")?,
        topic: table.parsed("topic", topic::name)?,
        columns: table.table("columns")?.map(|table| columns(&table)).transpose()?.unwrap_or_default(),
        encoding: table.table("encoding")?.map(|table| encoding(&table)).transpose()?.unwrap_or_default(),
        format: table.one_of("format", FORMATS)?,
        dead_letters: table.boolean("dead_letters")?.unwrap_or_default(),
        cache: table.text("cache")?.map(|url| if is_path(&url) { beside(folder, &url) } else { url }),
        cache_store: secrets(table, "cache_store")?,
        refresh: false,
    })
}

/// Whether a URL is a path of this machine.
pub fn is_path(url: &str) -> bool {
    !url.contains("://") && !url.starts_with("file:")
}

/// A path that begins at the job file's folder.
fn beside(folder: &Path, path: &str) -> String {
    folder.join(path).to_string_lossy().into_owned()
}

fn select(table: &Reader<'_>, folder: &Path) -> Result<Select, JobError> {
    Ok(Select {
        topics: table.texts_parsed("topics", TopicPattern::parse)?,
        exclude: table.texts_parsed("exclude", TopicPattern::parse)?,
        partitions: table.numbers("partitions")?,
        offsets: table
            .table("offsets")?
            .map(|table| table.free_as(OffsetRange::parse))
            .transpose()?
            .unwrap_or_default(),
        from: table.scalar("from", Moment::parse)?,
        until: table.scalar("until", Moment::parse)?,
        keys: Keys {
            exact: table.texts("keys")?.unwrap_or_default(),
            prefixes: table.texts("key_prefixes")?.unwrap_or_default(),
            file: table.text("key_file")?.map(|path| folder.join(path)),
            encoding: table.one_of("key_encoding", ENCODINGS)?.unwrap_or_default(),
        },
        headers: table.texts_parsed("headers", HeaderTest::parse)?,
        tombstones: table.one_of("tombstones", TOMBSTONES)?,
        limit: Limit::of(table.integer("first", 1)?, table.integer("last", 1)?)?,
        trusts_statistics: table.boolean("trust_statistics")?.unwrap_or(true),
    })
}

fn columns(table: &Reader<'_>) -> Result<ColumnNames, JobError> {
    Ok(ColumnNames {
        key: table.text("key")?,
        value: table.text("value")?,
        headers: table.text("headers")?,
        timestamp: table.text("timestamp")?,
        timestamp_type: table.text("timestamp_type")?,
        partition: table.text("partition")?,
        offset: table.text("offset")?,
        topic: table.text("topic")?,
    })
}

fn encoding(table: &Reader<'_>) -> Result<Encodings, JobError> {
    Ok(Encodings {
        key: table.one_of("key", ENCODINGS)?.unwrap_or_default(),
        value: table.one_of("value", ENCODINGS)?.unwrap_or_default(),
        headers: table.one_of("headers", ENCODINGS)?.unwrap_or_default(),
    })
}

fn schema(table: &Reader<'_>, folder: &Path) -> Result<SchemaRule, JobError> {
    let part =
        |name| table.table(name)?.map_or_else(|| Ok(Recoding::default()), |table| recoding(&table, name, folder));
    Ok(SchemaRule {
        topics: table.texts_parsed("topics", TopicPattern::parse)?,
        key: part("key")?,
        value: part("value")?,
    })
}

fn recoding(table: &Reader<'_>, part: &str, folder: &Path) -> Result<Recoding, JobError> {
    let id = |text: &str| {
        let id = text.parse::<i32>().ok().filter(|id| *id > 0);
        id.ok_or_else(|| "must be the id of a schema, a whole number from 1".to_owned())
    };
    let mut ids = BTreeMap::new();
    if let Some(table) = table.table("ids")? {
        for (name, given) in table.free_as(id)? {
            let known = id(&name).map_err(|message| JobError::Conflict {
                message: format!("`{name}` in `ids` {message}"),
                hint: "write the id of the backup's registry first: `41 = 7`",
            })?;
            ids.insert(known, given);
        }
    }
    let (subject, register) = (table.one_of("subject", SUBJECTS)?, table.boolean("register")?);
    let recoding = Recoding {
        encoding: table.one_of("encoding", VALUE_ENCODINGS)?.unwrap_or_default(),
        schema: table.text("schema")?.map(|path| folder.join(path)),
        target_encoding: table.one_of("target_encoding", VALUE_ENCODINGS)?,
        target_schema: table.text("target_schema")?.map(|path| folder.join(path)),
        message: table.text("message")?,
        subject: subject.unwrap_or_default(),
        register: register.unwrap_or(true),
        ids,
    };
    let said = [("subject", subject.is_some()), ("register", register.is_some())];
    match said.into_iter().find(|(_, is_said)| *is_said && !recoding.writes_ids(true)) {
        Some((key, _)) => Err(JobError::Conflict {
            message: format!("`schema.{part}.{key}` is about schemas at the target, and these {part}s go without one"),
            hint: "leave it out, or say what they are or become: `encoding` and `target_encoding`",
        }),
        None => Ok(recoding),
    }
}

fn plugin(table: &Reader<'_>, folder: &Path) -> Result<PluginUse, JobError> {
    let sha256 = table.parsed("sha256", plugin_source::sha256)?;
    let (path, url) = (table.text("path")?, table.text("url")?);
    let source = match (path, url, table.parsed("plugin", plugin_source::ready_made)?) {
        (Some(path), None, None) => PluginSource::File(folder.join(path)),
        (None, Some(url), None) => {
            // What lies in a store may be written over by others.
            table.required("sha256", "a plugin of a store is taken by its digest: `sha256sum FILE`")?;
            PluginSource::Store { url, options: secrets(table, "store")? }
        }
        (None, None, Some(name)) => PluginSource::ReadyMade(name),
        (None, None, None) => {
            let hint = "name one that comes with Anabranch (`plugin = \"mask\"`), or its file (`path = \"….wasm\"`)";
            PluginSource::ReadyMade(table.required("plugin", hint)?)
        }
        _ => {
            return Err(JobError::Conflict {
                message: "a `[[plugin]]` says more than once where it comes from".to_owned(),
                hint: "give `plugin`, `path` or `url`, and not several of them",
            });
        }
    };
    let parameters = table.table("parameters")?;
    Ok(PluginUse {
        name: table.text("name")?.unwrap_or_else(|| source.name()),
        source,
        sha256,
        hidden: parameters.as_ref().map(Reader::of_the_environment).unwrap_or_default(),
        parameters: parameters.map(|table| table.any()).transpose()?.unwrap_or_default(),
        limits: table.table("limits")?.map(|table| limits(&table)).transpose()?.unwrap_or_default(),
    })
}

fn limits(table: &Reader<'_>) -> Result<PluginLimits, JobError> {
    let default = PluginLimits::default();
    Ok(PluginLimits {
        memory: table.size("memory")?.unwrap_or(default.memory),
        time: table.duration("time")?.unwrap_or(default.time),
        output: table.size("output")?.unwrap_or(default.output),
        log_lines: table.integer("log_lines", 0)?.unwrap_or(default.log_lines),
        table_entries: table.integer("table_entries", 0)?.unwrap_or(default.table_entries),
        instances: table.integer("instances", 1)?.unwrap_or(default.instances),
    })
}

fn target(table: &Reader<'_>, folder: &Path) -> Result<TargetDraft, JobError> {
    let partition = match table.partitions("partition")? {
        Some(partitions) => Some(PartitionStrategy::Table(partitions)),
        None => table.one_of("partition", PARTITIONS)?,
    };
    // Only who opens the target needs its secrets: `preview` and `inspect` do without.
    let mut unset = None;
    let properties = unless_unset(secrets(table, "properties"), &mut unset)?;
    let registry = table.table("registry")?.map(|table| Registry::read(&table, "target.registry", folder)).transpose();
    let registry = unless_unset(registry, &mut unset)?;
    Ok(TargetDraft {
        brokers: table.parsed("brokers", servers::servers)?,
        properties,
        unset,
        topics: table.table("topics")?.map(|table| table.free_parsed(topic::name)).transpose()?.unwrap_or_default(),
        partition,
        order: table.one_of("order", ORDERS)?,
        create: table.table("create")?.map(|table| create(&table)).transpose()?,
        while_restoring: free(table, "while_restoring")?,
        delivery: table.one_of("delivery", DELIVERIES)?,
        transactions: table.table("transactions")?.map(|table| transactions(&table)).transpose()?.unwrap_or_default(),
        provenance: table.boolean("provenance")?.unwrap_or_default(),
        remove_provenance: table.boolean("remove_provenance")?.unwrap_or_default(),
        registry,
    })
}

/// What was read, or nothing where a variable is not set, of which the first is kept.
fn unless_unset<T: Default>(read: Result<T, JobError>, first: &mut Option<Unset>) -> Result<T, JobError> {
    match read {
        Err(JobError::Unset(unset)) => {
            first.get_or_insert(unset);
            Ok(T::default())
        }
        read => read,
    }
}

fn transactions(table: &Reader<'_>) -> Result<Transactions, JobError> {
    let default = Transactions::default();
    Ok(Transactions {
        age: table.duration("age")?.unwrap_or(default.age),
        bytes: table.size("bytes")?.unwrap_or(default.bytes),
    })
}

fn progress(table: &Reader<'_>) -> Result<ProgressDraft, JobError> {
    Ok(ProgressDraft {
        topic: table.parsed("topic", topic::name)?,
        replication: table.integer::<i16>("replication", 1)?.map(i32::from),
    })
}

fn create(table: &Reader<'_>) -> Result<CreateTopics, JobError> {
    Ok(CreateTopics {
        partitions: table.integer("partitions", 1)?,
        // Kafka's protocol has the replication factor in 16 bits.
        replication: table.integer::<i16>("replication", 1)?.map(i32::from),
        configs: free(table, "configs")?,
    })
}

fn policies(table: &Reader<'_>, folder: &Path) -> Result<RejectedDraft, JobError> {
    let dead_letters = table.parsed("dead_letters", rejected::place)?;
    let is_folder = |place: &str| !place.starts_with(rejected::TOPIC) && is_path(place);
    Ok(RejectedDraft {
        policy: table.one_of("policy", POLICIES)?,
        causes: table.table("causes")?.map(|table| causes(&table)).transpose()?.unwrap_or_default(),
        dead_letters: dead_letters.map(|place| if is_folder(&place) { beside(folder, &place) } else { place }),
        format: table.one_of("format", FILE_FORMATS)?,
        store: secrets(table, "store")?,
        max_rejected: table.integer("max_rejected", 0)?,
        max_share: table.parsed("max_share", Share::parse)?,
    })
}

fn causes(table: &Reader<'_>) -> Result<BTreeMap<Cause, Policy>, JobError> {
    let policy = |cause: Cause| {
        let given = table.one_of(&cause.name().replace('-', "_"), POLICIES).transpose()?;
        Some(given.map(|policy| (cause, policy)))
    };
    Cause::ALL.into_iter().filter_map(policy).collect()
}

fn resources(table: &Reader<'_>) -> Result<Resources, JobError> {
    let default = Resources::default();
    Ok(Resources {
        bytes_in_flight: table.size("bytes_in_flight")?.unwrap_or(default.bytes_in_flight),
        lanes: table.integer("lanes", 1)?.unwrap_or(default.lanes),
    })
}

/// Reads a job file.
///
/// # Errors
/// A file that cannot be read, and whatever [`read`] finds.
pub fn open(path: &Path) -> Result<Draft, JobError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| JobError::Unreadable { path: path.to_owned(), source })?;
    read(&text, path, &|name| std::env::var(name).ok())
}

#[cfg(test)]
mod tests;
