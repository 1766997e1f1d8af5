//! Refuses to write over what is read: the backup, the job file and the plugins.

use std::path::{Path, PathBuf, absolute};

use super::error::JobError;
use super::{CatalogCache, DeadLetters, PluginSource, PluginUse, Rejected, Report};

/// Refuses dead letters and a report that would be written into the backup at `url`, over the job `file`, or over a
/// plugin's.
///
/// # Errors
/// What would be written over what.
pub(super) fn refuse(
    url: &str,
    file: Option<&Path>,
    plugins: &[PluginUse],
    rejected: &Rejected,
    report: Option<&Report>,
) -> Result<(), JobError> {
    let job_file = file.iter().map(|file| ("the job file".to_owned(), *file));
    let plugin_files = plugins.iter().filter_map(|plugin| match &plugin.source {
        PluginSource::File(path) => Some((format!("the file of plugin `{}`", plugin.name), &**path)),
        PluginSource::ReadyMade(_) | PluginSource::Store { .. } => None,
    });
    let mut files = job_file.chain(plugin_files).map(|(what, path)| (what, path.to_string_lossy()));
    let conflict = |message: String, hint| Err(JobError::Conflict { message, hint });
    if let Some(Report { url: report, .. }) = report {
        let hint = "give it another place: `--report`, or `url` in `[report]`";
        if is_within(report, url) {
            return conflict("the report would be written into the backup".to_owned(), hint);
        }
        if let Some((what, _)) = files.clone().find(|(_, path)| is_within(report, path)) {
            return conflict(format!("the report would be written over {what}"), hint);
        }
    }
    if let Some(DeadLetters::Files { url: letters, .. }) = &rejected.dead_letters {
        let hint = "give the dead letters a place of their own";
        if is_within(letters, url) {
            let message = "`rejected.dead_letters` lies in the backup, and what is written there would be read";
            return conflict(message.to_owned(), hint);
        }
        if let Some((what, _)) = files.find(|(_, path)| is_within(letters, path)) {
            return conflict(format!("`rejected.dead_letters` names {what}"), hint);
        }
    }
    Ok(())
}

/// Refuses a catalog cache in the backup at `url`.
///
/// # Errors
/// That it lies there.
pub(super) fn refuse_cache(url: &str, cache: Option<&CatalogCache>) -> Result<(), JobError> {
    match cache {
        Some(cache) if is_within(&cache.url, url) => Err(JobError::Conflict {
            message: "the catalog cache lies in the backup, and what is written there would be read".to_owned(),
            hint: "give it a place of its own: `--catalog-cache`, or `cache` in `[backup]`",
        }),
        _ => Ok(()),
    }
}

/// Whether `place` is `backup` itself or lies below it: both paths or URLs.
fn is_within(place: &str, backup: &str) -> bool {
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
