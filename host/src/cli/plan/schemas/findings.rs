//! What speaks against a restore of values with these schemas.

use super::Looked;
use crate::aside::Cause;
use crate::finding::{Finding, Weight};
use crate::job::{Policies, ValueEncoding};
use crate::report::shown::count;
use crate::schema::{Absent, Becomes, Obstacle, Takes};

/// What was found of all parts, in their order.
pub(super) fn of(parts: &[Looked<'_>], policies: Policies) -> Vec<Finding> {
    let weight = if policies.tolerate(Cause::Schema) { Weight::Warning } else { Weight::Stop };
    parts.iter().flat_map(|part| part.findings(weight)).collect()
}

impl Looked<'_> {
    /// `weight` is that of records which would be set aside, or end the restore.
    fn findings(&self, weight: Weight) -> Vec<Finding> {
        let Self { topic, part, seen, .. } = self;
        let name = part.name();
        let mut findings = Vec::new();
        if let Some(misfit) = part.unfit().filter(|_| !self.is_changed) {
            findings.push(Finding {
                code: "schema-unfit",
                weight: Weight::Stop,
                message: format!("no {name} of `{topic}` can become what `target_schema` says: {misfit}"),
                remedy: Some(UNFIT.to_owned()),
            });
        }
        findings.extend(self.named.as_ref().and_then(|named| self.of_absent(named, "`target_schema`")));
        if seen.without_id > 0 {
            findings.push(Finding {
                code: "schema-unfit",
                weight,
                message: format!(
                    "{} begin with no id of a schema, and no header of theirs names one",
                    self.some(seen.without_id)
                ),
                remedy: Some(set_aside(
                    weight,
                    "say by topic which of them are `raw` or `json` in `[[schema]]`, or leave out what is none",
                )),
            });
        }
        for (id, outlook) in &self.outlooks {
            let records = seen.ids.get(id).copied().unwrap_or_default();
            match &outlook.obstacle {
                Some(Obstacle::Unknown(misfit)) => findings.push(Finding {
                    code: "schema-unknown",
                    weight,
                    message: format!("{} have the schema {id}: {misfit}", self.some(records)),
                    remedy: Some(set_aside(weight, self.unknown())),
                }),
                Some(obstacle @ (Obstacle::Unfit(misfit) | Obstacle::Unresolvable(misfit))) => {
                    let what = if matches!(obstacle, Obstacle::Unfit(_)) { UNUSABLE } else { UNFIT };
                    findings.push(Finding {
                        code: "schema-unfit",
                        weight,
                        message: format!(
                            "{} have the schema {id}, and cannot be restored: {misfit}",
                            self.some(records)
                        ),
                        remedy: Some(set_aside(weight, what)),
                    });
                }
                None => {}
            }
            let becomes = outlook.becomes.as_ref();
            findings.extend(becomes.and_then(|becomes| self.of_absent(becomes, &format!("the schema {id}"))));
        }
        findings
    }

    /// About a schema that the target does not have.
    fn of_absent(&self, becomes: &Becomes, what: &str) -> Option<Finding> {
        let Becomes::Absent(Absent { subject, registers, takes, .. }) = becomes else { return None };
        let (name, topic, registry) = (self.part.name(), self.topic, self.part.target_url().unwrap_or_default());
        let place = format!("{what} of the {name}s of `{topic}`");
        if !registers {
            return Some(Finding {
                code: "schema-missing",
                weight: Weight::Stop,
                message: format!(
                    "the registry at `{registry}` does not have {place} under `{subject}`, and `register = false`"
                ),
                remedy: Some(format!(
                    "register it there, or let the restore do that: `register = true` in `[schema.{name}]`"
                )),
            });
        }
        match takes {
            Takes::Yes => None,
            Takes::No(reasons) => Some(Finding {
                code: "schema-refused",
                weight: Weight::Stop,
                message: format!(
                    "the registry at `{registry}` does not take {place} into the subject `{subject}`: {}",
                    match &reasons[..] {
                        [] => "it does not go with those that are there".to_owned(),
                        reasons => reasons.join("; "),
                    }
                ),
                remedy: Some(
                    "change the schema, register it by hand, or change the compatibility or the mode of the subject while \
                     records are restored"
                        .to_owned(),
                ),
            }),
            Takes::Untold(why) => Some(Finding {
                code: "not-established",
                weight: Weight::Note,
                message: format!(
                    "whether the registry at `{registry}` takes {place} into the subject `{subject}` is not established: {why}"
                ),
                remedy: None,
            }),
        }
    }

    /// What to do about an id that nobody knows.
    fn unknown(&self) -> &'static str {
        match self.part.settings().encoding {
            ValueEncoding::RewriteIds => {
                "say in `ids` what becomes of it, or give the registry that they were written with as `url` under `[registry]`"
            }
            _ => "check that `url` under `[registry]` is the registry that they were written with",
        }
    }

    /// `3 of 1,000 values of `orders` that were looked at`.
    fn some(&self, records: u64) -> String {
        let Self { topic, part, seen, is_sample, .. } = self;
        let looked = if *is_sample { " that were looked at" } else { "" };
        format!("{} of {} {}s of `{topic}`{looked}", count(records), count(seen.records), part.name())
    }
}

/// What to do about schemas that do not go with what the job says.
const UNFIT: &str =
    "give fields that are new a default or an alias in `target_schema`, or let a plugin make what is missing";

/// What to do about schemas that are of another language, or that cannot be used.
const UNUSABLE: &str = "say in `[[schema]]` by topic what they are encoded in; `encoding = \"rewrite-ids\"` gives them the id \
                        of the target without looking into them";

/// What to do, with the policy that leaves such records out, where that is not the job's already.
fn set_aside(weight: Weight, what: &str) -> String {
    match weight {
        Weight::Stop => format!(
            "{what}; to leave such records out, say `schema = \"skip\"` or `schema = \"dead-letter\"` in `[rejected.causes]`"
        ),
        _ => what.to_owned(),
    }
}
