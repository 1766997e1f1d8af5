//! What `plan` found out before a restore starts, good to know or a reason not to start.

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Something that was assumed or is good to know.
    Note,
    /// Something that may surprise; the restore goes on.
    Warning,
    /// The restore does not start unless the job allows it by [`Finding::code`].
    Stop,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A stable name, as `allow = ["…"]` in a job has it: `timestamp-zero`.
    pub code: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What would happen, and where.
    pub message: String,
    /// What to set or do.
    pub remedy: Option<String>,
}
