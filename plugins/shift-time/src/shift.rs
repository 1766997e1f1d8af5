//! A timestamp in JSON, moved: it keeps its form, and everything about it that is not the moment.

use anabranch_json::content;
use chrono::{DateTime, TimeDelta};

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Rfc3339,
    Seconds,
    Milliseconds,
    Microseconds,
}

impl Form {
    /// The parameter that names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rfc3339 => "`rfc3339`",
            Self::Seconds => "`epoch-s`",
            Self::Milliseconds => "`epoch-ms`",
            Self::Microseconds => "`epoch-us`",
        }
    }
}

/// The JSON of a timestamp, moved by so many milliseconds; `None` for what is no such timestamp, or would be none then. By
/// seconds only whole ones are moved.
pub(crate) fn shifted(json: &str, form: Form, milliseconds: i64) -> Option<String> {
    let text = content(json);
    let moved = match (form, &text) {
        (Form::Rfc3339, Some(text)) => rfc3339(text, milliseconds)?,
        (Form::Rfc3339, None) => return None,
        (Form::Seconds, _) => number(text.as_deref().unwrap_or(json), milliseconds / 1000)?,
        (Form::Milliseconds, _) => number(text.as_deref().unwrap_or(json), milliseconds)?,
        (Form::Microseconds, _) => number(text.as_deref().unwrap_or(json), milliseconds.checked_mul(1000)?)?,
    };
    // None of the letters of a timestamp needs an escape.
    Some(if text.is_some() { format!("\"{moved}\"") } else { moved })
}

/// A whole number, or one with a fraction, which is kept as it stands.
fn number(text: &str, by: i64) -> Option<String> {
    let (whole, fraction) = text.find('.').map_or((text, ""), |point| text.split_at(point));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole.strip_prefix('-').unwrap_or(whole)) || !is_plain(fraction.strip_prefix('.').unwrap_or(fraction))
    {
        return None;
    }
    let from: i64 = whole.parse().ok()?;
    let moved = from.checked_add(by)?;
    // Below zero a fraction counts the other way.
    if !fraction.is_empty() && (whole.starts_with('-') || moved < 0) {
        return None;
    }
    Some(format!("{moved}{fraction}"))
}

/// With the same offset, the same letters between, and as many digits of the second or more.
fn rfc3339(text: &str, milliseconds: i64) -> Option<String> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    let moved = moment.checked_add_signed(TimeDelta::try_milliseconds(milliseconds)?)?;
    let between = text.get(10..11)?;
    let after_seconds = text.get(19..)?;
    let (fraction, offset) = match after_seconds.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", after_seconds),
    };
    let is_finer = milliseconds % 1000 != 0;
    let digits = if is_finer { fraction.len().max(3) } else { fraction.len() };
    let date = moved.format("%Y-%m-%d").to_string();
    // Years of more than four digits are none that RFC 3339 has.
    if date.len() != 10 || date.starts_with(['-', '+']) {
        return None;
    }
    let mut written = format!("{date}{between}{}", moved.format("%H:%M:%S"));
    if digits > 0 {
        written.push('.');
        if is_finer {
            let nanoseconds = format!("{:09}", moved.timestamp_subsec_nanos() % 1_000_000_000);
            // Beyond nanoseconds the digits are those that were there.
            written.push_str(nanoseconds.get(..digits.min(9))?);
            written.push_str(fraction.get(9..).unwrap_or(""));
        } else {
            written.push_str(fraction);
        }
    }
    written.push_str(offset);
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::{Form, shifted};

    #[test]
    fn every_form_stays_what_it_was() {
        let day = 86_400_000;
        for (json, form, by, due) in [
            ("1700000000", Form::Seconds, day, Some("1700086400")),
            ("1700000000.123456", Form::Seconds, day, Some("1700086400.123456")),
            ("\"1700000000\"", Form::Seconds, day, Some("\"1700086400\"")),
            ("1700000000123", Form::Milliseconds, 1, Some("1700000000124")),
            ("-5", Form::Milliseconds, 10, Some("5")),
            ("1700000000123456", Form::Microseconds, -1, Some("1700000000122456")),
            ("\"2024-02-28T23:30:00Z\"", Form::Rfc3339, day, Some("\"2024-02-29T23:30:00Z\"")),
            ("\"2024-02-28 23:30:00.10+01:00\"", Form::Rfc3339, day, Some("\"2024-02-29 23:30:00.10+01:00\"")),
            ("\"2024-02-28t23:30:00.123456789z\"", Form::Rfc3339, 1000, Some("\"2024-02-28t23:30:01.123456789z\"")),
            ("\"2024-02-28T23:59:59Z\"", Form::Rfc3339, 1500, Some("\"2024-02-29T00:00:00.500Z\"")),
            ("\"2024-02-28T23:59:59.1234-00:00\"", Form::Rfc3339, 1, Some("\"2024-02-28T23:59:59.1244-00:00\"")),
            ("\"9999-12-31T23:59:59Z\"", Form::Rfc3339, day, None),
            ("\"2024-02-30T00:00:00Z\"", Form::Rfc3339, day, None),
            ("\"2024-02-28\"", Form::Rfc3339, day, None),
            // Where a leap second comes to stand there is none.
            ("\"2016-12-31T23:59:60.5Z\"", Form::Rfc3339, day, Some("\"2017-01-01T23:59:59.5Z\"")),
            ("\"2016-12-31T23:59:60Z\"", Form::Rfc3339, 1000, Some("\"2017-01-01T00:00:00Z\"")),
            ("7", Form::Rfc3339, day, None),
            ("-1.5", Form::Seconds, day, None),
            ("1e9", Form::Seconds, day, None),
            ("9223372036854775807", Form::Milliseconds, 1, None),
            ("\"\"", Form::Milliseconds, 1, None),
            ("{}", Form::Milliseconds, 1, None),
            ("true", Form::Seconds, 1000, None),
        ] {
            assert_eq!(shifted(json, form, by).as_deref(), due, "{json} {form:?} {by}");
        }
    }
}
