//! Random values of random schemas, beside the crate `apache-avro`.

#![allow(clippy::unwrap_used, reason = "tests")]

use apache_avro::types::Value;
use apache_avro::{Decimal, to_avro_datum};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A schema and a value of it.
type Case = (serde_json::Value, Value);

fn leaf() -> impl Strategy<Value = Case> {
    let primitive = |name: &'static str| json!(name);
    let logical = |of: &str, name: &str| json!({"type": of, "logicalType": name});
    prop_oneof![
        Just((primitive("null"), Value::Null)),
        any::<bool>().prop_map(move |value| (primitive("boolean"), Value::Boolean(value))),
        any::<i32>().prop_map(move |value| (primitive("int"), Value::Int(value))),
        any::<i64>().prop_map(move |value| (primitive("long"), Value::Long(value))),
        any::<f32>().prop_map(move |value| (primitive("float"), Value::Float(value))),
        any::<f64>().prop_map(move |value| (primitive("double"), Value::Double(value))),
        any::<Vec<u8>>().prop_map(move |value| (primitive("bytes"), Value::Bytes(value))),
        any::<String>().prop_map(move |value| (primitive("string"), Value::String(value))),
        (any::<[u8; 5]>(), any::<u32>()).prop_map(|(value, name)| {
            let schema = json!({"type": "fixed", "name": format!("F{name}"), "size": 5});
            (schema, Value::Fixed(5, value.to_vec()))
        }),
        (0..3_u32, any::<u32>()).prop_map(|(symbol, name)| {
            let schema = json!({"type": "enum", "name": format!("E{name}"), "symbols": ["A", "B", "C"]});
            (schema, Value::Enum(symbol, ["A", "B", "C"][symbol as usize].to_owned()))
        }),
        // What the crate `chrono` knows of.
        (-90_000_000..90_000_000).prop_map(move |value| (logical("int", "date"), Value::Date(value))),
        any::<i64>().prop_map(move |value| (logical("long", "timestamp-micros"), Value::TimestampMicros(value / 2))),
        (0..86_400_000).prop_map(move |value| (logical("int", "time-millis"), Value::TimeMillis(value))),
        any::<i128>().prop_map(|value| {
            let schema = json!({"type": "bytes", "logicalType": "decimal", "precision": 39, "scale": 11});
            let bytes = num_bigint::BigInt::from(value).to_signed_bytes_be();
            (schema, Value::Decimal(Decimal::from(bytes)))
        }),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    leaf().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            (inner.clone(), 0..4_usize).prop_map(|((schema, value), count)| {
                (json!({"type": "array", "items": schema}), Value::Array(vec![value; count]))
            }),
            (inner.clone(), any::<Option<String>>()).prop_map(|((schema, value), key)| {
                (
                    json!({"type": "map", "values": schema}),
                    Value::Map(key.into_iter().map(|key| (key, value.clone())).collect()),
                )
            }),
            (proptest::collection::vec(inner.clone(), 0..6), any::<u32>()).prop_map(|(parts, name)| {
                let field = |(at, (schema, _)): (usize, &Case)| json!({"name": format!("f{at}"), "type": schema});
                let fields: Vec<_> = parts.iter().enumerate().map(field).collect();
                let values = parts.into_iter().enumerate().map(|(at, (_, value))| (format!("f{at}"), value));
                let schema = json!({"type": "record", "name": format!("R{name}"), "fields": fields});
                (schema, Value::Record(values.collect()))
            }),
            (inner.clone(), inner, any::<bool>()).prop_filter_map("a union", |(one, other, first)| {
                let kind = |schema: &serde_json::Value| match schema {
                    serde_json::Value::Object(object) => match object["type"].as_str() {
                        Some("record" | "enum" | "fixed") => object["name"].to_string(),
                        other => other.unwrap_or_default().to_owned(),
                    },
                    serde_json::Value::String(name) => name.clone(),
                    _ => "union".to_owned(),
                };
                let (a, b) = (kind(&one.0), kind(&other.0));
                let fits = a != b && a != "union" && b != "union";
                let value = if first { one.1 } else { other.1 };
                fits.then(|| (json!([one.0, other.0]), Value::Union(u32::from(!first), Box::new(value))))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_apache_avro_writes_comes_back_by_way_of_json((text, value) in case()) {
        let text = text.to_string();
        let theirs = apache_avro::Schema::parse_str(&text).unwrap();
        let bytes = to_avro_datum(&theirs, value).unwrap();
        let schema = Schema::parse(&text, &[]).unwrap();
        prop_assert_eq!(schema.check(&bytes), Ok(()));
        let mut json = Vec::new();
        schema.append_json(&bytes, usize::MAX, &mut json).unwrap();
        let mut back = Vec::new();
        Encoder::default().append(&schema, &(), &json, &mut back).unwrap();
        prop_assert_eq!(&back, &bytes, "by way of {}", String::from_utf8_lossy(&json));
        let same = Resolution::new(&schema, &schema);
        prop_assert_eq!(same.never(), None);
        let mut copied = Vec::new();
        same.append(&schema, &bytes, &mut copied).unwrap();
        prop_assert_eq!(&copied, &bytes);
        // Cut off anywhere, it is no such value, and nothing worse.
        for end in 0..bytes.len() {
            prop_assert!(schema.check(&bytes[..end]).is_err());
            prop_assert!(schema.append_json(&bytes[..end], usize::MAX, &mut Vec::new()).is_err());
        }
    }

    #[test]
    fn whatever_bytes_come_nothing_panics((text, _) in case(), bytes: Vec<u8>, json: String) {
        let schema = Schema::parse(&text.to_string(), &[]).unwrap();
        let valid = schema.check(&bytes).is_ok();
        prop_assert_eq!(Resolution::new(&schema, &schema).append(&schema, &bytes, &mut Vec::new()).is_ok(), valid);
        let _ = schema.append_json(&bytes, 1000, &mut Vec::new());
        let _ = Encoder::default().append(&schema, &(), json.as_bytes(), &mut Vec::new());
    }
}
