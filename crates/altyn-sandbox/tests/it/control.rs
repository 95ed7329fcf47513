//! The control interface, delivery of notifications, automatic presses, the state file.

use serde_json::json;

use crate::support::{START, World, settle};

#[tokio::test]
async fn an_undelivered_notification_is_repeated_six_times() {
    let w = World::start().await;
    w.handed("K-1", 100).await;
    w.receiver.answers.lock().unwrap().extend([500, 302, 404, 201, 503, 500]);
    w.press("rbs", "K-1", "pay").await;
    w.receiver.wait(1).await;
    for (n, wait) in [1_000, 2_000, 4_000, 8_000, 16_000].into_iter().enumerate() {
        settle().await;
        w.advance(wait - 1).await;
        assert_eq!(w.receiver.count(), n + 1);
        w.advance(1).await;
        w.receiver.wait(n + 2).await;
    }
    settle().await;
    w.advance(3_600_000).await;
    w.receiver.stays_at(6).await;
}

#[tokio::test]
async fn presses_totals_and_the_register() {
    let w = World::start().await;
    let unknown = w.press("rbs", "none", "pay").await;
    assert_eq!(unknown["error"], "no such order");
    w.register("X-1", 100).await;
    assert_eq!(w.press("rbs", "X-1", "pay").await["error"], "the order is not with the bank yet");
    let id = w.paid("X-2", 1_000).await;
    assert_eq!(w.press("rbs", "X-2", "pay").await["changed"], false);
    w.rbs("refund.do", &format!("orderId={id}&amount=300")).await;
    let entry = w.entry("rbs", "X-2").await;
    assert_eq!((&entry["order_id"], &entry["state"]), (&json!(id), &json!("refunded")));
    assert_eq!((&entry["charges"], &entry["deposited_minor"]), (&json!(1), &json!(700)));
    assert_eq!(entry["refunds"][0]["amount_minor"], 300);
    let totals = w.get("/sandbox/totals").await.json();
    let want = json!({
        "orders": 2, "paid": 1, "charges": 1, "approved_minor": 1000, "held_minor": 0,
        "charged_minor": 1000, "refunded_minor": 300,
        "reversed_minor": 0, "net_minor": 700,
    });
    assert_eq!(totals, json!({ "rbs": { "RUB": want }, "ipay": {} }));
    let seen = w.get("/sandbox/requests?limit=1").await.json();
    assert_eq!(seen[0]["path"], "/payment/rest/refund.do");
    let all = w.get("/sandbox/requests").await.body;
    assert!(!all.contains("\"pass\"") && !all.contains("shop-api"), "{all}");
    let front = w.get("/").await.body;
    assert!(front.contains("X-1") && front.contains("X-2") && front.contains("/bank/"));
}

#[tokio::test]
async fn the_payer_presses_by_itself_once() {
    let w = World::with(|c| c.auto_press = true).await;
    let good = w.handed("A-1", 100).await;
    w.hand_over(&good).await;
    w.handed("A-2", 40_000).await;
    let notes = w.receiver.wait(2).await;
    assert_eq!(notes.iter().filter(|n| n["status"] == "1").count(), 1);
    assert_eq!(w.entry("rbs", "A-1").await["charges"], 1);
    assert_eq!(w.entry("rbs", "A-2").await["state"], "declined");
    w.receiver.stays_at(2).await;
}

#[tokio::test]
async fn the_state_outlives_a_restart() {
    let directory = std::env::temp_dir().join(format!("altyn-sandbox-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("state.json");
    let first = World::with(|c| c.state_file = Some(file.clone())).await;
    let paid = first.paid("M-1", 1_000).await;
    let open = first.handed("M-2", 100).await;
    let fields = format!("MDORDER={open}&paymentWay=ALFA_ALFACLICK");
    first.advance(60_000).await;
    first.shut_down().await;

    let second = World::with(|c| c.state_file = Some(file.clone())).await;
    let clock = second.get("/sandbox/clock").await.json();
    assert_eq!(clock["now_ms"], START + 60_000);
    assert_eq!(second.status(&paid).await["orderStatus"], 2);
    let reply = second.rbs("paymentotherway.do", &fields).await;
    assert_eq!(reply["redirect"], format!("{}/checkout/payments/?orderId={open}", second.base));
    let taken = "orderNumber=M-1&amount=1&returnUrl=https://s.example/";
    assert_eq!(second.rbs("register.do", taken).await["errorCode"], "1");
    second.advance(29 * 60_000).await;
    assert_eq!(second.status(&open).await["actionCode"], -2007, "timers are rebuilt");
    second.shut_down().await;

    std::fs::write(&file, "not json").unwrap();
    let receiver = crate::support::Receiver::default();
    let mut config = crate::support::config(&receiver);
    config.state_file = Some(file);
    let refused = altyn_sandbox::Sandbox::new(config, std::sync::Arc::new(|| START));
    assert!(refused.is_err_and(|e| e.to_string().contains("remove it to start afresh")));
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_router_without_run_works_by_ticks() {
    let w = World::start().await;
    let mut config = crate::support::config(&w.receiver);
    config.auto_press = true;
    let sandbox = altyn_sandbox::Sandbox::new(config, std::sync::Arc::new(|| START)).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = w.at(format!("http://{}", listener.local_addr().unwrap()));
    let router = sandbox.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let id = own.handed("R-1", 100).await;
    settle().await;
    assert_eq!(own.status(&id).await["orderStatus"], 7, "nothing happens between ticks");
    sandbox.tick().await;
    assert_eq!(own.receiver.count(), 1, "the tick waits for delivery");
    assert_eq!(own.status(&id).await["orderStatus"], 2);
    own.fault(r#"{"kind":"drop_before"}"#).await;
    assert!(own.send("GET", "/ipn/", "", "ru").await.is_err(), "drops need no special server");
}

#[tokio::test]
async fn two_merchants_may_not_share_a_name() {
    let receiver = crate::support::Receiver::default();
    let mut config = crate::support::config(&receiver);
    config.rbs_merchants[1].name = "shop".to_owned();
    let refused = altyn_sandbox::Sandbox::new(config, std::sync::Arc::new(|| START));
    assert!(refused.is_err_and(|e| e.to_string().contains("shop")));
}
