//! Which ids of schemas the records of a backup bring along: of all of them, or of a sample that is small whatever the
//! backup.

use std::collections::BTreeMap;

use crate::batch::Limits;
use crate::batch::RowHeaders;
use crate::catalog::{Catalog, Lane, side_by_side};
use crate::read::ReadError;
use crate::registry::SchemaName;
use crate::schema::name_of;

/// Records of a lane that are looked at unless all are.
pub(super) const SAMPLE: usize = 1000;
/// Batches of a lane that are read for them: where a selection takes few records, fewer are looked at.
const SAMPLE_BATCHES: usize = 50;
/// Ids that are told apart: bytes that are no ids at all may look like very many.
pub(super) const IDS: usize = 500;

/// What the keys or the values of some records are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// All of them.
    pub(super) records: u64,
    /// Those that are null.
    pub(super) nulls: u64,
    /// Those that name no schema.
    pub(super) without_id: u64,
    /// How many name each schema.
    pub(super) ids: BTreeMap<SchemaName, u64>,
    /// Those whose ids are beyond [`IDS`].
    pub(super) of_more_ids: u64,
}

impl Seen {
    fn see(&mut self, name: Option<Option<SchemaName>>) {
        self.records += 1;
        match name {
            None => self.nulls += 1,
            Some(None) => self.without_id += 1,
            Some(Some(id)) => self.add(id, 1),
        }
    }

    fn add(&mut self, id: SchemaName, records: u64) {
        if self.ids.len() >= IDS && !self.ids.contains_key(&id) {
            self.of_more_ids += records;
        } else {
            *self.ids.entry(id).or_default() += records;
        }
    }

    fn join(&mut self, other: Self) {
        let Self { records, nulls, without_id, ids, of_more_ids } = other;
        self.records += records;
        self.nulls += nulls;
        self.without_id += without_id;
        self.of_more_ids += of_more_ids;
        ids.into_iter().for_each(|(id, records)| self.add(id, records));
    }
}

/// What was found in some lanes.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) keys: Seen,
    pub(super) values: Seen,
    /// Whether not all of their records were looked at.
    pub(super) is_sample: bool,
}

/// Looks at the records of lanes: all of them, or a sample.
///
/// # Errors
/// Whatever is wrong with the backup.
pub(super) fn look(catalog: &Catalog, lanes: &[&Lane], all: bool) -> Result<Found, ReadError> {
    let lanes: Vec<&Lane> = lanes.iter().flat_map(|lane| lane.parts()).collect();
    let mut sum = Found::default();
    for found in side_by_side(&lanes, |lane| of_lane(catalog, lane, all)) {
        let Found { keys, values, is_sample } = found?;
        sum.keys.join(keys);
        sum.values.join(values);
        sum.is_sample |= is_sample;
    }
    Ok(sum)
}

fn of_lane(catalog: &Catalog, lane: &Lane, all: bool) -> Result<Found, ReadError> {
    let mut found = Found::default();
    if all {
        read(catalog, lane, usize::MAX, &mut found)?;
        return Ok(found);
    }
    match &*lane.pieces {
        // What is written last is what is written now, maybe with another schema.
        [first, .., last] if lane.records.number() > SAMPLE as u64 => {
            for piece in [first, last] {
                read(catalog, &lane.with_pieces(vec![piece.clone()]), SAMPLE / 2, &mut found)?;
            }
            found.is_sample = true;
        }
        _ => found.is_sample = !read(catalog, lane, SAMPLE, &mut found)?,
    }
    Ok(found)
}

/// Looks at so many records; whether there are no more.
fn read(catalog: &Catalog, lane: &Lane, most: usize, found: &mut Found) -> Result<bool, ReadError> {
    let default = Limits::default();
    let mut batches = catalog.open_lane(lane, Limits { records: default.records.min(most), ..default }, None)?;
    let (mut left, mut read) = (most, 0_usize);
    while let Some(batch) = batches.next()? {
        if left == 0 || (most != usize::MAX && read == SAMPLE_BATCHES) {
            return Ok(false);
        }
        read += 1;
        let named =
            |part, value: Option<&[u8]>, headers: RowHeaders<'_>| value.map(|value| name_of(part, value, headers));
        for (row, (key, value)) in batch.columns.keys.iter().zip(&batch.columns.values).take(left).enumerate() {
            let headers = batch.columns.headers.row(row);
            found.keys.see(named("key", key, headers.clone()));
            found.values.see(named("value", value, headers));
        }
        if batch.len() > left {
            return Ok(false);
        }
        left -= batch.len();
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_what_has_no_id_are_counted_apart_and_bytes_that_look_like_ids_are_not_all_held() {
        let mut seen = Seen::default();
        for name in [Some(Some(SchemaName::Id(7))), None, Some(None), Some(Some(SchemaName::Id(7))), Some(None)] {
            seen.see(name);
        }
        assert_eq!((seen.records, seen.nulls, seen.without_id), (5, 1, 2));
        assert_eq!(seen.ids, BTreeMap::from([(SchemaName::Id(7), 2)]));
        let mut others = Seen::default();
        (1000..3000).for_each(|id| others.add(SchemaName::Id(id), 1));
        assert_eq!((others.ids.len(), others.of_more_ids), (IDS, 1500));
        seen.join(others);
        assert_eq!((seen.ids.len(), seen.of_more_ids, seen.ids[&SchemaName::Id(7)]), (IDS, 1501, 2));
    }
}
