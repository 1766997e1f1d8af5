//! Takes the key from the header `key`, null included; a record without that header is rejected.

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};

#[derive(Parameters)]
struct Rekey;

impl Plugin for Rekey {
    const READS: Columns = Columns::HEADERS;
    const CHANGES: Columns = Columns::KEY;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let Some(header) = record.header("key") else { return record.reject("there is no header `key`") };
        record.set_key(header.value);
        record.keep()
    }
}

anabranch_plugin::export!(Rekey);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{Rejected, record, run};

    use super::Rekey;

    #[test]
    fn the_last_header_of_the_name_becomes_the_key() {
        let run = run::<Rekey>(
            serde_json::json!({}),
            [
                record("old", "1").header("key", "first").header("key", "last"),
                record("old", "2").header("key", None),
                record("old", "3").header("Key", "other"),
            ],
        );
        assert_eq!(
            run.records,
            [record("last", "1").header("key", "first").header("key", "last"), record(None, "2").header("key", None),]
        );
        assert_eq!(run.rejected, [Rejected { input: 2, reason: "there is no header `key`".to_owned() }]);
    }
}
