//! The bank's own books: orders by number, and what each really came to. What stands here is what
//! happened to the money; everything else in a run is hearsay.

use std::collections::BTreeMap;

use altyn_domain::payment::OperationKind;

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be paid.
    Open,
    /// The payer is at the issuer's page.
    Challenged,
    /// The money is held.
    Held,
    /// The money was taken.
    Taken,
    /// A hold that is free again.
    Released,
    /// It can not be paid any more.
    Closed,
}

/// An order.
#[derive(Clone, Debug)]
pub struct Order {
    /// How it stands.
    pub standing: Standing,
    /// In two stages.
    pub two_stage: bool,
    /// What was asked for, minor units.
    pub amount: i64,
    /// What is held now.
    pub held: i64,
    /// What was taken in all.
    pub taken: i64,
    /// What was returned of it, one by one.
    pub returned: Vec<i64>,
    /// How often the payer's money was taken or held.
    pub charges: u32,
    /// When it closes by itself, or a hold goes, virtual milliseconds.
    pub until_ms: i64,
    /// What was said of it was not so.
    pub lied: bool,
}

/// What a message to the bank came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Done.
    Done,
    /// It knows no such order.
    Absent,
    /// It is there already.
    Duplicate,
    /// It will not.
    Refused,
}

/// How long an order can be paid at the bank's page.
pub const OPEN_MS: i64 = 31 * 60_000;
/// How long a bank holds money.
const HOLD_MS: i64 = 7 * 86_400_000;

/// Every order of the bank.
#[derive(Debug, Default)]
pub struct Books {
    orders: BTreeMap<String, Order>,
}

impl Books {
    /// The order as it stands at this moment.
    pub fn order(&mut self, number: &str, now_ms: i64) -> Option<&mut Order> {
        let order = self.orders.get_mut(number)?;
        if now_ms >= order.until_ms {
            match order.standing {
                Standing::Open | Standing::Challenged => order.standing = Standing::Closed,
                Standing::Held => {
                    order.held = 0;
                    order.standing = Standing::Released;
                }
                Standing::Taken | Standing::Released | Standing::Closed => {}
            }
        }
        Some(order)
    }

    /// Every order by number.
    pub fn orders(&self) -> impl Iterator<Item = (&String, &Order)> {
        self.orders.iter()
    }

    /// Opens an order.
    pub fn register(&mut self, number: &str, amount: i64, two_stage: bool, until_ms: i64) -> Said {
        if self.orders.contains_key(number) {
            return Said::Duplicate;
        }
        let order = Order {
            standing: Standing::Open,
            two_stage,
            amount,
            held: 0,
            taken: 0,
            returned: Vec::new(),
            charges: 0,
            until_ms,
            lied: false,
        };
        self.orders.insert(number.to_owned(), order);
        Said::Done
    }

    /// The payer pays, or his bank declines.
    pub fn pay(&mut self, number: &str, now_ms: i64, approves: bool) -> Said {
        let Some(order) = self.order(number, now_ms) else { return Said::Absent };
        if !matches!(order.standing, Standing::Open | Standing::Challenged) {
            return Said::Refused;
        }
        if !approves {
            order.standing = Standing::Closed;
        } else if order.two_stage {
            (order.standing, order.held) = (Standing::Held, order.amount);
            order.until_ms = now_ms + HOLD_MS;
            order.charges += 1;
        } else {
            (order.standing, order.taken) = (Standing::Taken, order.amount);
            order.charges += 1;
        }
        Said::Done
    }

    /// Closes an order that nobody has paid.
    pub fn close(&mut self, number: &str, now_ms: i64) -> Said {
        let Some(order) = self.order(number, now_ms) else { return Said::Absent };
        if !matches!(order.standing, Standing::Open | Standing::Challenged) {
            return Said::Refused;
        }
        order.standing = Standing::Closed;
        Said::Done
    }

    /// Captures, releases or returns. A refund says what should be left to return from, and is
    /// refused when something else is.
    pub fn follow(&mut self, number: &str, now_ms: i64, what: Following) -> Said {
        let Some(order) = self.order(number, now_ms) else { return Said::Absent };
        let amount = what.amount;
        match what.kind {
            OperationKind::Capture if order.standing == Standing::Held && amount <= order.held => {
                (order.standing, order.taken, order.held) = (Standing::Taken, amount, 0);
            }
            OperationKind::Void if order.standing == Standing::Held => {
                (order.standing, order.held) = (Standing::Released, 0);
            }
            OperationKind::Refund
                if order.left() == what.expected_left && amount <= order.left() =>
            {
                order.returned.push(amount);
            }
            OperationKind::Capture
            | OperationKind::Void
            | OperationKind::Refund
            | OperationKind::Sale
            | OperationKind::Authorization => return Said::Refused,
        }
        Said::Done
    }
}

impl Order {
    /// The sum of what was returned.
    pub fn returned_sum(&self) -> i64 {
        self.returned.iter().sum()
    }

    /// What was taken and not returned.
    pub fn left(&self) -> i64 {
        self.taken - self.returned_sum()
    }
}

/// An operation on an order.
#[derive(Clone, Copy, Debug)]
pub struct Following {
    /// Capture, void or refund.
    pub kind: OperationKind,
    /// How much.
    pub amount: i64,
    /// What should be left of the order before it.
    pub expected_left: i64,
}
