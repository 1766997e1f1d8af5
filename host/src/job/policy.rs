//! What becomes of records that cannot be restored.

use crate::aside::Cause;

/// What becomes of a record that cannot be restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The job ends with it.
    #[default]
    Fail,
    /// It is counted and left out.
    Skip,
    /// It is kept where the job says, with the reason.
    DeadLetter,
}

/// The policy for each cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// For records that a plugin rejects.
    pub rejected: Policy,
    /// For records that are proved guilty of a plugin's fault.
    pub fault: Policy,
    /// For records that are larger than their topic takes.
    pub too_large: Policy,
    /// For records that their topic does not take for another reason.
    pub refused: Policy,
    /// For records that are sent to a topic or partition that there is not.
    pub unroutable: Policy,
}

impl Policies {
    /// One policy for all causes.
    pub fn all(policy: Policy) -> Self {
        Self { rejected: policy, fault: policy, too_large: policy, refused: policy, unroutable: policy }
    }

    /// That for a cause.
    pub fn of(&self, cause: Cause) -> Policy {
        match cause {
            Cause::Rejected => self.rejected,
            Cause::Fault => self.fault,
            Cause::TooLarge => self.too_large,
            Cause::Refused => self.refused,
            Cause::Unroutable => self.unroutable,
        }
    }
}
