//! Adds, removes and replaces headers, as a record's header `do` says.

use anabranch_plugin::{Columns, Header, Outcome, Parameters, Plugin, Record};

#[derive(Parameters)]
struct HeaderEdit;

impl Plugin for HeaderEdit {
    const READS: Columns = Columns::HEADERS;
    const CHANGES: Columns = Columns::HEADERS;

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        match record.header("do").and_then(|header| header.value) {
            Some(b"add") => {
                record.add_header("added", Some(b"yes"));
                record.add_header("added", None);
            }
            Some(b"remove") => record.set_headers(record.headers().filter(|header| header.name != "do")),
            Some(b"clear") => record.set_headers([]),
            Some(b"replace") => {
                record.set_headers([Header { name: "taken back", value: None }]);
                record.set_headers([Header { name: "new", value: Some(b"") }]);
            }
            _ => {}
        }
        record.keep()
    }
}

anabranch_plugin::export!(HeaderEdit);

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{record, run};

    use super::HeaderEdit;

    #[test]
    fn headers_are_edited_and_the_others_stay() {
        let with = |word: &str| record("k", "v").header("a", "1").header("do", word).header("a", None);
        let run = run::<HeaderEdit>(
            serde_json::json!({}),
            [with("add"), with("remove"), with("clear"), with("replace"), with("nothing"), record("k", "v")],
        );
        assert_eq!(
            run.records,
            [
                with("add").header("added", "yes").header("added", None),
                record("k", "v").header("a", "1").header("a", None),
                record("k", "v"),
                record("k", "v").header("new", ""),
                with("nothing"),
                record("k", "v"),
            ]
        );
    }
}
