//! TLS, SASL and ACLs of a test cluster: certificates made on the spot, a user that may do everything, and others that lack
//! one permission each.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// The user that may do everything.
pub const USER: &str = "alice";
/// The password of all users.
pub const PASSWORD: &str = "open-sesame-42";

/// A permission that a restore needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// To take its transactional ids.
    Transactions,
    /// To create the topic of its progress.
    CreateProgress,
    /// To write to it.
    WriteProgress,
    /// To read it.
    ReadProgress,
    /// To write to the target topic.
    WriteTarget,
    /// To write to the topic of dead letters.
    WriteDeadLetters,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Transactions,
        Self::CreateProgress,
        Self::WriteProgress,
        Self::ReadProgress,
        Self::WriteTarget,
        Self::WriteDeadLetters,
    ];

    /// The user that lacks just this one. It may write to the topics `target-USER` and `dead-USER`, and keep its progress
    /// in `progress-USER`.
    pub fn lacked_by(self) -> &'static str {
        match self {
            Self::Transactions => "without-transactions",
            Self::CreateProgress => "without-create-progress",
            Self::WriteProgress => "without-write-progress",
            Self::ReadProgress => "without-read-progress",
            Self::WriteTarget => "without-write-target",
            Self::WriteDeadLetters => "without-write-dead-letters",
        }
    }

    /// As `Grant.java` takes it.
    fn granted(self, user: &str) -> String {
        match self {
            Self::Transactions => format!("{user} WRITE TRANSACTIONAL_ID anabranch- PREFIXED"),
            Self::CreateProgress => format!("{user} CREATE TOPIC progress-{user} LITERAL"),
            Self::WriteProgress => format!("{user} WRITE TOPIC progress-{user} LITERAL"),
            Self::ReadProgress => format!("{user} READ TOPIC progress-{user} LITERAL"),
            Self::WriteTarget => format!("{user} WRITE TOPIC target-{user} LITERAL"),
            Self::WriteDeadLetters => format!("{user} WRITE TOPIC dead-{user} LITERAL"),
        }
    }
}

/// The user that has each [`Permission`] and no other one.
pub const RESTORER: &str = "restorer";

/// The SCRAM users, as `StorageTool format --add-scram` takes them.
pub(super) fn scram_users() -> Vec<String> {
    let limited = Permission::ALL.into_iter().map(Permission::lacked_by);
    let users = limited.chain([USER, RESTORER]);
    let mechanisms = |user| {
        ["SCRAM-SHA-256", "SCRAM-SHA-512"].map(|mechanism| format!("{mechanism}=[name={user},password={PASSWORD}]"))
    };
    users.flat_map(mechanisms).collect()
}

/// Grants what each of them has.
pub(super) fn grant(servers: &str) -> Result<()> {
    let all = Permission::ALL.into_iter();
    let of_restorer = all.clone().map(|permission| permission.granted(RESTORER));
    let of_limited = all.clone().flat_map(|lacked| {
        let rest = Permission::ALL.into_iter().filter(move |permission| *permission != lacked);
        rest.map(move |permission| permission.granted(lacked.lacked_by()))
    });
    // Who may not write to it shall see it.
    let seen = [(Permission::WriteTarget, "target"), (Permission::WriteDeadLetters, "dead")].map(|(lacked, topic)| {
        let user = lacked.lacked_by();
        format!("{user} DESCRIBE TOPIC {topic}-{user} LITERAL")
    });
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("kafka/Grant.java");
    let mut java = Command::new("java");
    java.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=ERROR", "-cp", super::classpath()?]);
    super::run(java.arg(source).arg(servers).args(of_restorer.chain(of_limited).chain(seen)))
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
         authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n\
         super.users=User:ANONYMOUS;User:{USER}\n\
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
