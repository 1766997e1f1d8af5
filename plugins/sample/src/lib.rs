//! Keeps a share of the keys, stable from run to run: all records of a key are in, or none.
//!
//! A key is in if its 64-bit MurmurHash2 (variant A), seen as a fraction of its range, lies below the
//! share. A larger share therefore keeps everything that a smaller one keeps.

use anabranch_plugin::{Columns, ConfigurationError, Configure, Context, Outcome, Parameters, Plugin, Record};
use serde::Deserialize;

#[derive(Deserialize, Parameters)]
struct Settings {
    /// The share of the keys that is kept, from 0 to 1.
    share: f64,
    /// Another number chooses other keys.
    #[parameter(default = 0)]
    seed: u64,
    /// Whether records without a key are kept; there is no telling which of them belong together.
    #[parameter(default = true)]
    keyless: bool,
}

struct Sample {
    /// Hashes below this are in; one more than the largest hash for a share of 1.
    below: u128,
    seed: u64,
    keyless: bool,
}

impl Configure for Sample {
    type Parameters = Settings;

    fn configure(settings: Settings, _: &Context) -> Result<Self, ConfigurationError> {
        let Settings { share, seed, keyless } = settings;
        if !(0.0..=1.0).contains(&share) {
            return Err(ConfigurationError::in_parameter("share", format!("a share is from 0 to 1, not {share}")));
        }
        Ok(Self { below: (share * 2f64.powi(64)) as u128, seed, keyless })
    }
}

impl Plugin for Sample {
    const READS: Columns = Columns::KEY;

    fn record(&mut self, record: Record<'_>) -> Outcome {
        let kept = match record.key() {
            Some(key) => u128::from(murmur2::murmur64a(key, self.seed)) < self.below,
            None => self.keyless,
        };
        if kept { record.keep() } else { record.drop("not in the sample") }
    }
}

anabranch_plugin::export!(Sample);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::HashSet;

    use anabranch_plugin::testing::{OwnedRecord, configure, record, run};
    use serde_json::json;

    use super::Sample;

    /// Ten records for each of a thousand keys.
    fn records() -> Vec<OwnedRecord> {
        (0..10_000).map(|n| record(format!("user-{}", n % 1000), n.to_string())).collect()
    }

    #[test]
    fn keys_are_in_or_out_as_a_whole_and_about_the_share_is_in() {
        let kept = run::<Sample>(json!({ "share": 0.3 }), records()).records;
        let keys: HashSet<_> = kept.iter().map(|record| record.key.0.clone()).collect();
        assert_eq!(kept.len(), keys.len() * 10);
        assert!((250..350).contains(&keys.len()), "{} of 1000 keys", keys.len());
    }

    #[test]
    fn a_larger_share_keeps_what_a_smaller_one_keeps() {
        let small = run::<Sample>(json!({ "share": 0.1 }), records()).records;
        let large = run::<Sample>(json!({ "share": 0.5 }), records()).records;
        assert!(small.iter().all(|record| large.contains(record)));
    }

    #[test]
    fn nothing_and_everything_are_shares_too() {
        assert_eq!(run::<Sample>(json!({ "share": 0, "keyless": false }), records()).records.len(), 0);
        assert_eq!(run::<Sample>(json!({ "share": 1 }), records()).records.len(), 10_000);
    }

    #[test]
    fn records_without_a_key_are_a_matter_of_their_own() {
        let keyless = [record(None, "a")];
        assert_eq!(run::<Sample>(json!({ "share": 0 }), keyless.clone()).records, keyless);
        assert_eq!(run::<Sample>(json!({ "share": 1, "keyless": false }), keyless).records, []);
    }

    #[test]
    fn another_seed_keeps_other_keys() {
        let [one, other] = [1, 2].map(|seed| run::<Sample>(json!({ "share": 0.5, "seed": seed }), records()).records);
        assert_ne!(one, other);
    }

    #[test]
    fn a_share_above_one_is_refused() {
        let error = configure::<Sample>(json!({ "share": 30 })).err().unwrap();
        assert_eq!(
            (error.parameter.as_deref(), error.message.as_str()),
            (Some("share"), "a share is from 0 to 1, not 30")
        );
    }
}
