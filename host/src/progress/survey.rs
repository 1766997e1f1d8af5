//! The survey of a backup among the records of progress: in parts, since a record has a largest size.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::SurveyRecord;
use crate::catalog::KeptSurvey;

/// Bytes of a part: far below what topics take by default (1 MiB).
const PART: usize = 128 << 10;

/// A survey as records.
#[derive(Clone, Debug, Default)]
pub(crate) struct SurveyParts {
    pub(crate) record: SurveyRecord,
    bytes: Vec<u8>,
}

impl SurveyParts {
    /// The parts of a survey.
    pub(crate) fn of(survey: &KeptSurvey) -> Self {
        let bytes = survey.bytes();
        let parts = u32::try_from(bytes.len().div_ceil(PART)).unwrap_or(u32::MAX);
        Self { record: SurveyRecord { parts, sha256: hex::encode(Sha256::digest(&bytes)) }, bytes }
    }

    /// Values of the records, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (0..).zip(self.bytes.chunks(PART))
    }
}

impl SurveyRecord {
    /// What these parts make up; `None` where they are not the ones that belong together: it is looked into anew then.
    pub(crate) fn survey(&self, parts: &BTreeMap<u32, Vec<u8>>) -> Option<KeptSurvey> {
        let mut bytes = Vec::new();
        (0..self.parts).try_for_each(|part| parts.get(&part).map(|part| bytes.extend_from_slice(part)))?;
        (hex::encode(Sha256::digest(&bytes)) == self.sha256).then(|| KeptSurvey::parse(&bytes)).flatten()
    }
}
