//! The first difference of a lane: which record, where, and what differs.

use super::content::{Content, Digest, Parts};
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
#[derive(Clone, Debug, Default)]
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
    wanted: Content,
    source: String,
    before: Option<Before>,
    /// Where an equal record lies.
    equal: Option<i64>,
    /// Those most alike, the best ones first.
    alike: Vec<Alike>,
}

/// Most of those that are kept.
const MOST_ALIKE: usize = 64;

/// A record that has much of the one looked for.
#[derive(Clone, Copy, Debug)]
struct Alike {
    offset: i64,
    unlike: Parts,
    score: (usize, bool),
    digest: Digest,
}

impl Suspect {
    pub(super) fn new(range: Range, ordinal: u64, wanted: Content, source: String, before: Option<Before>) -> Self {
        Self { range, ordinal, wanted, source, before, equal: None, alike: Vec::new() }
    }

    /// Looks at a record that may be no other one expected.
    pub(super) fn consider(&mut self, offset: i64, found: &Content) {
        let unlike = self.wanted.parts_unlike(found);
        if unlike.is_none() {
            self.equal.get_or_insert(offset);
            return;
        }
        let same = match (self.wanted.provenance(), found.provenance()) {
            (Some(wanted), Some(found)) if wanted == found => true,
            // It says that it is another one of the job.
            (Some((wanted, _)), Some((found, _))) if wanted == found => return,
            _ => false,
        };
        // Key or value, and with a changed value the timestamp, have to be the same: else it is any other record.
        if !same && (unlike.count() > 2 || unlike.value && (unlike.key || unlike.timestamp)) {
            return;
        }
        let follows = self.before.as_ref().is_none_or(|before| offset > before.offset);
        let score = if same { (9, follows) } else { (4 - unlike.count(), follows) };
        let place = self.alike.partition_point(|better| better.score >= score);
        if place < MOST_ALIKE {
            self.alike.truncate(MOST_ALIKE - 1);
            let digest = found.digest(!found.has_broker_time());
            self.alike.insert(place, Alike { offset, unlike, score, digest });
        }
    }

    /// Takes another expected record for what it is.
    pub(super) fn retract(&mut self, expected: &Content) {
        if self.alike.is_empty() {
            return;
        }
        let digests = [expected.digest(true), expected.digest(false)];
        if let Some(place) = self.alike.iter().position(|alike| digests.contains(&alike.digest)) {
            self.alike.remove(place);
        }
    }

    /// What it comes to.
    pub(super) fn difference(self) -> Difference {
        let Self { range, source, before, equal, alike, .. } = self;
        if let (Some(offset), Some(before)) = (equal, &before)
            && offset < before.offset
        {
            return out_of_order(&range, source, offset, before);
        }
        if let Some(Alike { offset, unlike, .. }) = alike.first() {
            return changed(source, range.at(*offset), *unlike);
        }
        let (target, place) = match before {
            Some(before) => {
                let at = range.at(before.offset);
                let place = format!("behind {at}, where {} lies", before.source);
                (Some(at), place)
            }
            None => (None, format!("from {} on", range.at(range.first()))),
        };
        let (log, end) = (format!("{}-{}", range.topic, range.partition), range.at(range.to));
        let message = format!("{source} is missing: it is due in {log} {place}, before {end}");
        Difference { kind: Kind::Missing, source, target, parts: Vec::new(), message }
    }
}

/// A record that lies before one that it should follow.
pub(super) fn out_of_order(range: &Range, source: String, offset: i64, before: &Before) -> Difference {
    let at = range.at(offset);
    let message = format!(
        "{source} lies at {at}, before {}, which lies at {} and should come first",
        before.source,
        range.at(before.offset)
    );
    Difference { kind: Kind::OutOfOrder, source, target: Some(at), parts: Vec::new(), message }
}

/// A record that is there with other parts.
pub(super) fn changed(source: String, target: String, unlike: Parts) -> Difference {
    let parts = unlike.names();
    let message = format!("{source} lies at {target} with another {}", in_words(&parts));
    Difference { kind: Kind::Changed, source, target: Some(target), parts, message }
}

/// A record that says where it comes from, and is there more than once or should not be there at all.
pub(super) fn doubled(source: String, target: String) -> Difference {
    let message = format!("{target} says that it is {source}, and is one too many");
    Difference { kind: Kind::Doubled, source, target: Some(target), parts: Vec::new(), message }
}

fn in_words(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| if *part == "headers" { "list of headers" } else { part }).collect();
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range() -> Range {
        Range { topic: "t".to_owned(), partition: 0, from: 0, to: 9, start: 0, end: 9, visible: 9 }
    }

    fn suspect(wanted: &Content) -> Suspect {
        let before = Before { source: "s-0@1".to_owned(), offset: 1 };
        Suspect::new(range(), 2, wanted.clone(), "s-0@2".to_owned(), Some(before))
    }

    #[test]
    fn a_record_that_is_gone_is_not_taken_for_a_change_of_the_next_one() {
        let (wanted, next) = (Content::of(Some("k"), "2", 7, None), Content::of(Some("k"), "3", 7, None));
        let mut suspected = suspect(&wanted);
        suspected.consider(2, &next);
        assert_eq!(suspected.clone().difference().kind, Kind::Changed);
        suspected.retract(&next);
        assert_eq!(suspected.difference().kind, Kind::Missing);
    }

    #[test]
    fn with_provenance_a_record_that_says_that_it_is_another_one_is_no_change() {
        let (wanted, next) =
            (Content::of(Some("k"), "v", 7, Some("s-0@2")), Content::of(Some("k"), "v", 7, Some("s-0@3")));
        let mut suspected = suspect(&wanted);
        suspected.consider(2, &next);
        assert_eq!(suspected.clone().difference().kind, Kind::Missing);
        suspected.consider(3, &Content::of(Some("k"), "other", 7, Some("s-0@2")));
        let difference = suspected.difference();
        assert_eq!((difference.kind, difference.target.as_deref()), (Kind::Changed, Some("t-0@3")));
    }
}
