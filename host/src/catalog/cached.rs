//! The catalog cache: what was listed of a backup and found in its files, kept in a folder beside it.
//!
//! A second job over the same backup lists nothing and opens only what it reads. The cache is a convenience and never a
//! reason to fail: what cannot be read of it is made anew, what cannot be written is a warning. What it cannot know, it
//! says: files that were added since. Files that were written over or removed since end a restore that comes to read them,
//! since no file is read that is not what was listed.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::kept::{self, LARGEST};
use super::opener::Readers;
use super::{Catalog, CatalogError, KeptSurvey, findings};
use crate::clock::now;
use crate::job::{self, Secret};
use crate::report::shown;
use crate::store::{
    CATALOG_PREFIX, CATALOG_SUFFIX, Destination, Existing, KeptListing, Listing, Section, Store, StoreError,
};

/// The shape of what is kept; of another one nothing is taken.
const SCHEMA: &str = "anabranch.catalog/1";

/// See the module.
#[derive(Debug)]
pub struct CachedCatalogs {
    folder: Destination,
    /// The file of this backup, read as its job reads it.
    name: String,
    refresh: bool,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: String,
    /// The backup, however its URL was written.
    place: String,
    /// When, in milliseconds since the epoch.
    listed: i64,
    listing: KeptListing,
    survey: KeptSurvey,
}

/// Why what is kept is not taken.
enum Trouble {
    /// The store does not give it.
    Store(StoreError),
    /// It is not what it should be.
    Content(String),
}

impl CachedCatalogs {
    /// Opens the cache that a job names; `None` where it names none.
    ///
    /// # Errors
    /// A wrong URL, or options of the store that are wrong.
    pub fn open(backup: &job::Backup, store: &Store, runtime: &Handle) -> Result<Option<Self>, StoreError> {
        let Some(job::CatalogCache { url, options, refresh }) = &backup.cache else { return Ok(None) };
        let options = if options.is_empty() { &backup.store } else { options };
        let folder = Destination::open_as_other(url, options, Section::CATALOG_CACHE, runtime)?.brief();
        // Two stores of the same name are told apart by where they answer.
        let endpoints: Vec<&str> = backup
            .store
            .iter()
            .filter(|(name, _)| name.ends_with("endpoint"))
            .map(|(_, url)| Secret::expose(url))
            .collect();
        let identity = format!("{SCHEMA}\n{}\n{endpoints:?}\n{}", store.identity(), kept::rules(backup));
        let digest = hex::encode(Sha256::digest(identity));
        let name = format!("{CATALOG_PREFIX}{}{CATALOG_SUFFIX}", digest.get(..24).unwrap_or(&digest));
        Ok(Some(Self { folder, name, refresh: *refresh }))
    }

    /// The catalog of the backup: the one that is kept, of which it is `say`d when it was made, or else one that is made and
    /// kept. What is `known` of files is not looked up again.
    ///
    /// # Errors
    /// As [`Catalog::build`].
    pub fn catalog(
        &self,
        backup: &job::Backup,
        store: &Store,
        known: Option<&KeptSurvey>,
        say: impl FnOnce(&str),
    ) -> Result<Catalog, CatalogError> {
        let opener = Arc::new(Readers::new(backup));
        let (mut trouble, mut is_reachable) = (None, true);
        match self.read(backup, store) {
            Ok(Some((listed, listing, survey))) => {
                say(&format!(
                    "the backup is as it was listed {} (`{}`); `--refresh-catalog` lists it again",
                    shown::moment(listed),
                    self.folder.place(&self.name)
                ));
                let mut catalog = Catalog::build_of(backup, store, opener, listing, &[known, Some(&survey)])?;
                catalog.findings.push(findings::cached(&self.folder.place(&self.name), listed));
                return Ok(catalog);
            }
            Ok(None) => {}
            Err(Trouble::Content(message)) => {
                trouble = Some(findings::not_taken(&self.folder.place(&self.name), &message));
            }
            Err(Trouble::Store(error)) => {
                is_reachable = false;
                trouble = Some(findings::not_kept(&error));
            }
        }
        let (listed, listing) = (now(), store.list()?);
        // It would not take the new one where it did not give the old one.
        let kept_listing = is_reachable.then(|| store.keep(&listing));
        let mut catalog = Catalog::build_of(backup, store, opener, listing, &[known])?;
        catalog.findings.extend(trouble);
        if let Some(listing) = kept_listing {
            // The survey of many files is lent and not copied.
            let survey = std::mem::take(&mut catalog.survey);
            let kept = Kept { schema: SCHEMA.to_owned(), place: store.identity(), listed, listing, survey };
            let written = self.folder.put(&self.name, kept::compressed(&kept).into(), Existing::Replace);
            catalog.survey = kept.survey;
            catalog.findings.extend(written.err().map(|error| findings::not_kept(&error)));
        }
        Ok(catalog)
    }

    /// What is kept; `None` if nothing is, or it is to be made anew.
    fn read(&self, backup: &job::Backup, store: &Store) -> Result<Option<(i64, Listing, KeptSurvey)>, Trouble> {
        if self.refresh {
            return Ok(None);
        }
        let Some(bytes) = self.folder.get(&self.name, LARGEST).map_err(Trouble::Store)? else { return Ok(None) };
        let damaged = || Trouble::Content("it is damaged".to_owned());
        let kept: Kept = kept::decompressed(&bytes).ok_or_else(damaged)?;
        if kept.schema != SCHEMA {
            return Err(Trouble::Content("it was written by another version".to_owned()));
        }
        let is_of_backup = kept.place == store.identity() && kept.survey.rules() == kept::rules(backup);
        let listing = store.listing_of(kept.listing).ok_or_else(damaged)?;
        if !is_of_backup || !(0..=now()).contains(&kept.listed) || listing.entries.is_empty() {
            return Err(damaged());
        }
        // A file that is read is held against the listing. Nobody reads those that had nothing in them, and a failed
        // upload that was made good is such a one.
        let without_records: HashSet<&str> = kept.survey.without_records().collect();
        for entry in listing.entries.iter().filter(|entry| entry.size == 0 || without_records.contains(&*entry.path)) {
            store.check(entry).map_err(|error| Trouble::Content(error.to_string()))?;
        }
        Ok(Some((kept.listed, listing, kept.survey)))
    }
}
