//! What a job says of its registries, and what is said about one that is wrong.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::failure::{Exit, Explain};
use crate::job::{Job, file};

const LEAST: &str = "[backup]\nurl = \"/backup\"\n[target]\nbrokers = \"null\"\n";

fn environment(name: &str) -> Option<String> {
    (name == "PASSWORD").then(|| "hunter2".to_owned())
}

fn job(registries: &str) -> Job {
    file::parse(&format!("{LEAST}{registries}"), Path::new("jobs/job.toml"), &environment).unwrap()
}

/// What a person reads of a wrong `[registry]`.
fn complaint(registry: &str) -> String {
    let error =
        file::parse(&format!("[registry]\n{registry}{LEAST}"), Path::new("job.toml"), &environment).unwrap_err();
    assert_eq!(error.exit(), Exit::Usage);
    let text = match error.hint() {
        Some(hint) => format!("{error}\nhint: {hint}"),
        None => error.to_string(),
    };
    assert!(!text.contains("hunter2"), "the value of a variable is in: {text}");
    text
}

#[test]
fn the_least_registry_has_the_defaults() {
    let registry = job("[registry]\nurl = \"http://registry:8081/\"\n").registry.unwrap();
    assert_eq!(registry.url, "http://registry:8081");
    assert_eq!((registry.timeout, registry.retry_for), (TIMEOUT, RETRY_FOR));
    assert!(registry.login.is_none() && registry.ca.is_none() && registry.identity.is_none());
}

#[test]
fn the_target_has_the_registry_of_the_job_or_one_that_takes_nothing_over() {
    let first =
        "[registry]\nurl = \"https://one/schemas/\"\nuser = \"ada\"\npassword = \"${PASSWORD}\"\nca = \"ca.pem\"\n";
    let same = job(first);
    assert_eq!(same.target.registry, same.registry);
    let registry = same.registry.unwrap();
    assert_eq!((registry.url.as_str(), registry.ca), ("https://one/schemas", Some("jobs/ca.pem".into())));
    assert_eq!(registry.login, Some(Login::Basic { user: "ada".to_owned(), password: Secret::new("hunter2") }));

    let two = job(&format!("{first}[target.registry]\nurl = \"https://two\"\ntoken = \"${{PASSWORD}}\"\n"));
    assert!(!format!("{two:?}").contains("hunter2"));
    let target = two.target.registry.unwrap();
    assert_eq!((target.table, target.url.as_str(), target.ca), ("target.registry", "https://two", None));
    assert_eq!(target.login, Some(Login::Token(Secret::new("hunter2"))));
    assert_eq!(two.registry.unwrap().table, "registry");
    assert!(job("").registry.is_none());
}

#[test]
fn what_the_target_needs_of_the_environment_is_not_missed_before_it_is_opened() {
    let text = "[registry]\nurl = \"https://one\"\n[target.registry]\nurl = \"https://two\"\ntoken = \"${TOKEN}\"\n";
    let draft = file::read(&format!("{LEAST}{text}"), Path::new("job.toml"), &environment).unwrap();
    let job = draft.clone().finish_without_target().unwrap();
    assert!(job.target.registry.is_none(), "that of the job is not taken for it");
    assert_eq!(
        draft.finish().unwrap_err().to_string(),
        "job.toml:9:9: `target.registry.token`: the environment variable `TOKEN` is not set"
    );
}

#[test]
fn a_url_that_cannot_be_asked_is_refused_and_not_repeated() {
    insta::assert_snapshot!(complaint("user = \"a\"\n"), @r#"
    job.toml:1:1: `registry.url`: not given, though it is required
    hint: say where it answers: `url = "https://registry:8081"`
    "#);
    for url in ["", "registry:8081", "ftp://registry", "https://", "${PASSWORD}"] {
        let text = complaint(&format!("url = \"{url}\"\n"));
        assert_eq!(text, "job.toml:2:7: `registry.url`: must be a URL such as `https://registry:8081`");
    }
    insta::assert_snapshot!(complaint("url = \"https://ada:${PASSWORD}@registry\"\n"), @"job.toml:2:7: `registry.url`: a user and a password do not belong in a URL: set `user` and `password`");
    insta::assert_snapshot!(complaint("url = \"https://registry?token=${PASSWORD}\"\n"), @"job.toml:2:7: `registry.url`: must be a URL such as `https://registry:8081`, with nothing behind its path");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let with = |rest: &str| complaint(&format!("url = \"https://registry\"\n{rest}"));
    insta::assert_snapshot!(with("user = \"ada\"\n"), @r"
    `registry.user` is given without `registry.password`
    hint: give both, or a `token`
    ");
    insta::assert_snapshot!(with("password = \"${PASSWORD}\"\n"), @r"
    `registry.password` is given without `registry.user`
    hint: give both, or a `token`
    ");
    insta::assert_snapshot!(with("user = \"ada\"\npassword = \"${PASSWORD}\"\ntoken = \"${PASSWORD}\"\n"), @r"
    `registry` has a `token`, and a `user` or a `password` as well
    hint: give `user` and `password`, or a `token`
    ");
    insta::assert_snapshot!(with("certificate = \"a.pem\"\n"), @r"
    `registry.certificate` is given without `registry.key`
    hint: give both, or neither
    ");
    insta::assert_snapshot!(with("key = \"a.key\"\n"), @r"
    `registry.key` is given without `registry.certificate`
    hint: give both, or neither
    ");
    insta::assert_snapshot!(with("user = \"a:b\"\npassword = \"x\"\n"), @"job.toml:3:8: `registry.user`: no user of HTTP has a `:` in the name");
    insta::assert_snapshot!(with("token = \"${PASSWORD}\\n\"\n"), @"job.toml:3:9: `registry.token`: must be printable ASCII without blanks");
    insta::assert_snapshot!(with("timeout = \"0s\"\n"), @"job.toml:3:11: `registry.timeout`: must be more than nothing");
    insta::assert_snapshot!(with("retry_for = 60\n"), @r#"job.toml:3:13: `registry.retry_for` must be a duration such as `"10s"`, not a whole number"#);
    insta::assert_snapshot!(with("pasword = \"x\"\n"), @r"
    job.toml:3:1: unknown key `pasword` in `[registry]`
    hint: did you mean `password`?
    ");
}
