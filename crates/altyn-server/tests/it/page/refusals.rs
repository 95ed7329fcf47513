//! Links that are refused: calmly, with nothing stored, and with a code that the command line
//! explains.

use altyn_testkit::harness::{Merchant, ProjectSpec, eventually};

use super::link::{Link, query};
use super::payer::Page;
use super::{is_unknown, link, payer};
use crate::support::{CALLBACKS, World};

on_both_databases! {
    what_is_wrong_with_a_link_is_told_by_its_code,
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

fn what_is_wrong_with_a_link_is_told_by_its_code(world: &mut World) {
    let (secret, node) = (world.merchant.secret.clone(), &world.node);
    let right = link(world, "refused").with("payment_description", "coffee");
    let open = |query: &str| payer(world).open(&node.url(&format!("/payment?{query}")));
    let signed = right.query(&secret);

    let changed = |from: &str, to: &str| {
        assert!(signed.contains(from), "{from} in {signed}");
        signed.replace(from, to)
    };
    let long = right.clone().with("payment_description", &"x".repeat(20 * 1024)).query(&secret);
    let unsigned = query(&{
        let mut pairs = right.signed(&secret);
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
    let stranger = right.clone().with("project_id", "999");
    let by_rule: [(&str, Link, (u16, &str, &str)); 14] = [
        ("unknown project", stranger, (404, "2442", "project_id")),
        ("no amount", right.clone().without("payment_amount"), (400, "2004", "payment_amount")),
        ("no id", right.clone().without("payment_id"), (400, "2004", "payment_id")),
        ("no customer", right.clone().without("customer_id"), (400, "2004", "customer_id")),
        ("amount", right.clone().with("payment_amount", "1e3"), (400, "502", "payment_amount")),
        ("no money", right.clone().with("payment_amount", "0"), (400, "502", "payment_amount")),
        (
            "currency",
            right.clone().with("payment_currency", "RUR"),
            (400, "3121", "payment_currency"),
        ),
        (
            "expired",
            right.clone().with("best_before", "2020-01-01T00:00:00+03:00"),
            (400, "603", "best_before"),
        ),
        (
            "unknown method",
            right.clone().with("force_payment_method", "cash"),
            (404, "2541", "force_payment_method"),
        ),
        (
            "runs something",
            right.clone().with("merchant_success_url", "javascript:alert(1)"),
            (400, "502", "merchant_success_url"),
        ),
        (
            "not https",
            right.clone().with("redirect_fail_url", "http://shop.example/"),
            (400, "502", "redirect_fail_url"),
        ),
        (
            "phone",
            right.clone().with("customer_phone", "<b>12</b>"),
            (400, "502", "customer_phone"),
        ),
        ("e-mail", right.clone().with("customer_email", "a b"), (400, "2426", "customer_email")),
        ("mode", right.clone().with("mode", "payout"), (400, "310", "mode")),
    ];
    for (name, link, expected) in &by_rule {
        refused(world, name, &open(&link.query(&secret)), *expected);
        let posted = payer(world).post(&node.url("/payment"), &link.signed(&secret));
        assert_eq!((posted.status, posted.state().as_str()), (expected.0, "refused"), "{name}");
    }
    // Nobody takes this currency: cards take any, so only the others are offered it.
    let alone = right.with("payment_currency", "KES").with("force_payment_method", "alfa-click");
    refused(world, "currency of a method", &open(&alone.query(&secret)), (400, "310", ""));
    // The same door at the press of the button.
    let pressed =
        [("link".to_owned(), changed("=10000", "=1")), ("method".to_owned(), "card".to_owned())];
    let page = payer(world).post(&node.url("/payment/pay"), &pressed);
    refused(world, "pressed with a tampered link", &page, (400, "3261", ""));

    assert!(is_unknown(world, &world.merchant, "refused"));
    assert!(world.emulators.requests().is_empty() && world.shop.callbacks().is_empty());
    assert!(!world.node.log().contains("panicked"));
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
        let page = eventually("the node knows the project", || {
            Some(open(&own)).filter(|page| page.status != 404)
        });
        assert_eq!((page.status, page.state().as_str()), (200, "choose"), "{}", page.html);
        let policy = page.header("content-security-policy");
        let punycode = if id == 8 { " https://xn--80aairftm.xn--p1ai:*" } else { "" };
        let ancestors = format!("; frame-ancestors 'self' https://shop.example:*{punycode}");
        assert!(policy.ends_with(&ancestors), "{policy}");
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
