//! How a text is made unreadable.

use anabranch_json::{content, write_text};
use blake3::OUT_LEN;
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

/// What becomes of a field or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    /// Something else stands in its place.
    Redact,
    /// A hash with the secret, in hexadecimal digits.
    Hash,
    /// Another text of the same kind: digits stay digits, letters letters.
    Tokenize,
    /// Its last letters, behind stars.
    KeepLast,
}

/// How hashes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Algorithm {
    /// BLAKE3 with a key.
    Blake3,
    /// HMAC with SHA-256.
    HmacSha256,
}

/// An algorithm with the secret in it.
pub(crate) enum Keyed {
    Blake3([u8; 32]),
    HmacSha256(Hmac<Sha256>),
}

impl Keyed {
    pub(crate) fn new(algorithm: Algorithm, secret: &str) -> Result<Self, hmac::digest::InvalidLength> {
        Ok(match algorithm {
            Algorithm::Blake3 => Self::Blake3(blake3::derive_key("anabranch mask: hash", secret.as_bytes())),
            Algorithm::HmacSha256 => Self::HmacSha256(Hmac::new_from_slice(secret.as_bytes())?),
        })
    }

    fn hash(&self, text: &[u8]) -> String {
        match self {
            Self::Blake3(key) => hex::encode(blake3::keyed_hash(key, text).as_bytes()),
            Self::HmacSha256(keyed) => hex::encode(keyed.clone().chain_update(text).finalize().into_bytes()),
        }
    }
}

/// What makes tokens of texts.
pub(crate) struct Tokens([u8; 32]);

impl Tokens {
    pub(crate) fn new(secret: &str) -> Self {
        Self(blake3::derive_key("anabranch mask: token", secret.as_bytes()))
    }

    /// Bytes without end that depend on the secret and the text alone.
    fn stream(&self, text: &str) -> impl Iterator<Item = u8> {
        // Most texts need no more than the hash itself, which BLAKE3 goes on from.
        let first: [u8; OUT_LEN] = *blake3::keyed_hash(&self.0, text.as_bytes()).as_bytes();
        let more = std::iter::once_with(move || {
            let mut output = blake3::Hasher::new_keyed(&self.0).update(text.as_bytes()).finalize_xof();
            output.set_position(OUT_LEN as u64);
            std::iter::repeat_with(move || {
                let mut block = [0; blake3::BLOCK_LEN];
                output.fill(&mut block);
                block
            })
        });
        first.into_iter().chain(more.flatten().flatten())
    }
}

/// All that the methods need.
pub(crate) struct Masker {
    /// JSON that stands in place of what is redacted.
    pub(crate) mask: String,
    pub(crate) hashes: Keyed,
    pub(crate) tokens: Tokens,
    /// How many hexadecimal digits of a hash there are.
    pub(crate) length: usize,
    /// How many letters at the end of a text are kept.
    pub(crate) shown: usize,
}

impl Masker {
    /// Adds JSON to `out` that stands in place of `json`. Null stays null but for being redacted, and what is neither
    /// text nor number has no kind to keep and is redacted where it would be tokenized or shortened.
    pub(crate) fn json(&self, method: Method, json: &str, out: &mut String) {
        let text = content(json);
        let is_number = json.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        let plain = text.as_deref().unwrap_or(json);
        match method {
            Method::Redact => out.push_str(&self.mask),
            _ if json == "null" => out.push_str(json),
            Method::Hash => write_text(&self.hash(plain.as_bytes()), out),
            Method::Tokenize if is_number => out.push_str(&self.number(json)),
            Method::Tokenize if text.is_some() => write_text(&self.token(plain), out),
            Method::KeepLast if is_number || text.is_some() => write_text(&self.end(plain), out),
            Method::Tokenize | Method::KeepLast => out.push_str(&self.mask),
        }
    }

    /// The same for a key that is no JSON.
    pub(crate) fn bytes(&self, method: Method, key: &[u8]) -> Result<String, std::str::Utf8Error> {
        Ok(match method {
            Method::Hash | Method::Redact => self.hash(key),
            Method::Tokenize => self.token(std::str::from_utf8(key)?),
            Method::KeepLast => self.end(std::str::from_utf8(key)?),
        })
    }

    fn hash(&self, text: &[u8]) -> String {
        let mut hex = self.hashes.hash(text);
        hex.truncate(self.length);
        hex
    }

    fn token(&self, text: &str) -> String {
        let letter = |(letter, byte): (char, u8)| match letter {
            '0'..='9' => char::from(b'0' + byte % 10),
            'A'..='Z' => char::from(b'A' + byte % 26),
            _ if letter.is_uppercase() => char::from(b'A' + byte % 26),
            _ if letter.is_alphabetic() => char::from(b'a' + byte % 26),
            _ if letter.is_numeric() => char::from(b'0' + byte % 10),
            _ => letter,
        };
        text.chars().zip(self.tokens.stream(text)).map(letter).collect()
    }

    /// A number of as many digits, with sign, point and exponent where they were.
    fn number(&self, json: &str) -> String {
        let mut token = String::with_capacity(json.len());
        let (mut is_first, mut is_exponent) = (true, false);
        let mut letters = json.chars().zip(self.tokens.stream(json)).peekable();
        while let Some((letter, byte)) = letters.next() {
            is_exponent |= matches!(letter, 'e' | 'E');
            if is_exponent || !letter.is_ascii_digit() {
                token.push(letter);
                continue;
            }
            // A number of several digits does not begin with 0.
            let leads = is_first && letters.peek().is_some_and(|(next, _)| next.is_ascii_digit());
            token.push(if leads { char::from(b'1' + byte % 9) } else { char::from(b'0' + byte % 10) });
            is_first = false;
        }
        token
    }

    /// A text that has no more letters than are kept would be shown whole; all of it is hidden.
    fn end(&self, text: &str) -> String {
        let count = text.chars().count();
        let hidden = if count <= self.shown { count } else { count - self.shown };
        text.chars().enumerate().map(|(at, letter)| if at < hidden { '*' } else { letter }).collect()
    }
}
