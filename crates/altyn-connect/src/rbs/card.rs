//! A card's way through the gateway: registered, paid, authenticated, or closed.
//!
//! The order is registered first, without the card; then `paymentorder.do` carries it, once. What
//! comes back is a step of 3-D Secure for the payer, or nothing of worth: a decline looks like a
//! success there, so the order's status is asked every time. Guaranteed: what happens before the
//! card leaves us is [`ProviderOutcome::NotSent`], because nobody else has it and the order cannot
//! be paid; after that only a status ends it. An order that is refused in words and stands open is
//! closed first: its id is in callbacks and in the forms of 3-D Secure, and whoever has that could
//! still pay it. No word of the gateway about a card is quoted: the card may be among them.
//!
//! Source: providers.md §1.4, §1.5, §4.3, ruling 23.

mod place;

use std::future::Future;

use altyn_app::ports::provider::{
    AuthenticationAnswer, CardPayment, ProviderCall, ProviderOutcome,
};
use altyn_domain::payment::ProviderFacts;
use altyn_domain::reason::Reason;

use super::alfa_click::bad_number;
use super::client::{Gateway, Registered, is_web};
use super::map::reason::{NO_ATTEMPT, is_under_way, reason_of};
use super::map::{self, OpenAt, Order};
use super::request::{self, Fields};
use super::wire::step::{Step, Word};
use super::wire::{self, Code, OrderView, Reply};
use crate::http::HttpError;
use place::Place;

impl Gateway {
    /// Registers an order and pays it by card.
    pub(super) async fn pay_by_card(
        &self,
        call: &ProviderCall,
        payment: &CardPayment,
    ) -> ProviderOutcome {
        let registered = match self.register(call, self.limits.card_register).await {
            Registered::Now(md_order) => Some(md_order),
            Registered::Duplicate => None,
            Registered::Refused(outcome) => return outcome,
            // The card has not left: if there is an order, nobody can pay it.
            Registered::NotSent(detail) | Registered::Unclear(detail) => {
                return ProviderOutcome::NotSent(detail);
            }
        };
        self.in_time(self.pay(call, payment, registered)).await
    }

    /// All that is asked of the gateway while somebody waits for a card's outcome.
    async fn in_time(&self, calls: impl Future<Output = ProviderOutcome>) -> ProviderOutcome {
        let limit = self.limits.card_rest;
        tokio::time::timeout(limit, calls).await.unwrap_or_else(|_| {
            ProviderOutcome::Unknown(format!("no outcome within {} ms", limit.as_millis()))
        })
    }

    async fn pay(
        &self,
        call: &ProviderCall,
        payment: &CardPayment,
        registered: Option<String>,
    ) -> ProviderOutcome {
        let md_order = match registered {
            Some(md_order) => md_order,
            None => match self.untouched(call).await {
                Ok(md_order) => md_order,
                Err(outcome) => return outcome,
            },
        };
        let fields = request::card(call, payment, &md_order);
        let reply = match self.post("paymentorder.do", fields, self.limits.card_step).await {
            Ok(reply) => reply,
            Err(HttpError::NotSent(detail)) => return ProviderOutcome::NotSent(detail),
            Err(HttpError::Unknown(detail)) => return ProviderOutcome::Unknown(detail),
        };
        let finish_url = payment.authentication_return.as_deref();
        let place = Place { md_order: &md_order, transaction: None, finish_url };
        match reply.step() {
            Step::Fingerprint { transaction, url, data } => {
                let place = Place { transaction, ..place };
                match (url.filter(|url| is_web(url)), data) {
                    (Some(url), Some(data)) => place.fingerprint(url, data),
                    // There is no frame to show.
                    (_, _) => self.go_on(call, &place).await,
                }
            }
            Step::Challenge { .. } | Step::Legacy { .. } | Step::Over(_) => {
                self.judge(call, &place, "paymentorder.do", &reply).await
            }
        }
    }

    /// An order of our number that was there before: an earlier request of ours, since the number
    /// is given once. The card goes to it only if the gateway says that none was tried on it; the
    /// gateway takes one payment per order, so even then it cannot be charged twice.
    async fn untouched(&self, call: &ProviderCall) -> Result<String, ProviderOutcome> {
        let view = self.status(&call.order_number).await.map_err(ProviderOutcome::Unknown)?;
        let no_card = view.action == Some(NO_ATTEMPT) && view.card.is_none();
        match map::order_of(&view, call) {
            Order::Open(OpenAt::Registered, ProviderFacts { payment_id: Some(id), .. })
                if no_card =>
            {
                Ok(wire::md_order_of(&id))
            }
            Order::Absent => Err(bad_number(call)),
            order @ (Order::Open(..)
            | Order::Paid(_)
            | Order::Held(_)
            | Order::PartlyTaken(_)
            | Order::Refused(..)
            | Order::Unclear(_)) => Err(map::asked(order, call)),
        }
    }

    /// Takes the payer's answer to a step of 3-D Secure.
    pub(super) async fn take_answer(
        &self,
        call: &ProviderCall,
        answer: &AuthenticationAnswer,
    ) -> ProviderOutcome {
        self.in_time(self.answered(call, answer)).await
    }

    async fn answered(
        &self,
        call: &ProviderCall,
        answer: &AuthenticationAnswer,
    ) -> ProviderOutcome {
        let md_order = match &call.facts.payment_id {
            Some(id) => wire::md_order_of(id),
            None => match self.status(&call.order_number).await.map(|view| view.md_order) {
                Ok(Some(md_order)) => md_order,
                Ok(None) => return unknown("the status does not tell the order's id"),
                Err(detail) => return ProviderOutcome::Unknown(detail),
            },
        };
        let transaction = call.authentication.as_ref().and_then(|step| step.transaction.clone());
        let place = Place { md_order: &md_order, transaction, finish_url: None };
        match answer {
            // Whether the frame came back the gateway knows: it is sent to its own address.
            AuthenticationAnswer::Fingerprint { completed: _ } => self.go_on(call, &place).await,
            AuthenticationAnswer::Challenge => {
                let Some(transaction) = place.transaction.as_deref() else {
                    return unknown("the challenge has no transaction to name");
                };
                let fields = vec![("threeDSServerTransId", transaction.into())];
                self.tell(call, &place, ("finish3dsVer2Payment.do", fields)).await
            }
            AuthenticationAnswer::Legacy { pa_res } => {
                let fields = vec![("mdOrder", place.md_order.into()), ("paRes", pa_res.into())];
                self.tell(call, &place, ("finish3dsPayment.do", fields)).await
            }
        }
    }

    /// Lets the gateway begin the authentication, now that the browser was seen or cannot be.
    async fn go_on(&self, call: &ProviderCall, place: &Place<'_>) -> ProviderOutcome {
        let fields = vec![("mdOrder", place.md_order.into())];
        self.tell(call, place, ("3ds/continue.do", fields)).await
    }

    /// The gateway has the card already, so nothing is «not sent» from here on.
    async fn tell(
        &self,
        call: &ProviderCall,
        place: &Place<'_>,
        (method, fields): (&str, Fields<'_>),
    ) -> ProviderOutcome {
        match self.post(method, fields, self.limits.card_step).await {
            Ok(reply) => self.judge(call, place, method, &reply).await,
            Err(HttpError::NotSent(detail) | HttpError::Unknown(detail)) => {
                ProviderOutcome::Unknown(detail)
            }
        }
    }

    async fn judge(
        &self,
        call: &ProviderCall,
        place: &Place<'_>,
        method: &str,
        reply: &Reply,
    ) -> ProviderOutcome {
        let word = match reply.step() {
            Step::Challenge { acs_url, creq, transaction } => {
                return place.challenge(call, (acs_url, creq), transaction);
            }
            Step::Legacy { acs_url, pa_req, term_url } => {
                return place.legacy((acs_url, pa_req), term_url);
            }
            // Begun anew, which would never end: the status tells.
            Step::Fingerprint { .. } => Word::None,
            Step::Over(word) => word,
        };
        let said = format!("{method} answered {} {}", reply.code().describe(), reply.error_types());
        let said = said.trim_end();
        tracing::debug!(account = self.config.account.name, order = call.order_number, "{said}");
        let outcome = match self.status(&call.order_number).await {
            Ok(view) => match (map::order_of(&view, call), refusal(&view, call, word)) {
                (Order::Open(OpenAt::Registered, _), Some(reason)) => {
                    self.end_refused(call, place.md_order, reason).await
                }
                (order, _) => map::asked(order, call),
            },
            Err(detail) => ProviderOutcome::Unknown(detail),
        };
        match outcome {
            ProviderOutcome::Unknown(detail) => {
                ProviderOutcome::Unknown(format!("{said}; {detail}"))
            }
            known @ (ProviderOutcome::Redirect(..)
            | ProviderOutcome::Authenticate(..)
            | ProviderOutcome::Instruct(_)
            | ProviderOutcome::Approved(_)
            | ProviderOutcome::Declined(..)
            | ProviderOutcome::Pending(_)
            | ProviderOutcome::NotSent(_)) => known,
        }
    }

    /// Closes an order whose card was refused; why the card was, is why the order is.
    async fn end_refused(
        &self,
        call: &ProviderCall,
        md_order: &str,
        reason: Reason,
    ) -> ProviderOutcome {
        match self.shut(call, md_order).await {
            Ok((Order::Refused(_, facts), _)) => ProviderOutcome::Declined(reason, facts),
            Ok((order, _)) => closed(map::asked(order, call)),
            Err(detail) => ProviderOutcome::Unknown(detail),
        }
    }

    /// Gives up an order that is not paid.
    pub(super) async fn close(&self, call: &ProviderCall) -> ProviderOutcome {
        let order = match self.status(&call.order_number).await {
            Ok(view) => map::order_of(&view, call),
            Err(detail) => return ProviderOutcome::Unknown(detail),
        };
        let order = match order {
            Order::Absent if call.facts.payment_id.is_none() => {
                match self.registered_by_nobody(call).await {
                    Ok(order) => order,
                    Err(outcome) => return closed(outcome),
                }
            }
            other @ (Order::Absent
            | Order::Open(..)
            | Order::Paid(_)
            | Order::Held(_)
            | Order::PartlyTaken(_)
            | Order::Refused(..)
            | Order::Unclear(_)) => other,
        };
        let id = match &order {
            Order::Open(_, facts) => facts.payment_id.clone(),
            Order::Absent
            | Order::Paid(_)
            | Order::Held(_)
            | Order::PartlyTaken(_)
            | Order::Refused(..)
            | Order::Unclear(_) => return closed(map::asked(order, call)),
        };
        let Some(id) = id else { return unknown("the status does not tell the order's id") };
        match self.shut(call, &wire::md_order_of(&id)).await {
            Ok((Order::Refused(_, facts), ClosedBy::Us)) => {
                ProviderOutcome::Declined(Reason::Interrupted, facts)
            }
            Ok((order, _)) => closed(map::asked(order, call)),
            Err(detail) => ProviderOutcome::Unknown(detail),
        }
    }

    /// Takes the number of an order that is not there, and gives what stands under it then.
    ///
    /// Whoever has the card need not have died: a process that was frozen goes on, and so does one
    /// whose clock is an hour behind ours. A number is given once, so the order that is closed here
    /// is the one that he would have paid.
    async fn registered_by_nobody(&self, call: &ProviderCall) -> Result<Order, ProviderOutcome> {
        match self.register(call, self.limits.card_register).await {
            Registered::Now(_) | Registered::Duplicate => {}
            Registered::Refused(outcome) => return Err(outcome),
            Registered::NotSent(detail) | Registered::Unclear(detail) => {
                return Err(ProviderOutcome::Unknown(detail));
            }
        }
        let view = self.status(&call.order_number).await.map_err(ProviderOutcome::Unknown)?;
        Ok(map::order_of(&view, call))
    }

    /// Has an open order closed, and gives it as it stands then: whatever is answered, if anything,
    /// the status tells whether it is closed.
    async fn shut(&self, call: &ProviderCall, md_order: &str) -> Result<(Order, ClosedBy), String> {
        let fields =
            vec![("orderId", md_order.into()), ("orderNumber", call.order_number.as_str().into())];
        let by = match self.post("decline.do", fields, self.limits.moving).await {
            Ok(reply) => match reply.code() {
                Code::Absent | Code::Number(0) | Code::Unreadable => ClosedBy::Us,
                Code::Number(_) => ClosedBy::Others,
            },
            Err(error) => {
                tracing::warn!(account = self.config.account.name, %error, "decline.do");
                match error {
                    HttpError::NotSent(_) => ClosedBy::Others,
                    HttpError::Unknown(_) => ClosedBy::Us,
                }
            }
        };
        let view = self.status(&call.order_number).await?;
        Ok((map::order_of(&view, call), by))
    }
}

/// Who closed an order, if it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClosedBy {
    /// We did, or asked for it without hearing the answer.
    Us,
    /// Not we: the gateway did not do what we asked for.
    Others,
}

/// Why the gateway refused a card in words, on an order that no payment is being made on.
fn refusal(view: &OrderView, call: &ProviderCall, word: Word) -> Option<Reason> {
    let reason = match word {
        Word::None => None,
        Word::Declined => Some(reason_of(call.method, view.action)),
        Word::BadInput => Some(Reason::ProviderRefusedData),
    };
    reason.filter(|_| !view.action.is_some_and(is_under_way))
}

/// Only an end is an end.
fn closed(outcome: ProviderOutcome) -> ProviderOutcome {
    match outcome {
        end @ (ProviderOutcome::Approved(_)
        | ProviderOutcome::Declined(..)
        | ProviderOutcome::Unknown(_)) => end,
        ProviderOutcome::Redirect(..)
        | ProviderOutcome::Authenticate(..)
        | ProviderOutcome::Instruct(_)
        | ProviderOutcome::Pending(_)
        | ProviderOutcome::NotSent(_) => unknown("the order is still open"),
    }
}

fn unknown(detail: &str) -> ProviderOutcome {
    ProviderOutcome::Unknown(detail.to_owned())
}
