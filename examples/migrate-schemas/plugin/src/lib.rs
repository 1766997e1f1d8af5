//! Does for orders of schema 1 what the rules of Avro cannot: splits the name, and makes an amount of the cents. All other
//! fields stay as they are, under the names of schema 1: those are the rules' matter.

use std::collections::BTreeMap;

use anabranch_plugin::{Outcome, Record, plugin};
use serde_json::value::{RawValue, to_raw_value};

#[plugin(reads(value), changes(value))]
fn order_to_v2(mut record: Record<'_>) -> Outcome {
    // A tombstone has nothing to split.
    let Some(value) = record.value() else { return record.keep() };
    let mut order: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(value)?;

    let full_name: String = field(&mut order, "full_name")?;
    let Some((first, last)) = full_name.trim().rsplit_once(' ') else {
        return record.reject("`full_name` is one word: nobody knows whether it is the first name or the last");
    };
    order.insert("first_name".to_owned(), to_raw_value(first.trim_end())?);
    order.insert("last_name".to_owned(), to_raw_value(last)?);

    let cents: i64 = field(&mut order, "cents")?;
    order.insert("amount".to_owned(), RawValue::from_string(amount(cents))?);

    serde_json::to_writer(record.value_writer(), &order)?;
    record.keep()
}

/// Takes a field out.
fn field<T: serde::de::DeserializeOwned>(
    order: &mut BTreeMap<String, Box<RawValue>>,
    name: &str,
) -> Result<T, serde_json::Error> {
    let text = order.remove(name);
    serde_json::from_str(text.as_deref().map_or("null", RawValue::get))
}

/// The number with two digits behind the point, written digit by digit: no float comes near money.
fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use anabranch_plugin::testing::{Rejected, record, run, tombstone};
    use serde_json::json;

    use super::{OrderToV2, amount};

    #[test]
    fn names_are_split_cents_become_an_amount_and_all_else_stays() {
        let run = run::<OrderToV2>(
            json!({}),
            [
                record("1", r#"{"id":1,"mail":null,"full_name":"Ann Marie Peeters","cents":1250,"status":"NEW"}"#),
                record("2", r#"{"id":2,"mail":null,"full_name":"Plato","cents":5,"status":"NEW"}"#),
                tombstone("1"),
            ],
        );
        let due =
            r#"{"amount":12.50,"first_name":"Ann Marie","id":1,"last_name":"Peeters","mail":null,"status":"NEW"}"#;
        assert_eq!(run.records, [record("1", due), tombstone("1")]);
        let reason = "`full_name` is one word: nobody knows whether it is the first name or the last".to_owned();
        assert_eq!(run.rejected, [Rejected { input: 1, reason }]);
    }

    #[test]
    fn amounts_keep_every_digit_and_their_sign() {
        let amounts = [0, 5, -5, 1250, -100, i64::MIN].map(amount);
        assert_eq!(amounts, ["0.00", "0.05", "-0.05", "12.50", "-1.00", "-92233720368547758.08"]);
    }
}
