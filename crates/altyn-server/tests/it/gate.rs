//! The Gate as a merchant meets it: sales, refunds, clarification, status, callbacks.

mod alfa;
mod callbacks;
mod card;
pub mod cards;
mod refunds;
mod status;

use serde_json::{Value, json};

/// Compares a signed document with what is expected, after what differs from run to run was
/// replaced by its kind: dates must have the documented form, ids must be integers below 2^53.
#[track_caller]
fn assert_shape(document: &Value, expected: &Value) {
    let shown = |value: &Value| format!("{value:#}");
    let (got, expected) = (shown(&shape(document)), shown(expected));
    assert!(got == expected, "got\n{got}\nexpected\n{expected}");
}

fn shape(document: &Value) -> Value {
    let mut document = document.clone();
    assert_eq!(document["signature"].as_str().map(str::len), Some(88), "{document}");
    document["signature"] = json!("<signature>");
    shape_payment(&mut document["payment"]);
    if let Some(operation) = document.get_mut("operation") {
        shape_operation(operation);
    }
    for operation in
        document.get_mut("operations").and_then(Value::as_array_mut).into_iter().flatten()
    {
        shape_operation(operation);
    }
    document
}

fn shape_payment(payment: &mut Value) {
    replace_date(&mut payment["date"]);
}

fn shape_operation(operation: &mut Value) {
    replace_date(&mut operation["date"]);
    replace_date(&mut operation["created_date"]);
    assert!(operation["id"].as_i64().is_some_and(|id| (1..1 << 53).contains(&id)), "{operation}");
    operation["id"] = json!("<id>");
    assert!(operation["request_id"].as_str().is_some_and(|id| !id.is_empty()), "{operation}");
    operation["request_id"] = json!("<request>");
    let provider = &mut operation["provider"];
    if provider.get("date").is_some() {
        replace_date(&mut provider["date"]);
    }
    if provider["payment_id"].as_str().is_some_and(|id| !id.is_empty()) {
        provider["payment_id"] = json!("<provider>");
    }
}

fn replace_date(place: &mut Value) {
    let text = place.as_str().unwrap_or_default();
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "0000-00-00T00:00:00+0000", "{place}");
    *place = json!("<date>");
}

/// The callback of seed 004 about a sale of 100 roubles, in the given statuses.
fn alfa_callback(payment: &str, status: (&str, &str), code: (&str, &str), id: &str) -> Value {
    json!({
        "project_id": 1,
        "payment": {
            "id": id,
            "type": "purchase",
            "status": payment,
            "date": "<date>",
            "method": "alfa-click",
            "sum": {"amount": 10_000, "currency": "RUB"},
            "description": "",
        },
        "account": {"number": "account1"},
        "operation": {
            "id": "<id>",
            "type": status.0,
            "status": status.1,
            "date": "<date>",
            "created_date": "<date>",
            "request_id": "<request>",
            "sum_initial": {"amount": 10_000, "currency": "RUB"},
            "sum_converted": {"amount": 10_000, "currency": "RUB"},
            "provider": {
                "id": 1310,
                "payment_id": "<provider>",
                "date": "<date>",
                "auth_code": "",
                "endpoint_id": "alfabank",
            },
            "code": code.0,
            "message": code.1,
        },
        "signature": "<signature>",
    })
}
