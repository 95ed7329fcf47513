//! However often a button is pressed, money is taken once.

use std::sync::Barrier;

use super::html::Form;
use super::payer::Page;
use super::{DECLINED, GOOD, OTHER, charges, choice, link, operations, pay_by, payer, told};
use crate::support::{Provider, World};

on_both_databases! {
    one_form_pressed_many_times_is_one_charge,
    a_second_try_pressed_many_times_is_one_charge,
}

/// Sends all the forms of a page at once.
fn at_once(page: &Page, forms: &[Form]) -> Vec<Page> {
    let start = Barrier::new(forms.len());
    std::thread::scope(|scope| {
        let presses: Vec<_> = forms
            .iter()
            .map(|form| {
                scope.spawn(|| {
                    start.wait();
                    page.submit(form)
                })
            })
            .collect();
        presses.into_iter().map(|press| press.join().unwrap()).collect()
    })
}

/// All of them were led to one payment; gives its page as it stands.
fn one_place(pages: &[Page]) -> Page {
    for page in pages {
        assert_eq!(page.status, 200, "{}", page.html);
        assert_eq!(page.standing(), pages[0].standing());
    }
    pages[0].clone()
}

fn one_form_pressed_many_times_is_one_charge(world: &mut World) {
    let page = choice(world, &link(world, "pressed"));
    let met = one_place(&at_once(&page, &vec![page.card(GOOD); 8]));
    world.shop.wait_status("pressed", "success");
    assert_eq!(met.reload().ended().0, "success");
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 1);

    // Pressed again after it was paid, by the way back, with another card and by another method.
    let alfa = page.way("alfa-click").filled(&[("customer_account_number", "login")]);
    for form in [page.card(GOOD), page.card(OTHER), page.card(DECLINED), alfa] {
        let late = page.submit(&form);
        assert_eq!((late.standing(), late.ended().0.as_str()), (met.standing(), "success"));
    }
    assert_eq!(told(world, "pressed"), ["success: sale success 0"]);
    assert_eq!((world.emulators.orders(Provider::Rbs).len(), charges(world)), (1, 1));

    // Two tabs, two methods: whichever was first is the payment.
    for round in 0..4 {
        let id = format!("tabs {round}");
        let page = choice(world, &link(world, &id));
        let alfa = page.way("alfa-click").filled(&[("customer_account_number", "login")]);
        let before = world.emulators.orders(Provider::Rbs).len();
        one_place(&at_once(&page, &[page.card(GOOD), alfa]));
        let document = world.merchant.status(&world.node, &id);
        assert_eq!(document["operations"].as_array().unwrap().len(), 1, "{document}");
        let status = document["payment"]["status"].as_str().unwrap();
        assert!(["success", "awaiting redirect result"].contains(&status), "{document}");
        assert_eq!(world.emulators.orders(Provider::Rbs).len(), before + 1);
    }
}

fn a_second_try_pressed_many_times_is_one_charge(world: &mut World) {
    let declined = pay_by(world, &link(world, "retried"), DECLINED);
    let again = declined.again();
    let met = one_place(&at_once(&again, &[again.card(GOOD), again.card(OTHER), again.card(GOOD)]));
    world.shop.wait_status("retried", "success");
    assert_eq!(met.reload().ended().0, "success");
    let document = world.merchant.status(&world.node, "retried");
    assert_eq!(operations(&document), ["sale decline 10000", "sale success 0"]);
    assert_eq!((world.emulators.orders(Provider::Rbs).len(), charges(world)), (2, 1));
    // The form of the second try again, and the form of the first.
    for form in [again.card(GOOD), again.card(OTHER)] {
        assert_eq!(again.submit(&form).ended().0, "success");
    }
    let first = payer(world).post(&world.node.url("/payment/pay"), &first_form(world));
    assert_eq!(first.standing(), met.standing());
    assert_eq!(told(world, "retried"), ["decline: sale decline 10000", "success: sale success 0"]);
    assert_eq!(charges(world), 1);
}

/// What the first screen of the payment above was sent with.
fn first_form(world: &World) -> Vec<(String, String)> {
    let query = link(world, "retried").query(&world.merchant.secret);
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        field("link", &query),
        field("method", "card"),
        field("card_number", GOOD),
        field("card_expiry", "12/34"),
        field("card_cvc", "123"),
    ]
}
