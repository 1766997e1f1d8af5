//! JSON text as it is written here: appended directly, without a tree of values in between.
//!
//! What stands in it is the mapping of `docs/structured-values.md`, whatever it comes from.

mod bounded;
pub(crate) mod number;
pub(crate) mod temporal;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

pub(crate) use bounded::Bounded;

/// Appends a string.
///
/// # Errors
/// It is longer than the text may be.
pub(crate) fn append_text(text: &str, out: &mut Bounded<'_>) -> Result<(), String> {
    // An escaped text is up to six times as long, so the limit is seen to while it is written.
    serde_json::to_writer(&mut *out, text).map_err(|error| out.check().err().unwrap_or_else(|| error.to_string()))
}

/// Appends what is a string in JSON and needs no escapes.
pub(crate) fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

/// Appends bytes as a string of base64.
///
/// # Errors
/// It is longer than the text may be.
pub(crate) fn append_bytes(value: &[u8], out: &mut Bounded<'_>) -> Result<(), String> {
    let length = value.len().div_ceil(3) * 4;
    out.check_room(length)?;
    quoted(out, |out| {
        let start = out.len();
        out.resize(start + length, 0);
        let written = BASE64_STANDARD.encode_slice(value, &mut out[start..]).unwrap_or_default();
        out.truncate(start + written);
    });
    Ok(())
}

/// Appends a UUID.
pub(crate) fn append_uuid(value: [u8; 16], out: &mut Vec<u8>) {
    quoted(out, |out| {
        let mut digits = [0; 32];
        // 16 bytes are 32 digits: this cannot fail.
        if hex::encode_to_slice(value, &mut digits).is_ok() {
            for (index, part) in [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().enumerate() {
                if index > 0 {
                    out.push(b'-');
                }
                out.extend_from_slice(&digits[part]);
            }
        }
    });
}
