//! One kind of JSON value from another.

use anabranch_json::{content, write_text};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;

/// What a value is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    /// Text as RFC 3339 has it, in UTC.
    Rfc3339,
    EpochS,
    EpochMs,
    EpochUs,
}

/// What a number counts that is a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Unit {
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "us")]
    Microseconds,
}

impl Unit {
    fn microseconds(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000,
            Self::Milliseconds => 1_000,
            Self::Microseconds => 1,
        }
    }
}

/// The value as JSON of that kind, `None` where it cannot be that. `unit` is that of numbers that are to become moments.
pub(crate) fn cast(json: &str, kind: Kind, unit: Unit) -> Option<String> {
    let text = content(json);
    let plain = text.as_deref().unwrap_or(json);
    match kind {
        Kind::Text if text.is_some() => Some(json.to_owned()),
        Kind::Text => {
            let mut quoted = String::new();
            write_text(json, &mut quoted);
            Some(quoted)
        }
        Kind::Integer => integer(plain),
        Kind::Number => is_number(plain).then(|| plain.to_owned()),
        Kind::Boolean => match plain {
            "true" | "1" => Some("true".to_owned()),
            "false" | "0" => Some("false".to_owned()),
            _ => None,
        },
        Kind::Rfc3339 | Kind::EpochS | Kind::EpochMs | Kind::EpochUs => {
            let microseconds = match &text {
                Some(text) if !is_number(text) => DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros(),
                _ => integer(plain)?.parse::<i64>().ok()?.checked_mul(unit.microseconds())?,
            };
            let epoch = |unit: Unit| Some(microseconds.div_euclid(unit.microseconds()).to_string());
            match kind {
                Kind::EpochS => epoch(Unit::Seconds),
                Kind::EpochMs => epoch(Unit::Milliseconds),
                Kind::EpochUs => epoch(Unit::Microseconds),
                _ => {
                    let moment = DateTime::<Utc>::from_timestamp_micros(microseconds)?;
                    Some(format!("\"{}\"", moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
                }
            }
        }
    }
}

/// Whether it is a number as JSON writes it.
fn is_number(text: &str) -> bool {
    text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        && anabranch_json::Node::parse(text).is_ok()
        && !text.ends_with([' ', '\t', '\n', '\r'])
}

/// A number without fraction: its own digits, however many, or those of one whose fraction is zero.
fn integer(text: &str) -> Option<String> {
    if !is_number(text) {
        return None;
    }
    if !text.contains(['.', 'e', 'E']) {
        return Some(text.to_owned());
    }
    let number: f64 = text.parse().ok()?;
    // Beyond this a float does not hold every whole number.
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then(|| format!("{}", number as i64))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Unit, cast};

    #[test]
    fn kinds_are_changed_without_loss_or_not_at_all() {
        let cast = |json: &str, kind| cast(json, kind, Unit::Milliseconds);
        for (json, kind, due) in [
            ("12", Kind::Text, Some("\"12\"")),
            ("{\"a\":1}", Kind::Text, Some(r#""{\"a\":1}""#)),
            ("\"a\"", Kind::Text, Some("\"a\"")),
            ("\"12\"", Kind::Integer, Some("12")),
            ("123456789012345678901234567890", Kind::Integer, Some("123456789012345678901234567890")),
            ("12.0", Kind::Integer, Some("12")),
            ("1.2e1", Kind::Integer, Some("12")),
            ("12.5", Kind::Integer, None),
            ("1e300", Kind::Integer, None),
            ("\" 12\"", Kind::Integer, None),
            ("\"12 \"", Kind::Number, None),
            ("\"+1\"", Kind::Integer, None),
            ("true", Kind::Integer, None),
            ("\"12.50\"", Kind::Number, Some("12.50")),
            ("\"x\"", Kind::Number, None),
            ("[1]", Kind::Number, None),
            ("\"true\"", Kind::Boolean, Some("true")),
            ("0", Kind::Boolean, Some("false")),
            ("\"yes\"", Kind::Boolean, None),
            ("1700000000000", Kind::Rfc3339, Some("\"2023-11-14T22:13:20Z\"")),
            ("\"1700000000123\"", Kind::Rfc3339, Some("\"2023-11-14T22:13:20.123Z\"")),
            ("\"2023-11-14T23:13:20+01:00\"", Kind::EpochMs, Some("1700000000000")),
            ("-1", Kind::EpochS, Some("-1")),
            ("1700000000000", Kind::EpochS, Some("1700000000")),
            ("1700000000000", Kind::EpochUs, Some("1700000000000000")),
            ("9223372036854775807", Kind::Rfc3339, None),
            ("9223372036854775", Kind::Rfc3339, None),
            ("\"yesterday\"", Kind::EpochMs, None),
        ] {
            assert_eq!(cast(json, kind).as_deref(), due, "{json} {kind:?}");
        }
    }
}
