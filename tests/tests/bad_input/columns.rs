//! Columns that are mapped to what is not there.

use insta::assert_snapshot;

use crate::{good, restore};

#[test]
fn a_column_that_is_missing() {
    assert_snapshot!(restore(&good(), &["--column", "value=payload"]), @r"
    exit 2
    error: `good.jsonl`: `backup.columns.value` names column `payload`, which the file does not have (it has `key`, `offset`, `partition`, `timestamp`, `topic`, `value`)
    hint: name a column that the file has, or `-` for none; `anabranch inspect` lists them
    ");
}

#[test]
fn a_column_of_the_wrong_type() {
    assert_snapshot!(restore(&good(), &["--column", "offset=value"]), @r#"
    exit 1
    error: `good.jsonl` row 0: line 1: offset: `"order 0"` is no whole number from 0 that fits
    hint: take the file from its source again; if a column or its encoding is not what was meant, set `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup
    "#);
}

#[test]
fn a_column_mapped_twice() {
    assert_snapshot!(restore(&good(), &["--column", "key=value", "--column", "value=value"]), @r"
    exit 2
    error: `good.jsonl`: `backup.columns.key` and `backup.columns.value` both name column `value`
    hint: name a column that the file has, or `-` for none; `anabranch inspect` lists them
    ");
}

#[test]
fn a_value_that_is_not_in_its_encoding() {
    assert_snapshot!(restore(&good(), &["--encoding", "value=base64"]), @r"
    exit 1
    error: `good.jsonl` row 0: line 1: value: not base64: invalid symbol 32, offset 5
    hint: take the file from its source again; if a column or its encoding is not what was meant, set `backup.columns` or `backup.encoding`; to restore the rest without it, move it out of the backup
    ");
}
