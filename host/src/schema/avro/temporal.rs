//! Dates, times, instants and durations out of text: what [`crate::json::temporal`] writes, and the same written otherwise
//! where it is no less exact.

use arrow_schema::TimeUnit;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use super::decimal::clipped;
use super::misfit::Misfit;
use crate::json::temporal::per_second;

/// Nanoseconds of a second.
const NANOS: i64 = 1_000_000_000;

/// Days since 1970-01-01 of `2024-02-29`.
///
/// # Errors
/// What is none.
pub(super) fn date(text: &str) -> Result<i32, Misfit> {
    let day = day(text).ok_or_else(|| is_no("a date such as \"2024-02-29\"", text))?;
    i32::try_from(day).map_err(|_| is_no("a date that fits", text))
}

/// `12:34:56.789`, in units since midnight.
///
/// # Errors
/// What is none, and what is finer than the unit.
pub(super) fn time(text: &str, unit: TimeUnit) -> Result<i64, Misfit> {
    let time: Option<NaiveTime> = text.parse().ok();
    // Leap seconds have no place in Avro.
    let time = time.filter(|time| time.nanosecond() < NANOS as u32);
    let time = time.ok_or_else(|| is_no("a time such as \"12:34:56.789\"", text))?;
    in_units(i64::from(time.num_seconds_from_midnight()), time.nanosecond(), unit, text)
}

/// `2024-02-29T12:34:56.789Z`, or in any other zone, in units since the epoch.
///
/// # Errors
/// What is none, and what is finer than the unit.
pub(super) fn instant(text: &str, unit: TimeUnit) -> Result<i64, Misfit> {
    let parse = |text: &str| text.parse::<DateTime<chrono::FixedOffset>>().ok().map(|instant| instant.to_utc());
    let (seconds, nanos) =
        since_epoch(text, parse).ok_or_else(|| is_no("a timestamp such as \"2024-02-29T12:34:56.789Z\"", text))?;
    in_units(seconds, nanos, unit, text)
}

/// `2024-02-29T12:34:56.789`, in units since the epoch of a zone that nobody knows.
///
/// # Errors
/// What is none, and what is finer than the unit.
pub(super) fn local(text: &str, unit: TimeUnit) -> Result<i64, Misfit> {
    let parse = |text: &str| text.parse::<NaiveDateTime>().ok().map(|local| local.and_utc());
    let (seconds, nanos) =
        since_epoch(text, parse).ok_or_else(|| is_no("a local timestamp such as \"2024-02-29T12:34:56.789\"", text))?;
    in_units(seconds, nanos, unit, text)
}

/// Days since 1970-01-01; also of years that chrono does not have, which values of 32 and 64 bits reach.
fn day(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.signed_duration_since(NaiveDate::default()).num_days());
    }
    let (year, rest) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let year: i64 = year.parse().ok()?;
    // The calendar comes again after 400 years.
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let alike: NaiveDate = format!("{:04}{rest}", 2000 + of_era).parse().ok()?;
    let days = alike.signed_duration_since(NaiveDate::default()).num_days();
    (era - 5).checked_mul(146_097)?.checked_add(days)
}

/// Seconds since the epoch and nanoseconds beyond them. Leap seconds have no place in Avro.
fn since_epoch(text: &str, parse: impl Fn(&str) -> Option<DateTime<chrono::Utc>>) -> Option<(i64, u32)> {
    let (instant, days) = match parse(text) {
        Some(instant) => (instant, 0),
        None => {
            let (date, time) = text.split_once('T')?;
            (parse(&format!("1970-01-01T{time}"))?, day(date)?)
        }
    };
    let seconds = days.checked_mul(86_400)?.checked_add(instant.timestamp())?;
    Some((seconds, instant.timestamp_subsec_nanos())).filter(|(_, nanos)| i64::from(*nanos) < NANOS)
}

/// `P1M2DT3.500S`: months, days and milliseconds.
///
/// # Errors
/// What is none, is negative, or finer than milliseconds.
pub(super) fn duration(text: &str) -> Result<[u32; 3], Misfit> {
    let parts = || {
        let (months, rest) = text.strip_prefix('P')?.split_once('M')?;
        let (days, rest) = rest.split_once("DT")?;
        let (seconds, fraction) = rest.strip_suffix('S').map(|rest| rest.split_once('.').unwrap_or((rest, "")))?;
        let fraction = fraction.trim_end_matches('0');
        let are_digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
        if fraction.len() > 3 || !are_digits(fraction) || !are_digits(seconds) {
            return None;
        }
        let millis: u32 = format!("{seconds}{fraction:0<3}").parse().ok()?;
        Some([months.parse().ok()?, days.parse().ok()?, millis])
    };
    parts().ok_or_else(|| is_no("a duration such as \"P1M2DT3.500S\"", text))
}

/// `value` of another unit.
///
/// # Errors
/// What is finer than the unit, or does not fit.
pub(super) fn rescale(value: i64, from: TimeUnit, to: TimeUnit) -> Result<i64, Misfit> {
    let (from, to) = (per_second(from), per_second(to));
    let rescaled = if to >= from {
        value.checked_mul(to / from)
    } else {
        let divisor = from / to;
        (value % divisor == 0).then_some(value / divisor)
    };
    rescaled.ok_or_else(|| Misfit::of("a time does not fit its unit", value.to_string()))
}

fn in_units(seconds: i64, nanos: u32, unit: TimeUnit, text: &str) -> Result<i64, Misfit> {
    let (units, nanos) = (per_second(unit), i64::from(nanos));
    let nanos_of_unit = NANOS / units;
    if nanos % nanos_of_unit != 0 {
        return Err(Misfit::of(format!("a time is finer than {nanos_of_unit} ns"), clipped(text)));
    }
    // The first second of 64 bits is not whole.
    let whole = i128::from(seconds) * i128::from(units) + i128::from(nanos / nanos_of_unit);
    i64::try_from(whole).map_err(|_| Misfit::of("a time does not fit into 64 bits", clipped(text)))
}

fn is_no(what: &str, text: &str) -> Misfit {
    Misfit::of(format!("its text is not {what}"), clipped(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::json::temporal as written;

    #[test]
    fn sentinels_at_the_ends_of_their_bits_come_back() {
        let text = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            String::from_utf8(out).unwrap()
        };
        for value in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
            for unit in [TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
                let zoned = text(&|out| written::timestamp(value, unit, true, out));
                assert_eq!(instant(&zoned, unit), Ok(value), "{zoned}");
                let bare = text(&|out| written::timestamp(value, unit, false, out));
                assert_eq!(local(&bare, unit), Ok(value), "{bare}");
            }
        }
        for value in [i32::MIN, -719_529, -1, 0, 2_932_897, i32::MAX] {
            let day = text(&|out| written::date(i64::from(value), out));
            assert_eq!(date(&day), Ok(value), "{day}");
        }
    }

    #[test]
    fn what_is_no_day_is_told() {
        for text in ["+300000-02-30", "+300000-13-01", "+9999999999999999999-01-01", "300000-1-1", "-01", "", "ö-01-01"]
        {
            assert!(date(text).unwrap_err().to_string().contains("is not a date"), "{text}");
        }
        for text in ["+300000-02-28T24:00:00Z", "+300000-02-28T", "2016-12-31T23:59:60Z"] {
            assert!(
                instant(text, TimeUnit::Millisecond).unwrap_err().to_string().contains("is not a timestamp"),
                "{text}"
            );
        }
    }
}
