//! One Java process that is broker and controller, and its folder.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

/// Any cluster id does; every cluster is alone.
const CLUSTER_ID: &str = "MkU3OEVBNTcwNTJENDM2Qk";
/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The jars of Apache Kafka, resolved by `scripts/kafka-jars` the first time.
///
/// # Errors
/// What the script says: Java or Maven missing, or no way to Maven's repository.
pub fn classpath() -> Result<&'static str> {
    static CLASSPATH: OnceLock<Result<String, String>> = OnceLock::new();
    let resolved = CLASSPATH.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let file = root.join("target/kafka/classpath");
        super::run(Command::new(root.join("scripts/kafka-jars")).arg(&file)).map_err(|error| format!("{error:#}"))?;
        fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
    });
    resolved.as_deref().map_err(|error| anyhow!("{error}"))
}

/// Ports that are free now, by the system's own choice.
pub(super) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let listeners: Vec<TcpListener> =
        (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<std::io::Result<_>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// A running node.
pub(super) struct Node {
    home: PathBuf,
    /// A shell that ends the node when its input closes, which it does when this process ends, in
    /// whatever way; a test's own cleaning up does not run when it is killed, and statics never drop.
    keeper: Child,
}

impl Node {
    /// Formats a folder, writes the properties that `properties` gives for it, and starts.
    pub(super) fn start(
        controller_port: u16,
        scram: &[String],
        properties: impl FnOnce(&Path) -> Result<String>,
    ) -> Result<Self> {
        let classpath = classpath()?;
        let folder = tempfile::Builder::new().prefix("anabranch-kafka-").tempdir()?;
        let home = folder.path().to_owned();
        let file = home.join("server.properties");
        let (data, more) = (home.join("data"), properties(&home)?);
        fs::write(
            &file,
            format!(
                "process.roles=broker,controller\n\
                 node.id=1\n\
                 controller.quorum.voters=1@127.0.0.1:{controller_port}\n\
                 controller.listener.names=CONTROLLER\n\
                 log.dirs={}\n\
                 offsets.topic.replication.factor=1\n\
                 transaction.state.log.replication.factor=1\n\
                 transaction.state.log.min.isr=1\n\
                 share.coordinator.state.topic.replication.factor=1\n\
                 share.coordinator.state.topic.min.isr=1\n\
                 group.initial.rebalance.delay.ms=0\n\
                 log.retention.ms=-1\n\
                 {more}\n",
                data.display()
            ),
        )?;
        let mut format = Command::new("java");
        format.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", classpath, "kafka.tools.StorageTool", "format"]);
        format.args(["-t", CLUSTER_ID, "-c"]).arg(&file);
        for user in scram {
            format.args(["--add-scram", user]);
        }
        super::run(&mut format)?;

        let keeper = Command::new("sh")
            .args([
                "-c",
                r#"home=$1; shift; "$@" >"$home/log" 2>&1 & cat >/dev/null; kill -9 $!; wait; rm -rf "$home""#,
            ])
            .arg("keeper")
            .arg(&home)
            .args(["java", "-Xmx512m", "-Dlog4j2.level=INFO", "-cp", classpath, "kafka.Kafka"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("sh")?;
        // From here on the keeper removes it.
        let node = Self { home: folder.keep(), keeper };
        node.wait()?;
        Ok(node)
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            if log.contains("Kafka Server started") {
                return Ok(());
            }
            if log.contains("FATAL") || log.contains("Exiting Kafka") || Instant::now() > deadline {
                let lines: Vec<&str> = log.lines().collect();
                bail!("the broker did not come up:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn log(&self) -> String {
        fs::read(self.home.join("log")).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing is left to be done where the keeper is gone already.
        let _ = self.keeper.wait();
    }
}
