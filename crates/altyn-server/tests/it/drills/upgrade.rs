//! A database of each released version is refused until it is migrated, then checked and served, and
//! a payment of before is told as it was; a database of a later version is refused by every command,
//! and left as it is. What a node does that runs while the schema moves on.

use altyn_testkit::build::SECRET;
use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::{Merchant, Node, Setup};

use crate::support::{BINARY, Engine, World, run, sql, texts};

/// A released step of the schema for one engine: its name, its statements and their SHA-256.
type Step = (&'static str, &'static str, &'static str);

macro_rules! released {
    ($engine:literal, $name:literal, $file:literal, $checksum:literal) => {
        (
            $name,
            include_str!(concat!("../../../../altyn-store/migrations/", $engine, "/", $file)),
            $checksum,
        )
    };
}

const SQLITE: &[Step] = &[
    released!(
        "sqlite",
        "first",
        "0001_first.sql",
        "5b23d5dd35bd8b32b559c8beb39b4d3a651c6a47b14f1fd2bcddac481954c693"
    ),
    released!(
        "sqlite",
        "cards_and_holds",
        "0002_cards_and_holds.sql",
        "7af87fd11f64c2bda31f658b7b8d701a93e398a3248e5ca5e76f0228d20dc974"
    ),
    released!(
        "sqlite",
        "cabinet",
        "0003_cabinet.sql",
        "9b1ae47ab0555142827bf959f03da84d2bf7d83558c0a2581cfc2ded60b7c73a"
    ),
];
const POSTGRES: &[Step] = &[
    released!(
        "postgres",
        "first",
        "0001_first.sql",
        "776acfe4e3aa5e627f0e1d47c7cf94c5370c53ea2bdb9ffd7a2c6aee6dc4c587"
    ),
    released!(
        "postgres",
        "cards_and_holds",
        "0002_cards_and_holds.sql",
        "860614c22cffebba70bcafb5b6360b480b408b4dd7f5faebba43777f9251f2f8"
    ),
    released!(
        "postgres",
        "cabinet",
        "0003_cabinet.sql",
        "6cd4a4a43d1cf695e89c6023670119933cd5d42872e1850809f166a44b212278"
    ),
];
/// Rows that the first version wrote, its secret sealed by [`KEY`].
const ROWS: &str = include_str!("../../../../altyn-store/tests/it/rows_of_0001.sql");
const KEY: (&str, &str) = ("ALTYN_KEYS__INLINE", "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
/// Nothing of these rows may go out: their addresses are not ours to call.
const IDLE: (&str, &str) = ("ALTYN_SERVER__WORKERS", "false");
const AS_IT_IS: (&str, &str) = ("ALTYN_STORE__MIGRATE_ON_START", "false");

/// A database of the schema `version`, with rows of the first.
fn database_of(version: usize, engine: Engine) -> Option<Setup> {
    let setup = Setup::bare(BINARY, engine.database()?, "http://127.0.0.1:1");
    let (steps, rows) = match engine {
        Engine::Sqlite => (SQLITE, ROWS.to_owned()),
        Engine::Postgres => (POSTGRES, ROWS.replace(" X'", " '\\x")),
    };
    sql(
        &setup,
        "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL,
             checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
    );
    for (number, (name, statements, checksum)) in (1..=version).zip(steps) {
        sql(&setup, statements);
        sql(
            &setup,
            &format!("INSERT INTO schema_migrations VALUES ({number}, '{name}', '{checksum}', 0)"),
        );
        if number == 1 {
            sql(&setup, &rows);
        }
    }
    Some(setup)
}

#[test]
fn each_released_version_is_brought_up_to_date() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for version in 1..=SQLITE.len() {
            if let Some(setup) = database_of(version, engine) {
                is_brought_up_to_date(&setup);
                println!("  {engine:?}: schema {version} migrated, checked and served");
            }
        }
    }
}

fn is_brought_up_to_date(setup: &Setup) {
    for command in [["check"].as_slice(), &["project", "list"], &["serve"]] {
        let refused = setup.cli_with(command, &[KEY, AS_IT_IS]);
        assert_eq!(refused.code, Some(1), "{command:?}: {refused:?}");
        assert!(refused.stderr.contains("altyn migrate"), "{command:?}: {refused:?}");
    }
    for _ in 0..2 {
        setup.cli_with(&["migrate"], &[KEY]).done();
    }
    let report = setup.cli_with(&["check", "--json"], &[KEY]).done().json();
    assert_eq!((&report["payments"], &report["operations"]), (&4.into(), &6.into()), "{report}");
    let method = ["project", "set", "--id", "42", "--method", "alfa-click=alfabank"];
    setup.cli_with(&method, &[KEY]).done();

    let node = Node::start_with(setup, &[KEY, AS_IT_IS, IDLE]);
    let merchant = Merchant::new(42, SECRET);
    let stands = |id: &str| {
        let document = merchant.status(&node, id);
        let status = document["payment"]["status"].as_str().unwrap().to_owned();
        (status, document["operations"].as_array().unwrap().len())
    };
    assert_eq!(stands("Заказ-1"), ("partially refunded".to_owned(), 3));
    assert_eq!(stands("order-4"), ("decline".to_owned(), 1));
    let sale = alfa_sale("after the upgrade", 10_000);
    let request = merchant.accepted(&node, ALFA_SALE, &sale);
    assert_eq!(merchant.accepted(&node, ALFA_SALE, &sale), request);
    node.stop();
    let report = setup.cli_with(&["check", "--json"], &[KEY]).done().json();
    assert_eq!(report["payments"], 5, "{report}");
}

/// Every command that looks at the database.
const COMMANDS: &[&[&str]] = &[
    &["serve"],
    &["migrate"],
    &["check"],
    &["backup", "/nowhere/copy"],
    &["project", "list"],
    &["callbacks", "list"],
    &["user", "list"],
    &["keys", "rotate"],
    &["clock", "--project", "1", "--forward", "1m"],
];

#[test]
fn a_later_version_is_refused_by_every_command() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        run(engine, |world| {
            later(world);
            let before = steps(world);
            for command in COMMANDS {
                let refused = world.setup.cli(command);
                assert_eq!(refused.code, Some(1), "{command:?}: {refused:?}");
                assert!(refused.stderr.contains("schema 99"), "{command:?}: {refused:?}");
                assert!(refused.stderr.contains("knows up to"), "{command:?}: {refused:?}");
            }
            assert_eq!(steps(world), before, "a database that is refused stays as it was");
            now(world);
        });
    }
}

/// A node of this version goes on while a later one migrates beside it, and is refused when it is
/// started again: whether it may go on so long, the changelog of the later version says.
#[test]
fn a_running_node_goes_on_beside_a_later_schema_and_does_not_start_again() {
    run(Engine::Postgres, |world| {
        let mut other = Node::start(&world.setup);
        world.merchant.accepted(&other, ALFA_SALE, &alfa_sale("before", 10_000));
        later(world);
        other.signal("TERM");
        let status = altyn_testkit::harness::eventually("it ends", || other.exited());
        assert!(status.success(), "{status}");
        world.alfa_paid("meanwhile", 10_000);
        other.launch();
        let status = altyn_testkit::harness::eventually("it is refused", || other.exited());
        assert_eq!(status.code(), Some(1), "{status}");
        assert!(other.log().contains("schema 99"), "{}", other.log());
        // The later version was taken back: nothing was changed that this one would miss.
        now(world);
        other.restart();
        assert_eq!(world.merchant.status(&other, "meanwhile")["payment"]["status"], "success");
        other.stop();
    });
}

/// As a later version would leave the record of its steps.
fn later(world: &World) {
    world.sql(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at)
             SELECT 99, 'later', checksum, applied_at FROM schema_migrations WHERE version = 1",
    );
}

fn now(world: &World) {
    world.sql("DELETE FROM schema_migrations WHERE version = 99");
}

fn steps(world: &World) -> Vec<String> {
    let steps = "SELECT CAST(version AS TEXT) || ' ' || checksum FROM schema_migrations ORDER BY 1";
    texts(&world.setup, steps)
}
