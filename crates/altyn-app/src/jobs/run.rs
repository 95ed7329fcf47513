//! Runs one claimed job to its end: the outcome and the job's end are one changeset.

use altyn_domain::id::{OperationId, ProjectId};
use altyn_domain::payment::decide::{self, Applied, ApplyError, Happening};
use altyn_domain::payment::{Details, Operation, OperationState, Payment, Record, ReturnUrls};
use altyn_domain::time::{MINUTE_MS, Timestamp};

use super::{Job, JobEnd, JobKind, ask_outcome, call_provider, capture, deliver, expire};
use crate::changeset::{AttemptEnd, Changeset};
use crate::context::{Context, DECIDE_AGAIN_MAX, Failure, conflict_of, end_job};
use crate::ports::provider::{OrderAtProvider, ProviderCall, ProviderOutcome};
use crate::ports::{Conflict, Provider, StoreError};
use crate::projects::ProjectEntry;

/// How a run of a job ended, for logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobReport {
    /// What it was.
    pub kind: JobKind,
    /// One word.
    pub outcome: &'static str,
}

/// How long a job waits for a provider account that this node does not have configured.
pub(super) const NO_ACCOUNT_PAUSE_MS: i64 = MINUTE_MS;

/// Runs a job. It never fails: what could not be done is due again when the lease runs out.
pub async fn run_job(context: &Context, job: Job) -> JobReport {
    let done = match job.kind {
        JobKind::CallProvider => call_provider::run(context, &job).await,
        JobKind::AskOutcome => ask_outcome::run(context, &job).await,
        JobKind::DeliverCallback => deliver::run(context, &job).await,
        JobKind::ExpireClarification => expire::run(context, &job).await,
        JobKind::CaptureHold => capture::run(context, &job).await,
    };
    let outcome = done.unwrap_or_else(|failure| {
        tracing::warn!(
            job.kind = job.kind.as_str(),
            job.subject = job.subject,
            payment.id = job.payment.get(),
            error = %failure,
            "a job could not be finished; it is due again when its lease runs out"
        );
        "failed"
    });
    JobReport { kind: job.kind, outcome }
}

/// The job's payment and project; a job whose payment is gone is an inconsistency.
pub(super) async fn load(
    context: &Context,
    job: &Job,
) -> Result<(std::sync::Arc<ProjectEntry>, Record), StoreError> {
    let project = context.project(job.project).await?;
    let record = context.store.payment(job.project, job.payment).await?;
    let record = record.ok_or(StoreError::Inconsistent {
        table: "jobs",
        column: "payment",
        key: format!("{} {}", job.kind.as_str(), job.subject),
    })?;
    Ok((project, record))
}

/// Ends the job and writes nothing else.
pub(super) async fn finish(
    context: &Context,
    end: JobEnd,
    outcome: &'static str,
) -> Result<&'static str, Failure> {
    let changeset = Changeset { job_end: Some(end), ..Changeset::default() };
    match context.commit(changeset, context.clock.now()).await {
        Ok(()) => Ok(outcome),
        Err(error) => conflict_of(error).map(|_| "lease_lost"),
    }
}

/// What a provider said, in the domain's words.
pub(super) fn happening(outcome: &ProviderOutcome) -> Happening {
    match outcome.clone() {
        ProviderOutcome::Redirect(redirect, facts) => Happening::Redirect(redirect, facts),
        ProviderOutcome::Authenticate(authentication, facts) => {
            Happening::Authenticate(authentication, facts)
        }
        ProviderOutcome::Instruct(facts) => Happening::Instruct(facts),
        ProviderOutcome::Approved(facts) => Happening::Approve(facts),
        ProviderOutcome::Declined(reason, facts) => Happening::Decline(reason, facts),
        ProviderOutcome::Pending(facts) => Happening::Pend(facts),
        ProviderOutcome::NotSent(_) => Happening::NotSent,
        ProviderOutcome::Unknown(_) => Happening::LoseTrack,
    }
}

/// Everything the connector needs to know about an operation.
pub(crate) async fn provider_call(
    context: &Context,
    project: &ProjectEntry,
    record: &Record,
    operation: &Operation,
) -> Result<ProviderCall, StoreError> {
    let notifications = if operation.attempts == 0 {
        Vec::new()
    } else {
        context.store.notifications(operation.project, operation.id).await?
    };
    let payment = &record.payment;
    let opening = record.opening().filter(|_| !operation.kind.is_opening());
    let deposited = payment.captured.minor().saturating_sub(payment.refunded.minor());
    Ok(ProviderCall {
        kind: operation.kind,
        method: operation.method,
        order_number: altyn_domain::id::order_number(operation.id),
        amount: operation.amount,
        details: details_for_provider(context, payment),
        instruction: operation.instruction,
        handed_over: operation.redirect.is_some() || operation.state == OperationState::Instructed,
        test: project.project.test,
        facts: operation.provider.clone(),
        order: opening.map(|opening| OrderAtProvider {
            order_number: altyn_domain::id::order_number(opening.id),
            payment_id: opening.provider.payment_id.clone(),
            held_minor: payment.authorized.minor().saturating_sub(payment.captured.minor()),
            deposited_minor: deposited,
        }),
        authentication: operation.authentication.clone(),
        notifications,
        now: context.clock.now(),
    })
}

/// Gives up an order that nobody will pay any more. Only an end is an end.
pub(super) async fn closed(provider: &dyn Provider, call: &ProviderCall) -> ProviderOutcome {
    match provider.close(call).await {
        ended @ (ProviderOutcome::Declined(..) | ProviderOutcome::Approved(_)) => ended,
        ProviderOutcome::Redirect(..)
        | ProviderOutcome::Authenticate(..)
        | ProviderOutcome::Instruct(_)
        | ProviderOutcome::Pending(_)
        | ProviderOutcome::NotSent(_) => {
            ProviderOutcome::Unknown("the order could not be closed yet".to_owned())
        }
        unknown @ ProviderOutcome::Unknown(_) => unknown,
    }
}

/// The payer of a page comes back to his page, which then sends him on to the shop.
fn details_for_provider(context: &Context, payment: &Payment) -> Details {
    let mut details = payment.details.clone();
    if details.page.is_some() {
        let url = Some(context.pages.url_of(payment.project, payment.id));
        details.return_urls = ReturnUrls { success: url.clone(), decline: url.clone(), back: url };
    }
    details
}

/// Evidence to write down: what a provider said about an operation.
pub(crate) struct Evidence<'a> {
    /// The operation.
    pub operation: OperationId,
    /// What was said.
    pub outcome: &'a ProviderOutcome,
    /// The attempt it ends, if it ends one.
    pub attempt: Option<i64>,
    /// The job to end with it, if it came by a job.
    pub job: Option<&'a Job>,
}

impl Evidence<'_> {
    /// How the attempt ended, if this ends one.
    pub(crate) fn attempt_end(&self, project: ProjectId, at: Timestamp) -> Option<AttemptEnd> {
        self.attempt.map(|number| AttemptEnd {
            project,
            operation: self.operation,
            number,
            outcome: self.outcome.as_str(),
            detail: detail(self.outcome),
            at,
        })
    }
}

/// Writes evidence, deciding again as often as the record moves. A lost lease does not lose the
/// evidence: it is written without the job's end.
pub(crate) async fn write_evidence(
    context: &Context,
    project: &ProjectEntry,
    mut record: Record,
    evidence: &Evidence<'_>,
) -> Result<Applied, Failure> {
    let mut job = evidence.job;
    for _ in 0..DECIDE_AGAIN_MAX {
        let payment = (record.payment.project, record.payment.id);
        let at = context.moment(project);
        let happening = happening(evidence.outcome);
        let applied = match decide::apply(&mut record, evidence.operation, happening, at) {
            Ok(applied) => applied,
            Err(error) => return refused(context, evidence, error).await,
        };
        let mut changeset = match &applied {
            Applied::Changed(change) | Applied::LateMoney(change) => {
                context.changeset(project, record, change.clone(), at.real)?
            }
            Applied::Nothing => return Ok(applied),
        };
        if matches!(applied, Applied::LateMoney(_)) {
            tracing::error!(
                payment.id = payment.1.get(),
                operation.id = evidence.operation.get(),
                "money arrived, or is held, for a declined operation; a person must settle it"
            );
        }
        changeset.attempt_end = evidence.attempt_end(payment.0, at.real);
        if let Some(job) = job {
            end_job(&mut changeset, job);
        }
        match context.commit(changeset, at.real).await.map_err(conflict_of) {
            Ok(()) => return Ok(applied),
            Err(Ok(Conflict::LeaseLost)) => job = None,
            Err(Ok(
                Conflict::VersionMoved | Conflict::PaymentExists | Conflict::RefundIdExists,
            )) => {}
            Err(Err(failure)) => return Err(failure),
        }
        let again = context.store.payment(payment.0, payment.1).await?;
        record = again.ok_or(Failure::Contended)?;
    }
    Err(Failure::Contended)
}

/// Evidence against a final state is not applied: a person must look.
async fn refused(
    context: &Context,
    evidence: &Evidence<'_>,
    error: ApplyError,
) -> Result<Applied, Failure> {
    tracing::error!(
        operation.id = evidence.operation.get(),
        outcome = evidence.outcome.as_str(),
        %error,
        "a provider contradicts the books; nothing was changed, a person must look"
    );
    if let Some(job) = evidence.job {
        finish(context, job.done(), "contradiction").await?;
    }
    Ok(Applied::Nothing)
}

fn detail(outcome: &ProviderOutcome) -> String {
    match outcome {
        ProviderOutcome::NotSent(detail) | ProviderOutcome::Unknown(detail) => detail.clone(),
        ProviderOutcome::Declined(reason, _) => reason.as_str().to_owned(),
        ProviderOutcome::Redirect(..)
        | ProviderOutcome::Authenticate(..)
        | ProviderOutcome::Instruct(_)
        | ProviderOutcome::Approved(_)
        | ProviderOutcome::Pending(_) => String::new(),
    }
}
