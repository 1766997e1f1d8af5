//! The defaults of fields, which a schema says in a JSON of their own: bytes are text of which each letter is a byte, and
//! of a union the branch is not named.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value;

use super::binary::{DEPTH, write_bytes, write_index, write_long};
use super::parse::Said;
use super::schema::{Default, Kind, NodeIndex, Schema};

/// What the defaults of a schema may take in all, in bytes and parts of values: each may hold others twice, and so on.
const ROOM: usize = 16 << 20;

/// Enters the defaults into the fields that they are of.
pub(super) fn fill(schema: &mut Schema, said: &[Said]) {
    let said: HashMap<(NodeIndex, usize), &Value> =
        said.iter().map(|(node, at, value)| ((*node, *at), value)).collect();
    let mut found = Vec::with_capacity(said.len());
    let mut room = ROOM;
    for ((index, at), value) in &said {
        let Kind::Record(record) = &schema.node(*index).kind else { continue };
        let Some(field) = record.fields.get(*at) else { continue };
        let mut out = Vec::new();
        let writing = Writing { schema, said: &said, room: Cell::new(room) };
        let written = writing.write(field.node, value, 0, &mut out);
        room = writing.room.get();
        let default = match written {
            Ok(()) => Default::Written(out.into()),
            Err(what) => Default::Misfit(what.into()),
        };
        found.push((*index, *at, default));
    }
    for (index, at, default) in found {
        if let Some(Kind::Record(record)) = schema.nodes.get_mut(index).map(|node| &mut node.kind)
            && let Some(field) = record.fields.get_mut(at)
        {
            field.default = default;
        }
    }
}

struct Writing<'a> {
    schema: &'a Schema,
    said: &'a HashMap<(NodeIndex, usize), &'a Value>,
    /// What is left of [`ROOM`].
    room: Cell<usize>,
}

impl Writing<'_> {
    fn write(&self, index: NodeIndex, value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
        if depth > DEPTH {
            return Err("it contains itself".to_owned());
        }
        let start = out.len();
        self.room.set(self.room.get().checked_sub(1).ok_or_else(no_room)?);
        self.write_whole(index, value, depth, out)?;
        // What stands within was counted by itself.
        if is_plain(&self.schema.node(index).kind) {
            self.room.set(self.room.get().checked_sub(out.len() - start).ok_or_else(no_room)?);
        }
        Ok(())
    }

    fn write_whole(&self, index: NodeIndex, value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), String> {
        let misfit = || format!("{value} is no {}", self.schema.node(index).kind.type_name());
        match (&self.schema.node(index).kind, value) {
            (Kind::Null, Value::Null) => {}
            (Kind::Boolean, Value::Bool(value)) => out.push(u8::from(*value)),
            (Kind::Int, _) => {
                let value = value.as_i64().and_then(|value| i32::try_from(value).ok()).ok_or_else(misfit)?;
                write_long(i64::from(value), out);
            }
            (Kind::Long, _) => write_long(value.as_i64().ok_or_else(misfit)?, out),
            (Kind::Float, _) => out.extend((number(value).ok_or_else(misfit)? as f32).to_le_bytes()),
            (Kind::Double, _) => out.extend(number(value).ok_or_else(misfit)?.to_le_bytes()),
            (Kind::String, Value::String(text)) => write_bytes(text.as_bytes(), out),
            (Kind::Bytes, Value::String(text)) => write_bytes(&latin1(text).ok_or_else(misfit)?, out),
            (Kind::Fixed(fixed), Value::String(text)) => {
                let bytes = latin1(text).filter(|bytes| bytes.len() == fixed.size).ok_or_else(misfit)?;
                out.extend(bytes);
            }
            (Kind::Enum(of), Value::String(symbol)) => write_index(of.index(symbol).ok_or_else(misfit)?, out),
            (Kind::Array(item), Value::Array(items)) => {
                if !items.is_empty() {
                    write_index(items.len(), out);
                    items.iter().try_for_each(|value| self.write(*item, value, depth + 1, out))?;
                }
                write_long(0, out);
            }
            (Kind::Map(of), Value::Object(entries)) => {
                if !entries.is_empty() {
                    write_index(entries.len(), out);
                    for (key, value) in entries {
                        write_bytes(key.as_bytes(), out);
                        self.write(*of, value, depth + 1, out)?;
                    }
                }
                write_long(0, out);
            }
            (Kind::Record(record), Value::Object(given)) => {
                for (at, field) in record.fields.iter().enumerate() {
                    let own = || self.said.get(&(index, at)).copied();
                    let value = given.get(&*field.name).or_else(own);
                    let value = value.ok_or_else(|| format!("it has no field `{}`", field.name))?;
                    self.write(field.node, value, depth + 1, out)?;
                }
            }
            (Kind::Union(union), _) => {
                // Older versions of the specification want the first branch, later ones any.
                let start = out.len();
                let fits = union.branches.iter().enumerate().any(|(at, branch)| {
                    out.truncate(start);
                    write_index(at, out);
                    self.write(branch.node, value, depth + 1, out).is_ok()
                });
                return if fits { Ok(()) } else { Err(format!("{value} is none of {}", union.alternatives())) };
            }
            _ => return Err(misfit()),
        }
        Ok(())
    }
}

fn no_room() -> String {
    format!("the defaults of the schema take more than {} MiB", ROOM >> 20)
}

/// Whether it has no parts.
fn is_plain(kind: &Kind) -> bool {
    !matches!(kind, Kind::Array(_) | Kind::Map(_) | Kind::Record(_) | Kind::Union(_))
}

fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        None => value.as_f64(),
        Some("NaN") => Some(f64::NAN),
        Some("Infinity" | "INF") => Some(f64::INFINITY),
        Some("-Infinity" | "-INF") => Some(f64::NEG_INFINITY),
        Some(_) => None,
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
}
