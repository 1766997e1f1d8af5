//! Drops records whose values begin with a prefix: values cross, and next to nothing is done with them.

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

#[derive(Deserialize, Parameters)]
struct ValueFilter {
    /// What the values of dropped records begin with.
    prefix: String,
}

impl Plugin for ValueFilter {
    const READS: Columns = Columns::VALUE;

    fn record(&mut self, record: Record<'_>) -> Outcome {
        match record.value() {
            Some(value) if value.starts_with(self.prefix.as_bytes()) => record.drop("prefix"),
            _ => record.keep(),
        }
    }
}

anabranch_plugin::export!(ValueFilter);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{record, run, tombstone};
    use serde_json::json;

    use super::ValueFilter;

    #[test]
    fn values_with_the_prefix_go() {
        let kept = [record("k", "b"), record("k", ""), tombstone("k")];
        let records = kept.iter().cloned().chain([record("a", "ab")]);
        assert_eq!(run::<ValueFilter>(json!({ "prefix": "a" }), records).records, kept);
    }
}
