//! Capture or release held money: under the payment's version, or keep the refusal on record.

use std::sync::Arc;

use altyn_domain::id::OperationId;
use altyn_domain::payment::Record;
use altyn_domain::payment::decide::{self, CaptureRequest, Change, Moment, VoidRequest};

use super::PaymentTarget;
use crate::context::{Context, DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::projects::ProjectEntry;

/// Why a capture or a void was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The project has no such payment, or not by this method.
    #[error("the project has no such payment")]
    NotFound,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Accepts a capture and gives the operation's number. What our rules refuse is accepted too, as a
/// declined operation with its callback (ruling 22). Of several at once one takes the hold.
pub async fn accept_capture(
    context: &Context,
    project: &Arc<ProjectEntry>,
    target: &PaymentTarget,
    request: CaptureRequest,
) -> Result<OperationId, HoldError> {
    decide_on(context, project, target, |record, id, at| {
        decide::accept_capture(record, id, at, request.clone())
    })
    .await
}

/// Accepts the release of a hold and gives the operation's number, like [`accept_capture`].
pub async fn accept_void(
    context: &Context,
    project: &Arc<ProjectEntry>,
    target: &PaymentTarget,
    request: VoidRequest,
) -> Result<OperationId, HoldError> {
    decide_on(context, project, target, |record, id, at| {
        decide::accept_void(record, id, at, request.clone())
    })
    .await
}

async fn decide_on(
    context: &Context,
    project: &Arc<ProjectEntry>,
    target: &PaymentTarget,
    decision: impl Fn(Record, OperationId, Moment) -> (Record, Change) + Send + Sync,
) -> Result<OperationId, HoldError> {
    let key = target.reference.key();
    for _ in 0..DECIDE_AGAIN_MAX {
        let found = context.store.payment_by_key(project.project.id, &key).await;
        let record = found.map_err(Failure::from)?.ok_or(HoldError::NotFound)?;
        if target.method.is_some_and(|method| method != record.payment.method) {
            return Err(HoldError::NotFound);
        }
        let at = context.moment(project);
        let id = context.operation_id().map_err(Failure::from)?;
        let (record, change) = decision(record, id, at);
        let changeset =
            context.changeset(project, record, change, at.real).map_err(Failure::from)?;
        match context.commit(changeset, at.real).await {
            Ok(()) => return Ok(id),
            Err(error) => conflict_of(error).map(drop)?,
        }
    }
    Err(Failure::Contended.into())
}
