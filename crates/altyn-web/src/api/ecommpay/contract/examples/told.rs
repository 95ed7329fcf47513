//! Callbacks that the domain really makes.

use altyn_app::ports::provider::ProviderAccount;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::card::{CardBrand, CardFacts, Expiry};
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::{Amount, BasisPoints, Currency};
use altyn_domain::payment::decide::{
    CaptureRequest, Happening, Moment, PaymentRequest, RefundRequest, VoidRequest, accept_capture,
    accept_payment, accept_refund, accept_void, apply,
};
use altyn_domain::payment::{
    Authentication, AuthenticationStep, Customer, Details, OperationKind, PaymentRef,
    ProviderFacts, Record, Redirect, RedirectMethod, RequestEcho, ReturnUrls,
};
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_domain::reason::Reason;
use altyn_domain::time::SECOND_MS;

use super::{BEGIN, OPERATION, SECRET};
use crate::api::ecommpay::dialect::with_signature;
use crate::api::ecommpay::sign::SigningKey;
use crate::api::ecommpay::view;
use crate::api::ecommpay::wire::{CallbackBody, StatusBody};

macro_rules! told {
    ($($(#[$doc:meta])* $name:ident = $id:literal),+ $(,)?) => {
        /// What a callback of the contract tells.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Told { $($(#[$doc])* $name),+ }

        impl Told {
            /// All, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// A name for programs and for anchors.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id),+ }
            }
        }
    };
}

told! {
    /// The payer must be sent to the bank.
    Redirect = "redirect",
    /// The issuer wants to look at the payer's browser.
    Fingerprint = "3ds-iframe",
    /// The payer must answer the issuer.
    Challenge = "3ds-redirect",
    /// The same by the first version of the protocol.
    Legacy = "3ds-acs",
    /// Paid.
    Success = "success",
    /// Not paid.
    Decline = "decline",
    /// Not paid by card.
    CardDecline = "card-decline",
    /// The money is held.
    Held = "held",
    /// A part of it was taken.
    Captured = "captured",
    /// It was released.
    Released = "released",
    /// A part was returned.
    Refund = "refund",
    /// Data is missing.
    Clarification = "clarification",
    /// Refused in validation.
    Rejected = "error",
}

/// The callback, signed; `None` cannot be, and a test says so.
pub fn callback(told: Told) -> Option<CallbackBody> {
    let (record, operation) = record(told)?;
    let account = account(told);
    let body = view::callback(&record, operation, Some(&account))?;
    Some(with_signature(body, &SigningKey::new(SECRET)))
}

/// The status document of a payment of which a part was returned, signed.
pub fn status() -> Option<StatusBody> {
    let (record, _) = record(Told::Refund)?;
    let body = view::status(&record, &|_| Some(account(Told::Refund)))?;
    Some(with_signature(body, &SigningKey::new(SECRET)))
}

const fn method(told: Told) -> Method {
    match told {
        Told::Clarification => Method::CardPartner,
        Told::Fingerprint
        | Told::Challenge
        | Told::Legacy
        | Told::CardDecline
        | Told::Held
        | Told::Captured
        | Told::Released => Method::Card,
        Told::Redirect | Told::Success | Told::Decline | Told::Refund | Told::Rejected => {
            Method::AlfaClick
        }
    }
}

fn account(told: Told) -> ProviderAccount {
    let alfa = method(told) == Method::AlfaClick;
    ProviderAccount {
        name: "alfa".to_owned(),
        wire_id: 1310,
        endpoint_id: alfa.then(|| "alfabank".to_owned()),
        payment_system: 127,
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
        two_stage: false,
        dialect: CallbackDialect::Ecommpay,
        notify_email: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::Documented,
        clock_offset_ms: 0,
    })
}

fn at(after_s: i64) -> Moment {
    let moment = BEGIN.plus_millis(after_s * SECOND_MS);
    Moment { project: moment, real: moment }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The payment as it is when this is told, and the operation that it is told of.
fn record(told: Told) -> Option<(Record, OperationId)> {
    let opening = OperationId::new(OPERATION);
    let ids = (PaymentId::new(388), opening);
    let project = project(if told == Told::Clarification { 125 } else { 35 })?;
    let (mut record, _) = accept_payment(&project, ids, at(0), asked(told)?);
    for (after_s, happening) in happenings(told) {
        apply(&mut record, opening, happening, at(after_s)).ok()?;
    }
    following(told, record, opening)
}

fn asked(told: Told) -> Option<PaymentRequest> {
    let method = method(told);
    let currency = if method == Method::CardPartner { Currency::KES } else { Currency::RUB };
    let minor = if told == Told::Rejected { 99 } else { 10_000 };
    let held = matches!(told, Told::Held | Told::Captured | Told::Released);
    let card = Expiry::new(12, 2030).map(|expiry| CardFacts {
        mask: "431422******0056".to_owned(),
        brand: Some(CardBrand::Visa),
        expiry,
        holder: some("JOHN SMITH"),
    });
    Some(PaymentRequest {
        reference: PaymentRef::new("Payment 12")?,
        kind: if held { OperationKind::Authorization } else { OperationKind::Sale },
        method,
        amount: Amount::new(minor, currency).ok()?,
        details: Details {
            customer: Customer {
                id: some("customer123"),
                account_id: some("account_1").filter(|_| method == Method::AlfaClick),
                ..Customer::default()
            },
            ..Details::default()
        },
        card: card.filter(|_| method == Method::Card),
        request: RequestEcho::default(),
    })
}

/// What happens to the opening operation before this is told.
fn happenings(told: Told) -> Vec<(i64, Happening)> {
    let order =
        ProviderFacts { payment_id: some("94b4a6a43480d57ee45ab107"), ..Default::default() };
    let by_card = ProviderFacts { auth_code: some("123456"), eci: some("05"), ..order.clone() };
    let redirect = Redirect {
        method: RedirectMethod::Get,
        url: "https://alfa-click.ru/checkout/payments/?orderId=2540-a000-1fc".to_owned(),
        body: vec![("redirectType".to_owned(), "redirect".to_owned())],
    };
    let sent = (1, Happening::Send);
    let redirected = (2, Happening::Redirect(redirect, order.clone()));
    match told {
        Told::Clarification | Told::Rejected => Vec::new(),
        Told::Redirect => vec![sent, redirected],
        Told::Success | Told::Refund => {
            vec![sent, redirected, (17, Happening::Approve(order))]
        }
        Told::Decline => {
            vec![sent, redirected, (17, Happening::Decline(Reason::InsufficientFunds, order))]
        }
        Told::CardDecline => {
            vec![sent, (3, Happening::Decline(Reason::InsufficientFunds, order))]
        }
        Told::Fingerprint => authenticate(AuthenticationStep::Fingerprint, order),
        Told::Challenge => authenticate(AuthenticationStep::Challenge, order),
        Told::Legacy => authenticate(AuthenticationStep::Legacy, order),
        Told::Held | Told::Captured | Told::Released => {
            vec![sent, (3, Happening::Approve(by_card))]
        }
    }
}

/// The transaction and the messages are those of the specification's example.
fn authenticate(step: AuthenticationStep, facts: ProviderFacts) -> Vec<(i64, Happening)> {
    const METHOD_DATA: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6ImI2MGM5ODc5LWFjNzctNDkxOC1hMzE3LT\
                               diMDFjNDMxNzA1MyJ9";
    const CREQ: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6ImI2MGM5ODc5LWFjNzctNDkxOC1hMzE3LTdiMDFjND\
                        MxNzA1MyIsImFjc1RyYW5zSUQiOiJkN2MxZWU5OS05NDc4LTQ0YTYtYjFmMi0zOTFlMjljNmIz\
                        NDAiLCJtZXNzYWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMS4wIiwiY2hhbG\
                        xlbmdlV2luZG93U2l6ZSI6IjA1In0";
    let (url, fields): (&str, &[(&str, &str)]) = match step {
        AuthenticationStep::Fingerprint => {
            ("https://issuer.example/3ds-method", &[("threeDSMethodData", METHOD_DATA)])
        }
        AuthenticationStep::Challenge => (
            "https://issuer.example/challenge",
            &[("creq", CREQ), ("threeDSSessionData", "94b4a6a4")],
        ),
        AuthenticationStep::Legacy => (
            "https://issuer.example/acs",
            &[
                ("PaReq", "eJxVUt1ugjAUfhXCNQ=="),
                ("MD", "94b4a6a43480d57ee45ab107"),
                ("TermUrl", "https://shop.example/3ds"),
            ],
        ),
    };
    let authentication = Authentication {
        step,
        url: url.to_owned(),
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        transaction: some("b60c9879-ac77-4918-a317-7b01c4317053"),
    };
    vec![(1, Happening::Send), (2, Happening::Authenticate(authentication, facts))]
}

/// What is asked of the payment afterwards, where the callback is about that.
fn following(told: Told, record: Record, opening: OperationId) -> Option<(Record, OperationId)> {
    let id = OperationId::new(OPERATION + 1);
    let part = |minor| Amount::new(minor, Currency::RUB).ok();
    let (mut record, _) = match told {
        Told::Captured => {
            let request = CaptureRequest { amount: part(8_000), ..CaptureRequest::default() };
            accept_capture(record, id, at(600), request)
        }
        Told::Released => accept_void(record, id, at(600), VoidRequest::default()),
        Told::Refund => {
            let request = RefundRequest {
                amount: part(4_000),
                merchant_refund_id: some("refund-1"),
                callback: None,
                request: RequestEcho::default(),
            };
            accept_refund(record, id, at(600), request)
        }
        Told::Redirect
        | Told::Fingerprint
        | Told::Challenge
        | Told::Legacy
        | Told::Success
        | Told::Decline
        | Told::CardDecline
        | Told::Held
        | Told::Clarification
        | Told::Rejected => return Some((record, opening)),
    };
    for happening in [Happening::Send, Happening::Approve(ProviderFacts::default())] {
        apply(&mut record, id, happening, at(604)).ok()?;
    }
    Some((record, id))
}
