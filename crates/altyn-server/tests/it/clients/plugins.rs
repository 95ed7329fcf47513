//! What plugins of shops send to the Gate about a payment by card (ecommpay.md §8), field for
//! field, signed by npm `ecommpay`: the payment itself was begun on the Payment Page.

use altyn_testkit::harness::Merchant;
use serde_json::{Value, json};

use super::page::{CARD, link, paid};
use super::{sent, verified};
use crate::support::World;

on_both_databases! {
    woocommerce_takes_releases_and_returns_money_on_cards,
    other_plugins_return_money_on_cards,
}

const CAPTURE: &str = "/v2/payment/card/capture";
const CANCEL: &str = "/v2/payment/card/cancel";
const REFUND: &str = "/v2/payment/card/refund";
const ANY_REFUND: &str = "/v2/payment/refund";

/// The number by which WooCommerce's plugin names itself.
const WOO: u32 = 18;
/// commercetools.
const COMMERCETOOLS: u32 = 33;

/// WooCommerce: capture and cancel.
fn woo(payment_id: &str, amount: i64) -> Value {
    json!({
        "general": {"payment_id": payment_id},
        "payment": {"amount": amount, "currency": "RUB"},
        "interface_type": {"id": WOO},
    })
}

/// WooCommerce: refund.
fn woo_refund(world: &World, payment_id: &str, amount: i64, id: &str) -> Value {
    json!({
        "general": {
            "payment_id": payment_id,
            "merchant_callback_url": world.shop.url("/?wc-api=wc_ecommpay_refund"),
        },
        "payment": {
            "amount": amount,
            "currency": "RUB",
            "description": format!("Возврат по заказу №{id}"),
            "merchant_refund_id": id,
        },
        "interface_type": {"id": WOO},
    })
}

/// commercetools: refund, whatever the method.
fn commercetools_refund(world: &World, payment_id: &str, amount: i64) -> Value {
    json!({
        "general": {
            "payment_id": payment_id,
            "merchant_callback_url": world.shop.url("/commercetools/callback"),
        },
        "payment": {"amount": amount, "currency": "RUB", "description": "refund"},
        "interface_type": {"id": COMMERCETOOLS},
    })
}

/// Begins a payment of 123.45 roubles by a plugin's link: its own number instead of the library's,
/// and parameters that it adds after signing.
fn begun(world: &World, merchant: &Merchant, payment_id: &str, kind: &str) {
    let set = json!({
        "operationType": kind,
        "cardOperationType": kind,
        "interfaceType": json!({"id": WOO}).to_string(),
    });
    let url = link(world, merchant, payment_id, &set) + "&_plugin_version=5.0.0&_sw=390&_sh=844";
    paid(world, &url, &CARD);
}

/// The same, held.
fn held(world: &World, merchant: &Merchant, payment_id: &str) {
    begun(world, merchant, payment_id, "auth");
    let told = world.shop.wait_status(payment_id, "awaiting capture");
    assert_eq!(told.operation(), ("auth", "success"));
}

fn woocommerce_takes_releases_and_returns_money_on_cards(world: &mut World) {
    let merchant = &world.other;
    let shop = &world.shop;
    let sum = |minor: i64| json!({"amount": minor, "currency": "RUB"});

    held(world, merchant, "woo-1");
    sent(world, merchant, CAPTURE, &woo("woo-1", 12_345));
    let captured = shop.wait_status("woo-1", "success");
    assert_eq!(captured.operation(), ("capture", "success"));
    // The plugin compares it with the order's total.
    assert_eq!(captured.body["payment"]["sum"], sum(12_345));

    sent(world, merchant, REFUND, &woo_refund(world, "woo-1", 2_345, "501"));
    let returned = shop.wait_status("woo-1", "partially refunded");
    assert_eq!(returned.path, "/?wc-api=wc_ecommpay_refund");
    assert_eq!(returned.body["payment"]["merchant_refund_id"], "501");
    assert_eq!(returned.body["payment"]["sum"], sum(10_000));
    sent(world, merchant, REFUND, &woo_refund(world, "woo-1", 10_000, "502"));
    shop.wait_status("woo-1", "refunded");

    held(world, merchant, "woo-2");
    sent(world, merchant, CANCEL, &woo("woo-2", 12_345));
    let released = shop.wait_status("woo-2", "canceled");
    assert_eq!(released.operation(), ("cancel", "success"));
    // The plugin cancels the order only if this is its total.
    assert_eq!(released.body["payment"]["sum"], sum(12_345));

    for callback in shop.callbacks() {
        verified(merchant, &callback);
    }
}

fn other_plugins_return_money_on_cards(world: &mut World) {
    let merchant = &world.other;
    begun(world, merchant, "others-1", "sale");
    world.shop.wait_status("others-1", "success");
    let refund = commercetools_refund(world, "others-1", 2_000);
    sent(world, merchant, ANY_REFUND, &refund);
    let returned = world.shop.wait_status("others-1", "partially refunded");
    assert_eq!(returned.path, "/commercetools/callback");
    assert_eq!(returned.body["payment"]["sum"], json!({"amount": 10_345, "currency": "RUB"}));
    for callback in world.shop.about("others-1") {
        verified(merchant, &callback);
    }
}
