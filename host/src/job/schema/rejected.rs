//! What becomes of records that cannot be restored: `[rejected]`.

use super::{Keys, Kind, Table, key};
use crate::job::choices::{FILE_FORMATS, POLICIES, names};

pub(super) static REJECTED: Table = Table {
    header: "[rejected]",
    help: "What becomes of [records that cannot be restored](guarantees.md#records-that-are-set-aside): always of a \
           whole source record. The flags are `--rejected`, `--dead-letters` and `--max-rejected`.",
    keys: Keys::Fixed(&[
        key(
            "policy",
            Kind::OneOf(|| names(POLICIES)),
            "`\"fail\"`",
            "The job ends with the first; or it is counted and left out; or it is also kept in `dead_letters`, with the \
             reason.",
        ),
        key(
            "dead_letters",
            Kind::Text,
            "required for `\"dead-letter\"`",
            "Where dead letters go: `topic:NAME` is a topic of the target cluster, in which `{topic}` stands for the \
             source topic; anything else a folder (relative to the job file) or a URL such as `s3://bucket/prefix` for \
             files in the [native layout](native-layout.md#dead-letters).",
        ),
        key("format", Kind::OneOf(|| names(FILE_FORMATS)), "`\"parquet\"`", "The format of these files."),
        key(
            "max_rejected",
            Kind::Integer,
            "no bound",
            "Records that may be set aside, all runs of the job together; with one more it stops.",
        ),
        key(
            "max_share",
            Kind::Share,
            "`\"10%\"`",
            "How much of what was read may be set aside, all runs of the job together. It counts from 1,000 records on.",
        ),
        key("causes", Kind::Table(&CAUSES), "", ""),
        key("store", Kind::Table(&DEAD_LETTER_STORE), "", ""),
    ]),
};

static CAUSES: Table = Table {
    header: "[rejected.causes]",
    help: "Another policy for some causes.",
    keys: Keys::Fixed(&[
        key(
            "schema",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "The record's key or value [does not go with its schema](schemas.md#values-that-do-not-fit).",
        ),
        key("rejected", Kind::OneOf(|| names(POLICIES)), "that of `[rejected]`", "A plugin rejects the record."),
        key(
            "fault",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "The record makes a plugin trap, take too long or take too much, and was proved to do so by itself. A fault \
             that no record is proved guilty of ends the job whatever this says.",
        ),
        key(
            "too_large",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "What comes of the record is larger than `max.message.bytes` of its topic.",
        ),
        key(
            "refused",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "Its topic does not take the record for another reason: a timestamp out of range, no key for a compacted \
             topic, timestamp 0, or what the broker says.",
        ),
        key(
            "unroutable",
            Kind::OneOf(|| names(POLICIES)),
            "that of `[rejected]`",
            "A plugin sends the record to a topic or partition that there is not.",
        ),
    ]),
};

static DEAD_LETTER_STORE: Table = Table {
    header: "[rejected.store]",
    help: "Options of the store of `dead_letters`, as in `[backup.store]`.",
    keys: Keys::Free,
};
