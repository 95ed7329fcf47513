//! The domain in the words of the ECommPay face: projections, no rules.

use std::collections::BTreeMap;

use altyn_app::ports::provider::ProviderAccount;
use altyn_domain::id::OperationId;
use altyn_domain::method::{CustomerField, Method};
use altyn_domain::money::Amount;
use altyn_domain::payment::{
    Operation, OperationKind, OperationState, Payment, PaymentState, Record,
};
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
use jiff::tz::TimeZone;

use super::codes::{Code, code_of, field_of};
use super::request_id::request_id;
use super::wire::{
    AccountView, AcsView, CallbackBody, ErrorView, OperationView, PaymentView, ProviderView,
    RedirectData, StatusBody, Sum, ThreeDs2View,
};

mod card;

/// The most operations a status document shows: lists over ten sign differently in some clients
/// (ecommpay.md §1.2).
pub const OPERATIONS_SHOWN: usize = 10;

/// Finds the provider account of an operation by name.
pub type Accounts<'a> = &'a dyn Fn(&str) -> Option<ProviderAccount>;

/// The word for a payment's state (ecommpay.md §4.3).
pub const fn payment_status(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Processing => "processing",
        PaymentState::AwaitingClarification => "awaiting clarification",
        PaymentState::AwaitingRedirect => "awaiting redirect result",
        PaymentState::AwaitingCustomer => "awaiting customer action",
        PaymentState::AwaitingAuthentication => "awaiting 3ds result",
        PaymentState::Authorized => "awaiting capture",
        PaymentState::Voided => "canceled",
        PaymentState::Paid => "success",
        PaymentState::PartiallyRefunded => "partially refunded",
        PaymentState::Refunded => "refunded",
        PaymentState::Declined => "decline",
        PaymentState::Rejected => "error",
    }
}

/// The word for an operation's state (ecommpay.md §4.3); an unknown outcome is `processing`
/// (ruling 19).
pub const fn operation_status(state: OperationState) -> &'static str {
    match state {
        OperationState::Accepted
        | OperationState::Sending
        | OperationState::Unknown
        | OperationState::Pending => "processing",
        OperationState::Clarifying => "awaiting clarification",
        OperationState::Redirected => "awaiting redirect result",
        OperationState::Instructed => "awaiting customer action",
        OperationState::Authenticating => "awaiting 3ds result",
        OperationState::Approved => "success",
        OperationState::Declined => "decline",
        OperationState::Rejected => "error",
    }
}

/// The word for what an operation is (ecommpay.md §4.4).
pub const fn operation_type(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Sale => "sale",
        OperationKind::Authorization => "auth",
        OperationKind::Capture => "capture",
        OperationKind::Void => "cancel",
        OperationKind::Refund => "refund",
    }
}

/// `2026-11-22T14:05:00+0000`.
pub fn date(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    moment.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// A text that every client signs as we do: `;` separates what is signed, so it never goes out.
pub(crate) fn clean(text: &str) -> String {
    text.replace(';', ",")
}

/// An address that every client signs as we do.
fn address(url: &str) -> String {
    url.replace(';', "%3B")
}

fn sum(amount: Amount) -> Sum {
    Sum { amount: amount.minor(), currency: amount.currency().code() }
}

/// The callback about one operation, not signed yet.
pub fn callback(
    record: &Record,
    id: OperationId,
    account: Option<&ProviderAccount>,
) -> Option<CallbackBody> {
    let operation = record.operation(id)?;
    let common = Common::of(record, operation);
    Some(CallbackBody {
        project_id: record.payment.project.get(),
        payment: payment(&record.payment, Some(operation)),
        customer: common.customer,
        account: common.account,
        redirect_data: common.redirect_data,
        acs: common.acs,
        threeds2: common.threeds2,
        clarification_fields: common.clarification_fields,
        operation: operation_view(&record.payment, operation, account),
        errors: common.errors,
        signature: String::new(),
    })
}

/// The whole payment, not signed yet.
pub fn status(record: &Record, accounts: Accounts<'_>) -> Option<StatusBody> {
    let common = Common::of(record, record.opening()?);
    let skipped = record.operations.len().saturating_sub(OPERATIONS_SHOWN);
    let operations = record
        .operations
        .iter()
        .skip(skipped)
        .map(|operation| {
            operation_view(&record.payment, operation, accounts(&operation.account).as_ref())
        })
        .collect();
    Some(StatusBody {
        project_id: record.payment.project.get(),
        payment: payment(&record.payment, None),
        customer: common.customer,
        account: common.account,
        redirect_data: common.redirect_data,
        acs: common.acs,
        threeds2: common.threeds2,
        clarification_fields: common.clarification_fields,
        operations,
        errors: common.errors,
        signature: String::new(),
    })
}

/// What callbacks and status documents share beside payment and operation.
struct Common {
    customer: BTreeMap<&'static str, String>,
    account: Option<AccountView>,
    redirect_data: Option<RedirectData>,
    acs: Option<AcsView>,
    threeds2: Option<ThreeDs2View>,
    clarification_fields: BTreeMap<&'static str, Vec<&'static str>>,
    errors: Vec<ErrorView>,
}

impl Common {
    fn of(record: &Record, operation: &Operation) -> Self {
        let rules = record.payment.method.rules();
        let customer = &record.payment.details.customer;
        let shown = rules
            .callback_customer
            .iter()
            .filter_map(|field| Some((field.as_str(), clean(customer.field(*field)?))))
            .collect();
        let awaited = operation.state == OperationState::Redirected;
        let redirect = operation.redirect.as_ref().filter(|_| awaited);
        let missing: Vec<&'static str> = if operation.state == OperationState::Clarifying {
            operation.missing.iter().map(|field| field.as_str()).collect()
        } else {
            Vec::new()
        };
        let steps = card::steps(operation);
        Self {
            customer: shown,
            account: account(record, operation),
            redirect_data: redirect.map(|redirect| RedirectData {
                body: redirect.body.iter().cloned().collect(),
                method: redirect.method.as_str(),
                url: address(&redirect.url),
            }),
            acs: steps.acs,
            threeds2: steps.threeds2,
            clarification_fields: (!missing.is_empty())
                .then_some(("customer", missing))
                .into_iter()
                .collect(),
            errors: errors(operation),
        }
    }
}

/// The card of this operation, or the login at the bank.
fn account(record: &Record, operation: &Operation) -> Option<AccountView> {
    let payment = &record.payment;
    if let Some(card) = &operation.card {
        return Some(card::account(card));
    }
    let shown = match payment.method {
        Method::AlfaClick | Method::CardPartner => payment.method.rules().callback_account,
        Method::Card => false,
    };
    let login = payment.details.customer.field(CustomerField::AccountId);
    login.filter(|_| shown).map(card::login)
}

fn errors(operation: &Operation) -> Vec<ErrorView> {
    let rejected = operation.state == OperationState::Rejected;
    operation
        .reason
        .filter(|_| rejected)
        .map(|reason| {
            let code = code_of(operation.method, reason);
            ErrorView { code: code.number(), message: code.message(), field: field_of(reason) }
        })
        .into_iter()
        .collect()
}

fn payment(payment: &Payment, told: Option<&Operation>) -> PaymentView {
    PaymentView {
        id: payment.reference.as_str().to_owned(),
        kind: "purchase",
        status: payment_status(payment.state),
        date: date(payment.updated_at),
        method: payment.method.rules().callback_name,
        sum: sum(payment.remaining()),
        description: clean(&payment.details.description),
        merchant_refund_id: told.and_then(|told| told.merchant_refund_id.as_deref()).map(clean),
    }
}

fn code(operation: &Operation) -> Code {
    match operation.state {
        OperationState::Approved => Code::Success,
        OperationState::Declined | OperationState::Rejected => {
            let reason = operation.reason.unwrap_or(Reason::GeneralDecline);
            code_of(operation.method, reason)
        }
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Sending
        | OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => Code::AwaitingProcessing,
    }
}

fn operation_view(
    payment: &Payment,
    operation: &Operation,
    account: Option<&ProviderAccount>,
) -> OperationView {
    let code = code(operation);
    OperationView {
        id: operation.id.get(),
        kind: operation_type(operation.kind),
        status: operation_status(operation.state),
        date: date(operation.updated_at),
        created_date: date(operation.created_at),
        request_id: request_id(payment.project.get(), operation.id.get(), 1),
        sum_initial: sum(operation.amount),
        sum_converted: sum(operation.amount),
        code: code.number(),
        message: code.message(),
        eci: operation.provider.eci.as_deref().map(clean),
        provider: provider(payment, operation, account),
    }
}

fn provider(
    payment: &Payment,
    operation: &Operation,
    account: Option<&ProviderAccount>,
) -> ProviderView {
    let facts = &operation.provider;
    let dated = payment.method.rules().callback_provider_date && operation.state.is_final();
    let opens = operation.kind.is_opening();
    ProviderView {
        id: account.map_or(0, |account| account.wire_id),
        payment_id: facts.payment_id.as_deref().map(clean).unwrap_or_default(),
        date: dated.then(|| date(facts.at.unwrap_or(operation.updated_at))),
        auth_code: facts.auth_code.as_deref().map(clean).unwrap_or_default(),
        endpoint_id: account.filter(|_| opens).and_then(|account| account.endpoint_id.clone()),
    }
}

#[cfg(test)]
mod tests;
