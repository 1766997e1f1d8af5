//! How far a job has come: records in a compacted topic of the target cluster.
//!
//! A lane's record is written in the same transaction as its data, so what it says is what a `read_committed`
//! consumer sees. Nothing is kept anywhere else: a restore goes on from any machine.
//!
//! Only one run of a job writes. Its right to do so is the job's *leading* transactional id, which nothing but the
//! job's own record is written with:
//!
//! - A start takes the leading id, then the ids of the lanes, then reads, then writes the job's record with its run's
//!   id. Who held any of these ids before is fenced, and all that it had committed is read.
//! - A run whose transaction failed for good cannot tell whether it expired or a second copy was started. It takes the
//!   lane's id again, then the leading id, then reads, and goes on only if the job's record still is its own.
//!
//! The leading id also writes what the job has changed of the configs of its target topics ([`ChangedTopic`]), before it
//! changes it.
//!
//! So of two runs that take ids from each other, either the later one has written its record, and the earlier one sees
//! it; or it has not, and cannot any more, because its leading id was taken.

mod changes;
mod configs;
mod error;
mod inputs;
mod keeper;
mod key;
mod look;
mod ranges;
mod reader;
mod record;
mod session;
mod stored;
mod survey;
mod topic;

pub use configs::{ChangedConfig, ChangedTopic};
pub(crate) use configs::{Overrides, PuttingBack, same};
pub use error::ProgressError;
pub use inputs::Inputs;
pub use keeper::{Forgotten, Keeper};
pub(crate) use key::Key;
pub(crate) use look::look;
pub use ranges::{OffsetRange, Ranges, TopicRanges};
pub(crate) use reader::{EXPIRY, Reader};
pub(crate) use record::{FORMAT, Identity, JobRecord, LaneRecord, SurveyRecord};
pub(crate) use session::{Begun, Producers, Session};
pub use stored::{Stored, Unreadable};
pub(crate) use survey::SurveyParts;
pub(crate) use topic::{ensure, would_ensure};
