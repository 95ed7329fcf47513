//! Alfa-Click, seed 004.

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale, over};
use serde_json::json;

use super::{alfa_callback, assert_shape};
use crate::support::{Provider, World, browser, order_id};

on_both_databases! {
    a_sale_is_paid_on_the_banks_page,
    the_amount_the_payer_and_the_time_decline,
    a_bill_is_paid_without_a_redirect,
    what_the_method_does_not_take_is_told_by_callback,
}

fn a_sale_is_paid_on_the_banks_page(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let sale = over(
        &alfa_sale("EP1bb6-c379", 10_000),
        &json!({"return_url": {"success": "https://shop.example/ok"}}),
    );
    let request = merchant.accepted(node, ALFA_SALE, &sale);

    let redirect = shop.wait_status("EP1bb6-c379", "awaiting redirect result");
    let data = redirect.body["redirect_data"].clone();
    let order = order_id(&redirect);
    let url = world.emulators.url(&format!("/checkout/payments/?orderId={order}"));
    let body = json!({"redirectType": "redirect"});
    assert_eq!(data, json!({"body": body, "method": "GET", "url": url}));
    let waiting = ("sale", "awaiting redirect result");
    let awaits = ("9999", "Awaiting processing");
    let mut expected = alfa_callback("awaiting redirect result", waiting, awaits, "EP1bb6-c379");
    expected["redirect_data"] = data.clone();
    expected["operation"]["provider"].as_object_mut().unwrap().remove("date");
    assert_shape(&redirect.body, &expected);
    assert_eq!(redirect.body["operation"]["request_id"], request.as_str());
    assert_eq!(merchant.accepted(node, ALFA_SALE, &sale), request, "the same again");

    let page = browser::follow(&data);
    assert!(page.html.contains("Success") && !page.html.contains("Decline"), "{}", page.html);
    let paid = page.press("pay");
    assert!(paid.html.contains("Оплачено"), "{}", paid.html);
    let back = format!("https://shop.example/ok?orderId={order}&");
    assert!(paid.way_back().starts_with(&back), "{}", paid.way_back());

    let told = shop.wait_status("EP1bb6-c379", "success");
    let success = ("sale", "success");
    let expected = alfa_callback("success", success, ("0", "Success"), "EP1bb6-c379");
    assert_shape(&told.body, &expected);
    for name in ["id", "request_id", "created_date"] {
        assert_eq!(told.body["operation"][name], redirect.body["operation"][name], "{name}");
    }
    assert_eq!(told.body["operation"]["provider"]["payment_id"], order.replace('-', ""));

    assert_eq!(merchant.accepted(node, ALFA_SALE, &sale), request, "the same after the end");
    assert_eq!(shop.about("EP1bb6-c379").len(), 2, "each change is told once");
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 1);
    let page = browser::open(&node.url("/return"));
    assert!(page.html.contains("Платёж обрабатывается"), "{}", page.html);
}

fn the_amount_the_payer_and_the_time_decline(world: &mut World) {
    let cases = [
        ("poor", 40_000, "pay", ("20105", "Insufficient funds on customer account")),
        ("poor-2", 40_400, "pay", ("20105", "Insufficient funds on customer account")),
        ("gone", 10_000, "cancel", ("20301", "Account owner cancelled operation")),
        ("late", 10_000, "", ("20602", "Time-out")),
    ];
    let redirects = cases.map(|(id, amount, ..)| world.alfa_redirected(id, amount));
    for ((id, amount, press, (code, message)), redirect) in cases.iter().zip(&redirects) {
        if press.is_empty() {
            world.emulators.advance_minutes(31);
        } else {
            let page = browser::follow(&redirect.body["redirect_data"]);
            assert_eq!(page.html.contains("Decline"), *amount != 10_000, "{}", page.html);
            page.press(press);
        }
        let told = world.shop.wait_status(id, "decline");
        let mut expected = alfa_callback("decline", ("sale", "decline"), (code, message), id);
        for sum in ["sum_initial", "sum_converted"] {
            expected["operation"][sum]["amount"] = json!(amount);
        }
        expected["payment"]["sum"]["amount"] = json!(amount);
        assert_shape(&told.body, &expected);
        assert_eq!(world.shop.about(id).len(), 2, "{id}");
    }
    let totals = world.emulators.totals();
    assert_eq!(totals["rbs"]["RUB"]["charges"], 0, "{totals}");
}

fn a_bill_is_paid_without_a_redirect(world: &mut World) {
    let (merchant, shop) = (&world.instructing, &world.shop);
    for id in ["bill-1", "bill-2"] {
        let own = json!({"customer": {"account_id": format!("login-{id}")}});
        let sale = over(&alfa_sale(id, 12_345), &own);
        merchant.accepted(&world.node, ALFA_SALE, &sale);
    }
    let bills = world.emulators.url("/bank/?login=login-bill-1");
    let page = altyn_testkit::harness::eventually("the bill is at the bank", || {
        Some(browser::open(&bills)).filter(|page| page.html.contains("123,45"))
    });
    assert!(!page.html.contains("login-bill-2"), "{}", page.html);
    world.eventually_shown(merchant, "bill-1", "awaiting customer action");
    assert!(shop.callbacks().is_empty(), "nothing is told before the result");

    // The bill lives for seven days; half an hour changes nothing.
    world.emulators.advance_minutes(60);
    let orders = world.emulators.orders(Provider::Rbs);
    let order = orders.iter().find(|order| order["login"] == "login-bill-1").unwrap();
    let id = order["order_id"].as_str().unwrap();
    let fields = [("order", id), ("action", "pay")];
    let paid = altyn_testkit::harness::http::post_form(&bills, &fields).unwrap();
    assert!(paid.text().contains("Оплачено"), "{}", paid.text());

    let told = shop.wait_status("bill-1", "success");
    assert_eq!(told.path, crate::support::INSTRUCTING_CALLBACKS);
    let mut expected = alfa_callback("success", ("sale", "success"), ("0", "Success"), "bill-1");
    expected["project_id"] = json!(3);
    expected["account"]["number"] = json!("login-bill-1");
    expected["payment"]["sum"]["amount"] = json!(12_345);
    expected["operation"]["sum_initial"]["amount"] = json!(12_345);
    expected["operation"]["sum_converted"]["amount"] = json!(12_345);
    assert_shape(&told.body, &expected);
    assert_eq!(shop.callbacks().len(), 1, "only the result is told");

    world.emulators.advance_minutes(8 * 24 * 60);
    let told = shop.wait_status("bill-2", "decline");
    assert_eq!(told.code(), "20602", "{}", told.body);
}

fn what_the_method_does_not_take_is_told_by_callback(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let cases = [
        ("little", 99, "RUB", ("3358", "Operation amount is less than limit", "payment.amount")),
        (
            "euro",
            10_000,
            "EUR",
            ("3023", "Provided currency disabled for Project ID", "payment.currency"),
        ),
    ];
    for (id, amount, currency, (code, message, field)) in cases {
        let own = json!({"payment": {"currency": currency}});
        let wrong = over(&alfa_sale(id, amount), &own);
        let first = merchant.accepted(node, ALFA_SALE, &wrong);
        let told = shop.wait_status(id, "error");
        let errors = json!([{"code": code, "message": message, "field": field}]);
        assert_eq!(told.body["errors"], errors, "{}", told.body);
        assert_eq!(told.operation(), ("sale", "error"), "{}", told.body);
        let document = merchant.status(node, id);
        assert_eq!(document["payment"]["status"], "error", "{document}");
        assert_eq!(document["errors"], errors, "{document}");

        // The same id may be sent again: the same payment with another operation.
        let second = merchant.accepted(node, ALFA_SALE, &alfa_sale(id, 20_000));
        assert_ne!(first, second);
        let redirect = shop.wait_status(id, "awaiting redirect result");
        assert_eq!(redirect.body["payment"]["sum"]["amount"], 20_000, "{}", redirect.body);
        assert!(redirect.body.get("errors").is_none(), "{}", redirect.body);
        assert_eq!(merchant.accepted(node, ALFA_SALE, &alfa_sale(id, 20_000)), second);
        let taken = (400, "3041", "payment.amount");
        merchant.refused(node, ALFA_SALE, &alfa_sale(id, 20_001), taken);
    }
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 2);
}
