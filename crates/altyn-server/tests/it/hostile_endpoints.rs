//! Callbacks to addresses that mean harm or are dead: what is inside our network is never reached,
//! each try is on record with its reason, and nobody else waits.

use std::io::ErrorKind;
use std::net::TcpListener;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale, over};
use altyn_testkit::harness::{Reply, Shop, eventually};
use serde_json::{Value, json};

use crate::support::{Engine, World, texts};

on_both_databases! {
    a_dead_endpoint_with_thousands_waiting_holds_up_nobody,
}

/// Below the method's least amount: rejected, which is told at once without asking a provider.
const REJECTED: i64 = 50;
/// Callbacks due to the dead endpoint beside the one that was owed in earnest.
const BACKLOG: usize = 5_000;
/// Deliveries to one host under way at once, as the node is configured by default.
const PER_HOST: usize = 64;

/// A sale that owes a callback to `url` at once.
fn owe(world: &World, id: &str, url: &str) {
    let own = json!({"general": {"merchant_callback_url": url}});
    let sale = over(&alfa_sale(id, REJECTED), &own);
    world.merchant.accepted(&world.node, ALFA_SALE, &sale);
}

fn a_dead_endpoint_with_thousands_waiting_holds_up_nobody(world: &mut World) {
    let mut dead = Shop::start();
    dead.always("/dead", Some(Reply::Hang));
    owe(world, "dead", &dead.url("/dead"));
    dead.wait_count("the first hangs", 1, |_| true);
    // Thousands more, due longer than anything else: what a claim comes upon first.
    world.sql(&format!(
        "WITH RECURSIVE numbers(n) AS
             (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {BACKLOG})
         INSERT INTO callbacks (project, id, payment, operation, told, url, body, created_at, state,
             attempts)
         SELECT project, id - n, payment, operation, told, url, body, created_at, state, attempts
         FROM callbacks, numbers WHERE url LIKE '%/dead'"
    ));
    world.sql(
        "INSERT INTO jobs (kind, subject, project, payment, lane, due_at, attempts, wakes)
         SELECT jobs.kind, callbacks.id, jobs.project, jobs.payment, jobs.lane,
             callbacks.created_at, 0, 0
         FROM callbacks, jobs
         WHERE callbacks.url LIKE '%/dead' AND jobs.kind = 3 AND callbacks.id < jobs.subject",
    );
    dead.wait_count("its share hangs", PER_HOST, |_| true);
    for number in 0..25 {
        owe(world, &format!("alive-{number}"), &world.shop.url("/alive"));
        world.shop.wait_status(&format!("alive-{number}"), "error");
    }
    world.alfa_paid("alive", 5_000);
    let waiting = world.node.metric(r#"altyn_jobs_waiting{kind="deliver_callback"}"#).unwrap();
    assert!(waiting >= (BACKLOG / 2) as f64, "only {waiting} of the dead one's wait still");
    assert!(dead.read(<[_]>::len) < BACKLOG / 2, "they did not hang");
    // What was made up is taken away again, before the end is looked at.
    world.sql(
        "DELETE FROM jobs WHERE kind = 3 AND subject IN
             (SELECT id FROM callbacks WHERE url LIKE '%/dead' AND id <
                 (SELECT max(id) FROM callbacks WHERE url LIKE '%/dead'))",
    );
    world.sql(
        "DELETE FROM callbacks WHERE url LIKE '%/dead' AND id <
             (SELECT max(id) FROM callbacks WHERE url LIKE '%/dead')",
    );
    dead.close();
}

#[test]
fn what_is_inside_is_never_reached_and_each_try_says_so() {
    let Some(database) = Engine::Sqlite.database() else { return };
    let allow = ("ALTYN_CALLBACKS__ALLOW", "[\"127.0.0.1/32\"]");
    let world = World::start_with(database, &[allow]);
    let inside = TcpListener::bind("127.0.0.2:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let port = inside.local_addr().unwrap().port();
    world.shop.always("/leads-away", Some(Reply::Redirect(format!("http://127.0.0.2:{port}/"))));
    let not_public = "is not public";
    let table = [
        ("http://127.0.0.2:PORT/", not_public),
        ("http://2130706434:PORT/", not_public),
        ("http://0x7f.2:PORT/", not_public),
        ("http://0177.0.0.2:PORT/", not_public),
        ("http://127.2:PORT/", not_public),
        ("http://127.0.0.2.:PORT/", not_public),
        ("http://[::ffff:127.0.0.2]:PORT/", not_public),
        ("http://[64:ff9b::7f00:2]:PORT/", not_public),
        ("http://[2002:7f00:2::1]:PORT/", not_public),
        ("http://0.0.0.0:PORT/", not_public),
        ("http://[::1]:PORT/", not_public),
        ("http://169.254.169.254/latest/meta-data", not_public),
        ("http://10.0.0.1/", not_public),
        ("http://[fe80::1]/", not_public),
        ("http://[fd00:ec2::254]/", not_public),
        (&world.shop.url("/leads-away"), "HTTP 302"),
        (&world.shop.url("/not-tls").replace("http:", "https:"), "tls handshake eof"),
    ];
    for (number, (url, _)) in table.iter().enumerate() {
        owe(&world, &format!("order-{number}"), &url.replace("PORT", &port.to_string()));
    }
    let given_up = eventually("every plan is at its end", || {
        let arguments = ["callbacks", "list", "--state", "given-up", "--json"];
        let rows = world.setup.cli(&arguments).done().json();
        rows.as_array().filter(|rows| rows.len() == table.len()).cloned()
    });
    for (number, (url, error)) in table.iter().enumerate() {
        let sql =
            format!("SELECT CAST(id AS TEXT) FROM payments WHERE reference = 'order-{number}'");
        let payment = texts(&world.setup, &sql).remove(0);
        let fits =
            |row: &&Value| row["payment"].as_i64().is_some_and(|id| id.to_string() == payment);
        let row = given_up.iter().find(fits).unwrap();
        assert_eq!(row["attempts"], 5, "{url}: {row}");
        let shown = world.setup.cli(&["callbacks", "show", &row["id"].to_string()]).done().stdout;
        let tries: Vec<&str> = shown.lines().filter(|line| line.contains(" ms\t")).collect();
        assert_eq!(tries.len(), 5, "{url}: {shown}");
        assert!(tries.iter().all(|line| line.contains(error)), "{url}: {shown}");
    }
    let reached = inside.accept().map(|(_, from)| from);
    assert_eq!(reached.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    world.finish();
}
