//! What is wanted, as a question to what a file claims of one of its columns.

use parquet::basic::Type as PhysicalType;
use parquet::file::metadata::ParquetMetaData;

use super::claim::Claim;
use crate::job::{Encoding, Encodings, Tombstones};
use crate::read::parquet::schema::{per_millisecond, unit};
use crate::read::parquet::shape::{BytesLeaf, Content, HeaderSource, ScalarLeaf, Shape};
use crate::read::{Reason, Wanted};

/// A question to the claims about one leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Test {
    /// The leaf.
    pub(super) leaf: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Offsets,
    /// So many of the column's numbers are a millisecond.
    Time(i64),
    /// Keys, and whether they lie in the column as they are wanted.
    Keys,
    Tombstones(Tombstones),
    /// The names of headers.
    Headers,
}

/// The questions that a file can be asked.
pub(super) fn of(wanted: &Wanted, metadata: &ParquetMetaData, shape: &Shape, encodings: Encodings) -> Vec<Test> {
    let mut tests = Vec::new();
    let mut add = |leaf: usize, kind: Kind| tests.push(Test { leaf, kind });
    let is_number = |leaf: &ScalarLeaf| matches!(leaf.physical, PhysicalType::INT32 | PhysicalType::INT64);
    let schema = metadata.file_metadata().schema_descr();
    if let Some(leaf) = shape.offset.filter(is_number)
        && (wanted.offsets.from.is_some() || wanted.offsets.until.is_some())
    {
        add(leaf.leaf, Kind::Offsets);
    }
    if let (Some(leaf), Some(descriptor)) =
        (shape.timestamp.filter(is_number), shape.timestamp.and_then(|leaf| schema.columns().get(leaf.leaf)))
        && (wanted.from.is_some() || wanted.until.is_some())
    {
        add(leaf.leaf, Kind::Time(per_millisecond(unit(descriptor))));
    }
    // A column that repeats says nothing of single rows by its count of nulls.
    let flat = |leaf: &&BytesLeaf| schema.columns().get(leaf.leaf).is_some_and(|leaf| leaf.max_rep_level() == 0);
    let leaf_of = |content: &'_ Content| match content {
        Content::Leaf(leaf) => Some(*leaf),
        Content::None | Content::Json(_) => None,
    };
    let as_it_is = |leaf: &&BytesLeaf| !leaf.text || encodings.key == Encoding::Text;
    if wanted.keys.is_some()
        && let Some(leaf) = leaf_of(&shape.key).as_ref().filter(flat).filter(as_it_is)
    {
        add(leaf.leaf, Kind::Keys);
    }
    if let (Some(tombstones), Some(leaf)) = (wanted.tombstones, leaf_of(&shape.value).as_ref().filter(flat)) {
        add(leaf.leaf, Kind::Tombstones(tombstones));
    }
    if !wanted.headers.is_empty()
        && let HeaderSource::List { names, .. } = &shape.headers
    {
        add(names.leaf, Kind::Headers);
    }
    tests
}

impl Test {
    /// What it leaves rows out by.
    pub(super) fn reason(&self) -> Reason {
        match self.kind {
            Kind::Offsets => Reason::Offsets,
            Kind::Time(_) => Reason::Time,
            Kind::Keys => Reason::Key,
            Kind::Tombstones(_) => Reason::Tombstones,
            Kind::Headers => Reason::Headers,
        }
    }

    /// Whether rows of which this is claimed may be wanted.
    pub(super) fn may_hold(&self, wanted: &Wanted, claim: &Claim<'_>) -> bool {
        match self.kind {
            Kind::Offsets => claim.numbers.is_none_or(|(first, last)| wanted.offsets.meets(first, last)),
            // A row without a timestamp is in no range of time.
            Kind::Time(_) if claim.all_null => false,
            Kind::Time(_) => self.milliseconds(claim).is_none_or(|(least, most)| wanted.meets_times(least, most)),
            Kind::Keys if claim.all_null => false,
            Kind::Keys => match (&wanted.keys, claim.bytes) {
                (Some(keys), Some((least, most))) => keys.any_between(least, most),
                _ => true,
            },
            Kind::Tombstones(Tombstones::Only) => !claim.none_null,
            Kind::Tombstones(Tombstones::None) => !claim.all_null,
            Kind::Headers if claim.all_null => false,
            Kind::Headers => claim.bytes.is_none_or(|(least, most)| {
                wanted.headers.iter().all(|name| name.as_bytes() >= least && name.as_bytes() <= most)
            }),
        }
    }

    /// The offsets that are claimed, for the question about these.
    pub(super) fn offsets(&self, claim: &Claim<'_>) -> Option<(i64, i64)> {
        claim.numbers.filter(|_| self.kind == Kind::Offsets)
    }

    /// The timestamps that are claimed, in milliseconds rounded down, for the question about these.
    pub(super) fn milliseconds(&self, claim: &Claim<'_>) -> Option<(i64, i64)> {
        let Kind::Time(divisor) = self.kind else { return None };
        claim.numbers.map(|(least, most)| (least.div_euclid(divisor), most.div_euclid(divisor)))
    }
}
