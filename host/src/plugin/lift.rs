//! A plugin's answer, every part of it checked.
//!
//! Nothing is repaired: what breaks a rule of the interface is a fault of the plugin's.

use std::sync::Arc;

use arrow_buffer::ScalarBuffer;

use crate::batch::{Batch, Drops, Outputs, Patch, Patches, Rejection, Selection};

use super::bindings::types::{self, Columns};
use super::description::ColumnSet;
use super::fault::{Fault, FaultKind, WORDS};
use super::numbers::taken;
use super::text::printable;
use super::{lift_columns, rows};

/// Bytes that an output record counts beyond its key, value and headers.
const OVERHEAD: usize = 64;

/// Bytes that a header of an output record counts beyond its name and value.
const HEADER: usize = 16;

/// Bytes that the outputs of one batch may come to where a plugin makes them more than the batch: they
/// are gathered for the next plugin, and Arrow's offsets have 31 bits.
const TOTAL: usize = 1 << 30;

/// A checked answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// What comes out.
    pub(super) outputs: Outputs,
    /// How many rows of the batch come out, however often.
    pub(super) kept: usize,
    /// What was left out with a reason.
    pub(super) drops: Option<Drops>,
    /// What can neither pass nor be left out.
    pub(super) rejected: Vec<Rejection>,
}

impl Answer {
    /// That to a batch of no records.
    pub(super) fn of_nothing(batch: Arc<Batch>) -> Self {
        Self { outputs: Outputs::untouched(batch), kept: 0, drops: None, rejected: Vec::new() }
    }
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
    let selected = answer.selection.map(|rows| taken::<u32>("selection", &rows)).transpose()?;
    let mut kept = count;
    if let Some(selected) = selected.as_deref() {
        kept = rows::never_decreasing("selection", selected, count)?;
        rows::disjoint(("selection", selected), ("rejected", rejected.iter().map(|each| each.row)))?;
    } else if let Some(first) = rejected.first() {
        return Err(Fault::contract(format!("row {} is both selected and rejected", first.row)));
    }
    let drops = answer.drops.map(|drops| check_drops(drops, selected.as_deref(), &rejected, count)).transpose()?;
    let selection = match selected {
        None => Selection::All,
        Some(rows) if rows.len() == count && kept == count => Selection::All,
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
            |values, count| of_length("timestamps", taken("timestamps", &values)?, count),
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
            |values, count| {
                let values: Vec<i32> = taken("partitions", &values)?;
                match values.iter().position(|partition| *partition < 0) {
                    None => of_length("partitions", values, count),
                    Some(at) => Err(Fault::contract(format!("partition {} at entry {at} of partitions", values[at]))),
                }
            },
        )?,
    };
    let outputs = Outputs { patches, ..outputs };
    check_size(&outputs, kept, limit)?;
    Ok(Answer { outputs, kept, drops, rejected })
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
        given: Option<(Vec<u8>, V)>,
        column: impl FnOnce(V, usize) -> Result<C, Fault>,
    ) -> Result<Option<Patch<C>>, Fault> {
        let Some((rows, values)) = given else { return Ok(None) };
        if !self.changes.has(flag) {
            return Err(Fault::contract(format!(
                "it patches {what}, which its description does not name in `changes`"
            )));
        }
        let rows = taken(what, &rows)?;
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
    let (rows, reasons): (Vec<u32>, Vec<u32>) = (taken("drops", &rows)?, taken("reasons", &reasons)?);
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

/// Bounds what the outputs of `kept` different rows come to, each record counted as if it were a copy:
/// `limit` bytes beyond the batch, and [`TOTAL`].
fn check_size(outputs: &Outputs, kept: usize, limit: usize) -> Result<(), Fault> {
    let batch = &outputs.batch;
    let (whole, selected) = match &outputs.selection {
        Selection::Rows(rows) if kept < rows.len() => {
            (copied(batch, 0..batch.len()), copied(batch, rows.iter().map(|row| *row as usize)))
        }
        _ => {
            let whole = batch.columns.bytes() + batch.len() * OVERHEAD;
            (whole, whole)
        }
    };
    let total = selected.saturating_add(outputs.patches.bytes());
    if selected > limit.saturating_add(whole) || (total > TOTAL && total > whole) {
        return Err(Fault::new(FaultKind::Output(limit)));
    }
    Ok(())
}

/// Bytes of these rows, which never decrease, each counted as often as it occurs and as if it shared
/// nothing with the others.
fn copied(batch: &Batch, rows: impl Iterator<Item = usize>) -> usize {
    // The row before: of a fan-out most rows are the same as the one before.
    let mut last: Option<(usize, usize)> = None;
    rows.fold(0_usize, |sum, row| {
        let bytes = match last {
            Some((before, bytes)) if before == row => bytes,
            _ => record_bytes(batch, row),
        };
        last = Some((row, bytes));
        sum.saturating_add(bytes)
    })
}

/// Bytes of one record with its headers, and of the topic that an earlier plugin chose.
fn record_bytes(batch: &Batch, row: usize) -> usize {
    let topic = batch.routes.topics.as_ref().map_or(0, |topics| topics.value_length(row) as usize);
    batch.columns.record_bytes_at(row) + batch.columns.headers.row(row).len() * HEADER + topic + OVERHEAD
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use arrow_array::StringArray;

    use super::*;
    use crate::batch::{ColumnsBuilder, HeadersBuilder, Routes};
    use crate::position::TopicPartition;

    /// Bytes that an answer may take by default.
    const LIMIT: usize = 64 << 20;

    /// One record with so many headers of this name and without a value, sent to `topic`.
    fn record(headers: usize, name: &str, topic: Option<&str>) -> Arc<Batch> {
        let mut builder = HeadersBuilder::default();
        (0..headers).for_each(|_| builder.push(name, None));
        builder.end_row();
        let mut columns = ColumnsBuilder::default();
        columns.row(None, None, builder.finish().row(0), 0);
        Arc::new(Batch {
            source: Arc::new(TopicPartition::new("orders", Some(3))),
            file: "a.jsonl".into(),
            rows: ScalarBuffer::from(vec![0]),
            offsets: None,
            columns: columns.finish(),
            strand: None,
            routes: Routes { topics: topic.map(|topic| StringArray::from(vec![topic])), partitions: None },
        })
    }

    fn fanned_out(batch: &Arc<Batch>, times: usize) -> Result<(), Fault> {
        let selection = Selection::Rows(vec![0; times]);
        check_size(&Outputs { batch: Arc::clone(batch), selection, patches: Patches::default() }, 1, LIMIT)
    }

    #[test]
    fn empty_headers_and_their_names_count_in_a_fan_out() {
        let million = 1_000_000;
        fanned_out(&record(0, "", None), million).unwrap();
        fanned_out(&record(5_000, "", None), million).unwrap_err();
        fanned_out(&record(1, &"n".repeat(1000), None), million).unwrap_err();
    }

    #[test]
    fn an_inherited_topic_counts_in_a_fan_out() {
        let topic = "t".repeat(249);
        fanned_out(&record(0, "", Some(&topic)), 1000).unwrap();
        fanned_out(&record(0, "", Some(&topic)), 1_000_000).unwrap_err();
    }
}
