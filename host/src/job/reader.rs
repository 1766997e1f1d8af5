//! Reads the tables of a job file by the keys of [`super::schema`], keeping line and column of
//! everything for the errors.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::choices::{Choices, choose, names};
use super::environment::{Environment, Wrong, interpolate};
use super::error::{At, JobError, Unset};
use super::nearest::nearest;
use super::quantity;
use super::schema::{self, Keys, Kind};

/// The file that is read.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// As messages name it.
    pub(super) path: &'a Path,
    /// All of it.
    pub(super) text: &'a str,
    /// Where `${NAME}` is looked up.
    pub(super) environment: Environment<'a>,
}

impl Source<'_> {
    /// Line and column of a place in the file.
    pub(super) fn at(&self, span: &Range<usize>) -> At {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        At::File {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
        }
    }
}

/// A table of the file whose keys are known to be right.
pub(super) struct Reader<'a> {
    source: Source<'a>,
    schema: &'static schema::Table,
    /// `backup.columns.`, or nothing at the top.
    prefix: String,
    /// Where the table begins.
    span: Range<usize>,
    entries: &'a DeTable<'a>,
}

impl<'a> Reader<'a> {
    /// Begins with the top of a file.
    pub(super) fn top(source: Source<'a>, document: &'a Spanned<DeTable<'a>>) -> Result<Self, JobError> {
        Self::open(source, &schema::JOB, String::new(), document.span(), document.get_ref())
    }

    fn open(
        source: Source<'a>,
        schema: &'static schema::Table,
        prefix: String,
        span: Range<usize>,
        entries: &'a DeTable<'a>,
    ) -> Result<Self, JobError> {
        if let Keys::Fixed(keys) = &schema.keys
            && let Some(unknown) = entries.keys().find(|name| schema.key(name.get_ref()).is_none())
        {
            let names = || keys.iter().map(|key| key.name);
            return Err(JobError::UnknownKey {
                at: source.at(&unknown.span()),
                key: unknown.get_ref().to_string(),
                table: match schema.header {
                    "" => "at the top of the job".to_owned(),
                    header => format!("in `{header}`"),
                },
                hint: match nearest(unknown.get_ref(), names()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => format!("there are {}", listed(names())),
                },
            });
        }
        Ok(Self { source, schema, prefix, span, entries })
    }

    fn entry(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        debug_assert!(self.schema.key(name).is_some(), "`{}{name}` is not in the schema", self.prefix);
        self.entries.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
    }

    fn due(&self, name: &str) -> String {
        self.schema.key(name).map_or_else(|| "text".to_owned(), |key| key.kind.due())
    }

    fn wrong_type(&self, name: &str, due: String, value: &Spanned<DeValue<'_>>) -> JobError {
        JobError::WrongType {
            at: self.source.at(&value.span()),
            key: format!("{}{name}", self.prefix),
            due,
            found: kind_of(value.get_ref()),
        }
    }

    fn invalid(&self, name: &str, span: &Range<usize>, message: String, hint: Option<String>) -> JobError {
        JobError::Invalid { at: self.source.at(span), key: format!("{}{name}", self.prefix), message, hint }
    }

    fn interpolated(&self, name: &str, text: &str, span: &Range<usize>) -> Result<String, JobError> {
        match interpolate(text, self.source.environment) {
            Ok(value) => Ok(value),
            Err(Wrong::Missing(variable)) => Err(JobError::Unset(Unset {
                at: self.source.at(span),
                key: format!("{}{name}", self.prefix),
                variable,
            })),
            Err(wrong @ (Wrong::Open | Wrong::Name(_))) => {
                let hint = "write `$${` for a `${` that is meant as it stands".to_owned();
                Err(self.invalid(name, span, wrong.to_string(), Some(hint)))
            }
        }
    }

    fn as_text(&self, name: &str, due: String, value: &Spanned<DeValue<'_>>) -> Result<String, JobError> {
        match value.get_ref() {
            DeValue::String(text) => self.interpolated(name, text, &value.span()),
            _ => Err(self.wrong_type(name, due, value)),
        }
    }

    /// A text, its variables put in.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, JobError> {
        self.entry(name).map(|value| self.as_text(name, self.due(name), value)).transpose()
    }

    /// A text that has to be there.
    pub(super) fn required(&self, name: &str, hint: &str) -> Result<String, JobError> {
        let missing =
            || self.invalid(name, &self.span, "not given, though it is required".to_owned(), Some(hint.to_owned()));
        self.text(name)?.ok_or_else(missing)
    }

    /// A list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.wrong_type(name, self.due(name), value));
        };
        let texts = items.iter().map(|item| self.as_text(name, "a list of texts only".to_owned(), item));
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// A list of texts that `parse` understands; it must not repeat one that it does not.
    pub(super) fn texts_parsed<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, JobError> {
        let parsed = |text: String| {
            let span = self.entry(name).map_or(self.span.clone(), Spanned::span);
            parse(&text).map_err(|message| self.invalid(name, &span, message, None))
        };
        self.texts(name)?.unwrap_or_default().into_iter().map(parsed).collect()
    }

    /// A list of partition numbers.
    pub(super) fn numbers(&self, name: &str) -> Result<BTreeSet<i32>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(BTreeSet::new()) };
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.wrong_type(name, self.due(name), value));
        };
        let number = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
            DeValue::Integer(digits) => {
                let number = i32::from_str_radix(digits.as_str(), digits.radix()).ok().filter(|number| *number >= 0);
                number.ok_or_else(|| self.invalid(name, &item.span(), "not a partition number".to_owned(), None))
            }
            _ => Err(self.wrong_type(name, "a list of whole numbers only".to_owned(), item)),
        };
        items.iter().map(number).collect()
    }

    /// A text, whole number or time of TOML that `parse` understands, which must not repeat one that it does not.
    pub(super) fn scalar<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        let text = match value.get_ref() {
            DeValue::Integer(digits) if digits.radix() == 10 => digits.as_str().to_owned(),
            DeValue::Datetime(time) => time.to_string(),
            _ => return self.parsed(name, parse),
        };
        parse(&text).map(Some).map_err(|message| self.invalid(name, &value.span(), message, None))
    }

    /// A whole number of at least `least`.
    pub(super) fn integer<T: TryFrom<u64>>(&self, name: &str, least: u64) -> Result<Option<T>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        let DeValue::Integer(digits) = value.get_ref() else {
            return Err(self.wrong_type(name, self.due(name), value));
        };
        let number = u64::from_str_radix(digits.as_str(), digits.radix()).ok();
        if digits.as_str().starts_with('-') || number.is_some_and(|number| number < least) {
            return Err(self.invalid(name, &value.span(), format!("must be at least {least}"), None));
        }
        match number.and_then(|number| T::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(self.invalid(name, &value.span(), "too large".to_owned(), None)),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Boolean(truth) => Ok(Some(*truth)),
            _ => Err(self.wrong_type(name, self.due(name), value)),
        }
    }

    /// A number of bytes.
    pub(super) fn size(&self, name: &str) -> Result<Option<usize>, JobError> {
        match self.entry(name) {
            Some(value) if matches!(value.get_ref(), DeValue::Integer(_)) => {
                let size = self.integer(name, 1)?.map(quantity::bounded).transpose();
                size.map_err(|message| self.invalid(name, &value.span(), message, None))
            }
            _ => self.parsed(name, quantity::size),
        }
    }

    /// A time.
    pub(super) fn duration(&self, name: &str) -> Result<Option<Duration>, JobError> {
        self.parsed(name, quantity::duration)
    }

    /// A text that `parse` understands; what it says of one that it does not must not repeat the text.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        let text = self.as_text(name, self.due(name), value)?;
        parse(&text).map(Some).map_err(|message| self.invalid(name, &value.span(), message, None))
    }

    /// One of some words.
    pub(super) fn one_of<T: Clone>(&self, name: &str, choices: Choices<T>) -> Result<Option<T>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        let text = self.as_text(name, self.due(name), value)?;
        choose(choices, &text).map(Some).ok_or_else(|| {
            let hint = nearest(&text, names(choices)).map(|near| format!("did you mean `\"{near}\"`?"));
            self.invalid(name, &value.span(), format!("must be {}", self.due(name)), hint)
        })
    }

    /// A table from source partition to target partition, if the value is a table.
    pub(super) fn partitions(&self, name: &str) -> Result<Option<BTreeMap<i32, i32>>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        let DeValue::Table(entries) = value.get_ref() else { return Ok(None) };
        let mut partitions = BTreeMap::new();
        for (from, to) in entries {
            let partition = |text: &str| text.parse().ok().filter(|partition: &i32| *partition >= 0);
            let target = match to.get_ref() {
                DeValue::Integer(digits) if digits.radix() == 10 => partition(digits.as_str()),
                _ => return Err(self.wrong_type(name, "a table of partition numbers".to_owned(), to)),
            };
            let (Some(source), Some(target)) = (partition(from.get_ref()), target) else {
                return Err(self.invalid(name, &from.span(), "not a partition number".to_owned(), None));
            };
            // `0` and `00` are two keys to TOML and one partition.
            if partitions.insert(source, target).is_some_and(|before| before != target) {
                let message = format!("`{source}` is given more than once, with different values");
                return Err(self.invalid(name, &from.span(), message, None));
            }
        }
        Ok(Some(partitions))
    }

    /// A table of its own.
    pub(super) fn table(&self, name: &str) -> Result<Option<Self>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(None) };
        match (value.get_ref(), self.schema.key(name).map(|key| key.kind)) {
            (DeValue::Table(entries), Some(Kind::Table(schema))) => {
                Self::open(self.source, schema, format!("{}{name}.", self.prefix), value.span(), entries).map(Some)
            }
            _ => Err(self.wrong_type(name, self.due(name), value)),
        }
    }

    /// The tables of a list of tables.
    pub(super) fn tables(&self, name: &str) -> Result<Vec<Self>, JobError> {
        let Some(value) = self.entry(name) else { return Ok(Vec::new()) };
        let (DeValue::Array(items), Some(Kind::Tables(schema))) =
            (value.get_ref(), self.schema.key(name).map(|key| key.kind))
        else {
            return Err(self.wrong_type(name, self.due(name), value));
        };
        let table = |item: &'a Spanned<DeValue<'a>>| match item.get_ref() {
            DeValue::Table(entries) => {
                Self::open(self.source, schema, format!("{}{name}.", self.prefix), item.span(), entries)
            }
            _ => Err(self.wrong_type(name, self.due(name), item)),
        };
        items.iter().map(table).collect()
    }

    /// All entries of a free table as texts. A nested table is dotted keys: `linger.ms = 5` in TOML is
    /// the table `linger` with the key `ms`, and here the key `linger.ms`.
    pub(super) fn free(&self) -> Result<BTreeMap<String, String>, JobError> {
        self.free_parsed(|text| Ok(text.to_owned()))
    }

    /// As [`Self::free`], of texts that `parse` understands; it must not repeat one that it does not.
    pub(super) fn free_parsed(
        &self,
        parse: impl Fn(&str) -> Result<String, String>,
    ) -> Result<BTreeMap<String, String>, JobError> {
        let mut texts = BTreeMap::new();
        self.flatten("", self.entries, &parse, &mut texts)?;
        Ok(texts)
    }

    /// As [`Self::free_parsed`], with what was understood.
    pub(super) fn free_as<T>(
        &self,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<BTreeMap<String, T>, JobError> {
        let texts = self.free_parsed(|text| parse(text).map(|_| text.to_owned()))?;
        // All of them were understood a moment ago.
        Ok(texts.into_iter().filter_map(|(name, text)| Some((name, parse(&text).ok()?))).collect())
    }

    fn flatten(
        &self,
        prefix: &str,
        entries: &DeTable<'_>,
        parse: &dyn Fn(&str) -> Result<String, String>,
        texts: &mut BTreeMap<String, String>,
    ) -> Result<(), JobError> {
        for (name, value) in entries {
            let name = format!("{prefix}{}", name.get_ref());
            let text = match value.get_ref() {
                DeValue::Table(entries) => {
                    self.flatten(&format!("{name}."), entries, parse, texts)?;
                    continue;
                }
                DeValue::String(text) => self.interpolated(&name, text, &value.span())?,
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                DeValue::Boolean(truth) => truth.to_string(),
                DeValue::Array(_) | DeValue::Datetime(_) => {
                    return Err(self.wrong_type(&name, "text, a number or a boolean".to_owned(), value));
                }
            };
            let text = parse(&text).map_err(|message| self.invalid(&name, &value.span(), message, None))?;
            // `"linger.ms"` and `linger.ms` are two keys to TOML and one name here.
            if texts.get(&name).is_some_and(|before| *before != text) {
                let message = "is given more than once, with different values".to_owned();
                return Err(self.invalid(&name, &value.span(), message, None));
            }
            texts.insert(name, text);
        }
        Ok(())
    }

    /// All entries of a table of any values, as JSON.
    pub(super) fn any(&self) -> Result<serde_json::Map<String, serde_json::Value>, JobError> {
        self.json_table("", self.entries)
    }

    /// The entries in whose value a variable of the environment stands.
    pub(super) fn of_the_environment(&self) -> BTreeSet<String> {
        let holds = |value: &Spanned<DeValue<'_>>| holds_a_variable(value.get_ref());
        self.entries.iter().filter(|(_, value)| holds(value)).map(|(name, _)| name.get_ref().to_string()).collect()
    }

    fn json_table(
        &self,
        prefix: &str,
        entries: &DeTable<'_>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, JobError> {
        let mut table = serde_json::Map::new();
        for (name, value) in entries {
            let name = name.get_ref();
            table.insert(name.to_string(), self.json(&format!("{prefix}{name}"), value)?);
        }
        Ok(table)
    }

    fn json(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<serde_json::Value, JobError> {
        let out_of_range = || self.invalid(name, &value.span(), "a number out of range".to_owned(), None);
        Ok(match value.get_ref() {
            DeValue::String(text) => self.interpolated(name, text, &value.span())?.into(),
            DeValue::Integer(digits) => {
                i64::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| out_of_range())?.into()
            }
            DeValue::Float(digits) => {
                let number: f64 = digits.as_str().parse().map_err(|_| out_of_range())?;
                // JSON has no infinity and no NaN.
                serde_json::Number::from_f64(number).ok_or_else(out_of_range)?.into()
            }
            DeValue::Boolean(truth) => (*truth).into(),
            DeValue::Datetime(time) => time.to_string().into(),
            DeValue::Array(items) => {
                items.iter().map(|item| self.json(name, item)).collect::<Result<Vec<_>, _>>()?.into()
            }
            DeValue::Table(entries) => self.json_table(&format!("{name}."), entries)?.into(),
        })
    }
}

/// Whether a `${NAME}` is put in somewhere in a value; `$${` stands for itself.
fn holds_a_variable(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::String(text) => text.replace("$${", "").contains("${"),
        DeValue::Array(items) => items.iter().any(|item| holds_a_variable(item.get_ref())),
        DeValue::Table(entries) => entries.values().any(|value| holds_a_variable(value.get_ref())),
        _ => false,
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
