//! The catalog cache: what was listed of a backup and found in its files, kept in a folder beside it.
//!
//! A second job over the same backup lists nothing and opens only what it reads. The cache is a convenience and never a
//! reason to fail: what cannot be read of it is made anew, what cannot be written is a warning. What it cannot know, it
//! says: files that were added since. Files that were written over or removed since end a restore that comes to read them,
//! since no file is read that is not what was listed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;

use super::kept::{self, LARGEST};
use super::opener::Readers;
use super::{Catalog, CatalogError, KeptSurvey, findings};
use crate::clock::now;
use crate::finding::Finding;
use crate::job::{self, Secret};
use crate::store::{Destination, Existing, KeptListing, Listing, Section, Store, StoreError};

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
    /// The backup, as messages show it.
    url: String,
    /// When, in milliseconds since the epoch.
    listed: i64,
    listing: KeptListing,
    survey: KeptSurvey,
}

impl CachedCatalogs {
    /// Opens the cache that a job names; `None` where it names none.
    ///
    /// # Errors
    /// A wrong URL, or options of the store that are wrong.
    pub fn open(backup: &job::Backup, store: &Store, runtime: &Handle) -> Result<Option<Self>, StoreError> {
        let Some(job::CatalogCache { url, refresh }) = &backup.cache else { return Ok(None) };
        let folder = Destination::open_as_other(url, &backup.store, Section::CATALOG_CACHE, runtime)?.brief();
        // Two stores of the same name are told apart by where they answer.
        let endpoints: Vec<&str> = backup
            .store
            .iter()
            .filter(|(name, _)| name.ends_with("endpoint"))
            .map(|(_, url)| Secret::expose(url))
            .collect();
        let identity = format!("{SCHEMA}\n{}\n{endpoints:?}\n{}", store.identity(), kept::rules(backup));
        let digest = hex::encode(Sha256::digest(identity));
        let name = format!("{}.json.zst", digest.get(..24).unwrap_or(&digest));
        Ok(Some(Self { folder, name, refresh: *refresh }))
    }

    /// The catalog of the backup: the one that is kept, or else one that is made and kept. What is `known` of files is not
    /// looked up again.
    ///
    /// # Errors
    /// As [`Catalog::build`].
    pub fn catalog(
        &self,
        backup: &job::Backup,
        store: &Store,
        known: Option<&KeptSurvey>,
    ) -> Result<Catalog, CatalogError> {
        let opener = Arc::new(Readers::new(backup));
        let mut trouble = None;
        match self.read(store) {
            Ok(Some((listed, listing, survey))) => {
                let mut catalog = Catalog::build_of(backup, store, opener, listing, &[known, Some(&survey)])?;
                catalog.findings.push(findings::cached(&self.folder.place(&self.name), listed));
                return Ok(catalog);
            }
            Ok(None) => {}
            Err(finding) => trouble = Some(finding),
        }
        let (listed, listing) = (now(), store.list()?);
        let kept = store.keep(&listing);
        let mut catalog = Catalog::build_of(backup, store, opener, listing, &[known])?;
        let content = kept::compressed(&Kept {
            schema: SCHEMA.to_owned(),
            url: store.url().to_string(),
            listed,
            listing: kept,
            survey: catalog.survey.clone(),
        });
        let written = self.folder.put(&self.name, content.into(), Existing::Replace);
        catalog.findings.extend(trouble);
        catalog.findings.extend(written.err().map(|error| findings::not_kept(&error)));
        Ok(catalog)
    }

    /// What is kept; `None` if nothing is, or it is to be made anew.
    fn read(&self, store: &Store) -> Result<Option<(i64, Listing, KeptSurvey)>, Finding> {
        if self.refresh {
            return Ok(None);
        }
        let place = self.folder.place(&self.name);
        let not_taken = |message: &str| findings::not_taken(&place, message);
        let Some(bytes) = self.folder.get(&self.name, LARGEST).map_err(|error| not_taken(&error.to_string()))? else {
            return Ok(None);
        };
        let kept: Option<Kept> = kept::decompressed(&bytes);
        let kept = kept.filter(|kept| kept.schema == SCHEMA);
        let kept = kept.and_then(|kept| Some((kept.listed, store.listing_of(kept.listing)?, kept.survey)));
        kept.map(Some).ok_or_else(|| not_taken("it is damaged"))
    }
}
