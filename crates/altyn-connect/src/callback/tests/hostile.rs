//! The sender against servers that mean harm or are broken: whatever they do, the try ends by itself,
//! says why, keeps no more than it may, and lets go of the connection.
//!
//! Each table is run all at once, so that what ends by time costs its limit once.

use std::fmt::Write as _;

use futures_util::future::join_all;

use super::*;
use crate::http::CONNECT_LIMIT;
use crate::stub::tls;

/// How long a try may take here that is meant to run into its limit.
const SHORT: Duration = Duration::from_millis(500);

/// What a server does, and what the record of the try has of it.
struct Case {
    name: &'static str,
    act: Act,
    status: Option<u16>,
    /// A part of the error; `None` when the try had none.
    error: Option<&'static str>,
    /// How much of the answer is kept.
    kept: std::ops::RangeInclusive<usize>,
}

const TOO_LATE: Option<&str> = Some("no whole answer within 500 ms");

/// What ends by the limit of time.
fn slow() -> Vec<Case> {
    let head = "HTTP/1.1 200 OK\r\n";
    let drip = Duration::from_millis(20);
    let case = |name, act, status, kept| Case { name, act, status, error: TOO_LATE, kept };
    let stall = |text: &str| Act::Stall(text.to_owned());
    vec![
        case("nothing after connecting", Act::Silence, None, 0..=0),
        case("nothing after the head", stall("HTTP/1.1 200 OK\r\n\r\n"), Some(200), 0..=0),
        case("half a head", stall("HTTP/1.1 200 OK\r\ncontent-le"), None, 0..=0),
        case(
            "less than announced",
            stall("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nOK"),
            Some(200),
            2..=2,
        ),
        case(
            "a body by drops",
            Act::Repeat { first: "HTTP/1.1 200 OK\r\n\r\n", piece: "x", pause: drip },
            Some(200),
            1..=100,
        ),
        case("a head by drops", Act::Repeat { first: head, piece: "x", pause: drip }, None, 0..=0),
        case(
            "headers by drops",
            Act::Repeat { first: head, piece: "a: b\r\n", pause: drip },
            None,
            0..=0,
        ),
        case(
            "chunks by drops",
            Act::Repeat {
                first: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                piece: "1\r\nx\r\n",
                pause: drip,
            },
            Some(200),
            1..=100,
        ),
        case(
            "«go on», for ever",
            Act::Repeat {
                first: "",
                piece: "HTTP/1.1 100 Continue\r\n\r\n",
                pause: Duration::ZERO,
            },
            None,
            0..=0,
        ),
    ]
}

/// What ends by the limit of size, or because it is no HTTP.
fn broken() -> Vec<Case> {
    let at_once = Duration::ZERO;
    let case = |name, act, error| Case { name, act, status: None, error: Some(error), kept: 0..=0 };
    let send = |text: &str| Act::Send(text.to_owned());
    let large = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    let many = (0..1_000).fold("HTTP/1.1 200 OK\r\n".to_owned(), |mut head, number| {
        let _ = write!(head, "h{number}: x\r\n");
        head
    });
    vec![
        case(
            "endless headers",
            Act::Repeat { first: "HTTP/1.1 200 OK\r\n", piece: "a: b\r\n", pause: at_once },
            "message head is too large",
        ),
        case(
            "one endless header",
            Act::Repeat { first: "HTTP/1.1 200 OK\r\na: ", piece: "xxxxxxxxxx", pause: at_once },
            "message head is too large",
        ),
        case("a huge header", Act::Send(large), "message head is too large"),
        case("a thousand headers", Act::Send(many + "\r\n"), "message head is too large"),
        case("no HTTP", send("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "invalid HTTP version"),
        case("HTTP/2", send("\0\0\x12\x04\0\0\0\0\0"), "invalid HTTP version"),
        case(
            "two lengths",
            send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nOKx"),
            "content-length",
        ),
        case("a reset unread", Act::Reset(String::new()), "connection"),
        Case {
            name: "a reset in the middle",
            act: Act::Reset("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_owned()),
            status: Some(200),
            error: Some("connection"),
            kept: 0..=0,
        },
        Case {
            name: "a chunk larger than the world",
            act: send(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
            ),
            status: Some(200),
            error: Some("chunk size"),
            kept: 0..=0,
        },
        Case {
            name: "an endless body",
            act: Act::Endless { piece: 65_536, pause: at_once },
            status: Some(200),
            error: None,
            kept: ANSWER_KEPT_BYTES..=ANSWER_KEPT_BYTES,
        },
    ]
}

/// What is an answer like any other, whatever it wishes; nothing of it is heeded.
fn wishes() -> Vec<Case> {
    let again = "retry-after: 86400\r\ncontent-length: 0\r\n\r\n";
    [204, 300, 304, 401, 407, 410, 418, 429, 503, 999]
        .into_iter()
        .map(|status| Case {
            name: "a wish",
            act: Act::Send(format!("HTTP/1.1 {status} X\r\n{again}")),
            status: Some(status),
            error: None,
            kept: 0..=0,
        })
        .collect()
}

async fn check(case: Case, sender: &HttpCallbackSender) {
    let Case { name, act, status, error, kept } = case;
    let holds = !matches!(act, Act::Send(_));
    let stub = Stub::start(vec![act]).await;
    let report = sender.post(&stub.url, JSON, b"{}").await;
    assert_eq!(report.status, status, "{name}: {report:?}");
    match (error, &report.error) {
        (None, None) => {}
        (Some(part), Some(text)) => assert!(text.contains(part), "{name}: {text}"),
        (_, _) => panic!("{name}: {report:?}"),
    }
    assert!(kept.contains(&report.answer.len()), "{name}: {report:?}");
    assert_eq!(stub.connections(), 1, "{name}");
    if holds {
        stub.left().await;
    }
}

#[tokio::test]
async fn whatever_a_server_does_the_try_ends_and_says_why() {
    let patient = HttpCallbackSender::new(AddressPolicy::unrestricted()).unwrap();
    let hasty = HttpCallbackSender { limit: SHORT, ..patient.clone() };
    let slow = slow().into_iter().map(|case| check(case, &hasty));
    let others = broken().into_iter().chain(wishes()).map(|case| check(case, &patient));
    tokio::join!(join_all(slow), join_all(others));
}

/// A sender that trusts the tests' authority and finds this server under every name.
fn trusting(limit: Duration) -> HttpCallbackSender {
    let policy = AddressPolicy::parse_allow(&["127.0.0.1"]).unwrap();
    let names = Scripted::new(&[&["127.0.0.1"]]);
    let http = HttpClient::connecting(tls::trusting(), policy, names, limit);
    HttpCallbackSender { http, limit: SEND_LIMIT }
}

#[tokio::test]
async fn a_server_must_prove_who_it_is() {
    let table = [
        ("shop.example", tls::GOOD, None),
        ("SHOP.example", tls::GOOD, None),
        ("other.example", tls::GOOD, Some("not valid for name")),
        ("127.0.0.1", tls::GOOD, Some("not valid for name")),
        ("shop.example", tls::EXPIRED, Some("certificate expired")),
        ("shop.example", tls::SELF_SIGNED, Some("invalid peer certificate")),
    ];
    for (host, certificate, error) in table {
        let (port, was_read) = tls::serve(certificate);
        let url = format!("https://{host}:{port}/");
        let report = trusting(CONNECT_LIMIT).post(&url, JSON, b"{}").await;
        match error {
            None => assert!(is_200(&report) && report.answer == b"OK", "{host}: {report:?}"),
            Some(part) => {
                let text = report.error.unwrap_or_default();
                assert!(text.contains(part), "{host}: {text}");
                assert_eq!(report.status, None, "{host}");
                assert!(!was_read.load(Ordering::SeqCst), "{host}: the body was told");
            }
        }
    }
    // Nor are the tests' authorities trusted by a client as it is delivered.
    let (port, was_read) = tls::serve(tls::GOOD);
    let delivered = HttpCallbackSender::with_resolver(
        AddressPolicy::parse_allow(&["127.0.0.1"]).unwrap(),
        Scripted::new(&[&["127.0.0.1"]]),
    );
    let report = delivered.unwrap().post(&format!("https://shop.example:{port}/"), JSON, b"").await;
    assert!(report.error.unwrap().contains("invalid peer certificate"));
    assert!(!was_read.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_handshake_that_goes_wrong_or_nowhere_ends() {
    let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    // The stub takes what it is sent for a head only when it ends like one, so it speaks first.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.writable().await.unwrap();
        stream.try_write(answer.as_bytes()).unwrap();
        std::future::pending::<()>().await;
    });
    let report = trusting(CONNECT_LIMIT).post(&format!("https://{address}/"), JSON, b"{}").await;
    let text = report.error.unwrap();
    assert!(text.contains("InvalidContentType") && report.status.is_none(), "{text}");

    let silent = Stub::start(vec![Act::Silence]).await;
    let url = silent.url.replace("http:", "https:");
    let report = trusting(SHORT).post(&url, JSON, b"{}").await;
    let text = report.error.unwrap();
    assert!(text.contains("no connection within 500 ms"), "{text}");
    silent.left().await;
}

/// Never answers.
struct NoAnswer;

#[async_trait::async_trait]
impl Resolve for NoAnswer {
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_name_that_nobody_answers_for_ends() {
    let policy = AddressPolicy::default();
    let http = HttpClient::connecting(tls::trusting(), policy, Arc::new(NoAnswer), SHORT);
    let sender = HttpCallbackSender { http, limit: SEND_LIMIT };
    let report = sender.post("http://shop.example/", JSON, b"{}").await;
    let text = report.error.unwrap();
    assert!(text.contains("no connection within 500 ms"), "{text}");
}

/// Who is asked for when the URL is written so, and what the server reads.
#[tokio::test]
async fn an_address_means_what_the_standard_says() {
    let stub = Stub::start(vec![ok("OK")]).await;
    let port = stub.url.rsplit(':').next().unwrap();
    let table = [
        ("http://shop.example.:PORT/a", "shop.example.", "/a"),
        ("http://SHOP.Example:PORT/%0d%0aX:%20y", "shop.example", "/%0d%0aX:%20y"),
        ("http://shop.ex\r\nample:PORT/\r\nX: y\r\n\r\n", "shop.example", "/X:%20y"),
        ("http://shop.example:PORT/a?b=\r\nX: y", "shop.example", "/a?b=X:%20y"),
        ("\thttp://shop.example:PORT/a#\r\nX: y", "shop.example", "/a"),
        ("http:\\\\shop.example:PORT\\a", "shop.example", "/a"),
        ("http://кафе.рф:PORT/чай", "xn--80akn5b.xn--p1ai", "/%D1%87%D0%B0%D0%B9"),
        ("http://xn--80akn5b.xn--p1ai:PORT/", "xn--80akn5b.xn--p1ai", "/"),
    ];
    for (at, (url, host, path)) in table.into_iter().enumerate() {
        let names = Scripted::new(&[&["127.0.0.1"]]);
        let policy = AddressPolicy::parse_allow(&["127.0.0.1"]).unwrap();
        let sender = HttpCallbackSender::with_resolver(policy, names.clone()).unwrap();
        let report = sender.post(&url.replace("PORT", port), JSON, b"{}").await;
        assert!(is_200(&report), "{url:?}: {report:?}");
        assert_eq!(*names.names.lock().unwrap(), [host], "{url:?}");
        let seen = stub.seen().remove(at);
        assert_eq!(seen.line, format!("POST {path} HTTP/1.1"), "{url:?}");
        assert!(!seen.head.to_ascii_lowercase().contains("\r\nx:"), "{url:?}: {}", seen.head);
    }
}
