//! Where schemas are known: `[registry]` and `[target.registry]`, which have the same keys.

use super::{Key, Keys, Kind, Table, key};

pub(super) static REGISTRY: Table = Table {
    header: "[registry]",
    help: "The schema registry (Confluent's API) that knows the schemas of the backup's values: that of the cluster which the \
           backup was taken of.",
    keys: Keys::Fixed(KEYS),
};

pub(super) static TARGET_REGISTRY: Table = Table {
    header: "[target.registry]",
    help: "The schema registry that consumers of the target ask. Without this table it is that of `[registry]`; with it, nothing \
           is taken over from there.",
    keys: Keys::Fixed(KEYS),
};

const KEYS: &[Key] = &[
    key(
        "url",
        Kind::Text,
        "required",
        "Where it answers, for instance `https://registry:8081`, with a path where it has one.",
    ),
    key("user", Kind::Text, "none", "The user; `password` belongs to it."),
    key("password", Kind::Text, "none", "The user's password."),
    key("token", Kind::Text, "none", "A bearer token, instead of a user."),
    key(
        "ca",
        Kind::Text,
        "those of this machine",
        "A PEM file of the authorities that are trusted to vouch for it (relative to the job file).",
    ),
    key(
        "certificate",
        Kind::Text,
        "none",
        "A PEM file of the certificate that is shown to it, and of the chain behind that; `key` belongs to it.",
    ),
    key("key", Kind::Text, "none", "A PEM file of the certificate's private key, in PKCS#8."),
    key("timeout", Kind::Duration, "`\"10s\"`", "How long one request may take."),
    key(
        "retry_for",
        Kind::Duration,
        "`\"60s\"`",
        "How long it is asked again while it is down, does not answer in time, or answers 429 or 5xx.",
    ),
];
