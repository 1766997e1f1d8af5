#![allow(clippy::unwrap_used, reason = "tests")]

use arrow_schema::{DataType, Field};

use super::*;

fn columns(fields: Vec<Field>) -> Vec<Column> {
    Column::of_fields(&fields.into(), &|_, data_type| data_type.to_string())
}

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn texts(names: &[&str]) -> Vec<Column> {
    columns(names.iter().map(|name| field(name, DataType::Utf8)).collect())
}

fn resolve(names: &ColumnNames, columns: Vec<Column>) -> Result<Mapping, ReadError> {
    Mapping::resolve(&"a.parquet".into(), names, columns)
}

fn names(of: &[(Role, &str)]) -> ColumnNames {
    let mut names = ColumnNames::default();
    for (role, name) in of {
        let slot = match role {
            Role::Key => &mut names.key,
            Role::Value => &mut names.value,
            Role::Headers => &mut names.headers,
            Role::Timestamp => &mut names.timestamp,
            Role::TimestampType => &mut names.timestamp_type,
            Role::Partition => &mut names.partition,
            Role::Offset => &mut names.offset,
            Role::Topic => &mut names.topic,
        };
        *slot = Some((*name).to_owned());
    }
    names
}

#[test]
fn an_envelope_with_metadata_is_found_by_name() {
    let metadata = DataType::Struct(
        vec![
            field("timestamp", DataType::Int64),
            field("topic", DataType::Utf8),
            field("partition", DataType::Int32),
            field("offset", DataType::Int64),
        ]
        .into(),
    );
    let headers = DataType::Struct(vec![field("trace", DataType::Utf8)].into());
    let mapping = resolve(
        &ColumnNames::default(),
        columns(vec![
            field("Key", DataType::Binary),
            field("value", DataType::Binary),
            field("headers", headers),
            field("metadata", metadata),
        ]),
    )
    .unwrap();
    insta::assert_snapshot!(mapping.in_words().join("\n"), @r#"
    key ← column "Key" (Binary)
    value ← column "value" (Binary)
    headers ← column "headers" (Struct("trace": Utf8))
    timestamp ← column "metadata.timestamp" (Int64)
    partition ← column "metadata.partition" (Int32)
    offset ← column "metadata.offset" (Int64)
    topic ← column "metadata.topic" (Utf8)
    "#);
    insta::assert_snapshot!(mapping.lost().join("\n"), @r#"
    headers: column "headers" holds them by name, so order and duplicates are gone
    timestamp type: no such column
    "#);
    assert_eq!(mapping.column(Role::Offset).unwrap().steps, [3, 3]);
    assert_eq!(mapping.placing(), Placing { topic: true, partition: true, offset: true });
}

#[test]
fn of_several_names_the_best_is_taken_and_the_others_are_told() {
    let mapping = resolve(&ColumnNames::default(), texts(&["k", "payload", "KEY", "key", "extra"])).unwrap();
    insta::assert_snapshot!(mapping.in_words().join("\n"), @r#"
    key ← column "KEY" (Utf8); "key", "k" would do too: `backup.columns.key` decides
    value ← column "payload" (Utf8)
    "#);
    insta::assert_snapshot!(mapping.lost().join("\n"), @r#"
    headers: no such column
    timestamps: no such column
    timestamp type: no such column
    columns "k", "key", "extra": no part of a record; `backup.columns.value = "*"` makes the whole row the value
    "#);
}

#[test]
fn a_row_without_a_value_is_the_value() {
    let mapping = resolve(&ColumnNames::default(), texts(&["id", "key", "timestamp"])).unwrap();
    assert_eq!(mapping.value, ValueSource::Row(vec![0, 1, 2]));
    assert_eq!((mapping.key, mapping.timestamp), (None, None));

    let mapping = resolve(&names(&[(Role::Key, "key")]), texts(&["id", "key", "timestamp"])).unwrap();
    assert_eq!(mapping.value, ValueSource::Row(vec![0, 2]));
    assert_eq!(mapping.key, Some(1));

    let mapping = resolve(&ColumnNames::default(), texts(&["partition", "offset", "key", "id"])).unwrap();
    assert_eq!(mapping.value, ValueSource::Row(vec![3]));
    assert_eq!(mapping.key, Some(2));
    insta::assert_snapshot!(mapping.in_words().join("\n"), @r#"
    key ← column "key" (Utf8)
    value ← the whole row (1 column) as a JSON object
    partition ← column "partition" (Utf8)
    offset ← column "offset" (Utf8)
    "#);
}

#[test]
fn nothing_but_a_records_parts_is_a_record_without_value() {
    let mapping = resolve(&ColumnNames::default(), texts(&["key", "timestamp"])).unwrap();
    assert_eq!(mapping.value, ValueSource::None);
    assert_eq!(mapping.key, Some(0));
}

#[test]
fn a_job_can_make_the_row_the_value_and_leave_parts_out() {
    let all = texts(&["key", "value", "partition", "offset", "topic"]);
    let mapping = resolve(&names(&[(Role::Value, "*")]), all.clone()).unwrap();
    assert_eq!(mapping.value, ValueSource::Row(vec![1]));
    let mapping = resolve(&names(&[(Role::Value, "-"), (Role::Topic, "-")]), all).unwrap();
    assert_eq!((&mapping.value, mapping.topic, mapping.key), (&ValueSource::None, None, Some(0)));
}

#[test]
fn what_is_left_of_a_struct_out_of_which_a_part_is_taken_is_told_as_lost() {
    let inner = DataType::Struct(vec![field("first", DataType::Utf8), field("last", DataType::Utf8)].into());
    let customer = DataType::Struct(vec![field("id", DataType::Int64), field("name", inner)].into());
    let all = columns(vec![field("customer", customer), field("total", DataType::Int64)]);
    let mapping = resolve(&names(&[(Role::Key, "customer.id"), (Role::Value, "*")]), all.clone()).unwrap();
    assert_eq!(mapping.value, ValueSource::Row(vec![5]));
    insta::assert_snapshot!(mapping.lost().join("\n"), @r#"
    headers: no such column
    timestamps: no such column
    timestamp type: no such column
    column "customer.name": no part of a record; of a struct out of which a part is taken, the rest is not restored
    "#);
    let mapping = resolve(&names(&[(Role::Key, "customer.id"), (Role::Value, "customer.name.last")]), all).unwrap();
    insta::assert_snapshot!(mapping.lost().join("\n"), @r#"
    headers: no such column
    timestamps: no such column
    timestamp type: no such column
    column "total": no part of a record; `backup.columns.value = "*"` makes the whole row the value
    column "customer.name.first": no part of a record; of a struct out of which a part is taken, the rest is not restored
    "#);
}

#[test]
fn the_way_to_a_column_keeps_the_dots_of_names() {
    let inner = DataType::Struct(vec![field("b.c", DataType::Utf8), field("", DataType::Utf8)].into());
    let all = columns(vec![field("a.a", inner), field("value", DataType::Utf8)]);
    let mapping = resolve(&names(&[(Role::Key, "a.a.b.c"), (Role::Topic, "a.a.")]), all).unwrap();
    assert_eq!(mapping.way(Role::Key), ["a.a", "b.c"]);
    assert_eq!(mapping.way(Role::Topic), ["a.a", ""]);
    assert_eq!(mapping.way(Role::Value), ["value"]);
    assert!(mapping.way(Role::Offset).is_empty());
}

#[test]
fn a_name_with_a_dot_is_first_a_columns_own() {
    let inner = DataType::Struct(vec![field("b", DataType::Utf8)].into());
    let all = columns(vec![field("a", inner), field("a.b", DataType::Utf8), field("value", DataType::Utf8)]);
    let mapping = resolve(&names(&[(Role::Key, "a.b")]), all).unwrap();
    assert_eq!(mapping.column(Role::Key).unwrap().steps, [1]);
}

#[test]
fn a_part_is_not_taken_from_the_first_of_two_columns_of_the_same_name() {
    let all = texts(&["key", "value", "value"]);
    for names in [ColumnNames::default(), names(&[(Role::Value, "value")])] {
        let said = resolve(&names, all.clone()).unwrap_err().to_string();
        assert!(said.starts_with("`a.parquet`: it has 2 columns `value`, and nothing tells which"), "{said}");
        assert!(said.contains("`backup.columns.value`"), "{said}");
    }
    // No part is taken from them: not by the job, not by name, and not in a whole row, which has both.
    assert!(resolve(&names(&[(Role::Value, "-")]), all).is_ok());
    assert!(resolve(&ColumnNames::default(), texts(&["value", "extra", "extra"])).is_ok());
    assert!(resolve(&ColumnNames::default(), texts(&["id", "id"])).is_ok());
    // Of several spellings the first is taken, as the rules say.
    assert!(resolve(&ColumnNames::default(), texts(&["Value", "value"])).is_ok());
}

#[test]
fn what_does_not_fit_is_an_error_that_names_the_key_of_the_job() {
    let fail = |names: &ColumnNames, columns| resolve(names, columns).unwrap_err().to_string();
    insta::assert_snapshot!(fail(&names(&[(Role::Key, "kee")]), texts(&["key", "value"])), @"`a.parquet`: `backup.columns.key` names column `kee`, which the file does not have; did you mean `key`? (it has `key`, `value`)");
    insta::assert_snapshot!(fail(&names(&[(Role::Headers, "zzz")]), texts(&[])), @"`a.parquet`: `backup.columns.headers` names column `zzz`, which the file does not have (it has none)");
    insta::assert_snapshot!(
        fail(&names(&[(Role::Key, "value"), (Role::Value, "value")]), texts(&["key", "value"])), @"`a.parquet`: `backup.columns.key` and `backup.columns.value` both name column `value`");
    insta::assert_snapshot!(
        fail(&ColumnNames::default(), columns(vec![field("value", DataType::Utf8), field("offset", DataType::Float64)])), @"`a.parquet`: column `offset` is Float64, but the offset of a record takes an integer; name another column in `backup.columns.offset`, or `-` for none");
}
