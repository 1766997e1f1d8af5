//! From JSON text to Avro's binary encoding, by the mapping of `docs/schemas.md`.
//!
//! The text is read once, from front to back. Fields may stand in any order; what a record lacks is its default, or an
//! error. Nothing is rounded: a number that does not fit its type is an error too.

use std::collections::HashSet;
use std::ops::Range;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

use super::binary::{DEPTH, end_block, write_bytes, write_index, write_long};
use super::decimal::{self, clipped};
use super::from_text::text_of;
use super::misfit::Misfit;
use super::schema::{Default, Field, Kind, Logical, NodeIndex, Record, Schema};
use super::union::{Shapes, Union};

/// Writes values of a schema; keeps its buffers from one to the next.
#[derive(Debug, std::default::Default)]
pub struct Encoder {
    /// Where the fields of records under way stand in what is written.
    fields: Vec<Option<Range<usize>>>,
    /// A record whose fields stood in another order.
    sorted: Vec<u8>,
    /// What JSON's escapes are undone in.
    tape: Vec<u8>,
}

/// What may stand in the text though the schema does not have it: what an older one had, by whose rules a value may still
/// be made.
pub trait Former {
    /// Whether a record by this name had such a field; it is left out.
    fn has_field(&self, record: &str, field: &str) -> bool;

    /// Whether an enum by this name had such a symbol; the default stands for it.
    fn has_symbol(&self, of: &str, symbol: &str) -> bool;
}

/// There is no older one.
impl Former for () {
    fn has_field(&self, _record: &str, _field: &str) -> bool {
        false
    }

    fn has_symbol(&self, _of: &str, _symbol: &str) -> bool {
        false
    }
}

impl Encoder {
    /// Appends the value that a JSON text is by a schema.
    ///
    /// # Errors
    /// What is no JSON, or no such value.
    pub fn append(
        &mut self,
        schema: &Schema,
        former: &dyn Former,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Misfit> {
        let mut walk = Walk {
            schema,
            former,
            json: Jiter::with_tape(json, std::mem::take(&mut self.tape)),
            fields: std::mem::take(&mut self.fields),
            sorted: std::mem::take(&mut self.sorted),
        };
        walk.fields.clear();
        let written = walk.whole(out);
        self.fields = walk.fields;
        self.sorted = walk.sorted;
        self.tape = walk.json.into_tape();
        written
    }
}

struct Walk<'j, 's> {
    schema: &'s Schema,
    former: &'s dyn Former,
    json: Jiter<'j>,
    fields: Vec<Option<Range<usize>>>,
    sorted: Vec<u8>,
}

impl<'s> Walk<'_, 's> {
    fn whole(&mut self, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let peek = self.json.peek().map_err(not_json)?;
        self.value(self.schema.root, peek, 0, out)?;
        self.json.finish().map_err(not_json)
    }

    fn value(&mut self, index: NodeIndex, peek: Peek, depth: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        if depth > DEPTH {
            return Err(Misfit::new(format!("it is nested deeper than {DEPTH} levels")));
        }
        let schema = self.schema;
        let node = schema.node(index);
        match (&node.kind, node.logical) {
            (Kind::Union(union), _) => return self.union(union, peek, depth, out),
            (Kind::Null, _) if peek == Peek::Null => return self.json.known_null().map_err(not_json),
            (Kind::Boolean, _) if matches!(peek, Peek::True | Peek::False) => {
                out.push(u8::from(self.json.known_bool(peek).map_err(not_json)?));
            }
            (Kind::Bytes, Some(Logical::Decimal { precision, scale })) if peek.is_num() => {
                let value = decimal::of_json(self.number(peek)?, precision, scale)?;
                write_bytes(&decimal::to_bytes(&value, None)?, out);
            }
            (Kind::Fixed(fixed), Some(Logical::Decimal { precision, scale })) if peek.is_num() => {
                let value = decimal::of_json(self.number(peek)?, precision, scale)?;
                out.extend(decimal::to_bytes(&value, Some(fixed.size))?);
            }
            (Kind::Int, None) if peek.is_num() => {
                let value = whole(self.number(peek)?)?;
                let value = i32::try_from(value);
                write_long(
                    i64::from(value.map_err(|_| Misfit::new("a number does not fit into an int's 32 bits"))?),
                    out,
                );
            }
            (Kind::Long, None) if peek.is_num() => write_long(whole(self.number(peek)?)?, out),
            (Kind::Float, _) if peek.is_num() => {
                let text = self.number(peek)?;
                let value: Option<f32> = text.parse().ok().filter(|value: &f32| value.is_finite());
                let value = value.ok_or_else(|| Misfit::of("a number does not fit into a float", clipped(text)))?;
                out.extend(value.to_le_bytes());
            }
            (Kind::Double, _) if peek.is_num() => {
                let text = self.number(peek)?;
                let value: Option<f64> = text.parse().ok().filter(|value: &f64| value.is_finite());
                let value = value.ok_or_else(|| Misfit::of("a number does not fit into a double", clipped(text)))?;
                out.extend(value.to_le_bytes());
            }
            (kind, logical) if peek == Peek::String && Shapes::of(node).meets(Shapes::TEXT) => {
                let text = self.json.known_str().map_err(not_json)?;
                return text_of(kind, logical, text, self.former, out);
            }
            (Kind::Record(record), _) if peek == Peek::Object => return self.record(record, depth, out),
            (Kind::Map(of), _) if peek == Peek::Object => {
                let key = |key: Option<&str>, out: &mut Vec<u8>| {
                    key.map(|key| {
                        write_bytes(key.as_bytes(), out);
                        key.to_owned()
                    })
                };
                let (start, mut count) = (out.len(), 0);
                let mut next = key(self.json.known_object().map_err(not_json)?, out);
                while let Some(name) = next {
                    count += 1;
                    let peek = self.json.peek().map_err(not_json)?;
                    self.value(*of, peek, depth + 1, out).map_err(|misfit| misfit.under(&name))?;
                    next = key(self.json.next_key().map_err(not_json)?, out);
                }
                end_block(start, count, out);
            }
            (Kind::Array(item), _) if peek == Peek::Array => {
                let (start, mut count) = (out.len(), 0);
                let mut next = self.json.known_array().map_err(not_json)?;
                while let Some(peek) = next {
                    count += 1;
                    self.value(*item, peek, depth + 1, out).map_err(|misfit| misfit.within("[]"))?;
                    next = self.json.array_step().map_err(not_json)?;
                }
                end_block(start, count, out);
            }
            (kind, logical) => return Err(Misfit::new(format!("{} is due, not {}", due(kind, logical), what(peek)))),
        }
        Ok(())
    }

    fn number(&mut self, peek: Peek) -> Result<&str, Misfit> {
        let bytes = self.json.known_number_bytes(peek).map_err(not_json)?;
        std::str::from_utf8(bytes).map_err(|error| Misfit::new(error.to_string()))
    }

    fn union(&mut self, union: &'s Union, peek: Peek, depth: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let none = |peek| Misfit::new(format!("{} is due, not {}", union.alternatives(), what(peek)));
        if union.is_plain || peek == Peek::Null {
            let branch = union.shaped(shape(peek)).ok_or_else(|| none(peek))?;
            let node = union.branches.get(branch).ok_or_else(|| none(peek))?.node;
            write_index(branch, out);
            return self.value(node, peek, depth + 1, out);
        }
        let ambiguous = || {
            let tag = union.branches.iter().map(|branch| &*branch.tag).find(|tag| *tag != "null").unwrap_or_default();
            Misfit::new(format!(
                "it may be {}, so that its JSON has to say which: `{{\"{tag}\": …}}`",
                union.alternatives()
            ))
        };
        if peek != Peek::Object {
            return Err(ambiguous());
        }
        let branch = self.json.known_object().map_err(not_json)?.and_then(|tag| union.tagged(tag));
        let branch = branch.ok_or_else(ambiguous)?;
        let node = union.branches.get(branch).ok_or_else(ambiguous)?.node;
        write_index(branch, out);
        let peek = self.json.peek().map_err(not_json)?;
        self.value(node, peek, depth + 1, out)?;
        match self.json.next_key().map_err(not_json)? {
            None => Ok(()),
            Some(_) => Err(ambiguous()),
        }
    }

    /// The names of an object that has not begun yet.
    fn names(&self) -> Result<HashSet<String>, Misfit> {
        let mut ahead = self.json.clone();
        let mut names = HashSet::new();
        let mut name = ahead.known_object().map_err(not_json)?.map(str::to_owned);
        while let Some(given) = name {
            names.insert(given);
            ahead.next_skip().map_err(not_json)?;
            name = ahead.next_key().map_err(not_json)?.map(str::to_owned);
        }
        Ok(names)
    }

    fn record(&mut self, record: &'s Record, depth: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let (start, base) = (out.len(), self.fields.len());
        self.fields.resize(base + record.fields.len(), None);
        let (mut expected, mut in_order) = (0, true);
        // Where a field has the name of another as an alias, what a name means is told by which others there are.
        let names = if record.crosses { Some(self.names()?) } else { None };
        let mut name = self.json.known_object().map_err(not_json)?;
        while let Some(given) = name {
            let found = match &names {
                Some(names) => record.takes(given, |other| names.contains(other)),
                None => find(record, given, expected),
            };
            let is_own = found.and_then(|at| record.fields.get(at)).is_some_and(|field| &*field.name == given);
            // What the rules leave out is left out, also where an alias would take it for a field that has another's value.
            if !is_own && self.former.has_field(&record.name.full, given) {
                self.json.next_skip().map_err(not_json)?;
                name = self.json.next_key().map_err(not_json)?;
                continue;
            }
            let Some(at) = found else {
                return Err(Misfit::new(format!("`{}` has no field `{}`", record.name.full, clipped(given))));
            };
            let Some((field, written)) = record.fields.get(at).zip(self.fields.get(base + at)) else { break };
            if written.is_some() {
                return Err(Misfit::new("the field stands twice").within(&field.name));
            }
            in_order &= at == expected;
            expected = at + 1;
            let from = out.len();
            let peek = self.json.peek().map_err(not_json)?;
            self.value(field.node, peek, depth + 1, out).map_err(|misfit| misfit.within(&field.name))?;
            if let Some(written) = self.fields.get_mut(base + at) {
                *written = Some(from..out.len());
            }
            name = self.json.next_key().map_err(not_json)?;
        }
        if !in_order || expected < record.fields.len() {
            self.sorted.clear();
            for (field, written) in record.fields.iter().zip(self.fields.get(base..).unwrap_or_default()) {
                match written {
                    Some(range) => self.sorted.extend_from_slice(out.get(range.clone()).unwrap_or_default()),
                    None => self.sorted.extend_from_slice(default_of(field)?),
                }
            }
            out.truncate(start);
            out.extend_from_slice(&self.sorted);
        }
        self.fields.truncate(base);
        Ok(())
    }
}

/// The field of a name, of a record whose names and aliases are all different; mostly the one that is expected next.
fn find(record: &Record, name: &str, expected: usize) -> Option<usize> {
    if record.fields.get(expected).is_some_and(|field| &*field.name == name) {
        return Some(expected);
    }
    record.takes(name, |_| false)
}

/// What stands for a field that is missing.
pub(super) fn default_of(field: &Field) -> Result<&[u8], Misfit> {
    match &field.default {
        Default::Written(bytes) => Ok(bytes),
        Default::Absent => Err(Misfit::new("the field is missing, and has no default").within(&field.name)),
        Default::Misfit(why) => {
            Err(Misfit::new(format!("the field is missing, and its default is of no use: {why}")).within(&field.name))
        }
    }
}

/// A whole number, also one that is written with a point or an exponent.
fn whole(text: &str) -> Result<i64, Misfit> {
    if let Ok(value) = text.parse() {
        return Ok(value);
    }
    let value = decimal::of_json(text, 19, 0).ok().and_then(|value| i64::try_from(value).ok());
    value.ok_or_else(|| Misfit::of("a number is not a whole one of 64 bits", clipped(text)))
}

fn shape(peek: Peek) -> Shapes {
    match peek {
        Peek::Null => Shapes::NULL,
        Peek::True | Peek::False => Shapes::BOOLEAN,
        Peek::String => Shapes::TEXT,
        Peek::Object => Shapes::OBJECT,
        Peek::Array => Shapes::ARRAY,
        _ => Shapes::NUMBER,
    }
}

/// What JSON has where `peek` is.
fn what(peek: Peek) -> &'static str {
    match peek {
        Peek::Null => "null",
        Peek::True | Peek::False => "a boolean",
        Peek::String => "text",
        Peek::Object => "an object",
        Peek::Array => "a list",
        number if number.is_num() => "a number",
        _ => "what is no JSON",
    }
}

/// What JSON has to have for a type.
pub(super) fn due(kind: &Kind, logical: Option<Logical>) -> &'static str {
    match (kind, logical) {
        (_, Some(Logical::Decimal { .. })) => "a number",
        (_, Some(Logical::Date)) => "a date such as \"2024-02-29\"",
        (_, Some(Logical::Time(_))) => "a time such as \"12:34:56.789\"",
        (_, Some(Logical::Timestamp(_))) => "a timestamp such as \"2024-02-29T12:34:56.789Z\"",
        (_, Some(Logical::LocalTimestamp(_))) => "a local timestamp such as \"2024-02-29T12:34:56.789\"",
        (_, Some(Logical::Duration)) => "a duration such as \"P1M2DT3.500S\"",
        (_, Some(Logical::Uuid)) | (Kind::String | Kind::Enum(_), _) => "text",
        (Kind::Null, _) => "null",
        (Kind::Boolean, _) => "a boolean",
        (Kind::Bytes | Kind::Fixed(_), _) => "text of base64",
        (Kind::Record(_) | Kind::Map(_), _) => "an object",
        (Kind::Array(_), _) => "a list",
        _ => "a number",
    }
}

fn not_json(error: JiterError) -> Misfit {
    match error.error_type {
        JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded) => Misfit::new("its JSON is nested too deep"),
        what => Misfit::of("the value is no JSON", format!("{what} at byte {}", error.index)),
    }
}
