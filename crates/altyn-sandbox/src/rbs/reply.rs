//! Replies of the gateway, field by field as the samples of providers.md §1.2, §1.4 and §1.8.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::faults::Plan;
use crate::pages::Lang;
use crate::rbs::card;
use crate::rbs::order::{CardPayment, RbsOrder, RefundState};
use crate::sign;

/// An error the gateway answers with HTTP 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fail {
    /// 1: the number was used.
    Duplicate,
    /// 1: neither id nor number.
    NoOrderNamed,
    /// 2: the bank refused the refund (**chosen** code: neither amount, 5, nor state, 7).
    RefundRefused,
    /// 3: currency.
    Currency,
    /// 4: a required parameter, by name.
    Missing(&'static str),
    /// 5: a bad value, by name.
    Bad(&'static str),
    /// 5: wrong login, password or token.
    Denied,
    /// 5: more than is left.
    Amount,
    /// 6: no such order.
    Unknown,
    /// 7: not in this state.
    State,
}

impl Fail {
    fn code(self) -> u8 {
        match self {
            Self::Duplicate | Self::NoOrderNamed => 1,
            Self::RefundRefused => 2,
            Self::Currency => 3,
            Self::Missing(_) => 4,
            Self::Bad(_) | Self::Denied | Self::Amount => 5,
            Self::Unknown => 6,
            Self::State => 7,
        }
    }

    /// What it says.
    pub(crate) fn text(self, russian: bool) -> String {
        let (ru, en) = match self {
            Self::Duplicate => (
                "Заказ с таким номером уже обработан",
                "Order number is duplicated, order with given order number is processed already",
            ),
            Self::NoOrderNamed => {
                ("Ожидается [orderId] или [orderNumber]", "[orderId] or [orderNumber] expected")
            }
            Self::RefundRefused => ("Банк отклонил возврат", "The refund is declined by the bank"),
            Self::Currency => ("Неизвестная валюта", "Unknown currency"),
            Self::Missing(name) => {
                return if russian {
                    format!("Не заполнено обязательное поле [{name}]")
                } else {
                    format!("[{name}] is empty")
                };
            }
            Self::Bad(name) => {
                return if russian {
                    format!("Ошибка значение параметра запроса [{name}]")
                } else {
                    format!("[{name}] has a wrong value")
                };
            }
            Self::Denied => ("Доступ запрещён", "Access denied"),
            Self::Amount => {
                ("Сумма больше доступной", "The amount exceeds what is available for it")
            }
            Self::Unknown => ("Незарегистрированный OrderId", "Unknown order id"),
            Self::State => (
                "Операция невозможна для текущего состояния платежа",
                "The operation is impossible for the current transaction state",
            ),
        };
        if russian { ru.to_owned() } else { en.to_owned() }
    }
}

/// `Success` in the language asked for.
pub(crate) fn success(russian: bool) -> &'static str {
    if russian {
        "Обработка запроса прошла без системных ошибок"
    } else {
        "Success"
    }
}

/// The error body: `errorCode` as text.
pub(crate) fn failure(fail: Fail, russian: bool) -> Value {
    json!({ "errorCode": fail.code().to_string(), "errorMessage": fail.text(russian) })
}

/// The error body of the page's methods (§1.4 «bad input»): `errorCode` as a number.
pub(crate) fn page_failure(fail: Fail, russian: bool) -> Value {
    let text = fail.text(russian);
    json!({ "error": text, "errorCode": fail.code(), "is3DSVer2": false, "errorMessage": text })
}

/// HTTP 200 with the body, labelled and numbered as the faults ask.
pub(crate) fn send(mut body: Value, plan: &Plan) -> Response {
    if plan.numeric_codes
        && let Some(map) = body.as_object_mut()
    {
        for name in ["errorCode", "ErrorCode"] {
            let number = map.get(name).and_then(Value::as_str).and_then(|t| t.parse::<i64>().ok());
            if let Some(number) = number {
                map.insert(name.to_owned(), number.into());
            }
        }
    }
    let label = if plan.text_plain { "text/plain;charset=UTF-8" } else { "application/json" };
    (StatusCode::OK, [(header::CONTENT_TYPE, label)], body.to_string()).into_response()
}

fn description(order: &RbsOrder, russian: bool) -> &'static str {
    let (ru, en) = match order.action_code {
        super::NOT_TRIED => ("Попыток оплаты не было", "No payment attempts"),
        super::CANCELLED => ("Отменено плательщиком", "Cancelled by the payer"),
        super::TIMED_OUT => ("Истёк срок ожидания оплаты", "The time for payment ran out"),
        code => {
            let lang = if russian { Lang::Ru } else { Lang::En };
            return card::reason(code, lang).unwrap_or_default();
        }
    };
    if russian { ru } else { en }
}

/// `getOrderStatusExtended.do`, all fields of the sample that apply.
pub(crate) fn extended(order: &RbsOrder, russian: bool) -> Value {
    let (status, payment_state) = order.state.wire();
    let mut body = json!({
        "errorCode": "0",
        "errorMessage": success(russian),
        "orderNumber": order.order_number,
        "orderStatus": status,
        "actionCode": order.action_code,
        "actionCodeDescription": description(order, russian),
        "amount": order.amount,
        "currency": order.currency,
        "date": order.created_ms,
        "orderDescription": order.description,
        "ip": order.ip,
        "merchantOrderParams": [],
        "transactionAttributes": [],
        "attributes": [{ "name": "mdOrder", "value": order.order_id }],
        "terminalId": "123456",
        "paymentAmountInfo": {
            "paymentState": payment_state,
            "approvedAmount": order.approved,
            "depositedAmount": order.deposited,
            "refundedAmount": order.refunded,
            "feeAmount": 0,
            "totalAmount": order.amount,
        },
        "bankInfo": {
            "bankCountryCode": "RU", "bankCountryName": "Russia", "bankName": "EMULATOR BANK",
        },
        "refunds": refunds(order),
        "chargeback": false,
    });
    let Some(map) = body.as_object_mut() else { return body };
    if order.way.is_some() {
        map.insert("paymentWay".to_owned(), "ALFA_ALFACLICK".into());
    }
    if let Some(card) = &order.card {
        map.insert("paymentWay".to_owned(), "CARD".into());
        map.insert("cardAuthInfo".to_owned(), card_auth_info(card));
    }
    if let Some(at) = order.paid_ms {
        map.insert("depositedDate".to_owned(), at.into());
    }
    let authorization = order.card.as_ref().and_then(|c| c.authorization.as_ref());
    let authorized = match (authorization, order.paid_ms) {
        (Some(yes), _) => Some((yes.at_ms, yes.reference.clone())),
        (None, Some(at)) => Some((at, reference(at))),
        (None, None) => None,
    };
    if let Some((at, reference)) = authorized {
        map.insert("authDateTime".to_owned(), at.into());
        map.insert("authRefNum".to_owned(), reference.into());
    }
    let done = |r: &&crate::rbs::Refund| r.state == RefundState::Done;
    if let Some(last) = order.refunds.iter().rev().find(done) {
        map.insert("refundedDate".to_owned(), last.at_ms.into());
    }
    if let Some(at) = order.reversed_ms {
        map.insert("reversedDate".to_owned(), at.into());
    }
    body
}

/// Twelve digits of a moment.
fn reference(at_ms: i64) -> String {
    format!("{:012}", at_ms.rem_euclid(1_000_000_000_000))
}

/// `cardAuthInfo` of §1.8: the mask, never the number.
fn card_auth_info(card: &CardPayment) -> Value {
    let (face, status) = (&card.face, card.authenticated());
    let mut secure = json!({ "eci": face.scheme.eci(status) });
    if let (Some(three_ds), Some(map)) = (&card.three_ds, secure.as_object_mut()) {
        map.insert("authTypeIndicator".to_owned(), "1".into());
        map.insert("threeDSProtocolVersion".to_owned(), three_ds.version().into());
        if status.is_some_and(card::TransStatus::lets_pay) {
            let value = |name: &[u8]| {
                let text = sign::hmac_sha256_lower(name, three_ds.trans_id.as_bytes());
                BASE64.encode(&text.into_bytes().into_iter().take(20).collect::<Vec<u8>>())
            };
            let proof = json!({ "cavv": value(b"cavv"), "xid": value(b"xid") });
            map.insert("threeDSInfo".to_owned(), proof);
        }
        let letters = [("aresTransStatus", three_ds.ares()), ("rreqTransStatus", three_ds.rreq())];
        for (name, status) in letters {
            if let Some(status) = status {
                map.insert(name.to_owned(), status.letter().into());
            }
        }
    }
    let mut info = json!({
        "maskedPan": face.masked,
        "pan": face.masked,
        "expiration": face.expiry,
        "cardholderName": face.holder,
        "paymentSystem": face.scheme,
        "secureAuthInfo": secure,
    });
    if let (Some(yes), Some(map)) = (&card.authorization, info.as_object_mut()) {
        map.insert("approvalCode".to_owned(), yes.approval_code.clone().into());
    }
    info
}

/// Refused refunds are shown too, with actionCode 1041 (§1.9); they moved nothing.
fn refunds(order: &RbsOrder) -> Vec<Value> {
    let one = |r: &crate::rbs::Refund| {
        let code = match r.state {
            RefundState::Done => 0,
            RefundState::Declined => 1041,
        };
        json!({
            "date": r.at_ms,
            "externalRefundId": r.id,
            "approvalCode": "123456",
            "actionCode": code,
            "referenceNumber": reference(r.at_ms),
            "amount": r.amount_minor,
        })
    };
    order.refunds.iter().map(one).collect()
}

/// The old `getOrderStatus.do` with its mixed letter case.
pub(crate) fn old_status(order: &RbsOrder, russian: bool) -> Value {
    let (status, _) = order.state.wire();
    let mut body = json!({
        "OrderStatus": status,
        "ErrorCode": "0",
        "ErrorMessage": if russian { "Успешно" } else { "Success" },
        "OrderNumber": order.order_number,
        "Amount": order.amount,
        "currency": order.currency,
        "authCode": 2,
        "Ip": order.ip,
        "depositAmount": order.deposited,
    });
    if let (Some(card), Some(map)) = (&order.card, body.as_object_mut()) {
        map.insert("Pan".to_owned(), card.face.masked.clone().into());
        map.insert("expiration".to_owned(), card.face.expiry.clone().into());
        map.insert("cardholderName".to_owned(), card.face.holder.clone().into());
        if let Some(yes) = &card.authorization {
            map.insert("approvalCode".to_owned(), yes.approval_code.clone().into());
        }
    }
    body
}

/// The error body of the old `getOrderStatus.do`.
pub(crate) fn old_failure(fail: Fail, russian: bool) -> Value {
    json!({ "ErrorCode": fail.code().to_string(), "ErrorMessage": fail.text(russian) })
}
