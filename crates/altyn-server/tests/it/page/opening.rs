//! Opening a link: the page says who, what for and how much, and nothing is stored.

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::{Merchant, ProjectSpec, eventually, http};

use super::html::Tag;
use super::link::query;
use super::{GOOD, choice, is_unknown, link, pay_by, payer};
use crate::support::{CALLBACKS, World};

on_both_databases! {
    a_link_opens_the_choice_and_stores_nothing,
    html_in_every_field_stays_text,
}

/// How many rows there are of what a payment is made of.
fn stored(world: &World) -> (u64, u64) {
    let report = world.setup.cli(&["check", "--json"]).json();
    (report["payments"].as_u64().unwrap(), report["operations"].as_u64().unwrap())
}

fn is_sum(tag: &Tag) -> bool {
    tag.name == "/span" && tag.text.contains('₽')
}

fn a_link_opens_the_choice_and_stores_nothing(world: &mut World) {
    let (secret, node) = (&world.merchant.secret, &world.node);
    let right = link(world, "order 1").with("payment_description", "Кофе & чай, 2 шт.");
    let signed = right.signed(secret);
    let added = |name: &str, value: &str| {
        let more = [(name.to_owned(), value.to_owned())];
        query(&signed.iter().cloned().chain(more).collect::<Vec<_>>())
    };
    let by_get = [
        right.query(secret),
        right.clone().reversed().query(secret),
        added("frame_mode", "iframe"),
        added("_lang", "ru"),
        right.query(secret).replace('+', "%20"),
    ];
    let payer = payer(world);
    let mut pages: Vec<_> =
        by_get.iter().map(|query| payer.open(&node.url(&format!("/payment?{query}")))).collect();
    pages.push(payer.post(&node.url("/payment"), &signed));
    for page in &pages {
        assert_eq!((page.status, page.state().as_str()), (200, "choose"), "{}", page.html);
        assert_eq!(page.text(|tag| tag.name == "b"), "Project 1");
        assert_eq!(page.text(|tag| tag.get("class") == Some("for")), "Кофе & чай, 2 шт.");
        assert_eq!(page.text(is_sum), "100,00\u{202f}₽");
        assert!(page.html.contains("Заказ order 1"), "{}", page.html);
        assert_eq!(page.ways(), ["alfa-click", "card"], "a test project takes KES at the partner");
        assert_eq!(page.way_back(), world.shop.url("/cart"));
        assert_eq!(
            page.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; base-uri 'none'; form-action 'self'; \
             frame-ancestors 'self' https: http://localhost:* http://127.0.0.1:*"
        );
    }
    let english = payer.open(&node.url(&format!("/payment?{}", added("_lang", "en"))));
    assert_eq!(english.text(is_sum), "₽100.00");
    for (name, value, ways) in [
        ("force_payment_method", "card", vec!["card"]),
        ("hide", "card,unknown", vec!["alfa-click"]),
    ] {
        assert_eq!(choice(world, &right.clone().with(name, value)).ways(), ways);
    }

    assert_eq!(stored(world), (0, 0));
    assert!(is_unknown(world, &world.merchant, "order 1"));
    assert!(world.emulators.requests().is_empty() && world.shop.callbacks().is_empty());

    // Once it is paid, the same link shows that, and one that differs does not.
    let paid = pay_by(world, &right, GOOD);
    assert_eq!(paid.ended(), ("success".to_owned(), "0".to_owned()), "{}", paid.html);
    assert_eq!(stored(world), (1, 1));
    let again = payer.open(&node.url(&right.path(secret)));
    assert_eq!((again.url.as_str(), again.ended()), (paid.standing().as_str(), paid.ended()));
    let other = right.with("payment_amount", "10001");
    assert_eq!(payer.open(&node.url(&other.path(secret))).status, 400);
    // The Gate's payments are not the page's.
    world.merchant.accepted(node, ALFA_SALE, &alfa_sale("by Gate", 10_000));
    let taken = payer.open(&node.url(&link(world, "by Gate").path(secret)));
    assert_eq!((taken.status, taken.state().as_str()), (400, "refused"), "{}", taken.html);
}

/// Markup, quotes and a character reference.
const NASTY: &str = r#"</b><script>alert(1)</script>"'><img src=x onerror=alert(2)>&lt;"#;

fn html_in_every_field_stays_text(world: &mut World) {
    let nasty = |before: &str| format!("{before}{NASTY}");
    let mut project = ProjectSpec::test(7, "seven", &world.shop.url(CALLBACKS));
    for argument in ["--name", &nasty("Shop"), "--support", &nasty("help")] {
        project.more.push(argument.to_owned());
    }
    world.setup.add_project(&project);
    world.shop.trust(7, "seven");
    let merchant = Merchant::new(7, "seven");
    // `;` parts what is signed, and is in no identity.
    let reference = nasty("order ").replace("&lt;", "");
    let link = link(world, &reference)
        .with("project_id", "7")
        .with("payment_description", &nasty("coffee"))
        .with("customer_id", &reference)
        .with("customer_first_name", &nasty("Ivan"))
        .with("merchant_return_url", &format!("{}?<script>\"'", world.shop.url("/cart")));
    let url = world.node.url(&link.path(&merchant.secret));
    let page = eventually("the node knows the project", || {
        Some(payer(world).open(&url)).filter(|page| page.status != 404)
    });
    assert_eq!((page.status, page.state().as_str()), (200, "choose"), "{}", page.html);
    assert_eq!(page.text(|tag| tag.name == "b"), nasty("Shop"));
    assert_eq!(page.text(|tag| tag.get("class") == Some("for")), nasty("coffee"));
    let written =
        |page: &super::Page, text: &str| page.tags().iter().any(|t| t.text.contains(text));
    for text in [nasty("help"), reference.clone()] {
        assert!(written(&page, &text), "{text}: {}", page.html);
    }

    // Back with a fault: neither the number nor the name is given back.
    let holder = page.card(GOOD).filled(&[("card_holder", NASTY)]);
    let wrong = page.submit(&holder);
    assert_eq!((wrong.status, wrong.state().as_str()), (422, "choose"), "{}", wrong.html);
    assert_eq!(wrong.html.matches("alert(2)").count(), page.html.matches("alert(2)").count());

    // At the bank and after it.
    let form = wrong.way("alfa-click").filled(&[("customer_account_number", &reference)]);
    let leaving = wrong.submit(&form);
    assert_eq!(leaving.state(), "leaving", "{}", leaving.html);
    let waiting = payer(world).open(&leaving.standing());
    assert_eq!(waiting.state(), "waiting", "{}", waiting.html);
    let cancelled = waiting.submit(&waiting.form(|form| form.action.ends_with("/cancel")));
    assert_eq!(cancelled.state(), "choose", "{}", cancelled.html);
    let paid = cancelled.submit(&cancelled.card(GOOD));
    assert_eq!(paid.state(), "success", "{}", paid.html);
    for page in [&leaving, &waiting, &cancelled, &paid] {
        assert!(written(page, &nasty("Shop")), "{}", page.html);
    }
    assert_eq!(paid.result()["payment"]["id"], reference.as_str());
    assert!(written(&paid, &nasty("coffee")), "{}", paid.html);
    let told = world.shop.wait_status(&reference, "success");
    assert_eq!(told.body["account"]["number"], "400000******0077", "{}", told.body);

    // What refuses a link says so without repeating it.
    let name = "<script>alert(3)</script>";
    let twice = format!("{}&{name}=1&{name}=2", world.node.url("/payment?project_id=7"));
    let refused = payer(world).open(&twice.replace('<', "%3C").replace('>', "%3E"));
    assert_eq!((refused.status, refused.state().as_str()), (400, "refused"));
    assert!(!refused.html.contains("alert(3)"), "{}", refused.html);
    let gone = http::get(&world.node.url("/payment/%3Cscript%3Ealert(4)%3C%2Fscript%3E")).unwrap();
    assert_eq!((gone.status, gone.text().contains("alert(4)")), (404, false));
}
