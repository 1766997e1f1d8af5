//! Leaves out the records whose key begins in a certain way.

use anabranch_plugin::{Outcome, Parameters, Record, plugin};

#[derive(serde::Deserialize, Parameters)]
struct Settings {
    /// What the keys begin with.
    #[parameter(default = "test-")]
    prefix: String,
}

#[plugin(reads(key))]
fn {{ module }}(record: Record<'_>, settings: &Settings) -> Outcome {
    match record.key() {
        Some(key) if key.starts_with(settings.prefix.as_bytes()) => record.drop("left out by its key"),
        _ => record.keep(),
    }
}

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{record, run, tombstone};
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_with_the_prefix_are_left_out() {
        let run = run::<{{ type }}>(json!({ "prefix": "eu-" }), [
            record("eu-1", "left out"),
            record("us-1", "stays"),
            tombstone("us-1"),
            record(None, "has no key, and stays"),
        ]);
        assert_eq!(run.records, [
            record("us-1", "stays"),
            tombstone("us-1"),
            record(None, "has no key, and stays"),
        ]);
    }
}
