//! Heads that two servers could read differently, or that are no heads at all: each is one request
//! that is refused, or one that is answered; never two where one was sent, and never a failure.

use altyn_testkit::harness::bodies::ALFA_SALE;
use altyn_testkit::harness::http;

use super::{MIB, authority, unmoved};
use crate::support::{Engine, World, run};

/// What comes after the first request, if the first ends earlier here than elsewhere.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// The statuses of all answers to these bytes.
fn statuses(world: &World, bytes: &[u8]) -> Vec<u16> {
    statuses_in(&http::cut_off(&authority(world), bytes).unwrap_or_default())
}

fn statuses_in(answer: &[u8]) -> Vec<u16> {
    let answer = String::from_utf8_lossy(answer);
    let heads = answer.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.split(' ').next().unwrap().parse().unwrap()).collect()
}

/// Where a request ends must not be a matter of opinion: whoever says it twice is refused, or heard
/// once and hung up on.
#[test]
fn nothing_is_smuggled_behind_another_request() {
    run(Engine::Sqlite, |world| {
        let shapes = [
            "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
            "content-length: 0\r\ncontent-length: 60\r\n\r\n",
            "content-length: 0, 60\r\n\r\n",
            "content-length: +0\r\n\r\n",
            "content-length: -1\r\n\r\n",
            "content-length: 0x0\r\n\r\n",
            "content-length: 0 0\r\n\r\n",
            "content-length: 99999999999999999999\r\n\r\n",
            "content-length : 0\r\n\r\n",
            "content-length:\r\n 0\r\n\r\n",
            "x: y\r\n content-length: 60\r\n\r\n",
            "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: identity\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
            "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
            "x\u{0}: y\r\n\r\n",
            "x: y\u{0}\r\n\r\n",
            "x: y\rz: w\r\n\r\n",
            ": y\r\n\r\n",
            "x y\r\n\r\n",
        ];
        for shape in shapes {
            let bytes = format!("POST {ALFA_SALE} HTTP/1.1\r\nhost: x\r\n{shape}{SMUGGLED}");
            let answers = statuses(world, bytes.as_bytes());
            assert!(answers.len() <= 1, "{shape:?}: {answers:?}");
            let refused = answers.iter().all(|status| (400..500).contains(status));
            assert!(refused, "{shape:?}: {answers:?}");
        }
        unmoved(world, "smuggling", 160 * MIB);
    });
}

#[test]
fn what_is_no_request_is_refused() {
    run(Engine::Sqlite, |world| {
        let long = |count: usize| "x".repeat(count);
        let asks = |line: &str, more: &str| format!("{line}\r\nhost: x\r\n{more}\r\n").into_bytes();
        let gets =
            |more: &str| asks("GET /healthz HTTP/1.1", &format!("connection: close\r\n{more}"));
        let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(), &[400, 505]),
            ("TLS", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 500]].concat(), &[400]),
            ("nothing but zeros", vec![0; 4_096], &[400]),
            ("nothing but newlines", b"\r\n".repeat(100_000), &[400, 431]),
            ("HTTP/0.9", b"GET /healthz\r\n\r\n".to_vec(), &[400]),
            ("HTTP/3.0", asks("GET /healthz HTTP/3.0", ""), &[400, 505]),
            ("a long path", asks(&format!("GET /{} HTTP/1.1", long(70_000)), ""), &[414, 431]),
            ("a long method", asks(&format!("{} / HTTP/1.1", long(300_000)), ""), &[400, 431]),
            ("a long cookie", gets(&format!("cookie: a={}\r\n", long(300_000))), &[431]),
            ("a long name", gets(&format!("{}: a\r\n", long(70_000))), &[400, 431]),
            ("many headers", gets(&"x: y\r\n".repeat(1_000)), &[431]),
            ("many cookies", gets(&"cookie: a=b\r\n".repeat(1_000)), &[431]),
            ("a zero in the path", asks("GET /\0 HTTP/1.1", ""), &[400]),
            ("no UTF-8 in the path", b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), &[400, 404]),
            ("a tunnel", asks("CONNECT x:443 HTTP/1.1", "connection: close\r\n"), &[400, 404, 405]),
            ("no path", asks("OPTIONS * HTTP/1.1", "connection: close\r\n"), &[400, 404, 405]),
            ("a whole address", asks("GET http://x/nowhere HTTP/1.1", "connection: close\r\n"), &[404]),
            ("no UTF-8 in a header", b"GET /cabinet/sign-in HTTP/1.1\r\nhost: \xff\r\ncookie: altyn_session=\xff\r\nuser-agent: \xff\r\naccept-language: \xff\r\nconnection: close\r\n\r\n".to_vec(), &[200, 400]),
            ("a trailer without an end", format!("POST {ALFA_SALE} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n{}\r\n", "x: y\r\n".repeat(50_000)).into_bytes(), &[400, 422, 431]),
            ("a chunk's extension without an end", format!("POST {ALFA_SALE} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;{}\r\nx\r\n0\r\n\r\n", long(100_000)).into_bytes(), &[400]),
        ];
        for (name, bytes, expected) in cases {
            let answers = statuses(world, &bytes);
            // A connection that is simply closed is an answer too.
            assert!(answers.len() <= 1, "{name}: {answers:?}");
            assert!(answers.iter().all(|status| expected.contains(status)), "{name}: {answers:?}");
        }
        unmoved(world, "no requests", 160 * MIB);
    });
}

#[test]
fn what_may_be_sent_is_answered_in_order() {
    run(Engine::Sqlite, |world| {
        let one = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        let last = one.replace("host: x", "host: x\r\nconnection: close");
        let all = http::raw(&authority(world), (one.repeat(999) + &last).as_bytes()).unwrap();
        assert_eq!(String::from_utf8_lossy(&all).matches("HTTP/1.1 200 OK").count(), 1_000);
        // The body is asked for where it will be read, and not where it is too long.
        let asks = |length: usize| {
            format!(
                "POST {ALFA_SALE} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                 expect: 100-continue\r\ncontent-length: {length}\r\n\r\n{}",
                "{}".repeat(usize::from(length == 2))
            )
        };
        let answers = |length| {
            let answer = http::raw(&authority(world), asks(length).as_bytes()).unwrap();
            statuses_in(&answer)
        };
        assert_eq!(answers(2), [100, 400]);
        assert_eq!(answers(10_000_000), [413]);
        unmoved(world, "many in order", 160 * MIB);
    });
}

/// Bodies and queries of other kinds than expected: said so, never a failure.
#[test]
fn bodies_of_another_kind_are_refused() {
    run(Engine::Sqlite, |world| {
        let form = "application/x-www-form-urlencoded";
        let multipart = "multipart/form-data; boundary=x";
        let parts = b"--x\r\ncontent-disposition: form-data; name=\"login\"\r\n\r\na\r\n--x--\r\n";
        let bodies: [(&str, &[u8]); 6] = [
            (multipart, parts),
            (form, b"login=%ff%fe&password=%00&%=%&a=%zz"),
            (form, b"\xff\xfe=\xff&&&&====&"),
            ("application/json", b"{\"login\":1}"),
            ("text/plain; charset=utf-16", b"\xff\xfel\0o\0"),
            ("no kind at all", b"\0"),
        ];
        let paths = [
            ALFA_SALE,
            "/payment",
            "/payment/pay",
            "/cabinet/sign-in",
            "/cabinet/payments",
            "/cabinet/account",
            "/providers/alfabank/notify",
            "/providers/alfabank/return",
            "/providers/nobody/notify",
            "/payment/0123456789abcdef",
            "/docs",
            "/metrics",
        ];
        for (kind, body) in bodies {
            for path in paths {
                let url = world.node.url(path);
                let answer = http::request("POST", &url, &[("content-type", kind)], body).unwrap();
                assert!(answer.status < 500, "{path} {kind}: {}", answer.text());
                assert_ne!(answer.status, 200, "{path} {kind}: {}", answer.text());
            }
        }
        for query in
            ["%ff%fe=%00", "a=%zz&%=%", "project=\u{1f4a3}", "&&&===", "lang=%00", "_lang=%ff"]
        {
            for path in paths {
                let url = world.node.url(&format!("{path}?{query}"));
                let answer = http::get(&url).unwrap();
                assert!(answer.status < 500, "{path}?{query}: {}", answer.text());
            }
        }
        unmoved(world, "other kinds", 160 * MIB);
    });
}
