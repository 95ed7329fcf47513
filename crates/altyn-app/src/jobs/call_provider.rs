//! Give an operation to its provider.
//!
//! The attempt is committed before the call. Whoever finds an operation already being sent (its
//! worker died, or stalled beyond its lease) does not send it again: it asks first.

use altyn_domain::payment::decide::{self, Applied, Happening};
use altyn_domain::payment::{Operation, OperationKind, OperationState, ProviderFacts, Record};
use altyn_domain::reason::Reason;
use altyn_domain::time::SECOND_MS;

use super::Job;
use super::run::{self, Evidence, NO_ACCOUNT_PAUSE_MS};
use crate::changeset::{AttemptStart, Changeset};
use crate::context::{Context, Failure, conflict_of};
use crate::ports::Provider;
use crate::ports::provider::ProviderOutcome;
use crate::projects::ProjectEntry;

/// How long a refund waits for another refund of its payment: the provider is given one at a time,
/// so that what it holds after each can be told.
const TURN_PAUSE_MS: i64 = SECOND_MS;

pub(super) async fn run(context: &Context, job: &Job) -> Result<&'static str, Failure> {
    let (project, record) = run::load(context, job).await?;
    let Some(operation) = record.operation(job.operation()).cloned() else {
        return run::finish(context, job.done(), "gone").await;
    };
    let method = record.payment.method;
    let provider = context.providers.get(&operation.account).cloned();
    let Some(provider) = provider.filter(|found| found.capabilities().method == method) else {
        let due = context.clock.now().plus_millis(NO_ACCOUNT_PAUSE_MS);
        let name = &operation.account;
        let error = format!("no account named {name:?} for {} on this node", method.code());
        tracing::error!(payment.id = job.payment.get(), account = operation.account, "{error}");
        return run::finish(context, job.again(due, Some(error)), "no_account").await;
    };
    match operation.state {
        OperationState::Accepted if must_wait(&record, &operation) => {
            let due = context.clock.now().plus_millis(TURN_PAUSE_MS);
            run::finish(context, job.again(due, None), "waits_its_turn").await
        }
        OperationState::Accepted => send(context, job, &project, record, provider.as_ref()).await,
        OperationState::Sending => {
            let call = run::provider_call(context, &project, &record, &operation).await?;
            let outcome = run::ask(provider.as_ref(), &operation, &call).await;
            conclude(context, job, (&project, record), operation.attempts, &outcome).await
        }
        OperationState::Clarifying
        | OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Pending
        | OperationState::Approved
        | OperationState::Declined
        | OperationState::Rejected => run::finish(context, job.done(), "done_before").await,
    }
}

/// Another refund of this payment is with the provider.
fn must_wait(record: &Record, operation: &Operation) -> bool {
    operation.kind == OperationKind::Refund
        && record.operations.iter().any(|other| {
            other.kind == OperationKind::Refund
                && other.id != operation.id
                && matches!(
                    other.state,
                    OperationState::Sending | OperationState::Unknown | OperationState::Pending
                )
        })
}

async fn send(
    context: &Context,
    job: &Job,
    project: &ProjectEntry,
    mut record: Record,
    provider: &dyn Provider,
) -> Result<&'static str, Failure> {
    let at = context.moment(project);
    let id = job.operation();
    let Ok(Applied::Changed(change)) = decide::apply(&mut record, id, Happening::Send, at) else {
        return run::finish(context, job.done(), "done_before").await;
    };
    let Some(operation) = record.operation(id).cloned() else {
        return Err(Failure::Contended);
    };
    let mut changeset = context.changeset(project, record.clone(), change, at.real)?;
    changeset.attempt_start = Some(AttemptStart {
        project: operation.project,
        payment: operation.payment,
        operation: id,
        number: operation.attempts,
        key: altyn_domain::id::order_number(id),
        at: at.real,
    });
    if let Err(error) = context.commit(changeset, at.real).await {
        // Somebody else moved it: look again at once.
        conflict_of(error)?;
        return run::finish(context, job.again(at.real, None), "moved").await;
    }
    let call = run::provider_call(context, project, &record, &operation).await?;
    let part = operation.amount != record.payment.captured;
    let outcome = match operation.kind {
        OperationKind::Sale => provider.submit_sale(&call).await,
        OperationKind::Refund if part && !provider.capabilities().partial_refunds => {
            let facts = ProviderFacts::default();
            ProviderOutcome::Declined(Reason::PartialRefundUnsupported, facts)
        }
        OperationKind::Refund => provider.submit_refund(&call).await,
    };
    conclude(context, job, (project, record), operation.attempts, &outcome).await
}

async fn conclude(
    context: &Context,
    job: &Job,
    (project, record): (&ProjectEntry, Record),
    attempt: i64,
    outcome: &ProviderOutcome,
) -> Result<&'static str, Failure> {
    tracing::debug!(
        payment.id = job.payment.get(),
        operation.id = job.subject,
        outcome = outcome.as_str(),
        "provider called"
    );
    let evidence =
        Evidence { operation: job.operation(), outcome, attempt: Some(attempt), job: Some(job) };
    match run::write_evidence(context, project, record, &evidence).await? {
        Applied::Changed(_) => Ok(outcome.as_str()),
        Applied::LateMoney(_) => Ok("late_money"),
        Applied::Nothing => {
            let ended = evidence.attempt_end(job.project, context.clock.now());
            let changeset =
                Changeset { attempt_end: ended, job_end: Some(job.done()), ..Changeset::default() };
            match context.commit(changeset, context.clock.now()).await {
                Ok(()) => Ok("nothing_new"),
                Err(error) => conflict_of(error).map(|_| "lease_lost"),
            }
        }
    }
}
