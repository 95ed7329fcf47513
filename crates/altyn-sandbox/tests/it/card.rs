//! Cards at the gateway: the tables' outcomes, one stage and two, what is kept of a card.

use std::sync::Mutex;

use crate::support::{CALLBACK_KEY, START, World, form, sha256_upper};
use serde_json::{Value, json};

pub(crate) const PLAIN: &str = "4000000000000077";
pub(crate) const CHALLENGE: &str = "4314220000000056";
const DAY_MS: i64 = 24 * 3_600_000;

/// The card fields of `paymentorder.do` with the code 123 and a date to come.
pub(crate) fn fields(id: &str, pan: &str) -> String {
    form(&[
        ("MDORDER", id),
        ("$PAN", pan),
        ("$CVC", "123"),
        ("YYYY", "2034"),
        ("MM", "12"),
        ("TEXT", "TEST CARDHOLDER"),
        ("language", "en"),
    ])
}

impl World {
    pub(crate) async fn pay(&self, id: &str, pan: &str) -> Value {
        self.rbs("paymentorder.do", &fields(id, pan)).await
    }

    /// Registers a hold; its `orderId`.
    pub(crate) async fn pre_auth(&self, number: &str, amount: u64, more: &str) -> String {
        let fields = format!(
            "orderNumber={number}&amount={amount}&returnUrl=https://shop.example/back{more}"
        );
        let reply = self.rbs("registerPreAuth.do", &fields).await;
        reply["orderId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// A hold by a card; the notification of it is taken away.
    async fn held(&self, number: &str, amount: u64, more: &str) -> String {
        let id = self.pre_auth(number, amount, more).await;
        let before = self.receiver.count();
        assert_eq!(self.pay(&id, PLAIN).await["errorCode"], 0);
        self.receiver.wait(before + 1).await;
        self.receiver.got.lock().unwrap().clear();
        id
    }

    async fn state_of(&self, id: &str) -> (i64, i64) {
        let s = self.status(id).await;
        (s["orderStatus"].as_i64().unwrap(), s["actionCode"].as_i64().unwrap())
    }
}

#[tokio::test]
async fn a_card_without_3ds_is_paid_at_once() {
    let w = World::start().await;
    let id = w.register("P-1", 2_000).await;
    let reply = w.pay(&id, PLAIN).await;
    let back = format!("https://shop.example/back?a=1&orderId={id}&lang=ru");
    assert_eq!(
        reply,
        json!({
            "redirect": back, "info": "Your order is proceeded, redirecting...", "errorCode": 0,
        })
    );
    let s = w.status(&id).await;
    assert_eq!((&s["orderStatus"], &s["paymentWay"]), (&json!(2), &json!("CARD")));
    let info = &s["cardAuthInfo"];
    let known = json!({
        "maskedPan": "400000**0077", "pan": "400000**0077", "expiration": "203412",
        "cardholderName": "TEST CARDHOLDER", "paymentSystem": "VISA",
        "secureAuthInfo": { "eci": 7 }, "approvalCode": info["approvalCode"],
    });
    assert_eq!(info, &known);
    assert_eq!(info["approvalCode"].as_str().unwrap().len(), 6);
    assert_eq!(s["authRefNum"].as_str().unwrap().len(), 12);
    assert_eq!((&s["authDateTime"], &s["depositedDate"]), (&json!(START), &json!(START)));
    assert_eq!(w.pay(&id, PLAIN).await["errorCode"], 7, "paid once");
    assert_eq!(w.receiver.wait(1).await[0]["operation"], "deposited");
    let old = w.rbs("getOrderStatus.do", &format!("orderId={id}")).await;
    assert_eq!((&old["Pan"], &old["expiration"]), (&json!("400000**0077"), &json!("203412")));
    let entry = w.entry("rbs", "P-1").await;
    assert_eq!((&entry["charges"], &entry["scenario"]), (&json!(1), &json!("card")));
}

#[tokio::test]
async fn declines_say_why_with_error_code_zero() {
    let w = World::start().await;
    let cards = [
        ("4111111111111111", 5),
        ("4539121411168251", 910),
        ("2200000000009005", 5),
        ("2200000000099014", 111),
        ("2200000000039051", 116),
        ("2200000000009054", 101),
        ("2200000000079057", 120),
        ("2200000000019061", 121),
        ("2200000000079065", 123),
        ("2200000000059091", 910),
    ];
    for (n, (pan, code)) in cards.into_iter().enumerate() {
        let id = w.register(&format!("D-{n}"), 1_000).await;
        let reply = w.pay(&id, pan).await;
        assert_eq!(
            (&reply["errorCode"], &reply["errorTypeName"]),
            (&json!(0), &json!("DATA_INPUT_ERROR"))
        );
        assert_eq!(reply["processingErrorType"], "CLIENT_ERROR");
        assert_eq!(reply["error"], reply["errorMessage"]);
        assert!(reply["redirect"].is_string() && reply["info"].is_null());
        assert_eq!(w.state_of(&id).await, (6, code), "{pan}");
    }
    for (n, amount) in [("A-1", 40_000), ("A-2", 40_400)] {
        let id = w.register(n, amount).await;
        w.pay(&id, "2201382000000013").await;
        assert_eq!(w.state_of(&id).await, (6, 116));
    }
    let notes = w.receiver.wait(12).await;
    assert!(notes.iter().all(|n| n["operation"] == "deposited" && n["status"] == "0"));
}

#[tokio::test]
async fn cards_of_no_table_pay_when_their_check_digit_is_right() {
    let w = World::start().await;
    let numbers = [
        "378282246310005",
        "6200000000000005",
        "6759649826438453",
        "4000000000000119",
        "4444555511113333",
    ];
    for (n, pan) in numbers.into_iter().enumerate() {
        let id = w.register(&format!("L-{n}"), 1_000).await;
        assert!(w.pay(&id, pan).await["info"].is_string(), "{pan}");
        assert_eq!(w.state_of(&id).await, (2, 0), "{pan}");
    }
}

#[tokio::test]
async fn wrong_data_is_an_error_or_a_decline() {
    let w = World::start().await;
    let id = w.register("W-1", 1_000).await;
    let good = fields(&id, "4444555511113333");
    let errors = [
        good.replace("4444555511113333", "4444555511113334"),
        good.replace("4444555511113333", "9999"),
        good.replace("CVC=123", "CVC=12"),
        good.replace("MM=12", "MM=13"),
        good.replace("YYYY=2034", "YYYY=34"),
        good.replace("TEST+CARDHOLDER", "4444555511113333"),
        good.replace(&format!("MDORDER={id}&"), ""),
        format!("{good}&threeDSServerTransID=b60c9879-ac77-4918-a317-7b01c4317053"),
        format!("{good}&threeDSVer2FinishUrl=javascript:alert(1)"),
    ];
    for body in errors {
        let reply = w.rbs("paymentorder.do", &body).await;
        assert_eq!(reply["errorCode"], 5, "{body}: {reply}");
        assert_eq!((&reply["is3DSVer2"], &reply["error"]), (&json!(false), &reply["errorMessage"]));
    }
    assert_eq!(w.state_of(&id).await, (0, -100), "nothing was tried");
    let alien = w.post("/payment/rest/paymentorder.do", &format!("token=other-token&{good}")).await;
    assert_eq!(alien.json()["errorCode"], 6, "another merchant's order");
    let nobody = w.post("/payment/rest/paymentorder.do", &good).await;
    assert_eq!(nobody.json()["errorCode"], 5);

    let declines = [
        ("W-2", "4444555511113333", "CVC=999", "2034", 71_015),
        ("W-3", "4444555511113333", "CVC=123", "2026", 71_015),
        ("W-4", PLAIN, "CVC=123", "2025", 71_015),
        ("W-5", PLAIN, "CVC=", "2034", 2_004),
    ];
    for (number, pan, code, year, action) in declines {
        let id = w.register(number, 1_000).await;
        let body = fields(&id, pan).replace("CVC=123", code).replace("MM=12", "MM=10");
        w.rbs("paymentorder.do", &body.replace("2034", year)).await;
        assert_eq!(w.state_of(&id).await, (6, action), "{number}");
    }
    let id = w.register("W-6", 1_000).await;
    let body = fields(&id, PLAIN)
        .replace("CVC=123", "CVC=9876")
        .replace("YYYY=2034&MM=12", "%24EXPIRY=202611");
    w.rbs("paymentorder.do", &body).await;
    assert_eq!(w.state_of(&id).await, (2, 0), "good to the last day of its month, any code");
}

#[tokio::test]
async fn a_hold_is_captured_in_part_and_the_rest_goes_back() {
    let w = World::start().await;
    let id = w.pre_auth("H-1", 5_000, "").await;
    w.pay(&id, PLAIN).await;
    let s = w.status(&id).await;
    assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(1), &json!(0)));
    let info = json!({
        "paymentState": "APPROVED", "approvedAmount": 5000, "depositedAmount": 0,
        "refundedAmount": 0, "feeAmount": 0, "totalAmount": 5000,
    });
    assert_eq!(s["paymentAmountInfo"], info);
    assert_eq!(s["authDateTime"], START);
    assert!(s.get("depositedDate").is_none() && s["authRefNum"].is_string());
    let note = &w.receiver.wait(1).await[0];
    let text = format!("amount;5000;mdOrder;{id};operation;approved;orderNumber;H-1;status;1;");
    assert_eq!(note["checksum"], sha256_upper(CALLBACK_KEY, &text));
    assert_eq!(w.get("/sandbox/totals").await.json()["rbs"]["RUB"]["held_minor"], 5_000);
    assert_eq!(w.rbs("refund.do", &format!("orderId={id}&amount=1")).await["errorCode"], "7");

    let deposit = |amount: &str| {
        let fields = format!("orderId={id}&amount={amount}&depositType=2");
        let w = &w;
        async move { w.rbs("deposit.do", &fields).await }
    };
    assert_eq!(deposit("5001").await["errorCode"], "5");
    assert_eq!(deposit("x").await["errorCode"], "5");
    assert_eq!(deposit("3000").await, json!({ "errorCode": 0, "errorMessage": "Success" }));
    assert_eq!(deposit("3000").await["errorCode"], "7", "captured once");
    let s = w.status(&id).await;
    assert_eq!(s["orderStatus"], 2);
    assert_eq!(s["paymentAmountInfo"]["depositedAmount"], 3_000);
    assert_eq!(s["paymentAmountInfo"]["approvedAmount"], 5_000);
    assert_eq!(w.receiver.wait(2).await[1]["operation"], "deposited");
    w.rbs("refund.do", &format!("orderId={id}&amount=1000")).await;
    let sums = w.get("/sandbox/totals").await.json()["rbs"]["RUB"].clone();
    let want = json!({
        "orders": 1, "paid": 1, "charges": 1, "approved_minor": 5000, "held_minor": 0,
        "charged_minor": 3000, "refunded_minor": 1000, "reversed_minor": 0, "net_minor": 2000,
    });
    assert_eq!(sums, want);
    w.advance(8 * DAY_MS).await;
    assert_eq!(w.status(&id).await["orderStatus"], 4, "a captured hold does not run out");
}

#[tokio::test]
async fn the_rest_of_a_hold_stays_until_the_final_deposit() {
    let w = World::start().await;
    let id = w.held("P-1", 5_000, "").await;
    let deposit = |fields: &str| {
        let fields = format!("orderId={id}&{fields}");
        let w = &w;
        async move { w.rbs("deposit.do", &fields).await["errorCode"].clone() }
    };
    let stands = || async {
        let entry = w.entry("rbs", "P-1").await;
        ["order_status", "captured_minor", "held_minor"].map(|name| entry[name].as_u64().unwrap())
    };
    assert_eq!(deposit("amount=1&depositType=3").await, "5");
    assert_eq!(deposit("amount=1000").await, 0);
    assert_eq!(stands().await, [8, 1_000, 4_000]);
    assert_eq!(deposit("amount=500&depositType=0").await, 0);
    assert_eq!(deposit("amount=500&depositType=1").await, 0);
    assert_eq!(stands().await, [8, 2_000, 3_000]);
    let s = w.status(&id).await;
    let info = json!({
        "paymentState": "DEPOSITED", "approvedAmount": 5000, "depositedAmount": 2000,
        "refundedAmount": 0, "feeAmount": 0, "totalAmount": 5000,
    });
    assert_eq!(s["paymentAmountInfo"], info);
    assert_eq!(deposit("amount=3001&depositType=2").await, "5", "no more than is left");
    assert_eq!(w.rbs("refund.do", &format!("orderId={id}&amount=1")).await["errorCode"], "7");
    assert_eq!(deposit("amount=1000&depositType=2").await, 0);
    assert_eq!(stands().await, [2, 3_000, 0]);
    assert_eq!(deposit("amount=1&depositType=2").await, "7", "the rest is released");
    assert_eq!(w.receiver.wait(4).await[3]["operation"], "deposited");
}

#[tokio::test]
async fn a_rest_that_nobody_takes_ends_by_itself() {
    let w = World::start().await;
    let whole = w.held("L-1", 1_000, "").await;
    let back = w.held("L-2", 1_000, "").await;
    let left = w.held("L-3", 1_000, "").await;
    let taken = w.held("L-4", 1_000, "&autocompletionDate=2026-11-23T14:05:00").await;
    for (id, amount, status) in
        [(&whole, 1_000, 2), (&back, 400, 8), (&left, 400, 8), (&taken, 1, 8)]
    {
        w.rbs("deposit.do", &format!("orderId={id}&amount={amount}")).await;
        assert_eq!(w.status(id).await["orderStatus"], status, "{amount}");
    }
    assert_eq!(w.rbs("reverse.do", &format!("orderId={back}")).await["errorCode"], 0);
    w.advance(7 * DAY_MS - 1).await;
    assert_eq!(w.status(&left).await["orderStatus"], 8);
    w.advance(1).await;
    for (id, status, deposited) in [(&left, 2, 400), (&taken, 2, 1_000), (&back, 3, 0)] {
        let s = w.status(id).await;
        assert_eq!(s["orderStatus"], status);
        assert_eq!(s["paymentAmountInfo"]["depositedAmount"], deposited);
    }
    let sums = w.get("/sandbox/totals").await.json()["rbs"]["RUB"].clone();
    assert_eq!((&sums["held_minor"], &sums["reversed_minor"]), (&json!(0), &json!(400)));
}

#[tokio::test]
async fn zero_captures_the_whole() {
    let w = World::start().await;
    let id = w.held("Z-1", 5_000, "").await;
    assert_eq!(w.rbs("deposit.do", &format!("orderId={id}&amount=0")).await["errorCode"], 0);
    assert_eq!(w.status(&id).await["paymentAmountInfo"]["depositedAmount"], 5_000);
    let paid = w.register("Z-2", 100).await;
    w.pay(&paid, PLAIN).await;
    let reply = w.rbs("deposit.do", &format!("orderId={paid}&amount=0")).await;
    assert_eq!(reply["errorCode"], "7", "one stage has nothing to capture");
}

#[tokio::test]
async fn a_hold_is_reversed_once_and_as_a_whole() {
    let w = World::start().await;
    let id = w.held("R-1", 5_000, "").await;
    assert_eq!(w.rbs("reverse.do", &format!("orderId={id}")).await["errorCode"], 0);
    let s = w.status(&id).await;
    assert_eq!(
        (&s["orderStatus"], &s["paymentAmountInfo"]["paymentState"]),
        (&json!(3), &json!("REVERSED"))
    );
    assert_eq!(s["reversedDate"], START);
    assert_eq!(w.receiver.wait(1).await[0]["operation"], "reversed");
    assert_eq!(w.rbs("reverse.do", &format!("orderId={id}")).await["errorCode"], "7");
    let sums = w.get("/sandbox/totals").await.json()["rbs"]["RUB"].clone();
    assert_eq!(
        (&sums["charged_minor"], &sums["held_minor"], &sums["reversed_minor"]),
        (&json!(0), &json!(0), &json!(0))
    );

    let failed = w.held_again("R-2").await;
    assert_eq!(w.rbs("reverse.do", &format!("orderId={failed}&amount=9")).await["errorCode"], "5");
    assert_eq!(w.rbs("reverse.do", &format!("orderId={failed}")).await["errorCode"], "7");
    assert_eq!(w.rbs("decline.do", &format!("orderId={failed}")).await["errorCode"], "7");

    let paid = w.held_again("R-3").await;
    w.rbs("deposit.do", &format!("orderId={paid}&amount=400&depositType=2")).await;
    assert_eq!(w.rbs("reverse.do", &format!("orderId={paid}&amount=400")).await["errorCode"], 0);
    assert_eq!(w.get("/sandbox/totals").await.json()["rbs"]["RUB"]["reversed_minor"], 400);
}

impl World {
    async fn held_again(&self, number: &str) -> String {
        self.receiver.wait(1).await;
        self.receiver.got.lock().unwrap().clear();
        let id = self.held(number, 1_000, "").await;
        self.receiver.got.lock().unwrap().push((String::new(), Vec::new()));
        id
    }
}

#[tokio::test]
async fn a_forgotten_hold_is_released_after_a_week() {
    let w = World::start().await;
    let id = w.held("F-1", 5_000, "").await;
    w.advance(7 * DAY_MS - 1).await;
    assert_eq!(w.status(&id).await["orderStatus"], 1, "longer than the order's own life");
    w.advance(1).await;
    assert_eq!(w.status(&id).await["orderStatus"], 3);
    let note = &w.receiver.wait(1).await[0];
    assert_eq!((note["operation"].as_str(), note["status"].as_str()), ("reversed", "1"));
    assert_eq!(w.rbs("deposit.do", &format!("orderId={id}&amount=0")).await["errorCode"], "7");
}

#[tokio::test]
async fn a_hold_ends_when_its_registration_says() {
    let w = World::start().await;
    let captured = w.held("E-1", 5_000, "&autocompletionDate=2026-11-23T14:05:00").await;
    let released = w.held("E-2", 700, "&autoReverseDate=2026-11-23T14:05:00").await;
    w.advance(DAY_MS).await;
    assert_eq!(w.status(&captured).await["paymentAmountInfo"]["depositedAmount"], 5_000);
    assert_eq!(w.status(&released).await["orderStatus"], 3);
    let mut told: Vec<String> =
        w.receiver.wait(2).await.iter().map(|n| n["operation"].clone()).collect();
    told.sort();
    assert_eq!(told, ["deposited", "reversed"]);
    let bad = "orderNumber=E-3&amount=1&returnUrl=https://s.example/&autoReverseDate=tomorrow";
    assert_eq!(w.rbs("registerPreAuth.do", bad).await["errorCode"], "5");
}

#[tokio::test]
async fn a_declined_hold_is_told_as_approved_zero() {
    let w = World::start().await;
    let id = w.pre_auth("N-1", 1_000, "").await;
    w.pay(&id, "4111111111111111").await;
    let note = &w.receiver.wait(1).await[0];
    assert_eq!((note["operation"].as_str(), note["status"].as_str()), ("approved", "0"));
    let hold = w.pre_auth("N-2", 1_000, "").await;
    assert_eq!(w.hand_over(&hold).await["errorCode"], 5, "Alfa-Click knows no holds");
}

/// Everything this process logs at any level, once somebody listens.
static LOG: Mutex<String> = Mutex::new(String::new());

struct Listener;

impl tracing::Subscriber for Listener {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut Writer);
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Writer);
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Writer);
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Writer;

impl tracing::field::Visit for Writer {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        LOG.lock().unwrap().push_str(&format!("{field}={value:?}\n"));
    }
}

#[tokio::test]
async fn nothing_of_a_card_but_its_mask_is_kept() {
    let directory = std::env::temp_dir().join(format!("altyn-sandbox-card-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("state.json");
    tracing::subscriber::set_global_default(Listener).unwrap();
    tracing::trace!("the log is read");
    let w = World::with(|c| c.state_file = Some(file.clone())).await;
    let held = w.pre_auth("K-1", 1_000, "").await;
    w.pay(&held, PLAIN).await;
    let asked = w.pre_auth("K-2", 1_000, "").await;
    let step = w.pay(&asked, CHALLENGE).await;
    w.rbs("verifyEnrollment.do", &format!("pan={CHALLENGE}")).await;
    let get = format!(
        "/payment/rest/processform.do?{}",
        fields("nothing", CHALLENGE).replace("123", "857")
    );
    w.get(&get).await;
    let page = format!("/payment/merchants/shop/payment_en.html?mdOrder={asked}");
    w.post(&page, &fields(&asked, "4000000000000078")).await;
    let seen = w.get("/sandbox/requests?limit=500").await.body;
    let orders = w.get("/sandbox/rbs/orders").await.body;
    w.receiver.wait(1).await;
    w.shut_down().await;
    let state = std::fs::read_to_string(&file).unwrap();
    assert!(state.contains("431422**0056") && orders.contains("400000**0077"));
    let log = LOG.lock().unwrap().clone();
    assert!(log.contains("the log is read"));
    for text in [&seen, &orders, &state, &log] {
        for number in [PLAIN, CHALLENGE, "4000000000000078"] {
            assert!(!text.contains(number), "{number} in {text}");
        }
    }
    assert!(!seen.contains("\"857\"") && !seen.contains("\"2034\"") && !seen.contains("HOLDER"));
    assert!(!state.to_lowercase().contains("cvc"));

    let second = World::with(|c| c.state_file = Some(file.clone())).await;
    let again = second.rbs("3ds/continue.do", &format!("mdOrder={asked}")).await;
    assert_eq!(again["is3DSVer2"], true, "the transaction outlives a restart: {again}");
    assert!(step["threeDSServerTransId"].is_string());
    second.advance(7 * DAY_MS).await;
    assert_eq!(second.status(&held).await["orderStatus"], 3, "so does the end of a hold");
    second.shut_down().await;
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn money_methods_lose_answers_and_fail_like_the_others() {
    let w = World::start().await;
    let id = w.pre_auth("X-1", 1_000, "").await;
    let path = format!("/payment/rest/paymentorder.do?token=shop-token&{}", fields(&id, PLAIN));
    w.fault(r#"{"kind":"http_502","method":"paymentorder.do"}"#).await;
    assert_eq!(w.get(&path).await.status, 502);
    assert_eq!(w.status(&id).await["orderStatus"], 0);
    w.fault(r#"{"kind":"charged_then_timeout"}"#).await;
    assert!(w.send("GET", &path, "", "ru").await.is_err());
    assert_eq!(w.status(&id).await["orderStatus"], 1, "held, and the answer is lost");
    for (method, status) in [("deposit.do", 2), ("reverse.do", 3)] {
        w.fault(&format!(r#"{{"kind":"charged_then_timeout","method":"{method}"}}"#)).await;
        let path = format!("/payment/rest/{method}?token=shop-token&orderId={id}&amount=1000");
        assert!(w.send("GET", &path, "", "ru").await.is_err());
        assert_eq!(w.status(&id).await["orderStatus"], status, "{method}");
    }
    let asked = w.register("X-2", 1_000).await;
    w.pay(&asked, CHALLENGE).await;
    w.fault(r#"{"kind":"drop_before","method":"continue.do"}"#).await;
    let path = format!("/payment/rest/3ds/continue.do?token=shop-token&mdOrder={asked}");
    assert!(w.send("GET", &path, "", "ru").await.is_err());
    w.fault(r#"{"kind":"charged_then_timeout","method":"continue.do"}"#).await;
    assert!(w.send("GET", &path, "", "ru").await.is_err());
    let reply = w.get(&path).await.json();
    assert!(reply["packedCReq"].is_string());
    assert_eq!(w.get(&path).await.json(), reply, "a repeat gives the first answer");
}
