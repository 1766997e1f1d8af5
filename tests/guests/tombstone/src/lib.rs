//! Turns null into empty and empty into null, in keys and values: whether the two stay apart shows.

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};

#[derive(Parameters)]
struct Tombstone;

/// The other of null and empty; `None` for anything else.
fn other(bytes: Option<&[u8]>) -> Option<Option<&'static [u8]>> {
    match bytes {
        None => Some(Some(b"")),
        Some(b"") => Some(None),
        Some(_) => None,
    }
}

impl Plugin for Tombstone {
    const READS: Columns = Columns::KEY.union(Columns::VALUE);
    const CHANGES: Columns = Columns::KEY.union(Columns::VALUE);

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        if let Some(key) = other(record.key()) {
            record.set_key(key);
        }
        if let Some(value) = other(record.value()) {
            record.set_value(value);
        }
        record.keep()
    }
}

anabranch_plugin::export!(Tombstone);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{record, run, tombstone};

    use super::Tombstone;

    #[test]
    fn null_and_empty_change_places() {
        let run = run::<Tombstone>(
            serde_json::json!({}),
            [tombstone("k"), record("k", ""), record(None, "v"), record("", "v"), record("k", "v"), record("", None)],
        );
        let expected =
            [record("k", ""), tombstone("k"), record("", "v"), record(None, "v"), record("k", "v"), record(None, "")];
        assert_eq!(run.records, expected);
    }
}
