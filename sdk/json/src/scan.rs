//! Goes through JSON text once and says where things stand: no value is built, nothing is allocated.
//!
//! It takes exactly the texts that RFC 8259 calls JSON, as `serde_json` does (a property test holds the two
//! against each other), but for texts that nest deeper than [`DEEPEST`].

use std::ops::Range;

/// How deep objects and lists may stand in each other; `serde_json` has the same limit for its values.
pub(crate) const DEEPEST: u32 = 128;

/// Text that is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct NotJson {
    /// What is wrong or missing.
    what: &'static str,
    /// Where, in bytes from the beginning.
    at: usize,
}

impl NotJson {
    pub(crate) fn new(what: &'static str, at: usize) -> Self {
        Self { what, at }
    }
}

/// What a value is, by its first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Scalar,
}

/// A place in JSON text.
#[derive(Debug)]
pub(crate) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
}

impl<'t> Scanner<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    fn wrong<T>(&self, what: &'static str) -> Result<T, NotJson> {
        Err(NotJson::new(what, self.at))
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes over white space.
    #[inline]
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Makes sure that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), NotJson> {
        self.space();
        if self.at == self.text.len() { Ok(()) } else { self.wrong("something stands behind the value") }
    }

    /// What the value is that begins here.
    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            _ => Kind::Scalar,
        }
    }

    /// Goes over the value that begins here and says where it stands.
    pub(crate) fn value(&mut self) -> Result<Range<usize>, NotJson> {
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.object(|scanner, _| scanner.value().map(drop))?,
            Some(b'[') => self.array(|scanner, _| scanner.value().map(drop))?,
            Some(b'"') => {
                self.string()?;
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            Some(_) => return self.wrong("no value begins"),
            None => return self.wrong("a value is missing"),
        }
        Ok(start..self.at)
    }

    /// Goes over the object that begins here. `member` gets each name, where it stands with its quotes, and must go over
    /// the value, at which the scanner stands.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, Range<usize>) -> Result<(), NotJson>,
    ) -> Result<(), NotJson> {
        self.down()?;
        self.space();
        if self.peek() == Some(b'}') {
            self.up();
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.wrong("the name of a field is missing");
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.wrong("`:` is missing");
            }
            self.at += 1;
            self.space();
            member(self, name)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.up();
                    return Ok(());
                }
                _ => return self.wrong("`,` or `}` is missing"),
            }
            self.space();
        }
    }

    /// Goes over the list that begins here. `item` gets each index and must go over the value, at which the scanner
    /// stands.
    #[inline]
    pub(crate) fn array(
        &mut self,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), NotJson>,
    ) -> Result<(), NotJson> {
        self.down()?;
        self.space();
        if self.peek() == Some(b']') {
            self.up();
            return Ok(());
        }
        for index in 0.. {
            item(self, index)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.up();
                    return Ok(());
                }
                _ => return self.wrong("`,` or `]` is missing"),
            }
            self.space();
        }
        Ok(())
    }

    /// Goes over the letter that opens an object or a list.
    fn down(&mut self) -> Result<(), NotJson> {
        if self.depth == DEEPEST {
            return self.wrong("objects and lists stand in each other more than 128 deep");
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Goes over the letter that closes an object or a list.
    fn up(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// Goes over the string that begins here and says where it stands, with its quotes.
    fn string(&mut self) -> Result<Range<usize>, NotJson> {
        let start = self.at;
        self.at += 1;
        loop {
            self.plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(start..self.at);
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return self.wrong("a control character stands in a text without an escape"),
                Some(_) => self.at += 1,
                None => return self.wrong("a text does not end"),
            }
        }
    }

    /// Goes over letters of a text that mean themselves, eight at a time: one by one they took most of the instructions.
    #[inline]
    fn plain(&mut self) {
        while let Some(word) = self.text.as_bytes().get(self.at..).and_then(<[u8]>::first_chunk) {
            let marks = marks(u64::from_le_bytes(*word));
            if marks != 0 {
                self.at += marks.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
    }

    fn escape(&mut self) -> Result<(), NotJson> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return self.wrong("an escape `\\u` lacks its four hexadecimal digits");
                }
                self.at += 5;
            }
            _ => return self.wrong("an escape is unknown"),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.wrong("a digit is missing") } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), NotJson> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), NotJson> {
        if !self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return self.wrong("no value begins");
        }
        self.at += word.len();
        Ok(())
    }
}

/// The upper bit of each byte that is a quote, a backslash or a control character. Those above the lowest that is set may be
/// set without cause: of each difference a borrow goes upwards.
#[inline]
fn marks(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let is_below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
    let is = |byte: u8| is_below(word ^ (ONES * u64::from(byte)), 1);
    (is(b'"') | is(b'\\') | is_below(word, 0x20)) & (ONES << 7)
}

/// Whether a name as it stands in the text, quotes and escapes among it, is `name`.
#[inline]
pub(crate) fn is_name(quoted: &str, name: &str) -> bool {
    match quoted.get(1..quoted.len().saturating_sub(1)) {
        Some(plain) if !plain.contains('\\') => plain == name,
        _ => serde_json::from_str::<String>(quoted).is_ok_and(|read| read == name),
    }
}
