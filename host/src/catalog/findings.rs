//! What the catalog assumed, guessed, lost or passed over, as findings of `plan`.
//!
//! One finding a matter, however many files it concerns, with one of them named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::survey::Surveyed;
use super::{Lane, Offsets};
use crate::failure::Explain as _;
use crate::finding::{Finding, Weight};
use crate::job;
use crate::read::Count;
use crate::report::shown;
use crate::store::{Entry, Skipped, StoreError};

/// A catalog that was taken from its cache.
pub(super) fn cached(place: &str, listed: i64) -> Finding {
    Finding {
        code: "catalog-cached",
        weight: Weight::Note,
        message: format!(
            "the backup was listed and looked into {} (`{place}`); what was added since is not seen",
            shown::moment(listed)
        ),
        remedy: Some("`--refresh-catalog` lists it and looks into it again".to_owned()),
    }
}

/// A cache that did not take the catalog.
pub(super) fn not_kept(error: &StoreError) -> Finding {
    Finding {
        code: "catalog-not-kept",
        weight: Weight::Warning,
        message: format!("the catalog is not kept for the next time: {error}"),
        remedy: error.hint().or_else(|| Some("see to the place of the cache, or leave it out".to_owned())),
    }
}

/// A cache whose catalog is of no use.
pub(super) fn not_taken(place: &str, message: &str) -> Finding {
    Finding {
        code: "catalog-not-kept",
        weight: Weight::Warning,
        message: format!("the catalog in the cache is not taken, and made anew: `{place}`: {message}"),
        remedy: None,
    }
}

/// Files that listing passed over.
pub(super) fn skipped(skipped: &[Skipped]) -> Vec<Finding> {
    let finding = |skipped: &Skipped| Finding {
        code: "skipped-files",
        weight: Weight::Note,
        message: format!("{} passed over: {}", files(skipped.files as usize, &skipped.example), skipped.reason),
        remedy: None,
    };
    skipped.iter().map(finding).collect()
}

/// Files that the job's template does not fit.
pub(super) fn unmatched(count: usize, example: &Arc<str>, template: &str) -> Finding {
    Finding {
        code: "unmatched-files",
        weight: Weight::Stop,
        message: format!("{} left out: `backup.path` is `{template}` and does not fit", files(count, example)),
        remedy: Some("change `backup.path`, or allow it if these files do not belong to the restore".to_owned()),
    }
}

#[allow(clippy::expect_used, reason = "the pattern is a literal, and every test compiles it")]
static SIDECAR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?<stem>.*\+[0-9]+\+[0-9]+)\.(?:keys|headers)(?:\.[^/]+)?$").expect("a valid pattern")
});

/// Parts data files from the keys and headers that Confluent's sinks write into files of their own:
/// read as data they would be records that never were.
pub(super) fn set_sidecars_apart(entries: Vec<Arc<Entry>>) -> (Vec<Arc<Entry>>, Option<Finding>) {
    let (apart, data): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| SIDECAR.is_match(&entry.path));
    let finding = apart.first().map(|example| Finding {
        code: "separate-keys",
        weight: Weight::Stop,
        message: format!(
            "{} hold keys or headers beside the values; they are not joined, so records would have none",
            files(apart.len(), &example.path)
        ),
        remedy: Some("allow it to restore values alone".to_owned()),
    });
    (data, finding)
}

/// Lanes of one file from which on it is worth a warning that each reads all of it.
const MANY: usize = 16;

/// What was assumed of single files.
pub(super) fn of_files(surveyed: &[Surveyed], backup: &job::Backup) -> Vec<Finding> {
    let mut matters = Matters::default();
    for file in surveyed {
        let path = &file.entry.path;
        if file.pieces.is_empty() {
            matters.add("empty-files", Weight::Note, path, "no record in them".to_owned(), None);
        }
        if let Some(rule) = file.named.rule {
            let message = format!("taken for files of topic and partition by their names, `{rule}`");
            let remedy = "say otherwise with `backup.path`".to_owned();
            matters.add("names-assumed", Weight::Note, path, message, Some(remedy));
        }
        if file.topic_of_job {
            matters.add("topic-assumed", Weight::Note, path, "of the topic that the job gives".to_owned(), None);
        }
        if file.pieces.iter().any(|(_, piece)| piece.mixed) {
            let times = file.pieces.len();
            let message = format!("{times} topic-partitions in one; each of {times} lanes reads it whole");
            let weight = if times > MANY { Weight::Warning } else { Weight::Note };
            let remedy = (times > MANY).then(|| "split it by topic and partition first, which is faster".to_owned());
            matters.add("mixed-files", weight, path, message, remedy);
        }
        if file.pieces.iter().any(|(_, piece)| matches!(piece.offsets, Offsets::Counted { .. })) {
            let message = "offsets counted from the first one that the name tells; where the source had gaps they are \
                           others than the source's"
                .to_owned();
            matters.add("counted-offsets", Weight::Warning, path, message, None);
        }
        let Some(facts) = &file.facts else { continue };
        if file.pieces.iter().any(|(_, piece)| matches!(piece.rows, Count::Estimated(_))) {
            matters.add("estimated-records", Weight::Note, path, "records are estimated, not counted".to_owned(), None);
        }
        for lost in &facts.kind.lost {
            matters.add("lost", Weight::Warning, path, lost.clone(), None);
        }
    }
    let mut findings = matters.findings();
    if let Some(topic) = &backup.topic
        && !surveyed.iter().any(|file| file.topic_of_job)
    {
        findings.push(Finding {
            code: "topic-unused",
            weight: Weight::Warning,
            message: format!("`backup.topic` is `{topic}`, but the backup itself names the topic of every file"),
            remedy: Some("leave `backup.topic` out; other names on the target belong under `target.topics`".to_owned()),
        });
    }
    findings
}

/// What was assumed of lanes.
pub(super) fn of_lanes(lanes: &[Lane]) -> Vec<Finding> {
    let topics = |lanes: &mut dyn Iterator<Item = &Lane>| {
        let topics: BTreeSet<&str> = lanes.map(|lane| &*lane.source.topic).collect();
        let shown: Vec<String> = topics.iter().take(3).map(|topic| format!("`{topic}`")).collect();
        let more = topics.len().saturating_sub(3);
        (!topics.is_empty()).then(|| match more {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        })
    };
    let mut findings = Vec::new();
    if let Some(topics) = topics(&mut lanes.iter().filter(|lane| lane.source.partition.is_none())) {
        findings.push(Finding {
            code: "no-partitions",
            weight: Weight::Warning,
            message: format!(
                "nothing tells the partitions of {topics}: a lane a topic, files in natural order of name"
            ),
            remedy: Some("set `backup.path` or `backup.columns.partition` if the backup does tell".to_owned()),
        });
    }
    let without_offsets = |lane: &&Lane| lane.source.partition.is_some() && is_by_row(lane);
    if let Some(topics) = topics(&mut lanes.iter().filter(without_offsets)) {
        findings.push(Finding {
            code: "no-offsets",
            weight: Weight::Warning,
            message: format!(
                "nothing tells the offsets of {topics}: files in natural order of name, positions are `file:row`"
            ),
            remedy: Some("set `backup.path` or `backup.columns.offset` if the backup does tell".to_owned()),
        });
    }
    findings
}

/// Whether the positions of a lane are rows.
fn is_by_row(lane: &Lane) -> bool {
    lane.pieces.iter().all(|piece| piece.offsets == Offsets::None)
}

/// Matters that concern many files each.
#[derive(Default)]
struct Matters {
    found: BTreeMap<(&'static str, String), (Finding, usize, Arc<str>)>,
}

impl Matters {
    fn add(&mut self, code: &'static str, weight: Weight, path: &Arc<str>, message: String, remedy: Option<String>) {
        let new = || (Finding { code, weight, message: message.clone(), remedy }, 0, Arc::clone(path));
        self.found.entry((code, message.clone())).or_insert_with(new).1 += 1;
    }

    fn findings(self) -> Vec<Finding> {
        let finding = |(finding, count, example): (Finding, usize, Arc<str>)| Finding {
            message: format!("{}: {}", files(count, &example), finding.message),
            ..finding
        };
        self.found.into_values().map(finding).collect()
    }
}

/// "3 files (for instance `a`)", or the one there is.
fn files(count: usize, example: &str) -> String {
    match count {
        1 => format!("`{example}`"),
        count => format!("{count} files (for instance `{example}`)"),
    }
}
