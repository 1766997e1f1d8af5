//! Flags that say what is taken of a backup.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, value_parser};

use super::pair::{once, pair, word};
use crate::job::select::partitions;
use crate::job::{
    ENCODINGS, Encoding, HeaderTest, JobError, Limit, Moment, OffsetRange, Select, TOMBSTONES, Tombstones, TopicPattern,
};

/// What is taken of a backup; docs/selection.md has the rules.
#[derive(Debug, Args)]
pub(in crate::cli) struct SelectFlags {
    /// Take only topics that fit: a name, a glob such as `orders-*`, or a regular expression between slashes; may be
    /// repeated
    #[arg(long, value_name = "PATTERN", value_parser = TopicPattern::parse)]
    select_topic: Vec<TopicPattern>,
    /// Leave out topics that fit; may be repeated
    #[arg(long, value_name = "PATTERN", value_parser = TopicPattern::parse)]
    exclude_topic: Vec<TopicPattern>,
    /// Take only these source partitions, for instance `0,3,5-7`
    #[arg(long, value_name = "LIST", value_parser = Partitions::parse)]
    source_partitions: Option<Partitions>,
    /// Take only these offsets, for instance `orders-3=1000..2000` (the second one is not taken); may be repeated
    #[arg(long, value_name = "TOPIC-PARTITION=RANGE", value_parser = offsets)]
    offsets: Vec<(String, OffsetRange)>,
    /// The first moment that is taken: RFC 3339, milliseconds since the epoch, or `2h ago`
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, allow_hyphen_values = true)]
    from: Option<Moment>,
    /// The first moment that is not taken any more
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, allow_hyphen_values = true)]
    until: Option<Moment>,
    /// Take only records of this key; may be repeated
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// Take only records whose key begins like this; may be repeated
    #[arg(long, value_name = "BEGINNING")]
    key_prefix: Vec<String>,
    /// Take only records of the keys in a file, one a line
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// How these keys are written: `text`, `base64` or `hex`
    #[arg(long, value_name = "ENCODING", value_parser = |text: &str| word(ENCODINGS, text))]
    key_encoding: Option<Encoding>,
    /// Take only records with this header, by `name` or as `name=value`; may be repeated
    #[arg(long, value_name = "HEADER", value_parser = HeaderTest::parse)]
    header: Vec<HeaderTest>,
    /// Take nothing but tombstones (`only`), or none of them (`none`)
    #[arg(long, value_name = "WHICH", value_parser = |text: &str| word(TOMBSTONES, text))]
    tombstones: Option<Tombstones>,
    /// Take only so many records of each source partition, the first ones of what is selected otherwise
    #[arg(long, value_name = "RECORDS", value_parser = value_parser!(u64).range(1..), conflicts_with = "last")]
    first: Option<u64>,
    /// Take only so many records of each source partition, the last ones of what is selected otherwise
    #[arg(long, value_name = "RECORDS", value_parser = value_parser!(u64).range(1..))]
    last: Option<u64>,
    /// Whether files, row groups and pages are passed over that hold nothing of it by their own statistics
    #[arg(long, value_name = "true|false")]
    trust_statistics: Option<bool>,
}

/// Partitions that one flag names.
#[derive(Clone, Debug)]
struct Partitions(BTreeSet<i32>);

impl Partitions {
    fn parse(text: &str) -> Result<Self, String> {
        partitions(text).map(Self)
    }
}

fn offsets(text: &str) -> Result<(String, OffsetRange), String> {
    let (name, range) = pair(text)?;
    Ok((name, OffsetRange::parse(&range)?))
}

impl SelectFlags {
    /// Puts these flags over what the job file says: each that is given replaces what stands there.
    ///
    /// # Errors
    /// Flags that contradict each other.
    pub(in crate::cli) fn lay_over(self, select: &mut Select) -> Result<(), JobError> {
        let Self {
            select_topic,
            exclude_topic,
            source_partitions,
            offsets,
            from,
            until,
            key,
            key_prefix,
            key_file,
            key_encoding,
            header,
            tombstones,
            first,
            last,
            trust_statistics,
        } = self;
        once("--offsets", &offsets)?;
        replace(&mut select.topics, select_topic);
        replace(&mut select.exclude, exclude_topic);
        if let Some(Partitions(partitions)) = source_partitions {
            select.partitions = partitions;
        }
        if !offsets.is_empty() {
            select.offsets = offsets.into_iter().collect();
        }
        select.from = from.or(select.from);
        select.until = until.or(select.until);
        replace(&mut select.keys.exact, key);
        replace(&mut select.keys.prefixes, key_prefix);
        select.keys.file = key_file.or(select.keys.file.take());
        select.keys.encoding = key_encoding.unwrap_or(select.keys.encoding);
        replace(&mut select.headers, header);
        select.tombstones = tombstones.or(select.tombstones);
        select.limit = Limit::of(first, last)?.or(select.limit);
        select.trusts_statistics = trust_statistics.unwrap_or(select.trusts_statistics);
        Ok(())
    }
}

fn replace<T>(list: &mut Vec<T>, given: Vec<T>) {
    if !given.is_empty() {
        *list = given;
    }
}
