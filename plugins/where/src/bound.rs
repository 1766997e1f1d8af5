//! What the names of an expression stand for: a record, looked at where the expression asks.

use anabranch_plugin::{Headers, Record};
use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Sizer};
use cel::common::types::{CelBytes, CelInt, CelNull, CelString, CelTimestamp, MAP_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use chrono::DateTime;

use crate::json::{Json, unexpected};

/// The variables, as one record gives them.
#[derive(Debug)]
pub(crate) struct Bound<'r> {
    key: Option<&'r str>,
    value: Json,
    headers: HeaderMap<'r>,
    timestamp: Option<i64>,
    offset: i64,
    partition: Option<i32>,
    topic: &'r str,
}

/// The names that [`Bound`] knows.
pub(crate) const NAMES: [&str; 7] = ["key", "value", "headers", "timestamp", "offset", "partition", "topic"];

impl<'r> Bound<'r> {
    pub(crate) fn new(key: Option<&'r str>, value: Json, record: &Record<'r>) -> Self {
        Self {
            key,
            value,
            headers: HeaderMap(record.headers()),
            timestamp: record.timestamp(),
            offset: record.offset(),
            partition: record.partition(),
            topic: record.topic(),
        }
    }
}

static NULL: CelNull = CelNull;

impl VariableResolver for Bound<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let null = CowVal::Borrowed(&NULL);
        Some(match variable {
            "key" => self.key.map_or(null, |key| CowVal::owned(CelString::from(key))),
            "value" => CowVal::Borrowed(self.value.as_val()),
            "headers" => CowVal::Borrowed(&self.headers),
            // A moment that no calendar holds is none.
            "timestamp" => match self.timestamp.and_then(DateTime::from_timestamp_millis) {
                Some(moment) => CowVal::owned(CelTimestamp::from(moment.fixed_offset())),
                None => null,
            },
            "offset" => CowVal::owned(CelInt::from(self.offset)),
            "partition" => self.partition.map_or(null, |number| CowVal::owned(CelInt::from(i64::from(number)))),
            "topic" => CowVal::owned(CelString::from(self.topic)),
            _ => return None,
        })
    }
}

/// The headers by name, the last of each: text, or bytes where it is no UTF-8, or null.
#[derive(Clone, Debug)]
struct HeaderMap<'r>(Headers<'r>);

impl<'r> HeaderMap<'r> {
    fn find(&self, index: &dyn Val) -> Result<Option<Option<&'r [u8]>>, ExecutionError> {
        let name = index.downcast_ref::<CelString<'_>>().ok_or_else(|| unexpected(index))?;
        Ok(self.0.clone().rfind(|header| header.name == name.inner()).map(|header| header.value))
    }
}

impl Val for HeaderMap<'_> {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(self.clone())
    }
}

impl Container for HeaderMap<'_> {
    fn contains(&self, index: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(self.find(index)?.is_some())
    }
}

impl Indexer for HeaderMap<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match self.find(index)? {
            Some(Some(value)) => Ok(match std::str::from_utf8(value) {
                Ok(text) => CowVal::owned(CelString::from(text)),
                Err(_) => CowVal::owned(CelBytes::from(value.to_vec())),
            }),
            Some(None) => Ok(CowVal::Borrowed(&NULL)),
            None => {
                let name = index.downcast_ref::<CelString<'_>>().map_or("", |name| name.inner());
                Err(ExecutionError::no_such_key(name))
            }
        }
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match self.find(index)? {
            Some(Some(value)) => Ok(match std::str::from_utf8(value) {
                Ok(text) => Box::new(CelString::from(text)),
                Err(_) => Box::new(CelBytes::from(value.to_vec())),
            }),
            Some(None) => Ok(Box::new(CelNull)),
            None => Err(ExecutionError::no_such_key("")),
        }
    }
}

impl Sizer for HeaderMap<'_> {
    fn size(&self) -> CelInt {
        let headers = self.0.clone().enumerate();
        let is_last = |at: usize, name: &str| !self.0.clone().skip(at + 1).any(|next| next.name == name);
        let count = headers.filter(|(at, header)| is_last(*at, header.name)).count();
        CelInt::from(i64::try_from(count).unwrap_or(i64::MAX))
    }
}
