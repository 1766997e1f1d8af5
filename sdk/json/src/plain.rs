//! What a JSON value is outside of JSON: a text without its quotes and escapes, all else as it stands.

use std::borrow::Cow;

use crate::scan::NotJson;

/// The bytes of a key, value or header as text, in which JSON is looked for.
///
/// # Errors
/// Bytes that are no UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, NotJson> {
    std::str::from_utf8(bytes).map_err(|error| NotJson::new("bytes stand that are no UTF-8", error.valid_up_to()))
}

/// The content of a JSON text: `ann` for `"ann"`. `None` for what is no text.
///
/// Where a text escapes half a surrogate pair, which no UTF-8 holds, its escapes stay as they stand.
pub fn content(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    Some(serde_json::from_str(json).map_or(Cow::Borrowed(inner), Cow::Owned))
}

/// The content of a JSON text, and of any other value its JSON: `ann` for `"ann"`, `7` for `7`.
pub fn plain(json: &str) -> Cow<'_, str> {
    content(json).unwrap_or(Cow::Borrowed(json))
}

/// Adds a text to `out` as JSON, with quotes and escapes.
pub fn write_text(text: &str, out: &mut String) {
    if text.bytes().all(|byte| !matches!(byte, 0..=0x1f | b'"' | b'\\')) {
        out.reserve(text.len() + 2);
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        // A text can always be written; there is no error to lose.
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::{content, plain, text, write_text};

    #[test]
    fn texts_lose_quotes_and_escapes_and_nothing_else_changes() {
        assert_eq!(plain(r#""a\n\u00e9""#), "a\né");
        assert_eq!(plain(r#""\ud800""#), r"\ud800");
        assert_eq!(plain("7.10"), "7.10");
        assert_eq!(content("null"), None);
        assert_eq!(content("\"\""), Some("".into()));
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for text in ["", "ann", "it's \"so\"", "a\nb\\", "\u{1}é"] {
            let mut written = String::new();
            write_text(text, &mut written);
            assert_eq!(plain(&written), text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_no_json() {
        assert_eq!(
            text(b"a\xff").map_err(|error| error.to_string()),
            Err("bytes stand that are no UTF-8 at byte 1".into())
        );
    }
}
