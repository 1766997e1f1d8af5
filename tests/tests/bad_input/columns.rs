//! Columns that are mapped to what is not there.

use insta::assert_snapshot;

use crate::{good, restore};

#[test]
fn a_column_that_is_missing() {
    assert_snapshot!(restore(&good(), &["--column", "value=payload"]), @"");
}

#[test]
fn a_column_of_the_wrong_type() {
    assert_snapshot!(restore(&good(), &["--column", "offset=value"]), @"");
}

#[test]
fn a_column_mapped_twice() {
    assert_snapshot!(restore(&good(), &["--column", "key=value", "--column", "value=value"]), @"");
}

#[test]
fn a_value_that_is_not_in_its_encoding() {
    assert_snapshot!(restore(&good(), &["--encoding", "value=base64"]), @"");
}
