//! Two nodes on one database: they share the work, either answers for both, and when one goes the
//! other finishes what it had, a payment whose card only the dead one knew included.

use std::collections::HashMap;
use std::sync::Barrier;
use std::time::Duration;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::{Node, Reply, cards, eventually, monotonic};
use serde_json::json;

use crate::crash::load::{Accepted, Asked, Book, Load};
use crate::crash::reckoning::reckon;
use crate::crash::stage::{CALLBACKS, Random, Stage, quiet_at_once, seed, sum};
use crate::crash::{AFTER_A_KILL, AFTER_A_STOP, stop};
use crate::support::{Engine, sql};

/// The emulator remembers so many requests.
const REMEMBERED: usize = 500;

/// Two nodes behind one address for the provider, as behind a balancer: the second's.
fn two_nodes(stage: &Stage) -> (Node, Node) {
    let second = Node::start(&stage.setup);
    let address = second.url("");
    let first = Node::start_with(&stage.setup, &[("ALTYN_SERVER__PUBLIC_URL", &address)]);
    (first, second)
}

#[test]
fn both_work_and_nothing_is_done_twice() {
    let Some(database) = Engine::Postgres.database() else { return };
    let seed = seed();
    let stage = Stage::new(database);
    let (first, second) = two_nodes(&stage);
    let mut book = Book::default();
    let mut seen = Requests::default();
    for round in 0..4 {
        let load = Load::start(&format!("round{round}"), &stage, &[&first, &second], seed + round);
        load.until(60);
        book.append(load.stop());
        book.sales.extend(at_both_at_once(&stage, &first, &second, round));
        quiet_at_once(&stage, &first, AFTER_A_STOP);
        seen.add(&stage);
    }
    for node in [&first, &second] {
        for kind in ["call_provider", "deliver_callback"] {
            let jobs = sum(node, &format!("altyn_jobs_total{{kind=\"{kind}\""));
            println!("  {kind}: {jobs} at {}", node.url(""));
            assert!(jobs > 0, "a node that does no {kind}:\n{}", node.metrics());
        }
    }
    let findings = reckon(&stage, vec![first, second], &book);
    assert_eq!(findings.sent_again, 0);
    assert_eq!(findings.deliveries, findings.callbacks, "a callback was delivered twice");
    assert_eq!(stage.count("FROM callback_attempts"), findings.callbacks as u64);
    assert_eq!(seen.registered.len(), book.sales.len());
    let twice: Vec<_> = seen.registered.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "registered more than once: {twice:?}");
    assert_eq!(seen.refunds, book.refunds.len());
}

/// What the emulator was asked.
#[derive(Default)]
struct Requests {
    /// How often an order was registered, in one stage or two.
    registered: HashMap<String, usize>,
    /// How often `refund.do` came.
    refunds: usize,
    /// Until when they are counted.
    until_ms: i64,
}

impl Requests {
    /// Counts what came since the last time; everything is quiet.
    fn add(&mut self, stage: &Stage) {
        let requests = stage.emulators.requests();
        let at = |request: &serde_json::Value| request["at_ms"].as_i64().unwrap();
        let new: Vec<_> = requests.iter().filter(|one| at(one) > self.until_ms).collect();
        assert!(new.len() < REMEMBERED, "more requests than the emulator remembers");
        for request in &new {
            let path = request["path"].as_str().unwrap();
            if ["/register.do", "/registerPreAuth.do"].iter().any(|end| path.ends_with(end)) {
                let parameters = request["params"].as_array().unwrap();
                let number = parameters.iter().find(|pair| pair[0] == "orderNumber").unwrap();
                *self.registered.entry(number[1].as_str().unwrap().to_owned()).or_default() += 1;
            }
            self.refunds += usize::from(path.ends_with("/refund.do"));
        }
        self.until_ms = new.iter().map(|one| at(one)).max().unwrap_or(self.until_ms);
    }
}

/// The same sale to both nodes at one moment, several times: one payment each.
fn at_both_at_once(stage: &Stage, first: &Node, second: &Node, round: u64) -> Vec<Accepted> {
    let pairs = (0..10).map(|number| {
        let (payment_id, amount) = (format!("pair{round}-{number}"), 1_000 + number);
        let body = alfa_sale(&payment_id, amount);
        let start = Barrier::new(2);
        let post = |node: &Node| {
            start.wait();
            stage.merchant.accepted(node, ALFA_SALE, &body)
        };
        let (left, right) = std::thread::scope(|scope| {
            let other = scope.spawn(|| post(second));
            (post(first), other.join().unwrap())
        });
        assert_eq!(left, right, "two requests of {payment_id}");
        let (asked, refund_id) = (Asked::AlfaClick, String::new());
        Accepted { asked, payment_id, refund_id, amount, request_id: left }
    });
    pairs.collect()
}

/// A database that was away for longer than a lease may come back with the node's number taken. No
/// person is needed then.
#[test]
fn a_node_whose_number_was_taken_takes_another() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(database) = engine.database() else { continue };
        let stage = Stage::new(database);
        let node = Node::start(&stage.setup);
        let own = format!("FROM nodes WHERE owner LIKE '{}-%'", node.pid());
        let number = stage.rows(&format!("SELECT CAST(node AS TEXT) {own}"));
        let taken = "UPDATE nodes SET owner = 'another', lease_until = lease_until + 3600000";
        sql(&stage.setup, taken);
        eventually("the node has another number", || (stage.count(&own) == 1).then_some(()));
        assert_ne!(stage.rows(&format!("SELECT CAST(node AS TEXT) {own}")), number);
        eventually("the node is ready again", || node.is_ready().then_some(()));
        stage.merchant.accepted(&node, ALFA_SALE, &alfa_sale("after", 1_000));
        node.stop();
    }
}

/// What a killed node was doing with a card, and what became of it.
struct Interrupted {
    payment_id: &'static str,
    /// The call of the gateway in the middle of which the node died.
    method: &'static str,
    /// What the gateway did nevertheless, by the name of its sum; empty for nothing.
    done: &'static str,
    /// How the other node ends it: state of the payment, code, times that money was taken.
    ends: (&'static str, &'static str, i64),
}

/// Nobody but the killed node had the card: the other asks what became of the order, and closes
/// one that is not paid.
#[test]
fn a_card_of_a_killed_node_is_finished_by_the_other() {
    let Some(database) = Engine::Postgres.database() else { return };
    let stage = Stage::new(database);
    let (mut first, second) = (Node::start(&stage.setup), Node::start(&stage.setup));
    let cases = [
        ("never-registered", "register.do", "", ("decline", "601", 0)),
        ("registered-only", "register.do", "orders", ("decline", "601", 0)),
        ("never-paid", "paymentorder.do", "", ("decline", "601", 0)),
        ("paid", "paymentorder.do", "charges", ("success", "0", 1)),
    ];
    for (payment_id, method, done, ends) in cases {
        let case = Interrupted { payment_id, method, done, ends };
        is_finished(&stage, (&mut first, &second), &case);
    }
    // The one that was killed may have held a question about an earlier case.
    quiet_at_once(&stage, &second, AFTER_A_KILL);
    stage.emulators.nobody_was_charged_twice();
    first.stop();
    second.stop();
    let report = stage.setup.check();
    assert_eq!((&report["unknown"], &report["payments"]), (&0.into(), &4.into()), "{report}");
}

fn is_finished(stage: &Stage, (first, second): (&mut Node, &Node), case: &Interrupted) {
    let (id, method) = (case.payment_id, case.method);
    // Longer than the node lives: it never sees the answer.
    let kind = if case.done.is_empty() { "slow" } else { "charged_then_timeout" };
    let fault = json!({"kind": kind, "provider": "rbs", "method": method, "delay_ms": 20_000});
    stage.emulators.fault(&fault);
    let sum = |name: &str| stage.emulators.totals()["rbs"]["RUB"][name].as_i64().unwrap_or(0);
    let before = sum(case.done);
    let sale = cards::payment(id, 10_000, cards::GOOD);
    let request = stage.merchant.accepted(first, cards::SALE, &sale);
    eventually(&format!("{method} is under way"), || {
        let is_done = case.done.is_empty() || sum(case.done) > before;
        (is_done && stage.emulators.faults_are_used_up()).then_some(())
    });
    first.kill9();
    assert_eq!(stage.merchant.accepted(second, cards::SALE, &sale), request, "a repeat of {id}");
    // The minute that a call by card is given goes by.
    let minute = "UPDATE operations SET updated_at = updated_at - 60000 WHERE state = 'sending'";
    sql(&stage.setup, minute);
    sql(&stage.setup, "UPDATE jobs SET due_at = due_at - 60000 WHERE kind = 1");
    let (status, code, charges) = case.ends;
    let told = stage.shop.wait_for(&format!("the end of {id}"), |told| told.payment_id() == id);
    assert_eq!((told.status(), told.code()), (status, code), "{}", told.body);
    assert_eq!(told.body["operation"]["request_id"], request.as_str(), "{}", told.body);
    assert_eq!(sum("charges"), charges, "{id}");
    first.restart();
}

#[test]
fn one_stops_in_order_and_the_other_takes_over_at_once() {
    let Some(database) = Engine::Postgres.database() else { return };
    let seed = seed();
    let stage = Stage::new(database);
    let mut random = Random::new(seed, 0);
    let (mut first, second) = two_nodes(&stage);
    // Deliveries are under way whenever it stops, and many must be tried again by the other.
    let late = Reply::Late(Duration::from_millis(200), 500);
    let replies =
        (0..200).map(|_| if random.one_in(2) { late.clone() } else { Reply::Status(200) });
    stage.shop.plan(CALLBACKS, replies);
    let load = Load::start("sale", &stage, &[&first, &second], seed);
    load.until(60);
    load.go_on(random.pause(20, 400));
    let began = monotonic();
    stop(&stage, &mut first);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "it took {took:?} to stop");
    let book = load.stop();
    quiet_at_once(&stage, &second, AFTER_A_STOP);
    reckon(&stage, vec![second], &book);
}
