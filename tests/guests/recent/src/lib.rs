//! Drops a record whose value is that of one of the last eight: state in a window.

use std::collections::VecDeque;

use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Plugin, Record, State};

const WINDOW: usize = 8;

struct Recent {
    values: VecDeque<Option<Vec<u8>>>,
}

impl Configure for Recent {
    type Parameters = ();

    fn configure((): (), _: &Context) -> Result<Self, ConfigurationError> {
        Ok(Self { values: VecDeque::with_capacity(WINDOW) })
    }
}

impl Plugin for Recent {
    const READS: Columns = Columns::VALUE;
    const STATE: State = State::Window(WINDOW as u32);

    fn record(&mut self, record: Record<'_>) -> Outcome {
        let value = record.value().map(<[u8]>::to_vec);
        let repeated = self.values.contains(&value);
        if self.values.len() == WINDOW {
            self.values.pop_front();
        }
        self.values.push_back(value);
        if repeated { record.drop("seen lately") } else { record.keep() }
    }
}

anabranch_plugin::export!(Recent);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{OwnedRecord, record, run};
    use serde_json::json;

    use super::Recent;

    #[test]
    fn repeats_within_the_window_go_and_later_ones_stay() {
        let records: Vec<OwnedRecord> = [0, 1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 0].map(|n| record("k", n.to_string())).into();
        let run = run::<Recent>(json!({}), records);
        let kept: Vec<_> = run.records.iter().map(|record| format!("{:?}", record.value)).collect();
        assert_eq!(kept.join(" "), r#""0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "0""#);
    }
}
