//! Examples of the contract: the source documents' own requests, and callbacks that the domain
//! really makes. All are signed with the secret `secret`.

use altyn_app::ports::provider::ProviderAccount;
use altyn_domain::callback::RetryPlan;
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::{Amount, BasisPoints, Currency};
use altyn_domain::payment::decide::{
    Happening, Moment, PaymentRequest, RefundRequest, accept_payment, accept_refund, apply,
};
use altyn_domain::payment::{
    Customer, Details, OperationKind, PaymentRef, ProviderFacts, Record, Redirect, RedirectMethod, RequestEcho,
    ReturnUrls,
};
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_domain::reason::Reason;
use altyn_domain::time::{SECOND_MS, Timestamp};
use serde_json::Value;

use crate::api::ecommpay::dialect::with_signature;
use crate::api::ecommpay::endpoints::Endpoint;
use crate::api::ecommpay::request_id::request_id;
use crate::api::ecommpay::sign::{SigningKey, sign};
use crate::api::ecommpay::view;
use crate::api::ecommpay::wire::{Accepted, CallbackBody, StatusBody};

/// The secret of every example.
pub const SECRET: &str = "secret";
/// Where an example's signature goes.
const PLACE: &str = "SIGNATURE";
/// The operation that the examples tell of.
const OPERATION: i64 = 389;
/// When the examples begin: 2026-11-22 11:05:05 UTC.
const BEGIN: Timestamp = Timestamp::from_millis(1_795_345_505_000);

/// The example request of an endpoint, `SIGNATURE` in place of its signature.
const fn template(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::OnlineBankingSale => {
            include_str!("requests/online-banking-sale.json")
        }
        Endpoint::OnlineBankingRefund => {
            include_str!("requests/online-banking-refund.json")
        }
        Endpoint::CardPartnerSale => {
            include_str!("requests/card-partner-sale.json")
        }
        Endpoint::CardPartnerRefund | Endpoint::Status => {
            include_str!("requests/payment.json")
        }
        Endpoint::AnyRefund => {
            include_str!("requests/refund.json")
        }
        Endpoint::Clarification => {
            include_str!("requests/clarification.json")
        }
        Endpoint::StatusOfRequest => {
            include_str!("requests/status-of-request.json")
        }
    }
}

/// The example request of an endpoint as it would be sent.
pub fn request_text(endpoint: Endpoint) -> String {
    let text = template(endpoint).trim_end().replace("REQUEST", &request_id(35, OPERATION, 1));
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    text.replace(PLACE, &sign(&body, &SigningKey::new(SECRET)))
}

/// The same, parsed.
pub fn request(endpoint: Endpoint) -> Value {
    serde_json::from_str(&request_text(endpoint)).unwrap_or_default()
}

/// The answer that a sale was taken.
pub fn accepted() -> Accepted {
    Accepted {
        status: "success",
        request_id: request_id(35, OPERATION, 1),
        project_id: 35,
        payment_id: "Payment 12".to_owned(),
    }
}

/// What a callback of the contract tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The payer must be sent to the bank.
    Redirect,
    /// Paid.
    Success,
    /// Not paid.
    Decline,
    /// A part was returned.
    Refund,
    /// Data is missing.
    Clarification,
    /// Refused in validation.
    Rejected,
}

impl Told {
    /// All, in the order of the contract.
    pub const ALL: &'static [Self] = &[
        Self::Redirect,
        Self::Success,
        Self::Decline,
        Self::Refund,
        Self::Clarification,
        Self::Rejected,
    ];

    /// A name for programs and for anchors.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Success => "success",
            Self::Decline => "decline",
            Self::Refund => "refund",
            Self::Clarification => "clarification",
            Self::Rejected => "error",
        }
    }
}

/// The callback, signed; `None` cannot be, and a test says so.
pub fn callback(told: Told) -> Option<CallbackBody> {
    let (record, operation) = record(told)?;
    let account = account();
    let body = view::callback(&record, operation, Some(&account))?;
    Some(with_signature(body, &SigningKey::new(SECRET)))
}

/// The status document of a payment of which a part was returned, signed.
pub fn status() -> Option<StatusBody> {
    let (record, _) = record(Told::Refund)?;
    let body = view::status(&record, &|_| Some(account()))?;
    Some(with_signature(body, &SigningKey::new(SECRET)))
}

fn account() -> ProviderAccount {
    ProviderAccount {
        name: "alfa".to_owned(),
        wire_id: 1310,
        endpoint_id: Some("alfabank".to_owned()),
    }
}

fn project(id: u32) -> Option<Project> {
    let setting = |method| MethodSetting {
        method,
        account: "alfa".to_owned(),
        scenario: Scenario::Redirect,
        fee: BasisPoints::default(),
    };
    Some(Project {
        id: ProjectId::new(id)?,
        name: String::new(),
        test: false,
        callback_url: None,
        return_urls: ReturnUrls::default(),
        methods: Method::ALL.iter().copied().map(setting).collect(),
        allowed_hosts: Vec::new(),
        support: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::Documented,
        clock_offset_ms: 0,
    })
}

fn at(after_s: i64) -> Moment {
    let moment = BEGIN.plus_millis(after_s * SECOND_MS);
    Moment { project: moment, real: moment }
}

/// The payment as it is when this is told, and the operation that it is told of.
fn record(told: Told) -> Option<(Record, OperationId)> {
    let sale = OperationId::new(OPERATION);
    let (project_id, method, currency) = match told {
        Told::Clarification => (125, Method::CardPartner, Currency::KES),
        Told::Redirect | Told::Success | Told::Decline | Told::Refund | Told::Rejected => {
            (35, Method::AlfaClick, Currency::RUB)
        }
    };
    let minor = if told == Told::Rejected { 99 } else { 10_000 };
    let some = |text: &str| Some(text.to_owned());
    let asked = PaymentRequest {
        kind: OperationKind::Sale,
        card: None,
        reference: PaymentRef::new("Payment 12")?,
        method,
        amount: Amount::new(minor, currency).ok()?,
        details: Details {
            customer: Customer { account_id: some("account_1"), ..Customer::default() },
            ..Details::default()
        },
        request: RequestEcho::default(),
    };
    let ids = (PaymentId::new(388), sale);
    let (mut record, _) = accept_payment(&project(project_id)?, ids, at(0), asked);
    for (after_s, happening) in happenings(told) {
        apply(&mut record, sale, happening, at(after_s)).ok()?;
    }
    if told != Told::Refund {
        return Some((record, sale));
    }
    let refund = OperationId::new(OPERATION + 1);
    let part = RefundRequest {
        amount: Amount::new(4_000, currency).ok(),
        merchant_refund_id: some("refund-1"),
        callback: None,
        request: RequestEcho::default(),
    };
    let (mut record, _) = accept_refund(record, refund, at(600), part);
    for happening in [Happening::Send, Happening::Approve(ProviderFacts::default())] {
        apply(&mut record, refund, happening, at(604)).ok()?;
    }
    Some((record, refund))
}

/// What happens to the sale before this is told.
fn happenings(told: Told) -> Vec<(i64, Happening)> {
    let facts = ProviderFacts {
        payment_id: Some("94b4a6a43480d57ee45ab107".to_owned()),
        ..ProviderFacts::default()
    };
    let redirect = Redirect {
        method: RedirectMethod::Get,
        url: "https://alfa-click.ru/checkout/payments/?orderId=2540-a000-1fc".to_owned(),
        body: vec![("redirectType".to_owned(), "redirect".to_owned())],
    };
    let sent = [(1, Happening::Send), (2, Happening::Redirect(redirect, facts.clone()))];
    let ended = match told {
        Told::Clarification | Told::Rejected => return Vec::new(),
        Told::Redirect => None,
        Told::Success | Told::Refund => Some(Happening::Approve(facts)),
        Told::Decline => Some(Happening::Decline(Reason::InsufficientFunds, facts)),
    };
    sent.into_iter().chain(ended.map(|happening| (17, happening))).collect()
}
