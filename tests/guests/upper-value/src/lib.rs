//! Makes the ASCII letters of values upper-case: every value is replaced, none grows.

use std::io::Write as _;

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};

#[derive(Parameters)]
struct UpperValue;

impl Plugin for UpperValue {
    const READS: Columns = Columns::VALUE;
    const CHANGES: Columns = Columns::VALUE;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        if let Some(value) = record.value() {
            let mut upper = record.value_writer();
            let (mut piece, mut rest) = ([0; 64], value);
            while !rest.is_empty() {
                let length = rest.len().min(piece.len());
                piece[..length].copy_from_slice(&rest[..length]);
                piece[..length].make_ascii_uppercase();
                upper.write_all(&piece[..length])?;
                rest = &rest[length..];
            }
        }
        record.keep()
    }
}

anabranch_plugin::export!(UpperValue);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{record, run, tombstone};

    use super::UpperValue;

    #[test]
    fn values_become_upper_case_and_tombstones_stay() {
        let long = "a".repeat(200);
        let run = run::<UpperValue>(
            serde_json::json!({}),
            [record("k", "mixed Ü"), tombstone("k"), record("k", ""), record("k", long.clone())],
        );
        let expected = [record("k", "MIXED Ü"), tombstone("k"), record("k", ""), record("k", long.to_uppercase())];
        assert_eq!(run.records, expected);
    }
}
