//! More comes than can be done: what is too much is put off at once, in the words of each face, and
//! nothing of it is stored; what was taken is carried through; the rest of the house goes on.
//!
//! Overload is made without time: by room for two requests under more than two posting threads, and
//! by a lock on the database, under which everything waits until the queue is full.

mod flood;
mod stall;

use std::io::Write as _;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::eventually;
use altyn_testkit::harness::http::{self, Answer, open};

use crate::page::link::Link;
use crate::page::payer::Payer;
use crate::support::cabinet::{Person, page_of};
use crate::support::{Engine, Provider, World, order_id, texts};
use flood::Flood;
use stall::Stall;

/// A test of a scenario on each database, with a node configured by environment.
macro_rules! overloaded {
    ($($name:ident $environment:expr),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { super::run(super::Engine::Sqlite, &$environment, super::$name); })+
        }
        mod postgres {
            $(#[test] fn $name() { super::run(super::Engine::Postgres, &$environment, super::$name); })+
        }
    };
}

overloaded! {
    too_many_requests_are_put_off_and_the_rest_goes_on [("ALTYN_SERVER__REQUESTS_MAX", "2")],
    a_full_queue_is_told_in_the_words_of_each_face [("ALTYN_STORE__QUEUE_MAX", "4")],
}

fn run(engine: Engine, environment: &[(&str, &str)], scenario: impl FnOnce(&mut World)) {
    if let Some(database) = engine.database() {
        let mut world = World::start_with(database, environment);
        scenario(&mut world);
        world.finish();
    }
}

/// The references of every payment of the first project.
fn stored(world: &World) -> Vec<String> {
    let mut stored = texts(&world.setup, "SELECT reference FROM payments WHERE project = 1");
    stored.sort();
    stored
}

#[track_caller]
fn is_put_off(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    let again: u64 = answer.header("retry-after").and_then(|text| text.parse().ok()).unwrap();
    assert!((1..=60).contains(&again), "{again}");
}

/// What watches over the node keeps answering.
fn operators_see(world: &World) {
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(world.node.get(path).status, 200, "{path}");
    }
}

fn too_many_requests_are_put_off_and_the_rest_goes_on(world: &mut World) {
    let flood = Flood::start(world, "sale", 12);
    flood
        .until("requests are taken and put off", |told| told.taken() >= 20 && told.put_off() >= 40);
    // While it goes on: callbacks arrive, payers are served, the node says that it is well.
    for id in flood.told().ids(200).iter().take(20) {
        world.shop.wait_status(id, "awaiting redirect result");
    }
    let link = Link::new(1, "page", 5_000, "RUB").path(&world.merchant.secret);
    let page = Payer::of(&world.node.url("")).open(&world.node.url(&link));
    assert_eq!((page.status, page.state().as_str()), (200, "choose"));
    operators_see(world);
    let told = flood.stop();
    assert!(told.all.iter().all(|one| [200, 503].contains(&one.status)), "{:?}", told.all);
    for put_off in told.all.iter().filter(|one| one.status == 503) {
        assert_eq!((put_off.code.as_str(), put_off.again.as_str()), ("601", "1"), "{put_off:?}");
    }
    // It recovers by itself, and what was put off is a new request as if nothing had been.
    assert_eq!(stored(world), told.ids(200));
    let first = told.ids(503).remove(0);
    world.alfa_paid(&first, 5_000);
    for id in told.ids(200) {
        world.shop.wait_status(&id, "awaiting redirect result");
    }
}

fn a_full_queue_is_told_in_the_words_of_each_face(world: &mut World) {
    let redirect = world.alfa_redirected("known", 5_000);
    world.alfa_paid("paid", 7_000);
    let anna = Person::operator(world, "anna");
    let dialog = format!("{}/refund", page_of(world, "paid"));
    let key = anna.form(&dialog, &dialog).get("key").unwrap().to_owned();
    let token = anna.token();
    let payer = Payer::of(&world.node.url(""));
    let link = Link::new(1, "page", 5_000, "RUB").path(&world.merchant.secret);
    let page = payer.open(&world.node.url(&link));
    let before = stored(world);

    let stall = Stall::begin(&world.setup);
    let flood = Flood::start(world, "sale", 16);
    flood.until("the queue is full", |told| told.put_off() >= 40);

    let way = page.way("alfa-click").filled(&[("customer_account_number", "account1")]);
    let turned_away = page.submit(&way);
    assert_eq!(turned_away.status, 503, "{}", turned_away.html);
    assert!(turned_away.header("retry-after").parse::<u64>().is_ok());
    assert!(turned_away.html.contains("деньги не списаны"), "{}", turned_away.html);
    let fields = [
        ("key", key.as_str()),
        ("way", "part"),
        ("sum", "10"),
        ("reason", "передумал"),
        ("step", "confirm"),
        ("token", &token),
    ];
    let refused = anna.send(&dialog, &fields, &[]);
    is_put_off(&refused);
    assert!(refused.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    world.emulators.press(Provider::Rbs, &order_id(&redirect), "pay");
    let notified = r#"altyn_requests_total{route="/providers/{account}/notify",status="503"}"#;
    eventually("the bank's notification is put off", || {
        world.node.metric(notified).filter(|times| *times >= 1.0)
    });
    operators_see(world);

    stall.end();
    // The bank has repeated its notification, or was asked.
    world.shop.wait_status("known", "success");
    let told = flood.stop();
    assert!(told.all.iter().all(|one| [200, 500, 503].contains(&one.status)), "{:?}", told.all);
    for put_off in told.all.iter().filter(|one| one.status == 503) {
        assert_eq!((put_off.code.as_str(), put_off.again.as_str()), ("601", "1"), "{put_off:?}");
    }
    // Nothing of what was put off is there; everything that was taken is. Of what failed in between
    // (the embedded database gives up on a lock in five seconds) either may be.
    let mut told_stored = stored(world);
    told_stored.retain(|id| !before.contains(id));
    let failed = told.ids(500);
    told_stored.retain(|id| !failed.contains(id));
    assert_eq!(told_stored, told.ids(200));
    assert_eq!(texts(&world.setup, "SELECT kind FROM operations WHERE kind = 'refund'").len(), 0);
    // Once the little room is not taken by what had to wait, everybody is served again.
    let paid = eventually("the payer is served", || {
        Some(page.submit(&way)).filter(|paid| paid.status != 503)
    });
    assert_eq!(paid.status, 200, "{}", paid.html);
    let again = alfa_sale(&told.ids(503).remove(0), 5_000);
    eventually("what was put off is taken", || {
        let answer = world.merchant.post(&world.node, ALFA_SALE, &again);
        assert!([200, 503].contains(&answer.status), "{}", answer.text());
        (answer.status == 200).then_some(())
    });
}

#[test]
fn a_connection_too_many_is_told_so_at_once() {
    let Some(database) = Engine::Sqlite.database() else { return };
    let world = World::start_with(database, &[("ALTYN_SERVER__CONNECTIONS_MAX", "3")]);
    let (authority, _) = http::split(&world.node.url("/"));
    // Not signed, so that one that is read after all changes nothing. Each takes a place with a request
    // whose body does not come, until nobody gets any; idle ones would give way.
    let head = format!("POST {ALFA_SALE} HTTP/1.1\r\nhost: shop\r\ncontent-length: 10\r\n\r\n");
    let (url, body) = (world.node.url(ALFA_SALE), "x".repeat(10_000));
    let (mut busy, mut in_a_row) = (Vec::new(), 0);
    eventually("every connection is put off", || {
        let answer = http::post_json(&url, body.as_bytes()).unwrap();
        if answer.status == 503 {
            is_put_off(&answer);
            in_a_row += 1;
        } else {
            let mut connection = open(&authority).unwrap();
            connection.write_all(head.as_bytes()).unwrap();
            busy.push(connection);
            in_a_row = 0;
        }
        (in_a_row == 20).then_some(())
    });
    drop(busy);
    eventually("there is room again", || world.node.is_ready().then_some(()));
    world.finish();
}
