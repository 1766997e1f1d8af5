//! What an answer makes of records, with the checks that the host makes.

use super::record::Bytes;
use super::{Dropped, OwnedRecord, Rejected, Run};
use crate::Columns;
use crate::columns::{Answer, BytesColumn, HeadersColumn, TopicsColumn, numbers};

/// Adds to `run` what `answer` makes of `records`, the first of which is the run's record `first`.
///
/// # Errors
/// Says what the host would call the plugin's fault.
pub(super) fn apply(
    answer: &Answer,
    records: &[OwnedRecord],
    first: usize,
    changes: Columns,
    run: &mut Run,
) -> Result<(), String> {
    let count = records.len();
    let selection: Vec<usize> = match &answer.selection {
        Some(selection) => numbers::iter::<u32>(selection).map(|row| row as usize).collect(),
        None => (0..count).collect(),
    };
    if !selection.is_sorted() {
        return Err("whose selection decreases".to_owned());
    }
    if let Some(beyond) = selection.iter().find(|row| **row >= count) {
        return Err(format!("which selects row {beyond} of {count}"));
    }
    let mut records: Vec<OwnedRecord> = selection.iter().map(|row| records[*row].clone()).collect();
    patch(answer, changes, &mut records)?;
    run.records.append(&mut records);
    run.sources.extend(selection.iter().map(|row| first + row));
    let mut left_out: Vec<(usize, Option<String>)> =
        (0..count).filter(|row| selection.binary_search(row).is_err()).map(|row| (row, None)).collect();
    for rejection in &answer.rejected {
        let Some(at) = left_out.iter().position(|(row, _)| *row == rejection.row as usize) else {
            return Err(format!("which rejects row {} twice or selects it as well", rejection.row));
        };
        left_out.remove(at);
        run.rejected.push(Rejected { input: first + rejection.row as usize, reason: rejection.reason.clone() });
    }
    if let Some(drops) = &answer.drops {
        let (rows, reasons) = (numbers::iter::<u32>(&drops.rows), numbers::iter::<u32>(&drops.reasons));
        if rows.len() != reasons.len() {
            return Err("with another number of drops than of reasons".to_owned());
        }
        for (row, reason) in rows.zip(reasons) {
            let reason = drops.dictionary.get(reason as usize).ok_or("with a reason beyond the dictionary")?;
            match left_out.iter_mut().find(|(left_out, _)| *left_out == row as usize) {
                Some((_, given @ None)) => *given = Some(reason.clone()),
                _ => return Err(format!("which drops row {row} and does something else with it")),
            }
        }
    }
    run.dropped.extend(left_out.into_iter().map(|(row, reason)| Dropped { input: first + row, reason }));
    Ok(())
}

fn patch(answer: &Answer, changes: Columns, records: &mut [OwnedRecord]) -> Result<(), String> {
    let mut each = |column: Columns, rows: &[u8], entries: usize, set: &mut dyn FnMut(&mut OwnedRecord, usize)| {
        let rows: Vec<u32> = numbers::iter(rows).collect();
        if !changes.contains(column) {
            return Err(format!("which changes {column:?} against `Plugin::CHANGES`"));
        }
        if !rows.is_sorted_by(|row, next| row < next) || rows.len() != entries {
            return Err(format!("whose patch of {column:?} has rows out of order or another number of entries"));
        }
        for (entry, row) in rows.iter().enumerate() {
            let record = records.get_mut(*row as usize).ok_or_else(|| format!("which patches output row {row}"))?;
            set(record, entry);
        }
        Ok(())
    };
    if let Some(patch) = &answer.keys {
        each(Columns::KEY, &patch.rows, patch.values.len(), &mut |record, entry| {
            record.key = at(&patch.values, entry)
        })?;
    }
    if let Some(patch) = &answer.values {
        each(Columns::VALUE, &patch.rows, patch.values.len(), &mut |record, entry| {
            record.value = at(&patch.values, entry);
        })?;
    }
    if let Some(patch) = &answer.headers {
        each(
            Columns::HEADERS,
            &patch.rows,
            numbers::count::<u32>(&patch.headers.rows).saturating_sub(1),
            &mut |record, entry| {
                record.headers = headers(&patch.headers, entry);
            },
        )?;
    }
    if let Some(patch) = &answer.timestamps {
        each(Columns::TIMESTAMP, &patch.rows, numbers::count::<i64>(&patch.values), &mut |record, entry| {
            record.timestamp = Some(numbers::at(&patch.values, entry)).filter(|timestamp| *timestamp != -1);
        })?;
    }
    if let Some(patch) = &answer.topics {
        each(Columns::TOPIC, &patch.rows, numbers::count::<u32>(&patch.topics.indices), &mut |record, entry| {
            record.topic = Some(topic(&patch.topics, entry));
        })?;
    }
    if let Some(patch) = &answer.partitions {
        if let Some(negative) = numbers::iter::<i32>(&patch.values).find(|partition| *partition < 0) {
            return Err(format!("which sends a record to partition {negative}"));
        }
        each(Columns::PARTITION, &patch.rows, numbers::count::<i32>(&patch.values), &mut |record, entry| {
            record.partition = Some(numbers::at(&patch.values, entry));
        })?;
    }
    Ok(())
}

fn at(column: &BytesColumn, entry: usize) -> Bytes {
    Bytes(column.get(entry).map(<[u8]>::to_vec))
}

fn headers(column: &HeadersColumn, entry: usize) -> Vec<(String, Bytes)> {
    let row = |at: usize| numbers::at::<u32>(&column.rows, at) as usize;
    let name =
        |entry: usize| column.dictionary.get(numbers::at::<u32>(&column.names, entry) as usize).unwrap_or_default();
    (row(entry)..row(entry + 1))
        .map(|entry| (String::from_utf8_lossy(name(entry)).into_owned(), at(&column.values, entry)))
        .collect()
}

fn topic(column: &TopicsColumn, entry: usize) -> String {
    column.dictionary[numbers::at::<u32>(&column.indices, entry) as usize].clone()
}
