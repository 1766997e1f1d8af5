//! Which column of a file is which part of a record.
//!
//! What the job names wins and must be there. The rest is found by name. The rules:
//!
//! 1. `backup.columns.<part>` is a column's name exactly as the file has it; `a.b` is field `b` of
//!    struct `a`. `"-"` means that the file has no such part, whatever its columns are called.
//!    `backup.columns.value = "*"` means that the whole row is the value.
//! 2. A part that the job does not name is looked for by [`Role::names`], best name first, without
//!    regard to case; of several spellings of one name the first in the file is taken. A column that
//!    the job names for another part is not looked at.
//! 3. A file *without a column for the value* is an export of values: the whole row is the value, as a
//!    JSON object. Then a name alone proves little (`key` may well be a field of the value), so only
//!    what the job names is taken out of the row, unless the row has both a partition and an offset,
//!    which says that it is a record's: then what is found by name is taken out as well. A file with
//!    nothing but columns of rule 2 holds records without values.
//! 4. A column of an unsuitable type is an error, whoever chose it.

mod column;
mod lost;
mod role;

use std::sync::Arc;

pub use column::{Column, Kind};
pub use role::Role;

use super::{Placing, ReadError};
use crate::job::ColumnNames;

/// Says in a job that a part is not in the file.
pub const ABSENT: &str = "-";
/// Says in a job that the whole row is the value.
pub const ROW: &str = "*";

/// Where values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueSource {
    /// A column, by its index in the list of columns.
    Column(usize),
    /// The whole row as a JSON object: these columns at the top of the file, in its order, by their
    /// index in the list of columns.
    Row(Vec<usize>),
    /// Nowhere: every value is null.
    None,
}

/// The columns of each part of a record; indices are into the list that was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The columns that were resolved against.
    pub columns: Vec<Column>,
    /// Keys.
    pub key: Option<usize>,
    /// Values.
    pub value: ValueSource,
    /// Headers.
    pub headers: Option<usize>,
    /// Timestamps.
    pub timestamp: Option<usize>,
    /// Kinds of timestamps.
    pub timestamp_type: Option<usize>,
    /// Partitions.
    pub partition: Option<usize>,
    /// Offsets.
    pub offset: Option<usize>,
    /// Topics.
    pub topic: Option<usize>,
    /// For each part that could also have come from elsewhere: those columns.
    others: Vec<(Role, Vec<usize>)>,
    /// Columns that are no part themselves and say how one is read.
    also_used: Vec<usize>,
}

/// How the search for one role ended.
enum Choice {
    Named(usize),
    Found { index: usize, others: Vec<usize> },
    None,
}

impl Choice {
    fn index(&self) -> Option<usize> {
        match self {
            Self::Named(index) | Self::Found { index, .. } => Some(*index),
            Self::None => None,
        }
    }
}

impl Mapping {
    /// Finds the columns of each part of a record among the columns of the file `path`.
    ///
    /// # Errors
    /// A column that the job names and the file lacks, one that is mapped twice, and one of an
    /// unsuitable type; each with the key of the job file.
    pub fn resolve(path: &Arc<str>, names: &ColumnNames, columns: Vec<Column>) -> Result<Self, ReadError> {
        let fail = |message: String| ReadError::Mapping { path: Arc::clone(path), message };
        let mut choices: [Choice; 8] = std::array::from_fn(|_| Choice::None);
        for role in Role::ALL {
            if let Some(name) = named(role, names) {
                let index = columns
                    .iter()
                    .position(|column| column.is_top() && column.name == name)
                    .or_else(|| columns.iter().position(|column| column.name == name))
                    .ok_or_else(|| fail(missing(role, name, &columns)))?;
                let twice = Role::ALL.into_iter().find(|other| choices[*other as usize].index() == Some(index));
                if let Some(other) = twice {
                    return Err(fail(format!(
                        "`backup.columns.{}` and `backup.columns.{}` both name column `{name}`",
                        other.name(),
                        role.name()
                    )));
                }
                choices[role as usize] = Choice::Named(index);
            }
        }
        let taken: Vec<usize> = choices.iter().filter_map(Choice::index).collect();
        for role in Role::ALL {
            if role.of(names).is_none() {
                choices[role as usize] = found(role, &columns, &taken);
            }
        }

        let whole_row = names.value.as_deref() == Some(ROW)
            || (names.value.is_none() && choices[Role::Value as usize].index().is_none());
        let mut value = match choices[Role::Value as usize].index() {
            Some(index) => ValueSource::Column(index),
            None => ValueSource::None,
        };
        if whole_row {
            let is_record =
                choices[Role::Partition as usize].index().is_some() && choices[Role::Offset as usize].index().is_some();
            let rest = |choices: &[Choice; 8]| -> Vec<usize> {
                let gone: Vec<usize> = choices.iter().filter_map(Choice::index).collect();
                let tops = columns.iter().enumerate().filter(|(_, column)| column.is_top());
                // A struct out of which a part was taken (`metadata.offset`) goes with it; `lost` tells what else
                // was in it.
                tops.filter(|(_, top)| !gone.iter().any(|gone| columns[*gone].steps.first() == top.steps.first()))
                    .map(|(index, _)| index)
                    .collect()
            };
            let takes_all = names.value.is_none() && rest(&choices).is_empty();
            if !is_record && !takes_all {
                for choice in &mut choices {
                    if matches!(choice, Choice::Found { .. }) {
                        *choice = Choice::None;
                    }
                }
            }
            let rest = rest(&choices);
            if !rest.is_empty() {
                value = ValueSource::Row(rest);
            }
        }

        for role in Role::ALL {
            if let Some(index) = choices[role as usize].index()
                && !role.takes(columns[index].kind)
            {
                return Err(fail(format!(
                    "column `{}` is {}, but the {} of a record takes {}; name another column in \
                     `backup.columns.{}`, or `{ABSENT}` for none",
                    columns[index].name,
                    columns[index].type_name,
                    role.name().replace('_', " "),
                    role.due(),
                    role.name()
                )));
            }
        }
        for role in Role::ALL {
            let Some(column) = choices[role as usize].index().and_then(|index| columns.get(index)) else { continue };
            let is_twin = |other: &&Column| other.name == column.name && other.steps.len() == column.steps.len();
            let count = columns.iter().filter(is_twin).count();
            if count > 1 {
                return Err(fail(format!(
                    "it has {count} columns `{}`, and nothing tells which one is the {} of a record; name a column that is there once in `backup.columns.{}`, or `{ABSENT}` for none",
                    column.name,
                    role.name().replace('_', " "),
                    role.name()
                )));
            }
        }
        let index = |role: Role| choices[role as usize].index();
        Ok(Self {
            key: index(Role::Key),
            value,
            headers: index(Role::Headers),
            timestamp: index(Role::Timestamp),
            timestamp_type: index(Role::TimestampType),
            partition: index(Role::Partition),
            offset: index(Role::Offset),
            topic: index(Role::Topic),
            others: Role::ALL
                .into_iter()
                .zip(&choices)
                .filter_map(|(role, choice)| match choice {
                    Choice::Found { others, .. } if !others.is_empty() => Some((role, others.clone())),
                    _ => None,
                })
                .collect(),
            also_used: Vec::new(),
            columns,
        })
    }

    /// Counts a column of the file itself, whatever the case of its name, as one that is read beside the
    /// parts.
    pub(super) fn also_uses(&mut self, name: &str) {
        let is_it = |column: &Column| column.is_top() && column.name.eq_ignore_ascii_case(name);
        let found = self.columns.iter().enumerate().filter(|(_, column)| is_it(column));
        self.also_used.extend(found.map(|(index, _)| index));
    }

    /// The column of a role, where it has one of its own.
    pub fn column(&self, role: Role) -> Option<&Column> {
        let index = match role {
            Role::Key => self.key,
            Role::Value => match &self.value {
                ValueSource::Column(index) => Some(*index),
                ValueSource::Row(_) | ValueSource::None => None,
            },
            Role::Headers => self.headers,
            Role::Timestamp => self.timestamp,
            Role::TimestampType => self.timestamp_type,
            Role::Partition => self.partition,
            Role::Offset => self.offset,
            Role::Topic => self.topic,
        };
        index.and_then(|index| self.columns.get(index))
    }

    /// The way to the column of a role: the names of the structs around it, then its own; empty where
    /// the role has no column. A name may have dots itself, so `a.b.c` alone does not tell the way.
    pub fn way(&self, role: Role) -> Vec<&str> {
        let mut way = Vec::new();
        let Some(column) = self.column(role) else { return way };
        let mut around: Option<&str> = None;
        for length in 1..=column.steps.len() {
            let steps = column.steps.get(..length);
            let Some(step) = self.columns.iter().find(|other| steps == Some(other.steps.as_slice())) else { continue };
            let own = around.and_then(|around| step.name.strip_prefix(around)?.strip_prefix('.'));
            way.push(own.unwrap_or(&step.name));
            around = Some(&step.name);
        }
        way
    }

    /// Which columns of a record's place there are; one of nothing but nulls is none.
    pub fn placing(&self) -> Placing {
        let has = |role: Role| self.column(role).is_some_and(|column| column.kind != Kind::Null);
        Placing { topic: has(Role::Topic), partition: has(Role::Partition), offset: has(Role::Offset) }
    }

    /// The mapping in words, one line for each part that has a source.
    pub fn in_words(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for role in Role::ALL {
            let name = role.name().replace('_', " ");
            if let Some(column) = self.column(role) {
                let mut line = format!("{name} ← column \"{}\" ({})", column.name, column.type_name);
                if let Some((_, others)) = self.others.iter().find(|(with, _)| *with == role) {
                    let others: Vec<String> = others.iter().map(|i| format!("\"{}\"", self.columns[*i].name)).collect();
                    line += &format!("; {} would do too: `backup.columns.{}` decides", others.join(", "), role.name());
                }
                lines.push(line);
            } else if let (Role::Value, ValueSource::Row(row)) = (role, &self.value) {
                let what = match row.len() {
                    1 => "1 column".to_owned(),
                    count => format!("{count} columns"),
                };
                lines.push(format!("value ← the whole row ({what}) as a JSON object"));
            }
        }
        lines
    }
}

/// The column that the job names for a role.
fn named(role: Role, names: &ColumnNames) -> Option<&str> {
    role.of(names).filter(|name| *name != ABSENT && !(role == Role::Value && *name == ROW))
}

/// Looks for a role by its usual names.
fn found(role: Role, columns: &[Column], taken: &[usize]) -> Choice {
    let candidates: Vec<usize> = role
        .names()
        .iter()
        .flat_map(|name| {
            let same = move |column: &Column| column.name.eq_ignore_ascii_case(name);
            columns.iter().enumerate().filter(move |(_, column)| same(column)).map(|(index, _)| index)
        })
        .filter(|index| !taken.contains(index))
        .collect();
    match candidates.split_first() {
        Some((index, others)) => Choice::Found { index: *index, others: others.to_vec() },
        None => Choice::None,
    }
}

/// How many columns a message lists.
const LISTED: usize = 12;

fn missing(role: Role, name: &str, columns: &[Column]) -> String {
    let mut message = format!("`backup.columns.{}` names column `{name}`, which the file does not have", role.name());
    let nearest = columns
        .iter()
        .map(|column| (strsim::jaro_winkler(&column.name.to_lowercase(), &name.to_lowercase()), &column.name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, nearest)) = nearest {
        message += &format!("; did you mean `{nearest}`?");
    }
    let mut listed: Vec<String> = columns.iter().take(LISTED).map(|column| format!("`{}`", column.name)).collect();
    if columns.len() > LISTED {
        listed.push(format!("{} more", columns.len() - LISTED));
    }
    message + &format!(" (it has {})", if listed.is_empty() { "none".to_owned() } else { listed.join(", ") })
}

#[cfg(test)]
mod tests;
