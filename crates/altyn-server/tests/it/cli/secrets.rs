//! Secrets and card numbers are kept nowhere: not in the database and its log, not in the logs,
//! not in callbacks and metrics.

use altyn_testkit::harness::bodies::{
    ALFA_REFUND, ALFA_SALE, CARD_SALE, alfa_sale, card_sale_to_clarify, over, partial_refund,
};
use altyn_testkit::harness::{Merchant, accounts, http};
use serde_json::{Value, json};

use crate::support::{Engine, World};

/// A card number with a right check digit, as a merchant may send it where nobody asked.
const CARD: &str = "4111111111111111";
/// The same as people write it.
const SPACED: &str = "4111 1111 1111 1111";

#[test]
fn nothing_of_a_card_or_a_secret_is_kept() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(database) = engine.database() else { continue };
        let verbose = [("ALTYN_LOG__LEVEL", "debug,hyper=info,tokio_postgres=info")];
        let world = World::start_with(database, &verbose);
        act(&world);
        look(&world);
        world.finish();
    }
}

/// Everything that could leave a trace: sales, refunds, refusals, faults, a notification.
fn act(world: &World) {
    let (merchant, node) = (&world.merchant, &world.node);
    let card = json!({
        "card": {"pan": CARD, "cvv": "123", "card_holder": "IVAN IVANOV"},
        "customer": {"first_name": CARD, "card_number": CARD, "shipping": {"note": SPACED}},
        "payment": {"description": format!("card {CARD}"), "extra_param": format!("7 {SPACED} 12-27")},
        "unknown": [CARD, {"deep": format!("x{SPACED}y")}],
    });
    let sale = over(&alfa_sale("card", 10_000), &card);
    merchant.accepted(node, ALFA_SALE, &sale);
    let redirect = world.shop.wait_status("card", "awaiting redirect result");
    let order = crate::support::order_id(&redirect);
    world.emulators.press(crate::support::Provider::Rbs, &order, "pay");
    world.shop.wait_status("card", "success");
    let refund = over(&partial_refund("card", 100), &card);
    merchant.accepted(node, ALFA_REFUND, &refund);
    world.shop.wait_status("card", "partially refunded");
    merchant.accepted(node, CARD_SALE, &over(&card_sale_to_clarify("card-2", 1_000), &card));
    world.shop.wait_status("card-2", "awaiting clarification");

    // What is refused is logged, and must not say more.
    let stranger = Merchant::new(1, "a wrong secret");
    stranger.refused(node, ALFA_SALE, &sale, (400, "3261", ""));
    let other = over(&sale, &json!({"payment": {"amount": 5}}));
    merchant.refused(node, ALFA_SALE, &other, (400, "3041", "payment.amount"));
    let url = node.url("/providers/alfabank/notify?orderNumber=x&checksum=y");
    let refused = http::get(&url).unwrap();
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    for arguments in [["project", "list"].as_slice(), &["callbacks", "list"], &["check"]] {
        world.setup.cli(arguments).done();
    }
}

fn look(world: &World) {
    let secrets = [
        (&*world.merchant.secret, "the first project's secret"),
        (&world.other.secret, "the second project's secret"),
        (&world.instructing.secret, "the third project's secret"),
        (accounts::RBS_PASSWORD, "the gateway's password"),
        (accounts::RBS_CALLBACK_KEY, "the gateway's key"),
        (accounts::IPAY_KEY, "the partner's key"),
        (CARD, "the card number"),
        (SPACED, "the card number with spaces"),
    ];
    let ring = std::fs::read_to_string(world.setup.keys()).unwrap();
    let key = ring.trim().split_once(':').unwrap().1.to_owned();
    let everything = places(world);
    assert!(everything.iter().any(|(_, bytes)| find(bytes, "411111******1111")), "it was there");
    for (place, bytes) in &everything {
        for (secret, what) in &secrets {
            assert!(!find(bytes, secret), "{what} is in {place}");
        }
        assert!(!find(bytes, &key), "the sealing key is in {place}");
    }
}

/// Every place where something is kept or told, with its bytes.
fn places(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut places = vec![
        ("the log".to_owned(), world.node.log().into_bytes()),
        ("the metrics".to_owned(), world.node.metrics().into_bytes()),
        ("a status".to_owned(), status_of(world).to_string().into_bytes()),
    ];
    for told in world.shop.callbacks() {
        places.push((format!("callback {}", told.number), told.bytes));
    }
    match world.setup.database().folder() {
        Some(folder) => {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
            assert!(
                places.iter().any(|(place, _)| place.ends_with("-wal")),
                "the WAL is looked at"
            );
        }
        None => places.extend(tables(world)),
    }
    places
}

fn status_of(world: &World) -> Value {
    world.merchant.status(&world.node, "card")
}

/// Every row of every table as text; binary columns as text too.
fn tables(world: &World) -> Vec<(String, Vec<u8>)> {
    let url = world.setup.database().url();
    let names = crate::support::query(
        url,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    assert!(names.len() > 8, "{names:?}");
    let columns = |name: &str| {
        let sql = format!(
            "SELECT column_name || ':' || data_type FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = '{name}'"
        );
        crate::support::query(url, &sql)
    };
    let text = |column: &String| {
        let (name, kind) = column.split_once(':').unwrap();
        if kind == "bytea" { format!("encode({name}, 'escape')") } else { format!("{name}::text") }
    };
    names
        .iter()
        .map(|name| {
            let list: Vec<String> = columns(name).iter().map(text).collect();
            let sql = format!("SELECT concat_ws('|', {}) FROM {name}", list.join(", "));
            (format!("table {name}"), crate::support::query(url, &sql).join("\n").into_bytes())
        })
        .collect()
}

fn find(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
