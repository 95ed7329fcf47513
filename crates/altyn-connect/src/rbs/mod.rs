//! Alfa-Click over the RBS/BPC gateway.
//!
//! A sale is `register.do`, then `paymentotherway.do` with `ALFA_ALFACLICK`; its outcome is only
//! what `getOrderStatusExtended.do` says. Guaranteed: a repeat under the same order number finds
//! the first order and goes on with it (errorCode 1); a repeat of a refund is refused by the
//! gateway through `expectedDepositedAmount`, and the status tells whether the first one went
//! through. Every call ends within 30 s.
//!
//! Notifications are taken in their symmetric variant (HMAC) only; the asymmetric one (RSA) needs
//! a certificate that this account does not have. Source: providers.md §1, mapping §1.13, rulings
//! 18 and 28.

mod client;
mod map;
mod request;
mod wire;

use altyn_app::ports::Provider;
use altyn_app::ports::provider::{
    Capabilities, NotificationError, NotificationSubject, ProviderAccount, ProviderCall,
    ProviderOutcome,
};
use altyn_app::secret::Secret;
use altyn_domain::method::Method;
use altyn_domain::reason::Reason;
use async_trait::async_trait;

use crate::http::HttpClient;
use crate::sign;
use client::Gateway;
use map::{Returned, Sale};

/// How we are known to the gateway.
#[derive(Clone, Debug)]
pub enum RbsAuth {
    /// `userName` and `password`.
    Password {
        /// The API user.
        user: String,
        /// Its password.
        password: Secret,
    },
    /// `token`.
    Token(Secret),
}

/// One merchant account at the gateway.
#[derive(Clone, Debug)]
pub struct RbsConfig {
    /// Who it is on our side.
    pub account: ProviderAccount,
    /// `https://…/payment/rest`.
    pub base_url: String,
    /// How we are known there.
    pub auth: RbsAuth,
    /// The shared key of notifications; empty: none is accepted.
    pub callback_key: Secret,
    /// Where notifications are to go, if the merchant setting is not enough.
    pub notify_url: Option<String>,
    /// A page of ours to which the payer returns when the payment names none.
    pub return_url: String,
}

/// The connector.
pub struct Rbs {
    gateway: Gateway,
}

impl Rbs {
    /// Makes no connection yet.
    pub fn new(config: RbsConfig, http: HttpClient) -> Self {
        Self { gateway: Gateway::new(config, http) }
    }
}

#[async_trait]
impl Provider for Rbs {
    fn account(&self) -> &ProviderAccount {
        &self.gateway.config.account
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { method: Method::AlfaClick, partial_refunds: true, refund_query: true }
    }

    async fn submit_sale(&self, call: &ProviderCall) -> ProviderOutcome {
        let Some(login) = request::login(call) else {
            // Nothing was registered: the bank cannot bill nobody.
            return ProviderOutcome::Declined(Reason::ProviderRefusedData, call.facts.clone());
        };
        match self.gateway.register(call).await {
            Ok(md_order) => self.gateway.hand_over(&md_order, login).await,
            Err(outcome) => outcome,
        }
    }

    async fn ask_sale(&self, call: &ProviderCall) -> ProviderOutcome {
        match self.gateway.status(&call.order_number).await {
            Ok(view) => map::asked_sale(map::sale_of(&view, call), call),
            Err(detail) => ProviderOutcome::Unknown(detail),
        }
    }

    async fn submit_refund(&self, call: &ProviderCall) -> ProviderOutcome {
        self.gateway.refund(call).await
    }

    async fn ask_refund(&self, call: &ProviderCall) -> ProviderOutcome {
        let Some(sale) = &call.sale else { return client::no_sale() };
        let view = match self.gateway.status(&sale.order_number).await {
            Ok(view) => view,
            Err(detail) => return ProviderOutcome::Unknown(detail),
        };
        match map::refund_of(&view, sale, call.amount) {
            Returned::Done(facts) => ProviderOutcome::Approved(facts),
            Returned::NotDone { .. } => {
                ProviderOutcome::NotSent("the gateway still holds the whole".to_owned())
            }
            Returned::Absent => {
                ProviderOutcome::Unknown("the gateway does not know the sale".to_owned())
            }
            Returned::Unclear(detail) => ProviderOutcome::Unknown(detail),
        }
    }

    fn read_notification(
        &self,
        parameters: &[(String, String)],
    ) -> Result<NotificationSubject, NotificationError> {
        let mut checksums = parameters.iter().filter(|(name, _)| name == "checksum");
        let (Some((_, checksum)), None) = (checksums.next(), checksums.next()) else {
            return Err(NotificationError::NotAuthentic);
        };
        let key = self.gateway.config.callback_key.expose();
        if !sign::is_sha256_of(key, &wire::signed_text(parameters), checksum) {
            return Err(NotificationError::NotAuthentic);
        }
        let order_number = parameters
            .iter()
            .find(|(name, value)| name == "orderNumber" && !value.is_empty())
            .map(|(_, value)| value.clone())
            .ok_or(NotificationError::BadParameter("orderNumber"))?;
        Ok(NotificationSubject { order_number: Some(order_number), refunded_transaction: None })
    }
}

/// What a status says about a sale that was registered before.
enum Before {
    Continue(String),
    Ended(ProviderOutcome),
}

fn before(sale: Sale, call: &ProviderCall) -> Before {
    use map::OpenAt;
    match sale {
        Sale::Open(OpenAt::Registered | OpenAt::Bank | OpenAt::Authentication, facts) => {
            match facts.payment_id {
                Some(id) => Before::Continue(wire::md_order_of(&id)),
                None => Before::Ended(ProviderOutcome::Unknown(
                    "registered before, but the status does not tell the order's id".to_owned(),
                )),
            }
        }
        // errorCode 1 also stands for a bad order number (§1.1): then there is no order.
        Sale::Absent => Before::Ended(ProviderOutcome::Declined(
            Reason::ProviderRefusedData,
            call.facts.clone(),
        )),
        Sale::Paid(_) | Sale::Refused(..) | Sale::Open(OpenAt::Held, _) | Sale::Unclear(_) => {
            Before::Ended(map::asked_sale(sale, call))
        }
    }
}

#[cfg(test)]
mod tests;
