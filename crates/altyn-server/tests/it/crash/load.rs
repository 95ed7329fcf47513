//! A merchant's server that never gives up: several threads send sales by Alfa-Click and by card,
//! holds, captures and refunds, repeat what was not answered by the same body, and keep a book of
//! what was answered.

use std::io::ErrorKind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use altyn_testkit::harness::bodies::{
    ALFA_SALE, ANY_REFUND, STATUS, alfa_sale, partial_refund, status,
};
use altyn_testkit::harness::{Merchant, Node, eventually, monotonic};
use altyn_testkit::harness::{cards, http};
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

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A sale by Alfa-Click, which the payer's bank tells about later.
    AlfaClick,
    /// A sale by card.
    Card,
    /// A hold on a card.
    Hold,
    /// A capture of a part of a hold, or of all of it.
    Capture,
    /// A refund of any of them.
    Refund,
}

impl Asked {
    /// Whoever accepted it has the card, and nobody can go on when that process dies.
    pub fn may_be_interrupted(self) -> bool {
        matches!(self, Self::Card | Self::Hold)
    }
}

/// A request that was accepted.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What it asks for.
    pub asked: Asked,
    /// The payment.
    pub payment_id: String,
    /// The refund's own id; else empty.
    pub refund_id: String,
    /// Minor units.
    pub amount: i64,
    /// What was answered.
    pub request_id: String,
}

impl Accepted {
    /// The operation it asks for, as the database names it: with the refund's own id.
    pub fn kind(&self) -> String {
        match self.asked {
            Asked::AlfaClick | Asked::Card => "sale".to_owned(),
            Asked::Hold => "authorization".to_owned(),
            Asked::Capture => "capture".to_owned(),
            Asked::Refund => format!("refund {}", self.refund_id),
        }
    }

    /// The same request once more: where to, and its body.
    pub fn again(&self) -> (&'static str, Value) {
        let (id, amount) = (&self.payment_id, self.amount);
        match self.asked {
            Asked::AlfaClick => (ALFA_SALE, alfa_sale(id, amount)),
            Asked::Card => (cards::SALE, cards::payment(id, amount, cards::GOOD)),
            Asked::Hold => (cards::AUTH, cards::payment(id, amount, cards::GOOD)),
            Asked::Capture => (cards::CAPTURE, cards::part(id, amount)),
            Asked::Refund => {
                let mut body = partial_refund(id, amount);
                body["payment"]["merchant_refund_id"] = json!(self.refund_id);
                (ANY_REFUND, body)
            }
        }
    }
}

/// What was answered.
#[derive(Debug, Default)]
pub struct Book {
    /// Sales and holds in the order of their answers.
    pub sales: Vec<Accepted>,
    /// Captures.
    pub captures: Vec<Accepted>,
    /// Refunds.
    pub refunds: Vec<Accepted>,
    /// Requests that were sent and got no answer.
    pub unanswered: usize,
    /// Answers that said to try again.
    pub put_off: usize,
    /// Requests sent again after they had been answered.
    pub repeats: usize,
    /// The gateway lost answers meanwhile: a card whose order is not known to stand is not sent.
    pub answers_were_lost: bool,
}

impl Book {
    /// Takes over what another has.
    pub fn append(&mut self, mut other: Self) {
        self.sales.append(&mut other.sales);
        self.captures.append(&mut other.captures);
        self.refunds.append(&mut other.refunds);
        self.unanswered += other.unanswered;
        self.put_off += other.put_off;
        self.repeats += other.repeats;
    }

    /// Every request again, to this node: each must be known under the `request_id` that was
    /// answered.
    pub fn must_be_known(&self, merchant: &Merchant, node: &Node) {
        for accepted in self.sales.iter().chain(&self.captures).chain(&self.refunds) {
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

    /// Lets it go on until so many more sales were accepted than now.
    pub fn until_more(&self, sales: usize) {
        let now = locked(&self.inside.book).sales.len();
        self.until(now + sales);
    }

    /// Everything that has been answered by now.
    pub fn accepted(&self) -> Vec<Accepted> {
        let book = locked(&self.inside.book);
        book.sales.iter().chain(&book.captures).chain(&book.refunds).cloned().collect()
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

/// A sale or a hold that the payer's bank does not decline.
struct Sale {
    accepted: Accepted,
    /// Minor units that were taken, once that is known.
    taken: Option<i64>,
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
        while self.inside.pause(self.random.pause(0, PAUSE_MS)) {
            self.turn += 1;
            if !mine.is_empty() && self.random.one_in(2) {
                let at = usize::try_from(self.random.below(mine.len() as u64)).unwrap();
                self.go_on_with(&mut mine[at]);
            } else {
                let accepted = self.sale();
                if accepted.amount != DECLINED {
                    mine.push(Sale { accepted, taken: None, refunds: 0 });
                }
            }
        }
    }

    /// One of three is by card, half of those in two stages.
    fn sale(&mut self) -> Accepted {
        let asked = match self.random.below(6) {
            0 => Asked::Card,
            1 => Asked::Hold,
            _ => Asked::AlfaClick,
        };
        let declined = self.random.one_in(8);
        let amount = if declined { DECLINED } else { LEAST + self.amount_below(30_000) };
        let payment_id = format!("{}-{}-{}", self.inside.name, self.number, self.turn);
        let sale = self.accepted(asked, payment_id, String::new(), amount);
        locked(&self.inside.book).sales.push(sale.clone());
        sale
    }

    /// Captures what is held, or returns a part of what was taken.
    fn go_on_with(&mut self, sale: &mut Sale) {
        match sale.taken {
            Some(taken) => self.refund(sale, taken),
            None => match self.shown(&sale.accepted).as_str() {
                "success" => sale.taken = Some(sale.accepted.amount),
                "awaiting capture" => sale.taken = Some(self.capture(&sale.accepted)),
                _ => {}
            },
        }
    }

    /// Takes all of a hold or a part; gives how much.
    fn capture(&mut self, hold: &Accepted) -> i64 {
        let less = if self.random.one_in(2) { self.amount_below(hold.amount / 2) } else { 0 };
        let amount = hold.amount - less;
        let id = hold.payment_id.clone();
        let capture = self.accepted(Asked::Capture, id, String::new(), amount);
        locked(&self.inside.book).captures.push(capture);
        amount
    }

    /// Returns a part, once what was accepted is known to be paid.
    fn refund(&mut self, sale: &mut Sale, taken: i64) {
        let is_paid =
            matches!(self.shown(&sale.accepted).as_str(), "success" | "partially refunded");
        if !is_paid || sale.refunds == REFUNDS_MAX {
            return;
        }
        sale.refunds += 1;
        let amount = 1 + self.amount_below(taken / 5);
        let refund_id = format!("{}-r{}", sale.accepted.payment_id, self.turn);
        let id = sale.accepted.payment_id.clone();
        let refund = self.accepted(Asked::Refund, id, refund_id, amount);
        locked(&self.inside.book).refunds.push(refund);
    }

    fn amount_below(&mut self, limit: i64) -> i64 {
        i64::try_from(self.random.below(u64::try_from(limit).unwrap())).unwrap()
    }

    /// Sends until it is answered; sometimes once more after that, to any node.
    fn accepted(
        &mut self,
        asked: Asked,
        payment_id: String,
        refund_id: String,
        amount: i64,
    ) -> Accepted {
        let request_id = String::new();
        let mut accepted = Accepted { asked, payment_id, refund_id, amount, request_id };
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
                Ok(answer) if answer.status == 503 => {
                    locked(&self.inside.book).put_off += 1;
                    None
                }
                Ok(answer) => Some(answer),
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

    /// How a node says now that this payment stands; a node that does not answer says nothing.
    fn shown(&mut self, sale: &Accepted) -> String {
        let body = self.inside.merchant.signed(&status(&sale.payment_id));
        let url = format!("{}{STATUS}", self.any_node());
        let Ok(answer) = http::post_json(&url, &serde_json::to_vec(&body).unwrap()) else {
            return String::new();
        };
        assert!(matches!(answer.status, 200 | 503), "{}", answer.text());
        if answer.status == 503 {
            return String::new();
        }
        let shown = answer.json();
        // What was answered before must be there, whatever happened since.
        assert_eq!(shown["payment"]["id"], sale.payment_id.as_str(), "{sale:?}: {shown}");
        shown["payment"]["status"].as_str().unwrap_or_default().to_owned()
    }

    fn any_node(&mut self) -> String {
        let at = self.random.below(self.inside.nodes.len() as u64);
        self.inside.nodes[usize::try_from(at).unwrap()].clone()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
