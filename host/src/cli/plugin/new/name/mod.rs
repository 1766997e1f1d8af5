//! The name of a new plugin: what it may be, and what becomes of it in code.

mod reserved;

use std::fmt;

use super::NewError;
use crate::cli::plugin::language::Language;
use crate::plugin::READY_MADE;

/// The longest name.
const LENGTH: usize = 64;

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
            let rule =
                "it begins with a small letter, and consists of such and digits, with single hyphens between words";
            return Err(wrong(rule.to_owned()));
        }
        if name.len() > LENGTH {
            return Err(wrong(format!("it has {} letters, and may have {LENGTH}", name.len())));
        }
        if READY_MADE.contains(&name) {
            return Err(wrong("a plugin of that name comes with Anabranch".to_owned()));
        }
        let made = Self(name.to_owned());
        if let Some(taken) = reserved::taken(&made, language) {
            return Err(wrong(format!("`{taken}` means something else in its code")));
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

    #[test]
    fn names_whose_plugin_would_not_compile_or_pass_its_test() {
        let rust = ["outcome", "parameters", "string", "some", "component", "settings", "record", "s-tring"];
        let python =
            ["decimal", "dataclasses", "py", "pytest", "site", "encodings", "wit-world", "componentize-py", "type"];
        for (names, language) in [(&rust[..], Language::Rust), (&python[..], Language::Python)] {
            for name in names {
                let is_refused = Name::parse(name, language).is_err();
                assert_eq!(is_refused, !["s-tring", "type"].contains(name), "{name}");
            }
        }
    }
}
