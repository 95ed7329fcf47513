//! The sender against raw servers and scripted names.

mod hostile;

use std::sync::atomic::Ordering;

use super::*;
use crate::guard::tests::Scripted;
use crate::stub::{Act, Stub, answer, nobody, ok};

const JSON: ContentType = ContentType::Json;

/// What ECommPay's merchants take (ecommpay.md §4.1); what else counts is for the dialects.
fn is_200(report: &SendReport) -> bool {
    report.status == Some(200) && report.error.is_none()
}

fn sender(allow: &[&str]) -> HttpCallbackSender {
    let policy = AddressPolicy::parse_allow(allow).unwrap();
    HttpCallbackSender {
        limit: Duration::from_millis(400),
        ..HttpCallbackSender::new(policy).unwrap()
    }
}

fn local() -> HttpCallbackSender {
    sender(&["127.0.0.1"])
}

#[tokio::test]
async fn the_stored_bytes_are_posted_as_they_are() {
    let stub = Stub::start(vec![ok("OK")]).await;
    let body = "{\"a\" : \"\\/ я\"}";
    let report = local().post(&format!("{}/cb?x=1", stub.url), JSON, body.as_bytes()).await;
    assert!(is_200(&report), "{report:?}");
    assert_eq!((report.status, report.answer.as_slice()), (Some(200), b"OK".as_slice()));
    assert!((0..400).contains(&report.duration_ms), "{report:?}");
    let seen = stub.seen().remove(0);
    assert_eq!((seen.line.as_str(), seen.body.as_str()), ("POST /cb?x=1 HTTP/1.1", body));
    let head = seen.head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json; charset=utf-8"), "{head}");
    assert!(head.contains("user-agent: altyn"), "{head}");
    local().post(&stub.url, ContentType::Form, b"id=1").await;
    let head = stub.seen().remove(1).head.to_ascii_lowercase();
    let form = "content-type: application/x-www-form-urlencoded; charset=utf-8";
    assert!(head.contains(form), "{head}");
}

#[tokio::test]
async fn only_200_is_acceptance() {
    for status in ["201 Created", "204 No Content", "302 Found", "400 Bad", "404 No", "500 Oops"] {
        let stub = Stub::start(vec![answer(status, "text/plain", "")]).await;
        let report = local().post(&stub.url, JSON, b"{}").await;
        assert!(!is_200(&report) && report.error.is_none(), "{status}: {report:?}");
        assert_eq!(report.status, status.split(' ').next().unwrap().parse().ok());
    }
}

#[tokio::test]
async fn a_redirect_is_reported_and_not_followed() {
    let elsewhere = Stub::start(vec![ok("no")]).await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n",
            elsewhere.url
        );
        let stub = Stub::start(vec![Act::Send(head)]).await;
        assert_eq!(local().post(&stub.url, JSON, b"{}").await.status, Some(status));
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn four_kibibytes_of_the_answer_are_kept() {
    for length in [0, 1, 4_095, 4_096, 4_097, 100_000] {
        let stub = Stub::start(vec![ok(&"x".repeat(length))]).await;
        let report = local().post(&stub.url, JSON, b"{}").await;
        assert!(is_200(&report), "{length}");
        assert_eq!(report.answer.len(), length.min(ANSWER_KEPT_BYTES), "{length}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_by_size_and_a_dripping_one_by_time() {
    let flood = Stub::start(vec![Act::Endless { piece: 65_536, pause: Duration::ZERO }]).await;
    let report = local().post(&flood.url, JSON, b"{}").await;
    assert!(is_200(&report) && report.answer.len() == ANSWER_KEPT_BYTES, "{report:?}");

    let drip = Act::Endless { piece: 1, pause: Duration::from_millis(20) };
    let drip = Stub::start(vec![drip]).await;
    let report = local().post(&drip.url, JSON, b"{}").await;
    assert!(report.status == Some(200) && !is_200(&report), "{report:?}");
    assert!(!report.answer.is_empty() && report.answer.len() < 100, "{report:?}");
}

#[tokio::test]
async fn silence_and_broken_connections_are_told() {
    let broken = Act::Send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc".to_owned());
    for act in [Act::Silence, Act::Drop, Act::DropUnread, broken] {
        let stub = Stub::start(vec![act.clone()]).await;
        let report = local().post(&stub.url, JSON, b"{}").await;
        assert!(report.error.is_some() && !is_200(&report), "{act:?} {report:?}");
    }
    let report = local().post(&nobody().await, JSON, b"{}").await;
    assert!(report.status.is_none() && report.error.unwrap().contains("refused"));
}

#[tokio::test]
async fn a_refused_address_sees_no_connection() {
    let stub = Stub::start(vec![ok("OK")]).await;
    let port = stub.url.rsplit(':').next().unwrap().to_owned();
    for url in
        [stub.url.clone(), format!("http://2130706433:{port}/"), format!("http://0x7f.1:{port}/")]
    {
        let report = sender(&[]).post(&url, JSON, b"{}").await;
        let error = report.error.unwrap();
        assert!(report.status.is_none() && error.contains("127.0.0.1 is not public"), "{error}");
    }
    let report =
        sender(&[]).post(&format!("http://user:secret@127.0.0.1:{port}/"), JSON, b"{}").await;
    assert!(!report.error.unwrap().contains("secret"));
    let name = format!("http://shop.example:{port}/");
    let answers: [&[&str]; 3] = [&["127.0.0.1"], &["8.8.8.8", "127.0.0.1"], &["::ffff:127.0.0.1"]];
    for answer in answers {
        let names = Scripted::new(&[answer]);
        let policy = AddressPolicy::default();
        let sender = HttpCallbackSender::with_resolver(policy, names.clone()).unwrap();
        let report = sender.post(&name, JSON, b"{}").await;
        assert!(report.error.unwrap().contains("is not public"), "{answer:?}");
        assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    }
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn an_answer_that_changes_gains_nothing() {
    // The first answer is allowed, the second is not; without keep-alive there are two look-ups.
    let closing = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let stub = Stub::start(vec![Act::Send(closing.to_owned())]).await;
    let port = stub.url.rsplit(':').next().unwrap();
    let names = Scripted::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let policy = AddressPolicy::parse_allow(&["127.0.0.1/32"]).unwrap();
    let sender = HttpCallbackSender::with_resolver(policy, names.clone()).unwrap();
    let url = format!("http://shop.example:{port}/");
    assert!(is_200(&sender.post(&url, JSON, b"{}").await));
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "resolved once, used as vetted");
    let report = sender.post(&url, JSON, b"{}").await;
    assert!(report.error.unwrap().contains("127.0.0.2 is not public"));
    assert_eq!(stub.connections(), 1);
}

#[tokio::test]
async fn many_deliveries_share_few_connections() {
    const WORKERS: usize = 16;
    let stub = Stub::start(vec![ok("OK")]).await;
    let sender = local();
    let body = vec![b'x'; 1_000];
    let began = monotonic();
    let work = (0..WORKERS).map(|_| async {
        for _ in 0..100 {
            assert!(is_200(&sender.post(&stub.url, JSON, &body).await));
        }
    });
    futures_util::future::join_all(work).await;
    let per_second = 1_600.0 / monotonic().duration_since(began).as_secs_f64();
    assert!(stub.connections() <= 2 * WORKERS, "{} connections", stub.connections());
    println!("{per_second:.0} deliveries a second");
}
