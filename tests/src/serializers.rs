//! Confluent's own serializers, in Python: `tests/serializers/`. Records with schemas are made with them, and they say whether
//! what a restore wrote can be read, since no code of this project is in them.
//!
//! One process serves all tests of a binary; it ends when its input closes, at the latest with ours. Values are JSON, in
//! which what JSON has no word for is tagged (`{"$decimal": "1.50"}`): `tests/serializers/values.py` has all tags.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::kafka;
use crate::read_back::Record;
use crate::registry::{self, Kind, Reference};

/// The serializers of a client of a registry.
#[derive(Clone, Debug)]
pub struct Serializers {
    registry: Map<String, Value>,
}

/// How values become bytes, or bytes values.
#[derive(Clone, Debug)]
pub struct Form {
    order: Map<String, Value>,
}

/// A key or a value as bytes, with the headers that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serialized {
    /// `None` is a tombstone.
    pub bytes: Option<Vec<u8>>,
    /// Where the schema is told, if not in the bytes.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// What bytes turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The value.
    pub value: Value,
    /// The id of the schema it was written with, or its `guid`.
    pub id: Value,
}

impl Form {
    /// Values of a schema of this kind. To read with it is to read as one who knows this schema.
    pub fn new(kind: Kind, schema: &str) -> Self {
        Self::as_written(kind).with("schema", schema)
    }

    /// Messages of Protobuf: the schema's text, and the full name of the message.
    pub fn protobuf(schema: &str, message: &str) -> Self {
        Self::new(Kind::Protobuf, schema).with("message", message)
    }

    /// Bytes are read with the schema that they were written with.
    pub fn as_written(kind: Kind) -> Self {
        let kind = match kind {
            Kind::Avro => "avro",
            Kind::Json => "json",
            Kind::Protobuf => "protobuf",
        };
        Self { order: Map::new() }.with("format", kind)
    }

    /// What the schema refers to, of Avro and JSON Schema.
    pub fn references(self, references: &[Reference]) -> Self {
        let body = registry::body(Kind::Avro, "", references);
        self.with("references", body["references"].clone())
    }

    /// The texts that a schema of Protobuf imports, by their paths. The serializer registers them, under their paths.
    pub fn imports(self, imports: &[(&str, &str)]) -> Self {
        let imports: Map<String, Value> =
            imports.iter().map(|(path, text)| ((*path).to_owned(), json!(text))).collect();
        self.with("imports", imports)
    }

    /// Keys, and not values.
    pub fn of_keys(self) -> Self {
        self.with("field", "key")
    }

    /// How subjects are named: `record` or `topic-record`, and not `topic`.
    pub fn strategy(self, strategy: &str) -> Self {
        self.with("strategy", strategy)
    }

    /// The schema is told in a header, by its `guid`, which [`registry::Proxy::confluent`] gives.
    pub fn in_header(self) -> Self {
        self.with("id", "header")
    }

    /// A setting of the serializer, as `auto.register.schemas`.
    pub fn setting(mut self, name: &str, value: impl Into<Value>) -> Self {
        let settings = self.order.entry("settings").or_insert_with(|| json!({}));
        settings[name] = value.into();
        self
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.order.insert(name.to_owned(), value.into());
        self
    }
}

impl Serialized {
    /// The value of a record that was read back.
    pub fn value_of(record: &Record) -> Self {
        Self { bytes: record.value.clone(), headers: record.headers.clone() }
    }

    /// The key of a record that was read back.
    pub fn key_of(record: &Record) -> Self {
        Self { bytes: record.key.clone(), headers: record.headers.clone() }
    }
}

impl Serializers {
    /// Those of a client of the registry, or proxy, at this URL.
    pub fn new(url: &str) -> Self {
        Self { registry: Map::new() }.setting("url", url)
    }

    /// The same with a setting of the client, as `basic.auth.user.info`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.registry.insert(name.to_owned(), value.into());
        self
    }

    /// Values of a topic as bytes; `null` becomes a tombstone. What schema they need is registered.
    ///
    /// # Errors
    /// Python missing, and what the serializer says.
    pub fn serialize(&self, topic: &str, form: &Form, values: &[Value]) -> Result<Vec<Serialized>> {
        let answer = self.ask("serialize", topic, form, "values", values.into())?;
        answer["records"].as_array().context("no records")?.iter().map(serialized).collect()
    }

    /// What bytes of a topic are.
    ///
    /// # Errors
    /// As [`Self::serialize`].
    pub fn deserialize(&self, topic: &str, form: &Form, records: &[Serialized]) -> Result<Vec<Read>> {
        let records: Vec<Value> = records.iter().map(told).collect();
        let mut answer = self.ask("deserialize", topic, form, "records", records.into())?;
        let mut list = |name: &str| serde_json::from_value::<Vec<Value>>(answer[name].take());
        let (values, ids) = (list("values")?, list("ids")?);
        Ok(values.into_iter().zip(ids).map(|(value, id)| Read { value, id }).collect())
    }

    fn ask(&self, what: &str, topic: &str, form: &Form, name: &str, content: Value) -> Result<Value> {
        let mut order = form.order.clone();
        order.insert("do".to_owned(), what.into());
        order.insert("topic".to_owned(), topic.into());
        order.insert("registry".to_owned(), self.registry.clone().into());
        order.insert(name.to_owned(), content);
        let answer = Program::ask(&order.into())?;
        match answer["error"].as_str() {
            Some(error) => bail!("{error}"),
            None => Ok(answer),
        }
    }
}

/// The running program.
struct Program {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn ask(order: &Value) -> Result<Value> {
        static RUNNING: Mutex<Option<Program>> = Mutex::new(None);
        let mut place = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        // One that failed is not asked again: it is taken out first and put back after.
        let mut running = place.take().map_or_else(Self::start, Ok)?;
        writeln!(running.input, "{order}")?;
        let mut line = String::new();
        ensure!(running.output.read_line(&mut line)? > 0, "the serializers ended: {:?}", running.process.wait());
        *place = Some(running);
        serde_json::from_str(&line).with_context(|| line.clone())
    }

    fn start() -> Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("serializers/serializers.py");
        let mut process = Command::new(python()?)
            .arg(program)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("python")?;
        let input = process.stdin.take().context("no input")?;
        let output = process.stdout.take().context("no output")?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }
}

/// Python with the serializers, installed by `scripts/serializers` the first time.
fn python() -> Result<PathBuf> {
    let root = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?;
    let folder = root.join("target/serializers");
    kafka::run(Command::new(root.join("scripts/serializers")).arg(&folder))?;
    Ok(folder.join("bin/python"))
}

fn serialized(record: &Value) -> Result<Serialized> {
    let bytes = |told: &Value| told.as_str().map(|text| STANDARD.decode(text)).transpose();
    let mut headers = Vec::new();
    for header in record["headers"].as_array().context("no headers")? {
        headers.push((header[0].as_str().context("no name")?.to_owned(), bytes(&header[1])?));
    }
    Ok(Serialized { bytes: bytes(&record["bytes"])?, headers })
}

fn told(record: &Serialized) -> Value {
    let text = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| STANDARD.encode(bytes));
    let headers: Vec<Value> = record.headers.iter().map(|(name, content)| json!([name, text(content)])).collect();
    json!({ "bytes": text(&record.bytes), "headers": headers })
}
