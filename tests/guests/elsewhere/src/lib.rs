//! Chooses topic, partition and timestamp by what the value says: `topic=…`, `partition=…`, `timestamp=…`.

use anabranch_plugin::{Columns, Outcome, Parameters, Plugin, Record};

#[derive(Parameters)]
struct Elsewhere;

impl Plugin for Elsewhere {
    const READS: Columns = Columns::VALUE;
    const CHANGES: Columns = Columns::TOPIC.union(Columns::PARTITION).union(Columns::TIMESTAMP);

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let Some(value) = record.value() else { return record.drop("tombstone") };
        for (what, where_to) in std::str::from_utf8(value)?.split(' ').filter_map(|word| word.split_once('=')) {
            match what {
                "topic" => record.set_topic(where_to),
                "partition" => record.set_partition(where_to.parse()?),
                "timestamp" if where_to == "none" => record.set_timestamp(None),
                "timestamp" => record.set_timestamp(Some(where_to.parse()?)),
                _ => return record.reject(format!("`{what}` is not known")),
            }
        }
        record.keep()
    }
}

anabranch_plugin::export!(Elsewhere);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{Rejected, record, run};

    use super::Elsewhere;

    #[test]
    fn records_go_where_they_say() {
        let all = "topic=a partition=2 timestamp=-5";
        let run = run::<Elsewhere>(
            serde_json::json!({}),
            [
                record("k", all),
                record("k", "topic=b topic=c"),
                record("k", "timestamp=none").at(7),
                record("k", "stays").at(7),
                record("k", "topic=d partition=x"),
                record("k", "topic=e colour=red"),
                record("k", "partition=0"),
            ],
        );
        assert_eq!(
            run.records,
            [
                record("k", all).to_topic("a").to_partition(2).at(-5),
                record("k", "topic=b topic=c").to_topic("c"),
                record("k", "timestamp=none"),
                record("k", "stays").at(7),
                record("k", "partition=0").to_partition(0),
            ]
        );
        let rejected = |input, reason: &str| Rejected { input, reason: reason.to_owned() };
        assert_eq!(run.rejected, [rejected(4, "invalid digit found in string"), rejected(5, "`colour` is not known")]);
    }
}
