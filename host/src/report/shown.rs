//! Counts, sizes and times as people read them.

use std::time::Duration;

use bytesize::ByteSize;
use chrono::{DateTime, SecondsFormat};
use indicatif::HumanCount;

/// `1,234,567`.
pub fn count(count: u64) -> String {
    HumanCount(count).to_string()
}

/// `1.2 MiB`.
pub fn size(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}

/// `1 file` or `3 files`.
pub fn files(files: usize) -> String {
    format!("{} {}", count(files as u64), if files == 1 { "file" } else { "files" })
}

/// `1 more file` or `3 more files`.
pub fn more_files(files: usize) -> String {
    format!("{} more {}", count(files as u64), if files == 1 { "file" } else { "files" })
}

/// `850ms`, `2.35s` or `1h 2m 3s`.
pub fn time(time: Duration) -> String {
    match time.as_secs() {
        0 => humantime::format_duration(Duration::from_millis(time.as_millis() as u64)).to_string(),
        1..60 => format!("{:.2}s", time.as_secs_f64()),
        seconds => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
    }
}

/// A time of day from milliseconds since the epoch: `2025-10-09T08:53:20Z`.
pub fn moment(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map_or_else(|| format!("{millis} ms"), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The same to the millisecond, where that is not a whole second.
pub fn instant(millis: i64) -> String {
    match DateTime::from_timestamp_millis(millis) {
        Some(time) if millis % 1000 != 0 => time.to_rfc3339_opts(SecondsFormat::Millis, true),
        _ => moment(millis),
    }
}

/// At most `length` characters of a text, with `…` where some are left out.
pub fn shortened(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_they_are_long() {
        let shown = |millis| time(Duration::from_millis(millis));
        assert_eq!([shown(0), shown(850), shown(2_350), shown(3_723_900)], ["0s", "850ms", "2.35s", "1h 2m 3s"]);
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(shortened("äöü", 2), "äö…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }
}
