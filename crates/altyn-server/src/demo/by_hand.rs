//! The demo by hand: the shop is open, and every callback that comes is printed until Ctrl-C.

use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::Value;

use super::bodies::{PROJECT_ID, Paid, Request, Sum, Way};
use super::place::Place;
use super::shop::{Callback, new_id};
use super::show::{indented, pretty, summary};
use super::stage::Stage;
use crate::commands::say;

/// What the ready request sells.
const SALE_MINOR: i64 = 60_000;
/// What is offered to be returned of a payment.
const PART_MINOR: i64 = 10_000;

/// Says where the shop is, then prints callbacks for as long as it is let.
pub async fn run(stage: &mut Stage, place: &Place) -> Result<ExitCode> {
    invite(stage, place);
    let mut shown = false;
    loop {
        let Some(callback) = stage.callbacks.recv().await else { bail!("the shop has closed") };
        say("");
        say(format!("Оповещение (callback) {}", callback.text("/payment/id")));
        indented(&summary(&callback));
        indented(&pretty(&callback.bytes));
        if !shown && callback.text("/payment/status") == "success" {
            shown = true;
            say("");
            next_steps(stage, &callback);
        }
    }
}

fn invite(stage: &Stage, place: &Place) {
    let merchant = &stage.merchant;
    say(format!("2. Откройте (open) {}/", merchant.shop));
    indented("купите что-нибудь; оповещения придут на ту же страницу и сюда; Ctrl-C — закончить");
    indented("(buy something; callbacks come to that page and here; Ctrl-C ends the demo)");
    say("");
    say("3. Или через Gate (or by the Gate)");
    let sale = merchant.sale(Way::AlfaClick, &new_id("gate"), SALE_MINOR);
    indented(&curl(stage, &sale));
    indented(&format!(
        "свой запрос подписывает (your own request is signed by): altyn sign --secret-file {} \
         body.json; general.project_id {PROJECT_ID}",
        place.file("secret").display(),
    ));
}

fn next_steps(stage: &Stage, result: &Callback) {
    let (payment, merchant) = (result.text("/payment/id"), &stage.merchant);
    say("Через Gate (by the Gate)");
    let project = u32::try_from(result.number("/project_id")).unwrap_or(PROJECT_ID);
    if let Some(way) = Way::of_callback(result.text("/payment/method")) {
        let paid = Paid { project, payment, way };
        let currency = result.text("/payment/sum/currency");
        // The partner returns payments as a whole.
        let part = (way != Way::CardPartner).then_some(Sum { minor: PART_MINOR, currency });
        indented("вернуть (refund):");
        indented(&curl(stage, &merchant.refund(&paid, part)));
    }
    indented("состояние платежа (how the payment stands):");
    indented(&curl(stage, &merchant.status(project, payment)));
}

/// A command for a shell. The bodies of the demo have no quote that would end it.
fn curl(stage: &Stage, request: &Request) -> String {
    let body = Value::to_string(&request.body).replace('\'', "\\u0027");
    let url = stage.merchant.url(request);
    format!("curl -sS {url} -H 'Content-Type: application/json' -d '{body}'")
}
