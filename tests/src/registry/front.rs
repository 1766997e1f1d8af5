//! What a [proxy](super::Proxy) does with one request: writes it down, refuses it, spoils it, or hands it on.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::confluent::{Confluent, Step};

/// A request that came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method and the path with its query: `GET /schemas/ids/7`.
    pub line: String,
    /// How the client said who it is.
    pub authorization: Option<String>,
    /// The body.
    pub body: String,
    /// When.
    pub at: Instant,
}

/// What a client must say of itself.
#[derive(Clone, Debug)]
pub enum Demand {
    /// A name and a password.
    Basic(String, String),
    /// A token.
    Bearer(String),
}

/// What may go wrong with one answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is this, and the registry is not asked.
    Answer {
        /// Its status.
        status: u16,
        /// Its headers besides its length.
        headers: Vec<(&'static str, String)>,
        /// Its body.
        body: String,
    },
    /// It is late by so much; the registry was asked before.
    Delay(Duration),
    /// The connection is reset, and the registry is not asked.
    Reset,
    /// The connection is reset after the registry was asked: what was to be done is done.
    ResetAfter,
    /// Half of its body comes, and then the connection ends.
    Truncate,
}

/// What a test wants of the requests to come.
#[derive(Default)]
pub(super) struct Will {
    pub(super) asked: Vec<Asked>,
    pub(super) demand: Option<Demand>,
    pub(super) next: VecDeque<(String, Fault)>,
    pub(super) always: Vec<(String, Fault)>,
}

/// See the module.
pub(super) struct Front {
    upstream: String,
    client: reqwest::Client,
    will: Mutex<Will>,
    confluent: Option<Mutex<Confluent>>,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, io::Error>;

impl Fault {
    /// An error as registries tell it.
    pub fn error(status: u16, code: i32, message: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type", super::CONTENT_TYPE.to_owned())],
            body: json!({ "error_code": code, "message": message }).to_string(),
        }
    }

    /// A page for people, as what stands in front of a registry gives it.
    pub fn page(status: u16) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
            body: "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"
                .into(),
        }
    }

    /// Too many requests, and when to come again.
    pub fn too_many(seconds: u64) -> Self {
        Self::Answer {
            status: 429,
            headers: vec![("content-type", super::CONTENT_TYPE.to_owned()), ("retry-after", seconds.to_string())],
            body: json!({ "error_code": 429, "message": "Too many requests" }).to_string(),
        }
    }
}

impl Demand {
    fn header(&self) -> String {
        match self {
            Self::Basic(name, password) => format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))),
            Self::Bearer(token) => format!("Bearer {token}"),
        }
    }
}

impl Front {
    pub(super) fn new(upstream: &str, confluent: Option<Confluent>) -> Result<Self> {
        // Redirects are the client's matter; no proxy of the tester's stands between.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let confluent = confluent.map(Mutex::new);
        Ok(Self { upstream: upstream.to_owned(), client, will: Mutex::default(), confluent })
    }

    pub(super) fn will(&self) -> MutexGuard<'_, Will> {
        self.will.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves connections until it is aborted, and then breaks them.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            let front = Arc::clone(&self);
            connections.spawn(async move {
                // Or else each answer waits 40 ms for the client to acknowledge its head.
                let _ = socket.set_nodelay(true);
                let Ok((socket, handle)) = twice(socket) else { return };
                let handle = Arc::new(handle);
                let answers = service_fn(|request| Arc::clone(&front).answer(Arc::clone(&handle), request));
                // A client that goes away is no matter of the proxy's.
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answers).await;
            });
        }
    }

    async fn answer(
        self: Arc<Self>,
        socket: Arc<TcpStream>,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Failure> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let authorization = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let line = format!("{} {path}", head.method);
        let (fault, is_refused) = {
            let mut will = self.will();
            let is_refused = will.demand.as_ref().is_some_and(|demand| authorization != Some(demand.header()));
            let body = String::from_utf8_lossy(&body).into_owned();
            will.asked.push(Asked { line: line.clone(), authorization, body, at: Instant::now() });
            (will.fault(&line), is_refused)
        };
        match fault {
            Some(Fault::Answer { status, headers, body }) => {
                let mut answer = Response::builder().status(status);
                for (name, value) in headers {
                    answer = answer.header(name, value);
                }
                return Ok(answer.body(whole(body))?);
            }
            Some(Fault::Reset) => return reset(&socket),
            _ => {}
        }
        if is_refused {
            let refusal = json!({ "error_code": 401, "message": "Unauthorized" });
            return Ok(Response::builder()
                .status(401)
                .header("www-authenticate", "Basic realm=\"registry\"")
                .header(CONTENT_TYPE, super::CONTENT_TYPE)
                .body(whole(refusal.to_string()))?);
        }
        let accept = head.headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
        let (status, kind, content) = self.pass(&head.method, &path, accept, body).await?;
        match fault {
            Some(Fault::ResetAfter) => return reset(&socket),
            Some(Fault::Delay(late)) => tokio::time::sleep(late).await,
            _ => {}
        }
        let answer = Response::builder().status(status).header(CONTENT_TYPE, kind);
        if matches!(fault, Some(Fault::Truncate)) {
            let half = content.slice(..content.len() / 2);
            return Ok(answer.header(CONTENT_LENGTH, content.len()).body(broken(half))?);
        }
        Ok(answer.body(whole(content))?)
    }

    /// Hands a request on; gives the status, the type and the body of the answer.
    async fn pass(
        &self,
        method: &Method,
        path: &str,
        accept: &str,
        body: Bytes,
    ) -> Result<(u16, String, Bytes), Failure> {
        let Some(confluent) = &self.confluent else { return self.forward(method, path, accept, body).await };
        let known = || confluent.lock().unwrap_or_else(PoisonError::into_inner);
        let given: Value = serde_json::from_slice(&body).unwrap_or_default();
        let subject_is_empty = match Confluent::subject_to_be_empty(method, path, &given) {
            Some(listing) => {
                let (status, _, content) = self.forward(&Method::GET, &listing, accept, Bytes::new()).await?;
                status == 404 || content == "[]"
            }
            None => true,
        };
        let step = known().before(method, path, &given, subject_is_empty);
        let (path, body) = match step {
            Step::Answer(status, answer) => {
                return Ok((status, super::CONTENT_TYPE.to_owned(), answer.to_string().into()));
            }
            Step::Pass { path, body: None } => (path, body),
            Step::Pass { path, body: Some(body) } => (path, body.to_string().into()),
        };
        let (status, kind, content) = self.forward(method, &path, accept, body).await?;
        let Ok(answer) = serde_json::from_slice(&content) else { return Ok((status, kind, content)) };
        let (status, answer) = known().after(method, &path, &given, status, answer);
        Ok((status, kind, answer.to_string().into()))
    }

    async fn forward(
        &self,
        method: &Method,
        path: &str,
        accept: &str,
        body: Bytes,
    ) -> Result<(u16, String, Bytes), Failure> {
        let mut request =
            self.client.request(method.clone(), format!("{}{path}", self.upstream)).header(ACCEPT, accept);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, super::CONTENT_TYPE).body(body);
        }
        let answer = request.send().await?;
        let kind =
            answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        Ok((answer.status().as_u16(), kind, answer.bytes().await?))
    }
}

impl Will {
    /// What goes wrong with a request.
    fn fault(&mut self, line: &str) -> Option<Fault> {
        // `GET /subjects` stands for what is below it too.
        let applies = |begin: &str| line.starts_with(begin);
        if let Some(at) = self.next.iter().position(|(begin, _)| applies(begin)) {
            return self.next.remove(at).map(|(_, fault)| fault);
        }
        self.always.iter().find(|(begin, _)| applies(begin)).map(|(_, fault)| fault.clone())
    }
}

fn whole(content: impl Into<Bytes>) -> Body {
    Full::new(content.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body that breaks off; what is there of it is on its way before the connection ends.
fn broken(half: Bytes) -> Body {
    let later = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    });
    StreamBody::new(stream::once(async { Ok(half) }).chain(later).map(|part| part.map(Frame::data))).boxed_unsync()
}

fn reset(socket: &TcpStream) -> Result<Response<Body>, Failure> {
    socket.set_zero_linger()?;
    Err("reset".into())
}

/// A connection, and a second handle of it.
fn twice(socket: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let socket = socket.into_std()?;
    let handle = TcpStream::from_std(socket.try_clone()?)?;
    Ok((TcpStream::from_std(socket)?, handle))
}
