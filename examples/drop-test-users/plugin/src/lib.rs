//! Leaves out the records of test users, whose keys begin with a prefix of their own.

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

#[derive(Deserialize, Parameters)]
struct DropTestUsers {
    /// What the keys of test users begin with.
    #[parameter(default = "test-")]
    prefix: String,
}

impl Plugin for DropTestUsers {
    const READS: Columns = Columns::KEY;

    fn record(&mut self, record: Record<'_>) -> Outcome {
        match record.key() {
            Some(key) if key.starts_with(self.prefix.as_bytes()) => record.drop("test user"),
            _ => record.keep(),
        }
    }
}

anabranch_plugin::export!(DropTestUsers);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{Dropped, record, run, tombstone};
    use serde_json::json;

    use super::DropTestUsers;

    #[test]
    fn test_users_go_and_all_others_stay() {
        let run = run::<DropTestUsers>(
            json!({}),
            [record("test-1", "{}"), record("1", "{}"), tombstone("test-2"), tombstone("2"), record(None, "no key")],
        );
        assert_eq!(run.records, [record("1", "{}"), tombstone("2"), record(None, "no key")]);
        let reason = Some("test user".to_owned());
        assert_eq!(run.dropped, [Dropped { input: 0, reason: reason.clone() }, Dropped { input: 2, reason }]);
    }

    #[test]
    fn the_prefix_is_a_parameter() {
        let run = run::<DropTestUsers>(json!({ "prefix": "qa/" }), [record("qa/1", "{}"), record("test-1", "{}")]);
        assert_eq!(run.records, [record("test-1", "{}")]);
    }
}
