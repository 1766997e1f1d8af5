//! A lane's transform between decoding and encoding: the plugins see JSON where a schema says how, and what they leave as it
//! is keeps its very bytes, or takes the straight way to its new schema.

use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::{Array, BinaryArray};
use arrow_buffer::ScalarBuffer;

use super::avro::Misfit;
use super::error::ValuesError;
use super::lane_part::{Given, LanePart, Trouble, push};
use super::marks::{self, Change, Marks};
use crate::aside::{Cause, SetAside};
use crate::batch::{Batch, OutputRow, Outputs, Patch, Selection, value_at};
use crate::job::Policies;
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

/// A batch as plugins get it.
struct Decoded {
    batch: Arc<Batch>,
    /// As it came, without what is set aside: row by row what plugins get.
    original: Arc<Batch>,
    aside: Vec<SetAside>,
    /// The rows of the batch that came, where some are set aside.
    rows: Option<Vec<u32>>,
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
            let is_named = part.is_named_in(&batch.columns.headers);
            for row in 0..batch.len() {
                let pushed = push(&mut decoded, value_at(given, row), &mut buffer, |value, out| {
                    let header = part.header(is_named.then(|| batch.columns.headers.row(row)))?;
                    part.decode(Given { value, header }, out)
                });
                match pushed {
                    Ok(_) => {}
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
        let mut marks: Vec<Marks> = Vec::new();
        for side in Side::BOTH {
            let Some(part) = self.part(side) else { continue };
            let is_patched = match side {
                Side::Key => outputs.patches.keys.is_some(),
                Side::Value => outputs.patches.values.is_some(),
            };
            // Of what ids alone are rewritten, plugins may have made headers, too.
            let came = &decoded.original.columns.headers;
            let is_named = part.is_named_in(came) || part.rewrites() && is_named(part, &outputs);
            if !is_patched
                && !is_named
                && let Some(column) = part.rewritten(side.of(&outputs.batch))
            {
                let mut batch = Batch::clone(&outputs.batch);
                *side.of_mut(&mut batch) = column;
                outputs.batch = Arc::new(batch);
                continue;
            }
            let mut column = BinaryBuilder::with_capacity(outputs.len(), side.of(&decoded.original).value_data().len());
            let mut buffer = std::mem::take(&mut part.buffer);
            let mut source = 0;
            let mut changes = Marks::new(part.header);
            for row in outputs.rows() {
                // Both are in the order of the source, so the walk over it never turns back.
                while source + 1 < decoded.batch.len() && !comes_of(&decoded.batch, source, &outputs.batch, row.input) {
                    source += 1;
                }
                let original = value_at(side.of(&decoded.original), source);
                let given = side.of_row(&row);
                let headers = is_named.then(|| match part.rewrites() {
                    true => row.headers.clone(),
                    false => decoded.original.columns.headers.row(source),
                });
                // What plugins do not look at is the original there, too.
                let written = if part.rewrites() {
                    // A plugin that has made it has given it an id of the backup's registry, too.
                    push(&mut column, given, &mut buffer, |value, out| {
                        let header = part.header(headers)?;
                        part.pass(Given { value, header }, out)
                    })
                } else if is_same(given, value_at(side.of(&decoded.batch), source)) {
                    push(&mut column, original, &mut buffer, |value, out| {
                        let header = part.header(headers)?;
                        part.pass(Given { value, header }, out)
                    })
                } else {
                    push(&mut column, given, &mut buffer, |json, out| {
                        let header = part.header(headers)?;
                        part.encode(json, original, header, out)
                    })
                };
                match written {
                    Ok(change) if is_named => changes.push(change.unwrap_or(Change::Kept)),
                    Ok(_) => {}
                    Err(Trouble::Misfit(misfit)) if tolerates => {
                        column.append_null();
                        changes.push(Change::Kept);
                        let row =
                            decoded.rows.as_ref().and_then(|rows| rows.get(source)).map_or(source, |row| *row as usize);
                        decoded.aside.push(set_aside(row, part.part.name, &misfit));
                        refused.push(decoded.batch.place(source));
                    }
                    Err(trouble) => return Err(error(trouble, &decoded.batch, source, part.part.name)),
                }
            }
            part.buffer = buffer;
            marks.push(changes);
            let rows: ScalarBuffer<u32> = (0..outputs.len() as u32).collect();
            let patch = Some(Patch { rows, column: column.finish() });
            match side {
                Side::Key => outputs.patches.keys = patch,
                Side::Value => outputs.patches.values = patch,
            }
        }
        marks::apply(&mut outputs, &marks);
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

/// Whether headers of these records may name their schema.
fn is_named(part: &LanePart, outputs: &Outputs) -> bool {
    let patched = outputs.patches.headers.as_ref().map(|patch| &patch.column);
    [Some(&outputs.batch.columns.headers), patched].into_iter().flatten().any(|headers| part.is_named_in(headers))
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
