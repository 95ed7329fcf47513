//! Cards that are entered wrongly: the field is named, nothing is stored, nothing is given back.

use super::payer::Page;
use super::{charges, choice, is_unknown, link};
use crate::support::World;

on_both_databases! {
    wrong_cards_are_told_by_their_field,
}

/// What the payer enters rightly.
const RIGHT: [(&str, &str); 4] = [
    ("card_number", "4000 0000 0000 0077"),
    ("card_expiry", "12/34"),
    ("card_cvc", "987"),
    ("card_holder", "IVAN IVANOV"),
];

fn wrong_cards_are_told_by_their_field(world: &mut World) {
    let page = choice(world, &link(world, "entered"));
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
        is_told(&page, (field, value));
    }
    assert!(is_unknown(world, &world.merchant, "entered"));
    assert!(world.emulators.requests().is_empty() && world.shop.callbacks().is_empty());
    // Whoever sends no form of ours is told the choice, or that the link is none.
    let other = page.submit(&page.way("card").filled(&[("method", "cash")]));
    assert_eq!((other.status, other.state().as_str()), (422, "choose"), "{}", other.html);
    let none = page.submit(&page.way("card").filled(&[("link", "")]));
    assert_eq!((none.status, none.state().as_str()), (400, "refused"), "{}", none.html);
    let long = page.submit(&page.way("card").filled(&[("card_holder", &"x".repeat(60_000))]));
    assert_eq!((long.status, long.state().as_str()), (404, "gone"), "{}", long.html);

    let paid = page.submit(&page.way("card").filled(&RIGHT));
    assert_eq!(paid.ended().0, "success", "{}", paid.html);
    world.shop.wait_status("entered", "success");
    assert_eq!(charges(world), 1);
    let log = world.node.log();
    for number in ["400000000000007", "4000 0000"] {
        assert!(!log.contains(number), "{number} is in the log");
    }
}

/// Enters it: the page comes again, names this field and no other, and gives nothing back.
fn is_told(page: &Page, (field, value): (&str, &str)) {
    let wrong = page.submit(&page.way("card").filled(&RIGHT).filled(&[(field, value)]));
    let got = (wrong.status, wrong.state());
    assert_eq!(got, (422, "choose".to_owned()), "{field} {value}: {}", wrong.html);
    let tags = wrong.tags();
    let invalid: Vec<_> = tags.iter().filter(|tag| tag.get("aria-invalid").is_some()).collect();
    let names: Vec<_> = invalid.iter().map(|tag| tag.get("name").unwrap()).collect();
    assert_eq!(names, [field], "{value}: {}", wrong.html);
    let place = invalid[0].get("aria-describedby").unwrap().split(' ').next();
    let said = tags.iter().find(|tag| tag.get("id") == place).unwrap();
    assert!(!said.text.is_empty(), "{field} {value}: {}", wrong.html);
    let form = wrong.way("card");
    for (name, given) in RIGHT.into_iter().chain([(field, value)]) {
        assert_eq!(form.get(name), Some(""), "{}", wrong.html);
        // Dates and short numbers may be elsewhere in the page.
        let telling = given.len() > 5;
        assert!(!telling || !wrong.html.contains(given), "{given}: {}", wrong.html);
    }
    // It is the page to go on from.
    assert_eq!(form.get("link"), page.way("card").get("link"));
}
