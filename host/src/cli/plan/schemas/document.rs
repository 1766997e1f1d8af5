//! The object `schemas` of `anabranch.plan/1`, and the same as text.

use std::fmt;

use serde::Serialize;

use super::Looked;
use super::scan::{IDS, SAMPLE};
use crate::registry::SchemaName;
use crate::report::Table;
use crate::report::shown::count;
use crate::schema::{Absent, Becomes, Outlook, Takes, ValuesError};

/// Subjects of a schema that the text shows.
const SUBJECTS: usize = 3;

/// The object `schemas` of `anabranch.plan/1`.
#[derive(Debug, Serialize)]
pub(in crate::cli::plan) struct SchemasDocument {
    established: bool,
    error: Option<String>,
    parts: Vec<PartDocument>,
}

/// The keys or the values of a topic.
#[derive(Debug, Serialize)]
struct PartDocument {
    topic: String,
    target_topic: String,
    part: &'static str,
    encoding: &'static str,
    reads_ids: bool,
    counted: bool,
    records: u64,
    nulls: u64,
    without_id: u64,
    of_more_ids: u64,
    named: Option<FateDocument>,
    ids: Vec<IdDocument>,
}

/// The records of one schema.
#[derive(Debug, Serialize)]
struct IdDocument {
    id: Option<i32>,
    guid: Option<String>,
    records: u64,
    known: Option<bool>,
    kind: Option<&'static str>,
    name: Option<String>,
    subjects: Vec<SubjectDocument>,
    #[serde(flatten)]
    fate: FateDocument,
    misfit: Option<String>,
}

#[derive(Debug, Serialize)]
struct SubjectDocument {
    subject: String,
    version: i32,
}

/// What becomes of a schema.
#[derive(Debug, Default, Serialize)]
struct FateDocument {
    becomes: Option<&'static str>,
    target_id: Option<i32>,
    target_guid: Option<String>,
    target_subject: Option<String>,
    takes: Option<&'static str>,
    reasons: Vec<String>,
}

impl SchemasDocument {
    pub(super) fn new(parts: &[Looked<'_>], asks: bool, error: Option<&ValuesError>) -> Self {
        Self {
            established: asks && error.is_none(),
            error: error.map(ToString::to_string),
            parts: parts.iter().map(PartDocument::new).collect(),
        }
    }
}

impl PartDocument {
    fn new(looked: &Looked<'_>) -> Self {
        let Looked { topic, target_topic, part, seen, is_sample, is_changed: _, named, outlooks } = looked;
        let of = |(name, records): (&SchemaName, &u64)| IdDocument::new(*name, *records, outlooks.get(name));
        let reads_ids = part.settings().reads_ids();
        Self {
            topic: (*topic).to_owned(),
            target_topic: (*target_topic).to_owned(),
            part: part.name(),
            encoding: part.settings().encoding.name(),
            reads_ids,
            counted: reads_ids && !is_sample,
            records: seen.records,
            nulls: seen.nulls,
            without_id: seen.without_id,
            of_more_ids: seen.of_more_ids,
            named: named.as_ref().map(FateDocument::new),
            ids: seen.ids.iter().map(of).collect(),
        }
    }
}

impl IdDocument {
    fn new(schema: SchemaName, records: u64, outlook: Option<&Outlook>) -> Self {
        let origin = outlook.and_then(|outlook| outlook.origin.as_ref());
        let subject =
            |(subject, version): &(String, i32)| SubjectDocument { subject: subject.clone(), version: *version };
        let becomes = outlook.and_then(|outlook| outlook.becomes.as_ref());
        let obstacle = outlook.and_then(|outlook| outlook.obstacle.as_ref());
        Self {
            id: schema.id(),
            guid: guid(schema),
            records,
            known: outlook.map(|_| origin.is_some()),
            kind: origin.map(|origin| origin.kind.name()),
            name: origin.and_then(|origin| origin.name.clone()),
            subjects: origin.map(|origin| origin.subjects.iter().map(subject).collect()).unwrap_or_default(),
            fate: becomes.map(FateDocument::new).unwrap_or_default(),
            misfit: obstacle.map(|obstacle| obstacle.misfit().to_string()),
        }
    }

    fn name(&self) -> String {
        self.id.map(|id| id.to_string()).or_else(|| self.guid.clone()).unwrap_or_default()
    }

    fn schema(&self) -> String {
        let (kind, name) = (self.kind.unwrap_or_default(), self.name.as_deref().unwrap_or_default());
        match self.known {
            None => "not established".to_owned(),
            Some(false) => "not known".to_owned(),
            Some(true) => format!("{kind} {name}").trim_end().to_owned(),
        }
    }

    /// A few of them: what is plain, like a text, may have hundreds.
    fn subjects(&self) -> String {
        let shown = |SubjectDocument { subject, version }: &SubjectDocument| format!("{subject} {version}");
        let few: Vec<String> = self.subjects.iter().take(SUBJECTS).map(shown).collect();
        match self.subjects.len().saturating_sub(SUBJECTS) {
            0 => few.join(", "),
            more => format!("{} and {} more", few.join(", "), count(more as u64)),
        }
    }

    fn becomes(&self) -> String {
        match (&self.misfit, self.known) {
            (Some(_), Some(false)) => "cannot be restored".to_owned(),
            (Some(misfit), _) => format!("cannot be restored: {misfit}"),
            (None, _) => self.fate.to_string(),
        }
    }
}

fn guid(schema: SchemaName) -> Option<String> {
    match schema {
        SchemaName::Id(_) => None,
        SchemaName::Guid(guid) => Some(guid.to_string()),
    }
}

impl FateDocument {
    fn new(becomes: &Becomes) -> Self {
        let known = |becomes, id: Option<i32>| Self { becomes: Some(becomes), target_id: id, ..Self::default() };
        match becomes {
            Becomes::Json => known("json", None),
            Becomes::Bare => known("avro", None),
            Becomes::TargetSchema => known("target-schema", None),
            Becomes::Given(id) => known("given", Some(*id)),
            Becomes::Same(name) => Self { target_guid: guid(*name), ..known("same", name.id()) },
            Becomes::There { subject, found } => Self {
                target_subject: Some(subject.clone()),
                target_guid: found.guid.map(|guid| guid.to_string()),
                ..known("found", Some(found.id))
            },
            Becomes::Absent(Absent { subject, registers, keeps, takes }) => {
                let name = match (registers, keeps) {
                    (false, _) => "missing",
                    (true, Some(_)) => "imported",
                    (true, None) => "registered",
                };
                let (takes, reasons) = match takes {
                    _ if !registers => (None, Vec::new()),
                    Takes::Yes => (Some("yes"), Vec::new()),
                    Takes::No(reasons) => (Some("no"), reasons.clone()),
                    Takes::Untold(why) => (Some("not-told"), vec![why.clone()]),
                };
                Self { target_subject: Some(subject.clone()), takes, reasons, ..known(name, *keeps) }
            }
        }
    }
}

impl fmt::Display for FateDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, subject) = (self.target_id.unwrap_or_default(), self.target_subject.as_deref().unwrap_or_default());
        match self.becomes {
            Some("json") => f.write_str("JSON"),
            Some("avro") => f.write_str("Avro without an id"),
            Some("target-schema") => f.write_str("`target_schema`"),
            Some("given") => write!(f, "{id}, as `ids` says"),
            Some("same") => match (&self.target_id, &self.target_guid) {
                (None, Some(guid)) => write!(f, "{guid}, as it is"),
                _ => write!(f, "{id}, as it is"),
            },
            Some("found") => write!(f, "{id}, as {subject} has it"),
            Some("imported") => write!(f, "to be registered under {subject} as {id}"),
            Some("registered") => write!(f, "to be registered under {subject}"),
            Some("missing") => write!(f, "missing under {subject}"),
            _ => Ok(()),
        }?;
        match self.takes {
            Some("no") => f.write_str(", which refuses it"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for SchemasDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&["topic", "part", "id", ">records", "schema", "subjects", "becomes"]);
        for part in &self.parts {
            writeln!(f, "{part}")?;
            let mut row = |id: String, records: u64, [schema, subjects, becomes]: [String; 3]| {
                table.row([part.topic.clone(), part.part.to_owned(), id, count(records), schema, subjects, becomes]);
            };
            for id in &part.ids {
                row(id.name(), id.records, [id.schema(), id.subjects(), id.becomes()]);
            }
            let others = [
                ("others", part.of_more_ids, "not looked up"),
                ("none", part.without_id, "no schema"),
                ("null", part.nulls, "no schema"),
            ];
            for (what, records, schema) in others.into_iter().filter(|(_, records, _)| *records > 0) {
                row(what.to_owned(), records, [schema.to_owned(), String::new(), String::new()]);
            }
        }
        match (&self.error, self.established) {
            (Some(_), _) => writeln!(f, "  what registries know is not established, see the error")?,
            (None, false) => writeln!(f, "  registries are not asked: what becomes of schemas is not established")?,
            (None, true) => {}
        }
        if table.is_empty() { Ok(()) } else { write!(f, "\n{table}") }
    }
}

impl fmt::Display for PartDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, part, encoding, reads_ids, counted, records, named, ids, .. } = self;
        write!(f, "schemas of the {part}s of {topic}, {encoding}")?;
        match (reads_ids, counted) {
            (false, _) => {}
            (true, true) => write!(f, ": all {} records were looked at", count(*records))?,
            (true, false) => write!(
                f,
                ": {} records were looked at, up to {} of a lane; `--scan-schemas` counts all",
                count(*records),
                count(SAMPLE as u64)
            )?,
        }
        if ids.len() >= IDS {
            write!(f, "; {IDS} ids are told apart")?;
        }
        match named {
            Some(named) => write!(f, "\n  the schema that the job names: {named}"),
            None => Ok(()),
        }
    }
}
