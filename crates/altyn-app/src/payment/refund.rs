//! Accept a refund: reserve the money under the payment's version, or keep the refusal on record.

use std::sync::Arc;

use altyn_domain::callback::CallbackDialect;
use altyn_domain::id::OperationId;
use altyn_domain::payment::Record;
use altyn_domain::payment::decide::{self, Change, Moment, RefundRequest};
use altyn_domain::project::Project;

use super::{PaymentTarget, decide_once};
use crate::context::{Context, DECIDE_AGAIN_MAX, Failure};
use crate::projects::ProjectEntry;

/// Why a refund was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    /// The project has no such payment, or not by this method.
    #[error("the project has no such payment")]
    NotFound,
    /// The merchant's refund id was used for another refund.
    #[error("the merchant_refund_id was used for a refund that differs in {field}")]
    RefundIdExists {
        /// The first parameter that differs, as a path.
        field: String,
    },
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Accepts a refund and gives the operation's number. What our rules refuse is accepted too, as a
/// declined operation with its callback (ruling 22).
pub async fn accept_refund(
    context: &Context,
    project: &Arc<ProjectEntry>,
    target: &PaymentTarget,
    request: RefundRequest,
) -> Result<OperationId, RefundError> {
    let key = target.reference.key();
    for _ in 0..DECIDE_AGAIN_MAX {
        if let Some(first) = repeat_of(context, project, &request).await? {
            return Ok(first);
        }
        let found = context.store.payment_by_key(project.project.id, &key).await;
        let record = found.map_err(Failure::from)?.ok_or(RefundError::NotFound)?;
        if target.method.is_some_and(|method| method != record.payment.method) {
            return Err(RefundError::NotFound);
        }
        let request = request.clone();
        let decision = |record, id, at| decide_refund(&project.project, record, id, at, request);
        if let Some(operation) = decide_once(context, project, record, decision).await? {
            return Ok(operation);
        }
    }
    Err(Failure::Contended.into())
}

/// The domain's decision, in the words of the project's dialect: PayKeeper's know no refund that
/// failed (ruling 29a).
pub(crate) fn decide_refund(
    project: &Project,
    record: Record,
    id: OperationId,
    at: Moment,
    request: RefundRequest,
) -> (Record, Change) {
    let (mut record, change) = decide::accept_refund(record, id, at, request);
    if project.dialect == CallbackDialect::Paykeeper {
        decide::leave_to_operator(&mut record, id);
    }
    (record, change)
}

/// The first refund under the same merchant's id, when it asked for the same.
async fn repeat_of(
    context: &Context,
    project: &ProjectEntry,
    request: &RefundRequest,
) -> Result<Option<OperationId>, RefundError> {
    let Some(merchant_refund_id) = &request.merchant_refund_id else { return Ok(None) };
    let id = project.project.id;
    let store = &context.store;
    let found = store.refund_by_merchant_id(id, merchant_refund_id).await;
    let Some((payment, operation)) = found.map_err(Failure::from)? else { return Ok(None) };
    let record = store.payment(id, payment).await.map_err(Failure::from)?;
    let first = record.as_ref().and_then(|record| record.operation(operation));
    match first.map(|first| first.request.first_difference(&request.request)) {
        Some(None) => Ok(Some(operation)),
        Some(Some(field)) => Err(RefundError::RefundIdExists { field: field.replace(':', ".") }),
        None => Err(Failure::Contended.into()),
    }
}
