//! One record before and after the plugins.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::aside::{Cause, SetAside};
use crate::batch::{Batch, NO_TIMESTAMP, OutputRow, Outputs};
use crate::job::Job;
use crate::plugin::Passed;
use crate::report::{PluginCounts, shown};

/// Characters of a key, value or header that the text shows.
const SHOWN: usize = 200;

/// An element of `records` of `anabranch.preview/1`.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct RecordDocument {
    position: String,
    #[serde(flatten)]
    fields: Fields,
    outputs: Vec<OutputDocument>,
    dropped: Option<DroppedDocument>,
    /// What became of it, where that does not end everything.
    set_aside: Option<AsideDocument>,
}

/// What a record consists of.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Fields {
    /// Milliseconds since the epoch.
    timestamp: Option<i64>,
    key: Option<Bytes>,
    value: Option<Bytes>,
    headers: Vec<HeaderDocument>,
}

#[derive(Debug, PartialEq, Serialize)]
struct HeaderDocument {
    name: String,
    value: Option<Bytes>,
}

#[derive(Debug, Serialize)]
struct OutputDocument {
    position: String,
    topic: String,
    /// The partition that a plugin chose.
    partition: Option<i32>,
    changed: Vec<&'static str>,
    #[serde(flatten)]
    fields: Fields,
}

#[derive(Debug, Serialize)]
struct DroppedDocument {
    /// The plugin that dropped it.
    plugin: Option<String>,
    /// Its reason, where it gave one.
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct AsideDocument {
    /// Why, in a word.
    cause: Cause,
    /// The plugin that rejected it or failed on it.
    plugin: Option<String>,
    reason: String,
}

/// Bytes, exactly: `{"text": …}` where they are UTF-8, else `{"base64": …}`.
#[derive(Debug, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.collect_map([("text", text)]),
            Err(_) => serializer.collect_map([("base64", STANDARD.encode(&self.0))]),
        }
    }
}

impl Bytes {
    /// For people: text on one line, or base64 that says so, shortened.
    fn text(&self) -> String {
        let whole = match std::str::from_utf8(&self.0) {
            Ok(text) => text.chars().flat_map(readable).take(SHOWN + 1).collect(),
            Err(_) => format!("base64 {}", STANDARD.encode(self.0.get(..SHOWN).unwrap_or(&self.0))),
        };
        let short = shown::shortened(&whole, SHOWN);
        if short == whole { whole } else { format!("{short} ({})", shown::size(self.0.len() as u64)) }
    }
}

/// A character, or its escape where it would move the cursor.
fn readable(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

impl Fields {
    fn new(row: &OutputRow<'_>) -> Self {
        let bytes = |bytes: Option<&[u8]>| bytes.map(|bytes| Bytes(bytes.to_owned()));
        Self {
            timestamp: (row.timestamp != NO_TIMESTAMP).then_some(row.timestamp),
            key: bytes(row.key),
            value: bytes(row.value),
            headers: row
                .headers
                .clone()
                .map(|header| HeaderDocument { name: header.name.to_owned(), value: bytes(header.value) })
                .collect(),
        }
    }

    /// Names of the fields in which another record differs.
    fn differing(&self, other: &Self) -> Vec<&'static str> {
        let Self { timestamp, key, value, headers } = self;
        let differs = [
            ("key", *key != other.key),
            ("value", *value != other.value),
            ("headers", *headers != other.headers),
            ("timestamp", *timestamp != other.timestamp),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }

    fn line(&self, name: &str) -> String {
        let text = |bytes: &Option<Bytes>| bytes.as_ref().map_or_else(|| "(null)".to_owned(), Bytes::text);
        match name {
            "key" => format!("    key        {}\n", text(&self.key)),
            "value" => format!("    value      {}\n", text(&self.value)),
            "timestamp" => format!("    timestamp  {}\n", time(self.timestamp)),
            _ => {
                let headers = self.headers.iter();
                headers.map(|header| format!("    header     {}: {}\n", header.name, text(&header.value))).collect()
            }
        }
    }
}

fn time(timestamp: Option<i64>) -> String {
    match timestamp {
        None => "(none)".to_owned(),
        Some(millis) => match DateTime::from_timestamp_millis(millis) {
            Some(time) => time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            None => format!("{millis} ms"),
        },
    }
}

impl OutputDocument {
    /// What came of the record of `fields`; `topic` is where it goes if no plugin says otherwise.
    fn new(position: String, fields: &Fields, row: &OutputRow<'_>, topic: &str) -> Self {
        let after = Fields::new(row);
        let mut changed = fields.differing(&after);
        changed.extend(row.topic.map(|_| "topic"));
        changed.extend(row.partition.map(|_| "partition"));
        let topic = row.topic.unwrap_or(topic).to_owned();
        Self { position, topic, partition: row.partition, changed, fields: after }
    }

    /// What the plugins changed, by name.
    fn differing(&self) -> Map<String, Value> {
        let Self { topic, partition, changed, fields: Fields { timestamp, key, value, headers }, .. } = self;
        let of = |name: &str| match name {
            "key" => json!(key),
            "value" => json!(value),
            "headers" => json!(headers),
            "timestamp" => json!(timestamp),
            "topic" => json!(topic),
            _ => json!(partition),
        };
        changed.iter().map(|name| ((*name).to_owned(), of(name))).collect()
    }
}

impl AsideDocument {
    fn new(job: &Job, aside: &SetAside) -> Self {
        let plugin = aside.plugin.as_ref().and_then(|blamed| job.plugins.get(blamed.index));
        Self { cause: aside.cause, plugin: plugin.map(|plugin| plugin.name.clone()), reason: aside.reason.clone() }
    }

    fn text(&self) -> String {
        let Self { cause, plugin, reason } = self;
        match (cause, plugin) {
            (Cause::Rejected, Some(plugin)) => format!("rejected by `{plugin}`: {reason}"),
            // A fault reads on after the plugin's name.
            (_, Some(plugin)) => format!("set aside: `{plugin}` {reason}"),
            (_, None) => format!("set aside: {reason}"),
        }
    }
}

impl RecordDocument {
    /// The one record of `record`, and what the plugins made of it.
    pub(in crate::cli) fn new(
        job: &Job,
        record: &Batch,
        passed: &Passed,
        counts: &[PluginCounts],
        topic: &str,
    ) -> Self {
        let outputs = &passed.outputs;
        let before = Outputs::untouched(std::sync::Arc::new(record.clone()));
        let fields = before.rows().next().map(|row| Fields::new(&row)).unwrap_or_default();
        let output = |row: OutputRow<'_>| OutputDocument::new(outputs.position(&row), &fields, &row, topic);
        let written: Vec<_> = outputs.rows().map(output).collect();
        let set_aside = passed.aside.first().map(|aside| AsideDocument::new(job, aside));
        // A record that is set aside was not dropped, though nothing comes of it either.
        let dropped = (written.is_empty() && set_aside.is_none()).then(|| {
            let by = job.plugins.iter().zip(counts).find(|(_, counts)| !counts.dropped.is_empty());
            DroppedDocument {
                plugin: by.map(|(plugin, _)| plugin.name.clone()),
                reason: by.and_then(|(_, counts)| counts.dropped.keys().find(|reason| !reason.is_empty()).cloned()),
            }
        });
        Self { position: record.position(0), fields, outputs: written, dropped, set_aside }
    }

    /// Where the record stands.
    pub(in crate::cli) fn position(&self) -> &str {
        &self.position
    }

    /// Why it was dropped, if it was; empty where the plugin gave no reason.
    pub(in crate::cli) fn dropped_because(&self) -> Option<String> {
        self.dropped.as_ref().map(|dropped| dropped.reason.clone().unwrap_or_default())
    }

    /// Why it was set aside, if it was.
    pub(in crate::cli) fn set_aside_because(&self) -> Option<String> {
        self.set_aside.as_ref().map(|aside| aside.reason.clone())
    }

    /// Of each record that came of it what differs.
    pub(in crate::cli) fn differing(&self) -> Vec<Map<String, Value>> {
        self.outputs.iter().map(OutputDocument::differing).collect()
    }

    /// What differs in `output` from the row of `batch` that it comes from.
    pub(in crate::cli) fn difference(batch: &Batch, row: usize, output: &OutputRow<'_>) -> Map<String, Value> {
        let before = Outputs::untouched(std::sync::Arc::new(batch.slice(row, 1)));
        let fields = before.rows().next().map(|row| Fields::new(&row)).unwrap_or_default();
        OutputDocument::new(String::new(), &fields, output, "").differing()
    }

    /// The same for people, shortened.
    pub(in crate::cli) fn text(&self) -> String {
        let Self { position, fields, outputs, dropped, set_aside } = self;
        let mut out = format!("{position}  {}\n", time(fields.timestamp));
        ["key", "value", "headers"].iter().for_each(|name| out.push_str(&fields.line(name)));
        for output in outputs {
            let place = match output.partition {
                Some(partition) => format!("{}-{partition}", output.topic),
                None => output.topic.clone(),
            };
            match output.changed.as_slice() {
                [] => out.push_str(&format!("  → {place}, unchanged\n")),
                changed => out.push_str(&format!("  → {place}, changed: {}\n", changed.join(", "))),
            }
            for name in output.changed.iter().filter(|name| !["topic", "partition"].contains(name)) {
                let line = output.fields.line(name);
                out.push_str(if line.is_empty() { "    header     (none left)\n" } else { &line });
            }
        }
        if let Some(aside) = set_aside {
            out.push_str(&format!("  → {}\n", aside.text()));
        }
        if let Some(DroppedDocument { plugin, reason }) = dropped {
            let by = plugin.as_ref().map(|plugin| format!(" by `{plugin}`")).unwrap_or_default();
            let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            out.push_str(&format!("  → dropped{by}{why}\n"));
        }
        out
    }
}
