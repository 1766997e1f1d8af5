//! Dates, times, instants, durations and intervals as text.
//!
//! A fraction has as many digits as the unit says: none, three, six or nine. Years beyond 0000 to 9999,
//! which RFC 3339 does not have but sentinels of databases do, are written as ISO 8601's expanded ones:
//! `+294247-01-10`, `-0044-03-15`.

use std::io::Write as _;

use arrow_schema::TimeUnit;

const DAY: i64 = 86_400;

/// How many of a unit are a second.
pub(crate) fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

fn fraction(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    // Writing into a vector cannot fail, here and below.
    let _ = match unit {
        TimeUnit::Second => Ok(()),
        TimeUnit::Millisecond => write!(out, ".{value:03}"),
        TimeUnit::Microsecond => write!(out, ".{value:06}"),
        TimeUnit::Nanosecond => write!(out, ".{value:09}"),
    };
}

/// `YYYY-MM-DD` of a day counted from 1970-01-01, in the Gregorian calendar also before it was one.
pub(crate) fn date(day: i64, out: &mut Vec<u8>) {
    // Howard Hinnant's `civil_from_days`: years begin in March, eras have 400 of them.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let _ = match year {
        0..=9999 => write!(out, "{year:04}-{month:02}-{day:02}"),
        10_000.. => write!(out, "+{year}-{month:02}-{day:02}"),
        _ => write!(out, "-{:04}-{month:02}-{day:02}", year.unsigned_abs()),
    };
}

/// A day counted in milliseconds; where it is none, the instant.
pub(crate) fn date64(millis: i64, out: &mut Vec<u8>) {
    match millis.rem_euclid(DAY * 1_000) {
        0 => date(millis.div_euclid(DAY * 1_000), out),
        _ => timestamp(millis, TimeUnit::Millisecond, false, out),
    }
}

/// `hh:mm:ss` with a fraction, counted from midnight.
pub(crate) fn time(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let (seconds, rest) = (value.div_euclid(per_second(unit)), value.rem_euclid(per_second(unit)));
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    fraction(rest, unit, out);
}

/// An instant of RFC 3339, with `Z` if it is one of UTC and with nothing if its zone is unknown.
pub(crate) fn timestamp(value: i64, unit: TimeUnit, is_utc: bool, out: &mut Vec<u8>) {
    let of_day = DAY * per_second(unit);
    date(value.div_euclid(of_day), out);
    out.push(b'T');
    time(value.rem_euclid(of_day), unit, out);
    if is_utc {
        out.push(b'Z');
    }
}

/// `PT…S`, in seconds.
pub(crate) fn duration(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    out.extend_from_slice(b"PT");
    seconds(value, unit, out);
}

/// `P…M…DT…S`: months, days and seconds, each with its own sign; all three are always written.
pub(crate) fn interval(months: i32, days: i32, rest: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let _ = write!(out, "P{months}M{days}DT");
    seconds(rest, unit, out);
}

fn seconds(value: i64, unit: TimeUnit, out: &mut Vec<u8>) {
    let (size, per_second) = (value.unsigned_abs(), per_second(unit).unsigned_abs());
    if value < 0 {
        out.push(b'-');
    }
    let _ = write!(out, "{}", size / per_second);
    fraction((size % per_second) as i64, unit, out);
    out.push(b'S');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn dates_go_beyond_four_digits_and_before_the_epoch() {
        for (day, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (2_932_896, "9999-12-31"),
            (2_932_897, "+10000-01-01"),
            (-719_529, "-0001-12-31"),
            (-719_528, "0000-01-01"),
        ] {
            assert_eq!(text(|out| date(day, out)), expected);
        }
    }

    #[test]
    fn every_instant_has_a_text() {
        let at = |value, unit| text(|out| timestamp(value, unit, true, out));
        assert_eq!(at(i64::MAX, TimeUnit::Microsecond), "+294247-01-10T04:00:54.775807Z");
        assert_eq!(at(-1, TimeUnit::Nanosecond), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(at(i64::MIN, TimeUnit::Nanosecond), "1677-09-21T00:12:43.145224192Z");
        assert!(at(i64::MAX, TimeUnit::Second).starts_with("+292277026596-12-04T"));
        assert!(at(i64::MIN, TimeUnit::Second).starts_with("-292277022657-01-27T"));
    }

    #[test]
    fn dates_agree_with_chrono() {
        let epoch = chrono::NaiveDate::default();
        for day in (-800_000..3_000_000).step_by(97) {
            let expected = epoch + chrono::Duration::days(day);
            let year = chrono::Datelike::year(&expected);
            if (0..=9999).contains(&year) {
                assert_eq!(text(|out| date(day, out)), expected.to_string());
            }
        }
    }

    #[test]
    fn durations_keep_their_sign() {
        assert_eq!(text(|out| duration(-1, TimeUnit::Millisecond, out)), "PT-0.001S");
        assert_eq!(text(|out| duration(i64::MIN, TimeUnit::Second, out)), "PT-9223372036854775808S");
        assert_eq!(text(|out| interval(14, -3, 5, TimeUnit::Nanosecond, out)), "P14M-3DT0.000000005S");
    }
}
