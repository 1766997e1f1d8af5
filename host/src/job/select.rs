//! What a job takes of its backup, as the job says it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::DateTime;
use globset::{GlobBuilder, GlobMatcher};
use regex::Regex;

use super::{Encoding, JobError};

/// What is taken of a backup. Everything that is given has to hold; nothing given takes all.
#[derive(Clone, Debug)]
pub struct Select {
    /// Topics; of several patterns one has to fit. None: all.
    pub topics: Vec<TopicPattern>,
    /// Topics that are not taken.
    pub exclude: Vec<TopicPattern>,
    /// Source partitions. None: all.
    pub partitions: BTreeSet<i32>,
    /// Offsets by source topic-partition (`orders-3`), of which no others are taken then. None: all.
    pub offsets: BTreeMap<String, OffsetRange>,
    /// Timestamps from this one on.
    pub from: Option<Moment>,
    /// Timestamps before this one.
    pub until: Option<Moment>,
    /// Keys.
    pub keys: Keys,
    /// Headers, which all have to be there.
    pub headers: Vec<HeaderTest>,
    /// Tombstones only, or none.
    pub tombstones: Option<Tombstones>,
    /// How many of each lane, of what all the others take.
    pub limit: Option<Limit>,
    /// Whether what the statistics of a file exclude is not read.
    pub trusts_statistics: bool,
}

impl Default for Select {
    fn default() -> Self {
        Self {
            topics: Vec::new(),
            exclude: Vec::new(),
            partitions: BTreeSet::new(),
            offsets: BTreeMap::new(),
            from: None,
            until: None,
            keys: Keys::default(),
            headers: Vec::new(),
            tombstones: None,
            limit: None,
            trusts_statistics: true,
        }
    }
}

/// Keys; of all that is given one has to fit.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// These keys.
    pub exact: Vec<String>,
    /// Keys that begin like this.
    pub prefixes: Vec<String>,
    /// A file of keys, one a line.
    pub file: Option<PathBuf>,
    /// How bytes are written in all of them.
    pub encoding: Encoding,
}

impl Keys {
    /// Whether every key is taken.
    pub fn is_any(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty() && self.file.is_none()
    }
}

/// Whether tombstones are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tombstones {
    /// Nothing else.
    Only,
    /// None of them.
    None,
}

/// Records at one end of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many at its beginning.
    First(u64),
    /// So many at its end.
    Last(u64),
}

impl Limit {
    /// From what a job says; both are one too many.
    ///
    /// # Errors
    /// Both.
    pub fn of(first: Option<u64>, last: Option<u64>) -> Result<Option<Self>, JobError> {
        match (first, last) {
            (Some(_), Some(_)) => Err(JobError::Conflict {
                message: "`select.first` and `select.last` are both given".to_owned(),
                hint: "a job takes the first records of each partition, or the last",
            }),
            (first, last) => Ok(first.map(Self::First).or(last.map(Self::Last))),
        }
    }
}

/// A header that has to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderTest {
    /// Its name.
    pub name: String,
    /// Its value, where that counts.
    pub value: Option<String>,
}

impl HeaderTest {
    /// From `name` or `name=value`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if name.is_empty() {
            return Err("must be a header's `name`, or `name=value`".to_owned());
        }
        Ok(Self { name: name.to_owned(), value })
    }
}

impl fmt::Display for HeaderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Which topics are meant: a glob (`orders-*`), or between slashes a regular expression of the whole name.
#[derive(Clone)]
pub struct TopicPattern {
    text: String,
    matcher: Matcher,
}

#[derive(Clone)]
enum Matcher {
    Glob(GlobMatcher),
    Regex(Regex),
}

impl TopicPattern {
    /// From its text.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inner| !inner.is_empty());
        let matcher = match inner {
            Some(inner) => Matcher::Regex(
                Regex::new(&format!("^(?:{inner})$")).map_err(|_| "not a regular expression".to_owned())?,
            ),
            None if text.is_empty() => return Err("names no topic".to_owned()),
            None => {
                let glob = GlobBuilder::new(text).literal_separator(false).build();
                Matcher::Glob(glob.map_err(|error| format!("not a glob: {}", error.kind()))?.compile_matcher())
            }
        };
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// Whether a topic is meant.
    pub fn fits(&self, topic: &str) -> bool {
        match &self.matcher {
            Matcher::Glob(glob) => glob.is_match(topic),
            Matcher::Regex(regex) => regex.is_match(topic),
        }
    }
}

impl fmt::Debug for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Offsets of one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OffsetRange {
    /// The first one.
    pub from: Option<i64>,
    /// The first one that is not taken any more.
    pub until: Option<i64>,
}

impl OffsetRange {
    /// From `1000..2000`, `1000..` or `..2000`: the first one, and behind the last one.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || "not offsets such as `1000..2000`, `1000..` or `..2000` (the second one is not taken)".to_owned();
        let (from, until) = text.split_once("..").ok_or_else(wrong)?;
        let offset = |text: &str| match text.trim() {
            "" => Ok(None),
            digits => digits.parse::<i64>().ok().filter(|offset| *offset >= 0).map(Some).ok_or_else(wrong),
        };
        let range = Self { from: offset(from)?, until: offset(until)? };
        match (range.from, range.until) {
            (None, None) => Err(wrong()),
            (Some(from), Some(until)) if from >= until => Err(format!("holds no offset: {until} is not behind {from}")),
            _ => Ok(range),
        }
    }

    /// Whether an offset is in it.
    pub fn holds(&self, offset: i64) -> bool {
        self.from.is_none_or(|from| offset >= from) && self.until.is_none_or(|until| offset < until)
    }

    /// Whether it has an offset in common with `first..=last`.
    pub fn meets(&self, first: i64, last: i64) -> bool {
        self.from.is_none_or(|from| last >= from) && self.until.is_none_or(|until| first < until)
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |offset: Option<i64>| offset.map(|offset| offset.to_string()).unwrap_or_default();
        write!(f, "{}..{}", shown(self.from), shown(self.until))
    }
}

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Milliseconds since the epoch.
    At(i64),
    /// So long before the first start of the job.
    Ago(Duration),
}

impl Moment {
    /// From RFC 3339 with its zone, milliseconds since the epoch, `now`, or `2h ago`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "now" {
            return Ok(Self::Ago(Duration::ZERO));
        }
        if let Some(span) = text.strip_suffix("ago") {
            let span =
                humantime::parse_duration(span.trim()).map_err(|_| "not a time such as `2h 30m ago`".to_owned())?;
            return Ok(Self::Ago(span));
        }
        if let Ok(milliseconds) = text.parse() {
            return Ok(Self::At(milliseconds));
        }
        DateTime::parse_from_rfc3339(text).map(|time| Self::At(time.timestamp_millis())).map_err(|_| {
            "not a time such as `2026-10-01T14:00:00Z` (RFC 3339, with its zone), `1790863200000` (milliseconds since the \
             epoch) or `2h ago`"
                .to_owned()
        })
    }

    /// In milliseconds since the epoch, for a job that was first started at `started`.
    pub fn at(self, started: i64) -> i64 {
        match self {
            Self::At(at) => at,
            Self::Ago(span) => started.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

/// Partitions from `0,3,5-7`.
///
/// # Errors
/// Says what is wrong with the text.
pub fn partitions(text: &str) -> Result<BTreeSet<i32>, String> {
    let wrong = || "not partitions such as `0,3,5-7`".to_owned();
    let number = |text: &str| text.trim().parse::<i32>().ok().filter(|number| *number >= 0).ok_or_else(wrong);
    let mut partitions = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        // Kafka itself takes some ten thousand a topic; a slip of the hand shall not take all memory.
        if first > last || last - first > 1_000_000 {
            return Err(wrong());
        }
        partitions.extend(first..=last);
    }
    Ok(partitions)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_with_their_zone_as_a_number_or_from_the_start() {
        assert_eq!(Moment::parse("2026-10-01T14:00:00Z"), Ok(Moment::At(1_790_863_200_000)));
        assert_eq!(Moment::parse("2026-10-01 16:00:00.5+02:00"), Ok(Moment::At(1_790_863_200_500)));
        assert_eq!(Moment::parse("-1"), Ok(Moment::At(-1)));
        assert_eq!(Moment::parse("1h 30m ago").unwrap().at(10_000_000), 10_000_000 - 5_400_000);
        assert_eq!(Moment::parse("now").unwrap().at(7), 7);
        assert!(Moment::parse("99999999999y ago").unwrap().at(0) < 0);
        for text in ["", "2026-10-01", "2026-10-01T14:00:00", "yesterday", "ago", "1.5", "2026-13-01T00:00:00Z"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn offsets_have_a_beginning_an_end_or_both() {
        assert_eq!(OffsetRange::parse("5..7"), Ok(OffsetRange { from: Some(5), until: Some(7) }));
        let range = OffsetRange::parse("5..7").unwrap();
        assert_eq!([4, 5, 6, 7].map(|offset| range.holds(offset)), [false, true, true, false]);
        assert_eq!([(0, 4), (0, 5), (6, 9), (7, 9)].map(|(a, b)| range.meets(a, b)), [false, true, true, false]);
        assert!(OffsetRange::parse("5..").unwrap().holds(i64::MAX) && OffsetRange::parse("..7").unwrap().holds(0));
        for text in ["", "..", "7", "7..7", "8..7", "a..b", "-1..3"] {
            assert!(OffsetRange::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn topics_are_meant_by_glob_or_regular_expression_of_the_whole_name() {
        let fits = |pattern: &str, topic: &str| TopicPattern::parse(pattern).unwrap().fits(topic);
        assert!(fits("orders", "orders") && !fits("orders", "orders2"));
        assert!(fits("orders-*", "orders-eu.v1") && fits("{a,b}?", "a1") && !fits("a?", "a"));
        assert!(fits("/orders|refunds/", "refunds") && !fits("/orders|refunds/", "refunds2"));
        for pattern in ["", "[", "/(/", "{a"] {
            assert!(TopicPattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn partitions_are_numbers_and_ranges() {
        assert_eq!(partitions("0, 3,5-7").unwrap(), BTreeSet::from([0, 3, 5, 6, 7]));
        for text in ["", "a", "3-1", "-1", "0-99999999", "1,,2"] {
            assert!(partitions(text).is_err(), "{text}");
        }
    }
}
