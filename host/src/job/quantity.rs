//! Sizes and durations as people write them.

use std::time::Duration;

use bytesize::ByteSize;

/// No size may be larger: sums of sizes stay far from overflowing, and half of it, the bound of librdkafka's
/// queue, is a quarter of what `queue.buffering.max.kbytes` takes.
const MOST: u64 = 1 << 40;

/// A number of bytes from `64 MiB`, `64MB` or `1048576`.
///
/// # Errors
/// Says what is wrong with the text.
pub fn size(text: &str) -> Result<usize, String> {
    let size: ByteSize = text.parse().map_err(|_| "not a size such as `64 MiB`".to_owned())?;
    bounded(size.as_u64())
}

/// A number of bytes that a size may be.
///
/// # Errors
/// Says which bound it breaks.
pub fn bounded(bytes: u64) -> Result<usize, String> {
    match usize::try_from(bytes) {
        Ok(0) => Err("must be more than nothing".to_owned()),
        _ if bytes > MOST => Err("must be at most 1 TiB".to_owned()),
        Ok(size) => Ok(size),
        Err(_) => Err("more than this machine can address".to_owned()),
    }
}

/// A time from `10s`, `500ms` or `1m 30s`.
///
/// # Errors
/// Says what is wrong with the text.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|_| "not a duration such as `10s`".to_owned())?;
    if duration.is_zero() { Err("must be more than nothing".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_no_machine_has_is_refused_and_not_taken_for_the_largest_number() {
        for text in ["99999999999999999999GB", "1025 GiB", "18446744073709551615"] {
            assert_eq!(size(text), Err("must be at most 1 TiB".to_owned()));
        }
        assert!(size("1 TiB").is_ok());
    }

    #[test]
    fn sizes_and_durations_as_people_write_them() {
        assert_eq!(size("64 MiB"), Ok(64 << 20));
        assert_eq!(size("1MB"), Ok(1_000_000));
        assert_eq!(size("4096"), Ok(4096));
        assert!(size("0").is_err() && size("much").is_err() && size("-1").is_err());
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("0s").is_err() && duration("10").is_err());
    }
}
