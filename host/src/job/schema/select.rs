//! What is taken of it: `[select]`.

use super::{Keys, Kind, Table, key};
use crate::job::choices::{ENCODINGS, TOMBSTONES, names};

pub(super) static SELECT: Table = Table {
    header: "[select]",
    help: "What is taken of the backup, without a plugin and before any: [the selection](selection.md). All that is given \
           has to hold; without this table everything is taken.",
    keys: Keys::Fixed(&[
        key(
            "topics",
            Kind::Texts,
            "all",
            "Source topics: names, globs (`orders-*`), or between slashes a regular expression of the whole name \
             (`/orders|refunds/`). The flag is `--select-topic`.",
        ),
        key(
            "exclude",
            Kind::Texts,
            "none",
            "Source topics that are not taken, likewise. The flag is `--exclude-topic`.",
        ),
        key("partitions", Kind::Integers, "all", "Source partitions. The flag is `--source-partitions 0,3,5-7`."),
        key(
            "from",
            Kind::Time,
            "from the beginning",
            "The first moment that is taken, of the records' timestamps: RFC 3339 with its zone, milliseconds since the \
             epoch, or `\"2h ago\"` before the job was first started. The flag is `--from`.",
        ),
        key(
            "until",
            Kind::Time,
            "to the end",
            "The first moment that is not taken any more, likewise. The flag is `--until`.",
        ),
        key("keys", Kind::Texts, "all", "Keys. The flag is `--key`."),
        key("key_prefixes", Kind::Texts, "all", "Beginnings of keys. The flag is `--key-prefix`."),
        key(
            "key_file",
            Kind::Text,
            "none",
            "A file of keys, one a line (relative to the job file); there may be millions. The flag is `--key-file`.",
        ),
        key(
            "key_encoding",
            Kind::OneOf(|| names(ENCODINGS)),
            "`\"text\"`",
            "How the bytes of all these keys are written. The flag is `--key-encoding`.",
        ),
        key(
            "headers",
            Kind::Texts,
            "whatever",
            "Headers that a record must have, by `name` or as `name=value`. The flag is `--header`.",
        ),
        key(
            "tombstones",
            Kind::OneOf(|| names(TOMBSTONES)),
            "like others",
            "Whether nothing but tombstones is taken, or none of them. The flag is `--tombstones`.",
        ),
        key(
            "first",
            Kind::Integer,
            "all",
            "So many records of each source partition, the first ones of what all the other keys take. The flag is \
             `--first`.",
        ),
        key("last", Kind::Integer, "all", "The last ones, likewise, as of the first start. The flag is `--last`."),
        key(
            "trust_statistics",
            Kind::Boolean,
            "`true`",
            "Whether files, row groups and pages are passed over that hold nothing of it by their own statistics. The flag \
             is `--trust-statistics`.",
        ),
        key("offsets", Kind::Table(&OFFSETS), "", ""),
    ]),
};

static OFFSETS: Table = Table {
    header: "[select.offsets]",
    help: "Source topic-partition to its offsets, such as `orders-3 = \"1000..2000\"` (the second one is not taken), \
           `\"1000..\"` or `\"..2000\"`. With one given, no others are taken. The flag is `--offsets orders-3=1000..2000`.",
    keys: Keys::Free,
};
