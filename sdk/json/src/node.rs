//! A part of a JSON value: text as it came, or taken apart because something in it is edited.
//!
//! What is taken apart keeps the white space between its parts, so that writing it gives the same bytes.

use std::borrow::Cow;

use crate::path::{Segment, Selector};
use crate::plain::write_text;
use crate::scan::{Kind, NotJson, Scanner, is_name};

/// A JSON value within a [`Document`](crate::Document), or one that is to become a part of it.
#[derive(Clone, Debug)]
pub struct Node<'t>(Shape<'t>);

#[derive(Clone, Debug)]
enum Shape<'t> {
    /// Valid JSON without white space around it.
    Text(Cow<'t, str>),
    /// The fields, and the white space of an object without any.
    Object(Vec<Part<'t>>, &'t str),
    /// The items, which have no names, and the white space of a list without any.
    Array(Vec<Part<'t>>, &'t str),
}

/// A field of an object, or an item of a list, with the white space around it.
#[derive(Clone, Debug)]
struct Part<'t> {
    before: &'t str,
    /// With its quotes; empty in a list.
    name: Cow<'t, str>,
    /// The colon of a field and the white space around it.
    between: &'t str,
    value: Node<'t>,
    after: &'t str,
}

/// What becomes of a part that a path means.
pub(crate) enum Verdict {
    Stays,
    Goes,
    /// The field gets another name, which is given with its quotes.
    IsCalled(String),
}

/// JSON text of a name or a text.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    write_text(text, &mut quoted);
    quoted
}

impl<'t> Node<'t> {
    /// The value that `text` is, with or without white space around it.
    ///
    /// # Errors
    /// Text that is no JSON.
    pub fn parse(text: &'t str) -> Result<Self, NotJson> {
        let mut scanner = Scanner::new(text);
        scanner.space();
        let span = scanner.value()?;
        scanner.end()?;
        Ok(Self::of(text.get(span).unwrap_or(text)))
    }

    /// Text that is known to be JSON.
    pub(crate) fn of(text: impl Into<Cow<'t, str>>) -> Self {
        Self(Shape::Text(text.into()))
    }

    /// JSON that a plugin has made. What is none would make none of the whole value, so it becomes a text.
    pub fn json(text: String) -> Self {
        if Node::parse(&text).is_ok() { Self::of(text.trim().to_owned()) } else { Self::string(&text) }
    }

    /// A text.
    pub fn string(text: &str) -> Self {
        Self::of(quoted(text))
    }

    /// An object without fields.
    pub fn object() -> Self {
        Self(Shape::Object(Vec::new(), ""))
    }

    /// Null.
    pub fn null() -> Self {
        Self::of("null")
    }

    /// The JSON text.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Shape::Text(text) => Cow::Borrowed(text),
            _ => {
                let mut text = String::new();
                self.write(&mut text);
                Cow::Owned(text)
            }
        }
    }

    /// Adds the JSON text to `out`.
    pub fn write(&self, out: &mut String) {
        let (parts, space, open, close) = match &self.0 {
            Shape::Text(text) => return out.push_str(text),
            Shape::Object(parts, space) => (parts, space, '{', '}'),
            Shape::Array(parts, space) => (parts, space, '[', ']'),
        };
        out.push(open);
        if parts.is_empty() {
            out.push_str(space);
        }
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(part.before);
            out.push_str(&part.name);
            out.push_str(part.between);
            part.value.write(out);
            out.push_str(part.after);
        }
        out.push(close);
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        match &self.0 {
            Shape::Text(text) => text.starts_with('{'),
            shape => matches!(shape, Shape::Object(..)),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(&self.0, Shape::Text(text) if text == "null")
    }

    /// The fields of an object, with their names without quotes; `None` for what is none.
    pub fn into_fields(mut self) -> Option<Vec<(String, Node<'t>)>> {
        self.open();
        let Shape::Object(parts, _) = self.0 else { return None };
        let name = |part: &Part<'_>| serde_json::from_str(&part.name).unwrap_or_default();
        Some(parts.into_iter().map(|part| (name(&part), part.value)).collect())
    }

    /// The first field of that name of an object.
    pub fn field(&mut self, name: &str) -> Option<&mut Node<'t>> {
        let Shape::Object(parts, _) = self.open() else { return None };
        parts.iter_mut().find(|part| is_name(&part.name, name)).map(|part| &mut part.value)
    }

    /// Gives an object a field, in place of those of that name or behind all others. Returns whether it is an object.
    pub fn set_field(&mut self, name: &str, value: Node<'t>) -> bool {
        let Shape::Object(parts, _) = self.open() else { return false };
        if let Some(at) = parts.iter().position(|part| is_name(&part.name, name)) {
            parts[at].value = value;
            let mut seen = 0..;
            remove(parts, |part| seen.next() > Some(at) && is_name(&part.name, name));
            return true;
        }
        // The new one looks as the one before it.
        let (before, between, after) = match parts.last_mut() {
            Some(last) => (last.before, last.between, std::mem::take(&mut last.after)),
            None => ("", ":", ""),
        };
        parts.push(Part { before, name: Cow::Owned(quoted(name)), between, value, after });
        true
    }

    /// Takes the parts of a value apart, if it has any.
    fn open(&mut self) -> &mut Shape<'t> {
        let opened = match &self.0 {
            Shape::Text(Cow::Borrowed(text)) => parts(text, Cow::Borrowed, |space| space),
            // What was made by a plugin keeps its letters, but not its white space.
            Shape::Text(Cow::Owned(text)) => {
                parts(text, |text| Cow::Owned(text.to_owned()), |space| if space.contains(':') { ":" } else { "" })
            }
            _ => None,
        };
        if let Some(shape) = opened {
            self.0 = shape;
        }
        &mut self.0
    }

    /// The value that a singular path means.
    pub(crate) fn at(&mut self, segments: &[Segment]) -> Option<&mut Node<'t>> {
        let Some((segment, rest)) = segments.split_first() else { return Some(self) };
        let part = match (self.open(), &segment.selector) {
            (Shape::Object(parts, _), Selector::Name(name)) => {
                parts.iter_mut().find(|part| is_name(&part.name, name))?
            }
            (Shape::Array(parts, _), Selector::Index(index)) => parts.get_mut(*index)?,
            _ => return None,
        };
        part.value.at(rest)
    }

    /// Asks `judge` what becomes of each part that the path means whose steps `steps` are yet to be made here. What lies
    /// within a part that is meant is not asked for. Returns how many there were.
    pub(crate) fn judge(
        &mut self,
        segments: &[Segment],
        steps: &[usize],
        judge: &mut dyn FnMut(&mut Node<'t>) -> Verdict,
    ) -> usize {
        let (parts, is_object) = match self.open() {
            Shape::Object(parts, _) => (parts, true),
            Shape::Array(parts, _) => (parts, false),
            Shape::Text(_) => return 0,
        };
        let (mut count, mut gone, mut called) = (0, Vec::new(), Vec::new());
        let mut below = Vec::new();
        for (at, part) in parts.iter_mut().enumerate() {
            below.clear();
            let mut is_meant = false;
            for step in steps {
                let Some(segment) = segments.get(*step) else { continue };
                let fits = match &segment.selector {
                    Selector::Name(name) => is_object && is_name(&part.name, name),
                    Selector::Index(index) => !is_object && *index == at,
                    Selector::Any => true,
                };
                is_meant |= fits && *step + 1 == segments.len();
                for next in [segment.at_any_depth.then_some(*step), fits.then_some(*step + 1)].into_iter().flatten() {
                    if !below.contains(&next) {
                        below.push(next);
                    }
                }
            }
            if !is_meant {
                count += if below.is_empty() { 0 } else { part.value.judge(segments, &below, judge) };
                continue;
            }
            count += 1;
            match judge(&mut part.value) {
                Verdict::Stays => {}
                Verdict::Goes => gone.push(at),
                Verdict::IsCalled(name) if is_object => {
                    part.name = Cow::Owned(name);
                    called.push(at);
                }
                Verdict::IsCalled(_) => {}
            }
        }
        if let Some(first) = called.first() {
            // What had the new name before makes room.
            let name = parts[*first].name.clone();
            let is_in_the_way = |(at, part): (usize, &Part<'_>)| {
                !called.contains(&at)
                    && serde_json::from_str::<String>(&name).is_ok_and(|name| is_name(&part.name, &name))
            };
            gone.extend(parts.iter().enumerate().filter(|(at, part)| is_in_the_way((*at, part))).map(|(at, _)| at));
        }
        if !gone.is_empty() {
            let mut seen = 0..;
            remove(parts, |_| seen.next().is_some_and(|at| gone.contains(&at)));
        }
        count
    }

    /// Puts `value` where a singular path says, and makes the objects on the way that are missing.
    ///
    /// Returns `false` where something on the way is neither an object nor null, or a list has no such item.
    pub(crate) fn insert(&mut self, segments: &[Segment], value: Node<'t>) -> bool {
        let Some((segment, rest)) = segments.split_first() else {
            *self = value;
            return true;
        };
        match &segment.selector {
            Selector::Index(index) => match self.open() {
                Shape::Array(parts, _) => parts.get_mut(*index).is_some_and(|part| part.value.insert(rest, value)),
                _ => false,
            },
            Selector::Name(name) => {
                if self.is_null() {
                    let mut made = Self::object();
                    let is_in = made.insert(segments, value);
                    if is_in {
                        *self = made;
                    }
                    return is_in;
                }
                if rest.is_empty() {
                    return self.set_field(name, value);
                }
                if let Some(field) = self.field(name) {
                    return field.insert(rest, value);
                }
                let mut made = Self::null();
                made.insert(rest, value) && self.set_field(name, made)
            }
            Selector::Any => false,
        }
    }
}

/// Leaves out those parts for which `goes` holds; the ends of what is left look as the ends did.
fn remove<'t>(parts: &mut Vec<Part<'t>>, mut goes: impl FnMut(&Part<'t>) -> bool) {
    let (first, last) = (parts.first().map_or("", |part| part.before), parts.last().map_or("", |part| part.after));
    let count = parts.len();
    parts.retain(|part| !goes(part));
    if parts.len() < count {
        if let Some(part) = parts.first_mut() {
            part.before = first;
        }
        if let Some(part) = parts.last_mut() {
            part.after = last;
        }
    }
}

/// The parts of an object or a list; `None` for what has none.
fn parts<'a, 't>(
    text: &'a str,
    own: impl Fn(&'a str) -> Cow<'t, str>,
    space: impl Fn(&'a str) -> &'t str,
) -> Option<Shape<'t>> {
    let mut scanner = Scanner::new(text);
    let mut parts: Vec<Part<'t>> = Vec::new();
    let slice = |from: usize, to: usize| text.get(from..to).unwrap_or("");
    // The end of the part before, or of the letter that opens the value.
    let mut end = 1;
    let mut add = |scanner: &mut Scanner<'_>, name: std::ops::Range<usize>, end: &mut usize| {
        let start = scanner.at();
        // Between two parts stand the white space after the one, a comma, and the white space before the other.
        let gap = slice(*end, name.start);
        let (after, before) = gap.split_once(',').unwrap_or(("", gap));
        if let Some(last) = parts.last_mut() {
            last.after = space(after);
        }
        let value = scanner.value()?;
        *end = value.end;
        parts.push(Part {
            before: space(before),
            name: own(slice(name.start, name.end)),
            between: space(slice(name.end, start)),
            value: Node(Shape::Text(own(slice(value.start, value.end)))),
            after: "",
        });
        Ok(())
    };
    let kind = scanner.kind();
    let gone_over = match kind {
        Kind::Object => scanner.object(|scanner, name| add(scanner, name, &mut end)),
        Kind::Array => scanner.array(|scanner, _| {
            let at = scanner.at();
            add(scanner, at..at, &mut end)
        }),
        Kind::Scalar => return None,
    };
    gone_over.ok()?;
    // The value ends with the letter that closes it.
    let rest = space(slice(end, scanner.at().saturating_sub(1)));
    let is_empty = parts.is_empty();
    if let Some(last) = parts.last_mut() {
        last.after = rest;
    }
    let rest = if is_empty { rest } else { "" };
    Some(if kind == Kind::Object { Shape::Object(parts, rest) } else { Shape::Array(parts, rest) })
}

impl From<&serde_json::Value> for Node<'_> {
    fn from(value: &serde_json::Value) -> Self {
        Self::of(value.to_string())
    }
}
