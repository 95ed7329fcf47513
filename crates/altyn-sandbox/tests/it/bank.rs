//! The bank's own site: the instruction scenario by bill and by SMS.

use crate::support::{World, between};
use serde_json::json;

const WEEK_S: i64 = 7 * 24 * 3_600;

async fn issue(w: &World, number: &str, amount: u64, login: &str) -> String {
    let fields = format!(
        "orderNumber={number}&amount={amount}&returnUrl=https://s.example/\
         &sessionTimeoutSecs={WEEK_S}"
    );
    let id = w.rbs("register.do", &fields).await["orderId"].as_str().unwrap().to_owned();
    let fields = format!("MDORDER={id}&paymentWay=ALFA_ALFACLICK&login={login}");
    let reply = w.rbs("paymentotherway.do", &fields).await;
    assert_eq!(reply["errorCode"], 0);
    assert!(reply.get("redirect").is_none());
    assert_eq!(w.rbs("paymentotherway.do", &fields).await, reply);
    id
}

#[tokio::test]
async fn a_bill_is_shown_to_its_login_and_paid_once() {
    let w = World::start().await;
    let id = issue(&w, "I-1", 123_450, "ivan").await;
    let page = w.get("/bank/?login=ivan").await.body;
    assert!(page.contains("1\u{202f}234,50\u{202f}₽") && page.contains("29.11.2026 14:05"));
    assert!(!w.get("/bank/?login=petr").await.body.contains("I-1"));
    let wrong = w.post("/bank/?login=petr", &format!("order={id}&action=pay")).await;
    assert_eq!(wrong.status, 200);
    assert_eq!(w.entry("rbs", "I-1").await["state"], "pending");
    let wrong_page = w.post(&format!("/checkout/payments/?orderId={id}"), "action=pay").await;
    assert_eq!(wrong_page.status, 200);
    assert_eq!(w.entry("rbs", "I-1").await["state"], "pending", "a bill is not paid by link");

    let paid = w.post("/bank/?login=ivan", &format!("order={id}&action=pay")).await;
    assert!(paid.body.contains("Оплачено"));
    w.post("/bank/?login=ivan", &format!("order={id}&action=cancel")).await;
    assert_eq!(w.entry("rbs", "I-1").await["charges"], 1);
    let s = w.status(&id).await;
    assert_eq!((&s["orderStatus"], &s["paymentWay"]), (&json!(2), &json!("ALFA_ALFACLICK")));
    assert_eq!(w.receiver.wait(1).await[0]["operation"], "deposited");
}

#[tokio::test]
async fn the_right_code_pays_and_another_does_not() {
    let w = World::start().await;
    let id = issue(&w, "I-2", 100, "olga").await;
    let page = w.get("/bank/sms?login=olga").await.body;
    let code = between(&page, "ответьте ", "<").to_owned();
    assert_eq!(code.len(), 5);
    let wrong = if code == "00000" { "11111" } else { "00000" };
    let after = w.post("/bank/sms?login=olga", &format!("order={id}&code={wrong}")).await;
    assert!(after.body.contains("Код не подошёл"));
    assert_eq!(w.entry("rbs", "I-2").await["charges"], 0);
    let other = w.post("/bank/sms?login=ivan", &format!("order={id}&code={code}")).await;
    assert_eq!(other.status, 200);
    assert_eq!(w.entry("rbs", "I-2").await["charges"], 0, "the code of another's bill");
    let after = w.post("/bank/sms?login=olga", &format!("order={id}&code={code}")).await;
    assert!(after.body.contains("Оплачено"));
    assert_eq!(w.entry("rbs", "I-2").await["charges"], 1);
}

#[tokio::test]
async fn a_bill_can_be_refused_declined_and_forgotten() {
    let w = World::start().await;
    let refused = issue(&w, "I-3", 100, "anna").await;
    w.post("/bank/?login=anna", &format!("order={refused}&action=cancel")).await;
    assert_eq!(w.status(&refused).await["actionCode"], 100);
    let poor = issue(&w, "I-4", 40_400, "anna").await;
    let page = w.post("/bank/?login=anna", &format!("order={poor}&action=pay")).await;
    assert!(page.body.contains("Недостаточно средств"));
    assert_eq!(w.status(&poor).await["actionCode"], 116);
    let late = issue(&w, "I-5", 100, "anna").await;
    w.advance(31 * 60_000).await;
    assert_eq!(w.status(&late).await["orderStatus"], 7, "a bill outlives the half hour");
    w.advance(WEEK_S * 1_000).await;
    assert_eq!(w.status(&late).await["actionCode"], -2007);
    let notes = w.receiver.wait(3).await;
    assert_eq!(notes[2]["operation"], "declinedByTimeout");
    assert!(w.get("/bank/sms?login=anna").await.body.contains("Срок счёта истёк"));
}

#[tokio::test]
async fn what_a_payer_types_is_only_text() {
    let w = World::start().await;
    let page = w.get("/bank/?login=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.body.contains("<script>"));
    assert!(w.get("/bank/").await.body.contains("name=\"login\""));
    assert!(w.get("/bank/sms").await.body.contains("name=\"login\""));
}
