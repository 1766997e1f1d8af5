//! What becomes of records that cannot be restored, and what is not promised.

use crate::aside::Cause;
use crate::finding::{Finding, Weight};
use crate::job::{Cluster, DeadLetters, Delivery, Job, Policy, Rejected};

/// How much a record matters that cannot be restored: it stops the job, or is set aside.
pub(super) fn weight(job: &Job, cause: Cause) -> Weight {
    if job.rejected.policies.tolerate(cause) { Weight::Warning } else { Weight::Stop }
}

/// What becomes of records that cannot be restored, where that is not the end of the job.
pub(super) fn on_policies(job: &Job) -> Option<Finding> {
    let Rejected { policies, dead_letters, .. } = &job.rejected;
    let of = |policy: Policy| {
        let causes = Cause::ALL.into_iter().filter(|cause| policies.of(*cause) == policy);
        let names: Vec<&str> = causes.map(Cause::name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let kept = match dead_letters {
        Some(DeadLetters::Topic(_)) if matches!(job.target.cluster, Cluster::Null) => {
            "counted as dead letters, and kept nowhere, since `null` keeps nothing,".to_owned()
        }
        Some(DeadLetters::Topic(topic)) => format!("kept in topic `{topic}`"),
        Some(DeadLetters::Files { url, .. }) => format!("kept in files at {}", crate::store::shown(url)),
        None => String::new(),
    };
    let skipped = of(Policy::Skip).map(|causes| format!("left out where the cause is {causes}"));
    let kept = of(Policy::DeadLetter).map(|causes| format!("{kept} where the cause is {causes}"));
    let said: Vec<String> = skipped.into_iter().chain(kept).collect();
    (!said.is_empty()).then(|| Finding {
        code: "set-aside",
        weight: Weight::Note,
        message: format!("records that cannot be restored are {}", said.join(", and ")),
        remedy: None,
    })
}

/// What is not promised, where it is less than exactly once.
pub(super) fn on_delivery(job: &Job, embedded: bool) -> Option<Finding> {
    let message = match (job.target.delivery, embedded) {
        (_, true) => {
            "the embedded cluster has no transactions: a restore that is started again writes everything again, and what \
             one that failed has written stays"
        }
        (Delivery::AtLeastOnce, false) => {
            "a restore that is started again writes everything again, and what one that failed has written stays"
        }
        (Delivery::ExactlyOnce, false) => return None,
    };
    Some(Finding { code: "at-least-once", weight: Weight::Note, message: message.to_owned(), remedy: None })
}
