//! Flags that say how a backup is read.

use clap::Args;

use super::pair::{once, pair, pair_of, word};
use crate::job::draft::BackupDraft;
use crate::job::{ColumnNames, ENCODINGS, Encoding, Encodings, FORMATS, JobError, Secret, topic};
use crate::read::Format;

/// How a backup is read.
#[derive(Debug, Args)]
pub(in crate::cli) struct BackupFlags {
    /// The topic, for a backup that does not say
    #[arg(long, value_parser = topic::name)]
    topic: Option<String>,
    /// Where topic, partition and offset stand in a file's path, for instance
    /// `{topic}/partition={partition}/{offset}.parquet`
    #[arg(long, value_name = "TEMPLATE")]
    path: Option<String>,
    /// Which column a part of the record is taken from, for instance `key=user_id`; may be repeated
    #[arg(long, value_name = "PART=COLUMN", value_parser = column)]
    column: Vec<(String, String)>,
    /// How key, value or headers are written as text, for instance `value=base64`; may be repeated
    #[arg(long, value_name = "PART=ENCODING", value_parser = encoding)]
    encoding: Vec<(String, Encoding)>,
    /// The format, for files whose content does not decide: `parquet`, `avro` or `json-lines`
    #[arg(long, value_parser = |text: &str| word(FORMATS, text))]
    format: Option<Format>,
    /// An option of the store by its `object_store` name, for instance `aws_region=eu-central-1`; may
    /// be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    store: Vec<(String, String)>,
    /// A folder that keeps the catalog of the backup, so that it is listed and looked into only once: a path or a URL
    #[arg(long, value_name = "URL")]
    catalog_cache: Option<String>,
    /// Makes the catalog in the cache anew, for a backup that has changed
    #[arg(long)]
    refresh_catalog: bool,
}

fn column(text: &str) -> Result<(String, String), String> {
    let parts = ["key", "value", "headers", "timestamp", "timestamp_type", "partition", "offset", "topic"];
    pair_of(&parts, text)
}

fn encoding(text: &str) -> Result<(String, Encoding), String> {
    let (part, encoding) = pair_of(&["key", "value", "headers"], text)?;
    Ok((part, word(ENCODINGS, &encoding)?))
}

impl BackupFlags {
    /// Puts these flags over what the job file says.
    ///
    /// # Errors
    /// Flags that contradict each other.
    pub(in crate::cli) fn lay_over(self, draft: &mut BackupDraft) -> Result<(), JobError> {
        let Self { topic, path, column, encoding, format, store, catalog_cache, refresh_catalog } = self;
        once("--column", &column)?;
        once("--encoding", &encoding)?;
        once("--store", &store)?;
        draft.topic = topic.or(draft.topic.take());
        draft.path = path.or(draft.path.take());
        draft.format = format.or(draft.format.take());
        draft.cache = catalog_cache.or(draft.cache.take());
        draft.refresh = refresh_catalog;
        draft.store.extend(store.into_iter().map(|(name, value)| (name, Secret::new(value))));
        for (part, name) in column {
            let ColumnNames { key, value, headers, timestamp, timestamp_type, partition, offset, topic } =
                &mut draft.columns;
            let column = match part.as_str() {
                "key" => key,
                "value" => value,
                "headers" => headers,
                "timestamp" => timestamp,
                "timestamp_type" => timestamp_type,
                "partition" => partition,
                "offset" => offset,
                // Checked by `column` when the flag was parsed.
                _ => topic,
            };
            *column = Some(name);
        }
        for (part, encoding) in encoding {
            let Encodings { key, value, headers } = &mut draft.encoding;
            let encoded = match part.as_str() {
                "key" => key,
                "value" => value,
                // Checked by `encoding` when the flag was parsed.
                _ => headers,
            };
            *encoded = encoding;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::cli::flags::given;
    use crate::failure::{Exit, Explain};

    fn laid(flags: &[&str]) -> Result<BackupDraft, JobError> {
        let mut draft = BackupDraft::default();
        given::<BackupFlags>(flags).unwrap().lay_over(&mut draft).map(|()| draft)
    }

    #[test]
    fn a_part_given_twice_with_different_values_is_refused_and_not_decided_by_the_last() {
        for (flag, name, one, other) in [
            ("--column", "key", "key=k", "key=hunter2"),
            ("--encoding", "value", "value=text", "value=base64"),
            ("--store", "token", "token=x", "token=hunter2"),
        ] {
            let error = laid(&[flag, one, flag, other]).unwrap_err();
            let wanted = format!("`{flag}` is given more than once for `{name}`, with different values");
            assert_eq!(error.to_string(), wanted);
            assert_eq!(error.exit(), Exit::Usage);
            assert!(laid(&[flag, one, flag, one]).is_ok());
        }
    }

    #[test]
    fn a_topic_that_there_cannot_be_is_refused() {
        let error = given::<BackupFlags>(&["--topic", "a/b"]).unwrap_err().to_string();
        assert!(error.contains("--topic") && error.contains("no topic can have this name"), "{error}");
    }
}
