//! Text that a plugin or a server wrote, made fit for a log, an error or a report.

/// `text` on one line and no longer than `limit` bytes: control characters are escaped, so that its
/// author cannot forge lines or colours of ours, and what is cut off is marked.
pub(crate) fn printable(text: &str, limit: usize) -> String {
    let mut line = String::with_capacity(text.len().min(limit));
    for character in text.trim_end().chars() {
        if line.len() + character.len_utf8() > limit {
            line.push('…');
            break;
        }
        match character {
            '\t' => line.push(' '),
            control if control.is_control() || reorders(control) => line.extend(control.escape_default()),
            other => line.push(other),
        }
    }
    line
}

/// Whether a character changes the order of others around it, or breaks the line, without being seen.
fn reorders(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_length_is_bounded() {
        assert_eq!(printable("a\nb\u{1b}[31mc\n", 100), "a\\nb\\u{1b}[31mc");
        assert_eq!(printable("a\u{202e}b", 100), "a\\u{202e}b");
        assert_eq!(printable("größe", 3), "gr…");
        assert_eq!(printable("", 10), "");
    }
}
