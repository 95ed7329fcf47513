//! The gateway as one account sees it: one request each, one answer, and how to quote it.
//!
//! Guaranteed: a status that could not be asked never turns into `NotSent` or a decline; nothing
//! of a request is in an error. Source: providers.md §1.1, §1.2, §1.8.

use std::time::Duration;

use altyn_app::ports::provider::{ProviderCall, ProviderOutcome};
use altyn_domain::mask::mask_cards;
use altyn_domain::payment::{OperationKind, ProviderFacts};
use altyn_domain::reason::Reason;
use url::Url;

use super::RbsConfig;
use super::map;
use super::request::{self, Fields};
use super::wire::{Code, OrderView, Reply};
use crate::http::{HttpClient, HttpError};

/// How much of the gateway's own words is quoted to operators.
const QUOTED_CHARS: usize = 120;

/// How long one call may take. Whatever is made of them ends within 30 s.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// A call that moves something, with a question before it and one after it.
    pub(super) moving: Duration,
    /// A question, or handing over.
    pub(super) asking: Duration,
    /// Registering an order for a card.
    pub(super) card_register: Duration,
    /// Everything from the card's leaving us, or the payer's answer to 3-D Secure, to the outcome.
    pub(super) card_rest: Duration,
    /// One call of these that the issuer is asked in.
    pub(super) card_step: Duration,
}

impl Limits {
    pub(super) const USUAL: Self = Self {
        moving: Duration::from_secs(14),
        asking: Duration::from_secs(8),
        card_register: Duration::from_secs(6),
        card_rest: Duration::from_secs(24),
        card_step: Duration::from_secs(14),
    };
}

/// The gateway as one account sees it.
pub(super) struct Gateway {
    pub(super) config: RbsConfig,
    http: HttpClient,
    pub(super) limits: Limits,
}

/// What became of registering an order.
pub(super) enum Registered {
    /// Its UUID.
    Now(String),
    /// The gateway knows the number, or finds it bad.
    Duplicate,
    /// The gateway will not.
    Refused(ProviderOutcome),
    /// The gateway surely has no order of this number.
    NotSent(String),
    /// There may be an order.
    Unclear(String),
}

impl Gateway {
    pub(super) fn new(config: RbsConfig, http: HttpClient) -> Self {
        Self { config, http, limits: Limits::USUAL }
    }

    /// Registers an order in one stage or in two.
    pub(super) async fn register(&self, call: &ProviderCall, limit: Duration) -> Registered {
        let method = if call.kind == OperationKind::Authorization {
            "registerPreAuth.do"
        } else {
            "register.do"
        };
        let reply = match self.post(method, request::register(&self.config, call), limit).await {
            Ok(reply) => reply,
            Err(HttpError::NotSent(detail)) => return Registered::NotSent(detail),
            Err(HttpError::Unknown(detail)) => return Registered::Unclear(detail),
        };
        match (reply.code(), reply.text("orderId")) {
            (Code::Absent | Code::Number(0), Some(md_order)) => {
                Registered::Now(md_order.to_owned())
            }
            (Code::Number(map::DUPLICATE), _) => Registered::Duplicate,
            (Code::Number(3..=5), _) => {
                Registered::Refused(self.refused(method, &reply, call.facts.clone()))
            }
            (Code::Absent | Code::Number(_) | Code::Unreadable, _) => {
                Registered::Unclear(said(method, &reply))
            }
        }
    }

    /// Asks by order number; the text says why there is no answer.
    pub(super) async fn status(&self, order_number: &str) -> Result<OrderView, String> {
        let fields = vec![("orderNumber", order_number.into())];
        self.post("getOrderStatusExtended.do", fields, self.limits.asking)
            .await
            .map(|reply| reply.order())
            .map_err(|error| format!("the status could not be asked, {error}"))
    }

    /// Declined for the data of the request, with the gateway's words in the log.
    pub(super) fn refused(
        &self,
        method: &str,
        reply: &Reply,
        facts: ProviderFacts,
    ) -> ProviderOutcome {
        let said = said(method, reply);
        tracing::warn!(account = self.config.account.name, "{said}");
        ProviderOutcome::Declined(Reason::ProviderRefusedData, facts)
    }

    pub(super) async fn post(
        &self,
        method: &str,
        fields: Fields<'_>,
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

pub(super) fn outcome_of(error: HttpError) -> ProviderOutcome {
    match error {
        HttpError::NotSent(detail) => ProviderOutcome::NotSent(detail),
        HttpError::Unknown(detail) => ProviderOutcome::Unknown(detail),
    }
}

/// An address that a browser can be sent to.
pub(super) fn is_web(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// The gateway's words for an operator: cut, and without anything like a card number.
pub(super) fn said(method: &str, reply: &Reply) -> String {
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
