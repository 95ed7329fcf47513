//! An order of the partner and the book of them all.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::money::{self, Currency};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IpayState {
    /// The payer has the page.
    Open,
    /// Money was taken.
    Paid,
    /// No funds.
    Failed,
    /// The payer went away.
    Cancelled,
    /// Nobody pressed in time.
    TimedOut,
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundState {
    /// Accepted; the outcome is told later.
    Pending,
    /// The money went back.
    Done,
    /// The partner said no.
    Declined,
}

/// One refund, always of the whole amount (§2.5).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IpayRefund {
    /// 13-digit milliseconds and `RF`.
    pub(crate) id: String,
    /// Minor units.
    pub(crate) amount_minor: u64,
    /// Milliseconds.
    pub(crate) at_ms: i64,
    /// Its outcome so far.
    pub(crate) state: RefundState,
    /// The outcome of a pending one, decided when it was accepted.
    pub(crate) will_fail: bool,
}

/// One order. Amounts in minor units of the currency, times in Unix milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct IpayOrder {
    /// Vendor.
    pub(crate) vid: String,
    /// The vendor's order id, unique within the vendor.
    pub(crate) oid: String,
    /// Invoice number as sent; empty means the order id is used.
    pub(crate) inv: String,
    /// Amount in major units, the text as sent.
    pub(crate) ttl: String,
    /// The same in minor units.
    pub(crate) amount: u64,
    /// Three letters.
    pub(crate) curr: String,
    /// Phone.
    pub(crate) tel: String,
    /// E-mail.
    pub(crate) eml: String,
    /// `p1` to `p4`, echoed.
    pub(crate) extra: [String; 4],
    /// Return and callback address.
    pub(crate) cbk: String,
    /// Return address after a cancel.
    pub(crate) lbk: Option<String>,
    /// Tell the result from server to server as well.
    pub(crate) autopay: bool,
    /// Names the payer's page.
    pub(crate) session: String,
    /// First posted at.
    pub(crate) created_ms: i64,
    /// Fails by itself at.
    pub(crate) deadline_ms: i64,
    /// Ended at.
    pub(crate) ended_ms: Option<i64>,
    /// Where it stands.
    pub(crate) state: IpayState,
    /// 13-digit milliseconds and `A`; empty while open.
    pub(crate) txncd: String,
    /// `qwh`, `afd`, `poi`, `uyt`, `ifd`; empty while open.
    pub(crate) tokens: [String; 5],
    /// Times money was really taken.
    pub(crate) charges: u32,
    /// Refunds in order.
    pub(crate) refunds: Vec<IpayRefund>,
}

impl IpayOrder {
    /// The status code of §2.2.
    pub(crate) fn status(&self) -> &'static str {
        match self.state {
            IpayState::Open => super::PENDING,
            IpayState::Paid => super::SUCCESS,
            IpayState::Failed | IpayState::Cancelled | IpayState::TimedOut => super::FAILED,
        }
    }

    /// Its currency; the form let only known ones in.
    pub(crate) fn currency(&self) -> Option<Currency> {
        money::by_alpha(&self.curr)
    }

    /// The amount in hundredths whatever the currency: the amount rule speaks of major units.
    pub(crate) fn hundredths(&self) -> u64 {
        let exponent = self.currency().map_or(2, |c| c.exponent);
        self.amount.saturating_mul(10_u64.pow(2_u32.saturating_sub(exponent)))
    }

    /// Taken, minor units.
    pub(crate) fn charged(&self) -> u64 {
        self.amount.saturating_mul(self.charges.into())
    }

    /// Given back, minor units.
    pub(crate) fn refunded(&self) -> u64 {
        let done = self.refunds.iter().filter(|r| r.state == RefundState::Done);
        done.map(|r| r.amount_minor).sum()
    }
}

/// All orders, in the order they came, with what finds them.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct IpayBook {
    /// The orders; a place in this list is an order's handle.
    pub(crate) orders: Vec<IpayOrder>,
    #[serde(skip)]
    by_oid: HashMap<(String, String), usize>,
    #[serde(skip)]
    by_code: HashMap<String, usize>,
    #[serde(skip)]
    by_session: HashMap<String, usize>,
}

impl IpayBook {
    /// Adds an order; its handle.
    pub(crate) fn add(&mut self, order: IpayOrder) -> usize {
        let at = self.orders.len();
        self.index(&order, at);
        self.orders.push(order);
        at
    }

    fn index(&mut self, order: &IpayOrder, at: usize) {
        self.by_oid.insert((order.vid.clone(), order.oid.clone()), at);
        self.by_session.insert(order.session.clone(), at);
        if !order.txncd.is_empty() {
            self.by_code.insert(order.txncd.clone(), at);
        }
    }

    /// Rebuilds the look-ups after loading.
    pub(crate) fn reindex(&mut self) {
        let orders = std::mem::take(&mut self.orders);
        for (at, order) in orders.iter().enumerate() {
            self.index(order, at);
        }
        self.orders = orders;
    }

    /// Remembers the transaction code of an order that ended.
    pub(crate) fn index_code(&mut self, code: String, at: usize) {
        self.by_code.insert(code, at);
    }

    /// By vendor and order id.
    pub(crate) fn find(&self, vid: &str, oid: &str) -> Option<usize> {
        self.by_oid.get(&(vid.to_owned(), oid.to_owned())).copied()
    }

    /// By transaction code.
    pub(crate) fn find_code(&self, code: &str) -> Option<usize> {
        self.by_code.get(code).copied()
    }

    /// By the name of the payer's page.
    pub(crate) fn find_session(&self, session: &str) -> Option<usize> {
        self.by_session.get(session).copied()
    }

    /// Deadlines of those still open.
    pub(crate) fn open_deadlines(&self) -> impl Iterator<Item = (i64, usize)> + '_ {
        let all = self.orders.iter().enumerate();
        all.filter(|(_, o)| o.state == IpayState::Open).map(|(at, o)| (o.deadline_ms, at))
    }
}
