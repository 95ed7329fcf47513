//! Bodies of requests without project and signature, after the samples of the documentation.

use serde_json::{Value, json};

/// Sale by Alfa-Click.
pub const ALFA_SALE: &str = "/v2/payment/online-banking/alfa-click/sale";
/// Refund of such a sale.
pub const ALFA_REFUND: &str = "/v2/payment/online-banking/alfa-click/refund";
/// Sale by card through the partner.
pub const CARD_SALE: &str = "/v2/payment/card-partner/sale";
/// Refund of such a sale.
pub const CARD_REFUND: &str = "/v2/payment/card-partner/refund";
/// Refund whatever the method.
pub const ANY_REFUND: &str = "/v2/payment/refund";
/// Missing data.
pub const CLARIFICATION: &str = "/v2/payment/clarification";
/// How a payment stands.
pub const STATUS: &str = "/v2/payment/status";
/// What became of a request.
pub const STATUS_OF_REQUEST: &str = "/v2/payment/status/request";

/// The payer's login in [`alfa_sale`].
pub const LOGIN: &str = "account1";

/// A sale by Alfa-Click in roubles.
pub fn alfa_sale(payment_id: &str, amount: i64) -> Value {
    json!({
        "general": {"payment_id": payment_id},
        "customer": {"id": "customer1", "ip_address": "1.2.3.4", "account_id": LOGIN},
        "payment": {"amount": amount, "currency": "RUB"},
    })
}

/// A sale by card through the partner in shillings, with phone and e-mail.
pub fn card_sale(payment_id: &str, amount: i64) -> Value {
    json!({
        "general": {"payment_id": payment_id},
        "customer": {
            "id": "123",
            "ip_address": "1.2.3.4",
            "phone": "123456789",
            "email": "customer@example.com",
        },
        "payment": {"amount": amount, "currency": "KES"},
    })
}

/// The same without phone and e-mail, which are then asked for.
pub fn card_sale_to_clarify(payment_id: &str, amount: i64) -> Value {
    let customer = json!({"customer": {"id": "123", "ip_address": "1.2.3.4"}});
    with(&card_sale(payment_id, amount), &customer)
}

/// A refund of a part, in roubles.
pub fn partial_refund(payment_id: &str, amount: i64) -> Value {
    json!({
        "general": {"payment_id": payment_id},
        "customer": {"ip_address": "1.2.3.4"},
        "payment": {"amount": amount, "currency": "RUB", "description": "a part"},
    })
}

/// A refund of everything, which needs `general` only.
pub fn full_refund(payment_id: &str) -> Value {
    json!({"general": {"payment_id": payment_id}})
}

/// A question how a payment stands.
pub fn status(payment_id: &str) -> Value {
    json!({"general": {"payment_id": payment_id}})
}

/// A question what became of a request.
pub fn status_of_request(request_id: &str) -> Value {
    json!({"request_id": request_id})
}

/// The body with members of `changes` (two levels: object by object, `null` removes) laid over it.
/// A key whose value in `changes` is an object is merged, unless the body has none: `customer` of
/// `changes` replaces nothing that it does not name.
pub fn over(body: &Value, changes: &Value) -> Value {
    let mut body = body.clone();
    merge(&mut body, changes);
    body
}

fn merge(body: &mut Value, changes: &Value) {
    match (body, changes) {
        (Value::Object(members), Value::Object(changes)) => {
            for (key, change) in changes {
                if change.is_null() {
                    members.remove(key);
                } else {
                    merge(members.entry(key.clone()).or_insert(Value::Null), change);
                }
            }
        }
        (place, change) => *place = change.clone(),
    }
}

/// The body with whole top-level members replaced.
pub fn with(body: &Value, members: &Value) -> Value {
    let mut body = body.clone();
    for (key, member) in members.as_object().into_iter().flatten() {
        body[key] = member.clone();
    }
    body
}
