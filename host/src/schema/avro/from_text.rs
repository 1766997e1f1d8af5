//! Texts of JSON to Avro's binary encoding: all that JSON has no other word for, from bytes to timestamps.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::binary::{write_bytes, write_index, write_long};
use super::decimal::clipped;
use super::from_json::{Former, due};
use super::misfit::Misfit;
use super::schema::{Enum, Kind, Logical};
use super::temporal;

/// Appends what a text of JSON is by a type.
///
/// # Errors
/// It is none of that type.
pub(super) fn text_of(
    kind: &Kind,
    logical: Option<Logical>,
    text: &str,
    former: &dyn Former,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    match (kind, logical) {
        (Kind::String, _) => write_bytes(text.as_bytes(), out),
        (Kind::Int, Some(Logical::Date)) => write_long(i64::from(temporal::date(text)?), out),
        (_, Some(Logical::Time(unit))) => write_long(temporal::time(text, unit)?, out),
        (_, Some(Logical::Timestamp(unit))) => write_long(temporal::instant(text, unit)?, out),
        (_, Some(Logical::LocalTimestamp(unit))) => write_long(temporal::local(text, unit)?, out),
        (Kind::Fixed(_), Some(Logical::Uuid)) => {
            let digits: String = text.chars().filter(|letter| *letter != '-').collect();
            let bytes = hex::decode(digits).ok().filter(|bytes| bytes.len() == 16);
            out.extend(bytes.ok_or_else(|| Misfit::of("its text is no UUID", clipped(text)))?);
        }
        (Kind::Fixed(_), Some(Logical::Duration)) => {
            out.extend(temporal::duration(text)?.into_iter().flat_map(u32::to_le_bytes));
        }
        (Kind::Fixed(fixed), _) => {
            let bytes = base64(text)?;
            if bytes.len() != fixed.size {
                let what = format!("`{}` has {} bytes", fixed.name.full, fixed.size);
                return Err(Misfit::of(what, format!("not {}", bytes.len())));
            }
            out.extend(bytes);
        }
        (Kind::Bytes, _) => write_bytes(&base64(text)?, out),
        (Kind::Enum(of), _) => write_index(symbol(of, text, former)?, out),
        (Kind::Float, _) => {
            let value = not_finite(text).ok_or_else(|| Misfit::of("a number is due, not text", clipped(text)))?;
            out.extend((value as f32).to_le_bytes());
        }
        (Kind::Double, _) => {
            let value = not_finite(text).ok_or_else(|| Misfit::of("a number is due, not text", clipped(text)))?;
            out.extend(value.to_le_bytes());
        }
        (kind, logical) => return Err(Misfit::new(format!("{} is due, not text", due(kind, logical)))),
    }
    Ok(())
}

fn symbol(of: &Enum, text: &str, former: &dyn Former) -> Result<usize, Misfit> {
    let found = of.index(text).or_else(|| of.default.filter(|_| former.has_symbol(&of.name.full, text)));
    found.ok_or_else(|| Misfit::of(format!("`{}` has no such symbol", of.name.full), clipped(text)))
}

fn base64(text: &str) -> Result<Vec<u8>, Misfit> {
    BASE64_STANDARD.decode(text).map_err(|error| Misfit::of("its text is no base64", error.to_string()))
}

fn not_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}
