//! How a call of a plugin can fail.

use std::fmt;
use std::time::Duration;

use wasmtime::Trap;

use super::text::printable;

/// Bytes of a plugin's own words in an error.
pub(super) const WORDS: usize = 4096;

/// How a call of a plugin failed. Reads on after the plugin's name: "plugin `x` `{fault}`".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    /// What the plugin said before.
    last_words: Option<String>,
}

/// The kinds of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It trapped.
    Trap(String),
    /// A call took longer than the limit.
    TimeOut(Duration),
    /// A single record took more instructions than the limit.
    Fuel(u64),
    /// It wanted more memory than the limit, in bytes.
    Memory(usize),
    /// It wanted tables of more entries than the limit.
    Tables(usize),
    /// It consists of more instances, tables or memories than the limit.
    Instances(usize),
    /// Its answer is larger than the limit, in bytes.
    Output(usize),
    /// It says itself that it failed.
    Failure(String),
    /// It breaks the rules of the interface.
    Contract(String),
    /// Something in the host refused.
    Host(String),
}

impl Fault {
    /// A fault without last words.
    pub(super) fn new(kind: FaultKind) -> Self {
        Self { kind, last_words: None }
    }

    /// A violation of the interface's rules.
    pub(super) fn contract(message: impl Into<String>) -> Self {
        Self::new(FaultKind::Contract(message.into()))
    }

    /// This fault with what the plugin said before it.
    pub(super) fn with_last_words(mut self, words: Option<String>) -> Self {
        self.last_words = words;
        self
    }

    /// The kind.
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// What is said of a record that is set aside for it.
    pub(super) fn reason(&self) -> String {
        printable(self.to_string().trim_end_matches(','), WORDS)
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<String> {
        match &self.kind {
            FaultKind::TimeOut(_) | FaultKind::Fuel(_) => {
                Some("look for a loop without an end, or raise the plugin's limit `time`".to_owned())
            }
            FaultKind::Memory(_) => Some("raise the plugin's limit `memory`, or let it keep less".to_owned()),
            FaultKind::Tables(_) => Some("raise the plugin's limit `table_entries`".to_owned()),
            FaultKind::Instances(_) => Some("raise the plugin's limit `instances`".to_owned()),
            FaultKind::Output(_) => Some("raise the plugin's limit `output`, or let it answer with less".to_owned()),
            FaultKind::Contract(_) => {
                Some("this is a mistake in the plugin or its SDK; tell the plugin's author this message".to_owned())
            }
            FaultKind::Trap(_) | FaultKind::Failure(_) => {
                Some("mend the plugin: what it cannot handle it rejects, with a reason".to_owned())
            }
            FaultKind::Host(_) => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::Trap(what) => write!(f, "trapped ({what})")?,
            FaultKind::TimeOut(limit) => write!(f, "did not answer within {limit:?}")?,
            FaultKind::Fuel(limit) => write!(f, "did not answer within {limit} instructions for a single record")?,
            FaultKind::Memory(limit) => write!(f, "wanted more than its {} of memory", Bytes(*limit))?,
            FaultKind::Tables(limit) => write!(f, "wanted tables of more than its {limit} entries")?,
            FaultKind::Instances(limit) => {
                write!(f, "consists of more than its {limit} instances, or as many tables or memories")?;
            }
            FaultKind::Output(limit) => write!(f, "answered with more than its {} of output", Bytes(*limit))?,
            FaultKind::Failure(message) => write!(f, "failed ({message})")?,
            FaultKind::Contract(message) => write!(f, "broke the plugin interface ({message})")?,
            FaultKind::Host(message) => write!(f, "could not be called ({message})")?,
        }
        match &self.last_words {
            Some(words) => write!(f, ", saying \"{words}\","),
            None => Ok(()),
        }
    }
}

/// A number of bytes, in the largest unit that divides it.
struct Bytes(usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 20) => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes > 0 && bytes.is_multiple_of(1 << 10) => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

/// What wasmtime says of a failed call, where no limit of ours explains it.
pub(super) fn trap(error: &wasmtime::Error) -> FaultKind {
    match error.downcast_ref::<Trap>() {
        Some(trap) => {
            let text = trap.to_string();
            FaultKind::Trap(text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned())
        }
        None => {
            let causes =
                error.chain().map(ToString::to_string).filter(|cause| !cause.starts_with("error while executing"));
            FaultKind::Trap(printable(&causes.collect::<Vec<_>>().join(": "), WORDS))
        }
    }
}
