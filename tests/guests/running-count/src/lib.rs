//! Numbers the records of each key in a header: state over the whole lane. Traps at a record whose value is `trap`.

#![allow(clippy::panic, reason = "that is the trap")]

use std::collections::HashMap;

use anabranch_plugin::{
    Columns, ConfigurationError, Configure, Context, Level, Outcome, Plugin, Record, State, count, log,
};

#[derive(Default)]
struct RunningCount {
    seen: HashMap<Option<Vec<u8>>, u64>,
}

impl Configure for RunningCount {
    type Parameters = ();

    fn configure((): (), context: &Context) -> Result<Self, ConfigurationError> {
        log(Level::Info, &format!("counting {}", context.source_topic));
        Ok(Self::default())
    }
}

impl Plugin for RunningCount {
    const READS: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS);
    const CHANGES: Columns = Columns::HEADERS;
    const STATE: State = State::Lane;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        assert_ne!(record.value(), Some(b"trap".as_slice()), "cannot go on");
        let number = self.seen.entry(record.key().map(<[u8]>::to_vec)).or_default();
        if *number == 0 {
            count("keys", 1);
        }
        *number += 1;
        record.add_header("number", Some(number.to_string().as_bytes()));
        record.keep()
    }
}

anabranch_plugin::export!(RunningCount);

#[cfg(test)]
mod tests {
    use anabranch_plugin::Level;
    use anabranch_plugin::testing::{record, run};

    use super::RunningCount;

    #[test]
    fn records_are_numbered_by_key() {
        let run = run::<RunningCount>(serde_json::json!({}), [record("a", "1"), record(None, "2"), record("a", "3")]);
        assert_eq!(
            run.records,
            [
                record("a", "1").header("number", "1"),
                record(None, "2").header("number", "1"),
                record("a", "3").header("number", "2"),
            ]
        );
        assert_eq!(run.log, [(Level::Info, "counting orders".to_owned())]);
        assert_eq!(run.counters["keys"], 2);
    }
}
