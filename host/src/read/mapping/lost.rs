//! What a file with a mapping cannot give back, in words.

use super::{Column, Kind, Mapping, ROW, Role, ValueSource};
use crate::read::Count;

impl Mapping {
    /// Records without a key, of so many: all of them, where there is no column of keys, and else nobody knows.
    pub fn without_key(&self, rows: Count) -> Option<u64> {
        self.key.is_none().then(|| rows.number())
    }

    /// What a file with these columns cannot give back, in words.
    pub fn lost(&self) -> Vec<String> {
        let mut lost = Vec::new();
        if self.key.is_none() {
            lost.push("keys: no such column".to_owned());
        }
        if self.value == ValueSource::None {
            lost.push("values: no such column".to_owned());
        }
        match self.column(Role::Headers) {
            None => lost.push("headers: no such column".to_owned()),
            Some(column) if matches!(column.kind, Kind::Map | Kind::Struct) => lost.push(format!(
                "headers: column \"{}\" holds them by name, so order and duplicates are gone",
                column.name
            )),
            Some(_) => {}
        }
        if self.timestamp.is_none() {
            lost.push("timestamps: no such column".to_owned());
        }
        if self.timestamp_type.is_none() {
            lost.push("timestamp type: no such column".to_owned());
        }
        // What a whole row would save is told apart from what it would not: a struct out of which a part is
        // taken is in no whole row.
        let (tops, within): (Vec<&Column>, Vec<&Column>) = self.unused().partition(|column| column.is_top());
        if let Some(columns) = listed(&tops) {
            lost.push(format!(
                "{columns}: no part of a record; `backup.columns.value = \"{ROW}\"` makes the whole row the value"
            ));
        }
        if let Some(columns) = listed(&within) {
            lost.push(format!(
                "{columns}: no part of a record; of a struct out of which a part is taken, the rest is not restored"
            ));
        }
        lost
    }

    /// What is lost of a column of timestamp types, where nothing more is known of it: Kafka has the type
    /// by topic (`message.timestamp.type`) and not by record.
    pub fn timestamp_type_lost(&self) -> Option<String> {
        let column = self.column(Role::TimestampType).filter(|column| column.kind != Kind::Null)?;
        Some(format!(
            "timestamp type: where column \"{}\" says that the broker set a timestamp, the mark is lost: Kafka has it \
             by topic, not by record",
            column.name
        ))
    }

    /// Columns of which nothing is used, at the top or in a struct out of which a part is taken. A struct
    /// of which nothing is used is one column, and its fields are not given.
    fn unused(&self) -> impl Iterator<Item = &Column> {
        let row: &[usize] = match &self.value {
            ValueSource::Row(row) => row,
            ValueSource::Column(_) | ValueSource::None => &[],
        };
        let used: Vec<&[usize]> = Role::ALL
            .into_iter()
            .filter_map(|role| self.column(role))
            .chain(row.iter().chain(&self.also_used).filter_map(|index| self.columns.get(*index)))
            .map(|column| column.steps.as_slice())
            .collect();
        self.columns.iter().filter(move |column| {
            let steps = column.steps.as_slice();
            let apart = !used.iter().any(|used| steps.starts_with(used) || used.starts_with(steps));
            // Some of the struct around it is used, and not all of it, or this column were used too.
            let around = steps.split_last().map_or(&[] as &[usize], |(_, around)| around);
            apart && (around.is_empty() || used.iter().any(|used| used.starts_with(around)))
        })
    }
}

/// Columns as a message lists them: `column "a"`, `columns "a", "b"`; `None` if there are none.
fn listed(columns: &[&Column]) -> Option<String> {
    let names: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    match names.len() {
        0 => None,
        1 => Some(format!("column {}", names.concat())),
        _ => Some(format!("columns {}", names.join(", "))),
    }
}
