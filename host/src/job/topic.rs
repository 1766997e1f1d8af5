//! Names of topics.

/// Bytes of a topic's name, as Kafka limits it.
pub const LONGEST: usize = 249;

/// Whether Kafka takes a topic of this name (`org.apache.kafka.common.internals.Topic`).
pub fn is_legal(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty() && name.len() <= LONGEST && name != "." && name != ".." && name.bytes().all(legal)
}

/// A text as the name of a topic.
///
/// # Errors
/// Says what a name must be. Never the text, which may come from the environment.
pub fn name(text: &str) -> Result<String, String> {
    if is_legal(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "no topic can have this name: it must be 1 to {LONGEST} ASCII letters, digits, `.`, `_` and `-`, and neither \
         `.` nor `..`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_topic_can_have_is_refused() {
        for wrong in ["", ".", "..", "a b", "a/b", "ü", "a\n", &"a".repeat(250)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
        for right in ["orders", "a.b_c-D9", "...", &"a".repeat(249)] {
            assert_eq!(name(right).as_deref(), Ok(right));
        }
    }
}
