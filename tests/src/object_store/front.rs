//! What stands between the clients of a test and the S3 server: it gives ETags where `s3s-fs` has none, and every kind of
//! trouble that a store or the way to it may give.
//!
//! `s3s-fs` lists without ETags and does not know `If-Match` of a read. S3 has both, so they are added here: an ETag is a
//! digest of the object's content.

use std::collections::VecDeque;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, ETAG, HeaderValue, IF_MATCH};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use percent_encoding::percent_decode_str;
use s3s::Body;
use s3s::service::S3Service;
use tokio::net::{TcpListener, TcpStream};

/// What may go wrong with one answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It has this status, and this code of S3.
    Answer(u16, &'static str),
    /// The connection is reset before it.
    Reset,
    /// It is late by so much.
    Delay(Duration),
    /// Half of its body comes, and then the connection ends.
    Truncate,
    /// Half of its body comes, then nothing for so long, then the rest.
    StallWithin(Duration),
    /// Half of its body comes, and it says that this was all.
    Short,
    /// Half of its body comes, the object becomes these bytes, and the connection ends.
    Replace(Vec<u8>),
}

/// What is yet to go wrong.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) reads: VecDeque<Fault>,
    pub(super) listings: VecDeque<Fault>,
    pub(super) stalled_until: Option<Instant>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Front {
    folder: PathBuf,
    service: S3Service,
    faults: Mutex<Faults>,
    listings: AtomicUsize,
    reads: Mutex<Vec<String>>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Front {
    pub(super) fn new(folder: PathBuf, service: S3Service) -> Self {
        Self { folder, service, faults: Mutex::default(), listings: AtomicUsize::new(0), reads: Mutex::default() }
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many listings were asked for since this was asked last, and which objects were read.
    pub(super) fn asked(&self) -> (usize, Vec<String>) {
        let reads = std::mem::take(&mut *self.reads.lock().unwrap_or_else(PoisonError::into_inner));
        (self.listings.swap(0, Ordering::Relaxed), reads)
    }

    /// Serves connections for as long as the runtime is there.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener) {
        while let Ok((socket, _)) = listener.accept().await {
            let front = Arc::clone(&self);
            tokio::spawn(async move {
                // Or else each answer waits 40 ms for the client to acknowledge its head.
                let _ = socket.set_nodelay(true);
                let Ok((socket, handle)) = twice(socket) else { return };
                let handle = Arc::new(handle);
                let answers = service_fn(|request| Arc::clone(&front).answer(Arc::clone(&handle), request));
                // A client that goes away is no matter of the server's.
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answers).await;
            });
        }
    }

    async fn answer(
        self: Arc<Self>,
        socket: Arc<TcpStream>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Failure> {
        let stalled_until = self.faults().stalled_until;
        if let Some(until) = stalled_until {
            tokio::time::sleep_until(until.into()).await;
        }
        let path = percent_decode_str(request.uri().path().trim_start_matches('/')).decode_utf8_lossy();
        let place = self.folder.join(&*path);
        let is_listing = request.uri().query().is_some_and(|query| query.contains("list-type"));
        let is_read = *request.method() == Method::GET && !is_listing;
        if is_listing {
            self.listings.fetch_add(1, Ordering::Relaxed);
        } else if is_read {
            self.reads.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone().into_owned());
        }
        let condition = request.headers().get(IF_MATCH).filter(|_| is_read).cloned();
        let mut response = self.service.call(request.map(Body::from)).await.map_err(|error| format!("{error:?}"))?;
        if is_listing {
            response = with_etags(response, &place).await?;
        } else if let Some(etag) = etag(&place) {
            let held = HeaderValue::from_str(&etag)?;
            if condition.is_some_and(|condition| condition != held) {
                return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
            }
            response.headers_mut().insert(ETAG, held);
        }
        let fault = match (is_listing, is_read) {
            (true, _) => self.faults().listings.pop_front(),
            (_, true) => self.faults().reads.pop_front(),
            _ => None,
        };
        match fault {
            Some(fault) => fault.befall(response, &place, &socket).await,
            None => Ok(response),
        }
    }
}

impl Fault {
    async fn befall(
        self,
        response: Response<Body>,
        place: &Path,
        socket: &TcpStream,
    ) -> Result<Response<Body>, Failure> {
        let broken = || Err(io::Error::from(io::ErrorKind::BrokenPipe));
        let (mut head, body) = response.into_parts();
        let whole = BodyExt::collect(body).await?.to_bytes();
        let (first, rest) = (whole.slice(..whole.len() / 2), whole.slice(whole.len() / 2..));
        let rest: io::Result<Bytes> = match self {
            Self::Answer(status, code) => return error(StatusCode::from_u16(status)?, code),
            Self::Reset => {
                socket.set_zero_linger()?;
                return Err("reset".into());
            }
            Self::Delay(late) => {
                tokio::time::sleep(late).await;
                return Ok(Response::from_parts(head, whole.into()));
            }
            Self::Short => {
                head.headers.insert(CONTENT_LENGTH, first.len().into());
                return Ok(Response::from_parts(head, first.into()));
            }
            Self::StallWithin(pause) => return Ok(Response::from_parts(head, parted(first, pause, Ok(rest)))),
            Self::Truncate => broken(),
            Self::Replace(content) => {
                fs::write(place, content)?;
                broken()
            }
        };
        // The half that is to come must be on its way before the connection ends.
        Ok(Response::from_parts(head, parted(first, Duration::from_millis(20), rest)))
    }
}

/// A body whose rest comes, or fails, some time after its first part.
fn parted(first: Bytes, pause: Duration, rest: io::Result<Bytes>) -> Body {
    let later = stream::once(async move {
        tokio::time::sleep(pause).await;
        rest
    });
    let parts = stream::once(async { Ok(first) }).chain(later).map(|part| part.map(Frame::data));
    Body::http_body_unsync(StreamBody::new(parts))
}

/// An error as S3 tells it.
fn error(status: StatusCode, code: &str) -> Result<Response<Body>, Failure> {
    let text =
        format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>by the test's will</Message></Error>");
    Ok(Response::builder().status(status).body(Bytes::from(text).into())?)
}

/// The ETag of an object; `None` for what is none.
fn etag(place: &Path) -> Option<String> {
    let mut digest = DefaultHasher::new();
    digest.write(&fs::read(place).ok()?);
    Some(format!("\"{:016x}\"", digest.finish()))
}

/// A listing of `bucket` with the ETag of each object.
async fn with_etags(response: Response<Body>, bucket: &Path) -> Result<Response<Body>, Failure> {
    let (mut head, body) = response.into_parts();
    let text = String::from_utf8(BodyExt::collect(body).await?.to_bytes().into())?;
    let mut parts = text.split("</Key>");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let key = told.rsplit("<Key>").next().unwrap_or_default();
        let etag = etag(&bucket.join(key)).unwrap_or_default().replace('"', "&quot;");
        told += &format!("</Key><ETag>{etag}</ETag>{part}");
    }
    head.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(head, Bytes::from(told).into()))
}

/// A connection, and a second handle of it.
fn twice(socket: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let socket = socket.into_std()?;
    let handle = TcpStream::from_std(socket.try_clone()?)?;
    Ok((TcpStream::from_std(socket)?, handle))
}
