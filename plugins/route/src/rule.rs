//! One rule: what it asks of a record, and the topic that it gives.

use std::borrow::Cow;

use anabranch_json::{NotJson, Path, Paths, plain, text};
use anabranch_plugin::Record;
use regex::bytes::Regex;
use serde::Deserialize;

/// A rule as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Written {
    topic: String,
    header: Option<String>,
    field: Option<Path>,
    equals: Option<String>,
    matches: Option<String>,
    key_prefix: Option<String>,
    key_matches: Option<String>,
}

/// A rule that makes sense.
pub(crate) struct Rule {
    source: Option<Source>,
    test: Test,
    key_prefix: Option<String>,
    key_matches: Option<Regex>,
    topic: Vec<Piece>,
}

/// What a rule looks at besides the key.
enum Source {
    Header(String),
    Field(Paths),
}

/// What is asked of that.
enum Test {
    /// It is there.
    Any,
    Equals(String),
    Matches(Regex),
}

/// A part of a topic's name.
enum Piece {
    Text(String),
    Key,
    /// The whole of the header or field.
    Source,
    /// What a group of a pattern has matched.
    Group(String),
}

/// What is wrong with a topic's name, if Kafka takes none of this name
/// (`org.apache.kafka.common.internals.Topic`).
pub(crate) fn illegal(name: &str) -> Option<String> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let is_topic = (1..=249).contains(&name.len()) && !matches!(name, "." | "..") && name.bytes().all(is_legal);
    let rule = "1 to 249 letters of ASCII, digits, `.`, `_` and `-`, but neither `.` nor `..`";
    (!is_topic).then(|| format!("`{name}` is no legal name of a topic, which is {rule}"))
}

impl Rule {
    /// # Errors
    /// What is wrong with the rule.
    pub(crate) fn read(written: Written) -> Result<Self, String> {
        let Written { topic, header, field, equals, matches, key_prefix, key_matches } = written;
        let pattern = |written: String| {
            let told = |error: regex::Error| format!("`{written}` is no regular expression: {error}");
            Regex::new(&written).map_err(told)
        };
        let of = |what: &str| format!("the rule for `{topic}` {what}");
        let pieces = pieces(&topic)?;
        let uses_source = pieces.iter().any(|piece| matches!(piece, Piece::Source));
        let source = match (header, field) {
            (Some(_), Some(_)) => return Err(of("names both a `header` and a `field`")),
            (Some(header), None) => Some(Source::Header(header)),
            (None, Some(field)) if field.is_singular() => Some(Source::Field(Paths::new(vec![field]))),
            (None, Some(field)) => return Err(of(&format!("looks at `{field}`, which can mean several things"))),
            (None, None) => None,
        };
        let test = match (equals, matches) {
            (Some(_), Some(_)) => return Err(of("says both `equals` and `matches`")),
            (Some(_), None) | (None, Some(_)) if source.is_none() => {
                return Err(of("says `equals` or `matches` but names no `header` and no `field`"));
            }
            (Some(text), None) => Test::Equals(text),
            (None, Some(written)) => Test::Matches(pattern(written)?),
            (None, None) => Test::Any,
        };
        let key_matches = key_matches.map(pattern).transpose()?;
        match (&source, &test) {
            (Some(Source::Header(_)), Test::Any) if !uses_source => {
                return Err(of("names a `header` but not what it `equals` or `matches`"));
            }
            (Some(Source::Field(_)), Test::Any) if !uses_source => {
                return Err(of("names a `field` but not what it `equals` or `matches`"));
            }
            (None, _) if uses_source => return Err(of("names no `header` and no `field` for the `{}` in its topic")),
            (None, _) if key_prefix.is_none() && key_matches.is_none() && !has_key(&pieces) => {
                return Err(of("fits every record: use `otherwise`"));
            }
            _ => {}
        }
        let patterns = [
            match &test {
                Test::Matches(pattern) => Some(pattern),
                _ => None,
            },
            key_matches.as_ref(),
        ];
        for piece in &pieces {
            let Piece::Group(name) = piece else { continue };
            if !patterns.iter().flatten().any(|pattern| has_group(pattern, name)) {
                return Err(of(&format!("has `{{{name}}}` in its topic, which no group of its patterns is called")));
            }
        }
        if let [Piece::Text(name)] = pieces.as_slice()
            && let Some(wrong) = illegal(name)
        {
            return Err(wrong);
        }
        if pieces.is_empty() {
            return Err(illegal("").unwrap_or_default());
        }
        Ok(Self { source, test, key_prefix, key_matches, topic: pieces })
    }

    /// The topic for a record, where everything that the rule asks for holds.
    ///
    /// # Errors
    /// A value that is no JSON, where the rule has a field and all that it asks of the key holds.
    pub(crate) fn topic(&mut self, record: &Record<'_>) -> Result<Option<Cow<'_, str>>, NotJson> {
        let key = record.key();
        let has_prefix = |prefix: &String| key.is_some_and(|key| key.starts_with(prefix.as_bytes()));
        let is_match = |pattern: &Regex| key.is_some_and(|key| pattern.is_match(key));
        if !self.key_prefix.as_ref().is_none_or(has_prefix) || !self.key_matches.as_ref().is_none_or(is_match) {
            return Ok(None);
        }
        let source: Option<Cow<'_, [u8]>> = match &mut self.source {
            None => None,
            Some(Source::Header(name)) => record.header(name).and_then(|header| header.value).map(Cow::Borrowed),
            Some(Source::Field(paths)) => match record.value() {
                Some(value) => paths.first(text(value)?)?.map(|json| match plain(json) {
                    Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                    Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                }),
                None => None,
            },
        };
        let fits = match (&self.test, &source) {
            (Test::Equals(text), Some(source)) => **source == *text.as_bytes(),
            (Test::Matches(pattern), Some(source)) => pattern.is_match(source),
            (Test::Any, Some(_)) => true,
            (_, None) => self.source.is_none(),
        };
        Ok(if fits { self.made(key, source.as_deref()) } else { None })
    }

    /// The topic, made of what is there; `None` where a part of it is not.
    fn made(&self, key: Option<&[u8]>, source: Option<&[u8]>) -> Option<Cow<'_, str>> {
        if let [Piece::Text(topic)] = self.topic.as_slice() {
            return Some(Cow::Borrowed(topic));
        }
        let from_source = match (&self.test, source) {
            (Test::Matches(pattern), Some(source)) => pattern.captures(source),
            _ => None,
        };
        let from_key = self.key_matches.as_ref().and_then(|pattern| pattern.captures(key?));
        let mut topic = String::new();
        for piece in &self.topic {
            let bytes: &[u8] = match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Key => key?,
                Piece::Source => source?,
                Piece::Group(name) => {
                    let group = |captures: &Option<regex::bytes::Captures<'_>>| {
                        let captures = captures.as_ref()?;
                        let group = match name.parse::<usize>() {
                            Ok(number) => captures.get(number),
                            Err(_) => captures.name(name),
                        };
                        group.map(|group| group.range())
                    };
                    // A group that took no part in the match is empty.
                    match (group(&from_source), group(&from_key)) {
                        (Some(range), _) => source?.get(range)?,
                        (None, Some(range)) => key?.get(range)?,
                        (None, None) => b"",
                    }
                }
            };
            // What is no UTF-8 is no topic's name either, and is told as such.
            topic.push_str(&String::from_utf8_lossy(bytes));
        }
        Some(Cow::Owned(topic))
    }
}

fn has_key(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| matches!(piece, Piece::Key))
}

fn has_group(pattern: &Regex, name: &str) -> bool {
    match name.parse::<usize>() {
        Ok(number) => number > 0 && number < pattern.captures_len(),
        Err(_) => pattern.capture_names().flatten().any(|group| group == name),
    }
}

/// The parts of a topic as a rule writes it: `orders-{header}`, `{key}`, `{1}-{region}`.
fn pieces(topic: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut rest) = (Vec::new(), topic);
    while let Some((text, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(format!("the topic `{topic}` has a `{{` without `}}`"));
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        pieces.push(match name {
            "key" => Piece::Key,
            "header" | "field" => Piece::Source,
            "" => return Err(format!("the topic `{topic}` has a `{{}}` without a name")),
            name => Piece::Group(name.to_owned()),
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}
