//! Links that are refused: calmly, with nothing stored, and with a code that the command line
//! explains.

use altyn_testkit::harness::{Merchant, ProjectSpec, eventually};

use super::link::{Link, query};
use super::payer::Page;
use super::{is_unknown, link, payer};
use crate::support::{CALLBACKS, World};

on_both_databases! {
    a_link_that_was_changed_is_told_by_its_code,
    what_a_link_says_wrongly_is_told_by_its_code,
    payers_are_sent_to_allowed_hosts_only,
}

/// The page of a refusal, and what `altyn explain` makes of the code on it.
fn refused(world: &World, name: &str, page: &Page, (status, code, field): (u16, &str, &str)) {
    assert_eq!((page.status, page.state().as_str()), (status, "refused"), "{name}: {}", page.html);
    let tags = page.tags();
    let code_on_page: String = tags
        .iter()
        .skip_while(|tag| tag.get("id") != Some("sealed"))
        .take_while(|tag| tag.name != "/code")
        .map(|tag| tag.text.as_str())
        .collect();
    let explained = world.setup.cli(&["explain", "--english", &code_on_page]).done().stdout;
    assert!(explained.contains(&format!(": {code} “")), "{name}: {explained}");
    let named = format!("Parameter: {field}.");
    let says_so = if field.is_empty() { "Parameter" } else { &named };
    assert_eq!(explained.contains(says_so), !field.is_empty(), "{name}: {explained}");
    // Whoever has not the keys learns nothing from it, and a slip in it is noticed.
    let slip = code_on_page.replacen(['0', '1', '2', '3'], "z", 1);
    let elsewhere = world.setup.cli(&["explain", &slip]);
    assert_ne!(elsewhere.code, Some(0), "{elsewhere:?}");
}

/// Nothing came of all that.
fn nothing_happened(world: &World) {
    assert!(is_unknown(world, &world.merchant, "refused"));
    assert!(world.emulators.requests().is_empty() && world.shop.callbacks().is_empty());
    assert!(!world.node.log().contains("panicked"));
}

fn a_link_that_was_changed_is_told_by_its_code(world: &mut World) {
    let (secret, node) = (&world.merchant.secret, &world.node);
    let right = link(world, "refused").with("payment_description", "coffee");
    let open = |query: &str| payer(world).open(&node.url(&format!("/payment?{query}")));
    let signed = right.query(secret);
    let changed = |from: &str, to: &str| {
        assert!(signed.contains(from), "{from} in {signed}");
        signed.replace(from, to)
    };
    let long = right.clone().with("payment_description", &"x".repeat(20 * 1024)).query(secret);
    let unsigned = query(&{
        let mut pairs = right.signed(secret);
        pairs.retain(|(name, _)| name != "signature");
        pairs
    });
    let by_bytes = [
        ("tampered amount", changed("=10000", "=100"), (400, "3261", "")),
        ("tampered description", changed("coffee", "tea"), (400, "3261", "")),
        ("a parameter more", format!("{signed}&hide=card"), (400, "3261", "")),
        ("unsigned", unsigned, (400, "3262", "")),
        ("twice", format!("{signed}&payment_id=refused"), (400, "702", "payment_id")),
        ("too long", long, (400, "702", "")),
        ("not UTF-8", format!("{signed}&a=%ff"), (400, "702", "")),
        ("nothing at all", String::new(), (400, "2004", "project_id")),
    ];
    for (name, query, expected) in &by_bytes {
        refused(world, name, &open(query), *expected);
    }
    // The same door at the press of the button.
    let pressed =
        [("link".to_owned(), changed("=10000", "=1")), ("method".to_owned(), "card".to_owned())];
    let page = payer(world).post(&node.url("/payment/pay"), &pressed);
    refused(world, "pressed with a tampered link", &page, (400, "3261", ""));
    nothing_happened(world);
}

fn what_a_link_says_wrongly_is_told_by_its_code(world: &mut World) {
    let (secret, node) = (&world.merchant.secret, &world.node);
    let right = link(world, "refused");
    for name in ["payment_id", "payment_amount", "payment_currency", "customer_id"] {
        let query = right.clone().without(name).path(secret);
        refused(world, name, &payer(world).open(&node.url(&query)), (400, "2004", name));
    }
    for (name, value, (status, code)) in [
        ("project_id", "999", (404, "2442")),
        ("payment_amount", "1e3", (400, "502")),
        ("payment_amount", "0", (400, "502")),
        ("payment_amount", "-1", (400, "502")),
        ("payment_currency", "RUR", (400, "3121")),
        ("best_before", "2020-01-01T00:00:00+03:00", (400, "603")),
        ("best_before", "soon", (400, "502")),
        ("force_payment_method", "cash", (404, "2541")),
        ("merchant_success_url", "javascript:alert(1)", (400, "502")),
        ("redirect_fail_url", "http://shop.example/", (400, "502")),
        ("customer_phone", "<b>12</b>", (400, "502")),
        ("customer_email", "a b", (400, "2426")),
        ("mode", "payout", (400, "310")),
        ("operation_type", "payout", (400, "502")),
    ] {
        let link = right.clone().with(name, value);
        let (what, expected) = (format!("{name}={value}"), (status, code, name));
        refused(world, &what, &payer(world).open(&node.url(&link.path(secret))), expected);
        let posted = payer(world).post(&node.url("/payment"), &link.signed(secret));
        refused(world, &what, &posted, expected);
    }
    // A test project takes roubles only by this method.
    let alone = right.with("payment_currency", "KES").with("force_payment_method", "alfa-click");
    let page = payer(world).open(&node.url(&alone.path(secret)));
    refused(world, "currency of a method", &page, (400, "310", ""));
    nothing_happened(world);
}

fn payers_are_sent_to_allowed_hosts_only(world: &mut World) {
    let mut project = ProjectSpec::test(8, "eight", &world.shop.url(CALLBACKS));
    world.setup.add_project(&project);
    project.id = 9;
    project.more = ["--allow-host", "shop.example"].map(str::to_owned).to_vec();
    world.setup.add_project(&project);
    let set = ["project", "set", "--id", "8", "--allow-host", "shop.example"];
    world.setup.cli(&[&set[..], &["--allow-host", "магазин.рф"]].concat()).done();
    for id in [9, 8] {
        let merchant = Merchant::new(id, "eight");
        let name = "merchant_success_url";
        let own = Link::new(id, "hosts", 10_000, "RUB").with(name, "https://shop.example/ok");
        let open = |link: &Link| payer(world).open(&world.node.url(&link.path(&merchant.secret)));
        let punycode = if id == 8 { " https://xn--80aairftm.xn--p1ai:*" } else { "" };
        let ancestors = format!("; frame-ancestors 'self' https://shop.example:*{punycode}");
        eventually("the node knows the project as it is set", || {
            let page = open(&own);
            let policy = page.header("content-security-policy");
            (page.state() == "choose" && policy.ends_with(&ancestors)).then_some(())
        });
        for address in [
            "https://evil.example/",
            "https://shop.example.evil.example/",
            "https://evil.example\\@shop.example/",
            "https://user:pass@shop.example/",
            "//shop.example/",
            "javascript://shop.example/%0aalert(1)",
            &world.shop.url("/thanks"),
        ] {
            for way in [name, "redirect_fail_url", "merchant_return_url"] {
                let page = open(&own.clone().with(way, address));
                let got = (page.status, page.state());
                assert_eq!(got, (400, "refused".to_owned()), "{way} {address}: {}", page.html);
            }
            refused(world, address, &open(&own.clone().with(name, address)), (400, "502", name));
        }
    }
}
