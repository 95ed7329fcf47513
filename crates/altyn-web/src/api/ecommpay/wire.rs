//! What the ECommPay face says: answers, callbacks, status documents (ecommpay.md §3.2, §3.10, §4.2).
//!
//! Written so that every known client agrees on the signature: no nulls (an absent fact is an
//! absent key), no booleans, no floats, no `;` inside strings, lists of at most ten, dates exactly
//! `YYYY-MM-DDTHH:MM:SS+0000`.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::codes::Code;

/// What goes out signed.
pub trait Document: Serialize {
    /// Puts the signature in.
    fn set_signature(&mut self, signature: String);
}

macro_rules! documents {
    ($($name:ident),+) => {$(
        impl Document for $name {
            fn set_signature(&mut self, signature: String) {
                self.signature = signature;
            }
        }
    )+};
}

documents!(CallbackBody, StatusBody, UnknownPayment);

/// A request was accepted; the result comes by callback.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// Always `success`.
    #[schema(example = "success")]
    pub status: &'static str,
    /// Names this request; repeated in `operation.request_id`.
    pub request_id: String,
    /// The project.
    pub project_id: u32,
    /// The merchant's id of the payment.
    pub payment_id: String,
}

/// A test project's clock was moved.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockMoved {
    /// Always `success`.
    #[schema(example = "success")]
    pub status: &'static str,
    /// The project.
    pub project_id: u32,
    /// What time it is now for the project.
    #[schema(example = "2026-11-22T14:05:00+0000")]
    pub now: String,
}

/// A request was refused; nothing was stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Refused {
    /// Always `error`.
    #[schema(example = "error")]
    pub status: &'static str,
    /// A code of the registry, as text.
    #[schema(example = "2004")]
    pub code: &'static str,
    /// The registry's text, with the particulars after a colon.
    #[schema(example = "Required field not provided: customer.ip_address")]
    pub message: String,
    /// The parameter that is at fault, as a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// In developer mode, for a signature that does not fit: the text that was signed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

/// A sum of money.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Sum {
    /// Minor units.
    pub amount: i64,
    /// ISO 4217 alphabetic code.
    #[schema(example = "RUB")]
    pub currency: &'static str,
}

/// The payment in a callback or status document.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentView {
    /// The merchant's id.
    pub id: String,
    /// `purchase`.
    #[serde(rename = "type")]
    #[schema(example = "purchase")]
    pub kind: &'static str,
    /// A payment status, ecommpay.md §4.3.
    #[schema(example = "success")]
    pub status: &'static str,
    /// When it changed last.
    #[schema(example = "2026-11-22T14:05:00+0000")]
    pub date: String,
    /// The method's name for callbacks.
    #[schema(example = "alfa-click")]
    pub method: &'static str,
    /// What was asked, or captured, less what was returned.
    pub sum: Sum,
    /// The merchant's description; may be empty.
    pub description: String,
    /// The merchant's id of the refund this tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_refund_id: Option<String>,
}

/// The provider's side of an operation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// The provider account's number.
    pub id: i64,
    /// The provider's id of the transaction; empty until known.
    pub payment_id: String,
    /// When the provider did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Authorisation code; empty for methods without one.
    pub auth_code: String,
    /// The provider's endpoint, for sales where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
}

/// An operation in a callback or status document.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationView {
    /// Our number.
    pub id: i64,
    /// `sale`, `auth`, `capture`, `cancel` or `refund`.
    #[serde(rename = "type")]
    #[schema(example = "sale")]
    pub kind: &'static str,
    /// An operation status, ecommpay.md §4.3.
    #[schema(example = "success")]
    pub status: &'static str,
    /// When it changed last.
    pub date: String,
    /// When it was accepted.
    pub created_date: String,
    /// The request that made it.
    pub request_id: String,
    /// What was asked.
    pub sum_initial: Sum,
    /// What was processed; equal to what was asked until there are rates.
    pub sum_converted: Sum,
    /// A code of the registry.
    #[schema(example = "0")]
    pub code: &'static str,
    /// The registry's text.
    #[schema(example = "Success")]
    pub message: &'static str,
    /// How the payer was authenticated, for cards: the e-commerce indicator.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "05")]
    pub eci: Option<String>,
    /// The provider's side.
    pub provider: ProviderView,
}

/// Where the payer must be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedirectData {
    /// Fields of the form or of the query.
    pub body: BTreeMap<String, String>,
    /// `GET` or `POST`.
    #[schema(example = "GET")]
    pub method: &'static str,
    /// Where to.
    pub url: String,
}

/// Where to send the payer for 3-D Secure of the first version: a form with `PaReq`, `MD` and
/// `TermUrl`.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcsView {
    /// Where to.
    pub acs_url: String,
    /// `PaReq`.
    pub pa_req: String,
    /// `MD`: comes back unchanged.
    pub md: String,
    /// `TermUrl`: where the payer comes back to.
    pub term_url: String,
}

/// The step of 3-D Secure of the second version that is awaited.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThreeDs2View {
    /// A form for a hidden frame; then `/v2/payment/card/3ds_check_iframe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iframe: Option<FrameView>,
    /// A form that takes the payer to the issuer; then `/v2/payment/card/3ds_result`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<ChallengeView>,
}

/// A form for a hidden frame.
#[derive(Debug, Serialize, ToSchema)]
pub struct FrameView {
    /// Where the form goes.
    pub url: String,
    /// Its field.
    pub params: FrameParams,
}

/// The field of the form, under both names that issuers have had for it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FrameParams {
    /// The older name.
    #[serde(rename = "3DSMethodData")]
    pub older: String,
    /// The name of the specification.
    #[serde(rename = "threeDSMethodData")]
    pub method_data: String,
}

/// A form that takes the payer to the issuer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChallengeView {
    /// Where the form goes.
    pub url: String,
    /// Its fields.
    pub params: ChallengeParams,
}

/// The fields of the form.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChallengeParams {
    /// What the issuer is asked.
    pub creq: String,
    /// Comes back with the answer, where the acquirer has it.
    #[serde(rename = "threeDSSessionData", skip_serializing_if = "Option::is_none")]
    pub session_data: Option<String>,
}

/// The payer's account at the method, or the card.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// The login, or the first six and the last four digits of the card.
    #[schema(example = "431422******0056")]
    pub number: String,
    /// The card's scheme: visa, mastercard, mir…
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The name on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_holder: Option<String>,
    /// The card's last month, two digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_month: Option<String>,
    /// Its year, four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_year: Option<String>,
}

/// Why a request was rejected in validation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorView {
    /// A code of the registry.
    pub code: &'static str,
    /// The registry's text.
    pub message: &'static str,
    /// The parameter at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
}

/// A signed notification to the merchant.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallbackBody {
    /// The project.
    pub project_id: u32,
    /// The payment.
    pub payment: PaymentView,
    /// What is known of the payer, where the method's callbacks show it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub customer: BTreeMap<&'static str, String>,
    /// The payer's account, where the method's callbacks show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountView>,
    /// Where to send the payer, while that is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_data: Option<RedirectData>,
    /// Where to send the payer for 3-D Secure of the first version, while that is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acs: Option<AcsView>,
    /// The step of 3-D Secure of the second version, while that is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threeds2: Option<ThreeDs2View>,
    /// What must be sent by `/v2/payment/clarification`, while that is awaited.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub clarification_fields: BTreeMap<&'static str, Vec<&'static str>>,
    /// The operation this tells of.
    pub operation: OperationView,
    /// Why the request was rejected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorView>,
    /// Base64 of HMAC-SHA512 over all the rest, ecommpay.md §1.
    #[schema(min_length = 88, max_length = 88)]
    pub signature: String,
}

/// How a payment stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusBody {
    /// The project.
    pub project_id: u32,
    /// The payment.
    pub payment: PaymentView,
    /// What is known of the payer, where the method's callbacks show it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub customer: BTreeMap<&'static str, String>,
    /// The payer's account, where the method's callbacks show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountView>,
    /// Where to send the payer, while that is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_data: Option<RedirectData>,
    /// Where to send the payer for 3-D Secure of the first version, while that is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acs: Option<AcsView>,
    /// The step of 3-D Secure of the second version, while that is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threeds2: Option<ThreeDs2View>,
    /// What must be sent by `/v2/payment/clarification`, while that is awaited.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub clarification_fields: BTreeMap<&'static str, Vec<&'static str>>,
    /// The operations, oldest first, at most the newest ten.
    pub operations: Vec<OperationView>,
    /// Why the request was rejected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorView>,
    /// Base64 of HMAC-SHA512 over all the rest, ecommpay.md §1.
    #[schema(min_length = 88, max_length = 88)]
    pub signature: String,
}

/// There is no such payment (yet): not a decline.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnknownPayment {
    /// The project.
    pub project_id: u32,
    /// Its status is `error`.
    pub payment: UnknownPaymentView,
    /// `3061`.
    pub errors: Vec<ErrorView>,
    /// Base64 of HMAC-SHA512 over all the rest, ecommpay.md §1.
    pub signature: String,
}

impl UnknownPayment {
    /// The answer about this id, not signed yet.
    pub fn of(project_id: u32, payment_id: &str) -> Self {
        let code = Code::NotFound;
        Self {
            project_id,
            payment: UnknownPaymentView { id: payment_id.to_owned(), status: "error" },
            errors: vec![ErrorView { code: code.number(), message: code.message(), field: None }],
            signature: String::new(),
        }
    }
}

/// A payment nothing is known of.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnknownPaymentView {
    /// The id that was asked for.
    pub id: String,
    /// `error`.
    pub status: &'static str,
}
