//! The name of a new plugin: what it may be, and what becomes of it in code.

use std::fmt;

use super::NewError;
use crate::cli::plugin::language::Language;
use crate::plugin::READY_MADE;

/// The longest name.
const LENGTH: usize = 64;

/// Words that no function, module or package can be called: those of the language, and what its tools or its standard
/// library are called, which a module of that name would stand before.
fn reserved(language: Language) -> &'static [&'static str] {
    match language {
        Language::Rust => &[
            "abstract",
            "alloc",
            "as",
            "async",
            "await",
            "become",
            "box",
            "break",
            "const",
            "continue",
            "core",
            "crate",
            "do",
            "dyn",
            "else",
            "enum",
            "extern",
            "false",
            "final",
            "fn",
            "for",
            "gen",
            "if",
            "impl",
            "in",
            "let",
            "loop",
            "macro",
            "match",
            "mod",
            "move",
            "mut",
            "override",
            "priv",
            "proc_macro",
            "pub",
            "ref",
            "return",
            "self",
            "serde",
            "serde_json",
            "static",
            "std",
            "struct",
            "super",
            "test",
            "tests",
            "trait",
            "true",
            "try",
            "type",
            "typeof",
            "unsafe",
            "unsized",
            "use",
            "virtual",
            "where",
            "while",
            "yield",
            "record",
            "run",
            "settings",
        ],
        Language::Python => &[
            "and",
            "as",
            "assert",
            "async",
            "await",
            "break",
            "class",
            "code",
            "collections",
            "continue",
            "copy",
            "def",
            "del",
            "elif",
            "else",
            "email",
            "enum",
            "except",
            "finally",
            "for",
            "from",
            "functools",
            "global",
            "if",
            "import",
            "in",
            "io",
            "is",
            "json",
            "lambda",
            "logging",
            "match",
            "nonlocal",
            "not",
            "operator",
            "or",
            "os",
            "pass",
            "plugin",
            "raise",
            "random",
            "re",
            "record",
            "return",
            "string",
            "struct",
            "sys",
            "test",
            "tests",
            "time",
            "try",
            "types",
            "typing",
            "vendor",
            "wheel",
            "while",
            "with",
            "yield",
        ],
        Language::Js => &["node_modules", "favicon", "test", "tests", "vendor"],
    }
}

/// A name that a plugin can have, in words with hyphens between them: `drop-test-users`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    /// # Errors
    /// A name that is not of such words, or that something else has.
    pub(super) fn parse(name: &str, language: Language) -> Result<Self, NewError> {
        let wrong = |why: String| NewError::Name { name: name.to_owned(), why };
        let is_word = |word: &str| {
            word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) && !word.is_empty()
        };
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.split('-').all(is_word) {
            return Err(wrong("it consists of small letters and digits, with single hyphens between words".to_owned()));
        }
        if name.len() > LENGTH {
            return Err(wrong(format!("it has {} letters, and may have {LENGTH}", name.len())));
        }
        if READY_MADE.contains(&name) {
            return Err(wrong("a plugin of that name comes with Anabranch".to_owned()));
        }
        let made = Self(name.to_owned());
        if name.starts_with("anabranch") || reserved(language).contains(&made.module().as_str()) {
            return Err(wrong(format!("`{}` means something else in its code", made.module())));
        }
        Ok(made)
    }

    /// As a module or a function is called: `drop_test_users`.
    pub(super) fn module(&self) -> String {
        self.0.replace('-', "_")
    }

    /// As a type is called: `DropTestUsers`.
    pub(super) fn type_name(&self) -> String {
        let words = self.0.split('-').map(|word| match word.split_at_checked(1) {
            Some((first, rest)) => first.to_uppercase() + rest,
            None => String::new(),
        });
        words.collect()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_name_in_code() {
        let name = Name::parse("drop-test-users2", Language::Rust).unwrap();
        assert_eq!((name.module(), name.type_name()), ("drop_test_users2".to_owned(), "DropTestUsers2".to_owned()));
    }

    #[test]
    fn names_that_cannot_be() {
        let long = "a".repeat(65);
        let names = ["", "-", "a--b", "A", "1a", "a_b", "a-", "ä", "a/b", "..", "mask", "anabranch-x", "match", &long];
        for name in names {
            assert!(Name::parse(name, Language::Rust).is_err(), "{name}");
        }
        assert!(Name::parse("json", Language::Python).is_err() && Name::parse("json", Language::Js).is_ok());
    }
}
