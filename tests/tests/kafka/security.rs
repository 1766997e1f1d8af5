//! TLS and SASL: what lets in, and what is said within seconds where it does not.

use std::time::{Duration, Instant};

use anabranch::failure::{Exit, Explain as _};
use anabranch::job::{self, Job};
use anabranch::target::TargetError;
use anabranch_tests::batches::{Given, lane};
use anabranch_tests::jobs;
use anabranch_tests::kafka::{Cluster, PASSWORD, USER};

use crate::fixtures::{connect, given, needs, restore};

fn job(properties: &[(&str, &str)]) -> Job {
    let cluster = job::Cluster::Kafka(Cluster::secure().secure_servers().to_owned());
    let ca = Cluster::secure().ca().display().to_string();
    let all = [("security.protocol", "SASL_SSL"), ("ssl.ca.location", ca.as_str()), ("sasl.username", USER)];
    let mut job = jobs::job(jobs::target(cluster));
    job.target.properties = jobs::properties(&all);
    job.target.properties.extend(jobs::properties(properties));
    job
}

/// How `connect` fails, which must be soon.
fn failure(job: &Job) -> TargetError {
    let begun = Instant::now();
    let error = connect(job, &needs(&[&lane("any", 0)])).err().expect("a failure");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert!(!error.to_string().contains("wrong-password"), "{error}");
    assert_eq!(error.exit(), Exit::Environment);
    error
}

#[test]
fn each_mechanism_lets_in() {
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let topic = Cluster::secure().topic("secure", 1, &[]).unwrap();
        let job = job(&[("sasl.mechanism", mechanism), ("sasl.password", PASSWORD)]);
        let records = [Given::new(mechanism, "v")];
        restore(&job, &lane(&topic, 0), &records).unwrap();
        assert_eq!(given(Cluster::secure().read(&topic).unwrap())[&0], records);
    }
}

#[test]
fn a_wrong_password_is_told() {
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let error = failure(&job(&[("sasl.mechanism", mechanism), ("sasl.password", "wrong-password")]));
        assert!(matches!(error, TargetError::Authentication { .. }), "{error}");
    }
}

#[test]
fn a_certificate_of_another_authority_is_told() {
    let other = Cluster::secure().ca().with_file_name("other-ca.pem").display().to_string();
    let scram = [("sasl.mechanism", "SCRAM-SHA-256"), ("sasl.password", PASSWORD)];
    let error = failure(&job(&[&scram[..], &[("ssl.ca.location", other.as_str())]].concat()));
    assert!(matches!(error, TargetError::Tls { .. }), "{error}");
    assert!(error.to_string().contains("certificate verify failed"), "{error}");
}

#[test]
fn a_plain_client_at_a_tls_listener_is_told() {
    let mut job = job(&[]);
    job.target.properties = jobs::properties(&[("socket.connection.setup.timeout.ms", "2000")]);
    let error = failure(&job);
    assert!(matches!(error, TargetError::Unreachable { .. }), "{error}");
}
