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
    let date: Option<NaiveDate> = text.parse().ok();
    let date = date.ok_or_else(|| is_no("a date such as \"2024-02-29\"", text))?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days())
        .map_err(|_| is_no("a date that fits", text))
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
    let instant: Option<DateTime<chrono::FixedOffset>> = text.parse().ok();
    let instant = instant.ok_or_else(|| is_no("a timestamp such as \"2024-02-29T12:34:56.789Z\"", text))?;
    in_units(instant.timestamp(), instant.timestamp_subsec_nanos(), unit, text)
}

/// `2024-02-29T12:34:56.789`, in units since the epoch of a zone that nobody knows.
///
/// # Errors
/// What is none, and what is finer than the unit.
pub(super) fn local(text: &str, unit: TimeUnit) -> Result<i64, Misfit> {
    let local: Option<NaiveDateTime> = text.parse().ok();
    let local = local.ok_or_else(|| is_no("a local timestamp such as \"2024-02-29T12:34:56.789\"", text))?.and_utc();
    in_units(local.timestamp(), local.timestamp_subsec_nanos(), unit, text)
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
    let whole = seconds.checked_mul(units).and_then(|whole| whole.checked_add(nanos / nanos_of_unit));
    whole.ok_or_else(|| Misfit::of("a time does not fit into 64 bits", clipped(text)))
}

fn is_no(what: &str, text: &str) -> Misfit {
    Misfit::of(format!("its text is not {what}"), clipped(text))
}
