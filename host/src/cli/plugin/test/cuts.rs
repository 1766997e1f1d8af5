//! The same records in batches that are cut in other ways: what comes of each must be the same.

use std::collections::HashMap;
use std::sync::Arc;

use super::TestError;
use super::outcome::Outcome;
use crate::batch::Batch;
use crate::catalog::Lane;
use crate::cli::preview::RecordDocument;
use crate::failure::Failure;
use crate::job::Job;
use crate::plugin::Chain;
use crate::report::PluginCounts;

/// Records of a batch, beside one: some, and as many as come together from a backup.
const SIZES: [usize; 2] = [7, usize::MAX];

/// Passes the records over the plugin in batches of other sizes; `alone` is what became of each by itself.
///
/// # Errors
/// The first record of which something else comes, and the plugin's own faults.
pub(super) fn check(
    job: &Job,
    chain: &Chain,
    lane: &Lane,
    batches: &[Arc<Batch>],
    alone: &[Outcome],
) -> Result<(), Failure> {
    let topic = job.target.topic(&lane.source.topic);
    for size in SIZES {
        let mut transform = chain.open(&lane.source, topic)?;
        let mut due = alone.iter();
        for batch in batches {
            let mut first = 0;
            while first < batch.len() {
                let part: Arc<Batch> = Arc::new(batch.slice(first, size.min(batch.len() - first)));
                first += part.len();
                let mut counts = vec![PluginCounts::default(); job.plugins.len()];
                let passed = transform.process(Arc::clone(&part), &mut counts)?;
                let aside: HashMap<usize, &str> =
                    passed.aside.iter().map(|aside| (aside.row, aside.reason.as_str())).collect();
                let mut outputs = passed.outputs.rows().peekable();
                for (row, due) in (0..part.len()).zip(&mut due) {
                    let mut came = Vec::new();
                    // Outputs are in the order of the records that they come from.
                    while let Some(output) =
                        outputs.next_if(|output| passed.outputs.batch.position(output.input) == due.position)
                    {
                        came.push(RecordDocument::difference(&part, row, &output));
                    }
                    let is_aside = aside.get(&row).copied();
                    if came != due.outputs || is_aside != due.rejected.as_deref() {
                        let cut = format!(
                            "alone it comes out as `{}`, and in a batch of {} as {}",
                            due.line(),
                            part.len(),
                            is_aside.map_or_else(
                                || format!("`{}`", serde_json::json!(came)),
                                |why| format!("rejected: {why}")
                            )
                        );
                        return Err(TestError::Cut { position: due.position.clone(), cut }.into());
                    }
                }
            }
        }
    }
    Ok(())
}
