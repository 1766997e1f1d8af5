//! The languages that plugins are written in.

use clap::ValueEnum;

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Rust
    Rust,
    /// Python
    #[value(alias = "py")]
    Python,
    /// JavaScript or TypeScript
    #[value(alias = "javascript", alias = "ts", alias = "typescript")]
    Js,
}

impl Language {
    pub(super) const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::Js];

    /// The file that says of a folder that it is a project of this language.
    pub(super) fn manifest(self) -> &'static str {
        match self {
            Self::Rust => "Cargo.toml",
            Self::Python => "pyproject.toml",
            Self::Js => "package.json",
        }
    }

    /// The guide for it, in the documentation.
    pub(super) fn guide(self) -> &'static str {
        match self {
            Self::Rust => "docs/plugin-guide.md",
            Self::Python => "docs/plugin-guide-python.md",
            Self::Js => "docs/plugin-guide-javascript.md",
        }
    }
}
