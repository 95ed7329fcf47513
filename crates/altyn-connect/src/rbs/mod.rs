//! Alfa-Click and cards over the RBS/BPC gateway.
//!
//! Either begins with an order registered under our number. Alfa-Click hands it over to the bank
//! (`alfa_click`), a card goes to it and through 3-D Secure (`card`); captures, voids and refunds
//! act on it (`manage`). The outcome is only what `getOrderStatusExtended.do` says (`map`).
//! Guaranteed: a repeat under the same order number finds the first order; a repeat of a refund is
//! refused by the gateway through `expectedDepositedAmount`, one of a capture or a void by the
//! order's state, and the status tells whether the first one went through. Every call ends within
//! 30 s.
//!
//! Notifications are taken in their symmetric variant (HMAC) only; the asymmetric one (RSA) needs
//! a certificate that this account does not have. Source: providers.md §1, mapping §1.13, rulings
//! 18, 23 and 28.

mod alfa_click;
mod card;
mod client;
mod manage;
mod map;
mod request;
mod wire;

use altyn_app::ports::Provider;
use altyn_app::ports::provider::{
    AuthenticationAnswer, Capabilities, CardPayment, NotificationError, NotificationSubject,
    ProviderAccount, ProviderCall, ProviderOutcome,
};
use altyn_app::secret::Secret;
use altyn_domain::method::Method;
use altyn_domain::payment::OperationKind;
use altyn_domain::reason::Reason;
use async_trait::async_trait;

use crate::http::HttpClient;
use crate::sign;
use client::Gateway;

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
        Capabilities {
            methods: &[Method::AlfaClick, Method::Card],
            partial_refunds: true,
            closes_orders: true,
            refund_query: true,
        }
    }

    async fn submit(&self, call: &ProviderCall) -> ProviderOutcome {
        match way_of(call) {
            Way::AlfaClick => self.gateway.sell_by_alfa_click(call).await,
            // Nobody has the card any more, or this would have come by `submit_card`.
            Way::Card => declined(Reason::Interrupted, call),
            Way::Following => self.gateway.follow(call).await,
            Way::None(reason) => declined(reason, call),
        }
    }

    async fn ask(&self, call: &ProviderCall) -> ProviderOutcome {
        match way_of(call) {
            Way::AlfaClick | Way::Card => match self.gateway.status(&call.order_number).await {
                Ok(view) => map::asked_later(map::order_of(&view, call), call),
                Err(detail) => ProviderOutcome::Unknown(detail),
            },
            Way::Following => self.gateway.ask_followed(call).await,
            Way::None(reason) => declined(reason, call),
        }
    }

    async fn submit_card(&self, call: &ProviderCall, payment: &CardPayment) -> ProviderOutcome {
        match way_of(call) {
            Way::Card => self.gateway.pay_by_card(call, payment).await,
            Way::AlfaClick | Way::Following => declined(Reason::MethodDisabled, call),
            Way::None(reason) => declined(reason, call),
        }
    }

    async fn authenticate(
        &self,
        call: &ProviderCall,
        answer: &AuthenticationAnswer,
    ) -> ProviderOutcome {
        self.gateway.take_answer(call, answer).await
    }

    async fn close(&self, call: &ProviderCall) -> ProviderOutcome {
        self.gateway.close(call).await
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
        Ok(NotificationSubject {
            order_number: Some(order_number),
            refunded_transaction: None,
            authentic: true,
        })
    }
}

/// How an operation goes through the gateway.
enum Way {
    AlfaClick,
    Card,
    /// It acts on an order.
    Following,
    /// The gateway has no way for it, and is never asked.
    None(Reason),
}

fn way_of(call: &ProviderCall) -> Way {
    use OperationKind::{Authorization, Capture, Refund, Sale, Void};
    match (call.method, call.kind) {
        (Method::AlfaClick, Sale) => Way::AlfaClick,
        (Method::Card, Sale | Authorization) => Way::Card,
        (Method::AlfaClick, Refund) | (Method::Card, Capture | Void | Refund) => Way::Following,
        (Method::AlfaClick, Authorization | Capture | Void) => {
            Way::None(Reason::TwoStageUnsupported)
        }
        (Method::CardPartner, _) => Way::None(Reason::MethodDisabled),
    }
}

fn declined(reason: Reason, call: &ProviderCall) -> ProviderOutcome {
    ProviderOutcome::Declined(reason, call.facts.clone())
}

#[cfg(test)]
mod tests;
