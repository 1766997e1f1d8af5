//! JSON string literals to text, into a buffer that is used again and again.
//!
//! `serde_json` has checked the literal's syntax by then; it unescapes only into memory of its own,
//! which would be an allocation for every record that holds JSON within a string.

/// The text of a JSON string literal, quotes included in `literal`: borrowed from it where nothing is
/// escaped, else from `buffer`, whose content is replaced.
///
/// # Errors
/// A surrogate without its other half, which no UTF-8 stands for, and anything that is no literal.
pub(super) fn unquote<'a>(literal: &'a str, buffer: &'a mut String) -> Result<&'a str, String> {
    let inner = literal
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(|| format!("it takes a string, not {}", kind(literal)))?;
    let Some(mut escape) = inner.find('\\') else { return Ok(inner) };
    buffer.clear();
    let mut rest = inner;
    loop {
        buffer.push_str(&rest[..escape]);
        let (letter, taken) = unescape(&rest[escape..])?;
        buffer.push(letter);
        rest = &rest[escape + taken..];
        match rest.find('\\') {
            Some(next) => escape = next,
            None => break,
        }
    }
    buffer.push_str(rest);
    Ok(buffer)
}

/// What a JSON value is, in words.
pub(super) fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The letter that the escape at the beginning of `text` stands for, and the escape's length.
fn unescape(text: &str) -> Result<(char, usize), String> {
    let letter = match text.as_bytes().get(1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        _ => return Err("an unknown escape".to_owned()),
    };
    Ok((letter, 2))
}

/// `\uXXXX`, or two of them where the first is a leading surrogate.
fn unicode(text: &str) -> Result<(char, usize), String> {
    let unit = |at: usize| -> Option<u32> {
        let escape = text.get(at..at + 6)?;
        u32::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let lone =
        || format!("`{}` is half of a surrogate pair, for which there is no UTF-8", text.get(..6).unwrap_or(text));
    let first = unit(0).ok_or_else(|| "an incomplete escape".to_owned())?;
    match first {
        0xd800..=0xdbff => {
            let second = unit(6).filter(|second| (0xdc00..=0xdfff).contains(second)).ok_or_else(lone)?;
            let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            char::from_u32(code).map(|letter| (letter, 12)).ok_or_else(lone)
        }
        _ => char::from_u32(first).map(|letter| (letter, 6)).ok_or_else(lone),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_an_error() {
        insta::assert_snapshot!(unquote(r#""a\ud800b""#, &mut String::new()).unwrap_err(), @r"`\ud800` is half of a surrogate pair, for which there is no UTF-8");
        assert!(unquote(r#""\udc00""#, &mut String::new()).is_err());
        assert!(unquote(r#""\ud800\u0041""#, &mut String::new()).is_err());
        insta::assert_snapshot!(unquote("12", &mut String::new()).unwrap_err(), @"it takes a string, not a number");
    }

    proptest::proptest! {
        #[test]
        fn literals_are_read_as_serde_json_reads_them(text: String, all: bool) {
            let literal = if all {
                let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
                format!("\"{escaped}\"")
            } else {
                serde_json::to_string(&text).unwrap().replace('/', "\\/")
            };
            let due: String = serde_json::from_str(&literal).unwrap();
            let mut buffer = "left over".to_owned();
            proptest::prop_assert_eq!(unquote(&literal, &mut buffer).unwrap(), due);
        }
    }
}
