//! What a job says of topics that the backup does not hold, and of registries that nothing asks: mostly a slip of the hand,
//! after which records would go where they are not meant to, or with the ids of schemas that the target does not know.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::finding::{Finding, Weight};
use crate::job::{Job, Registry, SchemaRule, TopicPattern, nearest};

/// All of it.
pub(super) fn of(job: &Job, catalog: &Catalog) -> Vec<Finding> {
    // Those that a selection leaves out are of the backup too: one job may be for all of it, and run for a part.
    let held: BTreeSet<&str> = match &catalog.narrowed {
        Some(narrowed) => narrowed.topics.iter().map(|topic| &**topic).collect(),
        None => catalog.lanes.iter().map(|lane| &*lane.source.topic).collect(),
    };
    let mut findings = maps(job, &held);
    findings.extend(schemas(&job.schemas, &held));
    findings.extend(registries(job));
    findings
}

/// Source topics that the job maps.
fn maps(job: &Job, held: &BTreeSet<&str>) -> Vec<Finding> {
    let unused = job.target.topics.keys().filter(|source| !held.contains(source.as_str()));
    let finding = |source: &String| Finding {
        code: "map-unused",
        weight: Weight::Stop,
        message: format!("`target.topics` maps topic `{source}`, which the backup does not hold"),
        remedy: Some(meant(source, held)),
    };
    unused.map(finding).collect()
}

/// Topics whose keys and values have schemas.
fn schemas(rules: &[SchemaRule], held: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let before = rules.get(..index).unwrap_or_default();
        let stray: Vec<&TopicPattern> =
            rule.topics.iter().filter(|pattern| !held.iter().any(|topic| pattern.fits(topic))).collect();
        findings.extend(stray.iter().map(|pattern| Finding {
            code: "schema-unused",
            weight: Weight::Stop,
            message: format!("`topics` of {} names `{pattern}`, and the backup holds no such topic", place(index)),
            remedy: Some(meant(&pattern.to_string(), held)),
        }));
        let is_free = |topic: &&&str| rule.fits(topic) && !before.iter().any(|earlier| earlier.fits(topic));
        // What is for all other topics may find none.
        let is_rest = rule.topics.is_empty() && !before.iter().any(|earlier| earlier.topics.is_empty());
        if stray.is_empty() && !is_rest && !held.iter().any(|topic| is_free(&topic)) {
            findings.push(Finding {
                code: "schema-unused",
                weight: Weight::Stop,
                message: format!(
                    "{} is used by no topic: those that it is about are taken by one before it",
                    place(index)
                ),
                remedy: Some("put it before that one, or leave it out: the first that fits a topic holds".to_owned()),
            });
        }
    }
    findings
}

/// Registries that no key and no value has to do with.
fn registries(job: &Job) -> Vec<Finding> {
    let parts = || job.schemas.iter().flat_map(|rule| [&rule.key, &rule.value]);
    // Without a table of its own the target's is the backup's.
    let own = job.target.registry.as_ref().filter(|registry| registry.table != "registry");
    let writes = parts().any(|part| part.writes_ids(true));
    let reads = parts().any(|part| part.reads_ids()) || own.is_none() && writes;
    let unused = [(job.registry.as_ref(), reads), (own, writes)];
    let unused = unused.into_iter().filter(|(_, is_used)| !is_used).filter_map(|(registry, _)| registry);
    let finding = |registry: &Registry| {
        Finding {
        code: "schema-unused",
        weight: Weight::Warning,
        message: format!(
            "`[{}]` is given, and nothing of what `[[schema]]` says has to do with it: no ids of schemas are looked up \
             there",
            registry.table
        ),
        remedy: Some(
            "say in `[[schema]]` which keys and values name their schema by an id: `encoding = \"rewrite-ids\"` changes \
             nothing but that"
                .to_owned(),
        ),
    }
    };
    unused.map(finding).collect()
}

/// How people find one of several tables.
fn place(index: usize) -> String {
    format!("`[[schema]]` no. {}", index + 1)
}

fn meant(wrong: &str, held: &BTreeSet<&str>) -> String {
    match nearest(wrong, held.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`anabranch inspect` lists the topics; leave it out if it belongs to another backup".to_owned(),
    }
}
