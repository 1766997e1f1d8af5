//! A lane's transform between decoding and encoding: the plugins see JSON where a schema says how, and what they leave as it
//! is keeps its very bytes, or takes the straight way to its new schema.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{Array, BinaryArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};

use super::avro::Misfit;
use super::error::ValuesError;
use super::framing;
use super::language;
use super::turn::{self, Turner};
use super::way::{Part, Way};
use crate::aside::{Cause, SetAside};
use crate::batch::{Batch, Limits, OutputRow, Outputs, Patch, Selection, value_at};
use crate::job::{Policies, ValueEncoding};
use crate::plugin::{Passed, State, Transform, TransformError};
use crate::position::Place;
use crate::report::PluginCounts;

/// See the module.
pub(super) struct Recoded {
    pub(super) inner: Box<dyn Transform>,
    pub(super) key: Option<LanePart>,
    pub(super) value: Option<LanePart>,
    pub(super) policies: Policies,
}

/// The keys or the values of a lane.
pub(super) struct LanePart {
    part: Arc<Part>,
    topic: Arc<str>,
    /// Whether plugins look at them.
    is_seen: bool,
    ways: HashMap<Option<i32>, Result<Arc<Way>, Misfit>>,
    turner: Turner,
    /// A value under way.
    buffer: Vec<u8>,
}

/// A batch as plugins get it.
struct Decoded {
    batch: Arc<Batch>,
    /// As it came, without what is set aside: row by row what plugins get.
    original: Arc<Batch>,
    aside: Vec<SetAside>,
    /// The rows of the batch that came, where some are set aside.
    rows: Option<Vec<u32>>,
}

/// Something is wrong with one value; or with more.
enum Trouble {
    Misfit(Misfit),
    Values(ValuesError),
}

impl From<Misfit> for Trouble {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl From<ValuesError> for Trouble {
    fn from(error: ValuesError) -> Self {
        Self::Values(error)
    }
}

impl LanePart {
    pub(super) fn new(part: Arc<Part>, topic: Arc<str>, is_seen: bool) -> Self {
        // Where ids alone are rewritten, plugins see the bytes as they are.
        let is_seen = is_seen && part.settings.encoding != ValueEncoding::RewriteIds;
        Self { part, topic, is_seen, ways: HashMap::new(), turner: Turner::default(), buffer: Vec::new() }
    }

    /// What becomes of a value, and the value without its id.
    fn way<'v>(&mut self, value: &'v [u8]) -> Result<(Arc<Way>, &'v [u8]), Trouble> {
        let (id, rest) = match self.part.settings.reads_ids() {
            true => framing::read(value).map(|(id, rest)| (Some(id), rest))?,
            false => (None, value),
        };
        Ok((self.way_of(id)?, rest))
    }

    /// Whether ids alone change, whoever has written what stands behind them.
    fn rewrites(&self) -> bool {
        self.part.settings.encoding == ValueEncoding::RewriteIds
    }

    fn way_of(&mut self, id: Option<i32>) -> Result<Arc<Way>, Trouble> {
        if let Some(way) = self.ways.get(&id) {
            return Ok(way.clone()?);
        }
        let way = self.part.way(id, &self.topic)?;
        self.ways.insert(id, way.clone());
        Ok(way?)
    }

    /// Appends a value as plugins get it.
    fn decode(&mut self, value: &[u8], out: &mut Vec<u8>) -> Result<(), Trouble> {
        let (way, rest) = self.way(value)?;
        Ok(self.turner.decode(&way, rest, out)?)
    }

    /// A column as people are shown it: as JSON, and what is none after all with its bytes.
    pub(super) fn shown(&mut self, given: &BinaryArray) -> Result<BinaryArray, ValuesError> {
        if language::kind(self.part.settings.encoding).is_none() {
            return Ok(given.clone());
        }
        let mut column = BinaryBuilder::with_capacity(given.len(), given.value_data().len());
        let mut buffer = Vec::new();
        for row in 0..given.len() {
            let value = value_at(given, row);
            match push(&mut column, value, &mut buffer, |value, out| self.decode(value, out)) {
                Ok(()) => {}
                Err(Trouble::Misfit(_)) => column.append_option(value),
                Err(Trouble::Values(error)) => return Err(error),
            }
        }
        Ok(column.finish())
    }

    /// Appends what a value becomes that no plugin has changed.
    fn pass(&mut self, value: &[u8], out: &mut Vec<u8>) -> Result<(), Trouble> {
        let (way, rest) = self.way(value)?;
        let start = out.len();
        self.turner.pass(&way, rest, out)?;
        self.show(&way, start, out)
    }

    /// Appends what a value becomes that a plugin has made, of one that was `original`.
    fn encode(&mut self, json: &[u8], original: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let (way, original) = match original {
            Some(original) => self.way(original).map(|(way, rest)| (way, Some(rest)))?,
            None => (self.way_of(None)?, None),
        };
        let start = out.len();
        self.turner.encode(&way, json, original, out)?;
        self.show(&way, start, out)
    }

    fn show(&self, way: &Way, start: usize, out: &mut Vec<u8>) -> Result<(), Trouble> {
        match self.part.is_shown() {
            true => Ok(turn::show(way, start, out)?),
            false => Ok(()),
        }
    }
}

/// A column under construction, a value at a time.
fn push(
    column: &mut BinaryBuilder,
    value: Option<&[u8]>,
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&[u8], &mut Vec<u8>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let Some(value) = value else {
        column.append_null();
        return Ok(());
    };
    buffer.clear();
    write(value, buffer)?;
    // Columns of a batch have offsets of 32 bits, and a few bytes of Avro may stand for much JSON, or for long defaults.
    if column.values_slice().len() + buffer.len() > Limits::RECORD {
        return Err(Misfit::new(format!("a batch of such values takes more than {} MiB", Limits::RECORD >> 20)).into());
    }
    column.append_value(buffer);
    Ok(())
}

/// Which column of a batch it is about.
#[derive(Clone, Copy)]
enum Side {
    Key,
    Value,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Key, Self::Value];

    fn of(self, batch: &Batch) -> &BinaryArray {
        match self {
            Self::Key => &batch.columns.keys,
            Self::Value => &batch.columns.values,
        }
    }

    fn of_mut(self, batch: &mut Batch) -> &mut BinaryArray {
        match self {
            Self::Key => &mut batch.columns.keys,
            Self::Value => &mut batch.columns.values,
        }
    }

    fn of_row<'a>(self, row: &OutputRow<'a>) -> Option<&'a [u8]> {
        match self {
            Self::Key => row.key,
            Self::Value => row.value,
        }
    }
}

impl Recoded {
    fn part(&mut self, side: Side) -> Option<&mut LanePart> {
        match side {
            Side::Key => self.key.as_mut(),
            Side::Value => self.value.as_mut(),
        }
    }

    /// The batch as plugins get it.
    fn decode(&mut self, batch: Arc<Batch>, tolerates: bool) -> Result<Decoded, ValuesError> {
        let mut columns = [None, None];
        let mut aside: Vec<SetAside> = Vec::new();
        for (side, column) in Side::BOTH.into_iter().zip(&mut columns) {
            let Some(part) = self.part(side).filter(|part| part.is_seen) else { continue };
            let given = side.of(&batch);
            let mut decoded = BinaryBuilder::with_capacity(given.len(), given.value_data().len());
            let mut buffer = std::mem::take(&mut part.buffer);
            for row in 0..batch.len() {
                match push(&mut decoded, value_at(given, row), &mut buffer, |value, out| part.decode(value, out)) {
                    Ok(()) => {}
                    Err(Trouble::Misfit(misfit)) if tolerates => {
                        decoded.append_null();
                        aside.push(set_aside(row, part.part.name, &misfit));
                    }
                    Err(trouble) => return Err(error(trouble, &batch, row, part.part.name)),
                }
            }
            part.buffer = buffer;
            *column = Some(decoded.finish());
        }
        let mut decoded = Batch::clone(&batch);
        let [keys, values] = columns;
        if let Some(keys) = keys {
            decoded.columns.keys = keys;
        }
        if let Some(values) = values {
            decoded.columns.values = values;
        }
        if aside.is_empty() {
            return Ok(Decoded { batch: Arc::new(decoded), original: batch, aside, rows: None });
        }
        aside.sort_by_key(|each| each.row);
        aside.dedup_by_key(|each| each.row);
        let mut left = aside.iter().map(|each| each.row).peekable();
        let rows = (0..batch.len()).filter(|row| left.next_if_eq(row).is_none()).map(|row| row as u32);
        let rows: Vec<u32> = rows.collect();
        let without = |batch| {
            let selection = Selection::Rows(rows.clone());
            Outputs { batch, selection, patches: crate::batch::Patches::default() }.into_batch()
        };
        Ok(Decoded { batch: without(Arc::new(decoded)), original: without(batch), aside, rows: Some(rows) })
    }

    /// What the plugins made of a batch, encoded.
    fn encode(&mut self, mut outputs: Outputs, decoded: &mut Decoded, tolerates: bool) -> Result<Outputs, ValuesError> {
        let mut refused: Vec<Place> = Vec::new();
        for side in Side::BOTH {
            let Some(part) = self.part(side) else { continue };
            let is_patched = match side {
                Side::Key => outputs.patches.keys.is_some(),
                Side::Value => outputs.patches.values.is_some(),
            };
            if !is_patched && let Some(column) = rewritten(part, side.of(&outputs.batch)) {
                let mut batch = Batch::clone(&outputs.batch);
                *side.of_mut(&mut batch) = column;
                outputs.batch = Arc::new(batch);
                continue;
            }
            let mut column = BinaryBuilder::with_capacity(outputs.len(), side.of(&decoded.original).value_data().len());
            let mut buffer = std::mem::take(&mut part.buffer);
            let mut source = 0;
            for row in outputs.rows() {
                // Both are in the order of the source, so the walk over it never turns back.
                while source + 1 < decoded.batch.len() && !comes_of(&decoded.batch, source, &outputs.batch, row.input) {
                    source += 1;
                }
                let original = value_at(side.of(&decoded.original), source);
                let given = side.of_row(&row);
                // What plugins do not look at is the original there, too.
                let written = if part.rewrites() {
                    // A plugin that has made it has given it an id of the backup's registry, too.
                    push(&mut column, given, &mut buffer, |value, out| part.pass(value, out))
                } else if is_same(given, value_at(side.of(&decoded.batch), source)) {
                    push(&mut column, original, &mut buffer, |value, out| part.pass(value, out))
                } else {
                    push(&mut column, given, &mut buffer, |json, out| part.encode(json, original, out))
                };
                match written {
                    Ok(()) => {}
                    Err(Trouble::Misfit(misfit)) if tolerates => {
                        column.append_null();
                        let row =
                            decoded.rows.as_ref().and_then(|rows| rows.get(source)).map_or(source, |row| *row as usize);
                        decoded.aside.push(set_aside(row, part.part.name, &misfit));
                        refused.push(decoded.batch.place(source));
                    }
                    Err(trouble) => return Err(error(trouble, &decoded.batch, source, part.part.name)),
                }
            }
            part.buffer = buffer;
            let rows: ScalarBuffer<u32> = (0..outputs.len() as u32).collect();
            let patch = Some(Patch { rows, column: column.finish() });
            match side {
                Side::Key => outputs.patches.keys = patch,
                Side::Value => outputs.patches.values = patch,
            }
        }
        if refused.is_empty() {
            return Ok(outputs);
        }
        decoded.aside.sort_by_key(|each| each.row);
        decoded.aside.dedup_by_key(|each| each.row);
        Ok(outputs.without(refused.into_iter()))
    }
}

impl Transform for Recoded {
    fn process(&mut self, batch: Arc<Batch>, counts: &mut [PluginCounts]) -> Result<Passed, TransformError> {
        let tolerates = self.policies.tolerate(Cause::Schema);
        let mut decoded = self.decode(batch, tolerates).map_err(Box::new)?;
        let Passed { outputs, aside } = self.inner.process(Arc::clone(&decoded.batch), counts)?;
        let row = |row: usize| decoded.rows.as_ref().and_then(|rows| rows.get(row)).map_or(row, |row| *row as usize);
        let aside: Vec<SetAside> = aside.into_iter().map(|each| SetAside { row: row(each.row), ..each }).collect();
        decoded.aside.extend(aside);
        decoded.aside.sort_by_key(|each| each.row);
        let outputs = self.encode(outputs, &mut decoded, tolerates).map_err(Box::new)?;
        Ok(Passed { outputs, aside: decoded.aside })
    }

    fn replay(&mut self, batch: Arc<Batch>) -> Result<(), TransformError> {
        let decoded = self.decode(batch, true).map_err(Box::new)?;
        self.inner.replay(decoded.batch)
    }

    fn condemn(&mut self, plugin: usize, place: Place) {
        self.inner.condemn(plugin, place);
    }

    fn state(&self) -> State {
        self.inner.state()
    }

    fn reset(&mut self) -> Result<(), TransformError> {
        self.inner.reset()
    }
}

/// A column of which only the ids change, which have one size: its bytes are copied at once, and the ids put over those that
/// are there. `None` where any value is not so simple, which the way of one by one tells.
fn rewritten(part: &mut LanePart, column: &BinaryArray) -> Option<BinaryArray> {
    if !part.rewrites() {
        return None;
    }
    let offsets = column.offsets();
    let [first, .., last] = **offsets else { return None };
    let mut data = column.value_data().get(usize::try_from(first).ok()?..usize::try_from(last).ok()?)?.to_vec();
    let mut known: Option<(i32, framing::Prefix)> = None;
    for (row, offset) in offsets.iter().enumerate().take(column.len()) {
        let Some(value) = value_at(column, row) else { continue };
        let (id, _) = framing::read(value).ok()?;
        let prefix = match known {
            Some((last, prefix)) if last == id => prefix,
            _ => part.way_of(Some(id)).ok()?.prefix?,
        };
        known = Some((id, prefix));
        let at = usize::try_from(offset - first).ok()?;
        data.get_mut(at..at + prefix.len())?.copy_from_slice(&prefix);
    }
    let offsets = match first {
        0 => offsets.clone(),
        _ => OffsetBuffer::new(offsets.iter().map(|offset| offset - first).collect()),
    };
    BinaryArray::try_new(offsets, Buffer::from_vec(data), column.nulls().cloned()).ok()
}

/// Whether an output row comes of a row of the batch that the plugins got.
fn comes_of(batch: &Batch, row: usize, outputs: &Batch, input: usize) -> bool {
    match (&batch.offsets, &outputs.offsets) {
        (Some(offsets), Some(others)) => offsets.get(row) == others.get(input),
        _ => batch.rows.get(row) == outputs.rows.get(input),
    }
}

fn is_same(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    match (one, other) {
        // What was not touched is mostly the very same bytes.
        (Some(one), Some(other)) => std::ptr::eq(one, other) || one == other,
        (None, None) => true,
        _ => false,
    }
}

fn set_aside(row: usize, part: &str, misfit: &Misfit) -> SetAside {
    let reason = format!("the {part}: {}", misfit.reason());
    // Whoever is told the detail is not told the reason: it stands in both.
    let detail = misfit.detail().map(|_| format!("the {part}: {misfit}"));
    SetAside { row, cause: Cause::Schema, plugin: None, reason, detail }
}

fn error(trouble: Trouble, batch: &Batch, row: usize, part: &'static str) -> ValuesError {
    match trouble {
        Trouble::Misfit(misfit) => ValuesError::Misfit { position: batch.position(row), part, misfit },
        Trouble::Values(error) => error,
    }
}
