//! Client libraries as their publishers ship them (`clients/`), against the running platform: the
//! Gate here, the Payment Page in [`page`], what plugins send about cards in [`plugins`].

mod page;
mod plugins;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use altyn_testkit::harness::bodies::{
    ALFA_REFUND, ALFA_SALE, CARD_SALE, CLARIFICATION, alfa_sale, card_sale_to_clarify, over,
    partial_refund,
};
use altyn_testkit::harness::{Callback, Merchant, accounts};
use serde_json::{Value, json};

use crate::support::{Emulators, Provider, World, order_id};

on_both_databases! {
    a_shop_with_the_npm_library_sells_and_refunds,
}

fn clients() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients");
    let installed = folder.join("node_modules").exists();
    assert!(installed, "the client libraries are not installed: run scripts/setup.sh");
    folder
}

/// Runs a program of `clients/` with `given` on its standard input; what it prints.
fn run(program: &str, given: &Value) -> Value {
    let mut child = Command::new("node")
        .arg(clients().join(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js is there: run scripts/setup.sh");
    child.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} failed on {given}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Signs with the library, posts, and gives the answer, which must be an acceptance.
fn sent(world: &World, merchant: &Merchant, path: &str, body: &Value) -> Value {
    let mut body = body.clone();
    body["general"]["project_id"] = json!(merchant.project);
    let url = world.node.url(path);
    let told =
        run("ecommpay-gate.mjs", &json!({"secret": merchant.secret, "url": url, "body": body}));
    assert_eq!(
        (&told["status"], &told["answer"]["status"]),
        (&json!(200), &json!("success")),
        "{told}"
    );
    told["answer"].clone()
}

fn a_shop_with_the_npm_library_sells_and_refunds(world: &mut World) {
    let (merchant, shop) = (&world.merchant, &world.shop);
    let words = json!({
        "customer": {"first_name": "Иван", "last_name": "Ёжик", "save": true},
        "payment": {"description": "Оплата заказа №5 🚀, чай"},
        "receipt_data": {"positions": [{"quantity": "10", "amount": "108"}, {"quantity": "1"}]},
    });
    sent(world, merchant, ALFA_SALE, &over(&alfa_sale("npm-1", 10_000), &words));
    let redirect = shop.wait_status("npm-1", "awaiting redirect result");
    world.emulators.press(Provider::Rbs, &order_id(&redirect), "pay");
    shop.wait_status("npm-1", "success");
    sent(world, merchant, ALFA_REFUND, &partial_refund("npm-1", 3_000));
    shop.wait_status("npm-1", "partially refunded");
    sent(world, merchant, ALFA_REFUND, &partial_refund("npm-1", 7_001));
    shop.wait_for("the declined refund", |told| told.code() == "3283");

    // A secret outside ASCII, a payment that is refused, one that lacks data.
    sent(world, &world.other, ALFA_SALE, &alfa_sale("npm-2", 1));
    shop.wait_status("npm-2", "error");
    sent(world, &world.other, CARD_SALE, &card_sale_to_clarify("npm-3", 1_000));
    shop.wait_status("npm-3", "awaiting clarification");
    let customer = json!({"phone": "254712375678", "email": "a@example.com"});
    let data =
        json!({"general": {"payment_id": "npm-3"}, "additional_data": {"customer": customer}});
    sent(world, &world.other, CLARIFICATION, &data);
    shop.wait_status("npm-3", "awaiting redirect result");

    let told = shop.callbacks();
    assert_eq!(told.len(), 7, "{told:?}");
    for callback in told {
        let project = callback.body["project_id"].as_u64().unwrap();
        let ours = project == u64::from(merchant.project);
        verified(if ours { merchant } else { &world.other }, &callback);
    }
}

/// The library's class for callbacks takes this one, and reads in it what it says.
fn verified(merchant: &Merchant, callback: &Callback) {
    let body = String::from_utf8(callback.bytes.clone()).unwrap();
    let read = run("ecommpay-callback.mjs", &json!({"secret": merchant.secret, "body": body}));
    let expected = json!({
        "valid": true,
        "payment_id": callback.payment_id(),
        "payment_status": callback.status(),
        "success": callback.status() == "success",
    });
    assert_eq!(read, expected, "{body}");
}

#[test]
fn a_shop_with_the_npm_library_of_the_bank_drives_the_emulator() {
    let emulators = Emulators::bind().serve("http://127.0.0.1:1/nobody");
    let shop = |more: Value| {
        let base = emulators.url("/payment/rest/");
        let own = json!({
            "base_url": base,
            "user": accounts::RBS_USER,
            "password": accounts::RBS_PASSWORD,
            "return_url": "https://shop.example/back",
        });
        run("sberbank-drive.mjs", &over(&own, &more))
    };
    let registered = shop(json!({"order_number": "A-7", "amount": 123.45, "description": "чай"}));
    assert_eq!(registered["ok"], true, "{registered}");
    let id = registered["order_id"].as_str().unwrap();
    let again = shop(json!({"order_number": "A-7", "amount": 123.45}));
    assert_eq!(
        (&again["ok"], again["code"].to_string().contains('1')),
        (&json!(false), true),
        "{again}"
    );
    let status = |expected: Value| {
        let told = shop(json!({"step": "status", "order_id": id}));
        assert_eq!(told["order_status"], expected, "{told}");
    };
    status(json!(0));
    let page = crate::support::browser::open(registered["form_url"].as_str().unwrap());
    assert!(page.html.contains("123,45"), "{}", page.html);
    page.choose();
    emulators.press(Provider::Rbs, id, "pay");
    status(json!(2));
    let refunded = shop(json!({"step": "refund", "order_id": id, "amount": 23}));
    assert_eq!(refunded["ok"], true, "{refunded}");
    status(json!(4));
    let too_much = shop(json!({"step": "refund", "order_id": id, "amount": 1_000}));
    assert_eq!(too_much["ok"], false, "{too_much}");
    let order = emulators.order(Provider::Rbs, "A-7");
    assert_eq!(
        (&order["amount_minor"], &order["refunded_minor"]),
        (&json!(12_345), &json!(2_300)),
        "{order}"
    );
    let unknown = shop(json!({"step": "status", "order_number": "no such order"}));
    assert_eq!(unknown["order_status"], Value::Null, "{unknown}");
}
