//! The first difference of a lane: which record, where, and what differs.

use super::content::{Content, Parts};
use super::partition::Range;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An expected record is not there.
    Missing,
    /// It is there, and parts of it are others.
    Changed,
    /// It is there, before one that it should follow.
    OutOfOrder,
    /// It is there more than once.
    Doubled,
    /// There are more or fewer than the job has counted.
    Count,
}

impl Kind {
    /// As it stands in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::OutOfOrder => "out-of-order",
            Self::Doubled => "doubled",
            Self::Count => "count",
        }
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is wrong.
    pub kind: Kind,
    /// The position of the expected record in the backup.
    pub source: String,
    /// The position at the target: of the record that differs, or behind which the missing one is due.
    pub target: Option<String>,
    /// The parts that differ, of one that changed.
    pub parts: Vec<&'static str>,
    /// In words.
    pub message: String,
}

/// A record that was found, before the one that is looked at: where from and where.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) source: String,
    pub(super) offset: i64,
}

/// An expected record that was not found where it is due: what became of it is told by the records of the partition that
/// are nobody else's.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    pub(super) range: Range,
    /// Which of the lane's records in this partition it is, from 0.
    pub(super) ordinal: u64,
    pub(super) wanted: Content,
    pub(super) source: String,
    pub(super) before: Option<Before>,
    /// Where an equal record lies.
    pub(super) equal: Option<i64>,
    /// The one most alike.
    pub(super) alike: Option<Alike>,
}

/// A record that has much of the one looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alike {
    offset: i64,
    unlike: Parts,
    score: (usize, bool),
}

impl Suspect {
    /// Looks at a record that is not another one expected.
    pub(super) fn consider(&mut self, offset: i64, found: &Content) {
        let unlike = self.wanted.parts_unlike(found);
        if unlike.is_none() {
            self.equal.get_or_insert(offset);
            return;
        }
        let same = match (self.wanted.provenance(), found.provenance()) {
            (Some(wanted), Some(found)) => wanted == found,
            // With provenance it is told for certain, unless that is what was changed.
            _ => false,
        };
        // Key or value, and with a changed value the timestamp, have to be the same: else it is any other record.
        if !same && (unlike.count() > 2 || unlike.value && (unlike.key || unlike.timestamp)) {
            return;
        }
        let follows = self.before.as_ref().is_none_or(|before| offset > before.offset);
        let score = if same { (9, follows) } else { (4 - unlike.count(), follows) };
        if self.alike.is_none_or(|best| score > best.score) {
            self.alike = Some(Alike { offset, unlike, score });
        }
    }

    /// What it comes to.
    pub(super) fn difference(self) -> Difference {
        let Self { range, source, before, equal, alike, .. } = self;
        let log = format!("{}-{}", range.topic, range.partition);
        let at = |offset: i64| format!("{log}@{offset}");
        if let (Some(offset), Some(before)) = (equal, &before)
            && offset < before.offset
        {
            let message = format!(
                "{source} lies at {}, before {}, which lies at {} and should come first",
                at(offset),
                before.source,
                at(before.offset)
            );
            return Difference { kind: Kind::OutOfOrder, source, target: Some(at(offset)), parts: Vec::new(), message };
        }
        if let Some(Alike { offset, unlike, .. }) = alike {
            return changed(source, at(offset), unlike);
        }
        let (from, to) = (range.first(), range.to);
        let (target, place) = match before {
            Some(before) => {
                let place = format!("behind {}, where {} lies", at(before.offset), before.source);
                (Some(at(before.offset)), place)
            }
            None => (None, format!("from {} on", at(from))),
        };
        let message = format!("{source} is missing: it is due in {log} {place}, before {}", at(to));
        Difference { kind: Kind::Missing, source, target, parts: Vec::new(), message }
    }
}

/// A record that is there with other parts.
pub(super) fn changed(source: String, target: String, unlike: Parts) -> Difference {
    let parts = unlike.names();
    let message = format!("{source} lies at {target} with another {}", in_words(&parts));
    Difference { kind: Kind::Changed, source, target: Some(target), parts, message }
}

/// A record that is there more than once.
pub(super) fn doubled(source: String, target: String) -> Difference {
    let message = format!("{source} lies at {target} once more");
    Difference { kind: Kind::Doubled, source, target: Some(target), parts: Vec::new(), message }
}

fn in_words(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| if *part == "headers" { "list of headers" } else { part }).collect();
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}
