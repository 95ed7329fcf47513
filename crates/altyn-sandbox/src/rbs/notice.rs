//! The signed server notification (providers.md §1.11).
//!
//! **Chosen**: `amount` is the registered amount in every operation, a refund adds
//! `operationRefundedAmount`; parameters the receiver's address already had take part in the
//! checksum, because the receiver cannot tell them from ours.

use crate::faults::{Kind, Provider};
use crate::outbox::{Accepted, Notification};
use crate::rbs::order::RbsOrder;
use crate::runtime::Sandbox;
use crate::sign;
use crate::state::State;
use crate::web;

/// What is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// A hold (two-stage) that succeeded, or did not.
    Approved {
        /// Money is held.
        held: bool,
    },
    /// A payment that succeeded, or did not.
    Deposited {
        /// Money was taken.
        paid: bool,
    },
    /// The time ran out.
    DeclinedByTimeout,
    /// A refund of so many minor units that succeeded, or did not.
    Refunded {
        /// Minor units of this refund.
        amount: u64,
        /// Money went back.
        done: bool,
    },
    /// A payment was cancelled, or a hold released.
    Reversed,
}

impl Operation {
    /// The refusal of an order that was to be paid, or held.
    pub(crate) fn refusal(order: &RbsOrder) -> Self {
        if order.two_stage {
            Self::Approved { held: false }
        } else {
            Self::Deposited { paid: false }
        }
    }

    fn wire(self) -> (&'static str, &'static str) {
        let flag = |ok| if ok { "1" } else { "0" };
        match self {
            Self::Approved { held } => ("approved", flag(held)),
            Self::Deposited { paid } => ("deposited", flag(paid)),
            Self::DeclinedByTimeout => ("declinedByTimeout", "0"),
            Self::Refunded { done, .. } => ("refunded", flag(done)),
            Self::Reversed => ("reversed", "1"),
        }
    }
}

/// Queues the notification of an order, as the faults allow.
pub(crate) fn queue(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    operation: Operation,
    now: i64,
) {
    state.dirty = true;
    let Some(order) = state.rbs.orders.get(at) else { return };
    let Some(merchant) = sandbox.merchants().iter().find(|m| m.name == order.merchant) else {
        return;
    };
    let Some(address) = order.callback_url.as_ref().or(merchant.callback_url.as_ref()) else {
        return;
    };
    let (name, _) = operation.wire();
    if state.faults.take(Kind::NoNotification, Provider::Rbs, name).is_some() {
        return;
    }
    let spoil = state.faults.take(Kind::WrongChecksum, Provider::Rbs, name).is_some();
    let Some(url) = address_of(address, order, operation, &merchant.callback_key, spoil) else {
        tracing::warn!(%address, "the notification address is not an address");
        return;
    };
    let notification = Notification { url, accepted: Accepted::Only200, tries: 0 };
    if state.faults.take(Kind::DuplicateNotification, Provider::Rbs, name).is_some() {
        state.outbox.push(now, notification.clone());
    }
    if state.faults.take(Kind::LateNotification, Provider::Rbs, name).is_some() {
        state.outbox.hold(notification);
    } else {
        state.outbox.push(now, notification);
    }
    sandbox.wake();
}

fn address_of(
    address: &str,
    order: &RbsOrder,
    operation: Operation,
    key: &str,
    spoil: bool,
) -> Option<String> {
    let (name, status) = operation.wire();
    let mut params: Vec<(String, String)> = vec![
        ("mdOrder".to_owned(), order.order_id.clone()),
        ("orderNumber".to_owned(), order.order_number.clone()),
        ("operation".to_owned(), name.to_owned()),
        ("status".to_owned(), status.to_owned()),
        ("amount".to_owned(), order.amount.to_string()),
    ];
    if let Operation::Refunded { amount, .. } = operation {
        params.push(("operationRefundedAmount".to_owned(), amount.to_string()));
    }
    let mut signed = params.clone();
    let there = url::Url::parse(address).ok()?;
    signed.extend(there.query_pairs().into_owned());
    let mut checksum = sign::rbs_checksum(key, &signed);
    if spoil {
        checksum = checksum.chars().rev().collect();
    }
    params.push(("checksum".to_owned(), checksum));
    params.push(("sign_alias".to_owned(), format!("{} HMAC", order.merchant)));
    web::with_query(address, &params)
}
