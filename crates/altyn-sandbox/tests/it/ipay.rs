//! iPay: the form and its vectors, the callback, IPN, search, refunds.

use std::collections::BTreeMap;

use crate::support::{IPAY_KEY, World, between, form, sha1_lower, sha256_lower};
use serde_json::json;

const A: [(&str, &str); 16] = [
    ("live", "0"),
    ("oid", "112"),
    ("inv", "112020102292999"),
    ("ttl", "900"),
    ("tel", "256712375678"),
    ("eml", "kajuej@gmailo.com"),
    ("vid", "demo"),
    ("curr", "KES"),
    ("p1", "airtel"),
    ("p2", "020102292999"),
    ("p3", ""),
    ("p4", "900"),
    ("cbk", "http://example.com/cb"),
    ("cst", "1"),
    ("crl", "2"),
    ("hsh", "93284c17342fed6e741eb166ac31b763fa9f031b"),
];
const B: [(&str, &str); 12] = [
    ("live", "0"),
    ("oid", "112"),
    ("inv", "112020102292999"),
    ("ttl", "900"),
    ("tel", "256712375678"),
    ("eml", "example@example.com"),
    ("vid", "demo"),
    ("curr", "KES"),
    ("cbk", "https://pay.example.com/cb"),
    ("cst", "1"),
    ("crl", "0"),
    ("hsh", "e0583491cfc669d96c090e918b12d4c537d3e068"),
];
const C: [(&str, &str); 16] = [
    ("live", "1"),
    ("oid", "ORD-7"),
    ("inv", "ORD-7"),
    ("ttl", "12.50"),
    ("tel", "254700000000"),
    ("eml", "a@b.co"),
    ("vid", "demo"),
    ("curr", "USD"),
    ("p1", "x1"),
    ("p2", "x2"),
    ("p3", "x3"),
    ("p4", "x4"),
    ("cbk", "https://m.example/cb?o=7"),
    ("cst", "0"),
    ("crl", "2"),
    ("hsh", "9866894ea8af1259bc5301bccf73789c38d95096"),
];

#[tokio::test]
async fn the_vectors_of_the_form_open_the_page() {
    let w = World::with(|c| {
        // Vector C is made with another key than A and B, so its vendor is configured with it.
        for (at, key) in ["demoCHANGED", "s3cr3t"].iter().enumerate() {
            c.ipay_vendors[at].key = (*key).to_owned();
        }
    })
    .await;
    let a = w.post("/v3/ke", &form(&A)).await;
    assert!(a.body.contains("900,00\u{202f}KES"), "{}", a.body);
    assert!(w.get(&format!("/v3/ke?{}", form(&B))).await.body.contains("900,00\u{202f}KES"));
    let other = World::with(|c| c.ipay_vendors[0].key = "s3cr3t".to_owned()).await;
    assert!(other.post("/v3/ke", &form(&C)).await.body.contains("12,50\u{202f}USD"));
    let mut spoiled = A;
    spoiled[3].1 = "901";
    let answer = w.post("/v3/ke", &form(&spoiled)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("Подпись формы не сходится"));
}

/// A signed form; `more` is not signed.
fn signed(oid: &str, ttl: &str, curr: &str, cbk: &str, more: &[(&str, &str)]) -> String {
    let text = format!("1{oid}{ttl}254700000000a@b.codemo{curr}echo{cbk}00");
    let hsh = sha1_lower(IPAY_KEY, &text);
    let mut fields = vec![
        ("live", "1"),
        ("oid", oid),
        ("ttl", ttl),
        ("tel", "254700000000"),
        ("eml", "a@b.co"),
        ("vid", "demo"),
        ("curr", curr),
        ("p1", "echo"),
        ("cbk", cbk),
        ("cst", "0"),
        ("crl", "0"),
        ("hsh", &hsh),
    ];
    fields.extend_from_slice(more);
    form(&fields)
}

fn action(page: &str) -> String {
    between(page, "action=\"", "\"").replace("&#38;", "&")
}

fn refresh(headers: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let (_, address) = headers["refresh"].split_once("url=").unwrap();
    url::Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

fn ipn(back: &BTreeMap<String, String>) -> String {
    let pick = |n: &str| back[n].clone();
    let fields = [
        ("vendor", "demo".to_owned()),
        ("id", pick("id")),
        ("ivm", pick("ivm")),
        ("qwh", pick("qwh")),
        ("afd", pick("afd")),
        ("poi", pick("poi")),
        ("uyt", pick("uyt")),
        ("ifd", pick("ifd")),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    format!("/ipn/?{}", form(&fields))
}

async fn pay(w: &World, oid: &str, ttl: &str) -> BTreeMap<String, String> {
    let body = signed(oid, ttl, "KES", "https://m.example/cb?o=7", &[]);
    let page = w.post("/v3/ke", &body).await;
    let done = w.post(&action(&page.body), "action=pay").await;
    refresh(&done.headers)
}

#[tokio::test]
async fn a_paid_form_returns_with_all_parameters_and_ipn_confirms() {
    let w = World::start().await;
    let cbk = format!("{}/cb?o=7", w.receiver.address);
    let body = signed("P-1", "900", "KES", &cbk, &[("autopay", "1")]);
    let page = w.post("/v3/ke", &body).await;
    assert!(page.body.contains(">Success</button>") && !page.body.contains(">Decline</button>"));
    let done = w.post(&action(&page.body), "action=pay").await;
    assert!(done.body.contains("Оплачено"));
    let back = refresh(&done.headers);
    assert_eq!(back["status"], "aei7p7yrx4ae34");
    assert_eq!((back["id"].as_str(), back["ivm"].as_str()), ("P-1", "P-1"));
    assert_eq!(
        (back["mc"].as_str(), back["p1"].as_str(), back["o"].as_str()),
        ("900", "echo", "7")
    );
    for name in ["agt", "msisdn_id", "msisdn_idnum", "msisdn_custnum", "channel", "p4"] {
        assert!(back.contains_key(name), "{name}");
    }
    let code = &back["txncd"];
    assert_eq!((code.len(), code.ends_with('A')), (14, true), "{code}");
    assert_eq!(w.receiver.wait(1).await[0], back, "the silent callback is the same");

    assert_eq!(w.get(&ipn(&back)).await.body, "aei7p7yrx4ae34");
    let mut forged = back.clone();
    forged.insert("qwh".to_owned(), "0".repeat(20));
    assert_eq!(w.get(&ipn(&forged)).await.body, "fe2707etr5s4wq");
    let other = ipn(&back).replace("vendor=demo", "vendor=second");
    assert_eq!(w.get(&other).await.body, "fe2707etr5s4wq");

    let again = w.post("/v3/ke", &body).await;
    assert!(again.body.contains("cr5i3pgy9867e1"));
    assert_eq!(refresh(&again.headers)["status"], "cr5i3pgy9867e1");
    assert_eq!(w.entry("ipay", "P-1").await["charges"], 1);
    w.receiver.stays_at(1).await;
}

#[tokio::test]
async fn four_hundred_fails_and_a_cancel_goes_to_lbk() {
    let w = World::start().await;
    for (oid, ttl) in [("F-1", "400"), ("F-2", "404.00")] {
        let page = w.post("/v3/ke", &signed(oid, ttl, "KES", "https://m.example/cb", &[])).await;
        assert!(page.body.contains(">Decline</button>") && !page.body.contains(">Success<"));
        let done = w.post(&action(&page.body), "action=pay").await;
        assert_eq!(refresh(&done.headers)["status"], "fe2707etr5s4wq");
        assert_eq!(w.entry("ipay", oid).await["charges"], 0);
    }
    let lbk = [("lbk", "https://m.example/left")];
    let page = w.post("/v3/ke", &signed("F-3", "10", "KES", "https://m.example/cb", &lbk)).await;
    let done = w.post(&action(&page.body), "action=cancel").await;
    assert_eq!(done.headers["refresh"], "5; url=https://m.example/left");
    let pressed = w.post(&action(&page.body), "action=pay").await;
    assert!(pressed.body.contains("Отменено"), "the first press stands");
    assert_eq!(w.entry("ipay", "F-3").await["state"], "cancelled");
}

#[tokio::test]
async fn half_an_hour_without_a_press_fails_silently() {
    let w = World::start().await;
    let cbk = format!("{}/cb", w.receiver.address);
    w.post("/v3/ke", &signed("T-1", "10", "KES", &cbk, &[])).await;
    w.advance(30 * 60_000).await;
    let note = &w.receiver.wait(1).await[0];
    assert_eq!((note["status"].as_str(), note["mc"].as_str()), ("fe2707etr5s4wq", "0"));
    assert_eq!(w.get(&ipn(note)).await.body, "fe2707etr5s4wq");
    assert_eq!(w.entry("ipay", "T-1").await["state"], "timed_out");
}

#[tokio::test]
async fn each_country_takes_its_currencies() {
    let w = World::start().await;
    let cb = "https://m.example/cb";
    let page = w.post("/v3/ug", &signed("U-1", "4000", "UGX", cb, &[])).await;
    assert!(page.body.contains("4\u{202f}000\u{202f}UGX"), "{}", page.body);
    assert_eq!(w.entry("ipay", "U-1").await["amount_minor"], 4_000);
    let page = w.post("/v3/ug", &signed("U-2", "400", "UGX", cb, &[])).await;
    assert!(page.body.contains(">Decline</button>"), "the rule speaks of major units");
    let page = w.post("/v3/tz", &signed("Z-1", "500", "KES", cb, &[])).await;
    assert!(page.body.contains("Эта валюта в этой стране не принимается"));
    let page = w.post("/v3/ke", &signed("U-1", "1,000", "KES", cb, &[])).await;
    assert!(page.body.contains("Оплату начать нельзя"));
    assert_eq!(w.get("/v3/xx").await.status, 404);
}

#[tokio::test]
async fn search_finds_what_was_paid() {
    let w = World::start().await;
    let back = pay(&w, "S-1", "900").await;
    let hash = sha256_lower(IPAY_KEY, "S-1demo");
    let path = "/payments/v2/transaction/search";
    let found = w.post(path, &form(&[("oid", "S-1"), ("vid", "demo"), ("hash", &hash)])).await;
    assert_eq!(found.json()["data"]["transaction_code"], back["txncd"]);
    assert_eq!(found.json()["data"]["transaction_amount"], "900");
    // The published vector: a right hash of an unknown order is not the same as a wrong hash.
    let published = "ef108d292de22ebb2ea7eba42fe342faacbfa394ba8599e3bf8cf13f1c61c561";
    let fields = [("oid", "ORD60FEDB4E266F8"), ("vid", "demo"), ("hash", published)];
    assert_eq!(w.post(path, &form(&fields)).await.status, 404);
    let fields = [("oid", "ORD60FEDB4E266F9"), ("vid", "demo"), ("hash", published)];
    assert_eq!(w.post(path, &form(&fields)).await.status, 401);
}

#[tokio::test]
async fn a_refund_is_whole_and_once() {
    let w = World::start().await;
    let back = pay(&w, "R-1", "900").await;
    let path = "/payments/v2/transaction/refund";
    let code = back["txncd"].clone();
    let hash = sha256_lower(IPAY_KEY, &format!("code={code}&vid=demo"));
    let fields = form(&[("code", &code), ("vid", "demo"), ("hash", &hash)]);
    let part = format!("{fields}&amount=1");
    assert_eq!(w.post(path, &part).await.json()["status"], 400);
    let done = w.post(path, &fields).await.json();
    assert_eq!((&done["status"], &done["text"]), (&json!(200), &json!("Refund done")));
    assert_eq!((&done["amount"], &done["code"]), (&json!(900), &json!(code)));
    assert_eq!(w.post(path, &fields).await.json()["status"], 409);
    let entry = w.entry("ipay", "R-1").await;
    assert_eq!((&entry["refunded_minor"], &entry["deposited_minor"]), (&json!(90_000), &json!(0)));

    let own = "f2666deff60e141243213a2dcf2b8c744045b23ff1c1139985e866494b12d5f8";
    let unknown = form(&[("code", "1539630706A"), ("vid", "demo"), ("hash", own)]);
    assert_eq!(w.post(path, &unknown).await.json()["status"], 404);
    let wrong = form(&[("code", "1539630707A"), ("vid", "demo"), ("hash", own)]);
    assert_eq!(w.post(path, &wrong).await.json()["status"], 401);
    let other = sha256_lower("s3cr3t", &format!("code={code}&vid=second"));
    let foreign = form(&[("code", &code), ("vid", "second"), ("hash", &other)]);
    assert_eq!(w.post(path, &foreign).await.json()["status"], 404, "the vendor must match");
}

#[tokio::test]
async fn an_asynchronous_refund_is_told_on_release() {
    let w = World::start().await;
    let path = "/payments/v2/transaction/refund";
    for (oid, decline, status) in
        [("Y-1", false, "aei7p7yrx4ae34"), ("Y-2", true, "fe2707etr5s4wq")]
    {
        let code = pay(&w, oid, "900").await["txncd"].clone();
        let hash = sha256_lower(IPAY_KEY, &format!("code={code}&vid=demo"));
        let fields = form(&[("code", &code), ("vid", "demo"), ("hash", &hash)]);
        w.fault(r#"{"kind":"ipay_refund_async"}"#).await;
        if decline {
            w.fault(r#"{"kind":"ipay_refund_decline"}"#).await;
        }
        let accepted = w.post(path, &fields).await.json();
        assert_eq!(accepted, json!({ "status": 202, "text": "Refund accepted" }));
        assert_eq!(w.post(path, &fields).await.json()["status"], 409);
        assert_eq!(w.entry("ipay", oid).await["refunds"][0]["state"], "pending");
        let before = w.receiver.count();
        assert_eq!(w.post("/sandbox/release", "").await.json()["refunds"], 1);
        let note = w.receiver.wait(before + 1).await[before].clone();
        let text = format!("code={code}&status={status}&vid=demo");
        assert_eq!(note["hash"], sha256_lower(IPAY_KEY, &text));
        assert_eq!((note["status"].as_str(), note["amount"].as_str()), (status, "900"));
        let refunded = if decline { 0 } else { 90_000 };
        assert_eq!(w.entry("ipay", oid).await["refunded_minor"], refunded);
    }
}
