//! A sale by Alfa-Click: register, then hand over to the bank.
//!
//! Guaranteed: a repeat under the same order number finds the first order and goes on with it.
//! Source: providers.md §1.4, §1.13, rulings 18 and 28.

use altyn_app::ports::provider::{ProviderCall, ProviderOutcome};
use altyn_domain::payment::{ProviderFacts, Redirect, RedirectMethod};
use altyn_domain::reason::Reason;

use super::client::{Gateway, Registered, is_web, outcome_of, said};
use super::map::{self, OpenAt, Order};
use super::request;
use super::wire::{self, Code, Reply};

impl Gateway {
    /// Registers the sale and gives it to the bank.
    pub(super) async fn sell_by_alfa_click(&self, call: &ProviderCall) -> ProviderOutcome {
        let Some(login) = request::login(call) else {
            // Nothing was registered: the bank cannot bill nobody.
            return ProviderOutcome::Declined(Reason::ProviderRefusedData, call.facts.clone());
        };
        let md_order = match self.register(call, self.limits.moving).await {
            Registered::Now(md_order) => md_order,
            Registered::Duplicate => match self.registered_before(call).await {
                Ok(md_order) => md_order,
                Err(outcome) => return outcome,
            },
            Registered::Refused(outcome) => return outcome,
            Registered::NotSent(detail) => return ProviderOutcome::NotSent(detail),
            Registered::Unclear(detail) => return ProviderOutcome::Unknown(detail),
        };
        self.hand_over(&md_order, login).await
    }

    async fn registered_before(&self, call: &ProviderCall) -> Result<String, ProviderOutcome> {
        let view = self.status(&call.order_number).await.map_err(ProviderOutcome::Unknown)?;
        match map::order_of(&view, call) {
            Order::Open(OpenAt::Registered | OpenAt::Bank | OpenAt::Authentication, facts) => {
                match facts.payment_id {
                    Some(id) => Ok(wire::md_order_of(&id)),
                    None => Err(ProviderOutcome::Unknown(
                        "registered before, but the status does not tell the order's id".to_owned(),
                    )),
                }
            }
            Order::Absent => Err(bad_number(call)),
            order @ (Order::Paid(_)
            | Order::Held(_)
            | Order::PartlyTaken(_)
            | Order::Refused(..)
            | Order::Unclear(_)) => Err(map::asked(order, call)),
        }
    }

    async fn hand_over(&self, md_order: &str, login: Option<&str>) -> ProviderOutcome {
        let fields = request::other_way(md_order, login);
        let reply = match self.post("paymentotherway.do", fields, self.limits.asking).await {
            Ok(reply) => reply,
            Err(error) => return outcome_of(error),
        };
        let facts =
            ProviderFacts { payment_id: Some(wire::payment_id_of(md_order)), ..Default::default() };
        let unknown = || ProviderOutcome::Unknown(said("paymentotherway.do", &reply));
        match reply.code() {
            Code::Absent | Code::Number(0) if login.is_some() => ProviderOutcome::Instruct(facts),
            Code::Absent | Code::Number(0) => match redirect_of(&reply) {
                Some(redirect) => ProviderOutcome::Redirect(redirect, facts),
                None => unknown(),
            },
            // Nobody holds a link to the order and nobody was billed: it will run out unpaid.
            Code::Number(1..=5) => self.refused("paymentotherway.do", &reply, facts),
            Code::Number(_) | Code::Unreadable => unknown(),
        }
    }
}

/// errorCode 1 also stands for a bad order number (§1.1): then there is no order, unless we know
/// of one.
pub(super) fn bad_number(call: &ProviderCall) -> ProviderOutcome {
    if call.facts.payment_id.is_some() {
        return map::lost();
    }
    ProviderOutcome::Declined(Reason::ProviderRefusedData, call.facts.clone())
}

fn redirect_of(reply: &Reply) -> Option<Redirect> {
    let url = reply.text("redirect").or_else(|| reply.text("acsUrl"))?;
    is_web(url).then(|| Redirect {
        method: RedirectMethod::Get,
        url: url.to_owned(),
        body: vec![("redirectType".to_owned(), "redirect".to_owned())],
    })
}
