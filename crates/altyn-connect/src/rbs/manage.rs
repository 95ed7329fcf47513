//! Captures, voids and refunds: given to the gateway, and judged by the order's balance.
//!
//! Guaranteed: errorCode 0 is the only word that counts by itself; a refusal is the gateway's word
//! only when the order stands as it did before, because an earlier try of ours may have gone
//! through. Source: providers.md §1.5.

use altyn_app::ports::provider::{OrderAtProvider, ProviderCall, ProviderOutcome};
use altyn_domain::payment::{OperationKind, ProviderFacts};
use altyn_domain::reason::Reason;

use super::client::{Gateway, outcome_of, said};
use super::map;
use super::map::following::{Followed, facts_after, followed, refusal_reason};
use super::request;
use super::wire::{self, Code, OrderView, Reply};

impl Gateway {
    /// Gives a capture, a void or a refund.
    pub(super) async fn follow(&self, call: &ProviderCall) -> ProviderOutcome {
        let Some(order) = &call.order else { return no_order() };
        let md_order = match self.md_order(order).await {
            Ok(md_order) => md_order,
            Err(detail) => return ProviderOutcome::NotSent(detail),
        };
        let Some((method, fields)) = request::following(call, &md_order, order.deposited_minor)
        else {
            return no_order();
        };
        let reply = match self.post(method, fields, self.limits.moving).await {
            Ok(reply) => reply,
            Err(error) => return outcome_of(error),
        };
        let view = self.status(&order.order_number).await;
        match reply.code() {
            Code::Number(0) => ProviderOutcome::Approved(match &view {
                Ok(view) => facts_after(view, order, call),
                Err(_) => facts_of(order),
            }),
            Code::Absent | Code::Number(_) | Code::Unreadable => {
                self.not_done(method, (&reply, view), (call, order))
            }
        }
    }

    fn not_done(
        &self,
        method: &str,
        (reply, view): (&Reply, Result<OrderView, String>),
        (call, order): (&ProviderCall, &OrderAtProvider),
    ) -> ProviderOutcome {
        let found = match view {
            Ok(view) => followed(&view, order, call),
            Err(detail) => Followed::Unclear(detail),
        };
        let said = said(method, reply);
        let declined = |reason| {
            tracing::warn!(account = self.config.account.name, "{said}");
            ProviderOutcome::Declined(reason, facts_of(order))
        };
        match (found, reply.code()) {
            (Followed::Done(facts), _) => ProviderOutcome::Approved(facts),
            (Followed::NotDone { available }, Code::Number(code)) => {
                declined(refusal_reason(code, available, call))
            }
            (Followed::Impossible, _) => declined(impossible(call)),
            (Followed::Absent, Code::Number(map::NO_SUCH_ORDER)) => {
                declined(Reason::GeneralDecline)
            }
            (Followed::NotDone { .. }, Code::Absent | Code::Unreadable)
            | (Followed::Absent, Code::Absent | Code::Number(_) | Code::Unreadable) => {
                ProviderOutcome::Unknown(said)
            }
            (Followed::Unclear(detail), _) => ProviderOutcome::Unknown(format!("{said}; {detail}")),
        }
    }

    /// Asks what became of a capture, a void or a refund.
    pub(super) async fn ask_followed(&self, call: &ProviderCall) -> ProviderOutcome {
        let Some(order) = &call.order else { return no_order() };
        let view = match self.status(&order.order_number).await {
            Ok(view) => view,
            Err(detail) => return ProviderOutcome::Unknown(detail),
        };
        match followed(&view, order, call) {
            Followed::Done(facts) => ProviderOutcome::Approved(facts),
            Followed::NotDone { .. } => {
                ProviderOutcome::NotSent("the order stands as it did before".to_owned())
            }
            Followed::Impossible => ProviderOutcome::Declined(impossible(call), facts_of(order)),
            Followed::Absent => {
                ProviderOutcome::Unknown("the gateway does not know the order".to_owned())
            }
            Followed::Unclear(detail) => ProviderOutcome::Unknown(detail),
        }
    }

    async fn md_order(&self, order: &OrderAtProvider) -> Result<String, String> {
        if let Some(id) = &order.payment_id {
            return Ok(wire::md_order_of(id));
        }
        let view = self.status(&order.order_number).await?;
        view.md_order.ok_or_else(|| "the status does not tell the order's id".to_owned())
    }
}

/// An operation on an order came without it, which is a bug of ours: nothing was sent.
fn no_order() -> ProviderOutcome {
    ProviderOutcome::NotSent("the operation came without its order".to_owned())
}

fn facts_of(order: &OrderAtProvider) -> ProviderFacts {
    ProviderFacts { payment_id: order.payment_id.clone(), ..Default::default() }
}

/// Why an order cannot take this operation any more: a hold that cannot be captured is gone.
fn impossible(call: &ProviderCall) -> Reason {
    if call.kind == OperationKind::Capture { Reason::HoldReleased } else { Reason::WrongState }
}
