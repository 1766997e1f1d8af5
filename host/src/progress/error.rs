//! What can be wrong with a job's progress.

use crate::failure::{Exit, Explain};

/// What can be wrong with a job's progress.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProgressError {
    /// A record that Anabranch did not write.
    #[error("`{topic}-0@{offset}` is no record of progress: {reason}")]
    Foreign {
        /// The topic of progress.
        topic: String,
        /// Where in it.
        offset: i64,
        /// What is wrong with it.
        reason: String,
    },
    /// A record of a later version of Anabranch.
    #[error("the progress of `{job}` in `{topic}` has format {format}, and this version reads up to {known}")]
    Newer {
        /// The topic of progress.
        topic: String,
        /// The job.
        job: String,
        /// Its format.
        format: u64,
        /// The latest that is known.
        known: u64,
    },
    /// A topic that cannot keep progress.
    #[error("topic `{topic}` cannot keep progress: {reason}")]
    Topic {
        /// The topic.
        topic: String,
        /// Why not.
        reason: String,
    },
    /// The last records of the topic cannot be read because a transaction is open.
    #[error("`{topic}` could not be read to its end within {seconds} s: somebody's transaction is open in it")]
    Held {
        /// The topic of progress.
        topic: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The topic cannot be read.
    #[error("`{topic}` cannot be read: {reason}")]
    Unreadable {
        /// The topic of progress.
        topic: String,
        /// Why not.
        reason: String,
        /// Whether the cluster did not answer.
        outage: bool,
    },
    /// Another run of the same job has taken over.
    #[error("a second copy of `{job}` was started and has taken over: this one stops")]
    Fenced {
        /// The job.
        job: String,
    },
    /// The progress was removed under a running job.
    #[error("the progress of `{job}` was removed while it ran")]
    Forgotten {
        /// The job.
        job: String,
    },
    /// The topic was deleted under a running job.
    #[error("the topic of progress `{topic}` is gone: it was deleted")]
    Gone {
        /// The topic of progress.
        topic: String,
    },
    /// The topic could not be created.
    #[error("topic `{topic}`, that is to keep progress, could not be created: {reason}")]
    Uncreated {
        /// The topic.
        topic: String,
        /// The cluster's word.
        reason: String,
    },
    /// The inputs changed between the look at them and the start.
    #[error("`{job}` changed while it was started: {changes}")]
    Changed {
        /// The job.
        job: String,
        /// What changed.
        changes: String,
    },
    /// A topic of the target was cut or made anew under a running job.
    #[error("`{partition}` ends at {now}, and ended at {before} at an earlier commit: what was written is gone")]
    Shortened {
        /// The topic and partition.
        partition: String,
        /// Where it ended.
        before: i64,
        /// Where it ends.
        now: i64,
    },
    /// What is kept are lanes that are merged, and now they are not, or the other way round.
    #[error("`{job}` was begun with another `order`: its progress in `{lane}` {was}, and {now}")]
    Merged {
        /// The job.
        job: String,
        /// A lane that is kept.
        lane: String,
        /// What it is.
        was: &'static str,
        /// What there is now.
        now: &'static str,
    },
    /// There is nothing under this name.
    #[error("`{topic}` holds no progress of a job `{job}`")]
    Unknown {
        /// The topic of progress.
        topic: String,
        /// The job.
        job: String,
    },
}

impl Explain for ProgressError {
    fn exit(&self) -> Exit {
        match self {
            Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Topic { .. }
            | Self::Uncreated { .. }
            | Self::Merged { .. }
            | Self::Unknown { .. } => Exit::Usage,
            Self::Held { .. } | Self::Unreadable { .. } => Exit::Environment,
            Self::Fenced { .. }
            | Self::Forgotten { .. }
            | Self::Gone { .. }
            | Self::Changed { .. }
            | Self::Shortened { .. } => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Foreign { .. } => {
                    "find out who writes there and stop it; a record of the same key without a value takes it away. A job \
                     that has not begun can have a topic of its own: `topic` in `[progress]`, or `--progress-topic`"
                }
                Self::Newer { .. } => "go on with the version that began it, or a later one",
                Self::Topic { .. } => {
                    "name another in `[progress]`, or let it be created: it has one partition and `cleanup.policy=compact`"
                }
                Self::Held { .. } => {
                    "wait until the cluster ends it, or end it with `kafka-transactions.sh abort`; \
                     `transaction.timeout.ms` under `target.properties` sets how long is waited"
                }
                Self::Unreadable { outage: true, .. } => {
                    "bring the cluster back and start again: what was committed stays, and the rest is written then"
                }
                Self::Unreadable { .. } => {
                    "check that the user may read it: ACLs with READ and DESCRIBE on the topic (`kafka-acls.sh --add`)"
                }
                Self::Fenced { .. } => "nothing is lost or doubled; `anabranch status` shows what the other one does",
                Self::Forgotten { .. } => "start it again, and it begins at the beginning",
                Self::Gone { .. } => {
                    "nobody knows any more what was committed, which stays: begun anew into the same topics, it would be there \
                     twice; restore into others, or empty them first"
                }
                Self::Uncreated { .. } => {
                    "check `replication` in `[progress]` against the number of nodes, and the name of the topic; or create it \
                     with one partition and `cleanup.policy=compact`"
                }
                Self::Changed { .. } => "start it again",
                Self::Shortened { .. } => {
                    "begin anew, under another name or after `anabranch forget`, once nobody deletes or truncates the topic"
                }
                Self::Merged { .. } => {
                    "leave `target.order` as it was; or give the job another name to begin anew beside it, or remove its \
                     progress with `anabranch forget`"
                }
                Self::Unknown { .. } => "`anabranch status` without a name lists the jobs",
            }
            .to_owned(),
        )
    }
}
