//! What becomes of records that cannot be restored.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::draft::RejectedDraft;
use super::error::JobError;
use super::{Secret, topic};
use crate::aside::Cause;
use crate::mechanism::is_off;

/// What becomes of records that cannot be restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// The policy for each cause.
    pub policies: Policies,
    /// Where dead letters go; there is a place where any policy is [`Policy::DeadLetter`].
    pub dead_letters: Option<DeadLetters>,
    /// How many records may be set aside.
    pub ceiling: Ceiling,
}

/// What becomes of a record that cannot be restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The job ends with it.
    #[default]
    Fail,
    /// It is counted and left out.
    Skip,
    /// It is kept where the job says, with the reason.
    DeadLetter,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::DeadLetter => "dead-letter",
        })
    }
}

/// The policy for each cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// For records of which key or value does not go with its schema.
    pub schema: Policy,
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
        Self { schema: policy, rejected: policy, fault: policy, too_large: policy, refused: policy, unroutable: policy }
    }

    /// That for a cause.
    pub fn of(&self, cause: Cause) -> Policy {
        match cause {
            Cause::Schema => self.schema,
            Cause::Rejected => self.rejected,
            Cause::Fault => self.fault,
            Cause::TooLarge => self.too_large,
            Cause::Refused => self.refused,
            Cause::Unroutable => self.unroutable,
        }
    }

    /// Whether a record that cannot be restored for this cause is set aside, rather than the end of the job.
    pub fn tolerate(&self, cause: Cause) -> bool {
        self.of(cause) != Policy::Fail && !is_off("set-aside")
    }

    /// Whether the policy for any cause is this one.
    pub fn any(&self, policy: Policy) -> bool {
        Cause::ALL.iter().any(|cause| self.of(*cause) == policy)
    }
}

/// Where dead letters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetters {
    /// To a topic of the target cluster; `{topic}` in its name is the source topic.
    Topic(String),
    /// To files in the native layout.
    Files {
        /// The folder or prefix.
        url: String,
        /// Options of its store.
        store: BTreeMap<String, Secret>,
        /// Their format.
        format: FileFormat,
    },
}

/// What stands for the source topic in the name of a topic of dead letters.
const SOURCE_TOPIC: &str = "{topic}";

impl DeadLetters {
    /// The topic for the dead letters of a source topic, if they go to one.
    pub fn topic(&self, source: &str) -> Option<String> {
        match self {
            Self::Topic(name) => Some(name.replace(SOURCE_TOPIC, source)),
            Self::Files { .. } => None,
        }
    }
}

/// A format in which dead letters are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileFormat {
    /// Parquet.
    #[default]
    Parquet,
    /// JSON Lines.
    JsonLines,
}

/// How many records may be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// So many.
    pub records: Option<u64>,
    /// So much of what was read, from [`Ceiling::COUNTS_FROM`] records on.
    pub share: Share,
}

impl Ceiling {
    /// Records from which on the share counts: of few records one is much.
    pub const COUNTS_FROM: u64 = 1000;
}

impl Default for Ceiling {
    fn default() -> Self {
        Self { records: None, share: Share(100_000) }
    }
}

/// A share in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// All of it.
    pub(crate) const ALL: Self = Self(1_000_000);

    /// From `5%` or `0.1%`.
    ///
    /// # Errors
    /// Says what a share is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match number.filter(|percent| (0.0..=100.0).contains(percent)) {
            Some(percent) => Ok(Self((percent * 10_000.0).round() as u32)),
            None => Err("not a share from `0%` to `100%`".to_owned()),
        }
    }

    /// Whether `part` is more than this share of `whole`.
    pub fn is_exceeded(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 1_000_000 > u128::from(whole) * u128::from(self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 10_000.0)
    }
}

impl RejectedDraft {
    /// What it says, checked.
    ///
    /// # Errors
    /// Policies and places that do not go together.
    pub(super) fn finish(self) -> Result<Rejected, JobError> {
        let Self { policy, causes, dead_letters, format, store, max_rejected, max_share } = self;
        let mut policies = Policies::all(policy.unwrap_or_default());
        for (cause, policy) in causes {
            *policies.of_mut(cause) = policy;
        }
        let conflict =
            |message: &str, hint: &'static str| Err(JobError::Conflict { message: message.to_owned(), hint });
        let dead_letters = match (dead_letters, policies.any(Policy::DeadLetter)) {
            (None, true) => {
                return conflict(
                    "a policy of `[rejected]` is `dead-letter`, and `rejected.dead_letters` says no place for them",
                    "give `dead_letters = \"topic:NAME\"`, or a folder or URL for files (`--dead-letters`)",
                );
            }
            (Some(_), false) => {
                return conflict(
                    "`rejected.dead_letters` is given, and no policy of `[rejected]` is `dead-letter`",
                    "say `policy = \"dead-letter\"` in `[rejected]` (`--rejected dead-letter`), or leave the place out",
                );
            }
            (None, false) => None,
            (Some(place), true) => Some(match place.strip_prefix(TOPIC) {
                Some(_) if format.is_some() || !store.is_empty() => {
                    return conflict(
                        "`rejected.format` and `rejected.store` are about files, and dead letters go to a topic",
                        "leave them out, or give a folder or URL as `rejected.dead_letters`",
                    );
                }
                Some(name) => DeadLetters::Topic(name.to_owned()),
                None => DeadLetters::Files { url: place, store, format: format.unwrap_or_default() },
            }),
        };
        let default = Ceiling::default();
        let ceiling = Ceiling { records: max_rejected, share: max_share.unwrap_or(default.share) };
        Ok(Rejected { policies, dead_letters, ceiling })
    }
}

impl Policies {
    fn of_mut(&mut self, cause: Cause) -> &mut Policy {
        match cause {
            Cause::Schema => &mut self.schema,
            Cause::Rejected => &mut self.rejected,
            Cause::Fault => &mut self.fault,
            Cause::TooLarge => &mut self.too_large,
            Cause::Refused => &mut self.refused,
            Cause::Unroutable => &mut self.unroutable,
        }
    }
}

/// What a place begins with that is a topic.
pub(super) const TOPIC: &str = "topic:";

/// A place for dead letters.
///
/// # Errors
/// Says what is wrong with it, without repeating it.
pub fn place(text: &str) -> Result<String, String> {
    match text.strip_prefix(TOPIC) {
        Some(name) => topic::name(&name.replace(SOURCE_TOPIC, "t")).map(|_| text.to_owned()),
        None if text.is_empty() => Err("must be `topic:NAME`, a folder or a URL".to_owned()),
        None => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn shares_are_percentages() {
        let share = |text| Share::parse(text).unwrap();
        assert!(share("5%").is_exceeded(51, 1000) && !share("5%").is_exceeded(50, 1000));
        assert!(share("0.1 %").is_exceeded(2, 1000) && !share("0.1%").is_exceeded(1, 1000));
        assert!(share("0%").is_exceeded(1, u64::MAX) && !share("100%").is_exceeded(7, 7));
        assert_eq!(share("0.1%").to_string(), "0.1 %");
        for wrong in ["5", "", "%", "-1%", "101%", "NaN%", "all"] {
            assert!(Share::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_topic_is_named_for_each_source_topic() {
        let letters = DeadLetters::Topic("{topic}-dead".to_owned());
        assert_eq!(letters.topic("orders").as_deref(), Some("orders-dead"));
        assert!(place("topic:{topic}-dead").is_ok() && place("topic:a b").is_err() && place("topic:").is_err());
    }
}
