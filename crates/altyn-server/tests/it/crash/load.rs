//! A merchant's server that never gives up: several threads send sales and refunds, repeat what
//! was not answered by the same body, and keep a book of what was answered.

use std::io::ErrorKind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use altyn_testkit::harness::bodies::{
    ALFA_REFUND, ALFA_SALE, STATUS, alfa_sale, partial_refund, status,
};
use altyn_testkit::harness::http;
use altyn_testkit::harness::{Merchant, Node, eventually, monotonic};
use serde_json::{Value, json};

use super::stage::{Random, Stage};

/// Threads that send.
const THREADS: u64 = 6;
/// The longest pause between two requests of a thread, milliseconds.
const PAUSE_MS: u64 = 24;
/// The amount that the payer's bank declines.
pub const DECLINED: i64 = 40_000;
/// Sums of sales that are paid; a refund returns at most a fifth.
const LEAST: i64 = 1_000;
/// Refunds of one sale.
const REFUNDS_MAX: usize = 4;

/// A request that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The payment.
    pub payment_id: String,
    /// The refund's own id; empty for a sale.
    pub refund_id: String,
    /// Minor units.
    pub amount: i64,
    /// What was answered.
    pub request_id: String,
}

impl Accepted {
    /// The same request once more: where to, and its body.
    pub fn again(&self) -> (&'static str, Value) {
        if self.refund_id.is_empty() {
            return (ALFA_SALE, alfa_sale(&self.payment_id, self.amount));
        }
        let mut body = partial_refund(&self.payment_id, self.amount);
        body["payment"]["merchant_refund_id"] = json!(self.refund_id);
        (ALFA_REFUND, body)
    }
}

/// What was answered.
#[derive(Debug, Default)]
pub struct Book {
    /// Sales in the order of their answers.
    pub sales: Vec<Accepted>,
    /// Refunds.
    pub refunds: Vec<Accepted>,
    /// Requests that were sent and got no answer.
    pub unanswered: usize,
    /// Requests sent again after they had been answered.
    pub repeats: usize,
}

impl Book {
    /// Takes over what another has.
    pub fn append(&mut self, mut other: Self) {
        self.sales.append(&mut other.sales);
        self.refunds.append(&mut other.refunds);
        self.unanswered += other.unanswered;
        self.repeats += other.repeats;
    }

    /// Every request again, to this node: each must be known under the `request_id` that was
    /// answered.
    pub fn must_be_known(&self, merchant: &Merchant, node: &Node) {
        for accepted in self.sales.iter().chain(&self.refunds) {
            let (path, body) = accepted.again();
            let id = merchant.accepted(node, path, &body);
            assert_eq!(id, accepted.request_id, "{accepted:?}");
        }
    }
}

/// A running load.
pub struct Load {
    inside: Arc<Inside>,
    threads: Vec<JoinHandle<()>>,
}

struct Inside {
    name: String,
    merchant: Merchant,
    /// Base addresses of the nodes.
    nodes: Vec<String>,
    book: Mutex<Book>,
    stopping: Mutex<bool>,
    bell: Condvar,
}

impl Load {
    /// Begins to send to all these nodes; payments are named after `name`.
    pub fn start(name: &str, stage: &Stage, nodes: &[&Node], seed: u64) -> Self {
        let inside = Arc::new(Inside {
            name: name.to_owned(),
            merchant: stage.merchant.clone(),
            nodes: nodes.iter().map(|node| node.url("")).collect(),
            book: Mutex::default(),
            stopping: Mutex::new(false),
            bell: Condvar::new(),
        });
        let threads = (0..THREADS).map(|number| {
            let inside = Arc::clone(&inside);
            let random = Random::new(seed, number + 1);
            std::thread::spawn(move || Sender { inside, number, random, turn: 0 }.run())
        });
        Self { threads: threads.collect(), inside }
    }

    /// Lets it go on for so long.
    pub fn go_on(&self, time: Duration) {
        self.inside.pause(time);
    }

    /// Lets it go on until so many sales were accepted in all.
    pub fn until(&self, sales: usize) {
        eventually(&format!("{sales} sales are accepted"), || {
            (locked(&self.inside.book).sales.len() >= sales).then_some(())
        });
    }

    /// Waits until every request is answered, and gives the book.
    pub fn stop(self) -> Book {
        *locked(&self.inside.stopping) = true;
        self.inside.bell.notify_all();
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        std::mem::take(&mut *locked(&self.inside.book))
    }
}

impl Inside {
    /// Waits so long, or until it is over; `false` when it is.
    fn pause(&self, time: Duration) -> bool {
        let until = monotonic() + time;
        let mut stopping = locked(&self.stopping);
        while !*stopping {
            let Some(left) = until.checked_duration_since(monotonic()) else { break };
            let waited = self.bell.wait_timeout(stopping, left);
            stopping = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !*stopping
    }
}

/// A sale that the payer's bank does not decline.
struct Sale {
    accepted: Accepted,
    is_paid: bool,
    refunds: usize,
}

struct Sender {
    inside: Arc<Inside>,
    number: u64,
    random: Random,
    turn: u64,
}

impl Sender {
    fn run(mut self) {
        let mut mine: Vec<Sale> = Vec::new();
        while self.inside.pause(self.random.between(0, PAUSE_MS)) {
            self.turn += 1;
            if !mine.is_empty() && self.random.one_in(2) {
                let at = usize::try_from(self.random.below(mine.len() as u64)).unwrap();
                self.refund(&mut mine[at]);
            } else {
                let accepted = self.sale();
                if accepted.amount != DECLINED {
                    mine.push(Sale { accepted, is_paid: false, refunds: 0 });
                }
            }
        }
    }

    fn sale(&mut self) -> Accepted {
        let declined = self.random.one_in(8);
        let amount = if declined { DECLINED } else { LEAST + self.amount_below(30_000) };
        let payment_id = format!("{}-{}-{}", self.inside.name, self.number, self.turn);
        let sale = self.accepted(payment_id, String::new(), amount);
        locked(&self.inside.book).sales.push(sale.clone());
        sale
    }

    /// Returns a part, once the sale is known to be paid.
    fn refund(&mut self, sale: &mut Sale) {
        sale.is_paid = sale.is_paid || self.is_paid(&sale.accepted);
        if !sale.is_paid || sale.refunds == REFUNDS_MAX {
            return;
        }
        sale.refunds += 1;
        let amount = 1 + self.amount_below(sale.accepted.amount / 5);
        let refund_id = format!("{}-r{}", sale.accepted.payment_id, self.turn);
        let refund = self.accepted(sale.accepted.payment_id.clone(), refund_id, amount);
        locked(&self.inside.book).refunds.push(refund);
    }

    fn amount_below(&mut self, limit: i64) -> i64 {
        i64::try_from(self.random.below(u64::try_from(limit).unwrap())).unwrap()
    }

    /// Sends until it is answered; sometimes once more after that, to any node.
    fn accepted(&mut self, payment_id: String, refund_id: String, amount: i64) -> Accepted {
        let mut accepted = Accepted { payment_id, refund_id, amount, request_id: String::new() };
        accepted.request_id = self.answered(&accepted);
        if self.random.one_in(4) {
            let again = self.answered(&accepted);
            assert_eq!(again, accepted.request_id, "a repeat is another request: {accepted:?}");
            locked(&self.inside.book).repeats += 1;
        }
        accepted
    }

    fn answered(&mut self, request: &Accepted) -> String {
        let (path, body) = request.again();
        let bytes = serde_json::to_vec(&self.inside.merchant.signed(&body)).unwrap();
        let answer = eventually(&format!("an answer about {request:?}"), || {
            let url = format!("{}{path}", self.any_node());
            match http::post_json(&url, &bytes) {
                Ok(answer) => (answer.status != 503).then_some(answer),
                Err(error) => {
                    if error.kind() != ErrorKind::ConnectionRefused {
                        locked(&self.inside.book).unanswered += 1;
                    }
                    None
                }
            }
        });
        assert_eq!(answer.status, 200, "{} to {body}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["payment_id"], request.payment_id.as_str(), "{answer}");
        answer["request_id"].as_str().unwrap().to_owned()
    }

    /// Whether a node says now that this sale was paid; a node that does not answer says nothing.
    fn is_paid(&mut self, sale: &Accepted) -> bool {
        let body = self.inside.merchant.signed(&status(&sale.payment_id));
        let url = format!("{}{STATUS}", self.any_node());
        let Ok(answer) = http::post_json(&url, &serde_json::to_vec(&body).unwrap()) else {
            return false;
        };
        assert!(matches!(answer.status, 200 | 503), "{}", answer.text());
        if answer.status == 503 {
            return false;
        }
        let shown = answer.json();
        // What was answered before must be there, whatever happened since.
        assert_eq!(shown["payment"]["id"], sale.payment_id.as_str(), "{sale:?}: {shown}");
        matches!(shown["payment"]["status"].as_str(), Some("success" | "partially refunded"))
    }

    fn any_node(&mut self) -> String {
        let at = self.random.below(self.inside.nodes.len() as u64);
        self.inside.nodes[usize::try_from(at).unwrap()].clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
