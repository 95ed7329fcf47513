//! A notification: the fields of its form, and the answer that takes it (paykeeper.md §7.2, §7.3).
//!
//! `fop_receipt_key`, `bank_id` and `invoice_id` belong to receipts, saved cards and invoices; a
//! payment without them has no such fields.

use altyn_app::ports::delivery::SendReport;
use altyn_app::ports::provider::ProviderAccount;
use altyn_app::projects::ProjectEntry;
use altyn_domain::card::CardFacts;
use altyn_domain::id::OperationId;
use altyn_domain::money::Amount;
use altyn_domain::payment::{OperationKind, Record};
use altyn_domain::time::Timestamp;
use jiff::tz::Offset;
use url::form_urlencoded;

use super::sign::{Signed, answer, key};

/// Decimals of a sum at least: clients format what they were sent in this way before they hash it.
const DECIMALS: usize = 2;
/// Moscow has had no other time since 2014, and no summer time.
const MOSCOW: Offset = Offset::constant(3);
const BOM: char = '\u{feff}';

/// The form that tells of `operation`, which was paid or held.
pub fn body(
    project: &ProjectEntry,
    record: &Record,
    operation: OperationId,
    (account, host): (Option<&ProviderAccount>, &str),
) -> Vec<u8> {
    let payment = &record.payment;
    let customer = &payment.details.customer;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let (id, sum) = (payment.id.to_string(), sum(payment.amount));
    let (client, order) = (text(&customer.id), payment.reference.as_str());
    let signed = Signed { id: &id, sum: &sum, client: &client, order };
    let key = key(signed, project.secret.expose());
    let mut fields = vec![
        ("id", id.clone()),
        ("sum", sum.clone()),
        ("clientid", client.clone()),
        ("orderid", order.to_owned()),
        ("key", key),
        ("ps_id", account.map_or(0, |account| account.payment_system).to_string()),
        ("service_name", payment.details.description.clone()),
        ("client_email", text(&customer.email)),
        ("client_phone", text(&customer.phone)),
        ("pk_hostname", host.to_owned()),
    ];
    if let Some(operation) = record.operation(operation) {
        fields.push(("obtain_datetime", moscow(operation.updated_at, "%Y-%m-%d %H:%M:%S")));
        let captured_at = operation.capture_at.unwrap_or(operation.updated_at);
        if operation.kind == OperationKind::Authorization {
            fields.push(("batch_date", moscow(captured_at, "%Y-%m-%d")));
        }
        if let Some(card) = &operation.card {
            fields.extend(card_fields(card));
            fields.push(("RRN", text(&operation.provider.rrn)));
            fields.push(("APPROVAL_CODE", text(&operation.provider.auth_code)));
        }
    }
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

/// Whether the answer to the stored `body` is right: any 2xx, and `OK` with the hash under a secret
/// that is valid now.
pub fn is_taken(project: &ProjectEntry, body: &[u8], report: &SendReport, now: Timestamp) -> bool {
    let spoken = report.error.is_none() && matches!(report.status, Some(200..=299));
    let Ok(said) = std::str::from_utf8(&report.answer) else { return false };
    let said = said.trim_matches(|letter: char| letter.is_whitespace() || letter == BOM);
    let Some(hash) = said.strip_prefix("OK ") else { return false };
    let id = form_urlencoded::parse(body).find(|(name, _)| name == "id").map(|(_, id)| id);
    let right = |id: &str| {
        project.secrets(now).any(|secret| hash.eq_ignore_ascii_case(&answer(id, secret.expose())))
    };
    spoken && id.is_some_and(|id| right(&id))
}

/// With two decimals, or the three that the currency has.
fn sum(amount: Amount) -> String {
    let major = amount.to_major();
    match major.split_once('.') {
        Some(_) => major,
        None => format!("{major}.{:0DECIMALS$}", 0),
    }
}

fn card_fields(card: &CardFacts) -> [(&'static str, String); 3] {
    let last = card.mask.len().saturating_sub(4);
    let number = card.mask.chars().enumerate();
    let number = number.map(|(at, digit)| if (4..last).contains(&at) { '*' } else { digit });
    let expiry = format!("{:02}/{:02}", card.expiry.month(), card.expiry.year() % 100);
    [
        ("card_number", number.collect()),
        ("card_holder", card.holder.clone().unwrap_or_default()),
        ("card_expiry", expiry),
    ]
}

fn moscow(at: Timestamp, format: &str) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    MOSCOW.to_datetime(instant).strftime(format).to_string()
}

#[cfg(test)]
mod tests;
