//! The demo on its own: the source documents' scenarios through real HTTP, compared step by step.
//!
//! What the shop is told is the measure: every callback's signature, statuses, sums and codes. A
//! difference is noted and the play goes on; only what makes going on senseless ends it early, and
//! even then the books are looked at.

mod cards;

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::audit;
use super::bodies::{PROJECT_ID, Paid, Request, Sum, Way};
use super::http::PATIENCE;
use super::report::Report;
use super::shop::{Callback, new_id};
use super::show::{indented, money, summary};
use super::stage::Stage;
use crate::commands::say;

/// A payment of the play.
struct Sale {
    way: Way,
    id: String,
    minor: i64,
}

impl Sale {
    fn paid(&self) -> Paid<'_> {
        Paid { project: PROJECT_ID, payment: &self.id, way: self.way }
    }

    fn sum(&self, minor: i64) -> Sum<'static> {
        Sum { minor, currency: self.way.currency() }
    }
}

/// What a callback must say.
struct Expected<'a> {
    /// Of the payment.
    status: &'a str,
    /// What is left of it.
    left: i64,
    /// Of the operation: its kind and status.
    operation: (&'a str, &'a str),
    /// What the operation was about.
    asked: i64,
    /// The code of the registry.
    code: &'a str,
}

struct Play<'a> {
    stage: &'a mut Stage,
    report: Report,
}

/// Plays everything; success only if all was as it must be.
pub async fn run(stage: &mut Stage) -> Result<ExitCode> {
    let mut play = Play { stage, report: Report::new() };
    let prefix = new_id("demo");
    if let Err(error) = play.scenarios(&prefix).await {
        play.report.differ(format!("{error:#}"));
    }
    let Play { stage, mut report } = play;
    audit::run(stage, &mut report).await?;
    say("");
    Ok(if report.close() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Play<'_> {
    async fn scenarios(&mut self, prefix: &str) -> Result<()> {
        let sale = |number: u32, way, minor| Sale { way, id: format!("{prefix}-{number}"), minor };
        self.returned_in_parts(&sale(1, Way::AlfaClick, 60_000)).await?;
        self.declined(&sale(2, Way::AlfaClick, 40_000)).await?;
        self.returned_whole(&sale(3, Way::CardPartner, 1_000)).await?;
        let card = |number, minor| sale(number, Way::Card, minor);
        self.cards(&[card(4, 150_000), card(5, 123_450), card(6, 70_000), card(7, 5_000)]).await
    }

    /// Paid, a part returned, then the rest.
    async fn returned_in_parts(&mut self, sale: &Sale) -> Result<()> {
        self.paid(sale).await?;
        let part = 10_000;
        let left = sale.minor - part;
        self.refunded(sale, Some(part), ("partially refunded", part, left)).await?;
        self.refunded(sale, None, ("refunded", left, 0)).await?;
        self.status(sale, "refunded").await
    }

    /// An amount that the emulated bank refuses.
    async fn declined(&mut self, sale: &Sale) -> Result<()> {
        let request_id = self.pressed(sale, "sorry").await?;
        let expected = Expected {
            status: "decline",
            left: sale.minor,
            operation: ("sale", "decline"),
            asked: sale.minor,
            code: "20105",
        };
        self.told(sale, &request_id, &expected).await?;
        self.status(sale, "decline").await
    }

    /// Paid and returned at once.
    async fn returned_whole(&mut self, sale: &Sale) -> Result<()> {
        self.paid(sale).await?;
        self.refunded(sale, None, ("refunded", sale.minor, 0)).await?;
        self.status(sale, "refunded").await
    }

    async fn paid(&mut self, sale: &Sale) -> Result<()> {
        let request_id = self.pressed(sale, "thanks").await?;
        let expected = Expected {
            status: "success",
            left: sale.minor,
            operation: ("sale", "success"),
            asked: sale.minor,
            code: "0",
        };
        let callback = self.told(sale, &request_id, &expected).await?;
        self.provided(sale, &callback);
        Ok(())
    }

    /// Who provided it, and what is known of the payer.
    fn provided(&mut self, sale: &Sale, callback: &Callback) {
        let (provider, endpoint, own) = match sale.way {
            Way::AlfaClick => (1310, "alfabank", ("/account/number", "account_1")),
            Way::CardPartner => (2377, "", ("/customer/phone", "12345678900")),
            Way::Card => (1310, "alfabank", ("/account/number", cards::MASK)),
        };
        let report = &mut self.report;
        report.compare("provider.id", provider, callback.number("/operation/provider/id"));
        let told = callback.text("/operation/provider/endpoint_id");
        report.compare("provider.endpoint_id", endpoint, told);
        report.compare(own.0, own.1, callback.text(own.0));
    }

    /// A sale up to the payer's return to the shop; the request's id.
    async fn pressed(&mut self, sale: &Sale, landing: &str) -> Result<String> {
        let sum = money(sale.minor, sale.way.currency());
        self.report.step(format!("Продажа (sale) {}, {sum}, {}", sale.way.code(), sale.id));
        let request = self.stage.merchant.sale(sale.way, &sale.id, sale.minor);
        let request_id = self.accepted(&request, &sale.id).await?;
        let expected = Expected {
            status: "awaiting redirect result",
            left: sale.minor,
            operation: ("sale", "awaiting redirect result"),
            asked: sale.minor,
            code: "9999",
        };
        let callback = self.told(sale, &request_id, &expected).await?;
        let method = if sale.way == Way::CardPartner { "POST" } else { "GET" };
        let told = callback.text("/redirect_data/method");
        self.report.compare("redirect_data.method", method, told);
        let redirect = callback.body.get("redirect_data");
        let journey = self.stage.browser.pay(redirect.unwrap_or(&Value::Null)).await?;
        let landed = journey.landed;
        indented(&format!("плательщик (payer): {method} {}", journey.opened));
        indented(&format!("   {} → {landed}", journey.pressed));
        let (origin, shop) = (landed.origin().ascii_serialization(), &self.stage.merchant.shop);
        self.report.compare("the payer's shop", shop.as_str(), origin.as_str());
        self.report.compare("the shop's page", format!("/{landing}"), landed.path().to_owned());
        Ok(request_id)
    }

    /// A refund of a part or of the rest, with the callback that must follow: status, what was
    /// returned, what is left.
    async fn refunded(
        &mut self,
        sale: &Sale,
        part: Option<i64>,
        (status, asked, left): (&str, i64, i64),
    ) -> Result<()> {
        let (sum, id) = (money(asked, sale.way.currency()), &sale.id);
        match part {
            Some(_) => self.report.step(format!("Частичный возврат (partial refund) {sum}, {id}")),
            None => self.report.step(format!("Возврат остатка (refund of the rest) {sum}, {id}")),
        }
        let request = self.stage.merchant.refund(&sale.paid(), part.map(|minor| sale.sum(minor)));
        let request_id = self.accepted(&request, &sale.id).await?;
        let operation = ("refund", "success");
        let expected = Expected { status, left, operation, asked, code: "0" };
        self.told(sale, &request_id, &expected).await?;
        Ok(())
    }

    /// Sends a request that must be accepted; the id it was given.
    async fn accepted(&mut self, request: &Request, payment: &str) -> Result<String> {
        let answer = self.stage.merchant.send(request).await?;
        let body = answer.json()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let request_id = text("request_id").to_owned();
        indented(&format!("POST {} → HTTP {}, {request_id}", request.path, answer.status));
        if answer.status != 200 {
            bail!("{} was refused: {} {}", request.path, text("code"), text("message"));
        }
        let project = body.get("project_id").and_then(Value::as_u64).unwrap_or_default();
        self.report.compare("project_id", u64::from(PROJECT_ID), project);
        self.report.compare("status", "success", text("status"));
        self.report.compare("payment_id", payment, text("payment_id"));
        self.report.compare("request_id is given", true, !request_id.is_empty());
        Ok(request_id)
    }

    /// Waits for the next callback of a payment and compares it.
    async fn told(
        &mut self,
        sale: &Sale,
        request_id: &str,
        expected: &Expected<'_>,
    ) -> Result<Callback> {
        let waiting = tokio::time::timeout(PATIENCE, self.next_of(&sale.id));
        let Ok(callback) = waiting.await else {
            let (seconds, status) = (PATIENCE.as_secs(), expected.status);
            bail!("{}: no callback came within {seconds} s; expected {status:?}", sale.id);
        };
        let callback = callback?;
        indented(&format!("оповещение (callback): {}", summary(&callback)));
        let report = &mut self.report;
        report.told(&callback);
        report.compare("the signature fits", true, callback.fits);
        let (kind, outcome) = expected.operation;
        for (pointer, text) in [
            ("/payment/status", expected.status),
            ("/payment/sum/currency", sale.way.currency()),
            ("/operation/type", kind),
            ("/operation/status", outcome),
            ("/operation/code", expected.code),
            ("/operation/request_id", request_id),
            ("/operation/sum_initial/currency", sale.way.currency()),
        ] {
            report.compare(pointer, text, callback.text(pointer));
        }
        for (pointer, minor) in [
            ("/project_id", i64::from(PROJECT_ID)),
            ("/payment/sum/amount", expected.left),
            ("/operation/sum_initial/amount", expected.asked),
            ("/operation/sum_converted/amount", expected.asked),
        ] {
            report.compare(pointer, minor, callback.number(pointer));
        }
        Ok(callback)
    }

    /// The next callback of this payment that is no repeat of another.
    async fn next_of(&mut self, payment: &str) -> Result<Callback> {
        loop {
            let callback = self.stage.callbacks.recv().await.context("the shop has closed")?;
            if callback.text("/payment/id") == payment && !callback.repeated {
                return Ok(callback);
            }
            let other = callback.text("/payment/id");
            indented(&format!("оповещение (callback) {other}: {}", summary(&callback)));
        }
    }

    /// Asks how the payment stands; the answer is signed too.
    async fn status(&mut self, sale: &Sale, expected: &str) -> Result<()> {
        let request = self.stage.merchant.status(PROJECT_ID, &sale.id);
        let answer = self.stage.merchant.send(&request).await?;
        let body = answer.json()?;
        let text = |at: &str| body.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let told = text("/payment/status");
        let key = &self.stage.merchant.key;
        let verified = altyn_web::api::ecommpay::sign::verify(&body, text("/signature"), key);
        let word = if verified.is_ok() {
            "подпись верна"
        } else {
            "ПОДПИСЬ НЕВЕРНА"
        };
        indented(&format!("POST {} → HTTP {}, {told}; {word}", request.path, answer.status));
        self.report.compare("the status answer's signature fits", true, verified.is_ok());
        self.report.compare("payment.status by request", expected, told);
        Ok(())
    }
}
