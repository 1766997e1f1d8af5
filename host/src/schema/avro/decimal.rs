//! Decimals: whole numbers in two's complement, with a scale that the schema says.

use num_bigint::BigInt;

use super::misfit::Misfit;
use crate::json::{Bounded, number};

/// Bytes that a decimal may have: more than any that means something, and few enough that its digits cost nothing.
const BYTES: usize = 1024;

/// Digits that as many bytes hold, whatever precision a schema allows: an exponent of a few bytes asks for billions of zeros.
const DIGITS: usize = BYTES * 8 * 30103 / 100_000;

/// Appends a number with exactly `scale` digits behind the point.
///
/// # Errors
/// One with more digits than the precision.
pub(super) fn append(unscaled: &[u8], precision: u32, scale: u32, out: &mut Bounded<'_>) -> Result<(), Misfit> {
    let scale = i8::try_from(scale).map_err(|_| Misfit::new("a decimal's scale is beyond 127"))?;
    if let Some(small) = small(unscaled) {
        check(digits(small.unsigned_abs()), precision)?;
        number::decimal(small, scale, out);
        return Ok(());
    }
    let value = big(unscaled)?;
    check(value.magnitude().to_string().len() as u32, precision)?;
    number::decimal(value, scale, out);
    Ok(())
}

/// The unscaled number of some bytes, where it fits.
fn small(bytes: &[u8]) -> Option<i128> {
    let first = *bytes.first()?;
    let mut filled = [if first & 0x80 == 0 { 0 } else { 0xff }; 16];
    filled.get_mut(16_usize.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
    Some(i128::from_be_bytes(filled))
}

fn big(bytes: &[u8]) -> Result<BigInt, Misfit> {
    if bytes.is_empty() {
        return Err(Misfit::new("a decimal has no bytes"));
    }
    if bytes.len() > BYTES {
        return Err(Misfit::of("a decimal is too long", format!("{} bytes", bytes.len())));
    }
    Ok(BigInt::from_signed_bytes_be(bytes))
}

fn digits(value: u128) -> u32 {
    value.checked_ilog10().map_or(1, |digits| digits + 1)
}

fn check(digits: u32, precision: u32) -> Result<(), Misfit> {
    match digits <= precision {
        true => Ok(()),
        false => Err(Misfit::of(format!("a decimal does not fit into {precision} digits"), format!("it has {digits}"))),
    }
}

/// The unscaled number of a JSON number, with `scale` digits behind the point.
///
/// # Errors
/// What has digits beyond the scale, or more than the precision in all.
pub(super) fn of_json(text: &str, precision: u32, scale: u32) -> Result<BigInt, Misfit> {
    let does_not_fit = || {
        Misfit::of(
            format!("a decimal does not fit into {precision} digits, {scale} of them behind the point"),
            clipped(text),
        )
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| does_not_fit())?),
        None => (text, 0),
    };
    let (whole, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let behind = behind.trim_end_matches('0');
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let whole = whole.trim_start_matches('0');
    let digits = format!("{whole}{behind}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(BigInt::default());
    }
    // Zeros to be added for the digits to be counted in units of the scale.
    let shift = i64::from(exponent) - behind.len() as i64 + i64::from(scale);
    let room = DIGITS.min(precision as usize);
    let digits = match usize::try_from(shift) {
        Ok(zeros) if zeros.saturating_add(digits.len()) <= room => format!("{sign}{digits}{}", "0".repeat(zeros)),
        Ok(_) => return Err(does_not_fit()),
        Err(_) => {
            let cut = usize::try_from(-shift).unwrap_or(usize::MAX);
            let kept = digits.len().checked_sub(cut).ok_or_else(does_not_fit)?;
            let (kept, rest) = digits.split_at(kept);
            if kept.len() > room || rest.bytes().any(|digit| digit != b'0') {
                return Err(does_not_fit());
            }
            format!("{sign}{kept}")
        }
    };
    digits.parse().map_err(|_| does_not_fit())
}

/// What a message shows of a text from outside.
pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The bytes of an unscaled number: as few as hold it, or of a fixed just so many.
///
/// # Errors
/// A fixed that is too small.
pub(super) fn to_bytes(value: &BigInt, size: Option<usize>) -> Result<Vec<u8>, Misfit> {
    let bytes = value.to_signed_bytes_be();
    let Some(size) = size else { return Ok(bytes) };
    if size > BYTES {
        return Err(Misfit::new(format!("a decimal of {size} bytes is longer than any that means something")));
    }
    let missing = size.checked_sub(bytes.len());
    let missing =
        missing.ok_or_else(|| Misfit::of(format!("a decimal does not fit into {size} bytes"), value.to_string()))?;
    let sign = if value.sign() == num_bigint::Sign::Minus { 0xff } else { 0 };
    Ok(std::iter::repeat_n(sign, missing).chain(bytes).collect())
}

/// A decimal of another precision and scale, exactly.
///
/// # Errors
/// One that has digits which that has no room for.
pub(super) fn rescale(bytes: &[u8], from: u32, to: u32, precision: u32) -> Result<BigInt, Misfit> {
    let value = big(bytes)?;
    if to.abs_diff(from) > BYTES as u32 {
        return Err(Misfit::new("a decimal's scale is beyond what there is room for"));
    }
    let ten = |exponent| BigInt::from(10).pow(exponent);
    let rescaled = if to >= from {
        value * ten(to - from)
    } else {
        let divisor = ten(from - to);
        if &value % &divisor != BigInt::default() {
            let what = format!("a decimal has digits beyond the {to} behind the point that there is room for");
            return Err(Misfit::of(what, value.to_string()));
        }
        value / divisor
    };
    check(rescaled.magnitude().to_string().len() as u32, precision)?;
    Ok(rescaled)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_decimals_or_are_refused() {
        let of = |text: &str| of_json(text, 5, 2).map(|value| value.to_string()).map_err(|misfit| misfit.to_string());
        assert_eq!(of("1.5").as_deref(), Ok("150"));
        assert_eq!(of("-0.05").as_deref(), Ok("-5"));
        assert_eq!(of("123.4500").as_deref(), Ok("12345"));
        assert_eq!(of("1.2345e2").as_deref(), Ok("12345"));
        assert_eq!(of("12300e-3").as_deref(), Ok("1230"));
        assert_eq!(of("0.000e9").as_deref(), Ok("0"));
        assert_eq!(of("999").as_deref(), Ok("99900"));
        for text in ["1.005", "1000", "1e400", "1e-400", "1e99999999999", "0.001"] {
            assert!(of(text).unwrap_err().contains("does not fit"), "{text}");
        }
    }

    #[test]
    fn a_precision_of_billions_makes_no_billions_of_zeros() {
        for text in ["1e2000000000", "1e2500", &"9".repeat(3000)] {
            assert!(of_json(text, u32::MAX, 0).unwrap_err().to_string().contains("does not fit"), "{text}");
        }
        assert!(big(&of_json("1e2464", u32::MAX, 0).unwrap().to_signed_bytes_be()).is_ok());
    }

    #[test]
    fn bytes_come_back() {
        for text in ["0", "-1", "127", "128", "-128", "-129", "170141183460469231731687303715884105728"] {
            let value: BigInt = text.parse().unwrap();
            let bytes = to_bytes(&value, None).unwrap();
            assert_eq!(big(&bytes).unwrap(), value);
            let fixed = to_bytes(&value, Some(20)).unwrap();
            assert_eq!(big(&fixed).unwrap(), value);
            let mut out = Vec::new();
            append(&bytes, 50, 0, &mut Bounded::new(&mut out, 100)).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
        assert!(to_bytes(&BigInt::from(300), Some(1)).is_err());
        assert!(to_bytes(&BigInt::from(300), Some(1 << 40)).is_err());
    }
}
