//! What keys and values are encoded in: `[[schema]]`.

use super::{Keys, Kind, Table, key};
use crate::job::choices::{SUBJECTS, VALUE_ENCODINGS, names};

pub(super) static SCHEMA: Table = Table {
    header: "[[schema]]",
    help: "What [keys and values are encoded in](schemas.md), and what they become; one such table for topics that are \
           alike. The first that fits a topic holds, and a topic that none fits is restored byte for byte.",
    keys: Keys::Fixed(&[
        key(
            "topics",
            Kind::Texts,
            "all topics",
            "Topics of the backup, as in `[select]`: names, patterns such as `orders*`, or `/regular expressions/`. One that \
             no topic of the backup fits stops the restore (finding `schema-unused`).",
        ),
        key("key", Kind::Table(&KEY), "", ""),
        key("value", Kind::Table(&VALUE), "", ""),
    ]),
};

static KEY: Table =
    Table { header: "[schema.key]", help: "The keys: as `[schema.value]`.", keys: Keys::Fixed(&recoding(&KEY_IDS)) };

static VALUE: Table = Table { header: "[schema.value]", help: "The values.", keys: Keys::Fixed(&recoding(&VALUE_IDS)) };

const fn recoding(ids: &'static Table) -> [super::Key; 8] {
    [
        key(
            "encoding",
            Kind::OneOf(|| names(VALUE_ENCODINGS)),
            "`\"raw\"`",
            "What they are encoded in: bytes as they are; JSON; Avro, behind the id of a schema that `[registry]` knows or \
             by the file `schema`; JSON with a JSON Schema, or Protobuf, behind such an id; or anything behind one, of \
             which only the id changes.",
        ),
        key(
            "schema",
            Kind::Text,
            "each names its own by an id",
            "The file of the Avro schema that they were written with, where they stand without an id.",
        ),
        key(
            "target_encoding",
            Kind::OneOf(|| names(VALUE_ENCODINGS)),
            "as `encoding`",
            "What they are to be encoded in: `json`, `avro`, `json-schema` and `protobuf` become each other.",
        ),
        key(
            "target_schema",
            Kind::Text,
            "their own",
            "The file of the schema that they are to have: of Avro, by [its rules of \
             resolution](schemas.md#migration); JSON Schema; or Protobuf.",
        ),
        key(
            "message",
            Kind::Text,
            "the first of the file",
            "The full name of the message in `target_schema` that they are to be, of Protobuf.",
        ),
        key(
            "subject",
            Kind::OneOf(|| names(SUBJECTS)),
            "`\"topic\"`",
            "The subject under which their schema is looked for and registered at the target: that of the target topic, \
             `TOPIC-value`; the record's full name; or both, `TOPIC-NAME`.",
        ),
        key(
            "register",
            Kind::Boolean,
            "`true`",
            "Whether a schema that the target's registry lacks is registered there.",
        ),
        key("ids", Kind::Table(ids), "", ""),
    ]
}

static KEY_IDS: Table = ids("[schema.key.ids]");
static VALUE_IDS: Table = ids("[schema.value.ids]");

const fn ids(header: &'static str) -> Table {
    Table {
        header,
        help: "Ids of the backup's registry, and those that stand for them at the target: `41 = 7`. What is not here is \
               looked up. With a `target_schema` there are none.",
        keys: Keys::Free,
    }
}
