//! One value on its way: to JSON, from it, or past it. What becomes of it was found out before.

use std::sync::Arc;

use super::avro::{Encoder, Former, Misfit};
use super::framing::Mark;
use super::json_schema::check_json;
use super::language::Language;
use super::protobuf;
use super::way::{End, Way};

/// What is kept from one value to the next.
#[derive(Debug, Default)]
pub(super) struct Turner {
    encoder: Encoder,
    /// A value between two languages.
    json: Vec<u8>,
}

impl Turner {
    /// Appends a value, without its id, as plugins get it.
    ///
    /// # Errors
    /// It does not go with its schema.
    pub(super) fn decode(&self, way: &Way, value: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
        match &way.writer {
            // Whoever comes with an id comes with indexes.
            Some(writer) => writer.append_json(value, true, out),
            None => {
                check_json(value)?;
                out.extend_from_slice(value);
                Ok(())
            }
        }
    }

    /// Appends what a value becomes that no plugin has changed.
    ///
    /// # Errors
    /// It does not go with its schema, or with that which it is to have.
    pub(super) fn pass(&mut self, way: &Way, value: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
        append_prefix(way, out);
        let (target, resolution) = match &way.end {
            End::Same => {
                out.extend_from_slice(value);
                return Ok(());
            }
            End::Json => return self.decode(way, value, out),
            End::Schema(target, resolution) => (target, resolution),
        };
        match (&**target, way.writer.as_ref().map(|writer| (writer, &**writer))) {
            (Language::Avro(_), Some((_, Language::Avro(writer)))) if let Some(resolution) = resolution => {
                resolution.append(writer, value, out)
            }
            (Language::JsonSchema(schema), Some((writer, Language::JsonSchema(_)))) => {
                // By its own schema it has been written: it is not for a restore to refuse it.
                match Arc::ptr_eq(writer, target) {
                    true => check_json(value)?,
                    false => schema.check(value)?,
                }
                out.extend_from_slice(value);
                Ok(())
            }
            (Language::Protobuf(file), Some((writer, Language::Protobuf(writers)))) => {
                match Arc::ptr_eq(writer, target) {
                    true => file.keep(value, out),
                    false => file.take(writers, value, way.mark.is_some(), out),
                }
            }
            (_, Some((writer, _))) => {
                let mut json = std::mem::take(&mut self.json);
                json.clear();
                let read = writer.append_json(value, true, &mut json);
                let written = read.and_then(|()| self.write(way, target, &(), &json, out));
                self.json = json;
                written
            }
            (_, None) => self.write(way, target, &(), value, out),
        }
    }

    /// Appends what a value becomes that a plugin has made, of one that was `original`, without its id.
    ///
    /// # Errors
    /// It does not go with the schema that it is to have.
    pub(super) fn encode(
        &mut self,
        way: &Way,
        json: &[u8],
        original: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), Misfit> {
        append_prefix(way, out);
        let (target, resolution) = match &way.end {
            End::Same => {
                out.extend_from_slice(json);
                return Ok(());
            }
            End::Json => {
                check_json(json)?;
                out.extend_from_slice(json);
                return Ok(());
            }
            End::Schema(target, resolution) => (target, resolution),
        };
        match (&**target, way.writer.as_ref().map(|writer| (writer, &**writer)), original) {
            (Language::Protobuf(file), Some((writer, Language::Protobuf(writers))), Some(original)) => {
                match Arc::ptr_eq(writer, target) {
                    true => file.rewrite(original, json, out),
                    false => file.write(Some((writers, original)), json, way.mark.is_some(), out),
                }
            }
            _ => match resolution {
                Some(resolution) => self.write(way, target, resolution, json, out),
                None => self.write(way, target, &(), json, out),
            },
        }
    }

    fn write(
        &mut self,
        way: &Way,
        target: &Language,
        former: &dyn Former,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Misfit> {
        match target {
            Language::Avro(schema) => self.encoder.append(schema, former, json, out),
            Language::Protobuf(file) => file.write(None, json, way.mark.is_some(), out),
            Language::JsonSchema(schema) => {
                schema.check(json)?;
                out.extend_from_slice(json);
                Ok(())
            }
        }
    }
}

fn append_prefix(way: &Way, out: &mut Vec<u8>) {
    out.extend_from_slice(way.mark.as_ref().map_or(&[][..], Mark::prefix));
}

/// What a value that was written from `start` on shows as, where it is not sent: JSON, without an id.
///
/// # Errors
/// It has no JSON.
pub(super) fn show(way: &Way, start: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let End::Schema(schema, _) = &way.end else { return Ok(()) };
    let written = out.split_off(start);
    let value = written.get(way.mark.as_ref().map_or(0, |mark| mark.prefix().len())..).unwrap_or_default();
    schema.append_json(value, way.mark.is_some(), out)
}

/// How many of the bytes that were written from `start` on say which message the value is, where its schema is named in a
/// header: they belong there, too. `came` is how many there were when it came.
///
/// # Errors
/// What was written has none.
pub(super) fn indexes(way: &Way, came: usize, written: &[u8]) -> Result<usize, Misfit> {
    match &way.end {
        End::Same => Ok(came),
        End::Schema(target, _) if let Language::Protobuf(_) = &**target => {
            protobuf::indexes_of(written).map(<[u8]>::len)
        }
        End::Schema(..) | End::Json => Ok(0),
    }
}
