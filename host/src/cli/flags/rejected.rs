//! Flags that say what becomes of records that cannot be restored.

use clap::Args;

use super::pair::word;
use crate::job::draft::RejectedDraft;
use crate::job::rejected::place;
use crate::job::{POLICIES, Policy};

/// What becomes of records that cannot be restored.
#[derive(Debug, Args)]
pub(super) struct RejectedFlags {
    /// What becomes of records that cannot be restored: `fail`, `skip` or `dead-letter`
    #[arg(long, value_name = "POLICY", value_parser = |text: &str| word(POLICIES, text))]
    rejected: Option<Policy>,
    /// Where dead letters go: `topic:NAME`, a folder or a URL
    #[arg(long, value_name = "WHERE", value_parser = place)]
    dead_letters: Option<String>,
    /// Records that may be set aside before the job stops
    #[arg(long, value_name = "N")]
    max_rejected: Option<u64>,
}

impl RejectedFlags {
    /// Puts these flags over what the job file says.
    pub(super) fn lay_over(self, draft: &mut RejectedDraft) {
        let Self { rejected, dead_letters, max_rejected } = self;
        if rejected.is_some() {
            // It is said for all, also for those of which the file says something else.
            draft.policy = rejected;
            draft.causes.clear();
        }
        draft.dead_letters = dead_letters.or(draft.dead_letters.take());
        draft.max_rejected = max_rejected.or(draft.max_rejected);
    }
}
