//! Bodies of what is asked about cards, without project and signature (ecommpay.md §3.4, §3.8).

use serde_json::{Value, json};

/// A sale by card.
pub const SALE: &str = "/v2/payment/card/sale";
/// A hold on a card.
pub const AUTH: &str = "/v2/payment/card/auth";
/// Held money is taken.
pub const CAPTURE: &str = "/v2/payment/card/capture";
/// Held money is released.
pub const CANCEL: &str = "/v2/payment/card/cancel";
/// A refund to a card.
pub const REFUND: &str = "/v2/payment/card/refund";
/// The hidden frame of 3-D Secure was shown.
pub const CHECK_IFRAME: &str = "/v2/payment/card/3ds_check_iframe";
/// What the issuer answered.
pub const RESULT: &str = "/v2/payment/card/3ds_result";

/// A test card that pays without 3-D Secure.
pub const GOOD: &str = "4000000000000077";
/// A test card that the bank declines.
pub const DECLINED: &str = "4111111111111111";
/// A test card whose bank asks by 3-D Secure 2, and lets it pay.
pub const CHALLENGED: &str = "4314220000000056";
/// A test card whose bank asks by 3-D Secure 1, and lets it pay.
pub const LEGACY: &str = "4012000000020063";

/// Where a bank sends the payer's browser after 3-D Secure.
pub const BACK_FROM_BANK: &str = "https://shop.example/3ds";

/// A sale or a hold in roubles by this card.
pub fn payment(payment_id: &str, amount: i64, pan: &str) -> Value {
    json!({
        "general": {"payment_id": payment_id},
        "customer": {"id": "customer1", "ip_address": "1.2.3.4"},
        "payment": {"amount": amount, "currency": "RUB"},
        "card": {
            "pan": pan,
            "month": 12,
            "year": 2034,
            "cvv": "123",
            "card_holder": "JOHN SMITH",
        },
        "acs_return_url": {"return_url": BACK_FROM_BANK},
    })
}

/// A capture, a cancel or a refund of all there is.
pub fn whole(payment_id: &str) -> Value {
    json!({"general": {"payment_id": payment_id}})
}

/// The same of so many roubles.
pub fn part(payment_id: &str, amount: i64) -> Value {
    json!({
        "general": {"payment_id": payment_id},
        "payment": {"amount": amount, "currency": "RUB"},
    })
}

/// The hidden frame came back.
pub fn frame_shown(payment_id: &str) -> Value {
    json!({"general": {"payment_id": payment_id}, "threeds_completion_indicator": true})
}

/// The answer of a bank by 3-D Secure 2.
pub fn challenge_answer(payment_id: &str, cres: &str) -> Value {
    json!({"general": {"payment_id": payment_id}, "cres": cres})
}

/// The answer of a bank by 3-D Secure 1.
pub fn legacy_answer(payment_id: &str, pa_res: &str, md: &str) -> Value {
    json!({"general": {"payment_id": payment_id}, "pares": pa_res, "md": md})
}
