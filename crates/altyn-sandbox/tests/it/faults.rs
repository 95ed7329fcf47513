//! Each fault does what its name says, as often as it was set.

use std::io::{Read, Write};
use std::time::Duration;

use crate::support::{CALLBACK_KEY, World, sha256_upper};

const REGISTER: &str = "/payment/rest/register.do?userName=shop-api&password=pass&amount=100\
                        &returnUrl=https://s.example/&orderNumber=";

#[tokio::test]
async fn slow_and_http_500() {
    let w = World::start().await;
    w.fault(r#"{"kind":"slow","delay_ms":300,"method":"register.do"}"#).await;
    let started = tokio::time::Instant::now();
    assert!(w.get(&format!("{REGISTER}1")).await.json()["orderId"].is_string());
    assert!(started.elapsed() >= Duration::from_millis(300));
    w.fault(r#"{"kind":"http_500","count":2}"#).await;
    assert_eq!(w.get(&format!("{REGISTER}2")).await.status, 500);
    assert_eq!(w.get("/ipn/").await.status, 500);
    assert!(w.get(&format!("{REGISTER}2")).await.json()["orderId"].is_string());
}

#[tokio::test]
async fn a_dropped_connection_carries_no_byte() {
    let w = World::start().await;
    w.fault(r#"{"kind":"drop_before","count":2}"#).await;
    let address = w.base.replace("http://", "");
    let exchange = move || {
        let mut socket = std::net::TcpStream::connect(address).unwrap();
        let request = format!("GET {REGISTER}3 HTTP/1.1\r\nhost: x\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut got = Vec::new();
        // A reset and an orderly end are both a dropped connection.
        let _ = socket.read_to_end(&mut got);
        got
    };
    let got = tokio::task::spawn_blocking(exchange).await.unwrap();
    assert!(got.is_empty(), "{}", String::from_utf8_lossy(&got));
    assert!(w.send("GET", &format!("{REGISTER}3"), "", "ru").await.is_err());
    assert!(w.entry("rbs", "3").await.is_null(), "no work was done");
}

#[tokio::test]
async fn charged_then_timeout_does_the_work_and_loses_the_reply() {
    let w = World::start().await;
    w.fault(r#"{"kind":"charged_then_timeout","delay_ms":50,"count":2}"#).await;
    assert!(w.send("GET", &format!("{REGISTER}4"), "", "ru").await.is_err());
    assert_eq!(w.entry("rbs", "4").await["state"], "created");
    let refused = w.send("GET", &format!("{REGISTER}4"), "", "ru").await;
    assert!(refused.is_err(), "the second of the two");
    assert_eq!(w.get(&format!("{REGISTER}4")).await.json()["errorCode"], "1");

    let id = w.paid("5", 1_000).await;
    w.fault(r#"{"kind":"charged_then_timeout","method":"refund.do"}"#).await;
    let path = format!(
        "/payment/rest/refund.do?userName=shop-api&password=pass&orderId={id}&amount=400\
         &expectedDepositedAmount=1000"
    );
    assert!(w.send("GET", &path, "", "ru").await.is_err());
    assert_eq!(w.status(&id).await["paymentAmountInfo"]["refundedAmount"], 400);
    assert_eq!(w.get(&path).await.json()["errorCode"], "7", "safe to repeat");
}

#[tokio::test]
async fn notifications_twice_late_wrong_and_never() {
    let w = World::start().await;
    for n in ["D", "L", "W", "N"] {
        w.handed(n, 100).await;
    }
    w.fault(r#"{"kind":"duplicate_notification"}"#).await;
    w.press("rbs", "D", "pay").await;
    let two = w.receiver.wait(2).await;
    assert_eq!(two[0], two[1]);

    w.fault(r#"{"kind":"late_notification"}"#).await;
    w.press("rbs", "L", "pay").await;
    w.receiver.stays_at(2).await;
    assert_eq!(w.post("/sandbox/release", "").await.json()["notifications"], 1);
    assert_eq!(w.receiver.wait(3).await[2]["orderNumber"], "L");

    w.fault(r#"{"kind":"wrong_checksum","method":"deposited"}"#).await;
    w.press("rbs", "W", "pay").await;
    let note = w.receiver.wait(4).await[3].clone();
    let id = &note["mdOrder"];
    let text = format!("amount;100;mdOrder;{id};operation;deposited;orderNumber;W;status;1;");
    assert_ne!(note["checksum"], sha256_upper(CALLBACK_KEY, &text));
    assert_eq!(note["checksum"].len(), 64);

    w.fault(r#"{"kind":"no_notification"}"#).await;
    w.press("rbs", "N", "pay").await;
    w.receiver.stays_at(4).await;
    assert_eq!(w.entry("rbs", "N").await["charges"], 1);
}

#[tokio::test]
async fn the_bank_refuses_a_refund() {
    let w = World::start().await;
    let id = w.paid("6", 1_000).await;
    w.fault(r#"{"kind":"rbs_refund_decline"}"#).await;
    let fields = format!("orderId={id}&amount=400&expectedDepositedAmount=1000");
    assert_eq!(w.rbs("refund.do", &fields).await["errorCode"], "2");
    let s = w.status(&id).await;
    assert_eq!(s["paymentAmountInfo"]["depositedAmount"], 1_000);
    assert_eq!(s["refunds"][0]["actionCode"], 1041);
    assert_eq!(w.receiver.wait(1).await[0]["status"], "0");
    assert_eq!(w.rbs("refund.do", &fields).await["errorCode"], 0, "a new try may pass");
}

#[tokio::test]
async fn codes_as_numbers_and_plain_text() {
    let w = World::start().await;
    w.fault(r#"{"kind":"error_code_as_number","count":0,"provider":"rbs"}"#).await;
    w.fault(r#"{"kind":"text_plain"}"#).await;
    let first = w.get(REGISTER).await;
    assert_eq!(first.json()["errorCode"], 4);
    assert_eq!(first.headers["content-type"], "text/plain;charset=UTF-8");
    let second = w.get(REGISTER).await;
    assert_eq!(second.headers["content-type"], "application/json");
    assert_eq!(second.json()["errorCode"], 4);
    let removed = w.send("DELETE", "/sandbox/faults", "", "ru").await.unwrap();
    assert_eq!(removed.json()["removed"], 1);
    assert_eq!(w.get(REGISTER).await.json()["errorCode"], "4");
}

#[tokio::test]
async fn an_unknown_fault_is_refused() {
    let w = World::start().await;
    assert_eq!(w.post("/sandbox/faults", r#"{"kind":"earthquake"}"#).await.status, 400);
    assert_eq!(w.post("/sandbox/faults", r#"{"kind":"slow","often":1}"#).await.status, 400);
}
