//! New values of one column for some output rows, each of which can be taken back.

use super::bytes::BytesBuilder;
use super::dictionary::Dictionary;
use crate::columns::{HeadersColumn, TopicsColumn, numbers};
use crate::headers::Header;

/// A column that can lose entries at its end.
pub(crate) trait Truncate {
    /// Keeps the first `entries`.
    fn truncate_to(&mut self, entries: usize);
}

/// A patch under construction: for each of `rows` one entry of `column`.
#[derive(Debug, Default)]
pub(crate) struct Patch<C> {
    rows: Vec<u32>,
    pub(crate) column: C,
}

impl<C: Truncate> Patch<C> {
    /// Makes room for an entry for output row `row`, the last so far; what was set for it before goes.
    #[inline]
    pub(crate) fn begin(&mut self, row: u32) -> &mut C {
        if self.has(row) {
            self.forget_from(row);
        }
        self.rows.push(row);
        &mut self.column
    }

    /// Whether something is set for output row `row`, the last so far.
    #[inline]
    pub(crate) fn has(&self, row: u32) -> bool {
        self.rows.last() == Some(&row)
    }

    /// Takes back what is set for `row` and later.
    pub(crate) fn forget_from(&mut self, row: u32) {
        if self.rows.last().is_some_and(|last| *last >= row) {
            let entries = self.rows.partition_point(|set| *set < row);
            self.rows.truncate(entries);
            self.column.truncate_to(entries);
        }
    }

    /// The finished patch, if there is anything in it.
    pub(crate) fn finish<P>(self, patch: impl FnOnce(Vec<u8>, C) -> P) -> Option<P> {
        (!self.rows.is_empty()).then(|| patch(numbers::pack(&self.rows), self.column))
    }
}

impl Truncate for BytesBuilder {
    fn truncate_to(&mut self, entries: usize) {
        self.truncate(entries);
    }
}

impl<T> Truncate for Vec<T> {
    fn truncate_to(&mut self, entries: usize) {
        self.truncate(entries);
    }
}

/// Topics by index.
#[derive(Debug, Default)]
pub(crate) struct TopicsBuilder {
    indices: Vec<u32>,
    names: Dictionary,
}

impl TopicsBuilder {
    pub(crate) fn push(&mut self, topic: &str) {
        let index = self.names.index(topic);
        self.indices.push(index);
    }

    pub(crate) fn finish(self) -> TopicsColumn {
        TopicsColumn { indices: numbers::pack(&self.indices), dictionary: self.names.into_names() }
    }
}

impl Truncate for TopicsBuilder {
    fn truncate_to(&mut self, entries: usize) {
        self.indices.truncate(entries);
    }
}

/// Lists of headers.
#[derive(Debug, Default)]
pub(crate) struct HeadersBuilder {
    starts: Vec<u32>,
    names: Vec<u32>,
    dictionary: Dictionary,
    values: BytesBuilder,
}

impl HeadersBuilder {
    pub(crate) fn push<'h>(&mut self, headers: impl IntoIterator<Item = Header<'h>>) {
        self.starts.push(self.names.len() as u32);
        for header in headers {
            self.add(header.name, header.value);
        }
    }

    /// Adds to the last list.
    pub(crate) fn add(&mut self, name: &str, value: Option<&[u8]>) {
        let index = self.dictionary.index(name);
        self.names.push(index);
        self.values.push(value);
    }

    pub(crate) fn finish(mut self) -> HeadersColumn {
        self.starts.push(self.names.len() as u32);
        let mut dictionary = BytesBuilder::default();
        for name in self.dictionary.names() {
            dictionary.push(Some(name.as_bytes()));
        }
        HeadersColumn {
            rows: numbers::pack(&self.starts),
            names: numbers::pack(&self.names),
            dictionary: dictionary.finish(),
            values: self.values.finish(),
        }
    }
}

impl Truncate for HeadersBuilder {
    fn truncate_to(&mut self, entries: usize) {
        if let Some(start) = self.starts.get(entries).copied() {
            self.starts.truncate(entries);
            self.names.truncate(start as usize);
            self.values.truncate(start as usize);
        }
    }
}
