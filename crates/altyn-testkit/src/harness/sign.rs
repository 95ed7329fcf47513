//! A second signer, written from ecommpay.md §1.1 alone: the server's own proves nothing about
//! itself.

use std::cmp::Ordering;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha512;

/// The signature of a body, whatever signatures are in it.
pub fn sign(body: &Value, secret: &str) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any length of key");
    mac.update(signed_text(body).as_bytes());
    BASE64.encode(&mac.finalize().into_bytes())
}

/// The text under the signature.
pub fn signed_text(body: &Value) -> String {
    let mut leaves = Vec::new();
    gather(body, String::new(), &mut leaves);
    leaves.sort_by(|(left, _), (right, _)| natural(left, right));
    let lines: Vec<String> = leaves.iter().map(|(path, value)| format!("{path}:{value}")).collect();
    lines.join(";")
}

fn gather(value: &Value, path: String, leaves: &mut Vec<(String, String)>) {
    let below = |step: &str| {
        if path.is_empty() { step.to_owned() } else { format!("{path}:{step}") }
    };
    let text = match value {
        Value::Object(members) => {
            for (key, member) in members {
                if key != "signature" && key != "frame_mode" {
                    gather(member, below(key), leaves);
                }
            }
            return;
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                gather(item, below(&at.to_string()), leaves);
            }
            return;
        }
        Value::Null => String::new(),
        Value::Bool(yes) => u8::from(*yes).to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
    };
    leaves.push((path, text));
}

/// Runs of digits compare as numbers, everything else by code point.
fn natural(left: &str, right: &str) -> Ordering {
    pieces(left).cmp(&pieces(right))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Number(u64),
    Character(char),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for character in text.chars() {
        match (pieces.last_mut(), character.to_digit(10)) {
            (Some(Piece::Number(number)), Some(digit)) => {
                *number = number.saturating_mul(10).saturating_add(digit.into());
            }
            (_, Some(digit)) => pieces.push(Piece::Number(digit.into())),
            (_, None) => pieces.push(Piece::Character(character)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V1, V2, V3, V5, V6 and V8 of ecommpay.md §1.4.
    #[test]
    fn the_published_vectors() {
        for (secret, body, signature) in [
            (
                "secret",
                r#"{"payment_id":"X03936","payment_amount":10000,"payment_currency":"KES","project_id":250,"customer_id":"customer1","customer_phone":"123456789","customer_email":"customer@example.com"}"#,
                "GeI5sCc0eIo1f3CQPsCXqe4OJbIVdoCzOb6dgEPcm1lIUxv2XDHAHs2iL7vPSasR8loL3jH+ctmsbGvx0AeX1A==",
            ),
            (
                "secret",
                r#"{"general":{"project_id":125,"payment_id":"TEST_184"},"customer":{"ip_address":"1.2.3.4","phone":"123456789","email":"customer@example.com","id":"123"},"payment":{"amount":1000,"currency":"KES"}}"#,
                "4rAYR8TP2+Mx8ddHksTVdWUNfKsL1D8mEAm2VXpEPNTQEe/T2QxH5jb5sOwp1eubO50EaP0YpAnzXIwLTkxq2A==",
            ),
            (
                "secret",
                r#"{"general":{"project_id":239,"payment_id":"refund_02","signature":"any"}}"#,
                "GtgQKkoStPqvt2NBqBusyKoQrb1FmG21t9+wS+uvYqeCsqsGI8iuuhtJ1VKeAbT0om04NKcHshuPkDHjgAIatg==",
            ),
            (
                "секрет",
                r#"{"customer":{"first_name":"Иван","last_name":"Ёжик"},"payment":{"description":"Оплата заказа №5 🚀"},"project_id":7}"#,
                "vnOB26XPVn5rlznw6Si7rUOVrH3SjCrGyiDYmRv+MAz7lu4zWnLx1vUxz4UuAHqCbCsujPeSAbWvIKf26k/pFA==",
            ),
            (
                "secret",
                r#"{"a":true,"b":false,"frame_mode":"popup","empty_list":[],"empty_obj":{},"empty_str":"","z":0}"#,
                "OsZhRsZP/C2LjT8qioKk1qr4JY07a5gcPCPiWZqRhiXa+ljY5sDP22Bxwibcqaf24rVcd1ilR4bwZQzvTt91zg==",
            ),
            (
                "secret",
                r#"{"project_id":1,"errors":[{"code":"3061","message":"Transaction not found"},{"code":"2003","message":"Invalid","field":"customer.id"}]}"#,
                "l+rpHkVMhe1UTcKcoz59kfMNWPwdhmUqO68g8WsTGYMSxnCpj27yiNxNHx6D0hRvbH+NIU5Fxdiw6V741QIluw==",
            ),
        ] {
            let body: Value = serde_json::from_str(body).expect("JSON");
            assert_eq!(sign(&body, secret), signature, "{}", signed_text(&body));
        }
    }
}
