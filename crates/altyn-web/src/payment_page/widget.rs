//! The result as the shop's page around the frame is told it (ecommpay.md §4.5).
//!
//! It is signed like everything that we say, but it comes by the payer's browser: a shop believes
//! callbacks. It says how the payment stands and repeats no free text: a `;` in a signed text would let
//! the payer, who sees the signature, part the lines otherwise and call it a callback.

use altyn_app::projects::ProjectEntry;
use altyn_domain::money::Amount;
use altyn_domain::payment::Record;
use serde_json::{Value, json};

use crate::api::ecommpay::codes::{Code, code_of};
use crate::api::ecommpay::request_id::request_id;
use crate::api::ecommpay::sign::{SigningKey, sign};
use crate::api::ecommpay::view::{clean, date, operation_type, payment_status};

/// The result as JSON text.
pub fn result(project: &ProjectEntry, record: &Record) -> String {
    let payment = &record.payment;
    let Some(opening) = record.opening() else { return "{}".to_owned() };
    let code = opening.reason.map_or(Code::Success, |reason| code_of(opening.method, reason));
    let reference = clean(payment.reference.as_str());
    let mut body = json!({
        "request_id": request_id(payment.project.get(), opening.id.get(), 1),
        "transaction": {
            "id": opening.id.get(),
            "date": date(opening.updated_at),
            "type": operation_type(opening.kind),
        },
        "payment": {
            "id": reference,
            "method": opening.method.rules().callback_name,
            "date": date(payment.updated_at),
            "status": payment_status(payment.state),
            "result_code": code.number(),
            "result_message": code.message(),
        },
        "sum_request": sum(payment.amount),
        "sum_real": sum(payment.remaining()),
        "general": {
            "project_id": payment.project.get(),
            "payment_id": reference,
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

#[cfg(test)]
mod tests {
    use altyn_testkit::build;
    use proptest::prelude::*;

    use super::*;

    fn leaves<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::String(text) => found.push(text),
            Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
            Value::Object(members) => members.values().for_each(|item| leaves(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    proptest! {
        #[test]
        fn nothing_signed_can_be_parted_otherwise(
            reference in "[^;\\p{Cc}]{1,255}",
            description in "[a-z:;]{0,80}",
        ) {
            let project = build::project(7);
            let (mut record, _) =
                build::payment_of(&project.project, build::sale_request(&reference));
            record.payment.details.description = description.clone() + ";payment:status:success";
            let result: Value = serde_json::from_str(&result(&project, &record)).unwrap();
            let mut texts = Vec::new();
            leaves(&result, &mut texts);
            prop_assert!(texts.len() > 5 && texts.iter().all(|text| !text.contains(';')));
            prop_assert_eq!(&result["payment"]["id"], &reference);
        }
    }
}
