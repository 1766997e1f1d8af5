//! Keeps the first of several records that are the same by key, header or field, and leaves out those that follow within
//! a window of offsets or of time.
//!
//! It remembers 16 bytes of the SHA-256 of what makes each record that it kept the same as others, as long as the window
//! reaches, and so a number of records that is bounded. What it answers depends on what it kept before, and that on what
//! it kept before that: its state is the whole lane.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use anabranch_json::{Path, Paths, Policy, plain, text};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record, State};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// How many records are remembered at most: as many as half of a plugin's memory by default can hold.
const MOST: usize = 300_000;

#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// What makes records the same, all of it together: `key:$` for the key, `key:PATH`, `header:NAME`, or a path in the
    /// value.
    by: Vec<String>,
    /// How many offsets after a record that is kept the same are left out.
    offsets: Option<i64>,
    /// How long before and after a record that is kept the same are left out, by timestamp, as in `10m` or `1h 30m`.
    time: Option<String>,
    /// What becomes of a record without such a key, header or field: `reject`, `keep` or `drop`.
    #[parameter(text, default = "keep")]
    missing: Policy,
    /// What becomes of a record whose value or key is not JSON where a path needs it: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

/// A part of what makes records the same.
enum Part {
    WholeKey,
    Key(Paths),
    Header(String),
    Value(Paths),
}

enum Window {
    Offsets(i64),
    Milliseconds(i64),
}

/// Of what makes a record the same as others.
type Fingerprint = [u8; 16];

struct Dedupe {
    parts: Vec<Part>,
    window: Window,
    missing: Policy,
    not_json: Policy,
    /// Where the records stand that were kept: their offset, or their timestamp.
    kept: HashMap<Fingerprint, i64>,
    /// The same in the order in which they came.
    order: VecDeque<(Fingerprint, i64)>,
    /// The latest place so far.
    latest: i64,
}

/// What stands in the way of telling whether a record is the same as others.
enum Unknown {
    /// There is nothing that could be compared.
    Nothing(String),
    NotJson(&'static str, anabranch_json::NotJson),
}

impl Configure for Dedupe {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        let wrong = |parameter: &str, message: String| ConfigurationError::in_parameter(parameter, message);
        if settings.by.is_empty() {
            return Err(wrong("by", "it names nothing that makes records the same".to_owned()));
        }
        let path = |written: &str| match written.parse::<Path>() {
            Ok(path) if path.is_singular() => Ok(Paths::new(vec![path])),
            Ok(path) => Err(wrong("by", format!("`{path}` can mean several things, and one is compared"))),
            Err(error) => Err(wrong("by", error.to_string())),
        };
        let part = |written: &String| match (written.as_str(), written.split_once(':')) {
            ("key:$", _) => Ok(Part::WholeKey),
            (_, Some(("header", name))) => Ok(Part::Header(name.to_owned())),
            (_, Some(("key", written))) => path(written).map(Part::Key),
            (written, _) => path(written).map(Part::Value),
        };
        let parts = settings.by.iter().map(part).collect::<Result<_, _>>()?;
        let window = match (settings.offsets, &settings.time) {
            (Some(offsets), None) if offsets > 0 => Window::Offsets(offsets),
            (Some(_), None) => return Err(wrong("offsets", "a window is of 1 offset or more".to_owned())),
            (None, Some(time)) => {
                let time =
                    humantime::parse_duration(time).map_err(|error| wrong("time", format!("`{time}`: {error}")))?;
                match i64::try_from(time.as_millis()) {
                    Ok(milliseconds) if time >= Duration::from_millis(1) => Window::Milliseconds(milliseconds),
                    _ => {
                        return Err(wrong("time", "a window is of 1 ms or more, and of less than all time".to_owned()));
                    }
                }
            }
            _ => return Err(ConfigurationError::new("the window is either of `offsets` or of `time`")),
        };
        Ok(Self {
            parts,
            window,
            missing: settings.missing,
            not_json: settings.not_json,
            kept: HashMap::new(),
            order: VecDeque::new(),
            latest: i64::MIN,
        })
    }
}

/// Adds a part to what is compared, told apart from the next one by its length.
fn add(hash: &mut Sha256, bytes: Option<&[u8]>) {
    let bytes = bytes.unwrap_or_default();
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

impl Dedupe {
    fn fingerprint(&mut self, record: &Record<'_>) -> Result<Fingerprint, Unknown> {
        let mut hash = Sha256::new();
        for part in &mut self.parts {
            match part {
                Part::WholeKey => match record.key() {
                    Some(key) => add(&mut hash, Some(key)),
                    None => return Err(Unknown::Nothing("key:$".to_owned())),
                },
                Part::Header(name) => match record.header(name).and_then(|header| header.value) {
                    Some(value) => add(&mut hash, Some(value)),
                    None => return Err(Unknown::Nothing(format!("header:{name}"))),
                },
                Part::Key(paths) => add_field(&mut hash, paths, record.key(), "key")?,
                Part::Value(paths) => add_field(&mut hash, paths, record.value(), "value")?,
            }
        }
        let mut fingerprint = Fingerprint::default();
        fingerprint.copy_from_slice(&hash.finalize()[..16]);
        Ok(fingerprint)
    }

    /// How far apart two records may be that count as the same.
    fn reach(&self) -> i64 {
        match self.window {
            Window::Offsets(reach) | Window::Milliseconds(reach) => reach,
        }
    }

    /// Forgets what no record to come can be near to, if places only rise.
    fn forget(&mut self) {
        let reach = self.reach();
        while let Some((fingerprint, place)) = self.order.front() {
            if self.latest.saturating_sub(*place) <= reach {
                break;
            }
            if self.kept.get(fingerprint) == Some(place) {
                self.kept.remove(fingerprint);
            }
            self.order.pop_front();
        }
    }
}

fn add_field(hash: &mut Sha256, paths: &mut Paths, bytes: Option<&[u8]>, part: &'static str) -> Result<(), Unknown> {
    let Some(bytes) = bytes else { return Err(Unknown::Nothing(part.to_owned())) };
    let found = text(bytes).and_then(|json| paths.first(json)).map_err(|error| Unknown::NotJson(part, error))?;
    match found.filter(|json| *json != "null") {
        Some(json) => {
            add(hash, Some(plain(json).as_bytes()));
            Ok(())
        }
        None => Err(Unknown::Nothing(paths.paths().first().map(ToString::to_string).unwrap_or_default())),
    }
}

impl Plugin for Dedupe {
    const READS: Columns = Columns::KEY.union(Columns::VALUE).union(Columns::HEADERS).union(Columns::TIMESTAMP);
    const STATE: State = State::Lane;

    fn record(&mut self, record: Record<'_>) -> Outcome {
        let is_tombstone = record.value().is_none();
        let fingerprint = match self.fingerprint(&record) {
            Ok(fingerprint) => fingerprint,
            Err(_) if is_tombstone => return record.keep(),
            Err(Unknown::Nothing(what)) => {
                return self
                    .missing
                    .settle(record, "nothing to compare", || format!("the record has no `{what}` to compare"));
            }
            Err(Unknown::NotJson(part, error)) => return self.not_json.not_json(record, part, &error),
        };
        if is_tombstone {
            // What comes after it is no second time of what came before it.
            self.kept.remove(&fingerprint);
            return record.keep();
        }
        let place = match (&self.window, record.timestamp()) {
            (Window::Offsets(_), _) => record.offset(),
            (Window::Milliseconds(_), Some(timestamp)) => timestamp,
            // Nobody knows how near it is to others.
            (Window::Milliseconds(_), None) => return record.keep(),
        };
        self.latest = self.latest.max(place);
        self.forget();
        let reach = self.reach();
        if self.kept.get(&fingerprint).is_some_and(|kept| place.abs_diff(*kept) <= reach.unsigned_abs()) {
            return record.drop("came before");
        }
        if self.order.len() >= MOST {
            return record.reject(format!("the window holds more than {MOST} different records: make it smaller"));
        }
        self.kept.insert(fingerprint, place);
        self.order.push_back((fingerprint, place));
        record.keep()
    }
}

anabranch_plugin::export!(Dedupe);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use anabranch_plugin::testing::{OwnedRecord, configure, record, run, tombstone};
    use serde_json::{Value, json};

    use super::{Dedupe, MOST};

    /// Which of the records are kept.
    fn kept(parameters: Value, records: impl IntoIterator<Item = OwnedRecord>) -> Vec<usize> {
        let run = run::<Dedupe>(parameters, records);
        assert_eq!(run.rejected, []);
        assert!(run.dropped.iter().all(|dropped| dropped.reason.as_deref() == Some("came before")));
        run.sources
    }

    #[test]
    fn the_first_of_a_window_of_offsets_is_kept_and_the_window_begins_with_it() {
        let records = ["a", "b", "a", "a", "a", "b"].map(|key| record(key, "1"));
        assert_eq!(kept(json!({ "by": ["key:$"], "offsets": 2 }), records.clone()), [0, 1, 3, 5]);
        assert_eq!(kept(json!({ "by": ["key:$"], "offsets": 100 }), records), [0, 1]);
    }

    #[test]
    fn a_window_of_time_reaches_before_and_after() {
        let at = |timestamp| record("a", "1").at(timestamp);
        let parameters = json!({ "by": ["key:$"], "time": "1s" });
        let records = [at(10_000), at(10_900), at(9_100), at(11_000), at(11_001), record("a", "1"), at(12_001)];
        assert_eq!(kept(parameters, records), [0, 4, 5]);
    }

    #[test]
    fn headers_fields_and_parts_of_keys_can_be_compared_together() {
        let with = |id: &str, value: &str| record(r#"{"k":1}"#, value).header("id", id);
        let records =
            [with("1", r#"{"n":1}"#), with("1", r#"{"n":2}"#), with("2", r#"{"n":1}"#), with("1", r#"{"x":0,"n":1}"#)];
        let window = |by: Value| json!({ "by": by, "offsets": 10 });
        assert_eq!(kept(window(json!(["header:id", "n"])), records.clone()), [0, 1, 2]);
        assert_eq!(kept(window(json!(["header:id"])), records.clone()), [0, 2]);
        assert_eq!(kept(window(json!(["key:k"])), records), [0]);
        // Two parts are not one: `ab` and `c` are not `a` and `bc`.
        let parts = |a: &str, b: &str| record("k", "1").header("a", a).header("b", b);
        assert_eq!(kept(window(json!(["header:a", "header:b"])), [parts("ab", "c"), parts("a", "bc")]), [0, 1]);
    }

    #[test]
    fn tombstones_pass_and_make_a_new_beginning_of_their_key() {
        let records = [record("a", "1"), tombstone("a"), tombstone("a"), record("a", "1"), record("a", "1")];
        assert_eq!(kept(json!({ "by": ["key:$"], "offsets": 10 }), records.clone()), [0, 1, 2, 3]);
        assert_eq!(kept(json!({ "by": ["key:$", "$"], "offsets": 10 }), records), [0, 1, 2]);
    }

    #[test]
    fn what_has_nothing_to_compare_goes_by_policy() {
        let records = [record(None, "{}"), record("k", "{}"), record("k", r#"{"id":null}"#), record("k", "{")];
        let parameters = |missing: &str| json!({ "by": ["id"], "offsets": 9, "missing": missing });
        let keeps = run::<Dedupe>(parameters("keep"), records.clone());
        assert_eq!(keeps.sources, [0, 1, 2]);
        assert!(keeps.rejected.first().unwrap().reason.starts_with("the value is not JSON: "));
        let rejects = run::<Dedupe>(parameters("reject"), records);
        assert_eq!(rejects.rejected.first().unwrap().reason, "the record has no `id` to compare");
    }

    #[test]
    fn a_window_that_holds_too_much_is_an_error_and_not_forgotten() {
        let mut plugin = configure::<Dedupe>(json!({ "by": ["key:$"], "offsets": 10_000_000 })).unwrap();
        for number in 0..MOST as u128 {
            plugin.order.push_back((number.to_be_bytes(), 0));
        }
        assert_eq!(plugin.order.len(), MOST);
        plugin.latest = 10_000_001;
        plugin.forget();
        assert!(plugin.order.is_empty());
    }

    #[test]
    fn parameters_that_make_no_sense_are_refused() {
        let refused = |parameters: Value| configure::<Dedupe>(parameters).err().unwrap();
        assert_eq!(refused(json!({ "by": [], "offsets": 1 })).parameter.as_deref(), Some("by"));
        assert_eq!(
            refused(json!({ "by": ["a[*]"], "offsets": 1 })).message,
            "`a[*]` can mean several things, and one is compared"
        );
        assert_eq!(refused(json!({ "by": ["a"] })).message, "the window is either of `offsets` or of `time`");
        assert_eq!(refused(json!({ "by": ["a"], "offsets": 1, "time": "1s" })).parameter, None);
        assert_eq!(refused(json!({ "by": ["a"], "offsets": 0 })).parameter.as_deref(), Some("offsets"));
        assert_eq!(refused(json!({ "by": ["a"], "time": "soon" })).parameter.as_deref(), Some("time"));
        assert_eq!(refused(json!({ "by": ["a"], "time": "0s" })).parameter.as_deref(), Some("time"));
    }
}
