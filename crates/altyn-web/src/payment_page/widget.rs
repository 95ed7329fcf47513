//! The result as the shop's page around the frame is told it (ecommpay.md §4.5).
//!
//! It is signed like everything that we say, but it comes by the payer's browser: a shop believes
//! callbacks.

use altyn_app::projects::ProjectEntry;
use altyn_domain::money::Amount;
use altyn_domain::payment::Record;
use serde_json::{Value, json};

use crate::api::ecommpay::codes::{Code, code_of};
use crate::api::ecommpay::request_id::request_id;
use crate::api::ecommpay::sign::{SigningKey, sign};
use crate::api::ecommpay::view::{date, payment_status};

/// The result as JSON text.
pub fn result(project: &ProjectEntry, record: &Record) -> String {
    let payment = &record.payment;
    let Some(opening) = record.opening() else { return "{}".to_owned() };
    let code = opening.reason.map_or(Code::Success, |reason| code_of(payment.method, reason));
    let mut body = json!({
        "request_id": request_id(payment.project.get(), opening.id.get(), 1),
        "transaction": {
            "id": opening.id.get(),
            "date": date(opening.updated_at),
            "type": crate::api::ecommpay::view::operation_type(opening.kind),
        },
        "payment": {
            "id": payment.reference.as_str(),
            "method": payment.method.rules().callback_name,
            "date": date(payment.updated_at),
            "status": payment_status(payment.state),
            "result_code": code.number(),
            "result_message": code.message(),
        },
        "sum_request": sum(payment.amount),
        "sum_real": sum(payment.remaining()),
        "description": payment.details.description,
        "general": {
            "project_id": payment.project.get(),
            "payment_id": payment.reference.as_str(),
        },
    });
    let signature = sign(&body, &SigningKey::new(project.secret.expose()));
    if let Some(general) = body.get_mut("general").and_then(Value::as_object_mut) {
        general.insert("signature".to_owned(), Value::String(signature));
    }
    body.to_string()
}

fn sum(amount: Amount) -> Value {
    json!({ "amount": amount.minor(), "currency": amount.currency().code() })
}
