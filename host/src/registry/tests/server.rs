//! A server in the process of a test that answers as the test says, with and without TLS.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use openssl::ssl::{Ssl, SslAcceptor};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_openssl::SslStream;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Method, path and query.
    pub(super) line: String,
    /// The document, or null.
    pub(super) body: Value,
    /// The header, or nothing.
    pub(super) authorization: String,
    /// How many requests came before.
    pub(super) nth: usize,
}

/// What comes of it.
pub(super) enum Reply {
    /// This status and document.
    Json(u16, Value),
    /// This status and text.
    Text(u16, &'static str),
    /// This status, and another place.
    To(u16, String),
    /// The connection ends.
    Nothing,
    /// The answer begins, and then the connection ends.
    Broken,
    /// An answer without an end.
    Endless,
    /// A piece each so often, without an end.
    Slow(Duration),
    /// A byte each so often, as many as the length that was promised, or without an end.
    Dripping(Duration, Option<u64>),
    /// The document, so much later.
    Late(Duration, Value),
}

/// See the module.
pub(super) struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    // Connections are served for as long as it is there.
    _runtime: Runtime,
}

struct Answers<F> {
    answer: F,
    asked: Arc<Mutex<Vec<Asked>>>,
    count: AtomicUsize,
}

impl Server {
    /// Answers HTTP.
    pub(super) fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::over(None, answer)
    }

    /// Answers HTTP within TLS, if there is a certificate for it.
    pub(super) fn over(tls: Option<SslAcceptor>, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let answers = Arc::new(Answers { answer, asked: Arc::clone(&asked), count: AtomicUsize::new(0) });
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answers, tls) = (Arc::clone(&answers), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answers.serve(socket).await,
                        Some(tls) => {
                            let mut socket = SslStream::new(Ssl::new(tls.context()).unwrap(), socket).unwrap();
                            if Pin::new(&mut socket).accept().await.is_ok() {
                                answers.serve(socket).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url, asked, _runtime: runtime }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }

    /// The lines of what was asked so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

type Pieces = std::pin::Pin<Box<dyn futures::Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send>>;
type Body = Either<Full<Bytes>, StreamBody<Pieces>>;

impl<F: Fn(&Asked) -> Reply + Send + Sync + 'static> Answers<F> {
    async fn serve(self: Arc<Self>, socket: impl AsyncRead + AsyncWrite + Unpin) {
        let service = service_fn(|request| Arc::clone(&self).answer(request));
        // A client that goes away is no matter of the server's.
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, std::io::Error> {
        let line = format!("{} {}", request.method(), request.uri());
        let header = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
        let asked = Asked {
            line,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            authorization: header.unwrap_or_default(),
            nth: self.count.fetch_add(1, Ordering::Relaxed),
        };
        self.asked.lock().push(asked.clone());
        let mut reply = (self.answer)(&asked);
        if let Reply::Late(pause, document) = reply {
            tokio::time::sleep(pause).await;
            reply = Reply::Json(200, document);
        }
        let response = Response::builder();
        let whole = |text: String| Either::Left(Full::new(Bytes::from(text)));
        let piece = || Frame::data(Bytes::from(vec![b' '; 64 << 10]));
        Ok(match reply {
            Reply::Json(status, document) => response.status(status).body(whole(document.to_string())),
            Reply::Text(status, text) => response.status(status).body(whole(text.to_owned())),
            Reply::To(status, place) => response.status(status).header("location", place).body(whole(String::new())),
            Reply::Broken => response.body(pieces(stream::unfold(0, |nth| async move {
                let begins = Frame::data(Bytes::from_static(b"{\"schema\":"));
                // Or else the head would not be sent either.
                tokio::time::sleep(Duration::from_millis(50 * nth)).await;
                Some((if nth == 0 { Ok(begins) } else { Err(std::io::Error::other("over")) }, nth + 1))
            }))),
            Reply::Endless => response.body(pieces(stream::repeat_with(move || Ok(piece())))),
            Reply::Slow(pause) => response.body(pieces(stream::unfold((), move |()| async move {
                tokio::time::sleep(pause).await;
                Some((Ok(piece()), ()))
            }))),
            Reply::Dripping(pause, length) => {
                let response = match length {
                    Some(length) => response.header("content-length", length),
                    None => response,
                };
                response.body(pieces(stream::unfold(length, move |left| async move {
                    let left = match left {
                        Some(left) => Some(left.checked_sub(1)?),
                        None => None,
                    };
                    tokio::time::sleep(pause).await;
                    Some((Ok(Frame::data(Bytes::from_static(b" "))), left))
                })))
            }
            Reply::Nothing | Reply::Late(..) => return Err(std::io::Error::other("over")),
        }
        .unwrap())
    }
}

fn pieces(stream: impl futures::Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send + 'static) -> Body {
    Either::Right(StreamBody::new(Box::pin(stream) as Pieces))
}
