//! Requests to a registry and what comes of them: one at a time, asked again while the registry is at fault.
//!
//! An answer is what the API gives, a refusal in the API's words, or an error; nothing else that may stand at a URL (a
//! login page, another host, an endless answer) is taken for one. How long a question is asked is bounded by the
//! job's `retry_for`, to which the last request's `timeout` is added at most.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use backon::{BlockingRetryable as _, ExponentialBuilder};
use reqwest::blocking::{Client as Http, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use super::trouble::{Trouble, Words, causes};
use super::{RegistryError, open};
use crate::job;

/// What is sent, and taken.
const JSON: HeaderValue = HeaderValue::from_static("application/vnd.schemaregistry.v1+json");
/// What is taken.
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/vnd.schemaregistry.v1+json, application/json");
/// Bytes of an answer at most: far more than any schema has.
pub(super) const LARGEST: u64 = 16 << 20;
/// Bytes of an answer that are taken at once, at most.
const PIECE: usize = 64 << 10;
/// How often a request is sent on within the registry.
const REDIRECTIONS: usize = 5;
/// How long to wait before a registry is asked again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest of these.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What speaks to one registry.
pub(super) struct Client {
    http: Http,
    /// As messages show it, and before each path.
    url: Arc<str>,
    table: &'static str,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    retry_for: Duration,
    requests: AtomicU64,
}

/// A request.
struct Question {
    method: Method,
    url: Url,
    body: Option<Vec<u8>>,
    words: Words,
}

impl Client {
    /// Asks nothing yet.
    pub(super) fn new(settings: &job::Registry) -> Result<Self, RegistryError> {
        let http = open::http(settings, redirect::Policy::custom(within))?;
        Ok(Self {
            http,
            url: settings.url.as_str().into(),
            table: settings.table,
            authorization: open::authorization(settings)?,
            timeout: settings.timeout,
            retry_for: settings.retry_for,
            requests: AtomicU64::new(0),
        })
    }

    pub(super) fn url(&self) -> &Arc<str> {
        &self.url
    }

    pub(super) fn table(&self) -> &'static str {
        self.table
    }

    /// How many requests were sent.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// What is at a path below the URL.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Result<T, Refusal>, RegistryError> {
        self.ask(self.question(Method::GET, path)?)
    }

    /// What comes of a document that is sent to a path.
    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        document: &impl Serialize,
    ) -> Result<Result<T, Refusal>, RegistryError> {
        let question = self.question(Method::POST, path)?;
        let body = serde_json::to_vec(document).map_err(|error| question.words.unexpected(&error.to_string()))?;
        self.ask(Question { body: Some(body), ..question })
    }

    fn question(&self, method: Method, path: &str) -> Result<Question, RegistryError> {
        let asked = format!("{method} {path}");
        let words = Words { registry: Arc::clone(&self.url), asked, table: self.table };
        let url = Url::parse(&format!("{}{path}", self.url)).map_err(|error| words.unexpected(&error.to_string()))?;
        Ok(Question { method, url, body: None, words })
    }

    /// Asks until there is an answer, or for as long as it may take.
    fn ask<T: DeserializeOwned>(&self, question: Question) -> Result<Result<T, Refusal>, RegistryError> {
        let (begun, retry_for) = (Instant::now(), self.retry_for);
        let mut times = 0;
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .without_max_times();
        let once = || {
            times += 1;
            self.ask_once(&question)
        };
        let answer = once
            .retry(pauses)
            .when(|trouble| matches!(trouble, Trouble::Passing(_)) && begun.elapsed() < retry_for)
            // The last time is when the time is over, and not a pause later.
            .sleep(move |pause: Duration| thread::sleep(pause.min(retry_for.saturating_sub(begun.elapsed()))))
            .notify(|trouble, pause| {
                if let Trouble::Passing(message) = trouble {
                    let Words { registry, asked, .. } = &question.words;
                    tracing::debug!(
                        "the registry at `{registry}` is asked again for `{asked}` in {pause:?}: {message}"
                    );
                }
            })
            .call();
        match answer {
            Ok(answer) => Ok(answer),
            Err(Trouble::Lasting(error)) => Err(error),
            Err(Trouble::Passing(message)) => {
                let Words { registry, asked, table } = question.words;
                let seconds = begun.elapsed().as_secs_f64();
                Err(RegistryError::Unanswered { registry, asked, seconds, times, message, table })
            }
        }
    }

    fn ask_once<T: DeserializeOwned>(&self, question: &Question) -> Result<Result<T, Refusal>, Trouble> {
        let words = &question.words;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let deadline = Instant::now().checked_add(self.timeout);
        let request = self.http.request(question.method.clone(), question.url.clone()).header(ACCEPT, ACCEPTED);
        // Of the client it would bound each piece of an answer, and not all of it.
        let mut request = request.timeout(self.timeout);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = &question.body {
            request = request.header(CONTENT_TYPE, JSON).body(body.clone());
        }
        let response = request.send().map_err(|error| words.of(error))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Trouble::Lasting(words.redirected(&response)));
        }
        let body = read(response, deadline, words)?;
        if status.is_success() {
            return words.understood(status, &body).map(Ok).map_err(Trouble::Lasting);
        }
        let refusal = Refusal::of(words, status, &body);
        if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
            return Err(Trouble::Passing(refusal.said()));
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Trouble::Lasting(words.denied(refusal.said())));
        }
        Ok(Err(refusal))
    }
}

/// The whole of an answer.
fn read(response: Response, deadline: Option<Instant>, words: &Words) -> Result<Vec<u8>, Trouble> {
    let too_large = || {
        let (registry, asked) = (Arc::clone(&words.registry), words.asked.clone());
        Trouble::Lasting(RegistryError::TooLarge { registry, asked, limit: LARGEST })
    };
    if response.content_length().is_some_and(|length| length > LARGEST) {
        return Err(too_large());
    }
    let is_late = || deadline.is_some_and(|deadline| Instant::now() > deadline);
    let late = || Trouble::Passing("its answer did not end in time".to_owned());
    let (mut body, mut piece) = (Vec::new(), vec![0; PIECE]);
    let mut response = response.take(LARGEST + 1);
    // What comes is looked at whenever something came: an answer may drip for as long as it likes.
    loop {
        let read = match response.read(&mut piece) {
            Ok(read) => piece.get(..read).unwrap_or_default(),
            Err(_) if is_late() => return Err(late()),
            Err(error) => return Err(Trouble::Passing(broken(&error))),
        };
        body.extend_from_slice(read);
        if body.len() as u64 > LARGEST {
            return Err(too_large());
        }
        if read.is_empty() {
            return Ok(body);
        }
        if is_late() {
            return Err(late());
        }
    }
}

fn broken(error: &std::io::Error) -> String {
    let innermost = causes(error).last().map(ToString::to_string).unwrap_or_default();
    format!("its answer broke off: {innermost}")
}

/// Requests go on only within the registry, and as they were: of a POST that is sent on in another way the body is lost,
/// and credentials are for nobody else.
fn within(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let keeps = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let is_same = attempt.previous().last().is_some_and(|before| before.origin() == attempt.url().origin());
    if keeps && is_same && attempt.previous().len() <= REDIRECTIONS { attempt.follow() } else { attempt.stop() }
}
