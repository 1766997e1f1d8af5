//! `anabranch plugin new`: a folder that builds and passes its own test, to begin from.

mod files;
mod name;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::language::Language;
use crate::cli::terminal::Terminal;
use crate::failure::{Exit, Explain, Failure};
use name::Name;

/// What is made.
#[derive(Debug, Args)]
pub(in crate::cli) struct New {
    /// The plugin's name, for instance `drop-test-users`
    name: String,
    /// The language that it is written in
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    lang: Language,
    /// The folder that is made; by default one of the plugin's name, here
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
}

/// `anabranch.plugin-new/1`.
#[derive(Debug, Serialize)]
struct NewDocument {
    schema: &'static str,
    name: String,
    folder: String,
    files: Vec<String>,
}

/// No plugin was made.
#[derive(Debug, thiserror::Error)]
enum NewError {
    /// What it is to be called.
    #[error("a plugin cannot be called `{name}`: {why}")]
    Name { name: String, why: String },
    /// Where it is to be.
    #[error("`{}` is there already", .0.display())]
    Taken(PathBuf),
    /// It cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// A template that does not fill in, which is a defect of this program.
    #[error("the template of `{path}` is wrong")]
    Template {
        path: String,
        #[source]
        error: minijinja::Error,
    },
    /// Likewise.
    #[error("the workspace of the SDK is wrong")]
    Workspace(#[source] toml::de::Error),
}

impl Explain for NewError {
    fn exit(&self) -> Exit {
        match self {
            Self::Name { .. } | Self::Taken(_) => Exit::Usage,
            Self::Write { .. } => Exit::Environment,
            Self::Template { .. } | Self::Workspace(_) => Exit::Failed,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Name { .. } => Some("choose another, for instance `drop-test-users`".to_owned()),
            Self::Taken(_) => Some("choose another name, or another folder with `--path`".to_owned()),
            Self::Write { .. } | Self::Template { .. } | Self::Workspace(_) => None,
        }
    }
}

impl New {
    pub(in crate::cli) fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let name = Name::parse(&self.name, self.lang)?;
        let folder = self.path.unwrap_or_else(|| PathBuf::from(name.to_string()));
        let files = files::of(&name, self.lang)?;
        make(&folder)?;
        for (path, content) in &files {
            write(&folder.join(path), content)?;
        }
        let document = NewDocument {
            schema: "anabranch.plugin-new/1",
            name: name.to_string(),
            folder: folder.display().to_string(),
            files: files.into_iter().map(|(path, _)| path).collect(),
        };
        terminal.give(&document, || text(&document, self.lang))?;
        Ok(Exit::Done)
    }
}

/// Makes the folder, unless it is there and holds something.
fn make(folder: &Path) -> Result<(), NewError> {
    let failed = |source| NewError::Write { path: folder.to_owned(), source };
    match fs::create_dir_all(folder).and_then(|()| fs::read_dir(folder)) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(NewError::Taken(folder.to_owned())),
        },
        // A file of that name.
        Err(source) if matches!(source.kind(), ErrorKind::AlreadyExists | ErrorKind::NotADirectory) => {
            Err(NewError::Taken(folder.to_owned()))
        }
        Err(source) => Err(failed(source)),
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), NewError> {
    let failed = |source| NewError::Write { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    // Never over a file that came there meanwhile.
    let mut file = fs::File::create_new(path).map_err(failed)?;
    io::Write::write_all(&mut file, content).map_err(failed)
}

/// Where to read on.
fn text(document: &NewDocument, language: Language) -> String {
    let NewDocument { name, folder, .. } = document;
    let guide = language.guide();
    format!(
        "{folder} holds the plugin `{name}`. Its README.md says how it is tested and built; {guide} goes on from there.\n"
    )
}
