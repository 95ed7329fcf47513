//! Accept a payment: durable before the answer, once however often it is sent.

use std::sync::Arc;

use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::payment::decide::{self, PaymentRequest};
use altyn_domain::payment::{PaymentState, Record};

use crate::context::{Context, DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::ports::Conflict;
use crate::projects::ProjectEntry;

/// Why a payment was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The id is taken by a payment that was asked for differently.
    #[error("the payment exists, and differs in {field}")]
    Exists {
        /// The first parameter that differs, as a path.
        field: String,
    },
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// A payment that was accepted, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The payment.
    pub payment: PaymentId,
    /// The operation that opens it.
    pub operation: OperationId,
    /// The same request was accepted before: there is nothing more to do.
    pub repeated: bool,
}

/// Accepts a payment.
///
/// The same request again gives the first operation's number (ruling 20). A payment that was
/// rejected may be sent again under its id: it becomes the next generation (ruling 14); of the
/// same request sent many times at once, one makes the generation and the rest are its repeats.
///
/// A payment by card is only written down here: the caller holds the card and goes on with
/// [`super::pay_by_card`].
pub async fn accept_payment(
    context: &Context,
    project: &Arc<ProjectEntry>,
    request: PaymentRequest,
) -> Result<Accepted, AcceptError> {
    match insert(context, project, request.clone()).await? {
        Ok(accepted) => return Ok(accepted),
        Err(Conflict::PaymentExists) => {}
        Err(Conflict::VersionMoved | Conflict::RefundIdExists | Conflict::LeaseLost) => {
            return Err(Failure::Contended.into());
        }
    }
    let key = request.reference.key();
    for turn in 0..DECIDE_AGAIN_MAX {
        let found = context.store.payment_by_key(project.project.id, &key).await;
        let Some(record) = found.map_err(Failure::from)? else {
            return Err(Failure::Contended.into());
        };
        let again = turn == 0 && record.payment.state == PaymentState::Rejected;
        if !again {
            return repeat_of(&record, &request);
        }
        match send_again(context, project, record, request.clone()).await? {
            Some(accepted) => return Ok(accepted),
            None => continue,
        }
    }
    Err(Failure::Contended.into())
}

async fn insert(
    context: &Context,
    project: &ProjectEntry,
    request: PaymentRequest,
) -> Result<Result<Accepted, Conflict>, Failure> {
    let at = context.moment(project);
    let (payment, operation) = (context.payment_id()?, context.operation_id()?);
    let (record, change) =
        decide::accept_payment(&project.project, (payment, operation), at, request);
    let changeset = context.changeset(project, record, change, at.real)?;
    match context.commit(changeset, at.real).await {
        Ok(()) => Ok(Ok(Accepted { payment, operation, repeated: false })),
        Err(error) => conflict_of(error).map(Err),
    }
}

async fn send_again(
    context: &Context,
    project: &ProjectEntry,
    record: Record,
    request: PaymentRequest,
) -> Result<Option<Accepted>, Failure> {
    let at = context.moment(project);
    let operation = context.operation_id()?;
    let payment = record.payment.id;
    let decided = decide::accept_payment_again(&project.project, record, operation, at, request);
    let Some((record, change)) = decided else { return Ok(None) };
    let changeset = context.changeset(project, record, change, at.real)?;
    match context.commit(changeset, at.real).await {
        Ok(()) => Ok(Some(Accepted { payment, operation, repeated: false })),
        Err(error) => conflict_of(error).map(|_| None),
    }
}

fn repeat_of(record: &Record, request: &PaymentRequest) -> Result<Accepted, AcceptError> {
    let differs = |field: &str| AcceptError::Exists { field: field.to_owned() };
    let payment = &record.payment;
    // A payer's later tries are not the merchant's request; the first operation carries that.
    let first = record.operations.iter().find(|operation| {
        operation.kind.is_opening() && operation.generation == payment.generation
    });
    let Some(first) = first else { return Err(differs("general.payment_id")) };
    if payment.method != request.method {
        return Err(differs("payment method"));
    }
    if first.kind != request.kind {
        return Err(differs("operation type"));
    }
    match first.request.first_difference(&request.request) {
        None => Ok(Accepted { payment: payment.id, operation: first.id, repeated: true }),
        Some(field) => Err(differs(&field.replace(':', "."))),
    }
}
