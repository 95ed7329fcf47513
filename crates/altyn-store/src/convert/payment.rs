//! Payments, operations, events, attempts and notifications.

use altyn_app::changeset::{AttemptEnd, AttemptStart, NotificationWrite};
use altyn_app::ports::StoreError;
use altyn_app::ports::provider::Notification;
use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::method::Method;
use altyn_domain::money::BasisPoints;
use altyn_domain::payment::{
    CallbackWishes, Event, Operation, OperationEvent, OperationKind, OperationState, Payment,
    PaymentRef, PaymentState, ProviderFacts,
};
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::json::operation::{
    AuthenticationJson, CardJson, RedirectJson, decode_echo, decode_missing, encode_echo,
    encode_missing,
};
use super::json::{DetailsJson, WishesJson, decode, encode};
use super::{At, time};
use crate::rows::{AttemptRow, EventRow, NotificationRow, OperationRow, PaymentRow};

/// A payment as a row.
pub(crate) fn payment_row(payment: &Payment) -> Result<PaymentRow, StoreError> {
    Ok(PaymentRow {
        project: payment.project.get().into(),
        id: payment.id.get(),
        reference: payment.reference.as_str().to_owned(),
        reference_key: payment.reference.key(),
        generation: payment.generation,
        method: payment.method.code().to_owned(),
        currency: payment.amount.currency().code().to_owned(),
        amount_minor: payment.amount.minor(),
        authorized_minor: payment.authorized.minor(),
        captured_minor: payment.captured.minor(),
        refunded_minor: payment.refunded.minor(),
        reserved_minor: payment.refund_reserved.minor(),
        state: payment.state.as_str().to_owned(),
        version: payment.version,
        event_seq: payment.event_seq,
        created_at: payment.created_at.as_millis(),
        updated_at: payment.updated_at.as_millis(),
        details: encode(&DetailsJson::from(&payment.details))?,
    })
}

/// A payment from its row.
pub(crate) fn payment(row: PaymentRow) -> Result<Payment, StoreError> {
    let at = At::of::<PaymentRow>(row.project, row.id);
    let currency = at.currency(&row.currency)?;
    let details = decode::<DetailsJson<'_>>(&row.details).and_then(DetailsJson::read);
    Ok(Payment {
        project: at.project(row.project)?,
        id: PaymentId::new(row.id),
        generation: row.generation,
        method: at.need("method", Method::from_code(&row.method))?,
        amount: at.amount("amount_minor", row.amount_minor, currency)?,
        authorized: at.amount("authorized_minor", row.authorized_minor, currency)?,
        captured: at.amount("captured_minor", row.captured_minor, currency)?,
        refunded: at.amount("refunded_minor", row.refunded_minor, currency)?,
        refund_reserved: at.amount("reserved_minor", row.reserved_minor, currency)?,
        state: at.need("state", PaymentState::parse(&row.state))?,
        version: row.version,
        event_seq: row.event_seq,
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        details: at.need("details", details)?,
        reference: at.need("reference", PaymentRef::new(row.reference))?,
    })
}

/// An operation as a row.
pub(crate) fn operation_row(operation: &Operation) -> Result<OperationRow, StoreError> {
    let redirect =
        operation.redirect.as_ref().map(|redirect| encode(&RedirectJson::from(redirect)));
    let wishes = operation.callback.as_ref().map(|wishes| encode(&WishesJson::from(wishes)));
    let card = operation.card.as_ref().map(|card| encode(&CardJson::from(card)));
    let authentication =
        operation.authentication.as_ref().map(|step| encode(&AuthenticationJson::from(step)));
    Ok(OperationRow {
        project: operation.project.get().into(),
        id: operation.id.get(),
        payment: operation.payment.get(),
        generation: operation.generation,
        kind: operation.kind.as_str().to_owned(),
        method: operation.method.code().to_owned(),
        amount_minor: operation.amount.minor(),
        currency: operation.amount.currency().code().to_owned(),
        state: operation.state.as_str().to_owned(),
        reason: operation.reason.map(|reason| reason.as_str().to_owned()),
        fee_bps: operation.fee.get().into(),
        account: operation.account.clone(),
        instruction: operation.instruction.into(),
        provider_payment_id: operation.provider.payment_id.clone(),
        auth_code: operation.provider.auth_code.clone(),
        rrn: operation.provider.rrn.clone(),
        eci: operation.provider.eci.clone(),
        provider_at: operation.provider.at.map(Timestamp::as_millis),
        redirect: redirect.transpose()?,
        card: card.transpose()?,
        authentication: authentication.transpose()?,
        capture_at: operation.capture_at.map(Timestamp::as_millis),
        missing: encode_missing(&operation.missing)?,
        merchant_refund_id: operation.merchant_refund_id.clone(),
        callback: wishes.transpose()?,
        late_money: operation.late_money.into(),
        closed_by_hand: operation.closed_by_hand.into(),
        attempts: operation.attempts,
        created_at: operation.created_at.as_millis(),
        updated_at: operation.updated_at.as_millis(),
        request: encode_echo(&operation.request)?,
    })
}

/// An operation from its row.
pub(crate) fn operation(row: OperationRow) -> Result<Operation, StoreError> {
    let at = At::of::<OperationRow>(row.project, row.id);
    let currency = at.currency(&row.currency)?;
    let reason = row.reason.as_deref().map(|word| at.need("reason", Reason::parse(word)));
    let wishes = |json: WishesJson<'_>| Some(CallbackWishes::from(json));
    let fee = u16::try_from(row.fee_bps).ok().and_then(BasisPoints::new);
    Ok(Operation {
        project: at.project(row.project)?,
        payment: PaymentId::new(row.payment),
        id: OperationId::new(row.id),
        generation: row.generation,
        kind: at.need("kind", OperationKind::parse(&row.kind))?,
        method: at.need("method", Method::from_code(&row.method))?,
        amount: at.amount("amount_minor", row.amount_minor, currency)?,
        state: at.need("state", OperationState::parse(&row.state))?,
        reason: reason.transpose()?,
        fee: at.need("fee_bps", fee)?,
        instruction: at.truth("instruction", row.instruction)?,
        redirect: json(at, "redirect", row.redirect.as_deref(), RedirectJson::read)?,
        card: json(at, "card", row.card.as_deref(), CardJson::read)?,
        authentication: json(
            at,
            "authentication",
            row.authentication.as_deref(),
            AuthenticationJson::read,
        )?,
        capture_at: row.capture_at.map(time),
        missing: at.need("missing", decode_missing(row.missing.as_deref()))?,
        callback: json(at, "callback", row.callback.as_deref(), wishes)?,
        late_money: at.truth("late_money", row.late_money)?,
        closed_by_hand: at.truth("closed_by_hand", row.closed_by_hand)?,
        attempts: row.attempts,
        created_at: time(row.created_at),
        updated_at: time(row.updated_at),
        request: at.need("request", decode_echo(&row.request))?,
        account: row.account,
        provider: ProviderFacts {
            payment_id: row.provider_payment_id,
            auth_code: row.auth_code,
            rrn: row.rrn,
            eci: row.eci,
            at: row.provider_at.map(time),
        },
        merchant_refund_id: row.merchant_refund_id,
    })
}

/// The value in a column of JSON, if there is one.
fn json<'a, Json: Deserialize<'a>, T>(
    at: At,
    column: &'static str,
    text: Option<&'a str>,
    read: impl FnOnce(Json) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    text.map(|text| at.need(column, decode(text).and_then(read))).transpose()
}

/// An event as a row.
pub(crate) fn event_row(event: &Event) -> EventRow {
    EventRow {
        project: event.project.get().into(),
        payment: event.payment.get(),
        seq: event.seq,
        operation: event.operation.get(),
        event: event.event.map(|event| event.as_str().to_owned()),
        state: event.state.as_str().to_owned(),
        at: event.at.as_millis(),
    }
}

/// An event from its row.
pub(crate) fn event(row: &EventRow) -> Result<Event, StoreError> {
    let at = At::of::<EventRow>(row.payment, row.seq);
    let word = row.event.as_deref().map(|word| at.need("event", OperationEvent::parse(word)));
    Ok(Event {
        project: at.project(row.project)?,
        payment: PaymentId::new(row.payment),
        seq: row.seq,
        operation: OperationId::new(row.operation),
        event: word.transpose()?,
        state: at.need("state", OperationState::parse(&row.state))?,
        at: time(row.at),
    })
}

/// An attempt that begins.
pub(crate) fn attempt_start_row(start: AttemptStart) -> AttemptRow {
    AttemptRow {
        project: start.project.get().into(),
        operation: start.operation.get(),
        number: start.number,
        payment: start.payment.get(),
        key: start.key,
        started_at: start.at.as_millis(),
        finished_at: None,
        outcome: None,
        detail: None,
    }
}

/// The end of an attempt: only the key and the columns that change mean anything.
pub(crate) fn attempt_end_row(end: AttemptEnd) -> AttemptRow {
    AttemptRow {
        project: end.project.get().into(),
        operation: end.operation.get(),
        number: end.number,
        payment: 0,
        key: String::new(),
        started_at: 0,
        finished_at: Some(end.at.as_millis()),
        outcome: Some(end.outcome.to_owned()),
        detail: Some(end.detail),
    }
}

/// A notification, known by its parameters.
pub(crate) fn notification_row(write: &NotificationWrite) -> Result<NotificationRow, StoreError> {
    let parameters = encode(&write.notification.parameters)?;
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(parameters.as_bytes()));
    Ok(NotificationRow {
        project: write.project.get().into(),
        operation: write.operation.get(),
        digest,
        received_at: write.notification.received_at.as_millis(),
        parameters,
    })
}

/// A notification from its row.
pub(crate) fn notification(row: &NotificationRow) -> Result<Notification, StoreError> {
    let at = At::of::<NotificationRow>(row.project, row.operation);
    let parameters = at.need("parameters", decode(&row.parameters))?;
    Ok(Notification { received_at: time(row.received_at), parameters })
}
