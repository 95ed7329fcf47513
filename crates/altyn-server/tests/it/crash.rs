//! `kill -9` of either of two real servers, or of both, at random moments under load loses no
//! accepted request, doubles no money and leaves nothing behind (I4, I11, I13, I14); and a stop in
//! order leaves no lease. So does a database that is cut off ([`cut_off`]) or whose standby takes
//! over ([`failover`]).
//!
//! `ALTYN_TEST_KILLS` sets how often it is killed on each database (20), `ALTYN_TEST_SEED` repeats a
//! run's chance as far as the machine lets it. `make crash` runs all of this for long.

pub mod cut_off;
pub mod failover;
pub mod load;
pub mod reckoning;
pub mod stage;
pub mod tally;

use std::time::Duration;

use altyn_testkit::harness::{Node, Reply, eventually, monotonic};
use serde_json::json;

use crate::support::Engine;
use load::Load;
use reckoning::reckon;
use stage::{CALLBACKS, Random, Stage, kills, quiet, quiet_at_once, seed};
use tally::tell;

/// A killed process's leases last a minute; what they held then takes its usual course.
pub const AFTER_A_KILL: Duration = Duration::from_secs(180);
/// Nobody holds anything: what is left takes its usual course at once.
pub const AFTER_A_STOP: Duration = Duration::from_secs(30);
/// Sales accepted before the first kill, so that there is something to refund.
const PAID_BEFORE: usize = 40;
/// After every so many kills both are killed at once, and the invariants are proven over what the
/// dead left, all their unfinished work included.
const BOTH_EVERY: u32 = 5;
/// In a long run it is done so many times: the check reads everything each time.
const BOTH_MAX: u32 = 25;

/// What goes wrong besides the kills.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Faults {
    None,
    /// The gateway does what it is asked, and its answer is lost.
    LostAnswers,
}

/// Two `altyn serve` over one file: SQLite's own locks keep their transactions apart, and what keeps
/// nodes apart on PostgreSQL (leases, versions, numbers) does so here.
#[test]
fn killed_on_sqlite() {
    killed_under_load("killed_on_sqlite", Engine::Sqlite, Faults::None);
}

#[test]
fn killed_on_postgres_while_the_gateways_answers_are_lost() {
    let name = "killed_on_postgres_while_the_gateways_answers_are_lost";
    killed_under_load(name, Engine::Postgres, Faults::LostAnswers);
}

fn killed_under_load(name: &str, engine: Engine, faults: Faults) {
    let Some(database) = engine.database() else { return };
    let (began, seed) = (monotonic(), seed());
    let stage = Stage::new(database);
    // Each is its own address for the provider: notifications to a dead one are lost.
    let mut nodes = [Node::start(&stage.setup), Node::start(&stage.setup)];
    let mut random = Random::new(seed, 0);
    go_wrong(&stage, faults, &mut random);
    let load = Load::start("sale", &stage, &[&nodes[0], &nodes[1]], seed);
    load.until(PAID_BEFORE);
    let (mut killed, mut both_at) = (0, BOTH_EVERY.max(kills() / BOTH_MAX));
    while killed < kills() {
        go_wrong(&stage, faults, &mut random);
        load.go_on(random.pause(20, 400));
        let both = killed >= both_at;
        killed += kill(&mut nodes, &mut random, both);
        if both {
            both_at += BOTH_EVERY.max(kills() / BOTH_MAX);
            stage.alone();
            stage.setup.check();
            println!("  {engine:?}: killed {killed} times in {:.0?}", began.elapsed());
        }
        for node in &mut nodes {
            if !node.runs() {
                killed += start_again(node, &load, &mut random);
            }
        }
    }
    // The last processes, too, meet new requests among what the others left.
    load.go_on(random.pause(300, 300));
    let [first, mut second] = nodes;
    // What it had is finished by the other: nobody comes back for it.
    second.kill9();
    killed += 1;
    let mut book = load.stop();
    book.answers_were_lost = faults == Faults::LostAnswers;
    quiet(&first, AFTER_A_KILL);
    let findings = reckon(&stage, vec![first], &book);
    assert!(findings.deliveries > findings.callbacks, "no callback was refused or repeated");
    let lost = stage.count(
        "FROM events e JOIN operations o ON o.id = e.operation
         WHERE o.kind = 'refund' AND e.state = 'unknown'",
    );
    assert!(lost > 0 || faults == Faults::None, "no answer about a refund was lost");
    let unknown = ("refunds_unknown_for_a_while", usize::try_from(lost).unwrap());
    let kills = ("kills", usize::try_from(killed).unwrap());
    tell(name, began, &[vec![kills], findings.figures(), vec![unknown]].concat());
}

/// Kills one of the nodes, or both at one moment; says how many.
fn kill(nodes: &mut [Node; 2], random: &mut Random, both: bool) -> u32 {
    let one = usize::from(random.one_in(2));
    nodes[one].kill9();
    if both {
        nodes[1 - one].kill9();
    }
    if both { 2 } else { 1 }
}

/// Starts a node that was killed; sometimes that is killed, too, before it is ready. Says how often.
fn start_again(node: &mut Node, load: &Load, random: &mut Random) -> u32 {
    let mut killed = 0;
    if random.one_in(4) {
        node.launch();
        load.go_on(random.pause(0, 100));
        node.kill9();
        killed = 1;
    }
    node.restart();
    killed
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
        load.go_on(random.pause(300, 800));
        stop(&stage, &mut node);
        node.restart();
    }
    load.go_on(random.pause(300, 300));
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
