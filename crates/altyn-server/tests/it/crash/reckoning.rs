//! What must be true when everything is quiet: the merchant's book, the database, the emulator and
//! the shop tell one story.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use altyn_testkit::harness::Node;
use serde_json::Value;

use super::load::{Asked, Book, DECLINED};
use super::stage::Stage;
use crate::support::Provider;

/// An operation as the database has it.
struct Operation {
    payment_id: String,
    kind: String,
    state: String,
    /// Why it was declined; `-` when it was not.
    reason: String,
    amount: i64,
    refund_id: String,
    /// The key given to the provider; `-` when nothing was sent.
    key: String,
    /// Different keys given: one, or something is wrong.
    keys: usize,
    attempts: usize,
}

impl Operation {
    /// It opens a payment.
    fn opens(&self) -> bool {
        matches!(self.kind.as_str(), "sale" | "authorization")
    }
}

/// What was found, for who wants more than the common truths.
pub struct Findings {
    /// Callbacks owed and delivered.
    pub callbacks: usize,
    /// Deliveries that came to the shop.
    pub deliveries: usize,
    /// Operations that were given to the provider more than once.
    pub sent_again: usize,
    /// Requests that were answered.
    accepted: usize,
    /// Requests that were sent and got no answer.
    unanswered: usize,
    /// Answers that said to try again.
    put_off: usize,
    /// Requests sent again after they had been answered.
    repeats: usize,
}

impl Findings {
    /// As a tally has them.
    pub fn figures(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("accepted", self.accepted),
            ("unanswered", self.unanswered),
            ("put_off", self.put_off),
            ("repeats", self.repeats),
            ("sent_again", self.sent_again),
            ("callbacks", self.callbacks),
            ("deliveries", self.deliveries),
        ]
    }
}

/// Compares everything: asks a node once more for each request, stops the nodes, and looks.
pub fn reckon(stage: &Stage, nodes: Vec<Node>, book: &Book) -> Findings {
    book.must_be_known(&stage.merchant, nodes.first().unwrap());
    for node in nodes {
        node.stop();
    }
    let report = stage.setup.check();
    assert_eq!((&report["unknown"], &report["callbacks_owed"]), (&0.into(), &0.into()), "{report}");
    assert_eq!(report["payments"], book.sales.len(), "{report}");
    assert_eq!(stage.count("FROM jobs WHERE owner IS NOT NULL"), 0, "leases that nobody holds");
    let operations = operations(stage);
    let interrupted = sales_are_as_answered(&operations, book);
    captures_are_as_answered(&operations, book);
    refunds_are_as_answered(&operations, book);
    orders_match(stage, &operations);
    books_match(stage);
    let (callbacks, deliveries) = callbacks_match(stage, operations.len());
    let sent_again = operations.iter().filter(|operation| operation.attempts > 1).count();
    println!(
        "  {} sales, {} captures, {} refunds; {} requests unanswered, {} repeated; {interrupted} \
         cards interrupted; {sent_again} sent again to the provider; {callbacks} callbacks, \
         {deliveries} deliveries",
        book.sales.len(),
        book.captures.len(),
        book.refunds.len(),
        book.unanswered,
        book.repeats,
    );
    Findings {
        callbacks,
        deliveries,
        sent_again,
        accepted: book.sales.len() + book.captures.len() + book.refunds.len(),
        unanswered: book.unanswered,
        put_off: book.put_off,
        repeats: book.repeats,
    }
}

fn operations(stage: &Stage) -> Vec<Operation> {
    let rows = stage.rows(
        "SELECT p.reference || ' ' || o.kind || ' ' || o.state || ' '
             || coalesce(o.reason, '-') || ' ' || CAST(o.amount_minor AS TEXT) || ' ' || coalesce(o.merchant_refund_id, '') || ' '
             || coalesce((SELECT min(a.key) || ' ' || CAST(count(DISTINCT a.key) AS TEXT) || ' '
                     || CAST(count(*) AS TEXT)
                 FROM attempts a WHERE a.project = o.project AND a.operation = o.id), '- 0 0')
         FROM operations o JOIN payments p ON p.id = o.payment ORDER BY o.id",
    );
    let read = |row: &String| {
        let fields: Vec<&str> = row.split(' ').collect();
        let [payment_id, kind, state, reason, amount, refund_id, key, keys, attempts] = fields[..]
        else {
            panic!("{row}");
        };
        Operation {
            payment_id: payment_id.to_owned(),
            kind: kind.to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            amount: amount.parse().unwrap(),
            refund_id: refund_id.to_owned(),
            key: key.to_owned(),
            keys: keys.parse().unwrap(),
            attempts: attempts.parse().unwrap(),
        }
    };
    rows.iter().map(read).collect()
}

/// Every sale and hold that was answered exists once, ended as its amount says, and nothing else
/// exists. A payment by card may have been interrupted instead, or not sent where the answer about
/// its order was lost. Gives how many were interrupted.
fn sales_are_as_answered(operations: &[Operation], book: &Book) -> usize {
    let mut sales: HashMap<&str, &Operation> = HashMap::new();
    for sale in operations.iter().filter(|operation| operation.opens()) {
        let twice = sales.insert(&sale.payment_id, sale);
        assert!(twice.is_none(), "{} has two sales", sale.payment_id);
    }
    let mut interrupted = 0;
    for accepted in &book.sales {
        let sale = sales.remove(accepted.payment_id.as_str());
        let sale = sale.unwrap_or_else(|| panic!("lost: {accepted:?}"));
        let kind = if accepted.asked == Asked::Hold { "authorization" } else { "sale" };
        assert_eq!((sale.amount, sale.kind.as_str()), (accepted.amount, kind), "{accepted:?}");
        let unsent = book.answers_were_lost && sale.reason == "provider_unavailable";
        if sale.reason == "interrupted" || unsent {
            assert!(accepted.asked.may_be_interrupted(), "{accepted:?}");
            assert_eq!((sale.state.as_str(), sale.keys <= 1), ("declined", true), "{accepted:?}");
            interrupted += usize::from(!unsent);
            continue;
        }
        let state = if accepted.amount == DECLINED { "declined" } else { "approved" };
        let found = (sale.state.as_str(), sale.keys);
        assert_eq!(found, (state, 1), "{}, {accepted:?}", sale.reason);
    }
    assert!(sales.is_empty(), "nobody was answered about {:?}", sales.keys());
    interrupted
}

/// Every capture that was answered exists once and was done.
fn captures_are_as_answered(operations: &[Operation], book: &Book) {
    let mut captures: HashMap<&str, &Operation> = HashMap::new();
    for capture in operations.iter().filter(|operation| operation.kind == "capture") {
        let twice = captures.insert(&capture.payment_id, capture);
        assert!(twice.is_none(), "{} was captured twice", capture.payment_id);
    }
    for accepted in &book.captures {
        let capture = captures.remove(accepted.payment_id.as_str());
        let capture = capture.unwrap_or_else(|| panic!("lost: {accepted:?}"));
        let found = (capture.amount, capture.state.as_str(), capture.keys);
        assert_eq!(found, (accepted.amount, "approved", 1), "{accepted:?}");
    }
    assert!(captures.is_empty(), "nobody was answered about {:?}", captures.keys());
}

/// The same for refunds; all of them are within what was paid, so all go through.
fn refunds_are_as_answered(operations: &[Operation], book: &Book) {
    let mut refunds: HashMap<&str, &Operation> = HashMap::new();
    for refund in operations.iter().filter(|operation| operation.kind == "refund") {
        let twice = refunds.insert(&refund.refund_id, refund);
        assert!(twice.is_none(), "{} exists twice", refund.refund_id);
    }
    for accepted in &book.refunds {
        let refund = refunds.remove(accepted.refund_id.as_str());
        let refund = refund.unwrap_or_else(|| panic!("lost: {accepted:?}"));
        assert_eq!(refund.payment_id, accepted.payment_id);
        let found = (refund.amount, refund.state.as_str(), refund.keys);
        assert_eq!(found, (accepted.amount, "approved", 1), "{accepted:?}");
    }
    assert!(refunds.is_empty(), "nobody was answered about {:?}", refunds.keys());
}

/// One order for each sale and hold; what was approved was held and taken once, as captures say,
/// and returned as refunds say. A payment that was interrupted may have none, and took nothing.
fn orders_match(stage: &Stage, operations: &[Operation]) {
    let mut returned: HashMap<&str, Vec<i64>> = HashMap::new();
    let mut captured: HashMap<&str, i64> = HashMap::new();
    for operation in operations {
        match operation.kind.as_str() {
            "refund" => returned.entry(&operation.payment_id).or_default().push(operation.amount),
            "capture" => drop(captured.insert(&operation.payment_id, operation.amount)),
            _ => {}
        }
    }
    let mut orders: HashMap<String, Value> = HashMap::new();
    for order in stage.emulators.orders(Provider::Rbs) {
        let number = order["order_number"].as_str().unwrap().to_owned();
        let twice = orders.insert(number, order);
        assert!(twice.is_none(), "{twice:?}");
    }
    for sale in operations.iter().filter(|operation| operation.opens()) {
        let Some(order) = orders.remove(&sale.key) else {
            assert_eq!(sale.reason, "interrupted", "{} has no order", sale.payment_id);
            continue;
        };
        let approved = sale.state == "approved";
        let taken = match (sale.kind.as_str(), approved) {
            (_, false) => 0,
            ("sale", true) => sale.amount,
            (_, true) => captured.get(sale.payment_id.as_str()).copied().unwrap_or(0),
        };
        let held = if approved && taken == 0 { sale.amount } else { 0 };
        let mut ours = returned.remove(sale.payment_id.as_str()).unwrap_or_default();
        let left = taken - ours.iter().sum::<i64>();
        let sums = ["amount_minor", "charges", "held_minor", "captured_minor", "deposited_minor"];
        let sums = sums.map(|name| order[name].as_i64().unwrap());
        let expected = [sale.amount, i64::from(taken > 0), held, taken, left];
        assert_eq!(sums, expected, "{} is {}: {order}", sale.payment_id, sale.state);
        let theirs = order["refunds"].as_array().unwrap().iter();
        let mut theirs: Vec<i64> =
            theirs.map(|refund| refund["amount_minor"].as_i64().unwrap()).collect();
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours, theirs, "refunds of {}: {order}", sale.payment_id);
    }
    assert!(orders.is_empty(), "orders without a payment: {orders:?}");
    stage.emulators.nobody_was_charged_twice();
}

/// The running balances are what the emulator took and gave back.
fn books_match(stage: &Stage) {
    let rows = stage.rows(
        "SELECT account || ' ' || currency || ' ' || CAST(debit_minor AS TEXT) || ' '
             || CAST(credit_minor AS TEXT) FROM balances",
    );
    let balances: BTreeMap<String, (i64, i64)> = rows
        .iter()
        .map(|row| {
            let fields: Vec<&str> = row.split(' ').collect();
            let [account, currency, debit, credit] = fields[..] else { panic!("{row}") };
            let sums = (debit.parse().unwrap(), credit.parse().unwrap());
            (format!("{account} {currency}"), sums)
        })
        .collect();
    let totals = stage.emulators.totals();
    let total = |name: &str| totals["rbs"]["RUB"][name].as_i64().unwrap();
    let (charged, refunded) = (total("charged_minor"), total("refunded_minor"));
    assert_eq!(total("reversed_minor"), 0, "{totals}");
    assert_eq!(balances["provider_receivable RUB"], (charged, refunded), "{totals}");
    // No fee is set: what was taken is the merchant's.
    assert_eq!(balances["merchant_payable RUB"], (refunded, charged), "{totals}");
    let others =
        balances.keys().filter(|name| !name.contains("_receivable") && !name.contains("_payable"));
    for other in others {
        assert_eq!(balances[other], (0, 0), "{other}");
    }
}

/// Each operation's end was owed once and delivered; what came to the shop is, byte by byte, what
/// is stored. Gives the numbers of callbacks and of deliveries.
fn callbacks_match(stage: &Stage, operations: usize) -> (usize, usize) {
    // A wrong signature, noted when the callback came, fails any wait.
    stage.shop.wait_for("a callback", |_| true);
    let ends = "FROM operations o JOIN callbacks c ON c.operation = o.id AND c.told = o.state";
    let told = stage.rows(&format!("SELECT DISTINCT CAST(o.id AS TEXT) {ends}")).len();
    assert_eq!(told, operations, "ends that were not told");
    assert_eq!(stage.count(ends), operations as u64, "an end was told twice");
    assert_eq!(stage.count("FROM callbacks WHERE state <> 'delivered'"), 0);
    let stored = stage.rows(&format!("SELECT {} FROM callbacks", stage.hex("body")));
    let callbacks = stored.len();
    let stored: HashSet<String> = stored.into_iter().collect();
    assert_eq!(stored.len(), callbacks, "two callbacks are alike");
    stage.shop.read(|came| {
        let mut delivered = HashSet::new();
        for told in came {
            let bytes = hex(&told.bytes);
            assert!(stored.contains(&bytes), "never owed: {}", told.body);
            delivered.insert(bytes);
        }
        assert_eq!(delivered.len(), callbacks, "callbacks that never came");
        (callbacks, came.len())
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
