//! Gathers output records into a batch of their own, column by column.
//!
//! A column of which nothing changed is shared, as is a patch that replaces all of it; only the rest
//! is copied, a column at a time.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{Array, BinaryArray, StringArray};
use arrow_buffer::{ArrowNativeType, ScalarBuffer};

use super::{Batch, Columns, Headers, HeadersBuilder, Outputs, Patch, Routes, Selection, value_at, value_bytes};

/// The output records as a batch, with the source positions kept.
pub(super) fn gather(outputs: &Outputs) -> Batch {
    let Outputs { batch, selection, patches } = outputs;
    let (columns, routes) = (&batch.columns, &batch.routes);
    let gather = Gather { selection, count: outputs.len() };
    Batch {
        source: Arc::clone(&batch.source),
        strand: batch.strand.clone(),
        file: Arc::clone(&batch.file),
        rows: gather.numbers(&batch.rows, None),
        offsets: batch.offsets.as_ref().map(|offsets| gather.numbers(offsets, None)),
        columns: Columns {
            keys: gather.bytes(&columns.keys, patches.keys.as_ref()),
            values: gather.bytes(&columns.values, patches.values.as_ref()),
            headers: gather.headers(&columns.headers, patches.headers.as_ref()),
            timestamps: gather.numbers(&columns.timestamps, patches.timestamps.as_ref()),
        },
        routes: Routes {
            topics: gather.topics(routes.topics.as_ref(), patches.topics.as_ref()),
            partitions: match (&routes.partitions, &patches.partitions) {
                (None, None) => None,
                (Some(partitions), patch) => Some(gather.numbers(partitions, patch.as_ref())),
                (None, patch) => Some(gather.numbers(&vec![-1; batch.len()].into(), patch.as_ref())),
            },
        },
    }
}

/// Where an output record's field comes from.
enum From {
    /// This row of the batch.
    Batch(usize),
    /// This entry of the patch.
    Patch(usize),
}

/// Which rows are gathered.
struct Gather<'a> {
    selection: &'a Selection,
    count: usize,
}

impl Gather<'_> {
    /// For each output record where its field comes from.
    fn sources<'p, C>(&'p self, patch: Option<&'p Patch<C>>) -> impl Iterator<Item = From> + 'p {
        let mut patched = patch.map_or(&[][..], |patch| &patch.rows).iter().enumerate().peekable();
        (0..self.count).map(move |row| match patched.next_if(|(_, patched)| **patched as usize == row) {
            Some((entry, _)) => From::Patch(entry),
            None => From::Batch(match self.selection {
                Selection::All => row,
                Selection::Rows(rows) => rows[row] as usize,
            }),
        })
    }

    /// A column that need not be copied: the batch's own, or a patch of every record.
    fn whole<C: Clone>(&self, column: &C, patch: Option<&Patch<C>>) -> Option<C> {
        match patch {
            Some(patch) if patch.rows.len() == self.count => Some(patch.column.clone()),
            None if *self.selection == Selection::All => Some(column.clone()),
            _ => None,
        }
    }

    fn numbers<T: ArrowNativeType>(
        &self,
        column: &ScalarBuffer<T>,
        patch: Option<&Patch<ScalarBuffer<T>>>,
    ) -> ScalarBuffer<T> {
        self.whole(column, patch).unwrap_or_else(|| {
            let patched = patch.map_or(&[][..], |patch| &patch.column);
            let number = |from| match from {
                From::Batch(row) => column[row],
                From::Patch(entry) => patched[entry],
            };
            self.sources(patch).map(number).collect::<Vec<T>>().into()
        })
    }

    fn bytes(&self, column: &BinaryArray, patch: Option<&Patch<BinaryArray>>) -> BinaryArray {
        if let Some(whole) = self.whole(column, patch) {
            return whole;
        }
        let patched = patch.map_or(column, |patch| &patch.column);
        let bytes = value_bytes(column) + patch.map_or(0, |patch| value_bytes(&patch.column));
        let mut builder = BinaryBuilder::with_capacity(self.count, bytes);
        for from in self.sources(patch) {
            builder.append_option(match from {
                From::Batch(row) => value_at(column, row),
                From::Patch(entry) => value_at(patched, entry),
            });
        }
        builder.finish()
    }

    fn headers(&self, headers: &Headers, patch: Option<&Patch<Headers>>) -> Headers {
        if let Some(whole) = self.whole(headers, patch) {
            return whole;
        }
        if headers.is_blank() && patch.is_none() {
            return Headers::none(self.count);
        }
        let patched = patch.map_or(headers, |patch| &patch.column);
        let mut builder = HeadersBuilder::default();
        for from in self.sources(patch) {
            builder.push_row(match from {
                From::Batch(row) => headers.row(row),
                From::Patch(entry) => patched.row(entry),
            });
        }
        builder.finish()
    }

    fn topics(&self, topics: Option<&StringArray>, patch: Option<&Patch<StringArray>>) -> Option<StringArray> {
        if topics.is_none() && patch.is_none() {
            return None;
        }
        let mut builder = StringBuilder::new();
        for from in self.sources(patch) {
            builder.append_option(match from {
                From::Batch(row) => topics.filter(|topics| topics.is_valid(row)).map(|topics| topics.value(row)),
                From::Patch(entry) => patch.map(|patch| patch.column.value(entry)),
            });
        }
        Some(builder.finish())
    }
}
