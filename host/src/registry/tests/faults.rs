//! Registries that are down, late, not themselves or no registries at all.

use std::net::TcpListener;
use std::time::Instant;

use super::*;

/// The error of one request for the schema 1, for which there is time enough also on a busy machine.
fn fault(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> String {
    fault_within(Duration::from_secs(20), answer)
}

/// The error of one request for the schema 1, which may take so long.
fn fault_within(timeout: Duration, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> String {
    let server = Server::start(answer);
    let registry = Registry::open(&job::Registry { timeout, ..settings(server.url()) }).unwrap();
    let error = registry.schema(1).unwrap_err();
    let seconds = Instant::now();
    drop(registry);
    assert!(seconds.elapsed() < Duration::from_secs(2));
    said(&server, error)
}

#[test]
fn what_is_no_registry_is_told_by_its_first_words() {
    let page = "<!DOCTYPE html>\n<html>\u{1b}[31m  <title>Log in</title>";
    insta::assert_snapshot!(fault(move |_| Reply::Text(200, page)), @r#"
    what answers `GET /schemas/ids/1` at `URL` is no schema registry: 200 OK, and no JSON but `<!DOCTYPE html> <html>\u{1b}[31m <title>Log in</title>`
    hint: check `url` under `[registry]`: it may lack a path, or a login may stand before the registry
    "#);
    insta::assert_snapshot!(fault(move |_| Reply::Text(404, page)), @r#"
    what answers `GET /schemas/ids/1` at `URL` is no schema registry: 404 Not Found, and no JSON but `<!DOCTYPE html> <html>\u{1b}[31m <title>Log in</title>`
    hint: check `url` under `[registry]`: it may lack a path, or a login may stand before the registry
    "#);
    insta::assert_snapshot!(fault(|_| Reply::Json(200, json!({ "schema": 5 }))), @"the answer of the registry at `URL` to `GET /schemas/ids/1` is not understood: invalid type: integer `5`, expected a string at line 1 column 11");
    insta::assert_snapshot!(fault(|_| Reply::Json(200, json!({ "schema": "x", "schemaType": "THRIFT" }))), @"the answer of the registry at `URL` to `GET /schemas/ids/1` is not understood: a schema of the unknown type `THRIFT`");
    insta::assert_snapshot!(fault(|_| Reply::Json(200, json!([]))), @"the answer of the registry at `URL` to `GET /schemas/ids/1` is not understood: invalid length 0, expected struct Schema with 3 elements at line 1 column 2");
}

#[test]
fn an_answer_without_an_end_is_not_kept_in_memory() {
    insta::assert_snapshot!(fault(|_| Reply::Endless), @"the answer of the registry at `URL` to `GET /schemas/ids/1` is larger than 16 MiB");
}

#[test]
fn requests_are_sent_on_within_the_registry_only() {
    insta::assert_snapshot!(fault(|_| Reply::To(302, "https://ada:hunter2@login.example.com/in?session=hunter2#x".to_owned())), @r#"
    the registry at `URL` sends `GET /schemas/ids/1` on to `https://login.example.com/in`
    hint: set `url` under `[registry]` to the registry itself; it may be behind a login
    "#);
    insta::assert_snapshot!(fault(|_| Reply::To(307, "http://127.0.0.1:1/schemas/ids/1".to_owned())), @r#"
    the registry at `URL` sends `GET /schemas/ids/1` on to `http://127.0.0.1:1/schemas/ids/1`
    hint: set `url` under `[registry]` to the registry itself; it may be behind a login
    "#);
    insta::assert_snapshot!(fault(|_| Reply::To(307, "/again".to_owned())), @r#"
    the registry at `URL` sends `GET /schemas/ids/1` on to `URL/again`
    hint: set `url` under `[registry]` to the registry itself; it may be behind a login
    "#);

    let server = Server::start(|asked| match asked.nth {
        0 => Reply::To(308, "/v2/subjects/a".to_owned()),
        _ => Reply::Json(200, json!({ "id": 1, "version": 1 })),
    });
    assert!(registry(&server).find("a", &avro("x")).unwrap().is_some());
    let asked = server.asked();
    assert_eq!((asked[1].line.as_str(), &asked[1].body), ("POST /v2/subjects/a", &asked[0].body));
    assert_eq!(asked[1].authorization, asked[0].authorization);
}

#[test]
fn who_is_not_let_in_is_told_what_to_check() {
    let message = json!({ "error_code": 40301, "message": "User is denied operation Read on Subject" });
    insta::assert_snapshot!(fault(|_| Reply::Text(401, "")), @r#"
    the registry at `URL` refuses `GET /schemas/ids/1`: 401 Unauthorized
    hint: check `user` and `password`, or `token`, under `[registry]`, and what they may do
    "#);
    insta::assert_snapshot!(fault(move |_| Reply::Json(403, message.clone())), @r#"
    the registry at `URL` refuses `GET /schemas/ids/1`: 403 Forbidden: User is denied operation Read on Subject
    hint: check `user` and `password`, or `token`, under `[registry]`, and what they may do
    "#);
}

#[test]
fn what_may_pass_is_asked_again() {
    for trouble in [
        || Reply::Text(503, "later"),
        || Reply::Text(429, ""),
        || Reply::Nothing,
        || Reply::Broken,
        || Reply::Late(Duration::from_secs(5), json!({})),
        || Reply::Slow(Duration::from_millis(50)),
    ] {
        let server = Server::start(move |asked| match asked.nth {
            0 | 1 => trouble(),
            _ => Reply::Json(200, json!({ "schema": "x" })),
        });
        let (timeout, retry_for) = (Duration::from_millis(300), Duration::from_secs(60));
        let registry = Registry::open(&job::Registry { timeout, retry_for, ..settings(server.url()) }).unwrap();
        registry.schema(1).unwrap();
        // On a busy machine an answer may be late by itself.
        assert!((3..10).contains(&registry.requests()), "{}", registry.requests());
    }
}

#[test]
fn what_does_not_pass_is_told_with_how_long_it_was_tried() {
    let told = |trouble: fn() -> Reply| {
        let text = fault_within(Duration::from_secs(1), move |_| trouble());
        let (_, seconds) = text.split_once("gave no answer to `GET /schemas/ids/1` for ").unwrap();
        let seconds: f64 = seconds.split(' ').next().unwrap().parse().unwrap();
        assert!(seconds < 10.0, "{text}");
        text.split_once("times: ").unwrap().1.lines().next().unwrap().to_owned()
    };
    insta::assert_snapshot!(told(|| Reply::Text(502, "<html>bad\ngateway</html>")), @"502 Bad Gateway: <html>bad gateway</html>");
    insta::assert_snapshot!(told(|| Reply::Json(500, json!({ "error_code": 50001, "message": "store" }))), @"500 Internal Server Error: store");
    insta::assert_snapshot!(told(|| Reply::Nothing), @"connection closed before message completed");
    insta::assert_snapshot!(told(|| Reply::Broken), @"its answer broke off: unexpected EOF during chunk size line");
    insta::assert_snapshot!(told(|| Reply::Late(Duration::from_secs(5), json!({}))), @"it does not answer in time");
    insta::assert_snapshot!(told(|| Reply::Slow(Duration::from_millis(50))), @"its answer did not end in time");
}

#[test]
fn an_answer_that_drips_ends_at_the_timeout_of_its_request_and_is_asked_for_again() {
    for length in [None, Some(1000)] {
        let drip = Duration::from_millis(20);
        let server = Server::start(move |asked| match asked.nth {
            0 | 1 => Reply::Dripping(drip, length),
            _ => Reply::Json(200, json!({ "schema": "x" })),
        });
        let (timeout, retry_for) = (Duration::from_millis(300), Duration::from_secs(60));
        let registry = Registry::open(&job::Registry { timeout, retry_for, ..settings(server.url()) }).unwrap();
        let begun = Instant::now();
        registry.schema(1).unwrap();
        // A busy machine has room; the drips of one answer alone would take 20 s, or go on for ever.
        assert!(registry.requests() >= 3);
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        let text = fault_within(Duration::from_secs(1), move |_| Reply::Dripping(drip, length));
        assert!(text.contains(": its answer did not end in time"), "{text}");
    }
}

#[test]
fn a_registry_that_is_down_is_asked_for_as_long_as_the_job_says() {
    // A port on which nothing listens any more.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let retry_for = Duration::from_millis(700);
    let settings = job::Registry { retry_for, ..settings(&format!("http://{address}")) };
    let registry = Registry::open(&settings).unwrap();
    let begun = Instant::now();
    let error = registry.schema(1).unwrap_err();
    assert!((retry_for..retry_for * 20).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let RegistryError::Unanswered { times, ref message, .. } = error else { panic!("{error}") };
    assert!((2..10).contains(&times) && times == registry.requests(), "{times}");
    assert!(message.contains("refused"), "{message}");
    assert!(error.to_string().contains(&format!("http://{address}")));
}

#[test]
fn a_registry_may_be_dropped_wherever_it_is() {
    let server = Server::start(|_| Reply::Json(200, json!({ "schema": "x" })));
    let registry = registry(&server);
    registry.schema(1).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move { drop(registry) });
}
