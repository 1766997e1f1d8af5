//! An S3 server over HTTP on loopback, in this process: `s3s-fs` over a folder that goes away with it.
//!
//! Objects are the folder's files, so tests put and change them without a client. Requests must be
//! signed with [`ACCESS_KEY`] and [`SECRET_KEY`]. A server can be told to break connections off, as
//! networks do.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// The access key that the server knows.
pub const ACCESS_KEY: &str = "anabranch";
/// Its secret.
pub const SECRET_KEY: &str = "anabranch-secret";

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct S3Server {
    folder: TempDir,
    address: SocketAddr,
    /// Connections yet to be broken off.
    to_break: Arc<AtomicU32>,
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
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();

        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let inner = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client that goes away is no matter of the server's.
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });

        let to_break = Arc::new(AtomicU32::new(0));
        let front = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = front.local_addr()?;
        runtime.spawn(accept(front, inner, Arc::clone(&to_break)));
        Ok(Self { folder, address, to_break, runtime: Some(runtime) })
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

    /// Reads an object.
    ///
    /// # Errors
    /// Whatever the folder says.
    pub fn get(&self, bucket: &str, key: &str) -> anyhow::Result<Vec<u8>> {
        let key = key.trim_start_matches('/');
        std::fs::read(self.folder.path().join(bucket).join(key)).context("reading an object")
    }

    /// The next `connections` break off in the middle of an answer.
    pub fn break_off(&self, connections: u32) {
        self.to_break.store(connections, Ordering::SeqCst);
    }

    /// The server's URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
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

/// Passes connections on to the server, and breaks off those that are to be broken.
async fn accept(front: TcpListener, inner: SocketAddr, to_break: Arc<AtomicU32>) {
    while let Ok((mut client, _)) = front.accept().await {
        let to_break = Arc::clone(&to_break);
        tokio::spawn(async move {
            let Ok(mut server) = TcpStream::connect(inner).await else { return };
            // Either side going away ends the connection.
            let _ = pass(&mut client, &mut server, &to_break).await;
        });
    }
}

/// Bytes of an answer that still come before it is broken off: its head and some of its body.
const BEFORE_BREAKING: usize = 20_000;

async fn pass(client: &mut TcpStream, server: &mut TcpStream, to_break: &AtomicU32) -> std::io::Result<()> {
    let (mut up, mut down) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    let mut answered = 0;
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(()),
                count => {
                    answered = 0;
                    server.write_all(&up[..count]).await?;
                }
            },
            read = server.read(&mut down) => match read? {
                0 => return Ok(()),
                count => {
                    client.write_all(&down[..count]).await?;
                    answered += count;
                    let one_less = |left: u32| left.checked_sub(1);
                    if answered > BEFORE_BREAKING
                        && to_break.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
                    {
                        return Ok(());
                    }
                }
            },
        }
    }
}
