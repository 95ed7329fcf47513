//! Examples of the contract: the source documents' own requests, and callbacks that the domain
//! really makes. All are signed with the secret `secret`.

use altyn_domain::time::{MINUTE_MS, Timestamp};
use serde_json::Value;

use crate::api::ecommpay::endpoints::Endpoint;
use crate::api::ecommpay::request_id::request_id;
use crate::api::ecommpay::sign::{SigningKey, sign};
use crate::api::ecommpay::view;
use crate::api::ecommpay::wire::{Accepted, ClockMoved};

mod told;

pub use told::{Told, callback, status};

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
        Endpoint::CardSale => include_str!("requests/card-sale.json"),
        Endpoint::CardAuth => include_str!("requests/card-auth.json"),
        Endpoint::CardCapture => include_str!("requests/card-capture.json"),
        Endpoint::FingerprintResult => include_str!("requests/3ds-check-iframe.json"),
        Endpoint::AuthenticationResult => include_str!("requests/3ds-result.json"),
        Endpoint::OnlineBankingSale => include_str!("requests/online-banking-sale.json"),
        Endpoint::OnlineBankingRefund => include_str!("requests/online-banking-refund.json"),
        Endpoint::CardPartnerSale => include_str!("requests/card-partner-sale.json"),
        Endpoint::CardCancel => include_str!("requests/card-cancel.json"),
        Endpoint::CardPartnerRefund | Endpoint::Status => {
            include_str!("requests/payment.json")
        }
        Endpoint::CardRefund | Endpoint::AnyRefund => include_str!("requests/refund.json"),
        Endpoint::Clarification => include_str!("requests/clarification.json"),
        Endpoint::StatusOfRequest => include_str!("requests/status-of-request.json"),
        Endpoint::TestClock => include_str!("requests/test-clock.json"),
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

/// The answer that a clock was moved.
pub fn clock_moved() -> ClockMoved {
    let now = BEGIN.plus_millis(30 * MINUTE_MS);
    ClockMoved { status: "success", project_id: 35, now: view::date(now) }
}
