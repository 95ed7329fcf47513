//! The demo by hand: one sale up to the payer's press, then whatever comes until Ctrl-C.

use std::process::ExitCode;

use altyn_app::ports::Clock as _;
use anyhow::{Result, bail};
use serde_json::Value;

use super::bodies::{PROJECT_ID, Request, Way};
use super::browser::link;
use super::http::PATIENCE;
use super::place::Place;
use super::shop::Callback;
use super::show::{indented, money, pretty, summary};
use super::stage::Stage;
use crate::clock::SystemClock;
use crate::commands::say;

/// What is sold.
const SALE_MINOR: i64 = 60_000;
/// What is offered to be returned of it.
const PART_MINOR: i64 = 10_000;

/// Shows the sale, then prints callbacks for as long as it is let.
pub async fn run(stage: &mut Stage, place: &Place) -> Result<ExitCode> {
    let payment = payment_id("demo");
    let request = stage.merchant.sale(Way::AlfaClick, &payment, SALE_MINOR);
    show_request(stage, &request);
    say("");
    say("3. Ответ сразу (the answer at once)");
    let answer = stage.merchant.send(&request).await?;
    indented(&format!("HTTP {}\n{}", answer.status, pretty(&answer.body)));
    if answer.status != 200 {
        bail!("the sale was refused");
    }
    say("");
    say("4. Оповещение с перенаправлением (the callback with the redirect)");
    let Ok(redirect) = tokio::time::timeout(PATIENCE, next_of(stage, &payment)).await else {
        bail!("no callback came within {} s", PATIENCE.as_secs());
    };
    let redirect = redirect?;
    show_callback(&redirect);
    let Some(data) = redirect.body.get("redirect_data") else {
        bail!("the callback has no redirect_data: {}", summary(&redirect));
    };
    say("");
    say("5. Откройте в браузере и нажмите Success (open in a browser and press Success)");
    indented(link(data)?.as_str());
    indented("ждём 30 минут; Ctrl-C — закончить (waiting for 30 minutes; Ctrl-C ends the demo)");
    let result = next_of(stage, &payment).await?;
    say("");
    say("6. Оповещение о результате (the callback with the result)");
    show_callback(&result);
    say("");
    next_steps(stage, place, &result);
    loop {
        let Some(callback) = stage.callbacks.recv().await else { bail!("the shop has closed") };
        say("");
        say(format!("Оповещение (callback) {}", callback.text("/payment/id")));
        show_callback(&callback);
    }
}

/// An id that no run before had: the moment it was made in.
pub fn payment_id(prefix: &str) -> String {
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().as_millis()).unwrap_or_default();
    format!("{prefix}-{}", now.strftime("%Y%m%d-%H%M%S-%3f"))
}

fn show_request(stage: &Stage, request: &Request) {
    say("2. Подписанный запрос (the signed request)");
    indented(&format!("POST {}", stage.merchant.url(request)));
    indented(&pretty(request.body.to_string().as_bytes()));
    indented("подписанный текст (the text that was signed; HMAC-SHA512, base64):");
    indented(&request.signed_text());
}

/// The next new callback of this payment; others, from kept data, are told in a line.
async fn next_of(stage: &mut Stage, payment: &str) -> Result<Callback> {
    while let Some(callback) = stage.callbacks.recv().await {
        if callback.text("/payment/id") == payment && !callback.repeated {
            return Ok(callback);
        }
        indented(&format!("{}: {}", callback.text("/payment/id"), summary(&callback)));
    }
    bail!("the shop has closed")
}

fn show_callback(callback: &Callback) {
    indented(&summary(callback));
    indented(&pretty(&callback.bytes));
}

fn next_steps(stage: &Stage, place: &Place, result: &Callback) {
    let payment = result.text("/payment/id");
    let merchant = &stage.merchant;
    say("7. Что дальше (what next); Ctrl-C — закончить (ends the demo)");
    if result.text("/payment/status") == "success" {
        let part = money(PART_MINOR, Way::AlfaClick.currency());
        indented(&format!("вернуть {part} (return a part):"));
        let refund = merchant.refund(Way::AlfaClick, payment, Some(PART_MINOR));
        indented(&curl(stage, &refund));
    } else {
        indented("этот платёж не прошёл, возвращать нечего (nothing to return: it was not paid)");
    }
    indented("состояние платежа (how the payment stands):");
    indented(&curl(stage, &merchant.status(payment)));
    indented(&format!(
        "свой запрос подписывает (your own request is signed by): altyn sign --secret-file {} \
         body.json; general.project_id {PROJECT_ID}",
        place.file("secret").display(),
    ));
}

/// A command for a shell. The bodies of the demo have no quote that would end it.
fn curl(stage: &Stage, request: &Request) -> String {
    let body = Value::to_string(&request.body).replace('\'', "\\u0027");
    let url = stage.merchant.url(request);
    format!("curl -sS {url} -H 'Content-Type: application/json' -d '{body}'")
}
