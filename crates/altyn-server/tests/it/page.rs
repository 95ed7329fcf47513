//! The Payment Page as shops and payers meet it: links, forms, 3-D Secure, banks' pages, news, and
//! the books behind them.
//!
//! A [`payer`] reads and follows what the pages have in them and nothing else; every page of ours
//! that is met is held to the rules of [`payer::Page`]: its policy, no script or style inside, no
//! card number.

mod card;
mod clock;
mod entry;
pub mod html;
pub mod link;
mod lost;
mod news;
mod once;
mod opening;
pub mod payer;
mod places;
mod refusals;
mod secure;
mod ways;

use altyn_testkit::harness::{Callback, Merchant};
use serde_json::Value;

use crate::support::{Provider, World};
use link::Link;
use payer::{Page, Payer};

/// A test card that pays without 3-D Secure.
const GOOD: &str = "4000000000000077";
/// One more.
const OTHER: &str = "5126160000356675";
/// The bank declines it.
const DECLINED: &str = "4111111111111111";

/// The payer of this world's node.
fn payer(world: &World) -> Payer {
    Payer::of(&world.node.url(""))
}

/// A link of the first project for 100 roubles, with ways back to the shop.
fn link(world: &World, payment_id: &str) -> Link {
    Link::new(world.merchant.project, payment_id, 10_000, "RUB")
        .with("merchant_success_url", &world.shop.url("/thanks"))
        .with("merchant_fail_url", &world.shop.url("/sorry"))
        .with("merchant_return_url", &world.shop.url("/cart"))
}

/// Opens the first project's link, which must lead to the choice of methods.
fn choice(world: &World, link: &Link) -> Page {
    choice_of(world, &world.merchant, link)
}

fn choice_of(world: &World, merchant: &Merchant, link: &Link) -> Page {
    let page = payer(world).open(&world.node.url(&link.path(&merchant.secret)));
    assert_eq!((page.status, page.state().as_str()), (200, "choose"), "{}", page.html);
    page
}

/// Opens the link and pays by this card.
fn pay_by(world: &World, link: &Link, number: &str) -> Page {
    let page = choice(world, link);
    page.submit(&page.card(number))
}

/// Times that the gateway took money.
fn charges(world: &World) -> u64 {
    let orders = world.emulators.orders(Provider::Rbs);
    orders.iter().map(|order| order["charges"].as_u64().unwrap()).sum()
}

/// Whether the project has no such payment (an unknown one is told by code 3061).
fn is_unknown(world: &World, merchant: &Merchant, payment_id: &str) -> bool {
    merchant.status(&world.node, payment_id)["errors"][0]["code"] == "3061"
}

/// What is under way and what is done, in words: `sale decline 10000`.
fn operations(document: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let operations = document["operations"].as_array().unwrap();
    operations
        .iter()
        .map(|own| [text(&own["type"]), text(&own["status"]), text(&own["code"])].join(" "))
        .collect()
}

/// What the shop was told of a payment, in words, in the order it came.
fn told(world: &World, payment_id: &str) -> Vec<String> {
    let words = |told: &Callback| {
        let (kind, status) = told.operation();
        format!("{}: {kind} {status} {}", told.status(), told.code())
    };
    world.shop.about(payment_id).iter().map(words).collect()
}

/// The payer goes where the page's way back leads; the shop must see him there.
fn comes_back(world: &World, page: &Page, path: &str) {
    let back = page.way_back();
    assert_eq!(back, world.shop.url(path), "{}", page.html);
    altyn_testkit::harness::http::get(&back).unwrap();
    world.shop.wait_for("the payer comes back", |told| told.path == path);
}
