//! Bodies that are no JSON, signatures, paths, and connections that end early.

use altyn_testkit::harness::bodies::{ALFA_SALE, STATUS, alfa_sale, status};
use altyn_testkit::harness::{Merchant, http, sign};
use serde_json::{Value, json};

use super::{is_unknown, nothing_happened, refused_bytes};
use crate::support::World;

on_both_databases! {
    what_is_no_json_is_refused,
    who_it_is_must_be_proved,
    connections_may_break_anywhere,
}

fn what_is_no_json_is_refused(world: &mut World) {
    let good = world.merchant.signed(&alfa_sale("bytes", 10_000)).to_string();
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    let lists = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let many = format!("{{\"a\":[{}0]}}", "0,".repeat(5_000));
    let twice = good.replacen("\"amount\":10000", "\"amount\":1,\"amount\":10000", 1);
    let hidden = good.replacen("\"amount\":10000", "\"amo\\u0075nt\":1,\"amount\":10000", 1);
    let cut = good.get(..good.len() - 2).unwrap();
    let mut no_text = good.clone().into_bytes();
    no_text[10] = 0xff;
    let trailing = format!("{good} {{}}");
    let cases: [(&str, &[u8]); 16] = [
        ("empty", b""),
        ("text", b"not json"),
        ("list", b"[]"),
        ("string", b"\"general\""),
        ("null", b"null"),
        ("form", b"project_id=1&payment_id=x"),
        ("xml", b"<general/>"),
        ("cut", cut.as_bytes()),
        ("trailing", trailing.as_bytes()),
        ("deep objects", deep.as_bytes()),
        ("deep lists", lists.as_bytes()),
        ("many values", many.as_bytes()),
        ("a key twice", twice.as_bytes()),
        ("a hidden key twice", hidden.as_bytes()),
        ("not UTF-8", &no_text),
        ("a NaN", br#"{"general":{"project_id":NaN}}"#),
    ];
    for (name, bytes) in cases {
        refused_bytes(world, (name, "POST", ALFA_SALE), bytes, (422, "2003", ""));
    }
    for (name, bytes) in [("nothing", "{}"), ("general is text", r#"{"general":"x"}"#)] {
        let expected = (400, "2004", "general.project_id");
        refused_bytes(world, (name, "POST", ALFA_SALE), bytes.as_bytes(), expected);
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    refused_bytes(world, ("large", "POST", ALFA_SALE), large.as_bytes(), (413, "702", ""));
    assert!(is_unknown(world, "bytes"));
    nothing_happened(world);
}

fn who_it_is_must_be_proved(world: &mut World) {
    let (merchant, good) = (&world.merchant, alfa_sale("signed", 10_000));
    let with = |signature: Value| {
        let mut body = merchant.signed(&good);
        body["general"]["signature"] = signature;
        body
    };
    let stranger = Merchant::new(1, &world.other.secret);
    let mut changed = merchant.signed(&good);
    changed["payment"]["amount"] = json!(1);
    let mut missing = merchant.signed(&good);
    missing["general"].as_object_mut().unwrap().remove("signature");
    let mut unknown = good.clone();
    unknown["general"]["project_id"] = json!(4_000_000_000_u32);
    let lower = sign(&merchant.signed(&good), &merchant.secret).to_lowercase();
    let cases = [
        ("none", missing, (400, "3262", "")),
        ("empty", with(json!("")), (400, "3262", "")),
        ("a number", with(json!(5)), (400, "3262", "")),
        ("null", with(Value::Null), (400, "3262", "")),
        ("short", with(json!("abc")), (400, "3261", "")),
        ("lower case", with(json!(lower)), (400, "3261", "")),
        ("88 bytes", with(json!("=".repeat(88))), (400, "3261", "")),
        ("another's", stranger.signed(&good), (400, "3261", "")),
        ("changed", changed, (400, "3261", "")),
        ("unknown project", merchant.signed(&unknown), (404, "2442", "general.project_id")),
    ];
    for (name, body, expected) in cases {
        let bytes = serde_json::to_vec(&body).unwrap();
        refused_bytes(world, (name, "POST", ALFA_SALE), &bytes, expected);
    }
    let bytes = serde_json::to_vec(&merchant.signed(&good)).unwrap();
    for (method, path, expected) in [
        ("POST", "/v2/payment/online-banking/no-such/sale", (404, "2541", "")),
        ("POST", "/v2/payment/online-banking/card-partner/sale", (404, "2541", "")),
        ("POST", "/v2/payment/card/sale/token", (404, "702", "")),
        ("POST", "/v2/payment/online-banking/alfa-click/sale/", (404, "702", "")),
        ("POST", "/v2/no-such-thing", (404, "702", "")),
        ("POST", "/v2", (404, "702", "")),
        ("GET", ALFA_SALE, (405, "702", "")),
        ("PUT", ALFA_SALE, (405, "702", "")),
        ("DELETE", STATUS, (405, "702", "")),
    ] {
        refused_bytes(world, (path, method, path), &bytes, expected);
    }
    let page = world.node.get("/nowhere");
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert!(is_unknown(world, "signed"));
    nothing_happened(world);
}

fn connections_may_break_anywhere(world: &mut World) {
    let authority = format!("127.0.0.1:{}", world.node.port());
    let body = world.merchant.signed(&alfa_sale("broken", 10_000)).to_string();
    let head = |length: usize| {
        format!(
            "POST {ALFA_SALE} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let whole = format!("{}{body}", head(body.len()));
    // Wherever the bytes end, nothing is stored and nothing is told but an error.
    for part in [1, 20, head(body.len()).len(), head(body.len()).len() + 10, whole.len() - 1] {
        let answer = http::cut_off(&authority, &whole.as_bytes()[..part]).unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("\"success\""), "{part}: {answer}");
    }
    let longer = format!("{}{body}", head(body.len() + 100));
    let answer = http::cut_off(&authority, longer.as_bytes()).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&answer).contains("\"success\""));
    for nonsense in
        ["GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "POST\r\n\r\n"]
    {
        let _ = http::cut_off(&authority, nonsense.as_bytes());
    }
    let doubled = format!("{}{body}", head(body.len()).replacen("host: x", "content-length: 5", 1));
    let answer = http::cut_off(&authority, doubled.as_bytes()).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&answer).contains("\"success\""));
    assert!(is_unknown(world, "broken"));
    nothing_happened(world);

    // Pieces of any size are one body.
    let body = world.merchant.signed(&alfa_sale("chunked", 10_000)).to_string();
    let mut chunked = format!(
        "POST {ALFA_SALE} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    for piece in body.as_bytes().chunks(7) {
        chunked.push_str(&format!("{:x}\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece)));
    }
    chunked.push_str("0\r\n\r\n");
    let answer = http::raw(&authority, chunked.as_bytes()).unwrap();
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200"));
    world.shop.wait_status("chunked", "awaiting redirect result");
    let answer = world.merchant.post(&world.node, STATUS, &status("chunked"));
    assert_eq!(answer.status, 200);
    assert!(answer.header("x-request-id").is_some());
}
