//! The requests of the shop: their paths, their bodies, their signatures.

use altyn_web::api::ecommpay::sign::{SigningKey, sign};
use anyhow::Result;
use serde_json::{Value, json};

use super::http::{Answer, Http};

/// The project of the demo.
pub const PROJECT_ID: u32 = 100;
/// The project whose Alfa-Click payers get a bill instead of being sent to the bank.
pub const BILLS_PROJECT_ID: u32 = 101;

/// How something is paid in the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Alfa-Click, in roubles.
    AlfaClick,
    /// A card through the partner, in Kenyan shillings.
    CardPartner,
    /// A card, in roubles.
    Card,
}

impl Way {
    /// The method's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AlfaClick => "alfa-click",
            Self::CardPartner => "card-partner",
            Self::Card => "card",
        }
    }

    /// Reads `payment.method` of a callback.
    pub fn of_callback(name: &str) -> Option<Self> {
        match name {
            "alfa-click" => Some(Self::AlfaClick),
            "Card partner" => Some(Self::CardPartner),
            "card" => Some(Self::Card),
            _ => None,
        }
    }

    /// The currency it is paid in here.
    pub fn currency(self) -> &'static str {
        match self {
            Self::AlfaClick | Self::Card => "RUB",
            Self::CardPartner => "KES",
        }
    }

    fn path(self, action: &str) -> String {
        match self {
            Self::AlfaClick => format!("/v2/payment/online-banking/alfa-click/{action}"),
            Self::CardPartner => format!("/v2/payment/card-partner/{action}"),
            Self::Card => format!("/v2/payment/card/{action}"),
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
            Self::Card => json!({ "id": "customer-1", "ip_address": "1.1.1.1" }),
        }
    }
}

/// A payment to do something with.
#[derive(Clone, Copy, Debug)]
pub struct Paid<'a> {
    /// Whose it is.
    pub project: u32,
    /// Its id.
    pub payment: &'a str,
    /// How it is paid.
    pub way: Way,
}

/// Minor units and their currency.
#[derive(Clone, Copy, Debug)]
pub struct Sum<'a> {
    /// How many.
    pub minor: i64,
    /// The currency's code.
    pub currency: &'a str,
}

/// A signed request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where it is posted, below the platform's address.
    pub path: String,
    /// The body with its signature.
    pub body: Value,
}

/// A Payment Page that can be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its signed address.
    pub url: String,
    /// The same as parameters, for the browser library.
    pub parameters: Vec<(&'static str, String)>,
}

/// The shop as the platform's client. Clones share connections.
#[derive(Clone)]
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

    /// A payment by card: `sale` or `auth`.
    pub fn card(&self, action: &str, payment: &str, minor: i64, pan: &str) -> Request {
        let body = json!({
            "general": { "project_id": PROJECT_ID, "payment_id": payment },
            "card": {
                "pan": pan,
                "year": 2039,
                "month": 12,
                "card_holder": "IVAN IVANOV",
                "cvv": "123",
            },
            "customer": Way::Card.customer(),
            "payment": {
                "amount": minor,
                "currency": Way::Card.currency(),
                "description": format!("Заказ {payment}"),
            },
        });
        self.signed(Way::Card.path(action), body)
    }

    /// A refund of so much, or of all that is left.
    pub fn refund(&self, paid: &Paid<'_>, sum: Option<Sum<'_>>) -> Request {
        self.act(paid, "refund", "Возврат", sum)
    }

    /// A capture of so much of a hold.
    pub fn capture(&self, paid: &Paid<'_>, sum: Sum<'_>) -> Request {
        self.act(paid, "capture", "Списание", Some(sum))
    }

    /// The release of a hold.
    pub fn cancel(&self, paid: &Paid<'_>) -> Request {
        self.act(paid, "cancel", "Отмена", None)
    }

    /// How the payment stands.
    pub fn status(&self, project: u32, payment: &str) -> Request {
        let body = json!({ "general": { "project_id": project, "payment_id": payment } });
        self.signed("/v2/payment/status".to_owned(), body)
    }

    /// The address that opens the Payment Page with these parameters, and the parameters with
    /// their signature.
    pub fn page(&self, mut parameters: Vec<(&'static str, String)>) -> Opening {
        let tree: serde_json::Map<String, Value> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        parameters.push(("signature", sign(&Value::Object(tree), &self.key)));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&parameters);
        Opening { url: format!("{}/payment?{}", self.platform, query.finish()), parameters }
    }

    /// Posts it.
    pub async fn send(&self, request: &Request) -> Result<Answer> {
        self.http.post_json(&self.url(request), &request.body).await
    }

    /// The whole address of a request.
    pub fn url(&self, request: &Request) -> String {
        format!("{}{}", self.platform, request.path)
    }

    fn act(&self, paid: &Paid<'_>, action: &str, why: &str, sum: Option<Sum<'_>>) -> Request {
        let mut payment = json!({ "description": why });
        if let (Some(Sum { minor, currency }), Some(fields)) = (sum, payment.as_object_mut()) {
            fields.insert("amount".to_owned(), json!(minor));
            fields.insert("currency".to_owned(), json!(currency));
        }
        let body = json!({
            "general": { "project_id": paid.project, "payment_id": paid.payment },
            "payment": payment,
        });
        self.signed(paid.way.path(action), body)
    }

    fn signed(&self, path: String, mut body: Value) -> Request {
        let signature = sign(&body, &self.key);
        if let Some(general) = body.get_mut("general").and_then(Value::as_object_mut) {
            general.insert("signature".to_owned(), Value::String(signature));
        }
        Request { path, body }
    }
}
