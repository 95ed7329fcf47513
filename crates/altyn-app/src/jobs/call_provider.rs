//! Give an operation to its provider.
//!
//! The attempt is committed before the call. Whoever finds an operation already being sent (its
//! worker died, or stalled beyond its lease) does not send it again: it asks first.
//!
//! A card is called for by the process that holds it, and this job finds the operation only when
//! that process has died: nothing is sent then, an order that was opened is closed.

use altyn_domain::payment::decide::{self, Applied, CARD_CALL_MS, Happening};
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

/// How long an operation waits at first for another one on the same order: the provider is given one
/// at a time, so that what it holds after each can be told. One that nobody can tell of may take days.
const TURN_PAUSE_MS: i64 = SECOND_MS;
/// How often that is doubled at most: to a minute.
const TURN_DOUBLINGS_MAX: i64 = 6;

pub(super) async fn run(context: &Context, job: &Job) -> Result<&'static str, Failure> {
    let (project, record) = run::load(context, job).await?;
    let Some(operation) = record.operation(job.operation()).cloned() else {
        return run::finish(context, job.done(), "gone").await;
    };
    let method = operation.method;
    let provider = context.providers.get(&operation.account).cloned();
    let Some(provider) = provider.filter(|found| found.capabilities().methods.contains(&method))
    else {
        let due = context.clock.now().plus_millis(NO_ACCOUNT_PAUSE_MS);
        let name = &operation.account;
        let error = format!("no account named {name:?} for {} on this node", method.code());
        tracing::error!(payment.id = job.payment.get(), account = operation.account, "{error}");
        return run::finish(context, job.again(due, Some(error)), "no_account").await;
    };
    match operation.state {
        OperationState::Accepted | OperationState::Sending if operation.is_card_opening() => {
            recover(context, job, (&project, record), (&operation, provider.as_ref())).await
        }
        OperationState::Accepted if must_wait(&record, &operation) => {
            let doublings = job.attempts.clamp(0, TURN_DOUBLINGS_MAX);
            let due = context.clock.now().plus_millis(TURN_PAUSE_MS << doublings);
            run::finish(context, job.again(due, None), "waits_its_turn").await
        }
        OperationState::Accepted => send(context, job, &project, record, provider.as_ref()).await,
        OperationState::Sending => {
            let call = run::provider_call(context, &project, &record, &operation).await?;
            let outcome = provider.ask(&call).await;
            conclude(context, job, (&project, record), operation.attempts, &outcome).await
        }
        OperationState::Clarifying
        | OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending
        | OperationState::Approved
        | OperationState::Declined
        | OperationState::Rejected => run::finish(context, job.done(), "done_before").await,
    }
}

/// Another operation on this order is with the provider.
fn must_wait(record: &Record, operation: &Operation) -> bool {
    !operation.kind.is_opening()
        && record.operations.iter().any(|other| {
            !other.kind.is_opening()
                && other.id != operation.id
                && matches!(
                    other.state,
                    OperationState::Sending | OperationState::Unknown | OperationState::Pending
                )
        })
}

/// Ends a card's operation whose process has died: an order that stands open, or that could still come
/// to be, is closed, and what the acquirer says of it counts.
async fn recover(
    context: &Context,
    job: &Job,
    (project, record): (&ProjectEntry, Record),
    (operation, provider): (&Operation, &dyn Provider),
) -> Result<&'static str, Failure> {
    let at = context.moment(project);
    let quiet = at.project.as_millis() - operation.updated_at.as_millis();
    if quiet < CARD_CALL_MS {
        let due = at.real.plus_millis(CARD_CALL_MS - quiet);
        return run::finish(context, job.again(due, None), "not_yet").await;
    }
    // Whoever has the card may only be late: it is he who commits this attempt, or we, and what was
    // seen before that is no evidence of anything.
    let (record, operation) = if operation.state == OperationState::Accepted {
        match begin(context, job, project, record).await? {
            Ok(begun) => begun,
            Err(word) => return Ok(word),
        }
    } else {
        (record, operation.clone())
    };
    let call = run::provider_call(context, project, &record, &operation).await?;
    let outcome = run::closed(provider, &call).await;
    tracing::warn!(
        payment.id = job.payment.get(),
        operation.id = job.subject,
        outcome = outcome.as_str(),
        "a payment by card was interrupted"
    );
    conclude(context, job, (project, record), operation.attempts, &outcome).await
}

/// Commits an attempt and gives what it is made of; else what the job comes to instead.
async fn begin(
    context: &Context,
    job: &Job,
    project: &ProjectEntry,
    mut record: Record,
) -> Result<Result<(Record, Operation), &'static str>, Failure> {
    let at = context.moment(project);
    let id = job.operation();
    let Ok(Applied::Changed(change)) = decide::apply(&mut record, id, Happening::Send, at) else {
        return run::finish(context, job.done(), "done_before").await.map(Err);
    };
    let Some(operation) = record.operation(id).cloned() else {
        return Err(Failure::Contended);
    };
    let mut changeset = context.changeset(project, record.clone(), change, at.real)?;
    changeset.attempt_start = Some(AttemptStart::of(&operation, at.real));
    if let Err(error) = context.commit(changeset, at.real).await {
        // Somebody else moved it: look again at once.
        conflict_of(error)?;
        return run::finish(context, job.again(at.real, None), "moved").await.map(Err);
    }
    Ok(Ok((record, operation)))
}

async fn send(
    context: &Context,
    job: &Job,
    project: &ProjectEntry,
    record: Record,
    provider: &dyn Provider,
) -> Result<&'static str, Failure> {
    let (record, operation) = match begin(context, job, project, record).await? {
        Ok(begun) => begun,
        Err(word) => return Ok(word),
    };
    let call = run::provider_call(context, project, &record, &operation).await?;
    let part = operation.kind == OperationKind::Refund
        && operation.amount != record.payment.captured
        && !provider.capabilities().partial_refunds;
    let outcome = if part {
        ProviderOutcome::Declined(Reason::PartialRefundUnsupported, ProviderFacts::default())
    } else {
        provider.submit(&call).await
    };
    conclude(context, job, (project, record), operation.attempts, &outcome).await
}

async fn conclude(
    context: &Context,
    job: &Job,
    (project, record): (&ProjectEntry, Record),
    attempts: i64,
    outcome: &ProviderOutcome,
) -> Result<&'static str, Failure> {
    tracing::debug!(
        payment.id = job.payment.get(),
        operation.id = job.subject,
        outcome = outcome.as_str(),
        "provider called"
    );
    // What was never sent has no attempt to end.
    let attempt = Some(attempts).filter(|number| *number > 0);
    let evidence = Evidence { operation: job.operation(), outcome, attempt, job: Some(job) };
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
