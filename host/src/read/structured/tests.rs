#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, FixedSizeListBuilder, Int32Builder, Int64Builder, LargeListBuilder, LargeListViewBuilder,
    ListBuilder, ListViewBuilder, MapBuilder, StringBuilder, StringRunBuilder,
};
use arrow_array::types::{IntervalDayTime, IntervalMonthDayNano};
use arrow_array::*;
use arrow_buffer::{ScalarBuffer, i256};
use arrow_schema::{UnionFields, UnionMode};

use super::*;

const NOON: i64 = 12 * 3600 + 34 * 60 + 56;
const LEAP_DAY: i64 = 19_782;
const INSTANT: i64 = LEAP_DAY * 86_400 + NOON;

fn text(field: &Field, array: &ArrayRef, row: usize) -> String {
    let mut out = Vec::new();
    append_value(field, array, row, usize::MAX, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(array: impl Array + 'static) -> (Field, ArrayRef) {
    (Field::new("it", array.data_type().clone(), true), Arc::new(array))
}

fn listed<B: ArrayBuilder + 'static>(mut list: B, finish: impl FnOnce(&mut B) -> ArrayRef) -> (Field, ArrayRef) {
    let array = finish(&mut list);
    (Field::new("it", array.data_type().clone(), true), array)
}

/// An array for each row of the table, by its column "in Arrow"; the first row of each is the example.
fn examples() -> Vec<(&'static str, (Field, ArrayRef))> {
    let ns = INSTANT * 1_000_000_000 + 123_456_789;
    let mut uuids =
        FixedSizeBinaryArray::try_from_iter(std::iter::once(hex::decode("0123456789abcdef0123456789abcdef").unwrap()));
    let uuid = Field::new("it", DataType::FixedSizeBinary(16), true)
        .with_metadata(HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())]));
    let tags = |out: &mut dyn FnMut(Option<&str>)| {
        ["a", ""].iter().for_each(|tag| out(Some(*tag).filter(|tag| !tag.is_empty())))
    };
    let mut text_keys = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    text_keys.keys().append_value("x");
    text_keys.values().append_value(1);
    text_keys.keys().append_value("y");
    text_keys.values().append_null();
    text_keys.append(true).unwrap();
    let mut other_keys = MapBuilder::new(None, Int32Builder::new(), StringBuilder::new());
    other_keys.keys().append_value(1);
    other_keys.values().append_value("one");
    other_keys.append(true).unwrap();
    let mut runs = StringRunBuilder::<Int32Type>::new();
    runs.append_value("open");
    let branches = UnionFields::try_new(
        vec![0, 1],
        vec![Field::new("s", DataType::Utf8, true), Field::new("n", DataType::Int32, true)],
    )
    .unwrap();
    let union = UnionArray::try_new(
        branches.clone(),
        ScalarBuffer::from(vec![1_i8]),
        Some(ScalarBuffer::from(vec![0])),
        vec![Arc::new(StringArray::from(Vec::<&str>::new())), Arc::new(Int32Array::from(vec![7]))],
    )
    .unwrap();
    assert_eq!(union.data_type(), &DataType::Union(branches, UnionMode::Dense));
    let address = StructArray::from(vec![
        (Arc::new(Field::new("street", DataType::Utf8, true)), Arc::new(StringArray::from(vec!["Main"])) as ArrayRef),
        (Arc::new(Field::new("number", DataType::Int32, true)), Arc::new(Int32Array::from(vec![None])) as ArrayRef),
    ]);
    vec![
        ("`Null`", plain(NullArray::new(1))),
        ("`Boolean`", plain(BooleanArray::from(vec![true]))),
        ("`Int8`", plain(Int8Array::from(vec![i8::MIN]))),
        ("`Int16`", plain(Int16Array::from(vec![i16::MIN]))),
        ("`Int32`", plain(Int32Array::from(vec![i32::MIN]))),
        ("`Int64`", plain(Int64Array::from(vec![i64::MAX]))),
        ("`UInt8`", plain(UInt8Array::from(vec![u8::MAX]))),
        ("`UInt16`", plain(UInt16Array::from(vec![u16::MAX]))),
        ("`UInt32`", plain(UInt32Array::from(vec![u32::MAX]))),
        ("`UInt64`", plain(UInt64Array::from(vec![u64::MAX]))),
        ("`Float16`", plain(Float16Array::from(vec![<Float16Type as ArrowPrimitiveType>::Native::from_f32(1.5)]))),
        ("`Float32`", plain(Float32Array::from(vec![0.1]))),
        ("`Float64`", plain(Float64Array::from(vec![1e300]))),
        ("`Float64`", plain(Float64Array::from(vec![f64::NEG_INFINITY]))),
        ("`Decimal32`", plain(Decimal32Array::from(vec![-5]).with_precision_and_scale(9, 2).unwrap())),
        ("`Decimal64`", plain(Decimal64Array::from(vec![1_234_560]).with_precision_and_scale(18, 2).unwrap())),
        ("`Decimal128`", plain(Decimal128Array::from(vec![-1_234_567_890]).with_precision_and_scale(10, 2).unwrap())),
        (
            "`Decimal256`",
            plain(
                Decimal256Array::from(vec![
                    i256::from_string("123456789012345678901234567890123456789012345").unwrap(),
                ])
                .with_precision_and_scale(60, 5)
                .unwrap(),
            ),
        ),
        ("`Decimal128`", plain(Decimal128Array::from(vec![12]).with_precision_and_scale(10, -3).unwrap())),
        ("`Utf8`", plain(StringArray::from(vec!["line\nbreak"]))),
        ("`LargeUtf8`", plain(LargeStringArray::from(vec!["grüße"]))),
        ("`Utf8View`", plain(StringViewArray::from(vec!["text"]))),
        ("`Binary`", plain(BinaryArray::from(vec![b"\x00\xff".as_slice()]))),
        ("`LargeBinary`", plain(LargeBinaryArray::from(vec![b"\x00\xff".as_slice()]))),
        ("`BinaryView`", plain(BinaryViewArray::from(vec![b"\x00\xff".as_slice()]))),
        ("`FixedSizeBinary`", plain(FixedSizeBinaryArray::try_from_iter(std::iter::once(b"abc")).unwrap())),
        ("`FixedSizeBinary(16)`, `arrow.uuid`", (uuid, Arc::new(uuids.as_mut().unwrap().slice(0, 1)))),
        ("`Date32`", plain(Date32Array::from(vec![LEAP_DAY as i32]))),
        ("`Date64`", plain(Date64Array::from(vec![LEAP_DAY * 86_400_000]))),
        ("`Time32(s)`", plain(Time32SecondArray::from(vec![NOON as i32]))),
        ("`Time32(ms)`", plain(Time32MillisecondArray::from(vec![NOON as i32 * 1_000 + 123]))),
        ("`Time64(µs)`", plain(Time64MicrosecondArray::from(vec![NOON * 1_000_000 + 123_456]))),
        ("`Time64(ns)`", plain(Time64NanosecondArray::from(vec![NOON * 1_000_000_000 + 123_456_789]))),
        ("`Timestamp(s, zone)`", plain(TimestampSecondArray::from(vec![INSTANT]).with_timezone("+00:00"))),
        (
            "`Timestamp(ms, zone)`",
            plain(TimestampMillisecondArray::from(vec![ns / 1_000_000]).with_timezone("Europe/Paris")),
        ),
        ("`Timestamp(µs, zone)`", plain(TimestampMicrosecondArray::from(vec![ns / 1_000]).with_timezone("UTC"))),
        ("`Timestamp(ns, zone)`", plain(TimestampNanosecondArray::from(vec![ns]).with_timezone("+02:00"))),
        ("`Timestamp(ms)`", plain(TimestampMillisecondArray::from(vec![ns / 1_000_000]))),
        ("`Duration(s)`", plain(DurationSecondArray::from(vec![90]))),
        ("`Duration(ms)`", plain(DurationMillisecondArray::from(vec![90_500]))),
        ("`Duration(µs)`", plain(DurationMicrosecondArray::from(vec![-1]))),
        ("`Duration(ns)`", plain(DurationNanosecondArray::from(vec![1]))),
        ("`Interval(YearMonth)`", plain(IntervalYearMonthArray::from(vec![14]))),
        ("`Interval(DayTime)`", plain(IntervalDayTimeArray::from(vec![IntervalDayTime::new(-1, 1_500)]))),
        (
            "`Interval(MonthDayNano)`",
            plain(IntervalMonthDayNanoArray::from(vec![IntervalMonthDayNano::new(1, 2, 3_000_000_004)])),
        ),
        ("`Struct`", plain(address)),
        (
            "`List`",
            listed(ListBuilder::new(StringBuilder::new()), |list| {
                tags(&mut |tag| list.values().append_option(tag));
                list.append(true);
                Arc::new(list.finish())
            }),
        ),
        (
            "`LargeList`",
            listed(LargeListBuilder::new(StringBuilder::new()), |list| {
                tags(&mut |tag| list.values().append_option(tag));
                list.append(true);
                Arc::new(list.finish())
            }),
        ),
        (
            "`ListView`",
            listed(ListViewBuilder::new(StringBuilder::new()), |list| {
                tags(&mut |tag| list.values().append_option(tag));
                list.append(true);
                Arc::new(list.finish())
            }),
        ),
        (
            "`LargeListView`",
            listed(LargeListViewBuilder::new(StringBuilder::new()), |list| {
                tags(&mut |tag| list.values().append_option(tag));
                list.append(true);
                Arc::new(list.finish())
            }),
        ),
        (
            "`FixedSizeList`",
            listed(FixedSizeListBuilder::new(Int32Builder::new(), 2), |list| {
                list.values().append_slice(&[1, 2]);
                list.append(true);
                Arc::new(list.finish())
            }),
        ),
        ("`Map`", plain(text_keys.finish())),
        ("`Map`", plain(other_keys.finish())),
        ("`Dictionary`", plain(DictionaryArray::<Int32Type>::from_iter(["open"]))),
        ("`RunEndEncoded`", plain(runs.finish())),
        ("`Union`", plain(union)),
    ]
}

#[test]
fn every_row_of_the_documented_table_is_what_the_code_does() {
    let page = include_str!("../../../../docs/structured-values.md");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| type"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let examples = examples();
    assert_eq!(rows.len(), examples.len(), "the table and the examples have the same rows");
    for (row, (arrow, (field, array))) in rows.iter().zip(&examples) {
        assert_eq!(row[1], *arrow);
        assert_eq!(row[3].trim_matches('`'), text(field, array, 0), "{arrow}");
    }
}

#[test]
fn a_row_is_an_object_of_its_columns_in_their_order() {
    let fields =
        Fields::from(vec![Field::new("b \"quoted\"", DataType::Int32, true), Field::new("a", DataType::Utf8, true)]);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int32Array::from(vec![Some(1), None])), Arc::new(StringArray::from(vec![None, Some("x")]))];
    let json = JsonText::new(&fields).unwrap();
    let mut out = Vec::new();
    json.append(&columns, 0, usize::MAX, &mut out).unwrap();
    json.append(&columns, 1, usize::MAX, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), r#"{"b \"quoted\"":1,"a":null}{"b \"quoted\"":null,"a":"x"}"#);
}

#[test]
fn columns_that_do_not_fit_are_errors() {
    let json = JsonText::new(&Fields::from(vec![Field::new("a", DataType::Int32, true)])).unwrap();
    let append = |columns: Vec<ArrayRef>, row| json.append(&columns, row, usize::MAX, &mut Vec::new()).unwrap_err();
    insta::assert_snapshot!(append(vec![], 0), @"there are 0 columns where 1 are due");
    insta::assert_snapshot!(append(vec![Arc::new(Int32Array::from(vec![1]))], 1), @"column `a` has 1 rows, but row 1 is due");
    insta::assert_snapshot!(append(vec![Arc::new(Int64Array::from(vec![1]))], 0), @"column `a` is Int64 where Int32 is due");
}

#[test]
fn a_date_with_a_time_of_day_keeps_it() {
    let (field, array) = plain(Date64Array::from(vec![LEAP_DAY * 86_400_000 + 1]));
    assert_eq!(text(&field, &array, 0), "\"2024-02-29T00:00:00.001\"");
}

#[test]
fn slices_and_nulls_within_are_seen() {
    let values = DictionaryArray::<Int32Type>::from_iter([Some("a"), None, Some("b")]);
    let (field, array) = plain(values.slice(1, 2));
    assert_eq!((text(&field, &array, 0), text(&field, &array, 1)), ("null".to_owned(), "\"b\"".to_owned()));
}

#[test]
fn a_text_beyond_the_limit_is_an_error_and_never_memory() {
    let (list, lists) = listed(ListBuilder::new(StringBuilder::new()), |list| {
        (0..1_000).for_each(|_| list.values().append_null());
        list.append(true);
        Arc::new(list.finish())
    });
    let long = [
        (list, lists),
        // Escaped, each byte becomes six.
        plain(StringArray::from(vec!["\u{1}".repeat(1_000)])),
        plain(BinaryArray::from(vec![[0_u8; 1_000].as_slice()])),
    ];
    for (field, array) in &long {
        // What is there already does not count.
        let mut out = vec![b'x'; 500];
        let error = append_value(field, array, 0, 100, &mut out).unwrap_err();
        assert_eq!(error, "its JSON text is longer than 100 bytes", "{}", array.data_type());
        assert!(out.len() < 700, "{} bytes of {}", out.len(), array.data_type());
        let json = JsonText::new(&Fields::from(vec![field.clone()])).unwrap();
        let error = json.append(&[Arc::clone(array)], 0, 1 << 10, &mut out).unwrap_err();
        assert_eq!(error, "its JSON text is longer than 1024 bytes");
    }
    // A limit that fits exactly is enough, and one byte less is not.
    let (field, array) = plain(Int32Array::from(vec![12_345]));
    assert!(append_value(&field, &array, 0, 5, &mut Vec::new()).is_ok());
    assert!(append_value(&field, &array, 0, 4, &mut Vec::new()).is_err());
}
