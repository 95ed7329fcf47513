//! Ask the provider what became of an operation.
//!
//! Runs by plan while an outcome is open, and at once when the provider notifies. Only what the
//! provider answers changes anything; silence and errors put the question off.

use altyn_domain::id::OperationId;
use altyn_domain::payment::decide::{Applied, CARD_CALL_MS, ask_pause_ms};
use altyn_domain::payment::{Operation, OperationKind, OperationState, Record};
use altyn_domain::time::SECOND_MS;

use super::Job;
use super::run::{self, Evidence, NO_ACCOUNT_PAUSE_MS};
use crate::context::{Context, Failure};
use crate::ports::provider::ProviderOutcome;
use crate::projects::ProjectEntry;

/// How often a provider is asked about a declined payment: over some three hours, longer than a
/// bank's page stays open.
const DECLINED_ASKED_MAX: i64 = 24;

pub(super) async fn run(context: &Context, job: &Job) -> Result<&'static str, Failure> {
    let (project, record) = run::load(context, job).await?;
    let Some(operation) = record.operation(job.operation()).cloned() else {
        return run::finish(context, job.done(), "gone").await;
    };
    if !worth_asking(&operation) {
        return run::finish(context, job.done(), "ended_before").await;
    }
    let Some(outcome) = ask(context, &project, &record, &operation).await? else {
        let due = context.clock.now().plus_millis(NO_ACCOUNT_PAUSE_MS);
        return run::finish(context, job.again(due, None), "no_account").await;
    };
    if is_premature(&operation, &outcome) {
        return put_off(context, job, &operation).await;
    }
    let evidence =
        Evidence { operation: operation.id, outcome: &outcome, attempt: None, job: Some(job) };
    match run::write_evidence(context, &project, record, &evidence).await? {
        Applied::Changed(_) => Ok(outcome.as_str()),
        Applied::LateMoney(_) => Ok("late_money"),
        // Declined here, and the provider has not said so: it is asked until it does, or for hours.
        Applied::Nothing
            if operation.state.is_final()
                && (outcome_is_final(&outcome) || job.attempts >= DECLINED_ASKED_MAX) =>
        {
            run::finish(context, job.done(), "ended_before").await
        }
        Applied::Nothing => put_off(context, job, &operation).await,
    }
}

/// Asks at once, outside of any job, because the payer has just come back: the answer, if there is
/// one, is written; the job stays as it is.
pub(crate) async fn ask_now(
    context: &Context,
    project: &ProjectEntry,
    record: Record,
    operation: OperationId,
) -> Result<(), Failure> {
    let Some(operation) = record.operation(operation).cloned() else { return Ok(()) };
    if operation.state.is_final() || !worth_asking(&operation) {
        return Ok(());
    }
    let Some(outcome) = ask(context, project, &record, &operation).await? else { return Ok(()) };
    if is_premature(&operation, &outcome) {
        return Ok(());
    }
    let evidence =
        Evidence { operation: operation.id, outcome: &outcome, attempt: None, job: None };
    run::write_evidence(context, project, record, &evidence).await.map(drop)
}

async fn ask(
    context: &Context,
    project: &ProjectEntry,
    record: &Record,
    operation: &Operation,
) -> Result<Option<ProviderOutcome>, Failure> {
    let Some(provider) = context.providers.get(&operation.account) else {
        tracing::error!(
            payment.id = record.payment.id.get(),
            account = operation.account,
            "no provider account of this name on this node"
        );
        return Ok(None);
    };
    let call = run::provider_call(context, project, record, operation).await?;
    let mut outcome = provider.ask(&call).await;
    let closes = provider.capabilities().closes_orders;
    if closes && operation.state == OperationState::Declined && is_open(&outcome) {
        // Nobody shall pay what was told as declined.
        outcome = run::closed(provider.as_ref(), &call).await;
    }
    if closes && is_abandoned(operation, &outcome) {
        let quiet = context.moment(project).project.as_millis() - operation.updated_at.as_millis();
        if quiet >= CARD_CALL_MS {
            outcome = run::closed(provider.as_ref(), &call).await;
        } else if let ProviderOutcome::NotSent(_) = outcome {
            outcome = ProviderOutcome::Unknown("no such order yet".to_owned());
        }
    }
    let can_tell = operation.kind != OperationKind::Refund || provider.capabilities().refund_query;
    if let ProviderOutcome::Unknown(detail) = &outcome
        && can_tell
    {
        tracing::warn!(
            payment.id = record.payment.id.get(),
            operation.id = operation.id.get(),
            detail,
            "the provider could not tell an outcome"
        );
    }
    Ok(Some(outcome))
}

/// A payment by card that nobody can go on with: the card is in nobody's hands any more, the payer
/// is not at his issuer, and the provider has taken nothing. What is left is to see to it that
/// nothing can be taken: there is no order, or it is closed.
fn is_abandoned(operation: &Operation, outcome: &ProviderOutcome) -> bool {
    operation.is_card_opening()
        && matches!(operation.state, OperationState::Unknown | OperationState::Pending)
        && (matches!(outcome, ProviderOutcome::NotSent(_)) || is_open(outcome))
}

/// A declined payment is asked about when the provider notifies: money may have come late.
fn worth_asking(operation: &Operation) -> bool {
    match operation.state {
        OperationState::Sending
        | OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => true,
        OperationState::Declined => operation.kind.is_opening() && operation.attempts > 0,
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Approved
        | OperationState::Rejected => false,
    }
}

/// While the call itself is under way only a final word counts: that the provider does not know
/// the order yet proves nothing.
fn is_premature(operation: &Operation, outcome: &ProviderOutcome) -> bool {
    operation.state == OperationState::Sending && !outcome_is_final(outcome)
}

const fn outcome_is_final(outcome: &ProviderOutcome) -> bool {
    matches!(outcome, ProviderOutcome::Approved(_) | ProviderOutcome::Declined(..))
}

/// The order can still be paid.
const fn is_open(outcome: &ProviderOutcome) -> bool {
    matches!(
        outcome,
        ProviderOutcome::Pending(_)
            | ProviderOutcome::Redirect(..)
            | ProviderOutcome::Authenticate(..)
            | ProviderOutcome::Instruct(_)
    )
}

async fn put_off(
    context: &Context,
    job: &Job,
    operation: &Operation,
) -> Result<&'static str, Failure> {
    let pause = if operation.state == OperationState::Sending {
        2 * SECOND_MS
    } else {
        ask_pause_ms(operation.state, job.attempts + 1)
    };
    let due = context.clock.now().plus_millis(pause);
    run::finish(context, job.again(due, None), "still_open").await
}
