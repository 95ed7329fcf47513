//! The calls themselves: one request each, one answer, what follows from it.
//!
//! Guaranteed: `NotSent` is said only when nothing can have come of the call; a status that could
//! not be asked never turns into `NotSent` or a decline. Source: providers.md §1.2, §1.4, §1.5.

use std::time::Duration;

use altyn_app::ports::provider::{ProviderCall, ProviderOutcome, SaleAtProvider};
use altyn_domain::mask::mask_cards;
use altyn_domain::payment::{ProviderFacts, Redirect, RedirectMethod};
use altyn_domain::reason::Reason;
use url::Url;

use super::map::{self, Returned};
use super::request::{self, Fields};
use super::wire::{self, Code, OrderView, Reply};
use super::{Before, RbsConfig, before};
use crate::http::{HttpClient, HttpError};

/// Time for a call that moves something. With one before and one after it: 30 s.
const MOVE_LIMIT: Duration = Duration::from_secs(14);
/// Time for a question, or for handing over.
const ASK_LIMIT: Duration = Duration::from_secs(8);
/// How much of the gateway's own words is quoted to operators.
const QUOTED_CHARS: usize = 120;

/// The gateway as one account sees it.
pub(super) struct Gateway {
    pub(super) config: RbsConfig,
    http: HttpClient,
    pub(super) move_limit: Duration,
    pub(super) ask_limit: Duration,
}

impl Gateway {
    pub(super) fn new(config: RbsConfig, http: HttpClient) -> Self {
        Self { config, http, move_limit: MOVE_LIMIT, ask_limit: ASK_LIMIT }
    }

    /// The order's UUID, whether it was registered now or by an earlier call of ours.
    pub(super) async fn register(&self, call: &ProviderCall) -> Result<String, ProviderOutcome> {
        let fields = request::register(&self.config, call);
        let reply = self.post("register.do", fields, self.move_limit).await.map_err(outcome_of)?;
        match reply.code() {
            Code::Absent | Code::Number(0) => match reply.text("orderId") {
                Some(md_order) => Ok(md_order.to_owned()),
                None => Err(unknown("register.do", &reply)),
            },
            Code::Number(map::DUPLICATE) => self.registered_before(call).await,
            Code::Number(3..=5) => Err(self.refused("register.do", &reply, call.facts.clone())),
            Code::Number(_) | Code::Unreadable => Err(unknown("register.do", &reply)),
        }
    }

    async fn registered_before(&self, call: &ProviderCall) -> Result<String, ProviderOutcome> {
        let view = self.status(&call.order_number).await.map_err(ProviderOutcome::Unknown)?;
        match before(map::sale_of(&view, call), call) {
            Before::Continue(md_order) => Ok(md_order),
            Before::Ended(outcome) => Err(outcome),
        }
    }

    /// Gives the order to the bank.
    pub(super) async fn hand_over(&self, md_order: &str, login: Option<&str>) -> ProviderOutcome {
        let fields = request::other_way(md_order, login);
        let reply = match self.post("paymentotherway.do", fields, self.ask_limit).await {
            Ok(reply) => reply,
            Err(error) => return outcome_of(error),
        };
        let facts =
            ProviderFacts { payment_id: Some(wire::payment_id_of(md_order)), ..Default::default() };
        match reply.code() {
            Code::Absent | Code::Number(0) if login.is_some() => ProviderOutcome::Instruct(facts),
            Code::Absent | Code::Number(0) => match redirect_of(&reply) {
                Some(redirect) => ProviderOutcome::Redirect(redirect, facts),
                None => unknown("paymentotherway.do", &reply),
            },
            // Nobody holds a link to the order and nobody was billed: it will run out unpaid.
            Code::Number(1..=5) => self.refused("paymentotherway.do", &reply, facts),
            Code::Number(_) | Code::Unreadable => unknown("paymentotherway.do", &reply),
        }
    }

    /// Asks by order number; the text says why there is no answer.
    pub(super) async fn status(&self, order_number: &str) -> Result<OrderView, String> {
        let fields = vec![("orderNumber", order_number.to_owned())];
        self.post("getOrderStatusExtended.do", fields, self.ask_limit)
            .await
            .map(|reply| reply.order())
            .map_err(|error| format!("the status could not be asked, {error}"))
    }

    /// Returns money, and tells by the gateway's balance what a refusal means.
    pub(super) async fn refund(&self, call: &ProviderCall) -> ProviderOutcome {
        let Some(sale) = &call.sale else { return no_sale() };
        let md_order = match &sale.payment_id {
            Some(id) => wire::md_order_of(id),
            None => match self.md_order_by_number(&sale.order_number).await {
                Ok(md_order) => md_order,
                Err(detail) => return ProviderOutcome::NotSent(detail),
            },
        };
        let fields = request::refund(call, md_order, sale.deposited_minor);
        let reply = match self.post("refund.do", fields, self.move_limit).await {
            Ok(reply) => reply,
            Err(error) => return outcome_of(error),
        };
        let view = self.status(&sale.order_number).await;
        match reply.code() {
            Code::Number(0) => ProviderOutcome::Approved(match &view {
                Ok(view) => map::refund_facts(view, sale, call.amount),
                Err(_) => facts_of(sale),
            }),
            code @ (Code::Absent | Code::Number(_) | Code::Unreadable) => {
                self.refund_refused(code, (&reply, view), call, sale)
            }
        }
    }

    /// A refusal is the gateway's word only when its balance has not moved: an earlier try of ours
    /// may have gone through.
    fn refund_refused(
        &self,
        code: Code,
        (reply, view): (&Reply, Result<OrderView, String>),
        call: &ProviderCall,
        sale: &SaleAtProvider,
    ) -> ProviderOutcome {
        let returned = match view {
            Ok(view) => map::refund_of(&view, sale, call.amount),
            Err(detail) => Returned::Unclear(detail),
        };
        let said = said("refund.do", reply);
        match (returned, code) {
            (Returned::Done(facts), _) => ProviderOutcome::Approved(facts),
            (Returned::NotDone { deposited }, Code::Number(code)) => {
                tracing::warn!(account = self.config.account.name, "{said}");
                let reason = map::refund_reason(code, deposited, call.amount);
                ProviderOutcome::Declined(reason, facts_of(sale))
            }
            (Returned::Absent, Code::Number(map::NO_SUCH_ORDER)) => {
                ProviderOutcome::Declined(Reason::GeneralDecline, facts_of(sale))
            }
            (Returned::NotDone { .. }, Code::Absent | Code::Unreadable)
            | (Returned::Absent, Code::Absent | Code::Number(_) | Code::Unreadable) => {
                ProviderOutcome::Unknown(said)
            }
            (Returned::Unclear(detail), _) => ProviderOutcome::Unknown(format!("{said}; {detail}")),
        }
    }

    async fn md_order_by_number(&self, order_number: &str) -> Result<String, String> {
        let view = self.status(order_number).await?;
        view.md_order.ok_or_else(|| "the status does not tell the sale's id".to_owned())
    }

    fn refused(&self, method: &str, reply: &Reply, facts: ProviderFacts) -> ProviderOutcome {
        let said = said(method, reply);
        tracing::warn!(account = self.config.account.name, "{said}");
        ProviderOutcome::Declined(Reason::ProviderRefusedData, facts)
    }

    async fn post(
        &self,
        method: &str,
        fields: Fields,
        limit: Duration,
    ) -> Result<Reply, HttpError> {
        let mut form = request::credentials(&self.config.auth);
        form.extend(fields);
        let url = format!("{}/{method}", self.config.base_url.trim_end_matches('/'));
        let reply = self.http.post_form(&url, &form, limit).await?;
        if reply.status != 200 {
            return Err(HttpError::Unknown(format!("{method} answered HTTP {}", reply.status)));
        }
        Reply::read(&reply.body)
            .ok_or_else(|| HttpError::Unknown(format!("{method} answered no JSON object")))
    }
}

/// A refund came without its sale, which is a bug of ours: nothing was sent.
pub(super) fn no_sale() -> ProviderOutcome {
    ProviderOutcome::NotSent("the refund came without its sale".to_owned())
}

fn facts_of(sale: &SaleAtProvider) -> ProviderFacts {
    ProviderFacts { payment_id: sale.payment_id.clone(), ..Default::default() }
}

fn outcome_of(error: HttpError) -> ProviderOutcome {
    match error {
        HttpError::NotSent(detail) => ProviderOutcome::NotSent(detail),
        HttpError::Unknown(detail) => ProviderOutcome::Unknown(detail),
    }
}

fn redirect_of(reply: &Reply) -> Option<Redirect> {
    let url = reply.text("redirect").or_else(|| reply.text("acsUrl"))?;
    let is_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    is_web.then(|| Redirect {
        method: RedirectMethod::Get,
        url: url.to_owned(),
        body: vec![("redirectType".to_owned(), "redirect".to_owned())],
    })
}

fn unknown(method: &str, reply: &Reply) -> ProviderOutcome {
    ProviderOutcome::Unknown(said(method, reply))
}

/// The gateway's words for an operator: cut, and without anything like a card number.
fn said(method: &str, reply: &Reply) -> String {
    let code = reply.code().describe();
    let words: String = reply
        .text("errorMessage")
        .unwrap_or_default()
        .chars()
        .filter(|character| !character.is_control())
        .take(QUOTED_CHARS)
        .collect();
    format!("{method} answered {code} {:?}", mask_cards(&words))
}
