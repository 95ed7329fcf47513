//! The gateway: registration, the redirect scenario, status, refunds, reversal, time-outs.

use crate::support::{CALLBACK_KEY, START, World, sha256_upper};
use serde_json::json;

#[tokio::test]
async fn the_whole_redirect_scenario() {
    let w = World::start().await;
    let reply = w
        .rbs(
            "register.do",
            "orderNumber=N-1&amount=123450&currency=643&returnUrl=https://shop.example/back?a=1\
             &failUrl=https://shop.example/fail&description=%D0%A7%D0%B0%D0%B9&language=ru",
        )
        .await;
    let id = reply["orderId"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36);
    let form = format!("{}/payment/merchants/shop/payment_ru.html?mdOrder={id}", w.base);
    assert_eq!(reply, json!({ "orderId": id, "formUrl": form }));

    let page = w.get(&format!("/payment/merchants/shop/payment_ru.html?mdOrder={id}")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("1\u{202f}234,50\u{202f}₽"), "{}", page.body);
    assert!(page.body.contains("Альфа-Клик"));

    let unpaid = w.status(&id).await;
    assert_eq!((&unpaid["orderStatus"], &unpaid["actionCode"]), (&json!(0), &json!(-100)));

    let reply = w.hand_over(&id).await;
    assert_eq!(reply["errorCode"], 0);
    let bank = format!("{}/checkout/payments/?orderId={id}", w.base);
    assert_eq!(reply["redirect"], bank);
    assert!(reply["info"].is_string());
    assert_eq!(w.hand_over(&id).await, reply, "a repeat gives the same answer");
    assert_eq!(w.status(&id).await["orderStatus"], 7);

    let path = format!("/checkout/payments/?orderId={id}&redirectType=redirect");
    let page = w.get(&path).await;
    assert!(page.body.contains(">Success</button>") && !page.body.contains(">Decline</button>"));
    assert!(page.body.contains("Отмена") && page.body.contains("деньги не списываются"));
    assert!(page.headers["content-security-policy"].contains("default-src 'none'"));
    assert!(!page.body.contains("<script") && !page.body.contains(" style="));
    let english = w.send("GET", &path, "", "en-GB,en;q=0.9").await.unwrap();
    assert!(english.body.contains("₽1,234.50") && english.body.contains("no money is taken"));

    let done = w.post(&path, "action=pay").await;
    assert!(done.body.contains("Оплачено"));
    let back = format!("https://shop.example/back?a=1&orderId={id}&lang=ru");
    assert_eq!(done.headers["refresh"], format!("5; url={back}"));
    assert!(done.body.contains(&back.replace('&', "&#38;")), "{}", done.body);

    let again = w.post(&path, "action=cancel").await;
    assert!(again.body.contains("Оплачено"), "a press after the end changes nothing");
    assert_eq!(w.entry("rbs", "N-1").await["charges"], 1);

    let notes = w.receiver.wait(1).await;
    let text = format!("amount;123450;mdOrder;{id};operation;deposited;orderNumber;N-1;status;1;");
    assert_eq!(notes[0]["checksum"], sha256_upper(CALLBACK_KEY, &text));
    assert!(!notes[0]["sign_alias"].is_empty());
    w.receiver.stays_at(1).await;
}

#[tokio::test]
async fn the_extended_status_is_the_documented_sample() {
    let w = World::start().await;
    let id = w.paid("S-1", 2_000).await;
    let s = w.status(&id).await;
    for name in [
        "errorCode",
        "errorMessage",
        "orderNumber",
        "orderStatus",
        "actionCode",
        "actionCodeDescription",
        "amount",
        "currency",
        "date",
        "orderDescription",
        "ip",
        "merchantOrderParams",
        "transactionAttributes",
        "attributes",
        "authDateTime",
        "terminalId",
        "authRefNum",
        "paymentAmountInfo",
        "bankInfo",
        "refunds",
        "paymentWay",
        "depositedDate",
        "chargeback",
    ] {
        assert!(s.get(name).is_some(), "{name} in {s}");
    }
    assert_eq!(s["errorCode"], "0");
    assert_eq!(s["orderStatus"], 2);
    assert_eq!(s["currency"], "643");
    assert_eq!(s["date"], START);
    assert_eq!(s["paymentWay"], "ALFA_ALFACLICK");
    assert_eq!(s["attributes"], json!([{ "name": "mdOrder", "value": id }]));
    let info = json!({
        "paymentState": "DEPOSITED", "approvedAmount": 2000, "depositedAmount": 2000,
        "refundedAmount": 0, "feeAmount": 0, "totalAmount": 2000,
    });
    assert_eq!(s["paymentAmountInfo"], info);
    let by_number = w.rbs("getOrderStatusExtended.do", "orderNumber=S-1").await;
    assert_eq!(by_number, s);
    let old = w.rbs("getOrderStatus.do", &format!("orderId={id}&language=ru")).await;
    assert_eq!((&old["OrderStatus"], &old["ErrorCode"]), (&json!(2), &json!("0")));
    assert_eq!((&old["depositAmount"], &old["Amount"]), (&json!(2000), &json!(2000)));
}

#[tokio::test]
async fn errors_carry_the_codes_of_the_table() {
    let w = World::start().await;
    let good = "orderNumber=E-1&amount=100&returnUrl=https://s.example/";
    assert!(w.rbs("register.do", good).await["orderId"].is_string());
    let table = [
        (good, "1"),
        ("orderNumber=E-2&amount=100&currency=999&returnUrl=https://s.example/", "3"),
        ("amount=100&returnUrl=https://s.example/", "4"),
        ("orderNumber=E-2&returnUrl=https://s.example/", "4"),
        ("orderNumber=E-2&amount=100", "4"),
        ("orderNumber=E-2&amount=1.00&returnUrl=https://s.example/", "5"),
        ("orderNumber=E-2&amount=1234567890123&returnUrl=https://s.example/", "5"),
        ("orderNumber=E-2&amount=0&returnUrl=https://s.example/", "5"),
        ("orderNumber=E-2&amount=100&returnUrl=javascript:alert(1)", "5"),
    ];
    for (fields, code) in table {
        let reply = w.rbs("register.do", fields).await;
        assert_eq!(reply["errorCode"], code, "{fields}: {reply}");
    }
    let body = format!("userName=shop-api&password=wrong&{good}");
    let denied = w.post("/payment/rest/register.do", &body).await;
    assert_eq!(denied.status, 200);
    assert_eq!(denied.body, r#"{"errorCode":"5","errorMessage":"Access denied"}"#);
    let unknown = w.status("00000000-0000-4000-a000-000000000000").await;
    assert_eq!(unknown["errorCode"], "6");
    assert_eq!(w.rbs("getOrderStatusExtended.do", "").await["errorCode"], "1");
    let russian = w.rbs("register.do", &format!("{good}&language=ru")).await;
    assert_eq!(russian["errorMessage"], "Заказ с таким номером уже обработан");
}

#[tokio::test]
async fn both_verbs_and_both_ways_of_access_work() {
    let w = World::start().await;
    let path = "/payment/rest/register.do?token=shop-token&orderNumber=G-1&amount=100\
                &returnUrl=https://s.example/";
    let id = w.get(path).await.json()["orderId"].as_str().unwrap().to_owned();
    let foreign = format!("/payment/rest/getOrderStatusExtended.do?token=other-token&orderId={id}");
    assert_eq!(w.get(&foreign).await.json()["errorCode"], "6", "another merchant's order");
    let number = "/payment/rest/register.do?token=other-token&orderNumber=G-1&amount=100\
                  &returnUrl=https://s.example/";
    assert!(w.get(number).await.json()["orderId"].is_string(), "numbers are per merchant");
}

#[tokio::test]
async fn the_two_amounts_are_declined_and_say_why() {
    let w = World::start().await;
    for (n, amount) in [("D-1", 40_000), ("D-2", 40_400)] {
        let id = w.handed(n, amount).await;
        let path = format!("/checkout/payments/?orderId={id}");
        let page = w.get(&path).await.body;
        assert!(page.contains(">Decline</button>") && !page.contains(">Success</button>"));
        assert!(w.post(&path, "action=pay").await.body.contains("Недостаточно средств"));
        let s = w.status(&id).await;
        assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(6), &json!(116)));
        assert_eq!(w.entry("rbs", n).await["charges"], 0);
    }
    let notes = w.receiver.wait(2).await;
    assert_eq!(notes[1]["operation"], "deposited");
    assert_eq!(notes[1]["status"], "0");
}

#[tokio::test]
async fn a_cancel_is_a_decline_and_leads_to_the_fail_address() {
    let w = World::start().await;
    let fields = "orderNumber=C-1&amount=100&returnUrl=https://s.example/ok\
                  &failUrl=https://s.example/no";
    let id = w.rbs("register.do", fields).await["orderId"].as_str().unwrap().to_owned();
    w.hand_over(&id).await;
    let page = w.post(&format!("/checkout/payments/?orderId={id}"), "action=cancel").await;
    assert!(page.body.contains("Отменено"));
    assert!(page.headers["refresh"].contains("https://s.example/no?orderId="));
    let s = w.status(&id).await;
    assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(6), &json!(100)));
    assert_eq!(w.hand_over(&id).await["errorCode"], 7);
    assert_eq!(w.receiver.wait(1).await[0]["status"], "0");
}

#[tokio::test]
async fn thirty_minutes_without_a_press_decline() {
    let w = World::start().await;
    let id = w.handed("T-1", 500).await;
    w.advance(30 * 60_000 - 1).await;
    assert_eq!(w.status(&id).await["orderStatus"], 7);
    w.advance(1).await;
    let s = w.status(&id).await;
    assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(6), &json!(-2007)));
    let note = &w.receiver.wait(1).await[0];
    assert_eq!((note["operation"].as_str(), note["status"].as_str()), ("declinedByTimeout", "0"));
    let page = w.post(&format!("/checkout/payments/?orderId={id}"), "action=pay").await;
    assert!(page.body.contains("Время вышло"));
    assert_eq!(w.entry("rbs", "T-1").await["charges"], 0);
}

#[tokio::test]
async fn an_order_lives_as_long_as_it_was_registered_for() {
    let w = World::start().await;
    let fields = "orderNumber=L-1&amount=100&returnUrl=https://s.example/";
    let usual = w.rbs("register.do", fields).await["orderId"].as_str().unwrap().to_owned();
    let fields = "orderNumber=L-2&amount=100&returnUrl=https://s.example/\
                  &expirationDate=2026-11-22T15:05:00&sessionTimeoutSecs=5";
    let dated = w.rbs("register.do", fields).await["orderId"].as_str().unwrap().to_owned();
    w.advance(1_200_000).await;
    assert_eq!(w.status(&usual).await["orderStatus"], 6, "20 minutes unless told");
    assert_eq!(w.status(&dated).await["orderStatus"], 0);
    w.advance(2_400_000).await;
    assert_eq!(w.status(&dated).await["orderStatus"], 6, "15:05 in Moscow");
}

#[tokio::test]
async fn refunds_are_partial_exact_and_bounded() {
    let w = World::start().await;
    let id = w.paid("R-1", 1_000).await;
    let refund = |f: &str| {
        let fields = format!("orderId={id}&{f}");
        let w = &w;
        async move { w.rbs("refund.do", &fields).await }
    };
    let done = refund("amount=300&expectedDepositedAmount=1000").await;
    assert_eq!(done, json!({ "errorCode": 0, "errorMessage": "Success" }));
    let repeated = refund("amount=300&expectedDepositedAmount=1000").await;
    assert_eq!(repeated["errorCode"], "7", "a repeat does not run");
    assert_eq!(refund("amount=701").await["errorCode"], "5");
    assert_eq!(refund("amount=x").await["errorCode"], "5");
    let s = w.status(&id).await;
    assert_eq!(s["orderStatus"], 4);
    assert_eq!(s["paymentAmountInfo"]["depositedAmount"], 700);
    assert_eq!(s["paymentAmountInfo"]["refundedAmount"], 300);
    assert_eq!(s["refunds"][0]["amount"], 300);
    assert_eq!(refund("amount=0").await["errorCode"], 0, "0 is all that is left");
    assert_eq!(refund("amount=0").await["errorCode"], "7", "nothing is left");
    assert_eq!(refund("amount=1").await["errorCode"], "5");
    assert_eq!(w.status(&id).await["paymentAmountInfo"]["depositedAmount"], 0);
    let notes = w.receiver.wait(2).await;
    assert_eq!(notes[0]["operation"], "refunded");
    assert_eq!(notes[0]["operationRefundedAmount"], "300");
    let text = format!(
        "amount;1000;mdOrder;{id};operation;refunded;operationRefundedAmount;300;\
         orderNumber;R-1;status;1;"
    );
    assert_eq!(notes[0]["checksum"], sha256_upper(CALLBACK_KEY, &text));
    let unpaid = w.register("R-2", 100).await;
    let reply = w.rbs("refund.do", &format!("orderId={unpaid}&amount=100")).await;
    assert_eq!(reply["errorCode"], "7");
}

#[tokio::test]
async fn a_reversal_is_tried_once() {
    let w = World::start().await;
    let id = w.paid("V-1", 1_000).await;
    let reply = w.rbs("reverse.do", &format!("orderId={id}")).await;
    assert_eq!(reply["errorCode"], 0);
    assert_eq!(w.status(&id).await["orderStatus"], 3);
    assert_eq!(w.receiver.wait(1).await[0]["operation"], "reversed");
    assert_eq!(w.rbs("reverse.do", &format!("orderId={id}")).await["errorCode"], "7");

    let failed = w.paid("V-2", 1_000).await;
    let reply = w.rbs("reverse.do", &format!("orderId={failed}&amount=400")).await;
    assert_eq!(reply["errorCode"], "5");
    let reply = w.rbs("reverse.do", &format!("orderId={failed}")).await;
    assert_eq!(reply["errorCode"], "7", "the one attempt was used up");
}

#[tokio::test]
async fn an_unpaid_order_can_be_given_up() {
    let w = World::start().await;
    let id = w.register("U-1", 100).await;
    assert_eq!(w.rbs("decline.do", &format!("orderId={id}")).await["errorCode"], 0);
    assert_eq!(w.status(&id).await["orderStatus"], 6);
    assert_eq!(w.rbs("decline.do", &format!("orderId={id}")).await["errorCode"], "7");
    let paid = w.paid_after_notice("U-2").await;
    assert_eq!(w.rbs("decline.do", &format!("orderId={paid}")).await["errorCode"], "7");
}

impl World {
    async fn paid_after_notice(&self, number: &str) -> String {
        self.receiver.wait(1).await;
        self.paid(number, 100).await
    }
}

#[tokio::test]
async fn parameters_of_the_callback_address_are_signed_too() {
    let w = World::start().await;
    let address = format!("{}/dyn?zone=a%3Bb", w.receiver.address);
    let address: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
    let fields = format!(
        "orderNumber=P-1&amount=100&returnUrl=https://s.example/&dynamicCallbackUrl={address}"
    );
    let id = w.rbs("register.do", &fields).await["orderId"].as_str().unwrap().to_owned();
    w.hand_over(&id).await;
    w.press("rbs", "P-1", "pay").await;
    let note = &w.receiver.wait(1).await[0];
    let text =
        format!("amount;100;mdOrder;{id};operation;deposited;orderNumber;P-1;status;1;zone;a;b;");
    assert_eq!(note["checksum"], sha256_upper(CALLBACK_KEY, &text));
    assert_eq!(w.receiver.got.lock().unwrap()[0].0, "/dyn");
}

#[tokio::test]
async fn the_button_of_the_payment_page_hands_over() {
    let w = World::start().await;
    let id = w.register("B-1", 100).await;
    let page = format!("/payment/merchants/shop/payment_en.html?mdOrder={id}");
    assert!(w.get(&page).await.body.contains("Go to Alfa-Click"));
    let answer = w.post(&page, "").await;
    assert_eq!(answer.status, 303);
    let there = &answer.headers["location"];
    assert!(there.starts_with(&format!("/checkout/payments/?orderId={id}")), "{there}");
    assert!(w.get(there).await.body.contains(">Success</button>"));
    let session = w.rbs("getSessionStatus.do", &format!("MDORDER={id}")).await;
    assert_eq!(session["amount"], "1.00 RUB");
}

#[tokio::test]
async fn the_page_of_an_order_not_handed_over_takes_no_money() {
    let w = World::start().await;
    let id = w.register("Q-1", 100).await;
    let path = format!("/checkout/payments/?orderId={id}");
    assert!(w.post(&path, "action=pay").await.body.contains("Заказ ещё не в банке"));
    assert_eq!(w.entry("rbs", "Q-1").await["charges"], 0);
    let other = w.get("/checkout/payments/?orderId=nothing").await;
    assert_eq!(other.status, 404);
    assert!(other.body.contains("Заказ не найден"));
}
