//! Topic, partition and first offset as a file's path tells them: by the job's template, or by names
//! that the field's own tools write.
//!
//! The names that are recognised, each from the end of the path, since a topic may contain dots and
//! hyphens:
//!
//! - `<topic>+<partition>+<offset>…`: Confluent's sinks, Amazon MSK's data delivery.
//! - `<topic>-<partition>-<offset>` with extensions: Aiven's sinks, kafka-data-keep, spredfast.
//!   Numbers are unpadded or padded as those tools do (partition to 5 or 10 digits, offset to 10 and
//!   more), so that a date at the end of a name is not taken for them.
//! - `topic=<topic>` and `partition=<partition>` folders, the folder above `partition=…` being the
//!   topic where nothing else says; a file in such a folder whose name is a number begins at that
//!   offset. Our own native layout is `<topic>/partition=<partition>/<offset>.<extension>`.

use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};

use super::CatalogError;

/// What a path tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// The topic.
    pub(super) topic: Option<Arc<str>>,
    /// The partition.
    pub(super) partition: Option<i32>,
    /// Offset of the first record.
    pub(super) offset: Option<i64>,
    /// The rule that told it, as findings name it.
    pub(super) rule: Option<&'static str>,
}

#[allow(clippy::expect_used, reason = "the patterns are literals, and every test compiles them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a valid pattern")
}

static PLUS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?<topic>[A-Za-z0-9._-]{1,249})\+(?<partition>[0-9]+)\+(?<offset>[0-9]+)(?:[^0-9].*)?$")
});

static HYPHEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^(?<topic>[A-Za-z0-9._-]*[A-Za-z._][A-Za-z0-9._-]*)-(?<partition>0|[1-9][0-9]*|[0-9]{5}|[0-9]{10})-(?<offset>0|[1-9][0-9]*|[0-9]{10,})(?:\.[A-Za-z][A-Za-z0-9.]*)?$",
    )
});

/// A date at the end of a name, which otherwise might pass for topic, partition and offset.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^0-9])(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:\.[A-Za-z][A-Za-z0-9.]*)?$")
});

static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?<offset>[0-9]+)(?:\.[A-Za-z][A-Za-z0-9.]*)?$"));

/// What a well-known name tells; nothing for any other.
pub(super) fn well_known(path: &str) -> Named {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    for (rule, regex) in [("<topic>+<partition>+<offset>", &*PLUS), ("<topic>-<partition>-<offset>", &*HYPHEN)] {
        match regex.captures(name).and_then(|found| parsed(&found, rule)) {
            Some(named) if !DATE.is_match(name) => return named,
            _ => {}
        }
    }
    in_folders(folders, name)
}

/// The three fields of a match; `None` if a number is too large to be one.
fn parsed(found: &Captures<'_>, rule: &'static str) -> Option<Named> {
    Some(Named {
        topic: Some(found.name("topic")?.as_str().into()),
        partition: Some(found.name("partition")?.as_str().parse().ok()?),
        offset: Some(found.name("offset")?.as_str().parse().ok()?),
        rule: Some(rule),
    })
}

/// What `topic=` and `partition=` folders tell.
fn in_folders(folders: &str, name: &str) -> Named {
    let mut named = Named::default();
    let mut above = None;
    for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
        if let Some(topic) = folder.strip_prefix("topic=") {
            named.topic = Some(topic.into());
        } else if let Some(partition) = folder.strip_prefix("partition=").and_then(|number| number.parse().ok()) {
            named.partition = Some(partition).filter(|partition: &i32| *partition >= 0);
            if named.topic.is_none() {
                named.topic = above.filter(|above: &&str| !above.contains('=')).map(Arc::from);
            }
        }
        above = Some(folder);
    }
    if named.partition.is_some() {
        named.offset = NUMBER.captures(name).and_then(|found| found.name("offset")?.as_str().parse().ok());
    }
    named.rule = match (&named.topic, named.partition) {
        (None, None) => None,
        (Some(_), None) => Some("topic=<topic>/"),
        _ => Some("<topic>/partition=<partition>/"),
    };
    named
}

/// The job's `backup.path`.
#[derive(Clone, Debug)]
pub(super) struct Template {
    text: String,
    /// Numbers where numbers belong.
    strict: Regex,
    /// Anything where numbers belong, to say what stands there instead.
    loose: Regex,
}

impl Template {
    /// Understands a template such as `{topic}/partition={partition}/{offset}.parquet`.
    ///
    /// # Errors
    /// [`CatalogError::Template`] for a brace without its other half, or a field given twice.
    pub(super) fn parse(text: &str) -> Result<Self, CatalogError> {
        let wrong = |message: String| CatalogError::Template { template: text.to_owned(), message };
        let (mut strict, mut loose) = ("^".to_owned(), "^".to_owned());
        let mut seen = Vec::new();
        let mut rest = text.trim_start_matches('/');
        while let Some((literal, after)) = rest.split_once('{') {
            if literal.contains('}') {
                return Err(wrong("a `}` has no `{` before it".to_owned()));
            }
            let (field, after) = after.split_once('}').ok_or_else(|| wrong("a `{` has no `}` after it".to_owned()))?;
            for pattern in [&mut strict, &mut loose] {
                pattern.push_str(&regex::escape(literal));
            }
            if !field.is_empty() && seen.contains(&field) {
                return Err(wrong(format!("`{{{field}}}` is given twice")));
            }
            seen.push(field);
            match field {
                "topic" => {
                    strict.push_str("(?<topic>[^/]+)");
                    loose.push_str("(?<topic>[^/]+)");
                }
                "partition" | "offset" => {
                    strict.push_str(&format!("(?<{field}>[0-9]+)"));
                    loose.push_str(&format!("(?<{field}>[^/]+)"));
                }
                other if other.contains(['{', '/']) => {
                    return Err(wrong(format!("`{{{other}}}` is no field")));
                }
                _ => {
                    strict.push_str("[^/]*");
                    loose.push_str("[^/]*");
                }
            }
            rest = after;
        }
        if rest.contains('}') {
            return Err(wrong("a `}` has no `{` before it".to_owned()));
        }
        for pattern in [&mut strict, &mut loose] {
            pattern.push_str(&regex::escape(rest));
            pattern.push('$');
        }
        let compile = |pattern: &str| Regex::new(pattern).map_err(|error| wrong(error.to_string()));
        Ok(Self { text: text.to_owned(), strict: compile(&strict)?, loose: compile(&loose)? })
    }

    /// The template as the job has it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What a path tells; `None` if the template does not fit it.
    ///
    /// # Errors
    /// [`CatalogError::NotANumber`] where only the numbers do not fit.
    pub(super) fn apply(&self, path: &Arc<str>) -> Result<Option<Named>, CatalogError> {
        let not_a_number =
            |field, found: &str| CatalogError::NotANumber { path: Arc::clone(path), field, found: found.to_owned() };
        let Some(found) = self.strict.captures(path) else {
            let Some(found) = self.loose.captures(path) else { return Ok(None) };
            for field in ["partition", "offset"] {
                match found.name(field) {
                    Some(text) if !text.as_str().bytes().all(|byte| byte.is_ascii_digit()) => {
                        return Err(not_a_number(field, text.as_str()));
                    }
                    _ => {}
                }
            }
            return Ok(None);
        };
        let number = |field: &'static str| found.name(field).map(|text| text.as_str());
        let partition = match number("partition") {
            Some(text) => Some(text.parse().map_err(|_| not_a_number("partition", text))?),
            None => None,
        };
        let offset = match number("offset") {
            Some(text) => Some(text.parse().map_err(|_| not_a_number("offset", text))?),
            None => None,
        };
        let topic = found.name("topic").map(|topic| Arc::from(topic.as_str()));
        Ok(Some(Named { topic, partition, offset, rule: None }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::failure::Explain;

    fn told(named: Named) -> String {
        let topic = named.topic.as_deref().unwrap_or("?");
        let partition = named.partition.map_or("?".to_owned(), |p| p.to_string());
        let offset = named.offset.map_or("?".to_owned(), |o| o.to_string());
        format!("{topic} {partition} {offset}")
    }

    #[test]
    fn names_that_tools_write_are_recognised() {
        let cases = [
            ("topics/orders/partition=3/orders+3+0000001000.snappy.parquet", "orders 3 1000"),
            ("topics/or.de-rs/year=2026/or.de-rs+3+0000001000.json.gz", "or.de-rs 3 1000"),
            ("x/orders+0+000000000000000000-000000-105a4e6efaa", "orders 0 0"),
            ("orders-0-0.gz", "orders 0 0"),
            ("a/my-orders.v2-0000000012-00000000000000001000", "my-orders.v2 12 1000"),
            ("2026-01-01/orders-00003-000000001000.gz", "orders 3 1000"),
            ("orders/3/orders-3-0000000000000000042.avro", "orders 3 42"),
            ("orders/partition=3/00000000000000001000.parquet", "orders 3 1000"),
            ("topic=orders/day=1/partition=3/17.jsonl", "orders 3 17"),
            ("orders/partition=3/part-00000.parquet", "orders 3 ?"),
            ("partition=3/5.avro", "? 3 5"),
            ("topic=orders/a.avro", "orders ? ?"),
            ("events-2024-01-15.jsonl", "? ? ?"),
            ("2024-10-15.jsonl", "? ? ?"),
            ("events-2024-10-15.jsonl", "? ? ?"),
            ("orders/5.avro", "? ? ?"),
            ("orders/partition=x/5.avro", "? ? ?"),
            ("orders+3+99999999999999999999.avro", "? ? ?"),
        ];
        for (path, expected) in cases {
            assert_eq!(told(well_known(path)), expected, "{path}");
        }
    }

    #[test]
    fn templates_match_whole_paths() {
        let apply =
            |template: &str, path: &str| Template::parse(template).unwrap().apply(&path.into()).unwrap().map(told);
        let cases = [
            ("{topic}/partition={partition}/{offset}.parquet", "a.b/partition=03/0010.parquet", Some("a.b 3 10")),
            ("{topic}-{partition}-{offset}.gz", "a-b-0-5.gz", Some("a-b 0 5")),
            ("{topic}+{partition}+{offset}.{}", "orders+3+0000001000.snappy.parquet", Some("orders 3 1000")),
            ("{}/{day}/{topic}.avro", "x/y/orders.avro", Some("orders ? ?")),
            ("{topic}.avro", "x/orders.avro", None),
            ("{topic}.avro", "orders.parquet", None),
            ("{}", "anything", Some("? ? ?")),
        ];
        for (template, path, expected) in cases {
            assert_eq!(apply(template, path).as_deref(), expected, "{template} on {path}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_understood_says_why() {
        let said = |template: &str| Template::parse(template).unwrap_err().to_string();
        insta::assert_snapshot!(said("{topic/x"), @"`backup.path` is `{topic/x`: a `{` has no `}` after it");
        insta::assert_snapshot!(said("topic}/x"), @"`backup.path` is `topic}/x`: a `}` has no `{` before it");
        insta::assert_snapshot!(said("{topic}/{topic}"), @"`backup.path` is `{topic}/{topic}`: `{topic}` is given twice");
    }

    #[test]
    fn what_is_no_number_is_named() {
        let template = Template::parse("{topic}/{partition}/{offset}.avro").unwrap();
        let error = template.apply(&"orders/three/7.avro".into()).unwrap_err();
        insta::assert_snapshot!(error, @"`orders/three/7.avro`: `three` stands where the partition should, and is no partition");
        insta::assert_snapshot!(error.hint().unwrap(), @"correct `backup.path`; `{}` stands for anything but `/`");
        let error = template.apply(&"orders/99999999999/7.avro".into()).unwrap_err();
        insta::assert_snapshot!(error, @"`orders/99999999999/7.avro`: `99999999999` stands where the partition should, and is no partition");
    }
}
