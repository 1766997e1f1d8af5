//! A plugin's answer, every part of it checked.
//!
//! Nothing is repaired: what breaks a rule of the interface is a fault of the plugin's.

use std::sync::Arc;

use arrow_buffer::ScalarBuffer;

use crate::batch::{Batch, Columns as BatchColumns, Drops, Outputs, Patch, Patches, Rejection, Selection};

use super::bindings::types::{self, Columns};
use super::description::ColumnSet;
use super::fault::{Fault, FaultKind, WORDS};
use super::text::printable;
use super::{lift_columns, rows};

/// Bytes that an output record counts beyond its key, value and headers.
const OVERHEAD: usize = 64;

/// Bytes that the outputs of one batch may come to where a plugin makes them more than the batch: they
/// are gathered for the next plugin, and Arrow's offsets have 31 bits.
const TOTAL: usize = 1 << 30;

/// A checked answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// What comes out.
    pub(super) outputs: Outputs,
    /// What was left out with a reason.
    pub(super) drops: Option<Drops>,
    /// What can neither pass nor be left out.
    pub(super) rejected: Vec<Rejection>,
}

/// Checks what a plugin that may change `changes` makes of `batch`; its outputs may take `limit` bytes
/// beyond those of the batch.
///
/// # Errors
/// The first rule that is broken.
pub(super) fn check(
    batch: &Arc<Batch>,
    changes: ColumnSet,
    limit: usize,
    answer: types::Answer,
) -> Result<Answer, Fault> {
    let count = batch.len();
    let rejected = rejections(answer.rejected, count)?;
    let selected = answer.selection;
    if let Some(selected) = selected.as_deref() {
        rows::never_decreasing("selection", selected, count)?;
        rows::disjoint(("selection", selected), ("rejected", rejected.iter().map(|each| each.row)))?;
    } else if let Some(first) = rejected.first() {
        return Err(Fault::contract(format!("row {} is both selected and rejected", first.row)));
    }
    let drops = answer.drops.map(|drops| check_drops(drops, selected.as_deref(), &rejected, count)).transpose()?;
    let selection = match selected {
        None => Selection::All,
        Some(rows) if rows.len() == count && rows::distinct(&rows) == count => Selection::All,
        Some(rows) => Selection::Rows(rows),
    };
    let outputs = Outputs { batch: Arc::clone(batch), selection, patches: Patches::default() };
    let count = outputs.len();
    let lift = Lift { changes, count };
    let patches = Patches {
        keys: lift.patch(
            "keys",
            Columns::KEY,
            answer.keys.map(|patch| (patch.rows, patch.values)),
            |values, count| lift_columns::bytes("keys", values, count),
        )?,
        values: lift.patch(
            "values",
            Columns::VALUE,
            answer.values.map(|patch| (patch.rows, patch.values)),
            |values, count| lift_columns::bytes("values", values, count),
        )?,
        headers: lift.patch(
            "headers",
            Columns::HEADERS,
            answer.headers.map(|patch| (patch.rows, patch.headers)),
            lift_columns::headers,
        )?,
        timestamps: lift.patch(
            "timestamps",
            Columns::TIMESTAMP,
            answer.timestamps.map(|patch| (patch.rows, patch.values)),
            |values, count| of_length("timestamps", values, count),
        )?,
        topics: lift.patch(
            "topics",
            Columns::TOPIC,
            answer.topics.map(|patch| (patch.rows, patch.topics)),
            |topics, count| lift_columns::topics(&topics, count),
        )?,
        partitions: lift.patch(
            "partitions",
            Columns::PARTITION,
            answer.partitions.map(|patch| (patch.rows, patch.values)),
            |values, count| match values.iter().position(|partition| *partition < 0) {
                None => of_length("partitions", values, count),
                Some(at) => Err(Fault::contract(format!("partition {} at entry {at} of partitions", values[at]))),
            },
        )?,
    };
    let outputs = Outputs { patches, ..outputs };
    check_size(&outputs, limit)?;
    Ok(Answer { outputs, drops, rejected })
}

/// What patches are checked against.
struct Lift {
    changes: ColumnSet,
    count: usize,
}

impl Lift {
    /// The patch of one column, which `column` checks given the number of its rows.
    fn patch<V, C>(
        &self,
        what: &str,
        flag: Columns,
        given: Option<(Vec<u32>, V)>,
        column: impl FnOnce(V, usize) -> Result<C, Fault>,
    ) -> Result<Option<Patch<C>>, Fault> {
        let Some((rows, values)) = given else { return Ok(None) };
        if !self.changes.has(flag) {
            return Err(Fault::contract(format!(
                "it patches {what}, which its description does not name in `changes`"
            )));
        }
        rows::strictly_increasing(what, &rows, self.count)?;
        let column = column(values, rows.len())?;
        Ok((!rows.is_empty()).then(|| Patch { rows: ScalarBuffer::from(rows), column }))
    }
}

/// A column of numbers, one a row.
fn of_length<T: arrow_buffer::ArrowNativeType>(
    what: &str,
    values: Vec<T>,
    count: usize,
) -> Result<ScalarBuffer<T>, Fault> {
    if values.len() != count {
        return Err(Fault::contract(format!("there are {} {what} for {count} rows", values.len())));
    }
    Ok(ScalarBuffer::from(values))
}

/// Rejected rows, their reasons cut to length.
fn rejections(rejected: Vec<types::Rejection>, count: usize) -> Result<Vec<Rejection>, Fault> {
    let rows: Vec<u32> = rejected.iter().map(|each| each.row).collect();
    rows::strictly_increasing("rejected", &rows, count)?;
    let reason = |text: &str| printable(text, WORDS);
    Ok(rejected.into_iter().map(|each| Rejection { row: each.row, reason: reason(&each.reason) }).collect())
}

/// Rows left out with a reason.
fn check_drops(
    drops: types::Drops,
    selected: Option<&[u32]>,
    rejected: &[Rejection],
    count: usize,
) -> Result<Drops, Fault> {
    let types::Drops { rows, reasons, dictionary } = drops;
    rows::strictly_increasing("drops", &rows, count)?;
    if reasons.len() != rows.len() {
        return Err(Fault::contract(format!("there are {} reasons for {} drops", reasons.len(), rows.len())));
    }
    if let Some(reason) = reasons.iter().find(|reason| **reason as usize >= dictionary.len()) {
        return Err(Fault::contract(format!("reason {reason} of a dictionary of {}", dictionary.len())));
    }
    match selected {
        Some(selected) => rows::disjoint(("selection", selected), ("drops", rows.iter().copied()))?,
        None if rows.is_empty() => {}
        None => return Err(Fault::contract(format!("row {} is in both selection and drops", rows[0]))),
    }
    rows::disjoint(("drops", rows.as_slice()), ("rejected", rejected.iter().map(|each| each.row)))?;
    Ok(Drops { rows, reasons, dictionary })
}

/// Bounds what the outputs come to, each record counted as if it were a copy: `limit` bytes beyond the
/// batch, and [`TOTAL`].
fn check_size(outputs: &Outputs, limit: usize) -> Result<(), Fault> {
    let columns = &outputs.batch.columns;
    let whole = columns.bytes() + outputs.batch.len() * OVERHEAD;
    let selected = match &outputs.selection {
        Selection::Rows(rows) if rows::distinct(rows) < rows.len() => fanned_out(columns, rows),
        _ => whole,
    };
    let patched = outputs.patches.bytes();
    if selected > limit.saturating_add(whole) || (selected + patched > TOTAL && selected + patched > whole) {
        return Err(Fault::new(FaultKind::Output(limit)));
    }
    Ok(())
}

/// Bytes of the selected rows, each as often as it is selected.
fn fanned_out(columns: &BatchColumns, selected: &[u32]) -> usize {
    let (keys, values) = (columns.keys.value_offsets(), columns.values.value_offsets());
    let (headers, entries) = (columns.headers.row_offsets(), columns.headers.values().value_offsets());
    let length = |offsets: &[i32], row: usize| (offsets[row + 1] - offsets[row]) as usize;
    let bytes = selected.iter().map(|row| {
        let row = *row as usize;
        let headers = entries[headers[row + 1] as usize] - entries[headers[row] as usize];
        length(keys, row) + length(values, row) + headers as usize + OVERHEAD
    });
    bytes.sum()
}
