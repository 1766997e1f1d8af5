//! Makes one record of each line of a value; a value without lines disappears, tombstones stay.

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};

#[derive(Parameters)]
struct FanOut;

impl Plugin for FanOut {
    const READS: Columns = Columns::VALUE;
    const CHANGES: Columns = Columns::VALUE;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let Some(value) = record.value() else { return record.keep() };
        for line in std::str::from_utf8(value)?.lines() {
            record.set_value(Some(line.as_bytes()));
            record.emit();
        }
        record.finish()
    }
}

anabranch_plugin::export!(FanOut);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{Dropped, record, run, tombstone};

    use super::FanOut;

    #[test]
    fn lines_become_records() {
        let run = run::<FanOut>(
            serde_json::json!({}),
            [record("a", "1"), record("b", "1\n2\n3"), record("c", ""), tombstone("d"), record("e", b"\xff")],
        );
        assert_eq!(
            run.records,
            [record("a", "1"), record("b", "1"), record("b", "2"), record("b", "3"), tombstone("d")]
        );
        assert_eq!(run.sources, [0, 1, 1, 1, 3]);
        assert_eq!(run.dropped, [Dropped { input: 2, reason: None }]);
        assert_eq!(run.rejected.len(), 1);
    }
}
