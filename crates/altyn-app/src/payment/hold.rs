//! Capture or release held money: under the payment's version, or keep the refusal on record.

use std::sync::Arc;

use altyn_domain::id::OperationId;
use altyn_domain::payment::decide::{self, CaptureRequest, Change, Moment, VoidRequest};
use altyn_domain::payment::{Operation, OperationKind, OperationState, Record, RequestEcho};

use super::{PaymentTarget, decide_once};
use crate::context::{Context, DECIDE_AGAIN_MAX, Failure};
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
/// declined operation with its callback (ruling 22). Of several at once one takes the hold; the
/// same request again gives the first operation's number (ruling 20), unless that was declined.
pub async fn accept_capture(
    context: &Context,
    project: &Arc<ProjectEntry>,
    target: &PaymentTarget,
    request: CaptureRequest,
) -> Result<OperationId, HoldError> {
    let asked = (OperationKind::Capture, &request.request);
    decide_on(context, project, (target, asked), |record, id, at| {
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
    let asked = (OperationKind::Void, &request.request);
    decide_on(context, project, (target, asked), |record, id, at| {
        decide::accept_void(record, id, at, request.clone())
    })
    .await
}

async fn decide_on(
    context: &Context,
    project: &Arc<ProjectEntry>,
    (target, asked): (&PaymentTarget, (OperationKind, &RequestEcho)),
    decision: impl Fn(Record, OperationId, Moment) -> (Record, Change) + Send + Sync,
) -> Result<OperationId, HoldError> {
    let key = target.reference.key();
    for _ in 0..DECIDE_AGAIN_MAX {
        let found = context.store.payment_by_key(project.project.id, &key).await;
        let record = found.map_err(Failure::from)?.ok_or(HoldError::NotFound)?;
        if target.method.is_some_and(|method| method != record.payment.method) {
            return Err(HoldError::NotFound);
        }
        if let Some(first) = repeat_of(&record, asked) {
            return Ok(first);
        }
        if let Some(id) = decide_once(context, project, record, &decision).await? {
            return Ok(id);
        }
    }
    Err(Failure::Contended.into())
}

/// The operation that the same request made before, unless it was declined: then it may be asked
/// again.
fn repeat_of(
    record: &Record,
    (kind, request): (OperationKind, &RequestEcho),
) -> Option<OperationId> {
    let same = |operation: &&Operation| {
        operation.kind == kind
            && operation.generation == record.payment.generation
            && operation.state != OperationState::Declined
            && operation.request.first_difference(request).is_none()
    };
    record.operations.iter().find(same).map(|operation| operation.id)
}
