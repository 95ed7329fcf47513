//! An order of the gateway and the book of them all.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::card::{CardFace, TransStatus};
use super::three_ds::ThreeDs;
use crate::money::Currency;

/// States of providers.md §1.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderState {
    /// 0: registered.
    Created,
    /// 5: the issuer's page (3-D Secure) is awaited.
    Authenticating,
    /// 7: with the bank, waiting for the payer.
    Pending,
    /// 1: held, neither captured nor released.
    Approved,
    /// 8: a part of the hold is captured, the rest is still held.
    PartlyTaken,
    /// 2: paid.
    Deposited,
    /// 3: cancelled after payment, or a hold that ended.
    Reversed,
    /// 4: refunded, wholly or in part.
    Refunded,
    /// 6: declined or timed out.
    Declined,
}

impl OrderState {
    /// `orderStatus` and `paymentState`.
    pub(crate) fn wire(self) -> (u8, &'static str) {
        match self {
            Self::Created => (0, "CREATED"),
            Self::Authenticating => (5, "CREATED"),
            Self::Pending => (7, "CREATED"),
            Self::Approved => (1, "APPROVED"),
            Self::PartlyTaken => (8, "DEPOSITED"),
            Self::Deposited => (2, "DEPOSITED"),
            Self::Reversed => (3, "REVERSED"),
            Self::Refunded => (4, "REFUNDED"),
            Self::Declined => (6, "DECLINED"),
        }
    }
}

/// The issuer's yes to a card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Authorization {
    /// Milliseconds.
    pub(crate) at_ms: i64,
    /// `approvalCode`, six digits.
    pub(crate) approval_code: String,
    /// `authRefNum`, twelve digits.
    pub(crate) reference: String,
}

/// A card the payer tried, without its number and code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CardPayment {
    /// What is kept of the card.
    pub(crate) face: CardFace,
    /// actionCode the issuer answers with when it is asked for the money.
    pub(crate) verdict: i32,
    /// Authentication, if the card has any.
    pub(crate) three_ds: Option<ThreeDs>,
    /// The issuer's yes.
    pub(crate) authorization: Option<Authorization>,
}

impl CardPayment {
    /// What came of the authentication, if there was one.
    pub(crate) fn authenticated(&self) -> Option<TransStatus> {
        self.three_ds.as_ref().and_then(|t| t.result)
    }
}

/// How the payer pays at the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    /// The browser goes to the bank's page.
    Redirect,
    /// A bill is issued to this login.
    Instruction(String),
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RefundState {
    /// The money went back.
    Done,
    /// The bank said no; nothing moved.
    Declined,
}

/// One refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    /// `externalRefundId`.
    pub(crate) id: String,
    /// Minor units.
    pub(crate) amount_minor: u64,
    /// Milliseconds.
    pub(crate) at_ms: i64,
    /// Its outcome.
    pub(crate) state: RefundState,
}

/// One registered order. Amounts in minor units, times in Unix milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RbsOrder {
    /// UUID text: `orderId`, `mdOrder`.
    pub(crate) order_id: String,
    /// Name of the merchant.
    pub(crate) merchant: String,
    /// The merchant's number, unique within the merchant.
    pub(crate) order_number: String,
    /// The registered amount.
    pub(crate) amount: u64,
    /// ISO 4217 numeric text as it was sent.
    pub(crate) currency: String,
    /// Where the browser returns.
    pub(crate) return_url: String,
    /// Where it returns after a failure, if elsewhere.
    pub(crate) fail_url: Option<String>,
    /// `dynamicCallbackUrl`.
    pub(crate) callback_url: Option<String>,
    /// Shown to the payer.
    pub(crate) description: String,
    /// Two letters.
    pub(crate) language: String,
    /// The payer's address as the merchant saw it.
    pub(crate) ip: String,
    /// Registered at.
    pub(crate) created_ms: i64,
    /// Ends by itself at; shortened when handed over by redirect, moved when money is held.
    pub(crate) deadline_ms: i64,
    /// Registered by `registerPreAuth.do`: a hold first, then `deposit.do`.
    pub(crate) two_stage: bool,
    /// A hold is captured by itself at.
    pub(crate) autocompletion_ms: Option<i64>,
    /// A hold is released by itself at.
    pub(crate) auto_reverse_ms: Option<i64>,
    /// Where it stands.
    pub(crate) state: OrderState,
    /// providers.md §1.9.
    pub(crate) action_code: i32,
    /// How the payer pays, once handed over.
    pub(crate) way: Option<Way>,
    /// The card that was tried last.
    pub(crate) card: Option<CardPayment>,
    /// Handed over at.
    pub(crate) handed_ms: Option<i64>,
    /// Paid at.
    pub(crate) paid_ms: Option<i64>,
    /// Reversed at.
    pub(crate) reversed_ms: Option<i64>,
    /// The one attempt of `reverse.do` was made.
    pub(crate) reverse_tried: bool,
    /// Authorised.
    pub(crate) approved: u64,
    /// Captured, whatever was given back later.
    pub(crate) taken: u64,
    /// Captured, less what was refunded.
    pub(crate) deposited: u64,
    /// Refunded in all.
    pub(crate) refunded: u64,
    /// Times money was really taken.
    pub(crate) charges: u32,
    /// Refunds in order.
    pub(crate) refunds: Vec<Refund>,
}

impl RbsOrder {
    /// It can still be paid.
    pub(crate) fn is_open(&self) -> bool {
        match self.state {
            OrderState::Created | OrderState::Authenticating | OrderState::Pending => true,
            OrderState::Approved
            | OrderState::PartlyTaken
            | OrderState::Deposited
            | OrderState::Reversed
            | OrderState::Refunded
            | OrderState::Declined => false,
        }
    }

    /// Money is held: the whole, or what a partial capture left.
    pub(crate) fn is_hold(&self) -> bool {
        matches!(self.state, OrderState::Approved | OrderState::PartlyTaken)
    }

    /// It ends by itself at its deadline: it is open, or a hold.
    pub(crate) fn has_deadline(&self) -> bool {
        self.is_open() || self.is_hold()
    }

    /// Held now and not captured.
    pub(crate) fn held(&self) -> u64 {
        if self.is_hold() { self.approved.saturating_sub(self.taken) } else { 0 }
    }

    /// The payer agreed and the issuer too: it was held or paid, whatever happened later.
    pub(crate) fn was_accepted(&self) -> bool {
        let authorized = self.card.as_ref().is_some_and(|c| c.authorization.is_some());
        authorized || self.was_paid()
    }

    /// Takes money: a payment, or the capture of a hold or of a part of it.
    pub(crate) fn take(&mut self, sum: u64, now: i64) {
        self.state = OrderState::Deposited;
        self.action_code = 0;
        self.taken += sum;
        self.deposited += sum;
        self.charges += 1;
        self.paid_ms = Some(now);
    }

    /// It was paid, whatever happened later.
    pub(crate) fn was_paid(&self) -> bool {
        self.paid_ms.is_some()
    }

    /// Where the payer's browser goes back to: `orderId` and `lang` are appended.
    pub(crate) fn return_to(&self) -> String {
        let failed = self.fail_url.as_ref().filter(|_| !self.was_accepted());
        let base = failed.unwrap_or(&self.return_url);
        let added = [
            ("orderId".to_owned(), self.order_id.clone()),
            ("lang".to_owned(), self.language.clone()),
        ];
        crate::web::with_query(base, &added).unwrap_or_else(|| base.clone())
    }

    /// Its currency; registration let only known ones in.
    pub(crate) fn currency(&self) -> Option<Currency> {
        crate::money::by_numeric(&self.currency)
    }
}

/// All orders, in the order of registration, with what finds them.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct RbsBook {
    /// The orders; a place in this list is an order's handle.
    pub(crate) orders: Vec<RbsOrder>,
    #[serde(skip)]
    by_id: HashMap<String, usize>,
    #[serde(skip)]
    by_number: HashMap<(String, String), usize>,
    #[serde(skip)]
    by_transaction: HashMap<String, usize>,
}

impl RbsBook {
    /// Adds an order; its handle.
    pub(crate) fn add(&mut self, order: RbsOrder) -> usize {
        let at = self.orders.len();
        self.index(&order, at);
        self.orders.push(order);
        at
    }

    fn index(&mut self, order: &RbsOrder, at: usize) {
        self.by_id.insert(order.order_id.clone(), at);
        let number = (order.merchant.clone(), order.order_number.clone());
        self.by_number.insert(number, at);
        if let Some(three_ds) = order.card.as_ref().and_then(|c| c.three_ds.as_ref()) {
            self.by_transaction.insert(three_ds.trans_id.clone(), at);
        }
    }

    /// Puts the card of a new attempt in the place of the one before.
    pub(crate) fn set_card(&mut self, at: usize, card: CardPayment) {
        let Some(order) = self.orders.get_mut(at) else { return };
        let before = order.card.replace(card);
        if let Some(old) = before.and_then(|c| c.three_ds) {
            self.by_transaction.remove(&old.trans_id);
        }
        if let Some(new) = order.card.as_ref().and_then(|c| c.three_ds.as_ref()) {
            self.by_transaction.insert(new.trans_id.clone(), at);
        }
    }

    /// By the transaction of its present authentication.
    pub(crate) fn find_transaction(&self, trans_id: &str) -> Option<usize> {
        self.by_transaction.get(trans_id).copied()
    }

    /// The authentication of an order.
    pub(crate) fn three_ds_mut(&mut self, at: usize) -> Option<&mut ThreeDs> {
        self.orders.get_mut(at)?.card.as_mut()?.three_ds.as_mut()
    }

    /// Rebuilds the look-ups after loading.
    pub(crate) fn reindex(&mut self) {
        let orders = std::mem::take(&mut self.orders);
        for (at, order) in orders.iter().enumerate() {
            self.index(order, at);
        }
        self.orders = orders;
    }

    /// By `orderId`.
    pub(crate) fn find(&self, order_id: &str) -> Option<usize> {
        self.by_id.get(order_id).copied()
    }

    /// By the merchant's number.
    pub(crate) fn find_number(&self, merchant: &str, number: &str) -> Option<usize> {
        self.by_number.get(&(merchant.to_owned(), number.to_owned())).copied()
    }

    /// Deadlines of those that still end by themselves.
    pub(crate) fn deadlines(&self) -> impl Iterator<Item = (i64, usize)> + '_ {
        let ending = self.orders.iter().enumerate().filter(|(_, o)| o.has_deadline());
        ending.map(|(at, o)| (o.deadline_ms, at))
    }

    /// Handles of those that wait for the payer.
    pub(crate) fn handed_over(&self) -> impl Iterator<Item = usize> + '_ {
        let waiting = |(_, o): &(usize, &RbsOrder)| o.state == OrderState::Pending;
        self.orders.iter().enumerate().filter(waiting).map(|(at, _)| at)
    }
}
