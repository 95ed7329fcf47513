//! The clock of the machine is stepped while the server works, and goes over a leap day: nothing is
//! lost or done twice, ids stay unique and grow, no lease lasts for ever (I4, I11, I13, I15).
//!
//! By libfaketime, which moves what o'clock it is and leaves alone the time that has passed, as a
//! step of the real clock does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use altyn_testkit::harness::bodies::{ALFA_REFUND, ALFA_SALE, alfa_sale, partial_refund};
use altyn_testkit::harness::{Node, cards, eventually, monotonic};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::crash::AFTER_A_STOP;
use crate::crash::load::Load;
use crate::crash::reckoning::reckon;
use crate::crash::stage::{Random, Stage, quiet_at_once, seed};
use crate::support::{Engine, Provider, sql};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 2028-02-28T23:59:50Z.
const BEFORE_THE_LEAP_DAY: i64 = 1_835_395_190;

/// What o'clock a process takes it to be.
struct Time {
    folder: TempDir,
    library: PathBuf,
}

impl Time {
    /// The real one, until it is set. `None` without the library, with a word about it; under
    /// `CI=true` that is a failure.
    fn new() -> Option<Self> {
        let places = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
        let library = places
            .map(|place| place.join("faketime/libfaketimeMT.so.1"))
            .find(|library| library.exists());
        let Some(library) = library else {
            let ci = std::env::var("CI").unwrap_or_default();
            assert_ne!(ci, "true", "libfaketime is missing: scripts/setup.sh installs it");
            println!("skipped: libfaketime is missing (scripts/setup.sh installs it)");
            return None;
        };
        let time = Self { folder: TempDir::new().unwrap(), library };
        time.step(0);
        Some(time)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("time")
    }

    /// So many seconds from the real time.
    fn step(&self, seconds: i64) {
        let new = self.folder.path().join("time.new");
        std::fs::write(&new, format!("{seconds:+}")).unwrap();
        std::fs::rename(new, self.file()).unwrap();
    }

    /// To a moment, Unix seconds; it goes on from there.
    fn set(&self, moment: i64) {
        self.step(moment - now(&self.folder));
    }

    /// A node that goes by it.
    fn node(&self, stage: &Stage) -> Node {
        let library = self.library.to_str().unwrap().to_owned();
        let file = self.file().to_str().unwrap().to_owned();
        let environment = [
            ("LD_PRELOAD", library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", file.as_str()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ];
        Node::start_with(&stage.setup, &environment)
    }
}

/// The real time, Unix seconds, as the file system sees it.
fn now(folder: &TempDir) -> i64 {
    let path = folder.path().join("now");
    std::fs::write(&path, "").unwrap();
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    i64::try_from(modified.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Waits until the node writes events of about this time.
fn is_felt(stage: &Stage, moment: i64) {
    eventually("the node's clock is stepped", || {
        let about = format!(
            "FROM events WHERE at BETWEEN {} AND {}",
            (moment - MINUTE) * 1_000,
            (moment + MINUTE) * 1_000
        );
        (stage.count(&about) > 0).then_some(())
    });
}

#[test]
fn steps_of_an_hour_on_sqlite() {
    steps_of_an_hour(Engine::Sqlite);
}

#[test]
fn steps_of_an_hour_on_postgres() {
    steps_of_an_hour(Engine::Postgres);
}

/// Forward and back, further back than it began, and forward again, under load. What became due at
/// a later hour waits for it; at the end the clock is past all of them.
fn steps_of_an_hour(engine: Engine) {
    let (Some(time), Some(database)) = (Time::new(), engine.database()) else { return };
    let (seed, began) = (seed(), monotonic());
    let stage = Stage::new(database);
    let mut random = Random::new(seed, 0);
    let node = time.node(&stage);
    let load = Load::start("sale", &stage, &[&node], seed);
    load.until(20);
    let steps = [HOUR, 0, -HOUR, HOUR, -HOUR, 0];
    for step in steps {
        time.step(step);
        is_felt(&stage, now(&time.folder) + step);
        load.go_on(random.pause(200, 600));
    }
    time.step(3 * HOUR);
    is_felt(&stage, now(&time.folder) + 3 * HOUR);
    let book = load.stop();
    quiet_at_once(&stage, &node, AFTER_A_STOP);
    ids_grow(&stage);
    reckon(&stage, vec![node], &book);
    println!("  {} steps; lost: 0; {:.0?} in all", steps.len() + 1, began.elapsed());
}

/// One node's payments were numbered in the order in which each sender sent them.
fn ids_grow(stage: &Stage) {
    let rows = stage.rows("SELECT reference || ' ' || CAST(id AS TEXT) FROM payments ORDER BY id");
    let mut last: HashMap<String, u64> = HashMap::new();
    for row in rows {
        let (reference, _) = row.split_once(' ').unwrap();
        let (sender, turn) = reference.rsplit_once('-').unwrap();
        let turn = turn.parse().unwrap();
        let before = last.insert(sender.to_owned(), turn);
        assert!(before < Some(turn), "{reference} has a smaller id than one sent before it");
    }
}

/// Two nodes disagree by an hour: to the one ahead every lease of the other has run out. It may do
/// work twice that the other is doing, and never takes money twice; nor does it take the other's
/// number while that is renewed.
#[test]
fn two_nodes_an_hour_apart() {
    let (Some(time), Some(database)) = (Time::new(), Engine::Postgres.database()) else { return };
    let (seed, began) = (seed(), monotonic());
    let stage = Stage::new(database);
    let (right, ahead) = (Node::start(&stage.setup), time.node(&stage));
    let load = Load::start("sale", &stage, &[&right, &ahead], seed);
    load.until(20);
    time.step(HOUR);
    is_felt(&stage, now(&time.folder) + HOUR);
    load.go_on(Duration::from_millis(1_500));
    let book = load.stop();
    assert!(right.is_ready() && ahead.is_ready());
    // What the one ahead put off, only it takes for due; it must not be the one that stops.
    quiet_at_once(&stage, &ahead, AFTER_A_STOP);
    reckon(&stage, vec![ahead, right], &book);
    println!("  an hour apart; lost: 0; {:.0?} in all", began.elapsed());
}

/// A node is frozen with a card in its hand, as a virtual machine is that is moved. Another takes it
/// for dead and ends the payment; when the first goes on, it has nothing left to pay.
#[test]
fn a_frozen_node_pays_nothing_that_another_has_ended() {
    let Some(database) = Engine::Postgres.database() else { return };
    let stage = Stage::new(database);
    let (frozen, other) = (Node::start(&stage.setup), Node::start(&stage.setup));
    for (id, method) in [("registers", "register.do"), ("pays", "paymentorder.do")] {
        let slow = json!({"kind": "slow", "provider": "rbs", "method": method, "delay_ms": 3_000});
        stage.emulators.fault(&slow);
        let sale = cards::payment(id, 10_000, cards::GOOD);
        let request = stage.merchant.accepted(&frozen, cards::SALE, &sale);
        let is_asked = || stage.emulators.faults_are_used_up().then_some(());
        eventually(&format!("{method} is under way"), is_asked);
        frozen.signal("STOP");
        // The minute that a call by card is given goes by.
        let minute =
            "UPDATE operations SET updated_at = updated_at - 60000 WHERE state = 'sending';
             UPDATE jobs SET due_at = due_at - 60000 WHERE kind = 1";
        sql(&stage.setup, minute);
        let told = stage.shop.wait_for(&format!("the end of {id}"), |told| told.payment_id() == id);
        assert_eq!((told.status(), told.code()), ("decline", "601"), "{}", told.body);
        frozen.signal("CONT");
        assert_eq!(stage.merchant.accepted(&frozen, cards::SALE, &sale), request);
    }
    quiet_at_once(&stage, &other, AFTER_A_STOP);
    frozen.stop();
    other.stop();
    let totals = stage.emulators.totals();
    assert_eq!(totals["rbs"]["RUB"]["charges"].as_i64().unwrap_or(0), 0, "{totals}");
    let report = stage.setup.check();
    assert_eq!((&report["unknown"], &report["payments"]), (&0.into(), &2.into()), "{report}");
    println!("  frozen twice with a card in hand; taken: 0");
}

/// The 28th of February of a leap year ends and the 29th begins while payments are under way; the
/// card that is good to the end of February is; the hold that is captured six days later is.
#[test]
fn a_leap_day_comes_and_goes() {
    let (Some(time), Some(database)) = (Time::new(), Engine::Sqlite.database()) else { return };
    let stage = Stage::new(database);
    time.set(BEFORE_THE_LEAP_DAY);
    let mut node = time.node(&stage);
    let merchant = &stage.merchant;
    merchant.accepted(&node, ALFA_SALE, &alfa_sale("on the 28th", 10_000));
    merchant.accepted(&node, cards::AUTH, &february("a hold", 10_000));
    stage.shop.wait_status("a hold", "awaiting capture");
    // Over midnight, second by second.
    eventually("the 29th comes", || {
        let id = format!("after {}", monotonic().elapsed().as_nanos());
        merchant.accepted(&node, ALFA_SALE, &alfa_sale(&id, 10_000));
        let told = stage.shop.wait_status(&id, "success");
        told.body["operation"]["date"].as_str().unwrap().starts_with("2028-02-29").then_some(())
    });
    merchant.accepted(&node, cards::SALE, &february("on the 29th", 10_000));
    stage.shop.wait_status("on the 29th", "success");
    merchant.accepted(&node, ALFA_REFUND, &partial_refund("on the 28th", 4_000));
    stage.shop.wait_status("on the 28th", "partially refunded");
    node.stop_and_start();
    let capture_at = stage.rows(
        "SELECT CAST((capture_at - created_at) / 86400000 AS TEXT) FROM operations
         WHERE kind = 'authorization'",
    );
    assert_eq!(capture_at, ["6"], "days, the 29th of February among them");

    time.set(BEFORE_THE_LEAP_DAY + DAY);
    merchant.accepted(&node, cards::SALE, &february("late on the 29th", 10_000));
    stage.shop.wait_status("late on the 29th", "success");
    // It is the 1st of March everywhere on Earth.
    time.set(BEFORE_THE_LEAP_DAY + 2 * DAY);
    let over = february("in March", 10_000);
    let refused = eventually("the card has expired", || {
        let answer = merchant.post(&node, cards::SALE, &over);
        (answer.status != 503).then_some(answer)
    });
    assert_eq!((refused.status, &refused.json()["field"]), (400, &json!("card.year")));
    time.set(BEFORE_THE_LEAP_DAY + 6 * DAY + MINUTE);
    stage.shop.wait_status("a hold", "success");
    let settled = |order: &Value| order["held_minor"] == 0 && order["charges"] == 1;
    let orders = stage.emulators.orders(Provider::Rbs);
    assert!(orders.iter().all(settled), "{orders:?}");
    node.stop();
    stage.setup.check();
}

/// A card that is good to the end of February 2028.
fn february(payment_id: &str, amount: i64) -> Value {
    let mut body = cards::payment(payment_id, amount, cards::GOOD);
    (body["card"]["month"], body["card"]["year"]) = (json!(2), json!(2028));
    body
}
