//! Take data that was missing (ecommpay.md §3.7).

use std::sync::Arc;

use altyn_domain::id::OperationId;
use altyn_domain::payment::decide::{self, Applied, Happening};
use altyn_domain::payment::{Customer, OperationState, PaymentRef};

use crate::context::{Context, DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::projects::ProjectEntry;

/// Why the data was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ClarifyError {
    /// The project has no such payment.
    #[error("the project has no such payment")]
    NotFound,
    /// The payment waits for no data.
    #[error("the payment is not waiting for data")]
    NotAsked,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Takes the data: complete, the payment goes on; incomplete, the rest is asked for again and the
/// 30 minutes begin anew. Gives the number of the operation that was waiting.
pub async fn clarify(
    context: &Context,
    project: &Arc<ProjectEntry>,
    reference: &PaymentRef,
    data: Customer,
) -> Result<OperationId, ClarifyError> {
    let key = reference.key();
    for _ in 0..DECIDE_AGAIN_MAX {
        let found = context.store.payment_by_key(project.project.id, &key).await;
        let mut record = found.map_err(Failure::from)?.ok_or(ClarifyError::NotFound)?;
        let waiting =
            record.opening().filter(|opening| opening.state == OperationState::Clarifying);
        let operation = waiting.map(|opening| opening.id).ok_or(ClarifyError::NotAsked)?;
        let at = context.moment(project);
        let happening = Happening::Clarification(data.clone());
        let change = match decide::apply(&mut record, operation, happening, at) {
            Ok(Applied::Changed(change)) => change,
            Ok(Applied::Nothing | Applied::LateMoney(_)) | Err(_) => {
                return Err(ClarifyError::NotAsked);
            }
        };
        let changeset =
            context.changeset(project, record, change, at.real).map_err(Failure::from)?;
        match context.commit(changeset, at.real).await {
            Ok(()) => return Ok(operation),
            Err(error) => conflict_of(error).map(drop)?,
        }
    }
    Err(Failure::Contended.into())
}
