//! An S3 server over HTTP on loopback, in this process: `s3s-fs` over a folder that goes away with it.
//!
//! Objects are the folder's files, so tests put and change them without a client. Requests must be
//! signed with [`ACCESS_KEY`] and [`SECRET_KEY`]. A server can be told to [misbehave](Fault), as stores and networks do.

mod front;
mod listing;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub use front::Fault;
use front::Front;
use listing::Listed;

/// The access key that the server knows.
pub const ACCESS_KEY: &str = "anabranch";
/// Its secret.
pub const SECRET_KEY: &str = "anabranch-secret";

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct S3Server {
    folder: TempDir,
    address: SocketAddr,
    front: Arc<Front>,
    runtime: Option<Runtime>,
}

impl S3Server {
    /// Starts a server without buckets on a free port.
    ///
    /// # Errors
    /// No folder, no port, no threads.
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let files = s3s_fs::FileSystem::new(folder.path()).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut service = S3ServiceBuilder::new(Listed::new(files));
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();

        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let front = Arc::new(Front::new(folder.path().to_owned(), service));
        runtime.spawn(Arc::clone(&front).accept(listener));
        Ok(Self { folder, address, front, runtime: Some(runtime) })
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// Whatever the folder says.
    pub fn create_bucket(&self, bucket: &str) -> anyhow::Result<()> {
        std::fs::create_dir_all(self.folder.path().join(bucket)).context("making a bucket")
    }

    /// Puts or replaces an object.
    ///
    /// # Errors
    /// Whatever the folder says.
    pub fn put(&self, bucket: &str, key: &str, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
        let path: PathBuf = self.folder.path().join(bucket).join(key);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, content).context("putting an object")
    }

    /// Where the objects of a bucket lie, by their keys.
    pub fn folder_of(&self, bucket: &str) -> PathBuf {
        self.folder.path().join(bucket)
    }

    /// Reads an object.
    ///
    /// # Errors
    /// Whatever the folder says.
    pub fn get(&self, bucket: &str, key: &str) -> anyhow::Result<Vec<u8>> {
        let key = key.trim_start_matches('/');
        std::fs::read(self.folder.path().join(bucket).join(key)).context("reading an object")
    }

    /// Each of the next reads of an object meets one of these, in this order.
    pub fn misbehave(&self, faults: impl IntoIterator<Item = Fault>) {
        self.front.faults().reads.extend(faults);
    }

    /// As [`Self::misbehave`], for listings.
    pub fn misbehave_at_listings(&self, faults: impl IntoIterator<Item = Fault>) {
        self.front.faults().listings.extend(faults);
    }

    /// How many listings were asked for since this was asked last, and which objects were read, as `bucket/key`, once for
    /// each request.
    pub fn asked(&self) -> (usize, Vec<String>) {
        self.front.asked()
    }

    /// Answers nothing for so long.
    pub fn stall(&self, duration: Duration) {
        self.front.faults().stalled_until = Some(Instant::now() + duration);
    }

    /// Behaves again; tells how many faults nobody has met.
    pub fn behave(&self) -> usize {
        let faults = std::mem::take(&mut *self.front.faults());
        faults.reads.len() + faults.listings.len()
    }

    /// The server's URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What a job needs under `[backup.store]` to read from this server, as lines of its file.
    pub fn lines(&self) -> String {
        self.options().into_iter().map(|(key, value)| format!("{key} = \"{value}\"\n")).collect()
    }

    /// What a job needs under `backup.store` to read from this server.
    pub fn options(&self) -> BTreeMap<String, String> {
        let options = [
            ("endpoint", self.endpoint()),
            ("allow_http", "true".to_owned()),
            ("access_key_id", ACCESS_KEY.to_owned()),
            ("secret_access_key", SECRET_KEY.to_owned()),
        ];
        options.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The same as environment variables.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.options().into_iter().map(|(key, value)| (format!("AWS_{}", key.to_uppercase()), value)).collect()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
