//! How a text is made unreadable.

use anabranch_json::{content, write_text};
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

/// What becomes of a field or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    /// Something else stands in its place.
    Redact,
    /// HMAC-SHA-256 in hexadecimal digits.
    Hash,
    /// Another text of the same kind: digits stay digits, letters letters.
    Tokenize,
    /// Its last letters, behind stars.
    KeepLast,
}

/// All that the methods need.
pub(crate) struct Masker {
    /// JSON that stands in place of what is redacted.
    pub(crate) mask: String,
    /// With the secret in it; cloned for each text.
    pub(crate) keyed: Hmac<Sha256>,
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
        let mut hex = hex::encode(self.keyed.clone().chain_update(text).finalize().into_bytes());
        hex.truncate(self.length);
        hex
    }

    /// Bytes without end that depend on the secret and the text alone.
    fn stream(&self, text: &str) -> impl Iterator<Item = u8> {
        // The zero byte and the number of the block keep these apart from hashes of the same text.
        let keyed = self.keyed.clone().chain_update(text).chain_update([0]);
        (0u32..).flat_map(move |block| keyed.clone().chain_update(block.to_be_bytes()).finalize().into_bytes())
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
        text.chars().zip(self.stream(text)).map(letter).collect()
    }

    /// A number of as many digits, with sign, point and exponent where they were.
    fn number(&self, json: &str) -> String {
        let mut token = String::with_capacity(json.len());
        let (mut is_first, mut is_exponent) = (true, false);
        let mut letters = json.chars().zip(self.stream(json)).peekable();
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
