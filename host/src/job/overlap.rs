//! Whether something is written among what is read.

use std::path::{Path, PathBuf, absolute};

/// Whether `place` is `backup` itself or lies below it: both paths or URLs.
pub(super) fn is_within(place: &str, backup: &str) -> bool {
    match (local(place), local(backup)) {
        (Some(place), Some(backup)) => place.starts_with(backup),
        (None, None) => {
            let (place, backup) = (place.trim_end_matches('/'), backup.trim_end_matches('/'));
            place.strip_prefix(backup).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        _ => false,
    }
}

/// The path of a place of this machine, links followed as far as it is there.
fn local(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file://").unwrap_or(url);
    if path.contains("://") {
        return None;
    }
    let whole = absolute(path).ok()?;
    let there = whole.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    Some(match there {
        Some((part, real)) => real.join(whole.strip_prefix(part).unwrap_or(Path::new(""))),
        None => whole,
    })
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_place_below_a_backup_is_known_however_it_is_written() {
        assert!(is_within("s3://bucket/nightly/dead", "s3://bucket/nightly/"));
        assert!(!is_within("s3://bucket/nightly-dead", "s3://bucket/nightly"));
        assert!(is_within("/nowhere/backup/dead/", "file:///nowhere/backup"));
        assert!(is_within("backup/report.json", "./backup"));
        assert!(is_within("/nowhere/backup", "/nowhere/backup"));
        assert!(!is_within("/nowhere/backups", "/nowhere/backup"));
        assert!(!is_within("s3://backup/dead", "backup"));
    }
}
