//! What records pass through: `[[plugin]]`.

use super::{Keys, Kind, Table, key};

pub(super) static PLUGIN: Table = Table {
    header: "[[plugin]]",
    help: "The plugins, in the order in which records pass through them; one such table each.",
    keys: Keys::Fixed(&[
        key(
            "plugin",
            Kind::Text,
            "this, `path` or `url` is required",
            "One of [those that come with Anabranch](plugins.md), for instance `\"mask\"`.",
        ),
        key("path", Kind::Text, "none", "A component or module of one's own, relative to the job file."),
        key(
            "url",
            Kind::Text,
            "none",
            "A component or module in a store, `s3://bucket/plugins/own.wasm`; `sha256` is required then.",
        ),
        key("sha256", Kind::Text, "not checked", "The digest that the file must have, as `sha256sum` writes it."),
        key("name", Kind::Text, "the plugin's, or the file's without its ending", "How messages and reports name it."),
        key("parameters", Kind::Table(&PARAMETERS), "", ""),
        key("limits", Kind::Table(&LIMITS), "", ""),
        key("store", Kind::Table(&PLUGIN_STORE), "", ""),
    ]),
};

static PARAMETERS: Table = Table {
    header: "[plugin.parameters]",
    help: "What the plugin takes; `anabranch plugin inspect FILE` lists it.",
    keys: Keys::Any,
};

static LIMITS: Table = Table {
    header: "[plugin.limits]",
    help: "What one instance of the plugin may take. There is one instance for each running lane. What goes beyond ends \
           in an error that names the limit.",
    keys: Keys::Fixed(&[
        key("memory", Kind::Size, "`\"64 MiB\"`", "Linear memory."),
        key("time", Kind::Duration, "`\"10s\"`", "Time for one batch."),
        key("output", Kind::Size, "`\"64 MiB\"`", "Bytes that it may answer to one batch."),
        key("log_lines", Kind::Integer, "`1000`", "Log lines of a lane; further ones are counted and left out."),
        key(
            "table_entries",
            Kind::Integer,
            "`1000000`",
            "Entries of all its tables, which is where functions stand that are called by their number.",
        ),
        key(
            "instances",
            Kind::Integer,
            "`250`",
            "Core instances that a component consists of, and as many tables and memories.",
        ),
    ]),
};

static PLUGIN_STORE: Table = Table {
    header: "[plugin.store]",
    help: "Options of the store of `url`, as under `[backup.store]`.",
    keys: Keys::Free,
};
