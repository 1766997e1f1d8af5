//! An independent reader: Kafka's own Java client, behind `tests/kafka/ReadBack.java`.
//!
//! One process serves all tests of a binary; it ends when its input closes, at the latest with ours.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use serde_json::Value;

use crate::kafka::classpath;

/// A record as the reader saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp; -1 for none.
    pub timestamp: i64,
    /// `CreateTime`, `LogAppendTime` or `NoTimestampType`.
    pub timestamp_type: String,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

struct Reader {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// Every committed record of a topic by partition, in order.
///
/// # Errors
/// A reader that does not start, or that cannot read the topic; its own words go to standard error.
pub fn read(servers: &str, topic: &str) -> Result<BTreeMap<i32, Vec<Record>>> {
    static READER: OnceLock<Mutex<Option<Reader>>> = OnceLock::new();
    let mut reader = READER.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    // A reader that failed is not asked again: it is taken out first and put back after.
    let mut running = reader.take().map_or_else(Reader::start, Ok)?;
    let records = running.read(servers, topic)?;
    *reader = Some(running);
    Ok(records)
}

impl Reader {
    fn start() -> Result<Self> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/ReadBack.java");
        let mut process = Command::new("java")
            .args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=ERROR", "-cp", classpath()?])
            .arg(source)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("java")?;
        let input = process.stdin.take().context("no input")?;
        let output = process.stdout.take().context("no output")?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    fn read(&mut self, servers: &str, topic: &str) -> Result<BTreeMap<i32, Vec<Record>>> {
        writeln!(self.input, "{servers} {topic}")?;
        self.input.flush()?;
        let mut records: BTreeMap<i32, Vec<Record>> = BTreeMap::new();
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(self.output.read_line(&mut line)? > 0, "the reader ended: {:?}", self.process.wait());
            if line.trim_end() == "." {
                return Ok(records);
            }
            let object: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
            let partition = object["partition"].as_i64().context("no partition")? as i32;
            records.entry(partition).or_default().push(record(&object)?);
        }
    }
}

fn record(object: &Value) -> Result<Record> {
    let headers = object["headers"].as_array().context("no headers")?;
    Ok(Record {
        offset: object["offset"].as_i64().context("no offset")?,
        timestamp: object["timestamp"].as_i64().context("no timestamp")?,
        timestamp_type: object["timestamp_type"].as_str().context("no timestamp type")?.to_owned(),
        key: bytes(&object["key"])?,
        value: bytes(&object["value"])?,
        headers: headers
            .iter()
            .map(|pair| Ok((pair[0].as_str().context("no name")?.to_owned(), bytes(&pair[1])?)))
            .collect::<Result<_>>()?,
    })
}

fn bytes(value: &Value) -> Result<Option<Vec<u8>>> {
    value.as_str().map(|text| Ok(base64::engine::general_purpose::STANDARD.decode(text)?)).transpose()
}
