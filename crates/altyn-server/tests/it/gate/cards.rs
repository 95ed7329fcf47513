//! Cards through the Gate as a merchant's server meets them: paid, declined, authenticated, held.
//!
//! The shop here does what ecommpay.md §3.8 asks of it: it shows the hidden frame and the bank's
//! page of the emulator, and passes on what the browser brought back.

mod fields;
mod holds;
mod races;
mod sales;
mod secure;
mod tables;

use altyn_testkit::harness::Callback;
use altyn_testkit::harness::cards::{self, AUTH, CHECK_IFRAME, RESULT};
use serde_json::Value;

use crate::page::payer::{Page, Payer};
use crate::support::{Provider, World};

/// Any code but [`WRONG`] is right at the emulator's bank.
pub const RIGHT: &str = "12345";
/// The code that fails.
const WRONG: &str = "0000";

/// What a payment by card asks of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To show the hidden frame.
    Frame,
    /// To send the payer to the bank, by 3-D Secure 2.
    Challenge,
    /// The same by 3-D Secure 1.
    Legacy,
}

fn step_of(told: &Callback) -> Option<Step> {
    let (second, first) = (&told.body["threeds2"], &told.body["acs"]);
    let steps = [
        (second["iframe"].is_object(), Step::Frame),
        (second["redirect"].is_object(), Step::Challenge),
        (first.is_object(), Step::Legacy),
    ];
    let mut asked = steps.iter().filter(|(is, _)| *is).map(|(_, step)| *step);
    let step = asked.next();
    assert!(asked.next().is_none(), "one step at a time: {}", told.body);
    step
}

/// The callback about a payment that comes next after `before` others.
fn next(world: &World, payment_id: &str, before: usize) -> Callback {
    let what = format!("callback {} about {payment_id}", before + 1);
    let told = world.shop.wait_count(&what, before + 1, |told| told.payment_id() == payment_id);
    told[before].clone()
}

/// Accepts a payment and does what is asked for, up to its end: the steps, and the last callback.
pub fn pay(world: &World, path: &str, body: &Value, code: &str) -> (Vec<Step>, Callback) {
    let id = body["general"]["payment_id"].as_str().unwrap();
    world.merchant.accepted(&world.node, path, body);
    let mut steps = Vec::new();
    loop {
        let told = next(world, id, steps.len());
        let Some(step) = step_of(&told) else { return (steps, told) };
        assert_eq!(told.status(), "awaiting 3ds result", "{}", told.body);
        assert_eq!(told.operation().1, "awaiting 3ds result", "{}", told.body);
        assert_eq!(told.code(), "9999", "{}", told.body);
        steps.push(step);
        let (path, answer) = answer_to(world, &told, step, code);
        world.merchant.accepted(&world.node, path, &answer);
    }
}

/// Does in the browser what a callback asks for; gives what the shop must pass on.
fn answer_to(world: &World, told: &Callback, step: Step, code: &str) -> (&'static str, Value) {
    let id = told.payment_id();
    match step {
        Step::Frame => {
            look(world, told);
            (CHECK_IFRAME, cards::frame_shown(id))
        }
        Step::Challenge => {
            let cres = challenge(world, told, code);
            (RESULT, cards::challenge_answer(id, &cres))
        }
        Step::Legacy => {
            let (pa_res, md) = legacy(world, told, code);
            (RESULT, cards::legacy_answer(id, &pa_res, &md))
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text expected: {value}")).to_owned()
}

/// The hidden frame goes to the bank and comes back.
fn look(world: &World, told: &Callback) {
    let frame = &told.body["threeds2"]["iframe"];
    let data = text(&frame["params"]["threeDSMethodData"]);
    assert_eq!(frame["params"]["3DSMethodData"], data.as_str(), "{frame}");
    let fields = [("threeDSMethodData".to_owned(), data)];
    let page = Payer::of(&world.node.url("")).post(&text(&frame["url"]), &fields);
    let looked = page.submit(&page.form(|form| form.tag.get("id") == Some("return")));
    assert_eq!(looked.status, 200, "{}", looked.html);
}

/// The payer enters a code at the bank; gives the `cres` that comes back.
fn challenge(world: &World, told: &Callback, code: &str) -> String {
    let asked = &told.body["threeds2"]["redirect"];
    let params = asked["params"].as_object().unwrap();
    let fields: Vec<_> = params.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let page = Payer::of(&world.node.url("")).post(&text(&asked["url"]), &fields);
    let back = entered(&page, code);
    let form = back.form(|form| form.tag.get("id") == Some("return"));
    assert_eq!(form.action, cards::BACK_FROM_BANK);
    form.get("cres").unwrap().to_owned()
}

/// The same by 3-D Secure 1: `PaRes` and `MD`.
fn legacy(world: &World, told: &Callback, code: &str) -> (String, String) {
    let acs = &told.body["acs"];
    assert_eq!(acs["term_url"], cards::BACK_FROM_BANK, "{acs}");
    let names = [("PaReq", "pa_req"), ("MD", "md"), ("TermUrl", "term_url")];
    let fields = names.map(|(field, own)| (field.to_owned(), text(&acs[own])));
    let page = Payer::of(&world.node.url("")).post(&text(&acs["acs_url"]), &fields);
    let back = entered(&page, code);
    let form = back.form(|form| form.tag.get("id") == Some("return"));
    assert_eq!(form.action, cards::BACK_FROM_BANK);
    let field = |name: &str| form.get(name).unwrap().to_owned();
    (field("PaRes"), field("MD"))
}

fn entered(page: &Page, code: &str) -> Page {
    let question = page.form(|form| form.get("code").is_some());
    let back = page.submit(&question.filled(&[("code", code)]).pressed("confirm"));
    assert_eq!(back.status, 200, "{}", back.html);
    back
}

/// A hold on a good card; gives its callback.
fn held(world: &World, payment_id: &str, amount: i64) -> Callback {
    let body = cards::payment(payment_id, amount, cards::GOOD);
    let (steps, told) = pay(world, AUTH, &body, RIGHT);
    assert_eq!((steps.len(), told.operation()), (0, ("auth", "success")), "{}", told.body);
    assert_eq!((told.status(), told.code()), ("awaiting capture", "0"), "{}", told.body);
    told
}

/// The shop asks for something about a payment, and is told how it ended.
fn asked(world: &World, path: &str, body: &Value) -> Callback {
    let request = world.merchant.accepted(&world.node, path, body);
    told_of(world, &request)
}

/// The end of a request.
fn told_of(world: &World, request: &str) -> Callback {
    world.shop.wait_for(&format!("the end of request {request}"), |told| {
        let operation = &told.body["operation"];
        let ends = ["success", "decline"];
        operation["request_id"] == request && ends.contains(&told.operation().1)
    })
}

/// The gateway's order of a payment.
pub fn order_of(world: &World, told: &Callback) -> Value {
    let id = text(&told.body["operation"]["provider"]["payment_id"]);
    let orders = world.emulators.orders(Provider::Rbs);
    let same = |order: &&Value| text(&order["order_id"]).replace('-', "") == id;
    orders.iter().find(same).unwrap_or_else(|| panic!("no order {id} in {orders:?}")).clone()
}

/// Some sums of the gateway's order, minor units.
pub fn sums(order: &Value, names: &[&str]) -> Vec<i64> {
    names.iter().map(|name| order[*name].as_i64().unwrap_or_else(|| panic!("{order}"))).collect()
}

/// Status of a payment, operation with its status, code.
fn outcome(told: &Callback) -> (&str, (&str, &str), &str) {
    (told.status(), told.operation(), told.code())
}
