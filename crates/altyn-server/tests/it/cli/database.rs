//! What an operator does to the database: migrate, check, back up, change keys.

use altyn_testkit::harness::bodies::{ALFA_REFUND, ALFA_SALE, alfa_sale, partial_refund};
use altyn_testkit::harness::{Node, Setup};
use serde_json::{Value, json};

use crate::support::{BINARY, Engine, World, run, sql};

on_both_databases! {
    a_broken_row_is_named,
    the_key_is_changed_under_a_running_platform,
    a_schema_from_the_future_is_refused,
}

/// One payment, paid and partly returned.
fn some_payments(world: &World) {
    world.alfa_paid("paid", 10_000);
    world.merchant.accepted(&world.node, ALFA_REFUND, &partial_refund("paid", 4_000));
    world.shop.wait_status("paid", "partially refunded");
}

fn breaches(setup: &Setup) -> Value {
    let output = setup.cli(&["check", "--json"]);
    assert_eq!(output.code, Some(3), "{output:?}");
    output.json()["breaches"].clone()
}

fn a_broken_row_is_named(world: &mut World) {
    some_payments(world);
    let setup = &world.setup;
    let clean = setup.cli(&["check"]).done().stdout;
    assert!(clean.contains("1 payments, 2 operations"), "{clean}");
    let broken = [
        (
            "UPDATE balances SET debit_minor = debit_minor + 1 WHERE account = 'provider_receivable'",
            "UPDATE balances SET debit_minor = debit_minor - 1 WHERE account = 'provider_receivable'",
            "I2",
            "project 1 account provider_receivable RUB",
        ),
        (
            "UPDATE payments SET state = 'declined'",
            "UPDATE payments SET state = 'partially_refunded'",
            "I6",
            "project 1 payment ",
        ),
        (
            "UPDATE payments SET refunded_minor = refunded_minor + 1",
            "UPDATE payments SET refunded_minor = refunded_minor - 1",
            "I7",
            "project 1 payment ",
        ),
        (
            "UPDATE events SET seq = seq + 100 WHERE seq = 2",
            "UPDATE events SET seq = seq - 100 WHERE seq = 102",
            "I5",
            "project 1 payment ",
        ),
    ];
    for (breaks, mends, rule, subject) in broken {
        world.sql(breaks);
        let told = breaches(setup);
        let named = told.as_array().unwrap().iter().any(|breach| {
            breach["rule"] == rule && breach["subject"].as_str().unwrap().starts_with(subject)
        });
        assert!(named, "{rule} {subject} in {told}");
        let text = setup.cli(&["check"]);
        assert_eq!(text.code, Some(3), "{text:?}");
        assert!(text.stdout.contains(&format!("{rule} {subject}")), "{text:?}");
        world.sql(mends);
    }
}

fn the_key_is_changed_under_a_running_platform(world: &mut World) {
    some_payments(world);
    let ring = world.setup.keys();
    let lines = || -> Vec<String> {
        std::fs::read_to_string(&ring).unwrap().lines().map(str::to_owned).collect()
    };
    assert_eq!(lines().len(), 1);
    world.setup.cli(&["keys", "add"]).done();
    assert_eq!(lines().len(), 2);
    // The node has the old ring; what is sealed with the new key it cannot read until it restarts.
    world.node.stop_and_start();
    let sealed = world.setup.cli(&["keys", "rotate"]).done().stdout;
    assert!(sealed.contains("3 secrets"), "{sealed}");
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("between", 10_000));

    // The old key may go; nothing is sealed with it any more.
    let newest = lines().pop().unwrap();
    std::fs::write(&ring, format!("{newest}\n")).unwrap();
    world.node.stop_and_start();
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("after", 10_000));
    world.shop.wait_status("after", "awaiting redirect result");
    world.setup.cli(&["project", "list"]).done();

    // With a strange ring nothing opens, and it is said.
    let strange = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let refused = world.setup.cli_with(&["project", "list"], &[("ALTYN_KEYS__INLINE", strange)]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
}

fn a_schema_from_the_future_is_refused(world: &mut World) {
    let setup = &world.setup;
    setup.cli(&["migrate"]).done();
    let columns = "version, name, checksum, applied_at";
    world.sql(&format!(
        "INSERT INTO schema_migrations ({columns}) SELECT 99, 'later', checksum, applied_at \
         FROM schema_migrations WHERE version = 1"
    ));
    for command in [["migrate"].as_slice(), &["check"], &["project", "list"], &["serve"]] {
        let refused = setup.cli(command);
        assert_eq!(refused.code, Some(1), "{command:?}: {refused:?}");
        assert!(refused.stderr.contains("schema 99"), "{command:?}: {refused:?}");
    }
    world.sql("DELETE FROM schema_migrations WHERE version = 99");
}

#[test]
fn an_older_schema_is_refused_until_it_is_migrated() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(database) = engine.database() else { continue };
        let setup = Setup::bare(BINARY, database, "http://127.0.0.1:1");
        let only_told = [("ALTYN_STORE__MIGRATE_ON_START", "false")];
        for command in [["serve"].as_slice(), &["project", "list"], &["check"]] {
            let refused = setup.cli_with(command, &only_told);
            assert_eq!(refused.code, Some(1), "{command:?}: {refused:?}");
            assert!(refused.stderr.contains("altyn migrate"), "{command:?}: {refused:?}");
        }
        for _ in 0..2 {
            let done = setup.cli(&["migrate"]).done();
            assert!(done.stdout.contains("up to date"), "{done:?}");
        }
        Node::start_with(&setup, &only_told).stop();
        let none = setup.cli(&["project", "list"]).done().stdout;
        assert!(none.contains("no projects yet"), "{none}");
        setup.check();
    }
}

#[test]
fn a_backup_is_a_whole_database() {
    run(Engine::Sqlite, |world| {
        some_payments(world);
        let copy = world.setup.folder().join("copy.db");
        let path = copy.display().to_string();
        world.setup.cli(&["backup", &path]).done();
        world.alfa_paid("later", 10_000);
        let over_it = world.setup.cli(&["backup", &path]);
        assert_eq!(over_it.code, Some(1), "a file is never written over: {over_it:?}");

        let url = format!("sqlite:{path}");
        let on_copy = [("ALTYN_STORE__URL", url.as_str())];
        let report = world.setup.cli_with(&["check", "--json"], &on_copy).done().json();
        assert_eq!((&report["payments"], &report["breaches"]), (&json!(1), &json!([])), "{report}");
        let node = Node::start_with(&world.setup, &on_copy);
        assert_eq!(world.merchant.status(&node, "paid")["payment"]["status"], "partially refunded");
        assert_eq!(world.merchant.status(&node, "later")["errors"][0]["code"], "3061");
        node.stop();
    });
    run(Engine::Postgres, |world| {
        let refused = world.setup.cli(&["backup", "/tmp/no-such-copy"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("pg_dump"), "{refused:?}");
        sql(&world.setup, "SELECT 1");
    });
}
