//! Passes every record as it is. It reads all columns, so that all of them cross.

use anabranch_plugin::{Columns, Parameters, Plugin};

#[derive(Parameters)]
struct Identity;

impl Plugin for Identity {
    const READS: Columns = Columns::all();
}

anabranch_plugin::export!(Identity);

#[cfg(test)]
mod tests {
    use anabranch_plugin::columns::{Answer, BytesColumn, Offsets, numbers};
    use anabranch_plugin::testing::{record, run, tombstone};
    use anabranch_plugin::{Plugin, columns::Batch};

    use super::Identity;

    #[test]
    fn everything_passes() {
        let records = [
            record("k", "v").header("h", None).header("h", "").at(0),
            tombstone("k").at(-2),
            record(None, "").to_topic("elsewhere").to_partition(3),
        ];
        assert_eq!(run::<Identity>(serde_json::json!({}), records.clone()).records, records);
    }

    #[test]
    fn nothing_crosses_back() {
        let empty = BytesColumn { offsets: numbers::pack(&[0_u32; 3]), data: Vec::new(), validity: None };
        let batch = Batch {
            topic: "t".to_owned(),
            partition: None,
            count: 2,
            offsets: Offsets::Listed(numbers::pack(&[7_i64, 9])),
            timestamps: None,
            keys: Some(empty.clone()),
            values: Some(empty),
            headers: None,
            topics: None,
            partitions: None,
        };
        assert_eq!(Identity.batch(&batch), Ok(Answer::unchanged()));
    }
}
