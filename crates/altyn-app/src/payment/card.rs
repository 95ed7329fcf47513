//! Take a card to its acquirer, and the payer's answers to 3-D Secure after it.
//!
//! Guaranteed: the attempt is committed before the acquirer is called; the card is in the caller's
//! memory only and is wiped when the call has ended; whoever dies in the middle leaves an operation
//! that a job asks about, and an order that is not paid is closed then, since nobody has the card
//! any more (ruling 23). A number of a card is never sent twice.

use std::sync::Arc;

use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::payment::decide::{self, Applied, Change, Happening, Owed, Work, ask_pause_ms};
use altyn_domain::payment::{
    Authentication, AuthenticationStep, Operation, OperationState, PaymentRef, Record,
};
use altyn_domain::reason::Reason;

use crate::changeset::{AttemptStart, Changeset};
use crate::context::{Context, DECIDE_AGAIN_MAX, Failure, conflict_of, job_of};
use crate::jobs::{Evidence, provider_call, write_evidence};
use crate::ports::provider::{AuthenticationAnswer, CardPayment, ProviderOutcome};
use crate::projects::ProjectEntry;

/// Why an answer to 3-D Secure was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The project has no such payment.
    #[error("the project has no such payment")]
    NotFound,
    /// The payment waits for no answer, or for another one.
    #[error("the payment is not waiting for this answer")]
    NotAwaited,
    /// The answer belongs to another payment.
    #[error("the answer belongs to another payment")]
    Foreign,
    /// Not the caller's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// An answer to 3-D Secure, and what it says it belongs to.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer.
    pub answer: AuthenticationAnswer,
    /// The `MD` that came with it; must be the one that was given, if it is there.
    pub md: Option<String>,
    /// The transaction that a `cres` names; must be the one that was given.
    pub transaction: Option<String>,
}

/// Takes the card of an accepted payment to the acquirer and writes down what it said. Does nothing
/// when the operation has gone on otherwise meanwhile.
///
/// Must run to its end even if whoever asked for it has gone.
pub async fn pay_by_card(
    context: &Context,
    project: &Arc<ProjectEntry>,
    (payment, operation): (PaymentId, OperationId),
    card: CardPayment,
) -> Result<(), Failure> {
    let Some(begun) = begin(context, project, (payment, operation), None).await? else {
        return Ok(());
    };
    let Some(provider) = context.providers.get(&begun.operation.account).cloned() else {
        tracing::error!(
            payment.id = payment.get(),
            account = begun.operation.account,
            "no provider account of this name on this node"
        );
        let outcome = ProviderOutcome::Declined(Reason::ProviderUnavailable, Default::default());
        return begun.conclude(context, project, &outcome).await;
    };
    let call = provider_call(context, project, &begun.record, &begun.operation).await?;
    // Nobody else has the card, so what was not sent now is never sent.
    let outcome = provider.submit_card(&call, &card).await.or_when_not_sent(|detail| {
        tracing::warn!(payment.id = payment.get(), detail, "the card was not sent");
        ProviderOutcome::Declined(Reason::ProviderUnavailable, call.facts.clone())
    });
    drop(card);
    begun.conclude(context, project, &outcome).await
}

/// Checks that an answer is the awaited one, writes down that it is being taken to the provider,
/// and gives what is left to do. The first of several equal answers counts.
pub async fn take_answer(
    context: &Context,
    project: &Arc<ProjectEntry>,
    reference: &PaymentRef,
    answer: Answer,
) -> Result<Begun, AnswerError> {
    let key = reference.key();
    let found = context.store.payment_by_key(project.project.id, &key).await;
    let record = found.map_err(Failure::from)?.ok_or(AnswerError::NotFound)?;
    let opening = record.opening().ok_or(AnswerError::NotAwaited)?;
    let awaited = opening.authentication.as_ref().ok_or(AnswerError::NotAwaited)?;
    if opening.state != OperationState::Authenticating {
        return Err(AnswerError::NotAwaited);
    }
    check(awaited, &answer)?;
    let ids = (record.payment.id, opening.id);
    let begun =
        begin(context, project, ids, Some(awaited)).await?.ok_or(AnswerError::NotAwaited)?;
    Ok(Begun { answer: Some(answer.answer), ..begun })
}

fn check(awaited: &Authentication, given: &Answer) -> Result<(), AnswerError> {
    let step = match &given.answer {
        AuthenticationAnswer::Fingerprint { .. } => AuthenticationStep::Fingerprint,
        AuthenticationAnswer::Challenge => AuthenticationStep::Challenge,
        AuthenticationAnswer::Legacy { .. } => AuthenticationStep::Legacy,
    };
    if step != awaited.step {
        return Err(AnswerError::NotAwaited);
    }
    let differs = |given: Option<&str>, own: Option<&str>| given.is_some() && given != own;
    let needs_transaction = step == AuthenticationStep::Challenge;
    if (needs_transaction && given.transaction.is_none())
        || differs(given.transaction.as_deref(), awaited.transaction.as_deref())
        || differs(given.md.as_deref(), awaited.field("MD").or(awaited.transaction.as_deref()))
    {
        return Err(AnswerError::Foreign);
    }
    Ok(())
}

/// An attempt that is committed and whose call is still to be made.
pub struct Begun {
    record: Record,
    operation: Operation,
    answer: Option<AuthenticationAnswer>,
}

impl Begun {
    /// The operation.
    pub const fn operation(&self) -> OperationId {
        self.operation.id
    }

    /// Tells the provider the answer and writes down what it said. Must run to its end even if
    /// whoever asked for it has gone.
    pub async fn finish(
        self,
        context: &Context,
        project: &Arc<ProjectEntry>,
    ) -> Result<(), Failure> {
        let Some(answer) = &self.answer else { return Ok(()) };
        let call = provider_call(context, project, &self.record, &self.operation).await?;
        let outcome = match context.providers.get(&self.operation.account) {
            Some(provider) => provider.authenticate(&call, answer).await,
            None => ProviderOutcome::Unknown("no provider account of this name".to_owned()),
        };
        // The order stands at the provider: only asking tells what becomes of it.
        let outcome = outcome.or_when_not_sent(ProviderOutcome::Unknown);
        self.conclude(context, project, &outcome).await
    }

    async fn conclude(
        self,
        context: &Context,
        project: &Arc<ProjectEntry>,
        outcome: &ProviderOutcome,
    ) -> Result<(), Failure> {
        tracing::debug!(
            payment.id = self.operation.payment.get(),
            operation.id = self.operation.id.get(),
            outcome = outcome.as_str(),
            "acquirer called"
        );
        let (id, attempt) = (self.operation.id, Some(self.operation.attempts));
        let evidence = Evidence { operation: id, outcome, attempt, job: None };
        let record = self.record.clone();
        match write_evidence(context, project, self.record, &evidence).await? {
            Applied::Changed(_) | Applied::LateMoney(_) => Ok(()),
            Applied::Nothing => leave_question(context, &record, id).await,
        }
    }
}

/// Whoever found the payment interrupted was too hasty: it ended while the card was on its way, and
/// what became of the card must still be found out.
async fn leave_question(
    context: &Context,
    record: &Record,
    operation: OperationId,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let after_ms = ask_pause_ms(OperationState::Unknown, 0);
    let owed = Owed { work: Work::AskOutcome, operation, after_ms };
    let changeset = Changeset { jobs: vec![job_of(record, owed, now)], ..Changeset::default() };
    match context.commit(changeset, now).await {
        Ok(()) => Ok(()),
        Err(error) => conflict_of(error).map(drop),
    }
}

/// Commits the attempt. `None` when the operation is not where the caller saw it.
async fn begin(
    context: &Context,
    project: &Arc<ProjectEntry>,
    (payment, id): (PaymentId, OperationId),
    awaited: Option<&Authentication>,
) -> Result<Option<Begun>, Failure> {
    for _ in 0..DECIDE_AGAIN_MAX {
        let found = context.store.payment(project.project.id, payment).await?;
        let Some(mut record) = found else { return Ok(None) };
        let as_seen = record.operation(id).is_some_and(|operation| match awaited {
            None => operation.state == OperationState::Accepted && operation.attempts == 0,
            Some(_) => {
                operation.state == OperationState::Authenticating
                    && operation.authentication.as_ref() == awaited
            }
        });
        let at = context.moment(project);
        let change = match decide::apply(&mut record, id, Happening::Send, at) {
            Ok(Applied::Changed(change)) if as_seen => change,
            Ok(_) | Err(_) => return Ok(None),
        };
        if commit_attempt(context, project, (&record, id), change).await? {
            let operation = record.operation(id).cloned();
            return Ok(operation.map(|operation| Begun { record, operation, answer: None }));
        }
    }
    Err(Failure::Contended)
}

async fn commit_attempt(
    context: &Context,
    project: &ProjectEntry,
    (record, id): (&Record, OperationId),
    change: Change,
) -> Result<bool, Failure> {
    let real = context.clock.now();
    let Some(operation) = record.operation(id) else { return Ok(false) };
    let attempt_start = Some(AttemptStart::of(operation, real));
    let mut changeset = context.changeset(project, record.clone(), change, real)?;
    changeset.attempt_start = attempt_start;
    match context.commit(changeset, real).await {
        Ok(()) => Ok(true),
        Err(error) => conflict_of(error).map(|_| false),
    }
}
