//! A PostgreSQL server with a synchronous standby: the primary is killed under load, the standby is
//! promoted, and the nodes, whose address names both, go on with it. No payment that was answered
//! is missing.
//!
//! `ALTYN_TEST_FAILOVERS` sets how often (1); each time the new primary gets a new standby first.

use std::collections::HashSet;

use altyn_testkit::harness::{Node, monotonic};

use super::AFTER_A_KILL;
use super::load::Load;
use super::reckoning::reckon;
use super::stage::{Random, Stage, number_of, quiet, seed};
use super::tally::tell;
use crate::support::cluster::Pair;
use crate::support::query;

#[test]
fn a_standby_takes_over_under_load() {
    let Some(mut pair) = Pair::start() else { return };
    let (began, seed) = (monotonic(), seed());
    let stage = Stage::new(pair.database());
    let mut random = Random::new(seed, 0);
    let nodes = [Node::start(&stage.setup), Node::start(&stage.setup)];
    let load = Load::start("sale", &stage, &[&nodes[0], &nodes[1]], seed);
    load.until(40);
    let failovers = number_of("ALTYN_TEST_FAILOVERS", 1);
    let mut answered = 0;
    for failover in 0..failovers {
        if failover > 0 {
            pair.add_standby();
        }
        // What comes now is answered when the standby has it.
        load.until_more(20);
        load.go_on(random.pause(20, 400));
        pair.kill_primary();
        answered = all_are_there(&pair, &load);
        pair.promote();
        load.until_more(20);
        println!("  {} failovers in {:.0?}", failover + 1, began.elapsed());
    }
    let book = load.stop();
    quiet(&nodes[0], AFTER_A_KILL);
    let findings = reckon(&stage, nodes.into(), &book);
    let own = vec![("failovers", failovers), ("answered_before_the_last", answered)];
    tell("a_standby_takes_over_under_load", began, &[own, findings.figures()].concat());
}

/// The primary is dead, and nobody has written to the standby yet: whatever was answered is on it.
/// Says how much that is.
fn all_are_there(pair: &Pair, load: &Load) -> usize {
    let answered = load.accepted();
    let there: HashSet<String> = query(&pair.standby_url(), OPERATIONS).into_iter().collect();
    for accepted in &answered {
        let operation = format!("{} {}", accepted.payment_id, accepted.kind());
        assert!(there.contains(&operation), "answered, and not on the standby: {accepted:?}");
    }
    println!("  {} answered, {} on the standby", answered.len(), there.len());
    answered.len()
}

/// Each operation as the one that asked for it knows it.
const OPERATIONS: &str = "
    SELECT p.reference || ' ' || o.kind || coalesce(' ' || o.merchant_refund_id, '')
    FROM operations o JOIN payments p ON p.id = o.payment";
