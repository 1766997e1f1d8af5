//! The first lines of a file, which say what columns it has.
//!
//! JSON Lines has no schema. The fields of the first lines, up to [`LINES`] of them or [`BYTES`],
//! decide the mapping of the whole file, so that it does not depend on where reading begins.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::input::Lines;
use super::literal::kind;
use crate::read::mapping::{Column, Kind};
use crate::read::{Count, LaneRoom, OpenFile, ReadError};

/// Lines looked at.
const LINES: u64 = 1000;
/// Bytes looked at, exceeded by one line at most.
const BYTES: u64 = 1 << 20;
/// How deep objects are searched for columns.
const DEPTH: usize = 3;
/// Columns beyond this number are not told apart; no layout of records has as many.
const COLUMNS: usize = 512;

/// What the first lines say.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// The fields, objects before what is in them, with the JSON types that they had.
    pub(super) columns: Vec<Column>,
    lines: u64,
    /// Bytes of the file, as it lies in the store, that these lines took.
    taken: u64,
    whole: bool,
    broken: bool,
}

impl Sample {
    /// Looks at the first lines of `file`. A broken line ends the sample; whoever reads meets it.
    pub(super) fn take(file: &OpenFile, room: &LaneRoom) -> Result<Self, ReadError> {
        let mut lines = Lines::open(file, room)?;
        let mut sample = Self::default();
        let mut seen = Seen::default();
        while sample.lines < LINES && lines.bytes() < BYTES {
            match lines.advance(sample.lines) {
                Ok(true) => {}
                Ok(false) => {
                    sample.whole = true;
                    break;
                }
                Err(error) if sample.lines == 0 => return Err(error),
                Err(_) => {
                    sample.broken = true;
                    break;
                }
            }
            sample.lines += 1;
            sample.broken = !std::str::from_utf8(lines.line()).is_ok_and(|text| seen.visit(text, 1).is_ok());
            if sample.broken {
                break;
            }
        }
        sample.taken = lines.taken();
        sample.columns = seen.columns();
        Ok(sample)
    }

    /// Rows of a file of `size` bytes: counted where the sample is all of it, else judged by the bytes
    /// that the sample took.
    pub(super) fn rows(&self, size: u64) -> Count {
        if self.whole {
            return Count::Exact(self.lines);
        }
        let judged = u128::from(size) * u128::from(self.lines) / u128::from(self.taken.max(1));
        Count::Estimated(u64::try_from(judged).unwrap_or(u64::MAX).max(self.lines))
    }

    /// The lines looked at if a broken one, which is the last of them or the next, ended the sample.
    pub(super) fn broken_after(&self) -> Option<u64> {
        self.broken.then_some(self.lines)
    }

    /// Whether there is no line at all.
    pub(super) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// The fields of the lines themselves, with their types.
    pub(super) fn schema(&self) -> Vec<(String, String)> {
        let tops = self.columns.iter().filter(|column| column.is_top());
        tops.map(|column| (column.name.clone(), column.type_name.clone())).collect()
    }
}

/// The fields of objects at one place.
#[derive(Debug, Default)]
struct Seen {
    fields: Vec<SeenField>,
}

#[derive(Debug)]
struct SeenField {
    name: String,
    types: Vec<&'static str>,
    inner: Seen,
}

impl Seen {
    fn visit(&mut self, text: &str, depth: usize) -> Result<(), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer.deserialize_map(SeenVisitor { seen: self, depth })?;
        deserializer.end()
    }

    fn field(&mut self, name: String) -> Option<&mut SeenField> {
        let index = match self.fields.iter().position(|field| field.name == name) {
            Some(index) => index,
            None if self.fields.len() >= COLUMNS => return None,
            None => {
                self.fields.push(SeenField { name, types: Vec::new(), inner: Self::default() });
                self.fields.len() - 1
            }
        };
        self.fields.get_mut(index)
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        self.collect("", &mut Vec::new(), &mut columns);
        columns
    }

    fn collect(&self, prefix: &str, steps: &mut Vec<usize>, columns: &mut Vec<Column>) {
        for (index, field) in self.fields.iter().enumerate() {
            steps.push(index);
            let name = format!("{prefix}{}", field.name);
            let within = format!("{name}.");
            let type_name = field.types.join("|");
            let kind = if field.types == ["null"] { Kind::Null } else { Kind::Any };
            columns.push(Column { name, steps: steps.clone(), kind, type_name });
            field.inner.collect(&within, steps, columns);
            steps.pop();
        }
    }
}

struct SeenVisitor<'s> {
    seen: &'s mut Seen,
    depth: usize,
}

impl<'de> Visitor<'de> for SeenVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let text = map.next_value::<&RawValue>()?.get();
            let Some(field) = self.seen.field(name) else { continue };
            let kind = kind(text).trim_start_matches("an ").trim_start_matches("a ");
            if !field.types.contains(&kind) {
                field.types.push(kind);
            }
            if text.starts_with('{') && self.depth < DEPTH {
                field.inner.visit(text, self.depth + 1).map_err(serde::de::Error::custom)?;
            }
        }
        Ok(())
    }
}
