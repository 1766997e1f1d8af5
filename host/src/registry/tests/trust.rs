//! Who is trusted, and what is shown for oneself.

use std::path::{Path, PathBuf};

use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode};
use openssl::x509::X509;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

/// An authority and a server's certificate by it, as PEM: of the authority, of the certificate and of its key.
fn certificates() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::from_params(&params, &key);
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    (authority.pem(), certificate.pem(), own.serialize_pem())
}

/// A server with a certificate, which asks for those of clients where it is told whose they have to be.
fn server(certificate: &str, key: &str, clients: Option<&str>) -> Server {
    let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls()).unwrap();
    acceptor.set_certificate(&X509::from_pem(certificate.as_bytes()).unwrap()).unwrap();
    acceptor.set_private_key(&PKey::private_key_from_pem(key.as_bytes()).unwrap()).unwrap();
    if let Some(authority) = clients {
        acceptor.cert_store_mut().add_cert(X509::from_pem(authority.as_bytes()).unwrap()).unwrap();
        acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    }
    Server::over(Some(acceptor.build()), |_| Reply::Json(200, json!({ "schema": "x" })))
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_at_once_and_one_of_the_own_authority_taken() {
    let (authority, certificate, key) = certificates();
    let server = server(&certificate, &key, None);
    let patient = job::Registry { retry_for: Duration::from_secs(60), ..settings(server.url()) };
    let registry = Registry::open(&patient).unwrap();
    insta::assert_snapshot!(said(&server, registry.subjects_of(1).unwrap_err()), @r#"
    there is no TLS with the registry at `URL` (`GET /schemas/ids/1/versions`): certificate verify failed (unable to get local issuer certificate)
    hint: under `[registry]` set `ca` to the authority that it is vouched for by, and `certificate` and `key` if it asks for them; write `http://` if it speaks no TLS
    "#);
    assert_eq!(registry.requests(), 1);

    let folder = tempfile::tempdir().unwrap();
    let ca = Some(write(folder.path(), "ca.pem", &authority));
    let registry = Registry::open(&job::Registry { ca, ..patient }).unwrap();
    registry.schema(1).unwrap();
}

#[test]
fn a_registry_that_asks_for_a_certificate_gets_it_and_is_told_apart_where_there_is_none() {
    let (authority, certificate, key) = certificates();
    let server = server(&certificate, &key, Some(&authority));
    let folder = tempfile::tempdir().unwrap();
    let ca = Some(write(folder.path(), "ca.pem", &authority));
    let bare = job::Registry { ca, retry_for: Duration::from_secs(60), ..settings(server.url()) };
    let error = Registry::open(&bare).unwrap().schema(1).unwrap_err();
    assert!(matches!(error, RegistryError::Tls { .. }), "{error}");
    assert!(error.hint().unwrap().contains("`certificate` and `key` if it asks for them"), "{error}");
    let (_, stranger, secret) = certificates();
    let identity = |certificate: &str, key: &str| {
        let (certificate, key) = (write(folder.path(), "own.pem", certificate), write(folder.path(), "own.key", key));
        Some(job::ClientIdentity { certificate, key })
    };
    let as_stranger = job::Registry { identity: identity(&stranger, &secret), ..bare.clone() };
    let error = Registry::open(&as_stranger).unwrap().schema(1).unwrap_err();
    assert!(matches!(error, RegistryError::Tls { .. }), "{error}");
    let registry = Registry::open(&job::Registry { identity: identity(&certificate, &key), ..bare }).unwrap();
    registry.schema(1).unwrap();
}

#[test]
fn a_registry_without_tls_is_told_from_one_that_is_down() {
    let server = Server::start(|_| Reply::Json(200, json!({})));
    let url = server.url().replace("http://", "https://");
    let settings = job::Registry { retry_for: Duration::from_secs(60), ..settings(&url) };
    let error = Registry::open(&settings).unwrap().schema(1).unwrap_err();
    assert!(matches!(error, RegistryError::Tls { .. }), "{error}");
}

#[test]
fn files_that_hold_something_else_are_told_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (_, certificate, key) = certificates();
    let [certificate, key, junk] = [("own.pem", certificate.as_str()), ("own.key", &key), ("junk", "hunter2")]
        .map(|(name, text)| write(folder.path(), name, text));
    let complaint = |ca: Option<&Path>, identity: Option<(&Path, &Path)>| {
        let identity = identity
            .map(|(certificate, key)| job::ClientIdentity { certificate: certificate.to_owned(), key: key.to_owned() });
        let settings = job::Registry { ca: ca.map(Path::to_owned), identity, ..settings("https://registry") };
        let error = Registry::open(&settings).unwrap_err();
        let text = format!("{error}\nhint: {}", error.hint().unwrap());
        assert!(!text.contains("hunter2"), "{text}");
        text.replace(&folder.path().display().to_string(), "FOLDER")
    };
    insta::assert_snapshot!(complaint(Some(&folder.path().join("none")), None), @r#"
    the registry at `https://registry` cannot be asked: `FOLDER/none` cannot be read: No such file or directory (os error 2)
    hint: see that `ca` under `[registry]` names a file that this user may read
    "#);
    insta::assert_snapshot!(complaint(Some(&junk), None), @r#"
    the registry at `https://registry` cannot be asked: `FOLDER/junk` holds no certificate in PEM
    hint: see that `ca` under `[registry]` begins with `-----BEGIN CERTIFICATE-----`
    "#);
    insta::assert_snapshot!(complaint(None, Some((&certificate, &junk))), @r#"
    the registry at `https://registry` cannot be asked: `FOLDER/own.pem` and `FOLDER/junk` are no certificate with its key: expected PKCS#8 PEM
    hint: see that `key` under `[registry]` begins with `-----BEGIN PRIVATE KEY-----` (`openssl pkcs8 -topk8 -nocrypt`)
    "#);
    insta::assert_snapshot!(complaint(None, Some((&junk, &key))), @r#"
    the registry at `https://registry` cannot be asked: `FOLDER/junk` and `FOLDER/own.key` are no certificate with its key: at least one certificate must be provided to create an identity
    hint: see that `key` under `[registry]` begins with `-----BEGIN PRIVATE KEY-----` (`openssl pkcs8 -topk8 -nocrypt`)
    "#);
}

#[test]
fn a_token_is_sent_as_it_is_and_never_shown() {
    let server = Server::start(|_| Reply::Json(200, json!({ "schema": "x" })));
    let settings = job::Registry { login: Some(Login::Token(Secret::new("hunter2"))), ..settings(server.url()) };
    let registry = Registry::open(&settings).unwrap();
    registry.schema(1).unwrap();
    assert_eq!(server.asked()[0].authorization, "Bearer hunter2");
    assert_eq!(format!("{registry:?}"), format!("Registry({:?})", server.url()));
}
