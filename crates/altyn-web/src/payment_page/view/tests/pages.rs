//! The screens as the tests show them.

use altyn_domain::card::CardBrand;
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::reason::Reason;
use altyn_domain::time::{DAY_MS, MINUTE_MS, Timestamp};
use askama::Template;

use super::super::*;

/// What shops and payers may have typed.
pub struct Texts {
    shop: &'static str,
    support: &'static str,
    description: &'static str,
    order: &'static str,
    login: &'static str,
    code: &'static str,
    result: &'static str,
    minor: i64,
}

pub const PLAIN: Texts = Texts {
    shop: "Книжный магазин «Полка»",
    support: "help@polka.example",
    description: "Заказ книг: 3 шт., доставка курьером",
    order: "A-2026-00417",
    login: "ivanov_ivan",
    code: "20105",
    result: r#"{"payment":{"id":"A-2026-00417","status":"success"}}"#,
    minor: 123_450,
};

pub const ENGLISH: Texts = Texts {
    shop: "Shelf Books",
    support: "+7 495 123-45-67",
    description: "Three books, delivered",
    ..PLAIN
};

pub const HOSTILE: Texts = Texts {
    shop: "<script>alert('1')</script> ООО «ОченьДлинноеНазваниеБезЕдиногоПробелаКотороеНеПомещаетсяВСтроку» 🏴‍☠️ & \"Co\"",
    support: "\"><img src=x onerror=\"alert(1)\">@example.com",
    description: "'><b onmouseover=\"alert(1)\">Ж</b> Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft 🧾🧾🧾",
    order: "\"><script>alert(1)</script>-0123456789012345678901234567890123456789012345678901234567890123456789",
    login: "<img src=x onerror=\"alert(1)\">_очень_длинный_логин_без_пробелов_0123456789",
    code: "<script>",
    result: "{\"x\":\"\\\"><script>alert(1)</script>\"}",
    minor: 123_456_789_012,
};

const NOW: Timestamp = Timestamp::from_millis(1_795_345_510_000);
const CODE: &str = "v1.k3Qm9xZ0aB7cD2eF5gH8iJ1kL4mN6oP-qR_sT3uV0wX9yZ2aB5cD8eF1gH4iJ7kL0mN3oP6qR9sT2uV5wX8yZ1aB4cD7eF0gH3";

fn href(address: &'static str) -> Href<'static> {
    Href::new(address).unwrap()
}

fn frame(lang: Lang, texts: &'static Texts) -> Frame<'static> {
    Frame {
        lang,
        other_language: Some(href(lang.pick("?lang=en", "?lang=ru"))),
        shop: Some(Shop { name: texts.shop, support: Some(texts.support) }),
        test: false,
        style: href("/static/pay.css"),
        script: href("/static/pay.js"),
        framed: false,
        result: Some(texts.result),
    }
}

fn bill(texts: &'static Texts) -> Bill<'static> {
    let amount = Amount::new(texts.minor, Currency::RUB).unwrap();
    Bill { amount, description: texts.description, order: texts.order }
}

fn post() -> Post<'static> {
    Post { action: href("/pay/8f3c"), hidden: &[("token", "\"><script>"), ("lang", "ru")] }
}

fn offers(texts: &'static Texts) -> &'static [Offer<'static>] {
    vec![
        Offer::Card,
        Offer::AlfaClick { login: Some(texts.login), phone: None, by_bill: false },
        Offer::CardPartner { phone: Some(""), email: Some("") },
    ]
    .leak()
}

fn choose(lang: Lang, texts: &'static Texts) -> Choose<'static> {
    Choose {
        frame: frame(lang, texts),
        bill: bill(texts),
        post: post(),
        offers: offers(texts),
        chosen: None,
        hold: false,
        declined: None,
        errors: &[],
        until: None,
        back: Some(href("https://shop.example/cart")),
    }
}

fn choices(lang: Lang, texts: &'static Texts) -> Vec<(&'static str, String)> {
    let plain = || choose(lang, texts);
    let decline = |reason| Some(Decline { reason, code: texts.code });
    let test = Frame { test: true, ..frame(lang, texts) };
    let screens = [
        ("choose", plain()),
        ("choose-test", Choose { frame: test, chosen: Some(Method::AlfaClick), ..plain() }),
        ("choose-partner", Choose { chosen: Some(Method::CardPartner), ..plain() }),
        ("choose-one", Choose { offers: &[Offer::Card], back: None, ..plain() }),
        (
            "choose-hold",
            Choose {
                offers: &[Offer::Card],
                hold: true,
                until: Some(NOW.plus_millis(DAY_MS)),
                ..plain()
            },
        ),
        (
            "choose-bill",
            Choose {
                offers: &[Offer::AlfaClick { login: Some(""), phone: Some(""), by_bill: true }],
                ..plain()
            },
        ),
        ("choose-again", Choose { declined: decline(Reason::InsufficientFunds), ..plain() }),
        (
            "choose-errors",
            Choose {
                errors: &[
                    FieldError { field: Field::CardNumber, fault: Fault::Wrong },
                    FieldError { field: Field::CardExpiry, fault: Fault::Expired },
                    FieldError { field: Field::CardCvc, fault: Fault::Missing },
                ],
                ..plain()
            },
        ),
    ];
    screens.into_iter().map(|(name, screen)| (name, screen.render().unwrap())).collect()
}

fn leavings(lang: Lang, texts: &'static Texts) -> Vec<(&'static str, String)> {
    let (frame, bill) = (frame(lang, texts), bill(texts));
    let to = href("https://bank.example/pay?order=1&x=\"<script>");
    let fields: Option<&[_]> = Some(&[("creq", "eyJ4Ijo\"><script>"), ("inv", "1")]);
    let leaving = Leaving { frame, bill, place: Place::AlfaClick, to, fields: None };
    let challenge = Leaving { place: Place::CardBank, fields, ..leaving };
    let check = Post { action: to, hidden: &[("threeDSMethodData", "eyJ0\"><script>")] };
    let fingerprint = Fingerprint { frame, bill, check, done: post() };
    vec![
        ("leaving", leaving.render().unwrap()),
        ("challenge", challenge.render().unwrap()),
        ("fingerprint", fingerprint.render().unwrap()),
    ]
}

fn waits(lang: Lang, texts: &'static Texts) -> Vec<(&'static str, String)> {
    let (frame, bill) = (frame(lang, texts), bill(texts));
    let live = Live { events: href("/pay/8f3c/events"), version: "3" };
    let plain = Waiting {
        frame,
        bill,
        place: Place::CardBank,
        since: NOW,
        now: NOW.plus_millis(3 * MINUTE_MS),
        live,
        proceed: None,
        cancel: None,
        back: None,
    };
    let back = Some(href("https://shop.example/"));
    let instruction = Instruction {
        frame,
        bill,
        login: texts.login,
        until: NOW.plus_millis(7 * DAY_MS),
        now: NOW.plus_millis(5 * MINUTE_MS),
        live,
        cancel: Some(post()),
        back,
    };
    let waiting = plain.render().unwrap();
    let at_bank = Waiting {
        place: Place::AlfaClick,
        proceed: Some(href("/pay/8f3c/go")),
        cancel: Some(post()),
        back,
        ..plain
    };
    vec![
        ("waiting", waiting),
        ("waiting-bank", at_bank.render().unwrap()),
        ("instruction", instruction.render().unwrap()),
    ]
}

fn outcomes(lang: Lang, texts: &'static Texts) -> Vec<(&'static str, String)> {
    let bill = bill(texts);
    let refunded = Amount::new(texts.minor / 3, Currency::RUB).unwrap();
    let decline = |reason| Meaning::Declined(Decline { reason, code: texts.code });
    [
        ("paid", Meaning::Paid),
        ("held", Meaning::Held),
        ("declined", decline(Reason::LimitExceeded)),
        ("declined-wrong", decline(Reason::WrongAmountPaid)),
        ("voided", Meaning::Voided),
        ("refunded-part", Meaning::PartiallyRefunded { refunded }),
        ("refunded", Meaning::Refunded),
        ("expired", Meaning::Expired),
    ]
    .into_iter()
    .map(|(name, meaning)| {
        let to = href("https://shop.example/thanks?a=1&b=2");
        let outcome = Outcome {
            frame: frame(lang, texts),
            bill,
            meaning,
            at: NOW,
            paid: Some(Paid {
                method: Method::Card,
                brand: Some(CardBrand::Visa),
                last_four: Some("0056"),
            })
            .filter(|_| name != "expired"),
            back: Some(to),
            auto_return: (name == "paid").then_some(AutoReturn { to, after_s: 10 }),
            again: (name == "declined").then_some(href("/pay/8f3c?again=1")),
        };
        (name, outcome.render().unwrap())
    })
    .collect()
}

/// Every screen.
pub fn pages(lang: Lang, texts: &'static Texts) -> Vec<(&'static str, String)> {
    let nobody = Frame { shop: None, result: None, ..frame(lang, texts) };
    let refused = Refused { frame: nobody, code: Some(CODE) };
    let unsealed = Refused { code: None, ..refused };
    let gone = Gone { frame: nobody };
    let closed = vec![
        ("refused", refused.render().unwrap()),
        ("refused-unsealed", unsealed.render().unwrap()),
        ("gone", gone.render().unwrap()),
    ];
    [choices, leavings, waits, outcomes]
        .into_iter()
        .flat_map(|some| some(lang, texts))
        .chain(closed)
        .collect()
}
