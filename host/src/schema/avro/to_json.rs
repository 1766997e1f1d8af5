//! From Avro's binary encoding to JSON text, by the mapping of `docs/schemas.md`.

use super::binary::{DEPTH, Input};
use super::misfit::Misfit;
use super::schema::{Kind, Logical, NodeIndex, Schema};
use super::union::Union;
use crate::json::{Bounded, append_bytes, append_text, append_uuid, number, quoted, temporal};

/// Seconds of a day, in `unit`s.
fn day_in(unit: arrow_schema::TimeUnit) -> i64 {
    86_400 * temporal::per_second(unit)
}

impl Schema {
    /// Appends the text of a value of this schema, of at most `limit` bytes.
    ///
    /// # Errors
    /// What is no such value, or has no text: a time beyond the day, a string that is not UTF-8, bytes behind the value.
    pub fn append_json(&self, value: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
        let mut input = Input::new(value);
        let out = &mut Bounded::new(out, limit);
        self.text_of(self.root, &mut input, 0, out)?;
        out.check().map_err(Misfit::new)?;
        input.finish()
    }

    fn text_of(
        &self,
        index: NodeIndex,
        input: &mut Input<'_>,
        depth: usize,
        out: &mut Bounded<'_>,
    ) -> Result<(), Misfit> {
        if depth > DEPTH {
            return Err(Misfit::new(format!("it is nested deeper than {DEPTH} levels")));
        }
        out.check().map_err(Misfit::new)?;
        let node = self.node(index);
        match &node.kind {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Boolean => out.extend_from_slice(if input.boolean()? { b"true" } else { b"false" }),
            Kind::Int => match node.logical {
                Some(Logical::Date) => {
                    let day = i64::from(input.int()?);
                    quoted(out, |out| temporal::date(day, out));
                }
                Some(Logical::Time(unit)) => time(i64::from(input.int()?), unit, out)?,
                _ => number::integer(i64::from(input.int()?), out),
            },
            Kind::Long => {
                let value = input.long()?;
                match node.logical {
                    Some(Logical::Time(unit)) => time(value, unit, out)?,
                    Some(Logical::Timestamp(unit)) => {
                        quoted(out, |out| temporal::timestamp(value, unit, true, out));
                    }
                    Some(Logical::LocalTimestamp(unit)) => {
                        quoted(out, |out| temporal::timestamp(value, unit, false, out));
                    }
                    _ => number::integer(value, out),
                }
            }
            Kind::Float => number::single(input.float()?, out).map_err(Misfit::new)?,
            Kind::Double => number::double(input.double()?, out).map_err(Misfit::new)?,
            Kind::String => append_text(input.text()?, out).map_err(Misfit::new)?,
            Kind::Bytes => bytes(input.bytes()?, node.logical, out)?,
            Kind::Fixed(fixed) => bytes(input.take(fixed.size)?, node.logical, out)?,
            Kind::Enum(of) => {
                let symbol = input.index(of.symbols.len(), "an enum has the index of a symbol")?;
                let symbol = of.symbols.get(symbol).map_or("", |symbol| symbol);
                append_text(symbol, out).map_err(Misfit::new)?;
            }
            Kind::Record(record) => {
                out.push(b'{');
                for (at, field) in record.fields.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(&field.quoted);
                    self.text_of(field.node, input, depth + 1, out).map_err(|misfit| misfit.within(&field.name))?;
                }
                out.push(b'}');
            }
            Kind::Array(item) => {
                out.push(b'[');
                let mut at = 0_usize;
                input.blocks(|input| {
                    if at > 0 {
                        out.push(b',');
                    }
                    at += 1;
                    self.text_of(*item, input, depth + 1, out).map_err(|misfit| misfit.within("[]"))
                })?;
                out.push(b']');
            }
            Kind::Map(of) => {
                out.push(b'{');
                let mut at = 0_usize;
                input.blocks(|input| {
                    if at > 0 {
                        out.push(b',');
                    }
                    at += 1;
                    let key = input.text()?;
                    append_text(key, out).map_err(Misfit::new)?;
                    out.push(b':');
                    self.text_of(*of, input, depth + 1, out).map_err(|misfit| misfit.under(key))
                })?;
                out.push(b'}');
            }
            Kind::Union(union) => self.text_of_union(union, input, depth, out)?,
        }
        Ok(())
    }

    fn text_of_union(
        &self,
        union: &Union,
        input: &mut Input<'_>,
        depth: usize,
        out: &mut Bounded<'_>,
    ) -> Result<(), Misfit> {
        let branch = input.index(union.branches.len(), "a union has the index of a branch")?;
        let Some(branch) = union.branches.get(branch) else { return Ok(()) };
        let is_null = matches!(self.node(branch.node).kind, Kind::Null);
        if union.is_plain || is_null {
            return self.text_of(branch.node, input, depth + 1, out);
        }
        out.extend_from_slice(&branch.opening);
        self.text_of(branch.node, input, depth + 1, out)?;
        out.push(b'}');
        Ok(())
    }
}

fn time(value: i64, unit: arrow_schema::TimeUnit, out: &mut Bounded<'_>) -> Result<(), Misfit> {
    if !(0..day_in(unit)).contains(&value) {
        return Err(Misfit::of("a time of day is beyond the day", value.to_string()));
    }
    quoted(out, |out| temporal::time(value, unit, out));
    Ok(())
}

fn bytes(value: &[u8], logical: Option<Logical>, out: &mut Bounded<'_>) -> Result<(), Misfit> {
    match logical {
        Some(Logical::Decimal { precision, scale }) => super::decimal::append(value, precision, scale, out),
        Some(Logical::Uuid) => {
            append_uuid(value.try_into().unwrap_or_default(), out);
            Ok(())
        }
        Some(Logical::Duration) => {
            let part = |at: usize| {
                let bytes = value.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
                u32::from_le_bytes(bytes)
            };
            let whole = |part: u32| {
                i32::try_from(part).map_err(|_| Misfit::of("a duration has more than 31 bits", part.to_string()))
            };
            let (months, days) = (whole(part(0))?, whole(part(4))?);
            let nanos = i64::from(part(8)) * 1_000_000;
            quoted(out, |out| temporal::interval(months, days, nanos, arrow_schema::TimeUnit::Nanosecond, out));
            Ok(())
        }
        _ => append_bytes(value, out).map_err(Misfit::new),
    }
}
