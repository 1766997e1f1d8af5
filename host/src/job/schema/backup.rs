//! What is read: `[backup]`.

use super::{Keys, Kind, Table, key};
use crate::job::choices::{ENCODINGS, FORMATS, names};

pub(super) static BACKUP: Table = Table {
    header: "[backup]",
    help: "What is read.",
    keys: Keys::Fixed(&[
        key(
            "url",
            Kind::Text,
            "required",
            "Where the backup lies: `s3://bucket/prefix`, `file:///folder` or a path (relative to the job file).",
        ),
        key(
            "path",
            Kind::Text,
            "found by itself",
            "Where topic, partition and offset stand in a file's path below the URL, for instance \
             `{topic}/partition={partition}/{offset}.parquet`. `{}` matches anything but `/`.",
        ),
        key("topic", Kind::Text, "what the backup says", "The topic, for a backup that does not say."),
        key(
            "format",
            Kind::OneOf(|| names(FORMATS)),
            "found by content",
            "The format, for files whose content does not decide.",
        ),
        key(
            "dead_letters",
            Kind::Boolean,
            "`false`",
            "Whether the records are [dead letters](native-layout.md#dead-letters) of an earlier restore: the headers \
             that say so are taken away again, and a timestamp that a topic replaced is put back.",
        ),
        key(
            "cache",
            Kind::Text,
            "not kept",
            "A folder that keeps [the catalog](catalog.md#the-catalog-cache), so that the next job over the same backup \
             does not list it again: a path (relative to the job file), `file:///folder`, or `s3://bucket/prefix`. The flag \
             is `--catalog-cache`.",
        ),
        key("columns", Kind::Table(&COLUMNS), "", ""),
        key("encoding", Kind::Table(&ENCODING), "", ""),
        key("store", Kind::Table(&STORE), "", ""),
        key("cache_store", Kind::Table(&CACHE_STORE), "", ""),
    ]),
};

static COLUMNS: Table = Table {
    header: "[backup.columns]",
    help: "Which columns of the files mean what. Columns that are not named here are found by their names. \
           A nested column is written `a.b`.",
    keys: Keys::Fixed(&[
        key("key", Kind::Text, "found by name", "The column of the record's key."),
        key("value", Kind::Text, "found by name", "The column of the record's value."),
        key("headers", Kind::Text, "found by name", "The column of the record's headers."),
        key("timestamp", Kind::Text, "found by name", "The column of the record's timestamp."),
        key(
            "timestamp_type",
            Kind::Text,
            "found by name",
            "The column that tells whether the timestamp is the producer's or the broker's.",
        ),
        key("partition", Kind::Text, "found by name", "The column of the source partition."),
        key("offset", Kind::Text, "found by name", "The column of the source offset."),
        key("topic", Kind::Text, "found by name", "The column of the source topic."),
    ]),
};

static ENCODING: Table = Table {
    header: "[backup.encoding]",
    help: "How bytes are written where a file has text for them.",
    keys: Keys::Fixed(&[
        key("key", Kind::OneOf(|| names(ENCODINGS)), "`\"text\"`", "Keys."),
        key("value", Kind::OneOf(|| names(ENCODINGS)), "`\"text\"`", "Values."),
        key("headers", Kind::OneOf(|| names(ENCODINGS)), "`\"text\"`", "Header values."),
    ]),
};

static STORE: Table = Table {
    header: "[backup.store]",
    help: "Options of the store by the names of the `object_store` library, for instance `aws_region`, \
           `aws_endpoint`, `aws_access_key_id`. What is not here comes from that library's environment \
           variables (`AWS_REGION`, `AWS_ENDPOINT`, …). One is Anabranch's own: `patience` (`\"3m\"`), how long a \
           store that answers with errors, or not at all, is asked again.",
    keys: Keys::Free,
};

static CACHE_STORE: Table = Table {
    header: "[backup.cache_store]",
    help: "Options of the store of `cache`, as under `[backup.store]`; without this table they are those.",
    keys: Keys::Free,
};
