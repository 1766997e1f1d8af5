//! The kinds of files that a backup consists of, as `inspect` shows them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::read::{FileFacts, Format};

/// Files of one kind.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The format.
    pub format: Format,
    /// Their columns: name and type.
    pub schema: Vec<(String, String)>,
    /// What each part of a record is taken from.
    pub mapping: Vec<String>,
    /// What they cannot give back.
    pub lost: Vec<String>,
    /// How many there are.
    pub files: usize,
    /// One of them.
    pub example: Arc<str>,
}

impl Layout {
    /// Whether files of these facts are of this kind. JSON Lines has no schema but what the first lines show, so the
    /// order of its fields and their types, null among them, make no other kind.
    fn is_of(&self, facts: &FileFacts) -> bool {
        let alike = match self.format {
            Format::JsonLines => {
                let names = |schema: &[(String, String)]| -> BTreeSet<String> {
                    schema.iter().map(|(name, _)| name.clone()).collect()
                };
                let untyped = |mapping: &[String]| -> Vec<String> {
                    mapping
                        .iter()
                        .map(|part| part.rsplit_once(" (").map_or(&**part, |(part, _)| part).to_owned())
                        .collect()
                };
                names(&self.schema) == names(&facts.schema) && untyped(&self.mapping) == untyped(&facts.mapping)
            }
            Format::Parquet | Format::Avro => self.schema == facts.schema && self.mapping == facts.mapping,
        };
        self.format == facts.format && alike && self.lost == facts.lost
    }

    /// Counts a file of this kind, and what types its fields have.
    fn add(&mut self, facts: &FileFacts) {
        self.files += 1;
        if self.format != Format::JsonLines {
            return;
        }
        for (name, types) in &mut self.schema {
            let others = facts.schema.iter().filter(|(other, _)| other == name);
            for kind in others.flat_map(|(_, types)| types.split('|')) {
                if !types.split('|').any(|known| known == kind) {
                    types.push('|');
                    types.push_str(kind);
                }
            }
        }
    }
}

/// The kinds of files, in order of their first one.
pub(super) fn layouts<'a>(files: impl Iterator<Item = (&'a Arc<str>, &'a FileFacts)>) -> Vec<Layout> {
    let mut layouts: Vec<Layout> = Vec::new();
    for (path, facts) in files {
        match layouts.iter_mut().find(|layout| layout.is_of(facts)) {
            Some(layout) => layout.add(facts),
            None => layouts.push(Layout {
                format: facts.format,
                schema: facts.schema.clone(),
                mapping: facts.mapping.clone(),
                lost: facts.lost.clone(),
                files: 1,
                example: Arc::clone(path),
            }),
        }
    }
    layouts
}
