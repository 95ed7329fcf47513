//! A copy is made under load, the machine is lost, and the copy is served from: every payment that
//! was answered before the copy was begun is in it, and what was under way then takes its end, at the
//! provider once (I4, I13).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::{Node, eventually, monotonic};

use crate::crash::load::{Book, Load};
use crate::crash::stage::{Stage, seed};
use crate::support::{Engine, Provider, query, sql};

/// The number of the jobs that capture holds on their date, days from now.
const CAPTURE_HOLD: i64 = 5;

#[test]
fn a_copy_takes_the_place_of_a_lost_sqlite() {
    drill(Engine::Sqlite);
}

#[test]
fn a_dump_takes_the_place_of_a_lost_postgres() {
    drill(Engine::Postgres);
}

fn drill(engine: Engine) {
    let Some(database) = engine.database() else { return };
    let (seed, began) = (seed(), monotonic());
    let stage = Stage::new(database);
    let mut node = Node::start(&stage.setup);
    let load = Load::start("before", &stage, &[&node], seed);
    load.until(60);
    let before = load.stop();
    let load = Load::start("meanwhile", &stage, &[&node], seed + 1);
    load.until(10);
    let copy = Copy::make(&stage);
    load.go_on(Duration::from_millis(300));
    let mut meanwhile = load.stop();
    node.kill9();

    copy.restore(&stage);
    stage.setup.check();
    // The minute that the lost process would have held its leases.
    sql(
        &stage.setup,
        "UPDATE jobs SET due_at = due_at - 60000 WHERE owner IS NOT NULL OR kind = 1;
         UPDATE operations SET updated_at = updated_at - 60000
             WHERE state IN ('accepted', 'sending')",
    );
    let answered = meanwhile.sales.len();
    let references = stage.rows("SELECT reference FROM payments");
    let is_there = |id: &String| references.contains(id);
    meanwhile.sales.retain(|sale| is_there(&sale.payment_id));
    let returned = returned_after_it(&stage);
    // Of what came after the copy nothing is in it, and nobody can know of it.
    let (in_it, lost) = (meanwhile.sales.len(), answered - meanwhile.sales.len());
    let theirs = before.sales.len() + in_it;
    assert_eq!(references.len(), theirs, "payments that nobody was answered about");
    node.restart();
    before.must_be_known(&stage.merchant, &node);
    sales_only(meanwhile).must_be_known(&stage.merchant, &node);
    stage.merchant.accepted(&node, ALFA_SALE, &alfa_sale("afterwards", 10_000));
    stage.shop.wait_status("afterwards", "success");
    take_their_end(&stage, &returned);
    node.stop();
    let open = left_open(&stage, &returned);
    let report = stage.setup.check();
    assert_eq!(
        (&report["unknown"], &report["callbacks_owed"]),
        (&open.into(), &0.into()),
        "{report}"
    );
    assert_eq!(report["payments"], theirs + 1, "{report}");
    let compared = charges_match(&stage);
    println!(
        "  {} answered before the copy, all in it; {in_it} of {answered} answered meanwhile, {lost} \
         after it; {open} refunds left to a person; {compared} compared with the provider; {:.0?} in all",
        before.sales.len(),
        began.elapsed(),
    );
}

/// Payments of which the provider has returned more often than the copy knows to have asked.
fn returned_after_it(stage: &Stage) -> Vec<String> {
    let asked = stage.rows(
        "SELECT a.key || ' ' || p.reference || ' ' || CAST((SELECT count(*) FROM operations r
             WHERE r.project = p.project AND r.payment = p.id
                 AND r.kind = 'refund' AND r.attempts > 0) AS TEXT)
         FROM operations o JOIN payments p ON p.project = o.project AND p.id = o.payment
         JOIN attempts a ON a.project = o.project AND a.operation = o.id AND a.number = 1
         WHERE o.kind IN ('sale', 'authorization')",
    );
    let orders = stage.emulators.orders(Provider::Rbs);
    let more = asked.iter().filter_map(|row| {
        let [key, reference, asked] = row.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let order = orders.iter().find(|order| order["order_number"] == key)?;
        let returned = order["refunds"].as_array().unwrap().len();
        (returned > asked.parse().unwrap()).then(|| reference.to_owned())
    });
    more.collect()
}

/// SQL: the payment `p` is one of these.
fn one_of(payments: &[String]) -> String {
    let quoted: Vec<String> = payments.iter().map(|id| format!(", '{id}'")).collect();
    format!("p.reference IN (''{})", quoted.concat())
}

/// Waits until everything has ended, but for refunds of payments of which the provider has returned
/// more than we know of: that says nothing about a refund that we do know of.
fn take_their_end(stage: &Stage, returned: &[String]) {
    let left = format!(
        "FROM jobs j WHERE j.kind <> {CAPTURE_HOLD} AND NOT EXISTS (
             SELECT 1 FROM operations o JOIN payments p ON p.project = o.project AND p.id = o.payment
             WHERE o.project = j.project AND o.id = j.subject AND o.kind = 'refund' AND {})",
        one_of(returned)
    );
    eventually("everything else has ended", || {
        sql(&stage.setup, "UPDATE jobs SET due_at = 0 WHERE kind IN (1, 2) AND owner IS NULL");
        (stage.count(&left) == 0).then_some(())
    });
    eventually("every callback is delivered", || {
        (stage.count("FROM callbacks WHERE state = 'owed'") == 0).then_some(())
    });
}

/// Refunds of those payments that stay unknown, for a person to look at; of others there are none.
fn left_open(stage: &Stage, returned: &[String]) -> u64 {
    let open = "FROM operations o JOIN payments p ON p.project = o.project AND p.id = o.payment
         WHERE o.state = 'unknown'";
    assert_eq!(stage.count(&format!("{open} AND NOT {}", one_of(returned))), 0, "and not lost");
    stage.count(open)
}

fn sales_only(book: Book) -> Book {
    Book { sales: book.sales, ..Book::default() }
}

/// What is paid here was taken once at the provider, what is declined was not, however much of it
/// happened after the copy. Gives how many were compared.
fn charges_match(stage: &Stage) -> usize {
    stage.emulators.nobody_was_charged_twice();
    // A card's payment that was not sent before the copy is declined without a question.
    let rows = stage.rows(
        "SELECT a.key || ' ' || o.state FROM operations o
         JOIN attempts a ON a.project = o.project AND a.operation = o.id AND a.number = 1
         WHERE o.kind = 'sale'",
    );
    let orders = stage.emulators.orders(Provider::Rbs);
    for row in &rows {
        let (key, state) = row.split_once(' ').unwrap();
        let order = orders.iter().find(|order| order["order_number"] == key);
        let charges = order.map_or(0, |order| order["charges"].as_i64().unwrap());
        assert_eq!(charges, i64::from(state == "approved"), "{state}: {order:?}");
    }
    rows.len()
}

/// A copy of a database.
enum Copy {
    File(PathBuf),
    Dump(PathBuf),
}

impl Copy {
    /// While it is used.
    fn make(stage: &Stage) -> Self {
        let path = stage.setup.folder().join("copy");
        if stage.setup.database().engine() == "sqlite" {
            stage.setup.cli(&["backup", path.to_str().unwrap()]).done();
            return Self::File(path);
        }
        let url = stage.setup.database().url();
        run(postgres(url, "pg_dump").args(["--format=custom", "--file"]).arg(&path).arg(url));
        Self::Dump(path)
    }

    /// In the place of the database that is lost.
    fn restore(&self, stage: &Stage) {
        match self {
            Self::File(copy) => {
                let database = stage.setup.database().folder().unwrap().join("altyn.db");
                // The log belongs to what is lost. The list stays: it finds out by itself.
                for file in ["altyn.db", "altyn.db-wal", "altyn.db-shm"] {
                    let _ = std::fs::remove_file(database.with_file_name(file));
                }
                std::fs::copy(copy, database).unwrap();
            }
            Self::Dump(dump) => {
                let url = stage.setup.database().url();
                let (server, name) = url.rsplit_once('/').unwrap();
                let admin = format!("{server}/postgres");
                query(&admin, &format!("DROP DATABASE {name} WITH (FORCE)"));
                let locale = "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'";
                query(&admin, &format!("CREATE DATABASE {name} TEMPLATE template0 {locale}"));
                run(postgres(url, "pg_restore")
                    .args(["--exit-on-error", "--dbname", url])
                    .arg(dump));
            }
        }
    }
}

/// A program that belongs to the server.
fn postgres(url: &str, program: &str) -> Command {
    let version = query(url, "SHOW server_version_num").remove(0);
    let major = version.parse::<u32>().unwrap() / 10_000;
    let path = format!("/usr/lib/postgresql/{major}/bin/{program}");
    Command::new(if Path::new(&path).exists() { path.as_str() } else { program })
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
