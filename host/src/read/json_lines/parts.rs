//! The parts of a record from their JSON text.

use chrono::DateTime;

use super::literal::{kind, unquote};
use crate::batch::NO_TIMESTAMP;
use crate::job::Encoding;
use crate::read::encoding;

/// Buffers that are used again for every record.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Text whose escapes are undone.
    pub(super) text: String,
    /// Bytes decoded from text.
    pub(super) bytes: Vec<u8>,
}

/// A key, a value or a header's value: a string stands for bytes in an encoding; anything else is its
/// own source text, so that large numbers, the order of fields and escapes stay as they were.
pub(super) fn bytes<'a>(json: &'a str, encoding: Encoding, scratch: &'a mut Scratch) -> Result<&'a [u8], String> {
    if json.starts_with('"') {
        let text = unquote(json, &mut scratch.text)?;
        encoding::decode(text.as_bytes(), encoding, &mut scratch.bytes)
    } else {
        Ok(json.as_bytes())
    }
}

/// An encoding that a line names for itself.
pub(super) fn encoding(json: Option<&str>, default: Encoding, scratch: &mut Scratch) -> Result<Encoding, String> {
    let Some(json) = json else { return Ok(default) };
    let name = unquote(json, &mut scratch.text)?;
    encoding::by_name(name).ok_or_else(|| format!("`{name}` is no encoding; it is `text`, `base64` or `hex`"))
}

/// A timestamp: milliseconds since the epoch, or RFC 3339 text, of which what is finer than a
/// millisecond is cut off.
pub(super) fn timestamp(json: Option<&str>, scratch: &mut Scratch) -> Result<i64, String> {
    let Some(json) = json else { return Ok(NO_TIMESTAMP) };
    if !json.starts_with('"') {
        return json.parse().map_err(|_| {
            format!("{} is no timestamp: it takes whole milliseconds since the epoch or RFC 3339 text", shown(json))
        });
    }
    let text = unquote(json, &mut scratch.text)?;
    if let Ok(milliseconds) = text.parse() {
        return Ok(milliseconds);
    }
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.timestamp_millis())
        .map_err(|error| format!("{} is no RFC 3339 timestamp: {error}", shown(json)))
}

/// A partition or an offset: a whole number from 0, plain or within a string.
pub(super) fn number<N: TryFrom<i64>>(json: Option<&str>) -> Result<N, String> {
    let Some(json) = json else { return Err("there is none, but other rows have one".to_owned()) };
    let digits = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json);
    let number = digits.parse::<i64>().ok().filter(|number| *number >= 0);
    number
        .and_then(|number| N::try_from(number).ok())
        .ok_or_else(|| format!("{} is no whole number from 0 that fits", shown(json)))
}

/// A name.
pub(super) fn text<'a>(json: &'a str, scratch: &'a mut Scratch) -> Result<&'a str, String> {
    if json.starts_with('"') {
        unquote(json, &mut scratch.text)
    } else {
        Err(format!("it takes a string, not {}", kind(json)))
    }
}

/// JSON text as a message shows it, cut where it is long.
pub(super) fn shown(json: &str) -> String {
    match json.char_indices().nth(40) {
        Some((end, _)) => format!("`{}…`", &json[..end]),
        None => format!("`{json}`"),
    }
}
