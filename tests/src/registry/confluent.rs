//! What Confluent's server has and the registry of the tests has not, added on the way: modes (`IMPORT` with ids of the
//! client's choice, `READONLY`), a `guid` for each id and schemas by it, the `messages` of what is not compatible, and no
//! `references` where there are none.
//!
//! Schemas themselves are the registry's: it parses, compares and keeps them. Not here are versions of the client's choice,
//! contexts, deletions that can be undone, other levels than the registry's `NONE` where nobody set one, and Protobuf as
//! base64 (`format=serialized`). Compatibility is checked under `IMPORT` too. Ids to be imported must lie beyond those that
//! the registry gives by itself, which count from 1.

use std::collections::BTreeMap;

use hyper::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// What is to be done with a request.
pub(super) enum Step {
    /// It is answered so.
    Answer(u16, Value),
    /// It is handed on to this path, with another body if there is one.
    Pass { path: String, body: Option<Value> },
}

/// What the registry does not remember.
#[derive(Default)]
pub(super) struct Confluent {
    /// By subject; by nothing, the global one.
    modes: BTreeMap<String, String>,
    /// By an id that was chosen: the registry's own, and what the schema is.
    imported: BTreeMap<i64, (i64, Value)>,
    /// By a subject and the registry's id: the one that was chosen.
    chosen: BTreeMap<(String, i64), i64>,
}

impl Confluent {
    /// The listing that must be empty for a request to be granted: a subject with schemas is not imported to.
    pub(super) fn subject_to_be_empty(method: &Method, path: &str, given: &Value) -> Option<String> {
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        let subject = place.strip_prefix("/mode")?;
        let is_import = *method == Method::PUT && given["mode"] == "IMPORT" && !query.contains("force=true");
        let listing = if subject.is_empty() { "/subjects".to_owned() } else { format!("/subjects{subject}/versions") };
        is_import.then_some(listing)
    }

    pub(super) fn before(&mut self, method: &Method, path: &str, given: &Value, subject_is_empty: bool) -> Step {
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        if let Some(subject) = place.strip_prefix("/mode") {
            return self.mode(method, &decoded(subject.trim_start_matches('/')), query, given, subject_is_empty);
        }
        let rest = |id: i64, rest: &str| {
            let query = if query.is_empty() { String::new() } else { format!("?{query}") };
            let id = self.imported.get(&id).map_or(id, |(own, _)| *own);
            Step::Pass { path: format!("/schemas/ids/{id}{rest}{query}"), body: None }
        };
        if let Some(guid) = place.strip_prefix("/schemas/guids/") {
            return match id_of(guid) {
                Some(id) => rest(id, ""),
                None => Step::Answer(404, refusal(40403, &format!("Schema {guid} not found"))),
            };
        }
        if let Some((id, after)) = place.strip_prefix("/schemas/ids/").map(number_first)
            && let Some(id) = id
        {
            return rest(id, after);
        }
        match registered(method, place) {
            Some(subject) => self.register(&subject, path, given),
            None => Step::Pass { path: path.to_owned(), body: None },
        }
    }

    /// What is told of an answer to `path`, as [`Self::before`] gave it.
    pub(super) fn after(
        &mut self,
        method: &Method,
        path: &str,
        given: &Value,
        status: u16,
        mut answer: Value,
    ) -> (u16, Value) {
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        if let (Some(subject), Some(own), Some(id)) =
            (registered(method, place), answer["id"].as_i64(), given["id"].as_i64().filter(|id| *id > 0))
        {
            self.imported.insert(id, (own, identity(given)));
            self.chosen.insert((subject, own), id);
        }
        let of_path = place.strip_prefix("/subjects/").and_then(|rest| rest.split('/').next()).map(decoded);
        let Some(object) = answer.as_object_mut() else { return (status, answer) };
        if place.starts_with("/compatibility/")
            && let Some(reason) = object.remove("reason")
            && query.contains("verbose=true")
        {
            object.insert("messages".to_owned(), reason.as_str().into_iter().collect());
        }
        if object.get("references") == Some(&json!([])) {
            object.remove("references");
        }
        let subject = object.get("subject").and_then(Value::as_str).map(str::to_owned).or(of_path);
        let id = match object.get("id").and_then(Value::as_i64) {
            Some(own) => {
                let id = self.told(subject.unwrap_or_default(), own);
                object.insert("id".to_owned(), id.into());
                Some(id)
            }
            None => {
                let own = place.strip_prefix("/schemas/ids/").and_then(|rest| number_first(rest).0);
                own.map(|own| self.told(String::new(), own))
            }
        };
        if let Some(id) = id.filter(|_| status == 200) {
            object.insert("guid".to_owned(), guid(id).into());
        }
        (status, answer)
    }

    fn mode(&mut self, method: &Method, subject: &str, query: &str, given: &Value, subject_is_empty: bool) -> Step {
        let own = self.modes.get(subject).cloned();
        match *method {
            Method::PUT => match given["mode"].as_str() {
                Some("IMPORT") if !subject_is_empty && own.as_deref() != Some("IMPORT") => {
                    Step::Answer(422, refusal(42205, "Cannot import since found existing subjects"))
                }
                Some(mode @ ("IMPORT" | "READONLY" | "READWRITE")) => {
                    self.modes.insert(subject.to_owned(), mode.to_owned());
                    Step::Answer(200, json!({ "mode": mode }))
                }
                _ => Step::Answer(422, refusal(42204, "Invalid mode. Valid values are READWRITE, READONLY, IMPORT")),
            },
            Method::DELETE => {
                self.modes.remove(subject);
                Step::Answer(200, json!({ "mode": own.unwrap_or_else(|| "READWRITE".to_owned()) }))
            }
            _ if own.is_none() && !subject.is_empty() && !query.contains("defaultToGlobal=true") => {
                let message = format!("Subject '{subject}' does not have subject-level mode configured");
                Step::Answer(404, refusal(40409, &message))
            }
            _ => Step::Answer(200, json!({ "mode": self.mode_of(subject) })),
        }
    }

    fn register(&self, subject: &str, path: &str, given: &Value) -> Step {
        let id = given["id"].as_i64().filter(|id| *id >= 0);
        let refused = |why: &str| Step::Answer(422, refusal(42205, why));
        match (self.mode_of(subject), id) {
            ("READONLY", _) => refused(&format!("Subject {subject} is in read-only mode")),
            ("IMPORT", None) => refused(&format!("Subject {subject} is not in read-write mode")),
            ("IMPORT", Some(id)) => match self.imported.get(&id) {
                Some((_, held)) if *held != identity(given) => {
                    refused(&format!("Overwrite new schema with id {id} is not permitted."))
                }
                _ => Step::Pass { path: path.to_owned(), body: Some(identity(given)) },
            },
            (_, Some(_)) => refused(&format!("Subject {subject} is not in import mode")),
            (_, None) => Step::Pass { path: path.to_owned(), body: None },
        }
    }

    fn mode_of(&self, subject: &str) -> &str {
        self.modes.get(subject).or_else(|| self.modes.get("")).map_or("READWRITE", String::as_str)
    }

    /// The id that stands for the registry's own.
    fn told(&self, subject: String, own: i64) -> i64 {
        let elsewhere = || self.chosen.iter().find(|((_, held), _)| *held == own).map(|(_, id)| id);
        *self.chosen.get(&(subject, own)).or_else(elsewhere).unwrap_or(&own)
    }
}

/// The subject that a request registers a schema under.
fn registered(method: &Method, place: &str) -> Option<String> {
    let subject = place.strip_prefix("/subjects/")?.strip_suffix("/versions")?;
    (*method == Method::POST && !subject.contains('/')).then(|| decoded(subject))
}

/// What makes a schema another one.
fn identity(given: &Value) -> Value {
    let kind = given["schemaType"].as_str().unwrap_or("AVRO");
    let references = given["references"].as_array().cloned().unwrap_or_default();
    json!({ "schema": given["schema"], "schemaType": kind, "references": references })
}

fn refusal(code: i32, message: &str) -> Value {
    json!({ "error_code": code, "message": message })
}

/// The number that a part of a path begins with, and what comes after it.
fn number_first(part: &str) -> (Option<i64>, &str) {
    let end = part.find('/').unwrap_or(part.len());
    (part[..end].parse().ok(), &part[end..])
}

/// An id as a `guid`. Confluent's are digests of the schema, which no client can know either.
fn guid(id: i64) -> String {
    format!("00000000-0000-4000-8000-{id:012x}")
}

fn id_of(guid: &str) -> Option<i64> {
    i64::from_str_radix(guid.strip_prefix("00000000-0000-4000-8000-")?, 16).ok()
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}
