//! Cards and mobile money through iPay Africa.
//!
//! The payer's browser posts a signed form to the partner; nothing is sent from here, so giving a
//! sale twice is harmless. Its outcome is what IPN says of the callbacks and what search finds
//! (`map`). A refund is the whole payment, once; the partner refuses a second one, cannot be
//! asked about the first, and may tell its outcome later. So an unknown refund stays unknown until
//! a signed notification, or an operator, says what became of it.
//!
//! Every call ends within 30 s. Source: providers.md §2, seed 003, ruling 24.

mod map;
mod wire;

use std::time::Duration;

use altyn_app::ports::Provider;
use altyn_app::ports::provider::{
    Capabilities, NotificationError, NotificationSubject, ProviderAccount, ProviderCall,
    ProviderOutcome,
};
use altyn_app::secret::Secret;
use altyn_domain::method::Method;
use altyn_domain::payment::{OperationKind, ProviderFacts, Redirect, RedirectMethod};
use altyn_domain::reason::Reason;
use async_trait::async_trait;

use crate::http::{HttpClient, HttpError, HttpReply};
use crate::sign;
use map::{Claim, TOKENS, Verdict, parameter};
use wire::{RefundReply, Search, Status};

/// Time for one verification; three of them and a search make 26 s.
const IPN_LIMIT: Duration = Duration::from_secs(6);
/// Time for a search.
const SEARCH_LIMIT: Duration = Duration::from_secs(8);
/// Time for a refund; with a search before it 28 s.
const REFUND_LIMIT: Duration = Duration::from_secs(20);

/// One vendor account at the partner.
#[derive(Clone, Debug)]
pub struct IpayConfig {
    /// Who it is on our side.
    pub account: ProviderAccount,
    /// `https://…/v3/ke`.
    pub form_url: String,
    /// `https://…/ipn/`.
    pub ipn_url: String,
    /// `https://…/payments/v2`.
    pub api_url: String,
    /// The vendor id, lower case, at most 12 characters.
    pub vid: String,
    /// The vendor's key.
    pub key: Secret,
    /// Where the partner calls us back: `{public}/providers/<name>/return`, at most 77 characters
    /// (the field takes 100, and a seal is added).
    pub callback_url: String,
}

/// The partner's answer to a refund of what was refunded already.
const ALREADY_REFUNDED: i64 = 409;

/// The connector.
pub struct Ipay {
    config: IpayConfig,
    http: HttpClient,
    limits: Limits,
}

struct Limits {
    ipn: Duration,
    search: Duration,
    refund: Duration,
}

impl Ipay {
    /// Makes no connection yet.
    pub fn new(config: IpayConfig, http: HttpClient) -> Self {
        let limits = Limits { ipn: IPN_LIMIT, search: SEARCH_LIMIT, refund: REFUND_LIMIT };
        Self { config, http, limits }
    }

    /// IPN's word on one callback; the text says why there is none.
    async fn verify(&self, call: &ProviderCall, claim: &Claim) -> Result<Status, String> {
        let order = call.order_number.as_str();
        let mut query = vec![("vendor", self.config.vid.as_str()), ("id", order), ("ivm", order)];
        query.extend(TOKENS.into_iter().zip(claim.tokens.iter().map(String::as_str)));
        let reply = self
            .http
            .get(&self.config.ipn_url, &query, self.limits.ipn)
            .await
            .map_err(|error| format!("IPN could not be asked, {error}"))?;
        status_of(&reply)
    }

    /// Asks for the transaction of an order.
    async fn search(&self, order_number: &str, call: &ProviderCall) -> Search {
        let vid = &self.config.vid;
        let hash = sign::sha256_hex(self.config.key.expose(), &format!("{order_number}{vid}"));
        let form = [("oid", order_number), ("vid", vid), ("hash", &hash)];
        match self.post("search", &form, self.limits.search).await {
            Ok(reply) => Search::read(reply.status, &reply.body, call.amount.currency()),
            Err(error) => Search::Trouble(format!("search could not be asked, {error}")),
        }
    }

    async fn post(
        &self,
        method: &str,
        form: &[(&str, &str)],
        limit: Duration,
    ) -> Result<HttpReply, HttpError> {
        let base = self.config.api_url.trim_end_matches('/');
        self.http.post_form(&format!("{base}/transaction/{method}"), form, limit).await
    }

    /// What the refund's notification is signed over.
    fn is_signed(&self, parameters: &[(String, String)]) -> bool {
        let value = |name: &str| parameter(parameters, name).unwrap_or_default();
        let (code, status, vid) = (value("code"), value("status"), value("vid"));
        let text = format!("code={code}&status={status}&vid={vid}");
        vid == self.config.vid && sign::is_sha256_of(self.config.key.expose(), &text, value("hash"))
    }

    fn begin_sale(&self, call: &ProviderCall) -> ProviderOutcome {
        let facts = ProviderFacts::default();
        match wire::form(&self.config, call) {
            Some(body) => {
                let url = self.config.form_url.clone();
                let redirect = Redirect { method: RedirectMethod::Post, url, body };
                ProviderOutcome::Redirect(redirect, facts)
            }
            // No provider order exists, so this ends where no money can move.
            None => ProviderOutcome::Declined(Reason::ProviderRefusedData, facts),
        }
    }

    async fn ask_sale(&self, call: &ProviderCall) -> ProviderOutcome {
        let seal = wire::seal(&self.config, &call.order_number);
        let mut verdict = Verdict::Open;
        for claim in map::claims(call, &seal) {
            let word = self.verify(call, &claim).await;
            verdict = verdict.and(claim, word);
            if verdict.is_decided() {
                break;
            }
        }
        let search = self.search(&call.order_number, call).await;
        let outcome = map::asked_sale(verdict, search, call);
        let open = matches!(outcome, ProviderOutcome::Pending(_));
        // The form is made by us alone: until it is out, there is nothing the partner can have.
        if open && !call.handed_over && call.notifications.is_empty() {
            return ProviderOutcome::NotSent("the payer was never given the form".to_owned());
        }
        outcome
    }

    async fn submit_refund(&self, call: &ProviderCall) -> ProviderOutcome {
        let transaction = match &call.order {
            None => return ProviderOutcome::NotSent("the refund came without its sale".to_owned()),
            Some(sale) => match &sale.payment_id {
                Some(id) => id.clone(),
                None => match self.search(&sale.order_number, call).await {
                    Search::Found { code, .. } => code,
                    Search::NotFound | Search::Trouble(_) => {
                        let detail = "the sale's transaction code is not known";
                        return ProviderOutcome::NotSent(detail.to_owned());
                    }
                },
            },
        };
        let vid = &self.config.vid;
        let text = format!("code={transaction}&vid={vid}");
        let hash = sign::sha256_hex(self.config.key.expose(), &text);
        let form = [("code", transaction.as_str()), ("vid", vid), ("hash", &hash)];
        let reply = match self.post("refund", &form, self.limits.refund).await {
            Ok(reply) => RefundReply::read(reply.status, &reply.body),
            Err(HttpError::NotSent(detail)) => return ProviderOutcome::NotSent(detail),
            Err(HttpError::Unknown(detail)) => RefundReply::Trouble(detail),
        };
        let facts = |code: Option<String>| ProviderFacts {
            payment_id: Some(code.unwrap_or(transaction)),
            ..Default::default()
        };
        match reply {
            RefundReply::Done { code } => ProviderOutcome::Approved(facts(code)),
            RefundReply::Accepted { code } => ProviderOutcome::Pending(facts(code)),
            // Refunded before, by whom is not said: it may have been this very request.
            RefundReply::Refused { status: ALREADY_REFUNDED, .. } => {
                ProviderOutcome::Unknown("the partner says it was refunded before".to_owned())
            }
            RefundReply::Refused { status, text, code } => {
                tracing::warn!(account = self.config.account.name, status, text, "refund refused");
                ProviderOutcome::Declined(Reason::GeneralDecline, facts(code))
            }
            RefundReply::Trouble(detail) => ProviderOutcome::Unknown(detail),
        }
    }

    fn ask_refund(&self, call: &ProviderCall) -> ProviderOutcome {
        let sale_id = call.order.as_ref().and_then(|sale| sale.payment_id.as_deref());
        let told = call.notifications.iter().rev().find_map(|note| {
            let code = parameter(&note.parameters, "code")?;
            let is_ours = sale_id.is_none_or(|id| id == code) && self.is_signed(&note.parameters);
            let word = map::refund_word(parameter(&note.parameters, "status")?)?;
            is_ours.then(|| (word, code.to_owned()))
        });
        let facts = |code: String| ProviderFacts {
            payment_id: call.facts.payment_id.clone().or(Some(code)),
            ..Default::default()
        };
        match told {
            Some((true, code)) => ProviderOutcome::Approved(facts(code)),
            Some((false, code)) => ProviderOutcome::Declined(Reason::GeneralDecline, facts(code)),
            None => ProviderOutcome::Unknown("the provider offers no refund query".to_owned()),
        }
    }
}

/// What this partner has no way for: it is declined before anything is sent.
fn never_given(call: &ProviderCall) -> ProviderOutcome {
    let reason = if call.method == Method::CardPartner {
        Reason::TwoStageUnsupported
    } else {
        Reason::MethodDisabled
    };
    ProviderOutcome::Declined(reason, call.facts.clone())
}

fn status_of(reply: &HttpReply) -> Result<Status, String> {
    if reply.status != 200 {
        return Err(format!("IPN answered HTTP {}", reply.status));
    }
    std::str::from_utf8(&reply.body)
        .ok()
        .and_then(Status::read)
        .ok_or_else(|| "IPN answered none of its codes".to_owned())
}

#[async_trait]
impl Provider for Ipay {
    fn account(&self) -> &ProviderAccount {
        &self.config.account
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            methods: &[Method::CardPartner],
            partial_refunds: false,
            closes_orders: false,
            refund_query: false,
        }
    }

    async fn submit(&self, call: &ProviderCall) -> ProviderOutcome {
        match (call.method, call.kind) {
            (Method::CardPartner, OperationKind::Sale) => self.begin_sale(call),
            (Method::CardPartner, OperationKind::Refund) => self.submit_refund(call).await,
            (Method::AlfaClick | Method::CardPartner | Method::Card, _) => never_given(call),
        }
    }

    async fn ask(&self, call: &ProviderCall) -> ProviderOutcome {
        match (call.method, call.kind) {
            (Method::CardPartner, OperationKind::Sale) => self.ask_sale(call).await,
            (Method::CardPartner, OperationKind::Refund) => self.ask_refund(call),
            (Method::AlfaClick | Method::CardPartner | Method::Card, _) => never_given(call),
        }
    }

    fn read_notification(
        &self,
        parameters: &[(String, String)],
    ) -> Result<NotificationSubject, NotificationError> {
        let value = |name: &str| parameter(parameters, name).map(str::to_owned);
        if let Some(code) = value("code") {
            if !self.is_signed(parameters) {
                return Err(NotificationError::NotAuthentic);
            }
            return Ok(NotificationSubject {
                order_number: None,
                refunded_transaction: Some(code),
                authentic: false,
            });
        }
        // The browser's callback carries no signature: asking the partner authenticates it.
        match value("id").or_else(|| value("oid")) {
            Some(order) => Ok(NotificationSubject {
                authentic: map::is_sealed(parameters, &wire::seal(&self.config, &order)),
                order_number: Some(order),
                refunded_transaction: None,
            }),
            None => Err(NotificationError::BadParameter("id")),
        }
    }
}

#[cfg(test)]
mod tests;
