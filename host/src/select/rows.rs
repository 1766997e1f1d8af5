//! The tests of single records, a column at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arrow_array::{Array as _, BinaryArray};

use super::Span;
use super::keys::KeySet;
use super::needle::Needle;
use crate::batch::{Batch, Headers, NO_TIMESTAMP, Outputs, Patches, Selection};
use crate::job::{OffsetRange, Tombstones};
use crate::position::{Place, TopicPartition};
use crate::read::{Wanted, WantedKeys};

/// What a record has to be to be taken.
#[derive(Debug, Default)]
pub struct RowTests {
    pub(super) offsets: BTreeMap<String, OffsetRange>,
    /// The first millisecond, and the first one that is not taken any more.
    pub(super) from: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) keys: Option<Arc<KeySet>>,
    /// Names and values.
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(super) tombstones: Option<Tombstones>,
    /// Whether what statistics exclude is not read.
    pub(super) trusts_statistics: bool,
    /// By lane, where only the first or last records are taken, and once it is known which these are.
    pub(super) spans: OnceLock<BTreeMap<String, Span>>,
    /// Records without a timestamp that a range of time left out.
    pub(super) untimed: AtomicU64,
}

impl RowTests {
    /// Which offsets of a lane are taken.
    pub(super) fn offsets_of(&self, lane: &TopicPartition) -> Option<OffsetRange> {
        let name = lane.to_string();
        let range = self.offsets.get(&name).copied();
        let Some(span) = self.span_of(&name) else { return range };
        let OffsetRange { from, until } = range.unwrap_or_default();
        let offset = |place| match place {
            Some(Place::Offset(offset)) => Some(offset),
            _ => None,
        };
        let end = offset(span.last()).map(|last| last.saturating_add(1));
        let until = until.into_iter().chain(end).min();
        Some(OffsetRange { from: from.max(offset(span.first())), until })
    }

    /// Between which places of a lane it is taken.
    pub(super) fn span_of(&self, lane: &str) -> Option<&Span> {
        self.spans.get()?.get(lane)
    }

    /// The first millisecond that is taken, and the first one that is not any more.
    pub fn times(&self) -> (Option<i64>, Option<i64>) {
        (self.from, self.until)
    }

    /// How many records without a timestamp were left out so far because a time was asked for.
    pub fn untimed(&self) -> u64 {
        self.untimed.load(Ordering::Relaxed)
    }

    /// What a reader of a lane's files need not give; `None` where their statistics are not to be trusted.
    pub(crate) fn wanted(&self, lane: &TopicPartition) -> Option<Arc<Wanted>> {
        let Self { from, until, keys, headers, tombstones, trusts_statistics, .. } = self;
        trusts_statistics.then(|| {
            Arc::new(Wanted {
                offsets: self.offsets_of(lane).unwrap_or_default(),
                from: *from,
                until: *until,
                keys: keys.clone().map(|keys| keys as Arc<dyn WantedKeys>),
                tombstones: *tombstones,
                headers: headers.iter().map(|(name, _)| name.clone()).collect(),
            })
        })
    }

    /// Takes only what lies between these places, by lane, from now on.
    pub(super) fn between(&self, spans: BTreeMap<String, Span>) {
        // It is told once.
        let _ = self.spans.set(spans);
        // What was read to find these places is read again.
        self.untimed.store(0, Ordering::Relaxed);
    }

    /// Whether only offsets count.
    fn is_by_offset_alone(&self) -> bool {
        self.from.is_none()
            && self.until.is_none()
            && self.keys.is_none()
            && self.headers.is_empty()
            && self.tombstones.is_none()
    }

    /// What is taken of a batch of the lane that it is of; `mask` is room that is used again.
    pub fn taken(&self, batch: Arc<Batch>, mask: &mut Vec<u8>) -> Arc<Batch> {
        let offsets = self.offsets_of(&batch.source);
        self.of(batch, offsets, mask)
    }

    /// What is taken of a batch, whose lane may have only some of its offsets taken. `mask` is room that is used again.
    pub(super) fn of(&self, batch: Arc<Batch>, offsets: Option<OffsetRange>, mask: &mut Vec<u8>) -> Arc<Batch> {
        let batch = match offsets.zip(batch.offsets.as_ref()) {
            None => batch,
            Some((range, offsets)) => {
                let from = range.from.map_or(0, |from| offsets.partition_point(|offset| *offset < from));
                let until =
                    range.until.map_or(offsets.len(), |until| offsets.partition_point(|offset| *offset < until));
                part(batch, from, until.max(from))
            }
        };
        if self.is_by_offset_alone() || batch.is_empty() {
            return batch;
        }
        self.mark(&batch, mask);
        taken(batch, mask)
    }

    /// Makes `mask` as long as a batch, with 1 for what is taken of it, offsets aside, and 0 for the rest.
    pub fn mark(&self, batch: &Batch, mask: &mut Vec<u8>) {
        mask.clear();
        mask.resize(batch.len(), 1);
        self.test_times(batch, mask);
        self.test_tombstones(batch, mask);
        self.test_keys(batch, mask);
        for (name, value) in &self.headers {
            test_header(&batch.columns.headers, name, value.as_deref(), mask);
        }
    }

    fn test_times(&self, batch: &Batch, mask: &mut [u8]) {
        if self.from.is_none() && self.until.is_none() {
            return;
        }
        let (from, until) = (self.from.unwrap_or(i64::MIN), self.until.unwrap_or(i64::MAX));
        let open = self.until.is_none();
        let mut untimed = 0_u64;
        for (taken, timestamp) in mask.iter_mut().zip(&*batch.columns.timestamps) {
            let is_timed = *timestamp != NO_TIMESTAMP;
            *taken &= u8::from(is_timed & (*timestamp >= from) & ((*timestamp < until) | open));
            untimed += u64::from(!is_timed);
        }
        if untimed > 0 {
            self.untimed.fetch_add(untimed, Ordering::Relaxed);
        }
    }

    fn test_tombstones(&self, batch: &Batch, mask: &mut [u8]) {
        let Some(wanted) = self.tombstones else { return };
        match (batch.columns.values.nulls(), wanted) {
            (None, Tombstones::None) => {}
            (None, Tombstones::Only) => mask.fill(0),
            (Some(nulls), wanted) => {
                let is_wanted = wanted == Tombstones::None;
                for (taken, has_value) in mask.iter_mut().zip(nulls) {
                    *taken &= u8::from(has_value == is_wanted);
                }
            }
        }
    }

    fn test_keys(&self, batch: &Batch, mask: &mut [u8]) {
        let Some(wanted) = &self.keys else { return };
        let keys = &batch.columns.keys;
        match wanted.only() {
            Some(only) => {
                let data = keys.value_data();
                for (taken, bounds) in mask.iter_mut().zip(keys.value_offsets().windows(2)) {
                    let &[begin, end] = bounds else { continue };
                    *taken &= u8::from(only.fits(data, begin as usize..end as usize));
                }
            }
            None => {
                for (taken, key) in mask.iter_mut().zip(contents(keys)).filter(|(taken, _)| **taken != 0) {
                    *taken = u8::from(wanted.fits(key));
                }
            }
        }
        // A null lies there as no bytes.
        for (taken, is_there) in mask.iter_mut().zip(keys.nulls().into_iter().flatten()) {
            *taken &= u8::from(is_there);
        }
    }
}

/// The bytes of each value, none for a null. Values of the array itself are looked up one by one, twice as slow.
fn contents(array: &BinaryArray) -> impl Iterator<Item = &[u8]> {
    let data = array.value_data();
    array.value_offsets().windows(2).map(move |bounds| match bounds {
        [begin, end] => data.get(*begin as usize..*end as usize).unwrap_or_default(),
        _ => &[],
    })
}

/// A header of this name has to be there, and with this value where one is given.
fn test_header(headers: &Headers, name: &str, value: Option<&[u8]>, mask: &mut [u8]) {
    let value = value.map(Needle::new);
    // Names are looked up once, and not by record.
    let indices: Vec<u32> =
        (0..).zip(headers.dictionary()).filter(|(_, known)| *known == Some(name)).map(|(index, _)| index).collect();
    if indices.is_empty() || headers.is_blank() {
        mask.fill(0);
        return;
    }
    let (rows, names, values) = (headers.row_offsets(), headers.names(), headers.values());
    let (offsets, data) = (values.value_offsets(), values.value_data());
    let is_meant = |name: u32| match &indices[..] {
        [only] => name == *only,
        several => several.contains(&name),
    };
    let has_value = |entry: usize| {
        let Some(wanted) = &value else { return true };
        let Some(&[begin, end]) = offsets.get(entry..entry + 2) else { return false };
        let (begin, end) = (begin as usize, end as usize);
        end.checked_sub(begin) == Some(wanted.len()) && wanted.stands_at(data, begin) && values.is_valid(entry)
    };
    for (taken, bounds) in mask.iter_mut().zip(rows.windows(2)).filter(|(taken, _)| **taken != 0) {
        let &[begin, end] = bounds else { continue };
        let mut entries = begin as usize..end as usize;
        let fits = |entry: usize| names.get(entry).is_some_and(|name| is_meant(*name)) && has_value(entry);
        *taken = u8::from(entries.any(fits));
    }
}

/// The rows of a batch that are marked.
fn taken(batch: Arc<Batch>, mask: &[u8]) -> Arc<Batch> {
    let count = mask.iter().map(|taken| usize::from(*taken)).sum::<usize>();
    if count == batch.len() {
        return batch;
    }
    let Some(first) = mask.iter().position(|taken| *taken != 0) else { return part(batch, 0, 0) };
    let is_one_run = mask.get(first..first + count).is_some_and(|run| run.iter().all(|taken| *taken != 0));
    if is_one_run {
        return part(batch, first, first + count);
    }
    rows(batch, (0..).zip(mask).filter(|(_, taken)| **taken != 0).map(|(row, _)| row).collect())
}

/// Rows `from..until`. A small part is copied: it would keep all of the batch's bytes, and count as few.
fn part(batch: Arc<Batch>, from: usize, until: usize) -> Arc<Batch> {
    let length = until - from;
    if length == batch.len() {
        batch
    } else if length == 0 || length * 2 >= batch.len() {
        Arc::new(batch.slice(from, length))
    } else {
        rows(batch, (0..).skip(from).take(length).collect())
    }
}

fn rows(batch: Arc<Batch>, rows: Vec<u32>) -> Arc<Batch> {
    Outputs { batch, selection: Selection::Rows(rows), patches: Patches::default() }.into_batch()
}
