//! What the payer does on his page: try again after a decline, or give a try up.

use std::sync::Arc;

use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::payment::decide::{self, TryRefusal, TryRequest};
use altyn_domain::payment::{Operation, OperationState};
use altyn_domain::reason::Reason;

use crate::context::{Context, DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::jobs::{Evidence, provider_call, write_evidence};
use crate::ports::ProviderOutcome;
use crate::projects::ProjectEntry;

/// Why the payer cannot try again.
#[derive(Debug, thiserror::Error)]
pub enum TryError {
    /// There is no such payment.
    #[error("there is no such payment")]
    NotFound,
    /// The rules refuse it.
    #[error(transparent)]
    Refused(#[from] TryRefusal),
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Accepts another try and gives its operation. Of a double press one try comes.
pub async fn accept_try(
    context: &Context,
    project: &Arc<ProjectEntry>,
    payment: PaymentId,
    request: TryRequest,
) -> Result<OperationId, TryError> {
    for _ in 0..DECIDE_AGAIN_MAX {
        let found = context.store.payment(project.project.id, payment).await;
        let record = found.map_err(Failure::from)?.ok_or(TryError::NotFound)?;
        let at = context.moment(project);
        let id = context.operation_id().map_err(Failure::from)?;
        let (record, change) =
            decide::accept_try(&project.project, record, id, at, request.clone())?;
        let changeset =
            context.changeset(project, record, change, at.real).map_err(Failure::from)?;
        match context.commit(changeset, at.real).await {
            Ok(()) => return Ok(id),
            Err(error) => conflict_of(error).map(drop)?,
        }
    }
    Err(Failure::Contended.into())
}

/// Asks the provider to close the order that the payer does not want to pay any more. What it
/// answers counts: an order that was paid meanwhile is paid.
pub async fn give_up(
    context: &Context,
    project: &Arc<ProjectEntry>,
    payment: PaymentId,
) -> Result<(), Failure> {
    let Some(record) = context.store.payment(project.project.id, payment).await? else {
        return Ok(());
    };
    let Some(opening) = record.opening().cloned() else { return Ok(()) };
    let waits = is_given_up_from(&opening);
    let Some(provider) = context
        .providers
        .get(&opening.account)
        .filter(|provider| waits && provider.capabilities().closes_orders)
    else {
        return Ok(());
    };
    let call = provider_call(context, project, &record, &opening).await?;
    let outcome = match provider.close(&call).await {
        // We have closed it, because the payer asked.
        ProviderOutcome::Declined(Reason::Interrupted, facts) => {
            ProviderOutcome::Declined(Reason::CancelledByPayer, facts)
        }
        ended @ (ProviderOutcome::Declined(..) | ProviderOutcome::Approved(_)) => ended,
        // Still open there: it stays as it is here.
        ProviderOutcome::Redirect(..)
        | ProviderOutcome::Authenticate(..)
        | ProviderOutcome::Instruct(_)
        | ProviderOutcome::Pending(_)
        | ProviderOutcome::NotSent(_)
        | ProviderOutcome::Unknown(_) => return Ok(()),
    };
    let evidence = Evidence { operation: opening.id, outcome: &outcome, attempt: None, job: None };
    write_evidence(context, project, record, &evidence).await.map(drop)
}

/// Whether an order may be given up: the payer is away at a bank, or the way of a card to its
/// acquirer was lost and nobody can go on with it.
pub fn is_given_up_from(opening: &Operation) -> bool {
    match opening.state {
        OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating => true,
        OperationState::Unknown | OperationState::Pending => opening.is_card_opening(),
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Sending
        | OperationState::Approved
        | OperationState::Declined
        | OperationState::Rejected => false,
    }
}
