//! How merchants are told besides the callbacks of ECommPay: by letters, and in the words of
//! PayKeeper; and what the payment's status says of it.

mod letters;
mod paykeeper;

use altyn_testkit::harness::{Merchant, ProjectSpec, eventually, http};
use serde_json::Value;

use crate::page::link::Link;
use crate::page::payer::{Page, Payer};
use crate::support::{World, listed_status};

/// A test card that pays without 3-D Secure.
const GOOD: &str = "4000000000000077";
/// The bank declines it.
const DECLINED: &str = "4111111111111111";

/// A further project of a running node, which retries three times at once and once a second later.
fn merchant(world: &World, id: u32, callback_url: &str, more: &[&str]) -> Merchant {
    let merchant = Merchant::new(id, "секрет № 5");
    let more = more.iter().map(|argument| (*argument).to_owned()).collect();
    let project = ProjectSpec::test(id, &merchant.secret, callback_url);
    world.setup.add_project(&ProjectSpec { retry_pauses: "0,0,1".to_owned(), more, ..project });
    let known = world.node.url(&link(&merchant, "unused").path(&merchant.secret));
    eventually("the node knows the project", || {
        http::get(&known).ok().filter(|answer| answer.status == 200)
    });
    merchant
}

/// A link for 1234 roubles and a half.
fn link(merchant: &Merchant, payment_id: &str) -> Link {
    Link::new(merchant.project, payment_id, 123_450, "RUB")
        .with("payment_description", "Кофе и чай")
        .with("customer_email", "payer@example.org")
}

/// The payer pays the link by this card.
fn pay(world: &World, merchant: &Merchant, payment_id: &str, card: &str) -> Page {
    let address = world.node.url(&link(merchant, payment_id).path(&merchant.secret));
    let page = Payer::of(&world.node.url("")).open(&address);
    page.submit(&page.card(card))
}

/// What is owed, delivered or given up about a payment.
fn callbacks(world: &World, merchant: &Merchant, payment_id: &str) -> Vec<Value> {
    let project = merchant.project.to_string();
    let arguments = ["callbacks", "list", "--project", &project, "--payment", payment_id, "--json"];
    let rows = world.setup.cli(&arguments).done().json();
    rows.as_array().unwrap().clone()
}

/// Waits until the only callback about a payment, and the payment's status with it, come to this.
fn comes_to(world: &World, whose: (&Merchant, &str), state: &str, status: &str) -> Value {
    let (merchant, payment_id) = whose;
    let what = format!("the word about {payment_id:?} is {state}, the payment {status}");
    eventually(&what, || {
        let rows = callbacks(world, merchant, payment_id);
        assert!(rows.len() < 2, "{rows:?}");
        let row = rows.first().filter(|row| row["state"] == state)?;
        let listed = listed_status(&world.setup, merchant.project, payment_id)?;
        (listed == status).then(|| row.clone())
    })
}

/// `altyn callbacks show`: every try of a callback.
fn tries(world: &World, callback: &Value) -> String {
    world.setup.cli(&["callbacks", "show", &callback["id"].to_string()]).done().stdout
}

/// Sends it again by hand.
fn resend(world: &World, callback: &Value) {
    world.setup.cli(&["callbacks", "resend", &callback["id"].to_string()]).done();
}
