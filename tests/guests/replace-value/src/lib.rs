//! Gives every record the same value: every value is replaced, and no work is done for it.

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

#[derive(Deserialize, Parameters)]
struct ReplaceValue {
    /// The value.
    value: String,
}

impl Plugin for ReplaceValue {
    const READS: Columns = Columns::VALUE;
    const CHANGES: Columns = Columns::VALUE;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        record.set_value(Some(self.value.as_bytes()));
        record.keep()
    }
}

anabranch_plugin::export!(ReplaceValue);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{record, run, tombstone};
    use serde_json::json;

    use super::ReplaceValue;

    #[test]
    fn every_value_is_the_same() {
        let run = run::<ReplaceValue>(json!({ "value": "new" }), [record("k", "v"), tombstone("l"), record("m", "")]);
        assert_eq!(run.records, [record("k", "new"), record("l", "new"), record("m", "new")]);
    }
}
