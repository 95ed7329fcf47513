//! `kill -9` of the real server at random moments under load loses no accepted request, doubles no
//! money and leaves nothing behind (I4, I11, I13, I14); and a stop in order leaves no lease.
//!
//! `ALTYN_TEST_KILLS` sets how often it is killed (20), `ALTYN_TEST_SEED` repeats a run's chance
//! as far as the machine lets it.

pub mod load;
pub mod reckoning;
pub mod stage;

use std::time::Duration;

use altyn_testkit::harness::{Node, Reply, eventually, monotonic};
use serde_json::json;

use crate::support::Engine;
use load::Load;
use reckoning::reckon;
use stage::{CALLBACKS, Random, Stage, kills, quiet, quiet_at_once, seed};

/// A killed process's leases last a minute; what they held then takes its usual course.
pub const AFTER_A_KILL: Duration = Duration::from_secs(180);
/// Nobody holds anything: what is left takes its usual course at once.
pub const AFTER_A_STOP: Duration = Duration::from_secs(30);
/// Sales accepted before the first kill, so that there is something to refund.
const PAID_BEFORE: usize = 40;
/// After every so many kills the invariants are proven over what the dead process left, all its
/// unfinished work included.
const CHECKED_EVERY: u32 = 5;

/// What goes wrong besides the kills.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Faults {
    None,
    /// The gateway does what it is asked, and its answer is lost.
    LostAnswers,
}

#[test]
fn killed_on_sqlite() {
    killed_under_load(Engine::Sqlite, Faults::None);
}

#[test]
fn killed_on_postgres() {
    killed_under_load(Engine::Postgres, Faults::None);
}

#[test]
fn killed_on_postgres_while_the_gateways_answers_are_lost() {
    killed_under_load(Engine::Postgres, Faults::LostAnswers);
}

fn killed_under_load(engine: Engine, faults: Faults) {
    let Some(database) = engine.database() else { return };
    println!("{engine:?}: {} kills", kills());
    let (began, seed) = (monotonic(), seed());
    let stage = Stage::new(database);
    let mut node = Node::start(&stage.setup);
    let mut random = Random::new(seed, 0);
    go_wrong(&stage, faults, &mut random);
    let load = Load::start("sale", &stage, &[&node], seed);
    load.until(PAID_BEFORE);
    for kill in 1..=kills() {
        go_wrong(&stage, faults, &mut random);
        load.go_on(random.between(20, 400));
        node.kill9();
        if kill % CHECKED_EVERY == 0 {
            stage.alone();
            stage.setup.check();
        }
        if random.one_in(4) {
            // Not even ready.
            node.launch();
            load.go_on(random.between(0, 100));
        }
        node.restart();
        if kill % 10 == 0 {
            println!("  killed {kill} times in {:.1?}", began.elapsed());
        }
    }
    // The last process, too, meets new requests among what the others left.
    load.go_on(random.between(300, 300));
    let mut book = load.stop();
    book.answers_were_lost = faults == Faults::LostAnswers;
    quiet(&node, AFTER_A_KILL);
    let findings = reckon(&stage, vec![node], &book);
    assert!(findings.deliveries > findings.callbacks, "no callback was refused or repeated");
    let lost = stage.count(
        "FROM events e JOIN operations o ON o.id = e.operation
         WHERE o.kind = 'refund' AND e.state = 'unknown'",
    );
    println!("  the outcome of a refund was unknown {lost} times");
    assert!(lost > 0 || faults == Faults::None, "no answer about a refund was lost");
    println!("  {:.0?} in all", began.elapsed());
}

fn go_wrong(stage: &Stage, faults: Faults, random: &mut Random) {
    refuse_some(stage, random);
    if faults == Faults::LostAnswers {
        lose_some_answers(stage, random);
    }
}

/// The shop refuses some of the next callbacks, the very next in any case.
fn refuse_some(stage: &Stage, random: &mut Random) {
    let others = (0..5).map(|_| match random.below(6) {
        0 | 1 => Reply::Status(500),
        2 => Reply::Drop,
        _ => Reply::Status(200),
    });
    stage.shop.plan(CALLBACKS, std::iter::once(Reply::Status(500)).chain(others));
}

/// The gateway returns money or registers an order, and drops the connection then.
fn lose_some_answers(stage: &Stage, random: &mut Random) {
    for (method, count) in [("refund.do", 3), ("register.do", 1)] {
        stage.emulators.fault(&json!({
            "kind": "charged_then_timeout",
            "provider": "rbs",
            "method": method,
            "count": count,
            "delay_ms": random.below(40),
        }));
    }
}

/// SIGTERM under load: what was answered is durable, nothing stays leased, and the next process
/// goes on without waiting for anything.
#[test]
fn stopped_in_order_on_sqlite() {
    let Some(database) = Engine::Sqlite.database() else { return };
    let seed = seed();
    let stage = Stage::new(database);
    let mut node = Node::start(&stage.setup);
    let mut random = Random::new(seed, 0);
    let load = Load::start("sale", &stage, &[&node], seed);
    for _ in 0..3 {
        refuse_some(&stage, &mut random);
        load.go_on(random.between(300, 800));
        stop(&stage, &mut node);
        node.restart();
    }
    load.go_on(random.between(300, 300));
    let book = load.stop();
    quiet_at_once(&stage, &node, AFTER_A_STOP);
    reckon(&stage, vec![node], &book);
}

/// SIGTERM, code 0, and no lease left in the database.
pub fn stop(stage: &Stage, node: &mut Node) {
    let (began, owner) = (monotonic(), format!("{}-", node.pid()));
    node.signal("TERM");
    let status = eventually("the node ends after SIGTERM", || node.exited());
    assert!(status.success(), "{status}");
    let held = stage.count(&format!("FROM jobs WHERE owner LIKE '{owner}%'"));
    assert_eq!(held, 0, "leases of a process that ended in order");
    println!("  stopped in {:.1?}", began.elapsed());
}
