//! The addresses of payments' pages: who was given one sees it, nobody can make one up.

use altyn_testkit::harness::http;

use super::{GOOD, link, pay_by, payer};
use crate::support::World;

on_both_databases! {
    an_address_that_is_not_ours_leads_nowhere,
}

fn an_address_that_is_not_ours_leads_nowhere(world: &mut World) {
    let page = pay_by(world, &link(world, "found"), GOOD);
    world.shop.wait_status("found", "success");
    let address = page.standing();
    let (front, token) = address.rsplit_once('/').unwrap();
    let altered = |at: usize| {
        let letter = |(place, own): (usize, char)| match (place == at, own) {
            (false, own) => own,
            (true, '0') => '1',
            (true, _) => '0',
        };
        token.chars().enumerate().map(letter).collect::<String>()
    };
    // The project's number, the payment's, the seal's beginning and its end.
    let mut wrong = [0, 5, 6, 18, 20, token.len() - 1].map(altered).to_vec();
    wrong.extend([token.to_uppercase(), "garbage".to_owned(), "0".repeat(token.len())]);
    wrong.extend([format!("{token}0"), "%00".to_owned(), "%D1%8E".repeat(30)]);
    for token in wrong {
        let at = |path: &str| format!("{front}/{token}{path}");
        let status = |method: &str, path: &str| {
            http::request(method, &at(path), &[("accept", "text/html")], b"").unwrap().status
        };
        for path in ["", "?orderId=1", "?go=1", "/again", "/3ds", "/events"] {
            assert_eq!(status("GET", path), 404, "{}", at(path));
        }
        for path in ["/again", "/cancel", "/3ds", "/fingerprint"] {
            assert_eq!(status("POST", path), 404, "{}", at(path));
        }
        let gone = payer(world).open(&at(""));
        assert_eq!(gone.state(), "gone", "{}", gone.html);
    }
    assert_eq!(payer(world).open(&address).ended().0, "success");
    assert!(!world.node.log().contains("panicked"));
}
