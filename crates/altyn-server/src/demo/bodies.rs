//! The requests of the shop: their paths, their bodies, their signatures.

use altyn_web::api::ecommpay::sign::{SigningKey, canonical, sign};
use anyhow::Result;
use serde_json::{Value, json};

use super::http::{Answer, Http};

/// The project of the demo.
pub const PROJECT_ID: u32 = 100;

/// How something is paid in the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Alfa-Click, in roubles.
    AlfaClick,
    /// A card through the partner, in Kenyan shillings.
    CardPartner,
}

impl Way {
    /// The method's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlfaClick => "alfa-click",
            Self::CardPartner => "card-partner",
        }
    }

    /// The currency it is paid in here.
    pub fn currency(self) -> &'static str {
        match self {
            Self::AlfaClick => "RUB",
            Self::CardPartner => "KES",
        }
    }

    fn path(self, action: &str) -> String {
        match self {
            Self::AlfaClick => format!("/v2/payment/online-banking/alfa-click/{action}"),
            Self::CardPartner => format!("/v2/payment/card-partner/{action}"),
        }
    }

    fn customer(self) -> Value {
        match self {
            Self::AlfaClick => {
                json!({ "id": "customer-1", "ip_address": "1.1.1.1", "account_id": "account_1" })
            }
            Self::CardPartner => json!({
                "id": "customer-1",
                "ip_address": "1.1.1.1",
                "phone": "12345678900",
                "email": "payer@example.com",
            }),
        }
    }
}

/// A signed request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it is posted, below the platform's address.
    pub path: String,
    /// The body with its signature.
    pub body: Value,
}

impl Request {
    /// The text that was signed.
    pub fn signed_text(&self) -> String {
        canonical(&self.body)
    }
}

/// The shop as the platform's client.
pub struct Merchant {
    /// The platform's address.
    pub platform: String,
    /// The shop's own address.
    pub shop: String,
    /// The project's secret.
    pub key: SigningKey,
    /// Connections.
    pub http: Http,
}

impl Merchant {
    /// A sale of so many minor units.
    pub fn sale(&self, way: Way, payment: &str, minor: i64) -> Request {
        let page = |name: &str| format!("{}/{name}?payment={payment}", self.shop);
        let body = json!({
            "general": { "project_id": PROJECT_ID, "payment_id": payment },
            "customer": way.customer(),
            "payment": {
                "amount": minor,
                "currency": way.currency(),
                "description": format!("Заказ {payment}"),
            },
            "return_url": {
                "success": page("thanks"),
                "decline": page("sorry"),
                "return": page("thanks"),
            },
        });
        self.signed(way.path("sale"), body)
    }

    /// A refund of so many minor units, or of all that is left.
    pub fn refund(&self, way: Way, payment: &str, minor: Option<i64>) -> Request {
        let mut body = json!({
            "general": { "project_id": PROJECT_ID, "payment_id": payment },
            "payment": { "description": "Возврат" },
        });
        if let (Some(minor), Some(part)) = (minor, body.get_mut("payment")) {
            *part = json!({
                "amount": minor,
                "currency": way.currency(),
                "description": "Возврат",
            });
        }
        self.signed(way.path("refund"), body)
    }

    /// How the payment stands.
    pub fn status(&self, payment: &str) -> Request {
        let body = json!({ "general": { "project_id": PROJECT_ID, "payment_id": payment } });
        self.signed("/v2/payment/status".to_owned(), body)
    }

    /// Posts it.
    pub async fn send(&self, request: &Request) -> Result<Answer> {
        self.http.post_json(&self.url(request), &request.body).await
    }

    /// The whole address of a request.
    pub fn url(&self, request: &Request) -> String {
        format!("{}{}", self.platform, request.path)
    }

    fn signed(&self, path: String, mut body: Value) -> Request {
        let signature = sign(&body, &self.key);
        if let Some(general) = body.get_mut("general").and_then(Value::as_object_mut) {
            general.insert("signature".to_owned(), Value::String(signature));
        }
        Request { path, body }
    }
}
