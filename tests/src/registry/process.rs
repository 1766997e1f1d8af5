//! The Java process of a registry, and its folder, of which nothing stays behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::kafka;
use crate::ports::free_ports;

/// How long a start may take on a busy machine: alone on one it takes four seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// A shell that is the server's parent. It ends the server when its input closes, which it does when this process ends, in
/// whatever way: statics never drop.
const KEEPER: &str = r#"
home=$1; shift
"$@" >"$home/log" 2>&1 &
while read -r _; do :; done
kill -9 $!
wait
rm -rf "$home"
"#;

/// See the module.
pub(super) struct Process {
    home: PathBuf,
    port: u16,
    shell: Child,
    /// `None` once it is to end.
    input: Option<ChildStdin>,
}

impl Process {
    /// Starts one; [`Self::wait`] waits for it.
    pub(super) fn start() -> Result<Self> {
        let server = server()?;
        let [port] = free_ports()?;
        let folder = tempfile::Builder::new().prefix("anabranch-registry-").tempdir()?;
        let home = folder.path().to_owned();
        let mut shell = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&home)
            // Little memory and a short start rather than speed later: a test asks a few hundred times at most.
            .args(["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
            .arg(format!("-Djava.io.tmpdir={}", home.display()))
            .arg("-Dquarkus.http.host=127.0.0.1")
            .arg(format!("-Dquarkus.http.port={port}"))
            .arg("-jar")
            .arg(server)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("sh")?;
        let input = shell.stdin.take();
        // From here on the keeper removes it.
        let home = folder.keep();
        Ok(Self { home, port, shell, input })
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.port)
    }

    /// Waits until it answers.
    pub(super) fn wait(&self, answers: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !answers() {
            let log = self.log();
            // A server that cannot start says so and ends.
            if log.contains("Failed to start application") || Instant::now() > deadline {
                let lines: Vec<&str> = log.lines().collect();
                bail!("the registry did not come up:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    pub(super) fn log(&self) -> String {
        fs::read(self.home.join("log")).map_or_else(|_| String::new(), |log| String::from_utf8_lossy(&log).into_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        // Nothing is left to be done where the keeper is gone already.
        let _ = self.shell.wait();
    }
}

/// What Java runs, unpacked by `scripts/registry-jars` the first time.
fn server() -> Result<&'static Path> {
    static SERVER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let unpacked = SERVER.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = root.join("target/registry");
        let script = root.join("scripts/registry-jars");
        kafka::run(Command::new(script).arg(&folder)).map_err(|error| format!("{error:#}"))?;
        Ok(folder.join("server.jar"))
    });
    unpacked.as_deref().map_err(|error| anyhow!("{error}"))
}
