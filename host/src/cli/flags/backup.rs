//! Flags that say how a backup is read.

use clap::Args;

use super::pair::{pair, pair_of, word};
use crate::job::draft::BackupDraft;
use crate::job::{ColumnNames, ENCODINGS, Encoding, Encodings, FORMATS, Secret};
use crate::read::Format;

/// How a backup is read.
#[derive(Debug, Args)]
pub(in crate::cli) struct BackupFlags {
    /// The topic, for a backup that does not say
    #[arg(long)]
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
    pub(in crate::cli) fn lay_over(self, draft: &mut BackupDraft) {
        let Self { topic, path, column, encoding, format, store } = self;
        draft.topic = topic.or(draft.topic.take());
        draft.path = path.or(draft.path.take());
        draft.format = format.or(draft.format.take());
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
    }
}
