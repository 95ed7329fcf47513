//! A database that is cut off and comes back, many times under load: connections are closed in the
//! middle, new ones refused, bytes held back for a while or for good, answers lost after what was
//! asked was done. Meanwhile the nodes answer 503, afterwards they go on by themselves; no payment
//! that was answered is missing and none is doubled.
//!
//! `ALTYN_TEST_CUTS` sets how often (20).

use altyn_testkit::harness::{Node, eventually, monotonic};

use super::AFTER_A_KILL;
use super::load::{Accepted, Asked, Load};
use super::reckoning::reckon;
use super::stage::{Random, Stage, number_of, quiet, seed};
use super::tally::tell;
use crate::support::database_behind_proxy;
use crate::support::proxy::Proxy;

/// The ways to be cut off, in turn.
const WAYS: [fn(&[Proxy], &Load, &mut Random); 5] =
    [closed, refused, answers_lost, held_back_and_closed, held_back_and_late];

fn each<T>(ways: &[Proxy], act: fn(&Proxy) -> T) {
    for way in ways {
        act(way);
    }
}

fn closed(ways: &[Proxy], _: &Load, _: &mut Random) {
    each(ways, Proxy::cut);
}

fn refused(ways: &[Proxy], load: &Load, random: &mut Random) {
    each(ways, Proxy::refuse);
    load.go_on(random.pause(100, 1_500));
    each(ways, Proxy::restore);
}

/// What is asked is done, commits among it, and nobody hears of it.
fn answers_lost(ways: &[Proxy], load: &Load, random: &mut Random) {
    each(ways, Proxy::mute);
    load.go_on(random.pause(20, 300));
    each(ways, Proxy::cut);
    each(ways, Proxy::restore);
}

fn held_back_and_closed(ways: &[Proxy], load: &Load, random: &mut Random) {
    each(ways, Proxy::hang);
    load.go_on(random.pause(20, 1_000));
    each(ways, Proxy::cut);
    each(ways, Proxy::restore);
}

fn held_back_and_late(ways: &[Proxy], load: &Load, random: &mut Random) {
    each(ways, Proxy::hang);
    load.go_on(random.pause(20, 1_000));
    each(ways, Proxy::restore);
}

#[test]
fn cut_off_under_load() {
    let Some((database, proxy)) = database_behind_proxy() else { return };
    let (began, seed) = (monotonic(), seed());
    let stage = Stage::new(database);
    let mut random = Random::new(seed, 0);
    // A way of its own for each node: one may be cut off while the other goes on.
    let ways = [proxy.another(), proxy];
    let url = url_by(stage.setup.database().url(), &ways[0]);
    let first = Node::start_with(&stage.setup, &[("ALTYN_STORE__URL", &url)]);
    let nodes = [first, Node::start(&stage.setup)];
    let load = Load::start("sale", &stage, &[&nodes[0], &nodes[1]], seed);
    load.until(40);
    let cuts = number_of("ALTYN_TEST_CUTS", 20);
    for cut in 0..cuts {
        load.go_on(random.pause(20, 300));
        let how = WAYS[cut % WAYS.len()];
        match random.below(3) {
            0 => how(&ways, &load, &mut random),
            one => how(&ways[usize::from(one == 1)..][..1], &load, &mut random),
        }
        // Nobody helps them.
        load.until_more(5);
    }
    println!("  cut off {cuts} times in {:.0?}", began.elapsed());
    let mut met = refused_at_both(&ways, &stage, &nodes);
    load.until_more(20);
    met.push(swallowed_at_one(&ways[0], &stage, &nodes));
    load.until_more(20);
    let mut book = load.stop();
    book.sales.extend(met);
    quiet(&nodes[0], AFTER_A_KILL);
    let findings = reckon(&stage, nodes.into(), &book);
    tell("cut_off_under_load", began, &[vec![("cuts", cuts + 2)], findings.figures()].concat());
}

/// The address of a database by another way.
fn url_by(url: &str, way: &Proxy) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_port(Some(way.address().port())).unwrap();
    url.to_string()
}

fn a_sale(payment_id: &str) -> Accepted {
    Accepted {
        asked: Asked::AlfaClick,
        payment_id: payment_id.to_owned(),
        refund_id: String::new(),
        amount: 1_000,
        request_id: String::new(),
    }
}

/// The node says, to a merchant and to who watches over it, that it cannot go on now.
fn is_put_off(stage: &Stage, node: &Node, sale: &Accepted) {
    let (path, body) = sale.again();
    let answer = stage.merchant.post(node, path, &body);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert!(!node.is_ready(), "ready without a database");
}

/// The node goes on by itself: what was put off is accepted. Reads may be back a moment before writes
/// are.
fn accepted_again(stage: &Stage, node: &Node, sale: &Accepted) -> String {
    eventually("the node is ready again", || node.is_ready().then_some(()));
    let (path, body) = sale.again();
    eventually("what was put off is accepted", || {
        let answer = stage.merchant.post(node, path, &body);
        (answer.status != 503).then_some(())
    });
    stage.merchant.accepted(node, path, &body)
}

/// The database is away for both nodes. Each is ready by itself when it is back, and what it put off
/// is accepted then.
fn refused_at_both(ways: &[Proxy], stage: &Stage, nodes: &[Node; 2]) -> Vec<Accepted> {
    let began = monotonic();
    let mut sales = [a_sale("refused-0"), a_sale("refused-1")];
    each(ways, Proxy::refuse);
    for (node, sale) in nodes.iter().zip(&sales) {
        is_put_off(stage, node, sale);
    }
    println!("  refused: 503 within {:.1?}", began.elapsed());
    each(ways, Proxy::restore);
    for (node, sale) in nodes.iter().zip(&mut sales) {
        sale.request_id = accepted_again(stage, node, sale);
    }
    println!("  accepted again after {:.1?}", began.elapsed());
    sales.into()
}

/// Everything between one node and the database is swallowed, and nothing closed. That node does not
/// wait for ever, and what it was in the middle of does not keep the other from going on. The sale
/// it was asked for may have been written or not: sent to the other it is accepted, and is one.
fn swallowed_at_one(way: &Proxy, stage: &Stage, nodes: &[Node; 2]) -> Accepted {
    let began = monotonic();
    let mut sale = a_sale("swallowed");
    let (path, body) = sale.again();
    way.hang();
    is_put_off(stage, &nodes[0], &sale);
    println!("  swallowed: 503 after {:.1?}", began.elapsed());
    sale.request_id = stage.merchant.accepted(&nodes[1], path, &body);
    way.restore();
    assert_eq!(accepted_again(stage, &nodes[0], &sale), sale.request_id);
    println!("  ready again after {:.1?}", began.elapsed());
    sale
}
