//! Numbers as JSON text: exact, and where JSON has no number, as text.

use std::fmt::Display;
use std::io::Write as _;

/// A signed integer with all its digits.
pub(crate) fn integer(value: i64, out: &mut Vec<u8>) {
    append(value, out);
}

/// An unsigned integer with all its digits.
pub(crate) fn unsigned(value: u64, out: &mut Vec<u8>) {
    append(value, out);
}

/// The shortest text that reads back as this `f32`.
///
/// # Errors
/// Never for a number; the text of `serde_json` is handed through.
pub(crate) fn single(value: f32, out: &mut Vec<u8>) -> Result<(), String> {
    match value.is_finite() {
        true => serde_json::to_writer(out, &value).map_err(|error| error.to_string()),
        false => {
            not_finite(f64::from(value), out);
            Ok(())
        }
    }
}

/// The shortest text that reads back as this `f64`.
///
/// # Errors
/// Never for a number; the text of `serde_json` is handed through.
pub(crate) fn double(value: f64, out: &mut Vec<u8>) -> Result<(), String> {
    match value.is_finite() {
        true => serde_json::to_writer(out, &value).map_err(|error| error.to_string()),
        false => {
            not_finite(value, out);
            Ok(())
        }
    }
}

fn not_finite(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(match (value.is_nan(), value > 0.0) {
        (true, _) => b"\"NaN\"",
        (false, true) => b"\"Infinity\"",
        (false, false) => b"\"-Infinity\"",
    });
}

/// A decimal with exactly `scale` digits after the point; a negative scale gives zeros before it.
pub(crate) fn decimal(unscaled: impl Display, scale: i8, out: &mut Vec<u8>) {
    let start = out.len();
    append(unscaled, out);
    if out.get(start) == Some(&b'-') {
        shift(start + 1, scale, out);
    } else {
        shift(start, scale, out);
    }
}

/// Sets the point `scale` digits from the end of the digits that begin at `first`.
fn shift(first: usize, scale: i8, out: &mut Vec<u8>) {
    let places = usize::from(scale.unsigned_abs());
    if scale < 0 {
        if out.get(first..) != Some(b"0".as_slice()) {
            out.resize(out.len() + places, b'0');
        }
    } else if scale > 0 {
        let digits = out.len() - first;
        let zeros = (places + 1).saturating_sub(digits);
        out.splice(first..first, std::iter::repeat_n(b'0', zeros));
        out.insert(out.len() - places, b'.');
    }
}

fn append(value: impl Display, out: &mut Vec<u8>) {
    // Writing into a vector cannot fail.
    let _ = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_all_their_digits() {
        let text = |unscaled: i128, scale| {
            let mut out = b"x".to_vec();
            decimal(unscaled, scale, &mut out);
            String::from_utf8_lossy(&out[1..]).into_owned()
        };
        assert_eq!(text(12345, 2), "123.45");
        assert_eq!(text(-5, 3), "-0.005");
        assert_eq!(text(0, 2), "0.00");
        assert_eq!(text(100, 0), "100");
        assert_eq!(text(-12, -3), "-12000");
        assert_eq!(text(0, -3), "0");
        assert_eq!(text(i128::MAX, 38), "1.70141183460469231731687303715884105727");
    }
}
