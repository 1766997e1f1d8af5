//! TLS and SASL of a test cluster: certificates made on the spot, one user.

use std::fs;
use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// The one user.
pub const USER: &str = "alice";
/// Its password.
pub const PASSWORD: &str = "open-sesame-42";

/// The SCRAM users, as `StorageTool format --add-scram` takes them.
pub(super) fn scram_users() -> Vec<String> {
    ["SCRAM-SHA-256", "SCRAM-SHA-512"].map(|mechanism| format!("{mechanism}=[name={USER},password={PASSWORD}]")).into()
}

/// Writes into `home` the broker's key and certificate (`broker.pem`), that of the authority which
/// signed it (`ca.pem`), and that of one which did not (`other-ca.pem`).
pub(super) fn write_certificates(home: &Path) -> Result<()> {
    let authority = |name: &str| -> Result<(String, Issuer<'static, KeyPair>)> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // Another name than the broker's: a certificate issued under its own name counts as self-signed.
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        Ok((params.self_signed(&key)?.pem(), Issuer::new(params, key)))
    };
    let (ca, issuer) = authority("authority of the broker")?;
    let key = KeyPair::generate()?;
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let broker = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    fs::write(home.join("broker.pem"), format!("{}{}", key.serialize_pem(), broker.pem()))?;
    fs::write(home.join("ca.pem"), ca)?;
    fs::write(home.join("other-ca.pem"), authority("another authority")?.0)?;
    Ok(())
}

/// The lines of `server.properties`; the ports are plain, controller, secure.
pub(super) fn properties(home: &Path, [plain, controller, secure]: [u16; 3]) -> String {
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    format!(
        "listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},SASL_SSL://127.0.0.1:{secure}\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL\n\
         inter.broker.listener.name=PLAINTEXT\n\
         auto.create.topics.enable=false\n\
         ssl.keystore.type=PEM\n\
         ssl.keystore.location={keystore}\n\
         sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512\n\
         listener.name.sasl_ssl.plain.sasl.jaas.config=\
         org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\";\n\
         listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={scram}\n\
         listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram}\n",
        keystore = home.join("broker.pem").display(),
    )
}
