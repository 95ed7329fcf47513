//! A person settles an operation whose outcome no provider will tell.
//!
//! Some providers cannot be asked about a refund; after a lost answer only a person, with the
//! provider's statement in hand, knows. What is written is evidence like any other: the table
//! decides whether it is allowed, the books and the callback follow.

use altyn_domain::id::OperationId;
use altyn_domain::payment::decide::Applied;
use altyn_domain::payment::{OperationState, ProviderFacts};
use altyn_domain::reason::Reason;

use super::run::{self, Evidence};
use crate::context::{Context, Failure};
use crate::ports::ProviderOutcome;

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// There is no such operation.
    #[error("there is no such operation")]
    NotFound,
    /// Its outcome is not open, or can still be asked for.
    #[error("the operation is {0}; only one that is unknown or pending can be settled by hand")]
    NotOpen(OperationState),
    /// The change was not written.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Settles an unknown or pending operation, once.
pub async fn settle(
    context: &Context,
    id: OperationId,
    outcome: SettledAs,
) -> Result<(), SettleError> {
    let store = &context.store;
    let found = store.payment_of(id).await.map_err(Failure::from)?;
    let (project, payment) = found.ok_or(SettleError::NotFound)?;
    let record = store.payment(project, payment).await.map_err(Failure::from)?;
    let record = record.ok_or(SettleError::NotFound)?;
    let state = record.operation(id).ok_or(SettleError::NotFound)?.state;
    if !matches!(state, OperationState::Unknown | OperationState::Pending) {
        return Err(SettleError::NotOpen(state));
    }
    let project = context.project(project).await.map_err(Failure::from)?;
    let facts = ProviderFacts::default();
    let outcome = match outcome {
        SettledAs::Approved => ProviderOutcome::Approved(facts),
        SettledAs::Declined => ProviderOutcome::Declined(Reason::GeneralDecline, facts),
    };
    let evidence = Evidence { operation: id, outcome: &outcome, attempt: None, job: None };
    match run::write_evidence(context, &project, record, &evidence).await? {
        Applied::Changed(_) | Applied::LateMoney(_) => Ok(()),
        Applied::Nothing => Err(SettleError::NotOpen(state)),
    }
}

/// What the provider's statement shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettledAs {
    /// It was done: the money moved.
    Approved,
    /// It was not done.
    Declined,
}
