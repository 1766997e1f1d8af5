//! Whether the same comes of records as when each passed the plugin alone.

use std::collections::HashMap;

use super::outcome::Outcome;
use crate::batch::Batch;
use crate::cli::preview::RecordDocument;
use crate::plugin::Passed;

/// A record of which something else comes.
pub(super) struct Other<'a> {
    /// What comes of it alone.
    pub(super) due: &'a Outcome,
    /// What came of it now, for people.
    pub(super) came: String,
}

/// The first record of `batch` of which something else came than when it was alone; `due` goes on with the batch's first.
pub(super) fn other<'a>(
    batch: &Batch,
    passed: &Passed,
    due: &mut impl Iterator<Item = &'a Outcome>,
) -> Option<Other<'a>> {
    let aside: HashMap<usize, &str> = passed.aside.iter().map(|aside| (aside.row, aside.reason.as_str())).collect();
    let mut outputs = passed.outputs.rows().peekable();
    for (row, due) in (0..batch.len()).zip(due) {
        let mut came = Vec::new();
        // Outputs are in the order of the records that they come from.
        while let Some(output) = outputs.next_if(|output| passed.outputs.batch.position(output.input) == due.position) {
            came.push(RecordDocument::difference(batch, row, &output));
        }
        let is_aside = aside.get(&row).copied();
        if came != due.outputs || is_aside != due.rejected.as_deref() {
            let came = match is_aside {
                Some(why) => format!("rejected: {why}"),
                None => format!("`{}`", serde_json::json!(came)),
            };
            return Some(Other { due, came });
        }
    }
    None
}
