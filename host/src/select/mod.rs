//! The selection: which records of a backup a job takes, told without a plugin.
//!
//! It is evaluated on columns, before plugins, and what it can exclude by the name of a topic-partition or by what is known
//! of a file is not read ([`narrow`]). What is not known of a file means that it is read: a record is never lost to what
//! somebody's statistics leave out. What is relative counts from the first start of the job, so that a restore that goes on
//! takes what its first run would have taken. `docs/selection.md` has the rules for people.

mod batches;
mod error;
mod glance;
mod keys;
mod narrow;
mod needle;
mod rows;
mod span;

use sha2::{Digest, Sha256};

pub(crate) use batches::Selecting;
pub use error::SelectError;
pub use narrow::{LeftOut, Narrowed, Size};
pub use rows::RowTests;
pub use span::{Span, Spans};

use crate::job::Select;
use keys::KeySet;

#[cfg(test)]
mod tests;

/// What a job takes, with all that is read for it.
#[derive(Debug)]
pub struct Selection {
    select: Select,
    keys: Option<KeySet>,
    digest: String,
}

impl Selection {
    /// The selection of a job, its file of keys read; `None` for one that takes everything.
    ///
    /// # Errors
    /// A file of keys that cannot be read or holds none.
    pub fn load(select: &Select) -> Result<Option<Self>, SelectError> {
        // What is read of the backup for it makes no difference to what is taken.
        let Select {
            topics,
            exclude,
            partitions,
            offsets,
            from,
            until,
            keys,
            headers,
            tombstones,
            limit,
            trusts_statistics: _,
        } = select;
        let takes_all = topics.is_empty()
            && exclude.is_empty()
            && partitions.is_empty()
            && offsets.is_empty()
            && from.is_none()
            && until.is_none()
            && keys.is_any()
            && headers.is_empty()
            && tombstones.is_none()
            && limit.is_none();
        if takes_all {
            return Ok(None);
        }
        let keys = if keys.is_any() { None } else { Some(KeySet::load(keys)?) };
        let mut digest = Sha256::new();
        digest.update(format!(
            "{topics:?} {exclude:?} {partitions:?} {offsets:?} {from:?} {until:?} {headers:?} {tombstones:?}"
        ));
        if let Some(keys) = &keys {
            keys.digest(&mut digest);
        }
        // Only where there is something to say, so that a job without it is the same as ever.
        if let Some(limit) = limit {
            digest.update(format!("{limit:?}"));
        }
        Ok(Some(Self { select: select.clone(), keys, digest: hex::encode(digest.finalize()) }))
    }
}
