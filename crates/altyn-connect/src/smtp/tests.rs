//! Letters as bytes, and the sender against a mail server that is told what to answer.

use std::sync::{Arc, Mutex};

use altyn_app::callback::{CallbackProgress, CallbackState};
use altyn_app::ports::CallbackSender;
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::OperationState;
use altyn_domain::time::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::callback::HttpCallbackSender;
use crate::channels::Channels;
use crate::guard::AddressPolicy;
use crate::stub::{Stub, ok};

/// Nothing is answered, and the connection stays.
const SILENCE: &str = "silence";
/// The connection is closed instead of an answer.
const CLOSED: &str = "closed";

/// What is answered to a command, by its first word; `.` ends a letter, `` is the greeting.
type Replies = &'static [(&'static str, &'static str)];

struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(replies: Replies) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
        let seen = Arc::clone(&server.seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, replies, Arc::clone(&seen)));
            }
        });
        server
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, replies: Replies, seen: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut word = String::new();
    loop {
        let usual = match word.as_str() {
            "" => "220 stub",
            "DATA" => "354 go on",
            _ => "250 taken",
        };
        let scripted = replies.iter().find(|(own, _)| *own == word).map(|(_, reply)| *reply);
        match scripted.unwrap_or(usual) {
            SILENCE => std::future::pending().await,
            CLOSED => return None,
            reply => stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?,
        }
        let in_letter = word == "DATA" && scripted.is_none();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches("\r\n").to_owned();
            seen.lock().unwrap().push(line.clone());
            if !in_letter || line == "." {
                word = line.split(' ').next().unwrap().to_owned();
                break;
            }
        }
    }
}

fn config(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        tls: SmtpTls::None,
        login: None,
        from: "Касса <noreply@касса.example>".to_owned(),
    }
}

fn mailer(port: u16) -> Mailer {
    Mailer { limit: Duration::from_millis(400), ..Mailer::new(config(port)).unwrap() }
}

fn letter(subject: &str, text: &str, html: &str) -> Callback {
    Callback {
        id: CallbackId::new(7_000_000_001),
        project: ProjectId::new(1).unwrap(),
        payment: PaymentId::new(2),
        operation: OperationId::new(3),
        told: OperationState::Approved,
        url: "mailto:shop@example.org".to_owned(),
        body: json!({"subject": subject, "text": text, "html": html}).to_string().into_bytes(),
        // 22 November 2026, 11:05 UTC.
        created_at: Timestamp::from_millis(1_795_345_500_000),
        progress: CallbackProgress { state: CallbackState::Owed, attempts: 0, ended_at: None },
    }
}

fn plain() -> Callback {
    letter("Оплата 1 234,50 ₽", "Заказ № 10\n.\nконец", "<p>Заказ № 10</p>")
}

/// The lines before the first empty one, folded ones joined.
fn headers(message: &Message) -> Vec<String> {
    let text = String::from_utf8(message.formatted()).unwrap();
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_letter_has_the_same_bytes_every_time() {
    let mailer = mailer(25);
    let message = mailer.message("shop@example.org", &plain()).unwrap();
    let again = mailer.message("shop@example.org", &plain()).unwrap();
    assert_eq!(message.formatted(), again.formatted());
    let headers = headers(&message);
    for expected in [
        "To: shop@example.org",
        "Date: Sun, 22 Nov 2026 11:05:00 +0000",
        "Message-ID: <7000000001@xn--80aa2a3aa.example>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative; boundary=\"altyn-00000001a13b8601\"",
    ] {
        assert!(headers.iter().any(|own| own == expected), "{expected} in {headers:#?}");
    }
    assert!(headers.iter().any(|own| own.starts_with("Subject: =?utf-8?")), "{headers:#?}");
    assert!(headers.iter().any(|own| own.starts_with("From: =?utf-8?")), "{headers:#?}");
}

#[test]
fn who_is_no_address_gets_nothing() {
    let mailer = mailer(25);
    for address in [
        "",
        "shop",
        "shop@",
        "@example.org",
        "shop@example.org\r\nBcc: all@example.org",
        "shop@example.org>\r\nRCPT TO:<all@example.org",
        "a@example.org, b@example.org",
        "shop@exa mple.org",
    ] {
        let error = mailer.message(address, &plain()).unwrap_err();
        assert!(error.contains("is no e-mail address"), "{address:?}: {error}");
        assert!(!error.contains(['\r', '\n']), "{error}");
    }
    let unreadable = Callback { body: b"id=1".to_vec(), ..plain() };
    assert!(mailer.message("shop@example.org", &unreadable).is_err());
}

proptest! {
    #[test]
    fn nothing_in_a_text_becomes_a_header(
        subject in "(\\PC|[\r\n\t:<>@]|Bcc: all@example.org){0,60}",
        text in "(\\PC|[\r\n.]|--altyn-){0,60}",
    ) {
        let callback = letter(&subject, &text, &text);
        let message = mailer(25).message("shop@example.org", &callback).unwrap();
        let mut names: Vec<String> = headers(&message)
            .iter()
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect();
        names.sort();
        prop_assert_eq!(names, [
            "Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID",
            "Subject", "To",
        ]);
        prop_assert_eq!(message.envelope().to().len(), 1);
    }
}

#[tokio::test]
async fn what_the_server_takes_is_taken() {
    let server = Server::start(&[(".", "250 2.0.0 queued as 42")]).await;
    let report = mailer(server.port).send("shop@example.org", &plain()).await;
    assert_eq!((report.status, report.error.clone()), (Some(250), None), "{report:?}");
    assert_eq!(String::from_utf8_lossy(&report.answer), "2.0.0 queued as 42");
    let seen = server.seen();
    for expected in [
        "EHLO xn--80aa2a3aa.example",
        "RCPT TO:<shop@example.org>",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
        "--altyn-00000001a13b8601--",
    ] {
        assert!(seen.iter().any(|own| own.trim_end() == expected), "{expected} in {seen:#?}");
    }
    let from = "MAIL FROM:<noreply@xn--80aa2a3aa.example>";
    assert!(seen.iter().any(|own| own.starts_with(from)), "{seen:#?}");
    // A name in other letters than Latin: most servers know domains only as they are looked up.
    let report = mailer(server.port).send("shop@касса.example", &plain()).await;
    assert_eq!(report.status, Some(250), "{report:?}");
    let to = "RCPT TO:<shop@xn--80aa2a3aa.example>";
    assert!(server.seen().iter().any(|own| own == to), "{:#?}", server.seen());
}

#[tokio::test]
async fn a_refusal_is_told_with_its_code() {
    let cases: [(Replies, Option<u16>, &str); 8] = [
        (&[("", "421 4.3.2 closing")], Some(421), "4.3.2 closing"),
        (&[("MAIL", "550 5.7.1 who are you")], Some(550), "5.7.1 who are you"),
        (&[("RCPT", "451 4.7.1 come back later")], Some(451), "4.7.1 come back later"),
        (&[("RCPT", "550 5.1.1 no such user")], Some(550), "5.1.1 no such user"),
        (&[(".", "552 5.3.4 too big")], Some(552), "5.3.4 too big"),
        (&[("DATA", CLOSED)], None, ""),
        (&[("RCPT", SILENCE)], None, "no whole answer within 400 ms"),
        (&[("", SILENCE)], None, "no whole answer within 400 ms"),
    ];
    for (replies, status, words) in cases {
        let server = Server::start(replies).await;
        let report = mailer(server.port).send("shop@example.org", &plain()).await;
        assert_eq!(report.status, status, "{replies:?}: {report:?}");
        assert!(report.error.as_ref().unwrap().contains(words), "{replies:?}: {report:?}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let report = mailer(nobody).send("shop@example.org", &plain()).await;
    assert!(report.status.is_none() && report.error.is_some(), "{report:?}");
}

#[tokio::test]
async fn without_the_tls_that_is_configured_no_word_is_said() {
    let login = Some(("altyn".to_owned(), Secret::new("hunter2")));
    for tls in [SmtpTls::StartTls, SmtpTls::Tls] {
        // It offers to hear a password in the clear.
        let server = Server::start(&[("EHLO", "250-stub\r\n250 AUTH PLAIN LOGIN")]).await;
        let config = SmtpConfig { tls, login: login.clone(), ..config(server.port) };
        let mailer =
            Mailer { limit: Duration::from_millis(400), ..Mailer::new(config.clone()).unwrap() };
        let report = mailer.send("shop@example.org", &plain()).await;
        assert!(report.status.is_none() && report.error.is_some(), "{tls:?}: {report:?}");
        let seen = server.seen().join("\n");
        assert!(!seen.contains("AUTH") && !seen.contains("MAIL"), "{tls:?}: {seen}");
        let printed = format!("{config:?} {report:?} {:?}", mailer.transport);
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}

#[tokio::test]
async fn a_callback_goes_by_the_channel_it_was_worded_for() {
    let mail = Server::start(&[]).await;
    let shop = Stub::start(vec![ok("OK")]).await;
    let policy = AddressPolicy::parse_allow(&["127.0.0.1"]).unwrap();
    let http = HttpCallbackSender::new(policy).unwrap();
    let both = Channels { http, mail: Some(mailer(mail.port)) };
    let url = format!("{}/notify", shop.url);
    for (url, body, expected) in [
        (plain().url, plain().body, Some(250)),
        (url.clone(), b"{}".to_vec(), Some(200)),
        (url, b"id=1&sum=1.00".to_vec(), Some(200)),
    ] {
        let callback = Callback { url, body, ..plain() };
        let report = both.send(&callback).await;
        assert_eq!((report.status, report.error), (expected, None), "{}", callback.url);
    }
    let kind = |head: &str| head.to_ascii_lowercase().contains("content-type: application/json");
    let heads: Vec<bool> = shop.seen().iter().map(|seen| kind(&seen.head)).collect();
    assert_eq!(heads, [true, false]);

    let report = Channels { mail: None, ..both }.send(&plain()).await;
    let error = report.error.unwrap_or_default();
    assert!(report.status.is_none() && error.contains("[smtp]"), "{error}");
}

#[test]
fn a_wrong_configuration_is_told_at_once() {
    let from = SmtpConfig { from: "nobody".to_owned(), ..config(25) };
    assert!(matches!(Mailer::new(from), Err(SmtpSetupError::From(_))));
    let ports = [SmtpTls::None, SmtpTls::StartTls, SmtpTls::Tls].map(SmtpTls::port);
    assert_eq!(ports, [25, 587, 465]);
}
