//! What becomes of the headers that name schemas, row by row of what goes.

use std::ops::Range;

use arrow_buffer::ScalarBuffer;

use crate::batch::{HeadersBuilder, Outputs, Patch};

/// What becomes of such a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change<V> {
    /// It stays, if there is one.
    Kept,
    /// It goes: nothing is named by it any more.
    LeftOut,
    /// It is this.
    Set(V),
}

/// The headers of one name.
#[derive(Debug)]
pub(super) struct Marks {
    name: &'static str,
    /// By row; what it is to be stands in `bytes`.
    changes: Vec<Change<Range<usize>>>,
    bytes: Vec<u8>,
}

impl Marks {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, changes: Vec::new(), bytes: Vec::new() }
    }

    /// What becomes of that of the next row.
    pub(super) fn push(&mut self, change: Change<&[u8]>) {
        self.changes.push(match change {
            Change::Kept => Change::Kept,
            Change::LeftOut => Change::LeftOut,
            Change::Set(value) => {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(value);
                Change::Set(start..self.bytes.len())
            }
        });
    }

    fn of(&self, row: usize) -> Change<&[u8]> {
        match self.changes.get(row) {
            Some(Change::Set(range)) => Change::Set(self.bytes.get(range.clone()).unwrap_or_default()),
            Some(Change::LeftOut) => Change::LeftOut,
            Some(Change::Kept) | None => Change::Kept,
        }
    }
}

/// Gives the records that go the headers that they are to have. One that is there is replaced where it stands.
pub(super) fn apply(outputs: &mut Outputs, marks: &[Marks]) {
    if marks.iter().flat_map(|marks| &marks.changes).all(|change| *change == Change::Kept) {
        return;
    }
    let mut builder = HeadersBuilder::default();
    for (at, row) in outputs.rows().enumerate() {
        let mut left: Vec<(&str, &[u8])> = Vec::with_capacity(marks.len());
        left.extend(marks.iter().filter_map(|marks| match marks.of(at) {
            Change::Set(value) => Some((marks.name, value)),
            Change::Kept | Change::LeftOut => None,
        }));
        for header in row.headers {
            let changed = marks.iter().find(|marks| marks.name == header.name).map(|marks| marks.of(at));
            match changed {
                None | Some(Change::Kept) => builder.push(header.name, header.value),
                Some(Change::LeftOut) => {}
                // A second one of the name said the same, and is not needed.
                Some(Change::Set(value)) => {
                    let before = left.len();
                    left.retain(|(name, _)| *name != header.name);
                    if left.len() < before {
                        builder.push(header.name, Some(value));
                    }
                }
            }
        }
        left.iter().for_each(|(name, value)| builder.push(name, Some(value)));
        builder.end_row();
    }
    let rows: ScalarBuffer<u32> = (0..outputs.len() as u32).collect();
    outputs.patches.headers = Some(Patch { rows, column: builder.finish() });
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::batch::{Batch, ColumnsBuilder, Routes};
    use crate::position::TopicPartition;

    fn batch(rows: &[&[(&str, &str)]]) -> Arc<Batch> {
        let mut columns = ColumnsBuilder::default();
        for headers in rows {
            columns.key(None);
            columns.value(None);
            headers.iter().for_each(|(name, value)| columns.header(name, Some(value.as_bytes())));
            columns.end_row(0);
        }
        Arc::new(Batch {
            source: Arc::new(TopicPartition::new("orders", Some(0))),
            strand: None,
            file: "0.jsonl".into(),
            rows: (0..rows.len() as u64).collect(),
            offsets: None,
            columns: columns.finish(),
            routes: Routes::default(),
        })
    }

    #[test]
    fn a_header_is_replaced_where_it_stands_or_goes_or_comes_at_the_end() {
        let given = batch(&[
            &[("a", "1"), ("k", "old"), ("b", "2"), ("k", "old")],
            &[("a", "1"), ("k", "old")],
            &[("a", "1")],
            &[("k", "old")],
        ]);
        let mut marks = Marks::new("k");
        for change in [Change::Set(&b"new"[..]), Change::LeftOut, Change::Set(b"new"), Change::Kept] {
            marks.push(change);
        }
        let mut outputs = Outputs::untouched(given);
        apply(&mut outputs, &[marks, Marks::new("v")]);
        let text = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
        let rows: Vec<String> = outputs
            .rows()
            .map(|row| row.headers.map(|header| format!("{}={} ", header.name, text(header.value))).collect())
            .collect();
        assert_eq!(rows, ["a=1 k=new b=2 ", "a=1 ", "a=1 k=new ", "k=old "]);
    }

    #[test]
    fn where_nothing_changes_nothing_is_copied() {
        let mut outputs = Outputs::untouched(batch(&[&[("k", "old")]]));
        let mut marks = Marks::new("k");
        marks.push(Change::Kept);
        apply(&mut outputs, &[marks]);
        assert!(outputs.patches.is_empty());
    }
}
