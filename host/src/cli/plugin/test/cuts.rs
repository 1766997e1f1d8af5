//! The same records in batches that are cut in other ways: what comes of each must be the same.

use std::sync::Arc;

use super::TestError;
use super::outcome::Outcome;
use super::same::other;
use super::tried::Tried;
use crate::failure::Failure;
use crate::report::PluginCounts;

/// Records of a batch, beside one: some, and as many as come together from a backup.
const SIZES: [usize; 2] = [7, usize::MAX];

/// Passes the records over the plugin in batches of other sizes; `alone` is what became of each by itself.
///
/// # Errors
/// The first record of which something else comes, and the plugin's own faults.
pub(super) fn check(tried: &Tried<'_>, alone: &[Outcome]) -> Result<(), Failure> {
    for size in SIZES {
        let mut transform = tried.open_quietly()?;
        let mut due = alone.iter();
        for part in tried.parts(0..alone.len(), size) {
            let passed = transform.process(Arc::clone(&part), &mut [PluginCounts::default()])?;
            if let Some(other) = other(&part, &passed, &mut due) {
                let cut = format!(
                    "alone it comes out as `{}`, and in a batch of {} as {}",
                    other.due.line(),
                    part.len(),
                    other.came
                );
                return Err(TestError::Cut { position: other.due.position.clone(), cut }.into());
            }
        }
    }
    Ok(())
}
