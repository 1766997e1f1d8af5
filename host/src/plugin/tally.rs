//! What a plugin did, counted into the report.

use crate::batch::Outputs;
use crate::report::{PluginCounts, names};

use super::counters::Counters;
use super::lift::Answer;
use super::text::printable;

/// Bytes of a reason in the report.
const REASON: usize = 256;

/// Adds one answer, and the plugin's own counters since the last, to `counts`.
pub(super) fn count(answer: &Answer, counters: &mut Counters, counts: &mut PluginCounts) {
    let outputs = &answer.outputs;
    let read = outputs.batch.len();
    let kept = answer.kept;
    let mut unexplained = read - kept - answer.rejected.len();
    if let Some(drops) = &answer.drops {
        unexplained -= drops.rows.len();
        let mut by_reason = vec![0_u64; drops.dictionary.len()];
        for reason in &drops.reasons {
            if let Some(count) = by_reason.get_mut(*reason as usize) {
                *count += 1;
            }
        }
        for (reason, count) in drops.dictionary.iter().zip(by_reason).filter(|(_, count)| *count > 0) {
            names::count(&mut counts.dropped, &printable(reason, REASON), count);
        }
    }
    if unexplained > 0 {
        names::count(&mut counts.dropped, "", unexplained as u64);
    }
    counts.read += read as u64;
    counts.kept += kept as u64;
    counts.written += outputs.len() as u64;
    counts.changed += changed(outputs);
    counters.drain_into(&mut counts.counters);
}

/// Output records of which something is patched.
fn changed(outputs: &Outputs) -> u64 {
    let patches = &outputs.patches;
    let rows = [
        patches.keys.as_ref().map(|patch| &*patch.rows),
        patches.values.as_ref().map(|patch| &*patch.rows),
        patches.headers.as_ref().map(|patch| &*patch.rows),
        patches.timestamps.as_ref().map(|patch| &*patch.rows),
        patches.topics.as_ref().map(|patch| &*patch.rows),
        patches.partitions.as_ref().map(|patch| &*patch.rows),
    ];
    let mut rows = rows.into_iter().flatten();
    match (rows.next(), rows.next()) {
        (None, _) => 0,
        (Some(only), None) => only.len() as u64,
        (Some(first), Some(second)) => {
            let mut touched = vec![false; outputs.len()];
            for row in first.iter().chain(second).chain(rows.flatten()) {
                touched[*row as usize] = true;
            }
            touched.into_iter().filter(|touched| *touched).count() as u64
        }
    }
}
