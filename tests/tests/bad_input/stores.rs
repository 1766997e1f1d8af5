//! Places that are no backup, or that let nobody in.

use anabranch_tests::run::run;
use insta::assert_snapshot;

use crate::good;

fn restore(url: &str) -> anabranch_tests::run::Run {
    run(good().path(), &["restore", "--backup", url, "--brokers", "null"]).unwrap()
}

#[test]
fn a_folder_that_is_not_there() {
    assert_snapshot!(restore("nowhere"), @r"
    exit 3
    error: there is nothing at `nowhere`
    hint: check the path; a prefix must be a whole folder name or file name
    ");
}

#[test]
fn a_scheme_that_is_no_store() {
    assert_snapshot!(restore("ftp://host/backup"), @r"
    exit 2
    error: `ftp://host/backup` is not the place of a backup: `ftp://` is not supported
    hint: use a bare path, `file:///path` or `s3://bucket/prefix`
    ");
}

#[test]
fn a_url_that_is_none() {
    assert_snapshot!(restore("s3://"), @r"
    exit 2
    error: `s3://` is not the place of a backup: it names no bucket
    hint: write `s3://bucket/prefix`
    ");
}

#[test]
fn an_account_without_credentials() {
    let folder = good();
    // Nobody answers on the discard port, so that the machine's own metadata service is not asked.
    let no_metadata = "aws_metadata_endpoint=http://127.0.0.1:9";
    let arguments = ["restore", "--backup", "s3://bucket/backup", "--brokers", "null", "--store", no_metadata];
    assert_snapshot!(run(folder.path(), &arguments).unwrap(), @r#"
    exit 3
    error: there are no credentials for `s3://bucket/backup`: neither the environment nor the job has any, and no instance metadata service answers
    hint: set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `access_key_id` and `secret_access_key` under `backup.store`; for a public bucket set `skip_signature = "true"`; profiles in `~/.aws` are not read
    "#);
}

/// The client of the store panics over what makes no request, at its first one.
#[test]
fn what_no_request_can_hold_is_refused_and_no_panic() {
    let folder = good();
    let said = |url: &str, options: &[&str]| {
        let mut arguments =
            vec!["restore", "--backup", url, "--brokers", "null", "--store", "secret_access_key=hunter2"];
        options.iter().for_each(|option| arguments.extend(["--store", option]));
        run(folder.path(), &arguments).unwrap().to_string()
    };
    for endpoint in
        ["localhost:9000", "minio", "", "http:/x", "http://", "http://a b/", "http://[::1", "https://x:99999"]
    {
        let said =
            said("s3://bucket", &["access_key_id=a", "region=r", "allow_http=true", &format!("endpoint={endpoint}")]);
        assert!(said.starts_with("exit 2\n") && said.contains("no URL of a server\nhint: "), "{endpoint}: {said}");
    }
    for option in ["access_key_id=a\n", "region=r\n", "token=t\r"] {
        let said = said("s3://bucket", &["endpoint=https://localhost:9", option]);
        assert!(said.starts_with("exit 2\n") && said.contains("has a line break"), "{option:?}: {said}");
    }
    let said = said("s3://B u/x", &[]);
    assert!(said.starts_with("exit 2\n") && said.contains("no bucket has such a name"), "{said}");
}
