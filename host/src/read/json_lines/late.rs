//! Parts of a record that no line of the sample had: the usual names by which a later line may have them.

use crate::job::ColumnNames;
use crate::read::mapping::{Mapping, Role, ValueSource};

/// The parts that make up a record's place. A late one is refused, since the lines before it went
/// without; it is looked for only for that.
pub(super) const PLACE: [Role; 3] = [Role::Partition, Role::Offset, Role::Topic];

/// No name at all.
static NO_NAMES: LateNames = LateNames { parts: Vec::new(), objects: Vec::new() };

/// The names to look for within one object, compared without regard to case.
#[derive(Debug, Default)]
pub(super) struct LateNames {
    /// Fields that are such a part: name, part, and how good the name is, 0 being best.
    parts: Vec<(&'static str, Role, usize)>,
    /// Objects within which there are such fields.
    objects: Vec<(&'static str, LateNames)>,
}

/// What a name stands for.
pub(super) enum Late<'p> {
    /// A part of a record, by a name of this rank.
    Part { name: &'static str, role: Role, rank: usize },
    /// An object to look into.
    Object { name: &'static str, names: &'p LateNames },
}

impl LateNames {
    /// The names of the parts that `mapping` lacks and the job (`names`) says nothing about. Where the
    /// whole row is the value, a late key, value, header or timestamp is a field of the value.
    pub(super) fn new(mapping: &Mapping, names: &ColumnNames) -> Self {
        let content: &[Role] = match mapping.value {
            ValueSource::Row(_) => &[],
            ValueSource::Column(_) | ValueSource::None => &[Role::Key, Role::Value, Role::Headers, Role::Timestamp],
        };
        let mut late = Self::default();
        for role in content.iter().chain(&PLACE).copied() {
            if mapping.column(role).is_none() && role.of(names).is_none() {
                for (rank, name) in role.names().iter().enumerate() {
                    late.insert(name, role, rank);
                }
            }
        }
        late
    }

    /// Adds a name; one with a dot may be that of a field or the way into an object.
    fn insert(&mut self, name: &'static str, role: Role, rank: usize) {
        self.parts.push((name, role, rank));
        let Some((object, below)) = name.split_once('.') else { return };
        match self.objects.iter_mut().find(|(known, _)| *known == object) {
            Some((_, names)) => names.insert(below, role, rank),
            None => {
                let mut names = Self::default();
                names.insert(below, role, rank);
                self.objects.push((object, names));
            }
        }
    }

    /// What the field `name` stands for, if it is looked for.
    pub(super) fn find(&self, name: &str) -> Option<Late<'_>> {
        let part = self.parts.iter().find(|(candidate, ..)| candidate.eq_ignore_ascii_case(name));
        if let Some((name, role, rank)) = part {
            return Some(Late::Part { name, role: *role, rank: *rank });
        }
        let object = self.objects.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        object.map(|(name, names)| Late::Object { name, names })
    }

    /// The names to look for within the object that is field `name`.
    pub(super) fn within(&self, name: &str) -> &Self {
        let object = self.objects.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        object.map_or(&NO_NAMES, |(_, names)| names)
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}
