//! 3-D Secure: both versions through the issuer's pages, and what may not pay.

use crate::card::{CHALLENGE, PLAIN, fields};
use crate::support::{Answer, World, between, form};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

const FINISH: &str = "https://platform.example/3ds/finish";
const FALLBACK: &str = "4012000000020063";

fn unpack(text: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()).unwrap()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    between(page, &format!("name=\"{name}\" value=\""), "\"")
        .replace("&#38;", "&")
        .replace("&#43;", "+")
        .replace("&#61;", "=")
}

/// Where a page's last form leads.
fn action(page: &str) -> String {
    let (_, rest) = page.rsplit_once("<form method=\"post\" action=\"").unwrap();
    rest.split_once('"').unwrap().0.replace("&#38;", "&")
}

impl World {
    /// Brings a card to the issuer's question by 3DS 2; the transaction and the CReq.
    async fn challenged(&self, id: &str, pan: &str) -> (String, String) {
        let body = format!("{}&threeDSVer2FinishUrl={FINISH}", fields(id, pan));
        let first = self.rbs("paymentorder.do", &body).await;
        let trans = first["threeDSServerTransId"].as_str().unwrap_or_else(|| panic!("{first}"));
        let reply = self.rbs("3ds/continue.do", &format!("mdOrder={id}")).await;
        (trans.to_owned(), reply["packedCReq"].as_str().unwrap().to_owned())
    }

    async fn answer(&self, creq: &str, code: &str, button: &str) -> Answer {
        let fields = [
            ("creq", creq),
            ("threeDSSessionData", "opaque+/="),
            ("code", code),
            ("action", button),
        ];
        self.post("/acs/challenge/answer?lang=ru", &form(&fields)).await
    }

    async fn finish(&self, trans: &str) -> Value {
        self.rbs("finish3dsVer2Payment.do", &format!("threeDSServerTransId={trans}")).await
    }
}

#[tokio::test]
async fn the_first_step_looks_at_the_device() {
    let w = World::start().await;
    let id = w.register("F-1", 2_000).await;
    let first = w.pay(&id, CHALLENGE).await;
    let trans = first["threeDSServerTransId"].as_str().unwrap().to_owned();
    let data = first["threeDSMethodDataPacked"].as_str().unwrap();
    assert_eq!(
        first,
        json!({
            "errorCode": 0, "is3DSVer2": true, "threeDSServerTransId": trans,
            "threeDSMethodURL": format!("{}/acs/method", w.base),
            "threeDSMethodURLServer": format!("{}/acs/server-method", w.base),
            "threeDSMethodDataPacked": data,
        })
    );
    let done = format!("{}/acs/method-done", w.base);
    let want = json!({ "threeDSServerTransID": trans, "threeDSMethodNotificationURL": done });
    assert_eq!(unpack(data), want);
    for frame in ["/acs/method", "/acs/server-method"] {
        let frame = w.post(frame, &form(&[("threeDSMethodData", data)])).await;
        assert_eq!(action(&frame.body), done);
        let back = hidden(&frame.body, "threeDSMethodData");
        assert_eq!(unpack(&back), json!({ "threeDSServerTransID": trans }));
        assert!(frame.headers["content-security-policy"].contains("frame-ancestors http: https:"));
    }
    assert_eq!(w.post("/acs/method-done", "").await.status, 200);
    assert_eq!(w.status(&id).await["orderStatus"], 5);

    let again = format!("{}&threeDSServerTransID={trans}", fields(&id, CHALLENGE));
    let second = w.rbs("paymentorder.do", &again).await;
    let creq = second["packedCReq"].as_str().unwrap();
    assert_eq!(
        second,
        json!({
            "info": second["info"], "errorCode": 0, "is3DSVer2": true, "packedCReq": creq,
            "acsUrl": format!("{}/acs/challenge?lang=ru", w.base),
        })
    );
    assert_eq!(w.rbs("3ds/continue.do", &format!("mdOrder={id}")).await, second);
    let question = unpack(creq);
    let want = json!({
        "threeDSServerTransID": trans, "acsTransID": question["acsTransID"],
        "messageType": "CReq", "messageVersion": "2.1.0", "challengeWindowSize": "05",
    });
    assert_eq!(question, want);
}

#[tokio::test]
async fn the_challenge_from_the_question_to_the_money() {
    let w = World::start().await;
    let id = w.register("C-1", 2_000).await;
    let (trans, creq) = w.challenged(&id, CHALLENGE).await;
    let page = w.post("/acs/challenge", &form(&[("creq", &creq)])).await;
    assert!(page.body.contains("Подтвердить") && page.body.contains("431422 ** 0056"));
    assert!(page.body.contains("12345") && !page.body.contains("<script"));
    assert_eq!(w.finish(&trans).await["errorCode"], 7, "nobody has answered yet");
    assert_eq!(w.status(&id).await["orderStatus"], 5);
    let typo = w.answer(&creq, "12a", "confirm").await;
    assert!(typo.status == 422 && typo.body.contains("четыре–шесть цифр"));

    let back = w.answer(&creq, "12345", "confirm").await;
    assert_eq!(action(&back.body), FINISH);
    assert_eq!(hidden(&back.body, "threeDSSessionData"), "opaque+/=");
    let want = json!({
        "threeDSServerTransID": trans, "acsTransID": unpack(&creq)["acsTransID"],
        "messageType": "CRes", "messageVersion": "2.1.0", "transStatus": "Y",
    });
    assert_eq!(unpack(&hidden(&back.body, "cres")), want);
    assert_eq!(w.status(&id).await["orderStatus"], 5, "the page itself moves no money");
    w.receiver.stays_at(0).await;

    let done = w.finish(&trans).await;
    let shop = format!("https://shop.example/back?a=1&orderId={id}&lang=ru");
    assert_eq!(done, json!({ "redirect": shop, "errorCode": 0, "is3DSVer2": true }));
    assert_eq!(w.finish(&trans).await, done, "a second finish gives the same answer");
    let s = w.status(&id).await;
    assert_eq!(s["orderStatus"], 2);
    let secure = &s["cardAuthInfo"]["secureAuthInfo"];
    assert_eq!((&secure["eci"], &secure["threeDSProtocolVersion"]), (&json!(5), &json!("2.1.0")));
    assert_eq!(
        (&secure["aresTransStatus"], &secure["rreqTransStatus"]),
        (&json!("C"), &json!("Y"))
    );
    assert!(secure["threeDSInfo"]["cavv"].is_string());
    assert_eq!(w.entry("rbs", "C-1").await["charges"], 1);
    w.receiver.wait(1).await;
}

#[tokio::test]
async fn each_card_of_the_tables_comes_to_its_end() {
    let w = World::start().await;
    let cards = [
        ("4006260000000014", "C", 2, 0),
        ("5413330000000019", "C", 2, 0),
        ("5555555555555599", "C", 2, 0),
        ("4314220000000072", "C", 6, -2025),
        ("4314220000000098", "C", 6, -2025),
        ("5413330000000035", "C", 6, -2025),
        ("5413330000000092", "C", 6, -2025),
        ("4012000000020089", "C", 6, -2025),
        ("5544330000000045", "C", 6, -2025),
        ("4477000000000006", "Y", 2, 0),
        ("5252000000000004", "Y", 2, 0),
        ("4000001111111118", "A", 2, 0),
        ("5168494895055780", "N", 6, -2006),
    ];
    for (n, (pan, ares, status, code)) in cards.into_iter().enumerate() {
        let id = w.register(&format!("T-{n}"), 1_000).await;
        let trans = w.pay(&id, pan).await["threeDSServerTransId"].as_str().unwrap().to_owned();
        let reply = w.rbs("3ds/continue.do", &format!("mdOrder={id}")).await;
        assert_eq!((&reply["errorCode"], &reply["is3DSVer2"]), (&json!(0), &json!(true)), "{pan}");
        if ares == "C" {
            w.answer(reply["packedCReq"].as_str().unwrap(), "4321", "confirm").await;
            assert_eq!(w.finish(&trans).await["errorCode"], 0);
        } else {
            let kind = json!("TDS_UNKNOWN_ARES_STATUS");
            assert_eq!(reply["errorTypeName"], if status == 6 { kind } else { Value::Null });
            let again = w.rbs("3ds/continue.do", &format!("mdOrder={id}")).await;
            assert_eq!(again, reply, "a repeat gives the first answer");
        }
        let s = w.status(&id).await;
        assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(status), &json!(code)), "{pan}");
        let secure = &s["cardAuthInfo"]["secureAuthInfo"];
        assert_eq!(secure["aresTransStatus"], ares, "{pan}");
    }
}

#[tokio::test]
async fn the_old_version_goes_through_its_own_page() {
    let w = World::start().await;
    let good = [FALLBACK, "4344693136092508", "5544330000000029", "5426257498741734"];
    let bad = ["4165519761269614", "4331289925608649", "4383604346807330", "5722753235016359"];
    for (n, pan) in good.iter().chain(&bad).enumerate() {
        let id = w.register(&format!("O-{n}"), 1_000).await;
        let reply = w.pay(&id, pan).await;
        let pa_req = reply["paReq"].as_str().unwrap_or_else(|| panic!("{pan}: {reply}"));
        assert_eq!(reply["acsUrl"], format!("{}/acs/3ds1?lang=ru", w.base));
        assert_eq!(reply["termUrl"], format!("{}/payment/rest/finish3ds.do?lang=ru", w.base));
        assert!(reply.get("is3DSVer2").is_none());
        let term = "https://platform.example/term?x=1";
        let sent = [("PaReq", pa_req), ("MD", "any"), ("TermUrl", term)];
        assert!(w.post("/acs/3ds1", &form(&sent)).await.body.contains("Подтвердить"));
        let mut sent = sent.to_vec();
        sent.extend([("code", "12345"), ("action", "confirm")]);
        let back = w.post("/acs/3ds1/answer", &form(&sent)).await;
        assert_eq!((action(&back.body).as_str(), hidden(&back.body, "MD").as_str()), (term, "any"));
        let pa_res = hidden(&back.body, "PaRes");
        let finish = form(&[("mdOrder", &id), ("paRes", &pa_res)]);
        let done = w.rbs("finish3dsPayment.do", &finish).await;
        assert!(done["redirect"].is_string() && done["errorCode"] == 0, "{done}");
        assert_eq!(w.rbs("finish3dsPayment.do", &finish).await, done);
        let s = w.status(&id).await;
        let want = if bad.contains(pan) { (6, -2006) } else { (2, 0) };
        assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(want.0), &json!(want.1)));
        let secure = &s["cardAuthInfo"]["secureAuthInfo"];
        assert_eq!(secure["threeDSProtocolVersion"], "1.0.2");
    }
}

#[tokio::test]
async fn the_browser_itself_comes_back_to_the_gateway() {
    let w = World::start().await;
    let old = w.register("B-1", 1_000).await;
    let reply = w.pay(&old, FALLBACK).await;
    let term = reply["termUrl"].as_str().unwrap();
    let sent = [
        ("PaReq", reply["paReq"].as_str().unwrap()),
        ("MD", &old),
        ("TermUrl", term),
        ("code", "0001"),
        ("action", "confirm"),
    ];
    let back = w.post("/acs/3ds1/answer", &form(&sent)).await;
    let pa_res = hidden(&back.body, "PaRes");
    let path = action(&back.body).replace(&w.base, "");
    let alien = w.register("B-2", 1_000).await;
    w.pay(&alien, FALLBACK).await;
    let stolen = w.post(&path, &form(&[("PaRes", &pa_res), ("MD", &alien)])).await;
    assert_eq!((stolen.status, w.status(&alien).await["orderStatus"].clone()), (400, json!(5)));
    let sent = form(&[("PaRes", &pa_res), ("MD", &old)]);
    let shop = w.post(&path, &sent).await;
    let place = format!("https://shop.example/back?a=1&orderId={old}&lang=ru");
    assert_eq!((shop.status, &shop.headers["location"]), (303, &place));
    assert_eq!(w.post(&path, &sent).await.headers["location"], place);

    let new = w.register("B-3", 1_000).await;
    w.pay(&new, CHALLENGE).await;
    let reply = w.rbs("3ds/continue.do", &format!("mdOrder={new}")).await;
    let creq = reply["packedCReq"].as_str().unwrap();
    let back = w.answer(creq, "123456", "confirm").await;
    let path = action(&back.body).replace(&w.base, "");
    assert_eq!(path, "/payment/rest/finish3dsVer2.do");
    let cres = form(&[("cres", &hidden(&back.body, "cres"))]);
    assert_eq!(w.post(&path, &cres).await.status, 303);
    assert_eq!(w.status(&new).await["orderStatus"], 2);
}

#[tokio::test]
async fn what_was_not_confirmed_does_not_pay() {
    let w = World::start().await;
    let id = w.register("R-1", 1_000).await;
    let (old_trans, old_creq) = w.challenged(&id, CHALLENGE).await;
    w.answer(&old_creq, "12345", "confirm").await;
    let (trans, creq) = w.challenged(&id, CHALLENGE).await;
    assert_eq!(w.finish(&old_trans).await["errorCode"], 6, "an earlier attempt");
    assert_eq!(w.answer(&old_creq, "12345", "confirm").await.status, 404);
    assert_eq!(w.finish("nothing").await["errorCode"], 6);
    let foreign = format!("token=other-token&threeDSServerTransId={trans}");
    let foreign = w.post("/payment/rest/finish3dsVer2Payment.do", &foreign).await.json();
    assert_eq!(foreign["errorCode"], 6);
    let forged = json!({
        "threeDSServerTransID": trans, "acsTransID": unpack(&creq)["acsTransID"],
        "messageType": "CRes", "messageVersion": "2.1.0", "transStatus": "Y",
    });
    let forged = BASE64URL_NOPAD.encode(forged.to_string().as_bytes());
    let reply = w.post("/payment/rest/finish3dsVer2.do", &form(&[("cres", &forged)])).await;
    assert_eq!((reply.status, w.status(&id).await["orderStatus"].clone()), (400, json!(5)));

    let cancelled = w.answer(&creq, "", "cancel").await;
    assert_eq!(unpack(&hidden(&cancelled.body, "cres"))["transStatus"], "N");
    let repented = w.answer(&creq, "12345", "confirm").await;
    assert_eq!(unpack(&hidden(&repented.body, "cres"))["transStatus"], "N", "the first stands");
    w.post("/payment/rest/finish3dsVer2.do", &form(&[("cres", &forged)])).await;
    let s = w.status(&id).await;
    assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(6), &json!(-2025)));
    assert_eq!(w.finish(&trans).await["errorCode"], 0, "the same answer: nothing was paid");
    assert_eq!(w.entry("rbs", "R-1").await["charges"], 0);

    let failed = w.register("R-2", 1_000).await;
    let (trans, creq) = w.challenged(&failed, CHALLENGE).await;
    w.answer(&creq, "0000", "confirm").await;
    w.finish(&trans).await;
    assert_eq!(w.status(&failed).await["actionCode"], -2025, "the code that fails");

    let other = w.register("R-3", 1_000).await;
    let swapped = format!("{}&threeDSServerTransID={trans}", fields(&other, CHALLENGE));
    assert_eq!(w.rbs("paymentorder.do", &swapped).await["errorCode"], 5);
    let (trans, _) = w.challenged(&other, CHALLENGE).await;
    let swapped = format!("{}&threeDSServerTransID={trans}", fields(&other, PLAIN));
    assert_eq!(w.rbs("paymentorder.do", &swapped).await["errorCode"], 5, "another card");
}

#[tokio::test]
async fn an_unanswered_question_ends_with_the_order() {
    let w = World::start().await;
    let id = w.register("E-1", 1_000).await;
    let (trans, creq) = w.challenged(&id, CHALLENGE).await;
    w.answer(&creq, "12345", "confirm").await;
    w.advance(1_860_000).await;
    let s = w.status(&id).await;
    assert_eq!((&s["orderStatus"], &s["actionCode"]), (&json!(6), &json!(-2007)));
    let late = w.finish(&trans).await;
    assert_eq!(late["errorCode"], 0);
    assert_eq!(w.entry("rbs", "E-1").await["charges"], 0, "too late to pay");
    assert_eq!(w.receiver.wait(1).await[0]["operation"], "declinedByTimeout");

    let given_up = w.register("E-2", 1_000).await;
    w.challenged(&given_up, CHALLENGE).await;
    assert_eq!(w.rbs("decline.do", &format!("orderId={given_up}")).await["errorCode"], 0);
    assert_eq!(w.status(&given_up).await["orderStatus"], 6);
}

#[tokio::test]
async fn the_amount_and_the_issuer_still_decide_after_a_right_code() {
    let w = World::start().await;
    let id = w.pre_auth("M-1", 40_400, "").await;
    let (trans, creq) = w.challenged(&id, CHALLENGE).await;
    assert_eq!(w.press("rbs", "M-1", "pay").await["changed"], true);
    assert_eq!(w.press("rbs", "M-1", "pay").await["changed"], false);
    let entry = w.entry("rbs", "M-1").await;
    assert_eq!(entry["card"]["three_ds"]["finish_url"], FINISH);
    let cres = entry["card"]["three_ds"]["cres"].as_str().unwrap().to_owned();
    assert_eq!(
        hidden(&w.post("/acs/challenge", &form(&[("creq", &creq)])).await.body, "cres"),
        cres
    );
    assert_eq!(w.finish(&trans).await["errorCode"], 0);
    assert_eq!(w.status(&id).await["actionCode"], 116);
    assert_eq!(w.receiver.wait(1).await[0]["operation"], "approved");
    let enrolled = |pan: &str| {
        let fields = format!("pan={pan}");
        let w = &w;
        async move { w.rbs("verifyEnrollment.do", &fields).await }
    };
    let want = json!({
        "enrolled": "Y", "emitterName": "EMULATOR BANK", "emitterCountryCode": "RU",
        "is3DSVer2": true, "errorCode": 0,
    });
    assert_eq!(enrolled(CHALLENGE).await, want);
    assert_eq!(enrolled(FALLBACK).await["is3DSVer2"], false);
    assert_eq!(enrolled(PLAIN).await["enrolled"], "N");
    assert_eq!(enrolled("1").await["errorCode"], 5);
}

#[tokio::test]
async fn the_gateways_own_page_takes_a_card() {
    let w = World::start().await;
    let id = w.register("G-1", 123_450).await;
    let page = format!("/payment/merchants/shop/payment_en.html?mdOrder={id}");
    let form_page = w.get(&page).await.body;
    assert!(form_page.contains("name=\"$PAN\"") && form_page.contains("Pay ₽1,234.50"));
    let wrong = w.post(&page, &fields(&id, "4314220000000057")).await;
    assert!(wrong.status == 422 && wrong.body.contains("role=\"alert\""));
    assert!(!wrong.body.contains("4314220000000057"));
    let to_acs = w.post(&page, &fields(&id, CHALLENGE)).await.body;
    assert_eq!(action(&to_acs), format!("{}/acs/challenge?lang=en", w.base));
    assert!(to_acs.contains("/sandbox/static/submit.js") && to_acs.contains("Continue"));
    let back = w.answer(&hidden(&to_acs, "creq"), "12345", "confirm").await;
    let cres = form(&[("cres", &hidden(&back.body, "cres"))]);
    let place = action(&back.body).replace(&w.base, "");
    assert_eq!(w.post(&place, &cres).await.status, 303);
    assert!(w.get(&page).await.body.contains("Paid"));

    let hold = w.pre_auth("G-2", 1_000, "").await;
    let page = format!("/payment/merchants/shop/payment_ru.html?mdOrder={hold}");
    let form_page = w.get(&page).await.body;
    assert!(form_page.contains("Удержать") && !form_page.contains("Альфа-Клик"));
    assert_eq!(w.post(&page, &fields(&hold, PLAIN)).await.status, 303);
    assert!(w.get(&page).await.body.contains("Деньги удержаны"));

    let rest = w.register("G-3", 1_000).await;
    let path = format!("/payment/rest/processform.do?{}", fields(&rest, PLAIN));
    assert!(w.get(&path).await.json()["redirect"].is_string(), "no credentials on the page");
    let front = w.get("/").await.body;
    assert!(front.contains("4314 2200 0000 0056") && front.contains("…9051"));
}

#[tokio::test]
async fn pages_take_nothing_from_strangers() {
    let w = World::start().await;
    let vector = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6ImI2MGM5ODc5LWFjNzctNDkxOC1hMzE3LTdiMDFjNDMxNzA1MyIs\
                  ImFjc1RyYW5zSUQiOiJkN2MxZWU5OS05NDc4LTQ0YTYtYjFmMi0zOTFlMjljNmIzNDAiLCJtZXNzYWdlVHlwZSI6\
                  IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMS4wIiwiY2hhbGxlbmdlV2luZG93U2l6ZSI6IjA1In0";
    let asked = w.post("/acs/challenge", &form(&[("creq", vector)])).await;
    assert!(asked.status == 404 && asked.body.contains("Подтверждать нечего"));
    for body in ["", "creq=%3Cscript%3E", "threeDSMethodData=e30"] {
        assert_eq!(w.post("/acs/challenge", body).await.status, 404);
        assert_eq!(w.post("/acs/3ds1", body).await.status, 404);
        assert_eq!(w.post("/acs/method", body).await.status, 400);
        assert_eq!(w.post("/payment/rest/finish3ds.do", body).await.status, 400);
        assert_eq!(w.post("/payment/rest/finish3dsVer2.do", body).await.status, 400);
    }
    let id = w.register("S-1", 1_000).await;
    let pa_req = w.pay(&id, FALLBACK).await["paReq"].as_str().unwrap().to_owned();
    let sent = form(&[("PaReq", &pa_req), ("MD", "\"><script>"), ("TermUrl", "javascript:x")]);
    assert_eq!(w.post("/acs/3ds1", &sent).await.status, 404, "not an address of the web");
}
