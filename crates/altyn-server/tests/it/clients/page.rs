//! Links to the Payment Page that npm `ecommpay` makes: they open it, a changed one does not, and
//! what is paid behind them is told in callbacks that the same package verifies.

use altyn_testkit::harness::bodies::over;
use altyn_testkit::harness::http::{self, Answer};
use altyn_testkit::harness::{Callback, Merchant};
use serde_json::{Value, json};

use super::{run, verified};
use crate::support::browser::{self, Page};
use crate::support::{Provider, World};

on_both_databases! {
    links_of_the_npm_library_open_the_page,
    a_changed_link_opens_nothing,
    what_is_paid_behind_a_link_is_told_to_the_library,
}

/// A card that pays without a question.
pub const CARD: [(&str, &str); 5] = [
    ("method", "card"),
    ("card_number", "4000 0000 0000 0077"),
    ("card_expiry", "12/39"),
    ("card_cvc", "123"),
    ("card_holder", "IVAN PETROV"),
];

/// A link of the library to a payment of 123.45 roubles, with more set on its object.
pub fn link(world: &World, merchant: &Merchant, payment_id: &str, more: &Value) -> String {
    let set = json!({
        "paymentId": payment_id,
        "paymentAmount": 12_345,
        "paymentCurrency": "RUB",
        "customerId": "customer1",
    });
    made(world, merchant, &json!({"set": over(&set, more)}))
}

fn made(world: &World, merchant: &Merchant, told: &Value) -> String {
    let who = json!({
        "secret": merchant.secret,
        "base_url": world.node.url(""),
        "project_id": merchant.project,
    });
    run("ecommpay-page.mjs", &over(&who, told))["url"].as_str().unwrap().to_owned()
}

/// Opens a link and pays by what `entered` says, as the page's own form would; gives the address
/// of the payment's page.
pub fn paid(world: &World, link: &str, entered: &[(&str, &str)]) -> String {
    let page = browser::open(link);
    let hidden = hidden_link(&page);
    let fields = [&[("link", hidden.as_str())], entered].concat();
    let answer = http::post_form(&world.node.url("/payment/pay"), &fields).unwrap();
    assert_eq!(answer.status, 303, "{}", answer.text());
    world.node.url(answer.header("location").unwrap())
}

fn hidden_link(page: &Page) -> String {
    let before = r#"name="link" value=""#;
    let (_, rest) = page.html.split_once(before).unwrap_or_else(|| panic!("{}", page.html));
    let (value, _) = rest.split_once('"').unwrap();
    value.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\"")
}

/// A method's button, and the sentence about money that is only held.
const TILE: &str = r#"value="alfa-click""#;
const HELD: &str = "Сейчас сумма будет удержана на карте";

/// What is set on the library's object, what the page then shows, and what it does not.
type Setters = (Value, &'static [&'static str], &'static [&'static str]);

/// The families of setters that the page shows something of.
fn shown_setters() -> Vec<Setters> {
    vec![
        (json!({}), &[TILE, r#"value="card""#, r#"lang="ru""#], &[HELD]),
        (
            json!({"paymentDescription": "Заказ №5: чай & «кофе» 🚀, 100 % = всё?"}),
            &["Заказ №5: чай &#38; «кофе» 🚀, 100 % = всё?"],
            &[],
        ),
        (json!({"forcePaymentMethod": "card"}), &["card_number"], &[TILE]),
        (json!({"hide": "card"}), &["customer_account_number"], &["card_number"]),
        (json!({"languageCode": "en", "regionCode": "RU"}), &[r#"lang="en""#, "Order"], &[]),
        (
            json!({
                "merchantSuccessUrl": "https://shop.example/оплачено?a=1&b=2",
                "merchantFailUrl": "https://shop.example/fail",
                "merchantReturnUrl": "https://shop.example/basket?a=1&b=2",
                "merchantSuccessEnabled": 2,
            }),
            &["https://shop.example/basket?a=1&#38;b=2"],
            &[],
        ),
        (json!({"bestBefore": "2055-05-05T00:00:00"}), &["Оплатить до", "<time"], &[]),
        (json!({"cardOperationType": "auth"}), &[HELD], &[]),
        (json!({"operationType": "auth", "cardOperationType": "auth"}), &[HELD], &[]),
        (json!({"operationType": "sale", "mode": "purchase"}), &[], &[HELD]),
        (
            json!({"customerAccountNumber": "логин"}),
            &["Перейти к оплате"],
            &[r#"name="customer_account_number""#],
        ),
        (json!({"frameMode": "popup", "targetElement": "place"}), &["data-frame"], &[]),
    ]
}

/// The families that it takes without a word.
fn silent_setters() -> Vec<Value> {
    let booking = "eyJmaXJzdF9uYW1lIjoiSm9lIiwic3VybmFtZSI6IkRvZSIsInN0YXJ0X2RhdGUiOiIyMS0wMS0yMDI1\
                   IiwiZW5kX2RhdGUiOiIyMi0wMS0yMDI1In0=";
    let receipt = "eyJwb3NpdGlvbnMiOlt7InF1YW50aXR5IjoiMTAiLCJhbW91bnQiOiIxMDgifV19";
    vec![
        json!({"merchantCallbackUrl": "https://shop.example/?wc-api=altyn&a=чай"}),
        json!({
            "redirectSuccessUrl": "https://shop.example/ok",
            "redirectSuccessMode": "parent_page",
            "redirectFailUrl": "http://localhost:3000/fail",
        }),
        json!({"recurringRegister": true, "redirect": false}),
        json!({"recurring": r#"{"register":true,"type":"U"}"#}),
        json!({"receiptData": receipt, "bookingInfo": booking}),
        json!({"cashVoucherData": {"positions": [{"name": "чай", "quantity": 1}]}}),
        json!({"cashierPredefinedAmounts": [100, 200], "terminalId": 7}),
        json!({"paymentMethodsOptions": r#"{"x":{"split_banks":true}}"#}),
        json!({
            "customerFirstName": "Иван",
            "customerLastName": "Ёжик",
            "customerMiddleName": "Петрович",
            "customerPhone": "+7 (916) 123-45-67",
            "customerEmail": "payer@example.com",
            "customerCountry": "RU",
            "customerCity": "Москва",
            "customerZip": "101000",
            "customerDayOfBirth": "05-05-1975",
            "billingAddress": "ул. Пушкина, дом № 3",
        }),
    ]
}

fn links_of_the_npm_library_open_the_page(world: &mut World) {
    let merchant = &world.other;
    let silent = silent_setters().into_iter().map(|set| -> Setters { (set, &[], &[]) });
    for (number, (set, shown, absent)) in shown_setters().into_iter().chain(silent).enumerate() {
        let url = link(world, merchant, &format!("open-{number}"), &set);
        let html = browser::open(&url).html;
        let sum = if set["languageCode"] == "en" { "123.45" } else { "123,45" };
        for text in [&[sum], shown].concat() {
            assert!(html.contains(text), "no {text:?} for {set}: {html}");
        }
        for text in absent {
            assert!(!html.contains(text), "{text:?} for {set}: {html}");
        }
    }
    // By the constructor's own object instead, with a sum in shillings for the partner.
    let config = json!({
        "payment_id": "open-config",
        "payment_amount": 9_900,
        "payment_currency": "KES",
        "customer_id": "customer1",
        "force_payment_method": "card-partner",
    });
    let html = browser::open(&made(world, merchant, &json!({"config": config}))).html;
    assert!(html.contains("99,00") && html.contains("customer_phone"), "{html}");
    nothing_is_registered(world, merchant, "open-0");
}

fn a_changed_link_opens_nothing(world: &mut World) {
    let merchant = &world.other;
    let set = json!({"paymentDescription": "Оплата чая", "frameMode": "popup"});
    let url = link(world, merchant, "changed", &set);
    for (was, is) in [
        ("payment_amount=12345", "payment_amount=12346"),
        // The last letter of the description.
        ("%D1%8F&", "%D1%8E&"),
        ("payment_currency=RUB", "payment_currency=KZT"),
        ("customer_id=customer1", "customer_id=customer2"),
        ("payment_id=changed", "payment_id=change"),
    ] {
        let changed = url.replacen(was, is, 1);
        assert_ne!(changed, url, "{was}");
        assert_eq!(refusal(world, &browser::get(&changed)), "3261", "{changed}");
    }
    let (unsigned, _) = url.split_once("&signature=").unwrap();
    assert_eq!(refusal(world, &browser::get(unsigned)), "3262");
    let other = Merchant { secret: "of somebody else".to_owned(), ..merchant.clone() };
    let foreign = link(world, &other, "changed", &set);
    assert_eq!(refusal(world, &browser::get(&foreign)), "3261");
    // Nobody signs where the page is shown.
    browser::open(&url.replacen("frame_mode=popup", "frame_mode=iframe", 1));
    nothing_is_registered(world, merchant, "changed");
}

/// A page that was only opened leaves no payment and tells nobody.
fn nothing_is_registered(world: &World, merchant: &Merchant, payment_id: &str) {
    let told = merchant.status(&world.node, payment_id);
    assert_eq!(told["errors"][0]["code"], "3061", "{told}");
    assert!(world.shop.callbacks().is_empty());
}

/// The code of the protocol behind the code of a page that was refused.
fn refusal(world: &World, answer: &Answer) -> String {
    let html = answer.text();
    assert_eq!(answer.status, 400, "{html}");
    assert!(html.contains("Деньги не списаны") && !html.contains("123,4"), "{html}");
    let (_, rest) = html.split_once(r#"<code id="sealed">"#).unwrap_or_else(|| panic!("{html}"));
    let (sealed, _) = rest.split_once("</code>").unwrap();
    let sealed: String = sealed.replace("<span>", "").replace("</span>", "").replace("<wbr>", "");
    let said = world.setup.cli(&["explain", "--english", &sealed]).done().stdout;
    let codes = ["3261", "3262"].into_iter().filter(|code| said.contains(code));
    codes.collect::<Vec<_>>().join(", ")
}

fn what_is_paid_behind_a_link_is_told_to_the_library(world: &mut World) {
    let merchant = &world.other;
    let words = json!({
        "paymentDescription": "Заказ №5 🚀, чай",
        "customerFirstName": "Иван",
        "customerPhone": "+7 916 123-45-67",
        "recurringRegister": true,
        "languageCode": "ru",
    });
    let url = link(world, merchant, "page-card", &words);
    let page = paid(world, &url, &CARD);
    let told = world.shop.wait_status("page-card", "success");
    assert_eq!(told.body["payment"]["description"], "Заказ №5 🚀, чай");
    assert_eq!(told.body["payment"]["sum"], json!({"amount": 12_345, "currency": "RUB"}));
    // From now on the link leads to the payment.
    let again = browser::get(&url);
    assert_eq!(again.status, 303);
    let own = page.replace("?go=1", "");
    assert_eq!(world.node.url(again.header("location").unwrap()), own);
    assert!(browser::open(&own).html.contains("123,45"));

    let declined = link(world, merchant, "page-declined", &words);
    paid(world, &declined, &over_card("4111111111111111"));
    world.shop.wait_status("page-declined", "decline");

    let alfa = json!({"forcePaymentMethod": "alfa-click", "paymentAmount": 20_000});
    let bank = link(world, merchant, "page-bank", &alfa);
    paid(world, &bank, &[("method", "alfa-click"), ("customer_account_number", "account1")]);
    // The page itself leads to the bank, so the shop is told nothing of it.
    world.eventually_shown(merchant, "page-bank", "awaiting redirect result");
    let orders = world.emulators.orders(Provider::Rbs);
    let order = orders.iter().find(|order| order["amount_minor"] == 20_000).unwrap();
    world.emulators.press(Provider::Rbs, order["order_id"].as_str().unwrap(), "pay");
    world.shop.wait_status("page-bank", "success");

    let told: Vec<Callback> = world.shop.callbacks();
    assert_eq!(told.len(), 3, "{told:?}");
    for callback in &told {
        verified(merchant, callback);
    }
}

fn over_card(number: &'static str) -> [(&'static str, &'static str); 5] {
    CARD.map(|(name, value)| (name, if name == "card_number" { number } else { value }))
}
