//! The kinds of files that a backup consists of, as `inspect` shows them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::kinds::Kind;
use crate::read::Format;

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
    /// Whether files of these kind are of this kind. JSON Lines has no schema but what the first lines show, so the
    /// order of its fields and their types, null among them, make no other kind.
    fn is_of(&self, kind: &Kind) -> bool {
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
                names(&self.schema) == names(&kind.schema) && untyped(&self.mapping) == untyped(&kind.mapping)
            }
            Format::Parquet | Format::Avro => self.schema == kind.schema && self.mapping == kind.mapping,
        };
        self.format == kind.format && alike && self.lost == kind.lost
    }

    /// Counts so many files of this kind, and what types their fields have.
    fn add(&mut self, kind: &Kind, files: usize) {
        self.files += files;
        if self.format != Format::JsonLines {
            return;
        }
        for (name, types) in &mut self.schema {
            let others = kind.schema.iter().filter(|(other, _)| other == name);
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
pub(super) fn layouts<'a>(files: impl Iterator<Item = (&'a Arc<str>, &'a Arc<Kind>)>) -> Vec<Layout> {
    // Of each kind its place, and then how many files there are, and the first one.
    let mut places = HashMap::<*const Kind, usize>::new();
    let mut kinds: Vec<(&Kind, usize, &Arc<str>)> = Vec::new();
    for (path, kind) in files {
        let place = *places.entry(Arc::as_ptr(kind)).or_insert(kinds.len());
        match kinds.get_mut(place) {
            Some((_, files, _)) => *files += 1,
            None => kinds.push((kind, 1, path)),
        }
    }
    let mut layouts: Vec<Layout> = Vec::new();
    for (kind, files, path) in kinds {
        match layouts.iter_mut().find(|layout| layout.is_of(kind)) {
            Some(layout) => layout.add(kind, files),
            None => layouts.push(Layout {
                format: kind.format,
                schema: kind.schema.clone(),
                mapping: kind.mapping.clone(),
                lost: kind.lost.clone(),
                files,
                example: Arc::clone(path),
            }),
        }
    }
    layouts
}
