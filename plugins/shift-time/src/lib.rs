//! Moves all timestamps by the same time: those of the records, and those that stand in values. So yesterday's data can
//! look as if it came today, and every interval stays what it was, to the last digit.

mod shift;

use std::io::Write as _;

use anabranch_json::{InvalidPath, Path, Paths, Policy, text};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record};
use chrono::DateTime;
use serde::Deserialize;

use crate::shift::{Form, shifted};

#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// How far timestamps are moved, as in `+3d`, `-90m` or `+1h 30m`.
    by: Option<String>,
    /// The moment, as RFC 3339 has it, that becomes the time at which the job starts, to the second.
    to_now: Option<String>,
    /// Whether the timestamps of the records are moved.
    #[parameter(default = true)]
    record: bool,
    /// Paths of timestamps as RFC 3339 has them.
    #[parameter(default = [""; 0])]
    rfc3339: Vec<String>,
    /// Paths of timestamps in seconds since the epoch.
    #[parameter(default = [""; 0])]
    epoch_s: Vec<String>,
    /// Paths of timestamps in milliseconds since the epoch.
    #[parameter(default = [""; 0])]
    epoch_ms: Vec<String>,
    /// Paths of timestamps in microseconds since the epoch.
    #[parameter(default = [""; 0])]
    epoch_us: Vec<String>,
    /// What becomes of a record in which something at a path is no such timestamp: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    failing: Policy,
    /// What becomes of a record in which one of the paths finds nothing: `reject`, `keep` or `drop`.
    #[parameter(text, default = "keep")]
    missing: Policy,
    /// What becomes of a record whose value is not JSON, where there are paths: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

struct ShiftTime {
    milliseconds: i64,
    record: bool,
    paths: Paths,
    forms: Vec<Form>,
    /// Which of the paths found something, of the record at hand.
    found: Vec<bool>,
    failing: Policy,
    missing: Policy,
    not_json: Policy,
    written: String,
}

fn wrong(parameter: &str, message: impl Into<String>) -> ConfigurationError {
    ConfigurationError::in_parameter(parameter, message)
}

/// How far timestamps are moved, in milliseconds.
fn distance(settings: &Settings, started: i64) -> Result<i64, ConfigurationError> {
    match (&settings.by, &settings.to_now) {
        (Some(by), None) => {
            let (sign, length) = match by.trim_start().split_at_checked(1) {
                Some(("+", length)) => (1, length),
                Some(("-", length)) => (-1, length),
                _ => return Err(wrong("by", format!("`{by}` says neither `+`, into the future, nor `-`"))),
            };
            let length =
                humantime::parse_duration(length.trim()).map_err(|error| wrong("by", format!("`{by}`: {error}")))?;
            if length.subsec_nanos() % 1_000_000 != 0 {
                return Err(wrong("by", "timestamps of records are in milliseconds, and so is this"));
            }
            let milliseconds = i64::try_from(length.as_millis());
            Ok(sign * milliseconds.map_err(|_| wrong("by", format!("`{by}` is further than timestamps reach")))?)
        }
        (None, Some(moment)) => {
            let read = DateTime::parse_from_rfc3339(moment);
            let read = read.map_err(|error| wrong("to-now", format!("`{moment}` is no RFC 3339: {error}")))?;
            // Whole seconds, so that timestamps in seconds can be moved by as much.
            Ok((started - read.timestamp_millis()).div_euclid(1000) * 1000)
        }
        _ => {
            Err(ConfigurationError::new("say either `by`, how far, or `to-now`, which moment becomes the job's start"))
        }
    }
}

impl Configure for ShiftTime {
    type Parameters = Settings;

    fn configure(settings: Settings, context: &Context) -> Result<Self, ConfigurationError> {
        let milliseconds = distance(&settings, context.started)?;
        let (mut paths, mut forms) = (Vec::<Path>::new(), Vec::new());
        for (name, written, form) in [
            ("rfc3339", &settings.rfc3339, Form::Rfc3339),
            ("epoch-s", &settings.epoch_s, Form::Seconds),
            ("epoch-ms", &settings.epoch_ms, Form::Milliseconds),
            ("epoch-us", &settings.epoch_us, Form::Microseconds),
        ] {
            for path in written {
                paths.push(path.parse().map_err(|error: InvalidPath| wrong(name, error.to_string()))?);
                forms.push(form);
            }
        }
        if milliseconds % 1000 != 0 && !settings.epoch_s.is_empty() {
            return Err(wrong("by", "timestamps of `epoch-s` are in seconds, and can be moved by whole ones only"));
        }
        if paths.is_empty() && !settings.record {
            return Err(ConfigurationError::new("nothing is moved: name paths, or leave out `record = false`"));
        }
        Ok(Self {
            milliseconds,
            record: settings.record,
            found: vec![false; paths.len()],
            paths: Paths::new(paths),
            forms,
            failing: settings.failing,
            missing: settings.missing,
            not_json: settings.not_json,
            written: String::new(),
        })
    }
}

impl Plugin for ShiftTime {
    const READS: Columns = Columns::VALUE.union(Columns::TIMESTAMP);
    const CHANGES: Columns = Columns::VALUE.union(Columns::TIMESTAMP);

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        let moved = match record.timestamp().filter(|_| self.record) {
            None => None,
            Some(timestamp) => match timestamp.checked_add(self.milliseconds).filter(|moved| *moved >= 0) {
                Some(moved) => Some(moved),
                None => {
                    let reason = || format!("the timestamp {timestamp} cannot be moved by {} ms", self.milliseconds);
                    return self.failing.settle(record, "no timestamp", reason);
                }
            },
        };
        if let Some(value) = record.value().filter(|_| !self.forms.is_empty()) {
            let read = text(value).and_then(|text| Ok((text, self.paths.find(text)?)));
            let (text, places) = match read {
                Ok(read) => read,
                Err(error) => return self.not_json.not_json(record, "value", &error),
            };
            self.found.fill(false);
            self.written.clear();
            let slice = |from: usize, to: usize| text.get(from..to).unwrap_or("");
            let mut copied = 0;
            let mut failed = None;
            for place in places {
                let json = slice(place.span.start, place.span.end);
                self.found[place.path] = true;
                if json == "null" {
                    continue;
                }
                let Some(moved) = shifted(json, self.forms[place.path], self.milliseconds) else {
                    failed = Some((place.path, json));
                    break;
                };
                self.written.push_str(slice(copied, place.span.start));
                self.written.push_str(&moved);
                copied = place.span.end;
            }
            if let Some((path, json)) = failed {
                let reason = || {
                    let shown: String = json.chars().take(60).collect();
                    let form = self.forms[path].name();
                    let path = &self.paths.paths()[path];
                    format!("what stands at `{path}` cannot be moved as {form}: `{shown}`")
                };
                return self.failing.settle(record, "no timestamp", reason);
            }
            let missed = self.paths.paths().iter().zip(&self.found).find(|(_, found)| !**found);
            if let (Some((path, _)), true) = (missed, self.missing != Policy::Keep) {
                return self
                    .missing
                    .settle(record, "nothing at a path", || format!("the value has nothing at `{path}`"));
            }
            if copied > 0 {
                self.written.push_str(slice(copied, text.len()));
                record.value_writer().write_all(self.written.as_bytes())?;
            }
        }
        if moved.is_some() {
            record.set_timestamp(moved);
        }
        record.keep()
    }
}

anabranch_plugin::export!(ShiftTime);

#[cfg(test)]
mod tests;
