//! What each failure proves, against a raw server.

use async_trait::async_trait;
use std::io;
use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::stub::{Act, Stub, answer, nobody, ok};

const LIMIT: Duration = Duration::from_secs(5);

fn client() -> HttpClient {
    HttpClient::new().unwrap()
}

async fn outcome(url: &str, limit: Duration) -> Result<HttpReply, HttpError> {
    client().post_form(url, &[("a", "1")], limit).await
}

#[tokio::test]
async fn a_form_goes_out_as_written() {
    let stub = Stub::start(vec![ok("fine")]).await;
    let fields = [("a", "1"), ("b", "x y&я"), ("empty", "")];
    let reply = client().post_form(&format!("{}/p?q=1#f", stub.url), &fields, LIMIT).await.unwrap();
    assert_eq!((reply.status, reply.body.as_ref()), (200, b"fine".as_ref()));
    let seen = stub.seen().remove(0);
    assert_eq!(seen.line, "POST /p?q=1 HTTP/1.1");
    assert_eq!(seen.body, "a=1&b=x+y%26%D1%8F&empty=");
    assert!(seen.head.contains("user-agent: Altyn"), "{}", seen.head);

    client().get(&format!("{}/i/?x=0", stub.url), &[("y", "a b")], LIMIT).await.unwrap();
    assert_eq!(stub.seen().remove(1).line, "GET /i/?x=0&y=a+b HTTP/1.1");
}

#[tokio::test]
async fn connections_are_kept() {
    let stub = Stub::start(vec![ok("fine")]).await;
    let client = client();
    for _ in 0..5 {
        client.post_form(&stub.url, &[("a", "1")], LIMIT).await.unwrap();
    }
    assert_eq!(stub.connections(), 1);
}

#[tokio::test]
async fn what_never_left_is_not_sent() {
    let refused = nobody().await;
    for url in [refused.as_str(), "not an address", "ftp://example.com/", "http://u:p@x.example/"] {
        let result = outcome(url, LIMIT).await;
        assert!(matches!(result, Err(HttpError::NotSent(_))), "{url}: {result:?}");
    }
}

#[tokio::test]
async fn a_name_without_address_is_not_sent() {
    struct NoName;
    #[async_trait]
    impl Resolve for NoName {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Err(io::Error::other("no such name"))
        }
    }
    let client = HttpClient::guarded(AddressPolicy::unrestricted(), Arc::new(NoName)).unwrap();
    let result = client.get("http://shop.example/", &[], LIMIT).await;
    let Err(HttpError::NotSent(text)) = result else { panic!("{result:?}") };
    assert!(text.contains("no such name"), "{text}");
}

#[tokio::test]
async fn a_failed_handshake_is_not_sent() {
    let stub = Stub::start(vec![Act::DropUnread]).await;
    let result = outcome(&stub.url.replace("http:", "https:"), LIMIT).await;
    assert!(matches!(result, Err(HttpError::NotSent(_))), "{result:?}");
}

#[tokio::test]
async fn whatever_follows_is_unknown() {
    let short = Duration::from_millis(150);
    let acts = [
        Act::Drop,
        Act::DropUnread,
        Act::Silence,
        Act::Send("no HTTP at all\r\n\r\n".to_owned()),
        Act::Send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfour".to_owned()),
        Act::Endless { piece: 64 * 1024, pause: Duration::ZERO },
        Act::Endless { piece: 1, pause: Duration::from_millis(10) },
    ];
    for act in acts {
        let stub = Stub::start(vec![act.clone()]).await;
        let result = outcome(&stub.url, short).await;
        assert!(matches!(result, Err(HttpError::Unknown(_))), "{act:?}: {result:?}");
    }
}

#[tokio::test]
async fn any_status_is_an_answer_and_no_redirect_is_followed() {
    let elsewhere = Stub::start(vec![ok("no")]).await;
    let moved =
        format!("HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    for (act, status) in [(answer("500 Oops", "text/html", "<p>"), 500), (Act::Send(moved), 302)] {
        let stub = Stub::start(vec![act]).await;
        assert_eq!(outcome(&stub.url, LIMIT).await.unwrap().status, status);
    }
    assert_eq!(elsewhere.connections(), 0);
}

proptest! {
    #[test]
    fn a_form_never_outgrows_its_buffer(values in prop::collection::vec(".{0,40}", 0..6)) {
        let fields: Vec<(&str, &str)> = values.iter().map(|value| ("$имя", value.as_str())).collect();
        let form = form_of(&fields);
        prop_assert!(form.len() <= room_for(&fields));
        let read: Vec<(String, String)> = url::form_urlencoded::parse(&form).into_owned().collect();
        let read: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        prop_assert_eq!(read, fields);
    }
}
