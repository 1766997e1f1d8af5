//! A Schema Registry: Apicurio Registry with its schemas in memory, on loopback, from the archive of
//! `tests/registry/pom.xml`, by the API of Confluent's.
//!
//! Starting takes seconds, so tests of one binary share one ([`Registry::shared`]) and each has subjects of its own. It
//! ends with the value, or with the process however that ends, and leaves nothing behind. What goes wrong between a client
//! and a registry, who asked what, and what Confluent's server has and this one has not, is a [`Proxy`]'s in front of it.
//!
//! Its global level is `NONE`, where Confluent's is `BACKWARD`; texts that differ only in space are two schemas.

mod confluent;
mod front;
mod process;
mod proxy;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub use front::{Asked, Demand, Fault};
use process::Process;
pub use proxy::Proxy;

/// The type of requests and answers.
const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A running server.
pub struct Registry {
    process: Process,
    api: Api,
    subjects: AtomicU32,
}

/// What a schema is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Avro.
    Avro,
    /// JSON Schema.
    Json,
    /// Protobuf's own language.
    Protobuf,
}

/// Where a schema takes a name of its text from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name: a type of Avro, the URL of a `$ref`, the path of an import.
    pub name: String,
    /// The subject that has it.
    pub subject: String,
    /// The version of that subject.
    pub version: i32,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body; text where it is no JSON.
    pub body: Value,
}

/// Requests of a test, to a registry or to a proxy in front of it.
#[derive(Clone, Debug)]
pub struct Api {
    url: String,
}

impl Registry {
    /// Starts one without schemas on a free port.
    ///
    /// # Errors
    /// Java or Maven missing, or a server that does not come up; with the end of its log.
    pub fn start() -> Result<Self> {
        let process = Process::start()?;
        let api = Api::new(process.url());
        process.wait(|| api.get("/subjects").is_ok_and(|answer| answer.status == 200))?;
        Ok(Self { process, api, subjects: AtomicU32::new(0) })
    }

    /// The registry of this process.
    ///
    /// # Panics
    /// If it does not start.
    #[allow(clippy::panic, reason = "a test without its registry cannot go on")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Registry> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|error| panic!("the registry did not start: {error:#}")))
    }

    /// Where clients reach it, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.api.url
    }

    /// Requests to it.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// What it said since it started.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// A topic's name, or a subject's, that no other test has.
    pub fn name(&self, stem: &str) -> String {
        format!("{stem}-{}", self.subjects.fetch_add(1, Ordering::Relaxed))
    }
}

impl Api {
    /// Requests to the registry or proxy at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }

    /// Registers a schema under a subject and gives its id.
    ///
    /// # Errors
    /// The registry's word.
    pub fn register(&self, subject: &str, kind: Kind, text: &str, references: &[Reference]) -> Result<i32> {
        let answer = self.post(&format!("/subjects/{}/versions", escaped(subject)), &body(kind, text, references))?;
        let id = answer.good()?["id"].as_i64().context("no id")?;
        Ok(i32::try_from(id)?)
    }

    /// A schema by its id: `schema`, `schemaType` where it is not Avro, `references`.
    ///
    /// # Errors
    /// The registry's word.
    pub fn schema(&self, id: i32) -> Result<Value> {
        self.get(&format!("/schemas/ids/{id}"))?.good()
    }

    /// A version of a subject, `latest` among them: besides what [`Self::schema`] has, `id`, `subject` and `version`.
    ///
    /// # Errors
    /// The registry's word.
    pub fn version(&self, subject: &str, version: &str) -> Result<Value> {
        self.get(&format!("/subjects/{}/versions/{version}", escaped(subject)))?.good()
    }

    /// The versions of a subject; none if there is no such subject.
    ///
    /// # Errors
    /// The registry's word.
    pub fn versions(&self, subject: &str) -> Result<Vec<i64>> {
        let answer = self.get(&format!("/subjects/{}/versions", escaped(subject)))?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        Ok(serde_json::from_value(answer.good()?)?)
    }

    /// Sets what versions of a subject must be to each other: `BACKWARD`, `FULL_TRANSITIVE` and so on.
    ///
    /// # Errors
    /// The registry's word.
    pub fn set_compatibility(&self, subject: &str, level: &str) -> Result<()> {
        self.ask("PUT", &format!("/config/{}", escaped(subject)), Some(&json!({ "compatibility": level })))?.good()?;
        Ok(())
    }

    /// Asks for a path below the URL.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.ask("GET", path, None)
    }

    /// Sends a body to a path below the URL.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask("POST", path, Some(body))
    }

    /// Any request.
    ///
    /// # Errors
    /// A server that does not answer.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let url = format!("{}{path}", self.url);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            // No proxy of the tester's stands between.
            let client = reqwest::Client::builder().no_proxy().build()?;
            let mut request = client.request(method.parse()?, url).header("accept", CONTENT_TYPE);
            if let Some(body) = body {
                request = request.header("content-type", CONTENT_TYPE).body(body.to_string());
            }
            let answer = request.send().await?;
            let (status, text) = (answer.status().as_u16(), answer.text().await?);
            let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
            Ok(Answer { status, body })
        })
    }
}

impl Answer {
    /// The body, if all went well.
    ///
    /// # Errors
    /// The registry's word.
    pub fn good(self) -> Result<Value> {
        ensure!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        Ok(self.body)
    }
}

/// The body of a request about a schema.
pub fn body(kind: Kind, text: &str, references: &[Reference]) -> Value {
    let references: Vec<Value> = references
        .iter()
        .map(|Reference { name, subject, version }| json!({ "name": name, "subject": subject, "version": version }))
        .collect();
    let kind = match kind {
        Kind::Avro => "AVRO",
        Kind::Json => "JSON",
        Kind::Protobuf => "PROTOBUF",
    };
    json!({ "schemaType": kind, "schema": text, "references": references })
}

/// A subject within a path.
fn escaped(subject: &str) -> String {
    utf8_percent_encode(subject, NON_ALPHANUMERIC).to_string()
}
