//! Which actions a payment offers to a user now.
//!
//! The same rule draws the buttons and judges what is asked: nothing is offered that the method or
//! the carrier cannot do, or that the user may not ask for.

use altyn_domain::id::OperationId;
use altyn_domain::money::Amount;
use altyn_domain::payment::{Operation, OperationKind, OperationState, PaymentState, Record};
use altyn_domain::status::{Told, refunding_since};
use altyn_domain::time::{HOUR_MS, MINUTE_MS, Timestamp};

use super::Cabinet;
use crate::access::user::{Right, User};
use crate::context::Failure;
use crate::ports::provider::Capabilities;

/// A refund that takes longer is an alarm (seed 000: at most an hour), milliseconds.
pub const REFUND_ALARM_MS: i64 = HOUR_MS;

/// A call that takes longer has lost its caller: no call may last this long.
const CALL_MAX_MS: i64 = MINUTE_MS;

/// What may be done with a payment now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// «Полный или частичный возврат платежа»: the most.
    pub refund: Option<Amount>,
    /// Whether a part may be returned.
    pub refund_part: bool,
    /// «Списать средства»: the most.
    pub capture: Option<Amount>,
    /// When the hold is captured by itself, on the project's clock.
    pub capture_at: Option<Timestamp>,
    /// The hold may be released.
    pub void: bool,
    /// «Отправить оповещение»: all tries were in vain (seed 000).
    pub resend: bool,
    /// Operations whose outcome the provider may be asked for at once.
    pub ask: Vec<OperationId>,
    /// Refunds among [`Offers::overdue`] whose end a person may state.
    pub settle: Vec<OperationId>,
    /// Refunds that the bank declined and that wait to be closed.
    pub close: Vec<OperationId>,
    /// Refunds that are under way for longer than [`REFUND_ALARM_MS`].
    pub overdue: Vec<OperationId>,
}

/// What this user is offered, `now` being the time of the payment's project.
pub fn offers(
    record: &Record,
    told: Told,
    user: &User,
    carrier: Option<Capabilities>,
    now: Timestamp,
) -> Offers {
    let may = |right| user.may(right, record.payment.project);
    if !may(Right::View) {
        return Offers::default();
    }
    let held = Some(record.free_hold()).filter(|held| !held.is_zero());
    let capture = held.filter(|_| may(Right::Capture));
    let refund = refundable(record, carrier).filter(|_| may(Right::Refund));
    let list = |rule: &dyn Fn(&Operation) -> bool| {
        record.operations.iter().filter(|one| rule(one)).map(|one| one.id).collect()
    };
    Offers {
        refund,
        refund_part: refund.is_some() && returns_parts(record, carrier),
        capture,
        capture_at: held
            .filter(|_| !record.is_release_asked())
            .and_then(|_| record.opening()?.capture_at),
        void: capture.is_some(),
        resend: told == Told::GivenUp && may(Right::Resend),
        ask: list(&|one| may(Right::Resend) && can_be_asked(one, carrier, now)),
        settle: list(&|one| may(Right::Settle) && can_be_settled(one, now)),
        close: list(&|one| may(Right::Settle) && one.awaits_closing()),
        overdue: list(&|one| is_overdue(one, now)),
    }
}

/// What this user is offered at this moment, with what carries the payment looked up.
pub async fn offers_now(
    cabinet: &Cabinet,
    user: &User,
    record: &Record,
    told: Told,
) -> Result<Offers, Failure> {
    let context = &cabinet.context;
    let project = context.project(record.payment.project).await?;
    let account = record.opening().map_or("", |opening| opening.account.as_str());
    let carrier = context.providers.get(account).map(|provider| provider.capabilities());
    Ok(offers(record, told, user, carrier, context.moment(&project).project))
}

/// What may be returned. While a refund is under way another one waits for its end
/// (paykeeper.md §4).
fn refundable(record: &Record, carrier: Option<Capabilities>) -> Option<Amount> {
    let payment = &record.payment;
    let left = payment.refundable();
    let paid = match payment.state {
        PaymentState::Paid | PaymentState::PartiallyRefunded | PaymentState::Refunded => true,
        PaymentState::Processing
        | PaymentState::AwaitingClarification
        | PaymentState::AwaitingRedirect
        | PaymentState::AwaitingCustomer
        | PaymentState::AwaitingAuthentication
        | PaymentState::Authorized
        | PaymentState::Voided
        | PaymentState::Declined
        | PaymentState::Rejected => false,
    };
    let possible = left == payment.captured || returns_parts(record, carrier);
    let free = paid && possible && !left.is_zero() && refunding_since(record).is_none();
    free.then_some(left)
}

/// Both the method and its carrier must be able to; a carrier that is not known here may not be.
fn returns_parts(record: &Record, carrier: Option<Capabilities>) -> bool {
    record.payment.method.rules().partial_refunds
        && carrier.is_some_and(|carrier| carrier.partial_refunds)
}

fn can_be_asked(operation: &Operation, carrier: Option<Capabilities>, now: Timestamp) -> bool {
    let Some(carrier) = carrier else { return false };
    let tells = operation.kind != OperationKind::Refund || carrier.refund_query;
    let open = match operation.state {
        OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => true,
        OperationState::Sending => lasts_ms(operation.updated_at, now) > CALL_MAX_MS,
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Approved
        | OperationState::Declined
        | OperationState::Rejected => false,
    };
    tells && open
}

/// Only a refund that hangs: whoever belongs to the merchant must not declare his own sale paid,
/// nor take a refund back while the bank is still at it.
fn can_be_settled(operation: &Operation, now: Timestamp) -> bool {
    let open = matches!(operation.state, OperationState::Unknown | OperationState::Pending);
    open && is_overdue(operation, now)
}

fn is_overdue(operation: &Operation, now: Timestamp) -> bool {
    operation.kind == OperationKind::Refund
        && !operation.state.is_final()
        && lasts_ms(operation.created_at, now) > REFUND_ALARM_MS
}

fn lasts_ms(since: Timestamp, now: Timestamp) -> i64 {
    now.as_millis().saturating_sub(since.as_millis())
}
