//! One Java process that is broker and controller, and its folder.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

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

/// Which node of a cluster it is, and where the nodes speak among themselves.
pub(super) struct Place<'a> {
    /// From 1.
    pub(super) id: usize,
    /// The port of each node's controller.
    pub(super) controllers: &'a [u16],
    /// The size of its heap, as Java takes it.
    pub(super) heap: &'static str,
}

/// A node of a cluster: a process that may be ended and started again, and its folder.
pub struct Node {
    home: PathBuf,
    keeper: Mutex<Keeper>,
    /// Bytes of the log before the last start.
    before: AtomicUsize,
}

/// A shell that is the node's parent, so that a signal never meets another process. It ends the node when its input
/// closes, which it does when this process ends, in whatever way; a test's own cleaning up does not run when it is
/// killed, and statics never drop.
struct Keeper {
    shell: Child,
    /// `None` once it is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Takes a word a line: `START`, for a node that has ended or is paused, or a signal's name. Answers each with a line,
/// after the node has ended where it must.
const KEEPER: &str = r#"
home=$1; shift
while read -r word; do
    case $word in
        START) kill -s CONT $! || { "$@" >>"$home/log" 2>&1 & } ;;
        KILL | TERM) kill -s "$word" $!; wait $! ;;
        *) kill -s "$word" $! ;;
    esac
    echo done
done
kill -9 $!
wait
rm -rf "$home"
"#;

impl Node {
    /// Formats a folder, writes the properties that `properties` gives for it, and starts; [`Self::wait`] waits for it.
    pub(super) fn start(
        place: &Place<'_>,
        scram: &[String],
        properties: impl FnOnce(&Path) -> Result<String>,
    ) -> Result<Self> {
        let classpath = classpath()?;
        let folder = tempfile::Builder::new().prefix("anabranch-kafka-").tempdir()?;
        let home = folder.path().to_owned();
        let file = home.join("server.properties");
        let (data, more) = (home.join("data"), properties(&home)?);
        let Place { id, controllers, heap } = place;
        let voters: Vec<String> =
            (1..).zip(*controllers).map(|(id, port): (usize, _)| format!("{id}@127.0.0.1:{port}")).collect();
        // Progress and transactions outlive a node, where there are others.
        let (replicas, in_sync) = (controllers.len(), controllers.len().div_ceil(2));
        fs::write(
            &file,
            format!(
                "process.roles=broker,controller\n\
                 node.id={id}\n\
                 controller.quorum.voters={voters}\n\
                 controller.listener.names=CONTROLLER\n\
                 log.dirs={}\n\
                 default.replication.factor={replicas}\n\
                 offsets.topic.replication.factor={replicas}\n\
                 transaction.state.log.replication.factor={replicas}\n\
                 transaction.state.log.min.isr={in_sync}\n\
                 share.coordinator.state.topic.replication.factor={replicas}\n\
                 share.coordinator.state.topic.min.isr={in_sync}\n\
                 group.initial.rebalance.delay.ms=0\n\
                 log.retention.ms=-1\n\
                 {more}\n",
                data.display(),
                voters = voters.join(","),
            ),
        )?;
        let mut format = Command::new("java");
        format.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", classpath, "kafka.tools.StorageTool", "format"]);
        format.args(["-t", CLUSTER_ID, "-c"]).arg(&file);
        for user in scram {
            format.args(["--add-scram", user]);
        }
        super::run(&mut format)?;

        let mut shell = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&home)
            .args(["java", heap, "-Dlog4j2.level=INFO", "-cp", classpath, "kafka.Kafka"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("sh")?;
        let input = shell.stdin.take();
        let output = BufReader::new(shell.stdout.take().context("no output")?);
        // From here on the keeper removes it.
        let home = folder.keep();
        let keeper = Mutex::new(Keeper { shell, input, output });
        let node = Self { home, keeper, before: AtomicUsize::new(0) };
        node.start_again()?;
        Ok(node)
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    /// A keeper that is gone.
    pub fn kill(&self) -> Result<()> {
        self.tell("KILL")
    }

    /// Lets it hand over what it leads and end.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn end(&self) -> Result<()> {
        self.tell("TERM")
    }

    /// Lets it answer nobody any more, with its connections open.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn pause(&self) -> Result<()> {
        self.tell("STOP")
    }

    /// Lets it go on after [`Self::pause`]; starts it, if it has ended.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn go_on(&self) -> Result<()> {
        self.tell("START")
    }

    /// Starts it after it has ended; [`Self::wait`] waits for it.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn start_again(&self) -> Result<()> {
        self.before.store(self.log().len(), Ordering::SeqCst);
        self.tell("START")
    }

    /// Removes what it holds of a partition, after it has ended.
    ///
    /// # Errors
    /// A partition that it does not hold.
    pub fn lose(&self, topic: &str, partition: i32) -> Result<()> {
        let folder = self.home.join("data").join(format!("{topic}-{partition}"));
        for file in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = file?.path();
            // Which topic it is stays known.
            if path.file_name().is_none_or(|name| name != "partition.metadata") {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn tell(&self, word: &str) -> Result<()> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(keeper.input.as_mut().context("it has ended")?, "{word}")?;
        ensure!(keeper.output.read_line(&mut String::new())? > 0, "the keeper of a node has ended");
        Ok(())
    }

    /// Waits until it takes part in the cluster.
    ///
    /// # Errors
    /// A node that does not come up; with the end of its log.
    pub fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.log();
            let log = log.get(self.before.load(Ordering::SeqCst)..).unwrap_or_default();
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
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(keeper.input.take());
        // Nothing is left to be done where the keeper is gone already.
        let _ = keeper.shell.wait();
    }
}
