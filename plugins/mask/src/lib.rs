//! Hides what must not leave a production cluster, names and addresses for instance, in JSON values and in keys.
//!
//! A field is named by its path. All else keeps its very bytes: order and spaces, and numbers that no float holds. The
//! same text always becomes the same, so that records still belong together where they did.

mod method;

use std::io::Write as _;

use anabranch_json::{NotJson, Path, Paths, Policy, text};
use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

use crate::method::{Algorithm, Keyed, Masker, Method, Tokens};

/// Its parameters.
#[derive(Deserialize, Parameters)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// Paths of fields in whose place `mask` stands.
    #[parameter(default = [""; 0])]
    redact: Vec<String>,
    /// Paths of fields in whose place their hash stands.
    #[parameter(default = [""; 0])]
    hash: Vec<String>,
    /// Paths of fields in whose place a text of the same kind stands: digits for digits, letters for letters.
    #[parameter(default = [""; 0])]
    tokenize: Vec<String>,
    /// Paths of fields of which the last letters are shown.
    #[parameter(default = [""; 0])]
    keep_last: Vec<String>,
    /// What becomes of keys: `hash`, `tokenize` or `keep-last`; without it they stay.
    #[parameter(text)]
    key: Option<Method>,
    /// Paths in keys that are JSON, to which `key` then applies instead of to the whole key.
    #[parameter(default = [""; 0])]
    key_paths: Vec<String>,
    /// What stands in place of what is redacted: any JSON value.
    #[parameter(default = "***")]
    mask: serde_json::Value,
    /// The secret of `hash` and `tokenize`, of 16 letters or more.
    secret: Option<String>,
    /// How hashes are made: `blake3` or `hmac-sha256`.
    #[parameter(text, default = "blake3")]
    algorithm: Algorithm,
    /// How many hexadecimal digits of a hash there are, up to 64.
    #[parameter(default = 64)]
    length: usize,
    /// How many letters `keep-last` shows.
    #[parameter(default = 4)]
    shown: usize,
    /// What becomes of a record in which one of the paths finds nothing: `reject`, `keep` or `drop`.
    #[parameter(text, default = "keep")]
    missing: Policy,
    /// What becomes of a record whose value (or key, with `key-paths`) is not JSON: `reject`, `keep` or `drop`.
    #[parameter(text, default = "reject")]
    not_json: Policy,
}

/// The fields of values or of keys that are masked, and how.
struct Fields {
    paths: Paths,
    methods: Vec<Method>,
    /// Which of the paths found something, of the record at hand.
    found: Vec<bool>,
}

/// The plugin of one lane.
pub struct Mask {
    values: Fields,
    keys: Fields,
    key: Option<Method>,
    masker: Masker,
    missing: Policy,
    not_json: Policy,
    masked: String,
}

fn wrong(parameter: &str, message: impl ToString) -> ConfigurationError {
    ConfigurationError::in_parameter(parameter, message.to_string())
}

/// Paths as the parameter `name` has them.
fn paths(name: &str, written: &[String]) -> Result<Vec<Path>, ConfigurationError> {
    written.iter().map(|path| path.parse().map_err(|error: anabranch_json::InvalidPath| wrong(name, error))).collect()
}

impl Configure for Mask {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        let (mut values, mut methods) = (Vec::new(), Vec::new());
        for (name, written, method) in [
            ("redact", &settings.redact, Method::Redact),
            ("hash", &settings.hash, Method::Hash),
            ("tokenize", &settings.tokenize, Method::Tokenize),
            ("keep-last", &settings.keep_last, Method::KeepLast),
        ] {
            values.extend(paths(name, written)?);
            methods.resize(values.len(), method);
        }
        let keys = paths("key-paths", &settings.key_paths)?;
        if values.is_empty() && settings.key.is_none() {
            return Err(ConfigurationError::new(
                "nothing is masked: name paths in `redact`, `hash`, `tokenize` or `keep-last`, or say what becomes of the `key`",
            ));
        }
        match settings.key {
            None if !keys.is_empty() => return Err(wrong("key-paths", "`key` does not say what becomes of them")),
            Some(Method::Redact) if keys.is_empty() => {
                return Err(wrong("key", "redacted keys would all be one key: take `hash`, `tokenize` or `keep-last`"));
            }
            _ => {}
        }
        let key_method = settings.key;
        let is_keyed = |method: &Method| matches!(method, Method::Hash | Method::Tokenize);
        match &settings.secret {
            None if methods.iter().chain(&key_method).any(is_keyed) => {
                return Err(wrong(
                    "secret",
                    "`hash` and `tokenize` need one: \"${NAME}\" takes it from the environment",
                ));
            }
            Some(secret) if secret.len() < 16 => {
                return Err(wrong("secret", "it is shorter than 16 letters, which can be guessed"));
            }
            _ => {}
        }
        if !(1..=64).contains(&settings.length) {
            return Err(wrong("length", "a hash has 1 to 64 hexadecimal digits"));
        }
        let secret = settings.secret.as_deref().unwrap_or("");
        let masker = Masker {
            mask: settings.mask.to_string(),
            hashes: Keyed::new(settings.algorithm, secret).map_err(|error| wrong("secret", error))?,
            tokens: Tokens::new(secret),
            length: settings.length,
            shown: settings.shown,
        };
        Ok(Self {
            keys: Fields::new(keys, vec![key_method.unwrap_or(Method::Hash); settings.key_paths.len()]),
            values: Fields::new(values, methods),
            key: key_method,
            masker,
            missing: settings.missing,
            not_json: settings.not_json,
            masked: String::new(),
        })
    }
}

impl Fields {
    fn new(paths: Vec<Path>, methods: Vec<Method>) -> Self {
        Self { found: vec![false; paths.len()], paths: Paths::new(paths), methods }
    }

    fn are_none(&self) -> bool {
        self.methods.is_empty()
    }

    /// Puts `text` with its fields masked into `masked`. Returns whether there were any.
    fn mask(&mut self, text: &str, masker: &Masker, masked: &mut String) -> Result<bool, NotJson> {
        let places = self.paths.find(text)?;
        self.found.fill(false);
        masked.clear();
        let mut copied = 0;
        for place in places {
            let slice = |from: usize, to: usize| text.get(from..to).unwrap_or("");
            masked.push_str(slice(copied, place.span.start));
            masker.json(self.methods[place.path], slice(place.span.start, place.span.end), masked);
            self.found[place.path] = true;
            copied = place.span.end;
        }
        masked.push_str(text.get(copied..).unwrap_or(""));
        Ok(!places.is_empty())
    }

    /// A path that found nothing in the text that was masked last.
    fn missed(&self) -> Option<&Path> {
        self.paths.paths().iter().zip(&self.found).find(|(_, found)| !**found).map(|(path, _)| path)
    }
}

impl Plugin for Mask {
    const READS: Columns = Columns::KEY.union(Columns::VALUE);
    const CHANGES: Columns = Columns::KEY.union(Columns::VALUE);

    fn record(&mut self, mut record: Record<'_>) -> Outcome {
        if let (Some(method), Some(key)) = (self.key, record.key()) {
            if self.keys.are_none() {
                match self.masker.bytes(method, key) {
                    Ok(masked) => record.set_key(Some(masked.as_bytes())),
                    Err(_) if self.not_json == Policy::Keep => {}
                    Err(error) => {
                        return self.not_json.settle(record, "not text", || format!("the key is not text: {error}"));
                    }
                }
            } else {
                match text(key).and_then(|text| self.keys.mask(text, &self.masker, &mut self.masked)) {
                    Ok(has_fields) => {
                        if let (Some(path), true) = (self.keys.missed(), self.missing != Policy::Keep) {
                            let reason = || format!("the key has nothing at `{path}`");
                            return self.missing.settle(record, "nothing at a path", reason);
                        }
                        if has_fields {
                            record.set_key(Some(self.masked.as_bytes()));
                        }
                    }
                    Err(_) if self.not_json == Policy::Keep => {}
                    Err(error) => return self.not_json.not_json(record, "key", &error),
                }
            }
        }
        let Some(value) = record.value().filter(|_| !self.values.are_none()) else { return record.keep() };
        match text(value).and_then(|text| self.values.mask(text, &self.masker, &mut self.masked)) {
            Ok(has_fields) => {
                if let (Some(path), true) = (self.values.missed(), self.missing != Policy::Keep) {
                    return self
                        .missing
                        .settle(record, "nothing at a path", || format!("the value has nothing at `{path}`"));
                }
                if has_fields {
                    record.value_writer().write_all(self.masked.as_bytes())?;
                }
                record.keep()
            }
            // What is done to the key stands.
            Err(error) => self.not_json.not_json(record, "value", &error),
        }
    }
}

anabranch_plugin::export!(Mask);

#[cfg(test)]
mod tests;
