//! Which parts of a JSON value are meant, written as in JSONPath.
//!
//! The syntax is that of RFC 9535 as far as names, indexes, wildcards and descendants go. The `$` at the beginning may be
//! left out, because every path begins there: `customer.email` is `$.customer.email`.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};

/// A path into a JSON value: `$.customer.email`, `items[*].price`, `['a.b'][0]`, `..email`.
///
/// | written | means |
/// |---|---|
/// | `$` | the value itself |
/// | `.name`, `['name']`, `["name"]` | the field of that name, or all of them where it occurs twice |
/// | `[0]` | the item of a list, counted from 0 |
/// | `.*`, `[*]` | every field of an object or item of a list |
/// | `..name`, `..[0]`, `..*` | the same at any depth |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    written: String,
    segments: Vec<Segment>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Whether it is looked for at any depth.
    pub(crate) at_any_depth: bool,
    pub(crate) selector: Selector,
}

/// What a step selects of an object or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selector {
    Name(String),
    Index(usize),
    Any,
}

/// A path that cannot be read, or means more than names, indexes, wildcards and descendants can say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path `{path}` {reason}, at its letter {letter}")]
pub struct InvalidPath {
    path: String,
    reason: &'static str,
    /// Counted from 1.
    letter: usize,
}

impl Path {
    /// The path of the field `name` at the top of a value, whatever letters the name has.
    pub fn field(name: &str) -> Self {
        let segments = vec![Segment { at_any_depth: false, selector: Selector::Name(name.to_owned()) }];
        let is_plain = !name.is_empty() && name.chars().all(is_of_name);
        let quoted = || format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"));
        Self { written: if is_plain { name.to_owned() } else { quoted() }, segments }
    }

    /// Whether the path means one place at most: it has names and indexes only.
    pub fn is_singular(&self) -> bool {
        self.segments.iter().all(|segment| !segment.at_any_depth && segment.selector != Selector::Any)
    }

    /// The name of the field that the path ends with; `None` where it ends otherwise.
    pub fn last_name(&self) -> Option<&str> {
        match &self.segments.last()?.selector {
            Selector::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The name, if the path is that of a field at the top of a value.
    pub fn as_field(&self) -> Option<&str> {
        self.last_name().filter(|_| self.segments.len() == 1 && self.is_singular())
    }

    /// The path of the field `name` of what this path means.
    pub fn field_of(&self, name: &str) -> Self {
        let field = Self::field(name);
        let dot = if field.written.starts_with('[') { "" } else { "." };
        let written = format!("{}{dot}{}", self.written, field.written);
        Self { written, segments: [self.segments.as_slice(), &field.segments].concat() }
    }

    /// The path of what has the last part: `customer` for `customer.email`. `None` for the value itself.
    pub fn parent(&self) -> Option<Self> {
        let (_, segments) = self.segments.split_last()?;
        Some(Self { written: format!("what has `{}`", self.written), segments: segments.to_vec() })
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl FromStr for Path {
    type Err = InvalidPath;

    fn from_str(written: &str) -> Result<Self, InvalidPath> {
        let mut reader = Reader { written, at: 0 };
        let segments = reader.path()?;
        Ok(Self { written: written.to_owned(), segments })
    }
}

/// The letters of a name that needs no quotes. RFC 9535 has neither `-` nor `@` among them, nor digits in front; here
/// they can mean nothing else and are common.
fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '@') || !letter.is_ascii()
}

struct Reader<'w> {
    written: &'w str,
    at: usize,
}

impl<'w> Reader<'w> {
    fn wrong<T>(&self, reason: &'static str) -> Result<T, InvalidPath> {
        let letter = self.written.get(..self.at).unwrap_or(self.written).chars().count() + 1;
        Err(InvalidPath { path: self.written.to_owned(), reason, letter })
    }

    fn rest(&self) -> &'w str {
        self.written.get(self.at..).unwrap_or("")
    }

    fn take(&mut self, text: &str) -> bool {
        let is_there = self.rest().starts_with(text);
        if is_there {
            self.at += text.len();
        }
        is_there
    }

    fn path(&mut self) -> Result<Vec<Segment>, InvalidPath> {
        let mut segments = Vec::new();
        if self.written.is_empty() {
            return self.wrong("is empty; `$` is the whole value");
        }
        // Without `$` a name may begin the path at once, and so may `..` and `[`.
        if !self.take("$") && !self.rest().starts_with(['.', '[']) {
            segments.push(Segment { at_any_depth: false, selector: self.name_or_any()? });
        }
        while !self.rest().is_empty() {
            let at_any_depth = self.take("..");
            let selector = if self.take("[") {
                self.bracket()?
            } else if at_any_depth || self.take(".") {
                self.name_or_any()?
            } else {
                return self.wrong("has a letter that no name has without quotes: write `['…']`");
            };
            segments.push(Segment { at_any_depth, selector });
        }
        Ok(segments)
    }

    fn name_or_any(&mut self) -> Result<Selector, InvalidPath> {
        if self.take("*") {
            return Ok(Selector::Any);
        }
        let rest = self.rest();
        let length = rest.find(|letter| !is_of_name(letter)).unwrap_or(rest.len());
        match rest.get(..length) {
            Some(name) if !name.is_empty() => {
                self.at += length;
                Ok(Selector::Name(name.to_owned()))
            }
            _ => self.wrong("lacks a name"),
        }
    }

    /// What stands between brackets, the first of which is read.
    fn bracket(&mut self) -> Result<Selector, InvalidPath> {
        self.space();
        let selector = match self.rest().chars().next() {
            Some('*') => {
                self.at += 1;
                Selector::Any
            }
            Some(quote @ ('\'' | '"')) => Selector::Name(self.quoted(quote)?),
            Some('0'..='9') => Selector::Index(self.index()?),
            Some('-') => return self.wrong("counts from the end of a list, which is not supported"),
            Some('?') => return self.wrong("has a filter, which is not supported"),
            Some(':') => return self.wrong("has a slice, which is not supported"),
            _ => return self.wrong("lacks an index, `*` or a name in quotes"),
        };
        self.space();
        match self.rest().chars().next() {
            Some(']') => self.at += 1,
            Some(',') => {
                return self.wrong("selects several things at once, which is not supported: write several paths");
            }
            Some(':') => return self.wrong("has a slice, which is not supported"),
            _ => return self.wrong("lacks `]`"),
        }
        Ok(selector)
    }

    fn space(&mut self) {
        self.at = self.written.len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn index(&mut self) -> Result<usize, InvalidPath> {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = rest.get(..length).unwrap_or("");
        if digits.len() > 1 && digits.starts_with('0') {
            return self.wrong("has an index that begins with 0");
        }
        let Ok(index) = digits.parse::<u32>() else { return self.wrong("has an index that is too large") };
        self.at += length;
        Ok(index as usize)
    }

    /// A name in quotes, with the escapes of JSON and those of the quotes themselves.
    fn quoted(&mut self, quote: char) -> Result<String, InvalidPath> {
        let (start, mut is_escaped) = (self.at, false);
        let inner = self.rest().get(1..).unwrap_or("");
        let end = inner.char_indices().find(|(_, letter)| {
            let ends = *letter == quote && !is_escaped;
            is_escaped = *letter == '\\' && !is_escaped;
            ends
        });
        let Some(text) = end.and_then(|(end, _)| inner.get(..end)) else {
            return self.wrong("has a name whose quotes do not end");
        };
        self.at = start + text.len() + 2;
        if quote == '"' {
            return match serde_json::from_str(&format!("\"{text}\"")) {
                Ok(name) => Ok(name),
                Err(_) => {
                    self.at = start;
                    self.wrong("has a name with an escape that JSON does not have")
                }
            };
        }
        // In single quotes `\'` is a quote, and a double quote needs no escape.
        let mut json = String::with_capacity(text.len() + 2);
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' if letters.next_if_eq(&'\'').is_some() => json.push('\''),
                '\\' => {
                    json.push('\\');
                    json.extend(letters.next());
                }
                '"' => json.push_str("\\\""),
                _ => json.push(letter),
            }
        }
        match serde_json::from_str(&format!("\"{json}\"")) {
            Ok(name) => Ok(name),
            Err(_) => {
                self.at = start;
                self.wrong("has a name with an escape that JSON does not have")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Path, Selector};

    fn shown(path: &str) -> String {
        let path: Path = path.parse().unwrap();
        let segments = path.segments.iter().map(|segment| {
            let depth = if segment.at_any_depth { ".." } else { "" };
            match &segment.selector {
                Selector::Name(name) => format!("{depth}<{name}>"),
                Selector::Index(index) => format!("{depth}{index}"),
                Selector::Any => format!("{depth}*"),
            }
        });
        segments.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn paths_are_those_of_jsonpath_and_the_dollar_may_be_left_out() {
        for (path, due) in [
            ("$", ""),
            ("$.customer.email", "<customer> <email>"),
            ("customer.email", "<customer> <email>"),
            ("items[*].price", "<items> * <price>"),
            ("items[ 12 ].*", "<items> 12 *"),
            ("['a.b']", "<a.b>"),
            ("$[\"a'b\"]['it\\'s \"so\"']", "<a'b> <it's \"so\">"),
            ("['\\u00e9\\\\']", "<é\\>"),
            ("..email", "..<email>"),
            ("$..items[0]..*", "..<items> 0 ..*"),
            ("..['a b']", "..<a b>"),
            ("grüße.x-y.@type", "<grüße> <x-y> <@type>"),
            ("2024", "<2024>"),
        ] {
            assert_eq!(shown(path), due, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_place_and_reason() {
        let refused = |path: &str| path.parse::<Path>().unwrap_err().to_string();
        assert_eq!(refused(""), "the path `` is empty; `$` is the whole value, at its letter 1");
        assert_eq!(refused("a."), "the path `a.` lacks a name, at its letter 3");
        assert_eq!(
            refused("grüße..x y"),
            "the path `grüße..x y` has a letter that no name has without quotes: write `['…']`, at its letter 9"
        );
        assert_eq!(
            refused("a[-1]"),
            "the path `a[-1]` counts from the end of a list, which is not supported, at its letter 3"
        );
        assert_eq!(refused("a[?@.b]"), "the path `a[?@.b]` has a filter, which is not supported, at its letter 3");
        assert_eq!(refused("a[1:2]"), "the path `a[1:2]` has a slice, which is not supported, at its letter 4");
        assert!(refused("a[1,2]").contains("write several paths, at its letter 4"));
        assert!(refused("a['b").contains("quotes do not end, at its letter 3"));
        assert!(refused("a['\\q']").contains("an escape that JSON does not have, at its letter 3"));
        assert!(refused("a[01]").contains("begins with 0"));
        assert!(refused("a[99999999999]").contains("too large"));
        assert!(refused("a[0").contains("lacks `]`, at its letter 4"));
        assert!(refused("a[]").contains("lacks an index"));
    }

    #[test]
    fn a_field_is_named_whatever_its_letters() {
        for name in ["email", "a.b", "it's", "", "back\\slash"] {
            let path = Path::field(name);
            assert_eq!(path.to_string().parse::<Path>().unwrap().segments, path.segments, "{path}");
        }
    }
}
