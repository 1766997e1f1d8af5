//! Places that are no backup, or that let nobody in.

use anabranch_tests::run::run;
use insta::assert_snapshot;

use crate::good;

fn restore(url: &str) -> anabranch_tests::run::Run {
    run(good().path(), &["restore", "--backup", url, "--brokers", "null"]).unwrap()
}

#[test]
fn a_folder_that_is_not_there() {
    assert_snapshot!(restore("nowhere"), @"");
}

#[test]
fn a_scheme_that_is_no_store() {
    assert_snapshot!(restore("ftp://host/backup"), @"");
}

#[test]
fn a_url_that_is_none() {
    assert_snapshot!(restore("s3://"), @"");
}

#[test]
fn an_account_without_credentials() {
    let folder = good();
    // Nobody answers on the discard port, so that the machine's own metadata service is not asked.
    let no_metadata = "aws_metadata_endpoint=http://127.0.0.1:9";
    let arguments = ["restore", "--backup", "s3://bucket/backup", "--brokers", "null", "--store", no_metadata];
    assert_snapshot!(run(folder.path(), &arguments).unwrap(), @"");
}
