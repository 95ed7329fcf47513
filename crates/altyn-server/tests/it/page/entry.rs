//! Cards that are entered wrongly: the field is named, nothing is stored, nothing is given back.

use super::{charges, choice, is_unknown, link};
use crate::support::World;

on_both_databases! {
    wrong_cards_are_told_by_their_field,
}

fn wrong_cards_are_told_by_their_field(world: &mut World) {
    let page = choice(world, &link(world, "entered"));
    let right = [
        ("card_number", "4000 0000 0000 0077"),
        ("card_expiry", "12/34"),
        ("card_cvc", "987"),
        ("card_holder", "IVAN IVANOV"),
    ];
    for (field, value) in [
        ("card_number", "4000000000000078"),
        ("card_number", "400000000002"),
        ("card_number", "40000000000000000077"),
        ("card_number", "4000000000000077x"),
        ("card_number", "four thousand"),
        ("card_number", "٤٠٠٠٠٠٠٠٠٠٠٠٠٠٧٧"),
        ("card_number", ""),
        ("card_expiry", "01/20"),
        ("card_expiry", "13/34"),
        ("card_expiry", "soon"),
        ("card_expiry", ""),
        ("card_cvc", "12"),
        ("card_cvc", "12345"),
        ("card_cvc", "abc"),
        ("card_cvc", ""),
        ("card_holder", "<script>alert(1)</script>"),
        ("card_holder", "4000000000000077"),
    ] {
        let form = page.way("card").filled(&right).filled(&[(field, value)]);
        let wrong = page.submit(&form);
        let got = (wrong.status, wrong.state());
        assert_eq!(got, (422, "choose".to_owned()), "{field} {value}: {}", wrong.html);
        let tags = wrong.tags();
        let invalid: Vec<_> = tags
            .iter()
            .filter(|tag| tag.get("aria-invalid").is_some())
            .map(|tag| tag.get("name").unwrap_or_default())
            .collect();
        assert_eq!(invalid, [field], "{value}: {}", wrong.html);
        let error = format!("-{}-error", field.replace('_', "-"));
        let ids: Vec<_> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        let said = tags.iter().find(|tag| tag.get("aria-invalid").is_some()).unwrap();
        let place = said.get("aria-describedby").unwrap().split(' ').next().unwrap().to_owned();
        let said = tags.iter().find(|tag| tag.get("id") == Some(&place)).unwrap();
        assert!(!said.text.is_empty(), "{error} among {ids:?}: {}", wrong.html);
        // Nothing of a card comes back, neither as a value nor as text.
        for (name, given) in right.iter().chain(&[(field, value)]) {
            let own = wrong.way("card");
            assert_eq!(own.get(name), Some(""), "{}", wrong.html);
            let telling = given.len() > 5 && *name != "card_expiry";
            assert!(!telling || !wrong.html.contains(given), "{given}: {}", wrong.html);
        }
        // It is the page to go on from.
        assert_eq!(own_link(&wrong), own_link(&page));
    }
    assert!(is_unknown(world, &world.merchant, "entered"));
    assert!(world.emulators.requests().is_empty() && world.shop.callbacks().is_empty());
    let log = world.node.log();
    for secret in ["400000000000007", "4000 0000", "987"] {
        assert!(!log.contains(&format!("\"{secret}")), "{secret} is in the log");
    }
    // Whoever sends no form of ours is told the choice, or that the link is none.
    let other = page.submit(&page.way("card").filled(&[("method", "cash")]));
    assert_eq!((other.status, other.state().as_str()), (422, "choose"), "{}", other.html);
    let none = page.submit(&page.way("card").filled(&[("link", "")]));
    assert_eq!((none.status, none.state().as_str()), (400, "refused"), "{}", none.html);
    let long = page.submit(&page.way("card").filled(&[("card_holder", &"x".repeat(60_000))]));
    assert!(long.status == 404 || long.status == 413, "{}: {}", long.status, long.html);

    let paid = page.submit(&page.way("card").filled(&right));
    assert_eq!(paid.ended().0, "success", "{}", paid.html);
    world.shop.wait_status("entered", "success");
    assert_eq!(charges(world), 1);
}

fn own_link(page: &super::payer::Page) -> Option<String> {
    page.way("card").get("link").map(str::to_owned)
}
