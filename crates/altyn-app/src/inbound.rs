//! Notifications from providers: kept, and taken as a reason to ask. They never decide an outcome.
//!
//! A notification may come twice, early, late or forged. It is authenticated as far as the
//! provider signs it, stored once, and wakes the question; what the provider answers then is what
//! counts. The answer to the provider follows the commit.

use altyn_domain::id::{OperationId, PaymentId, ProjectId, operation_of};
use altyn_domain::payment::Record;

use crate::callback::lane;
use crate::changeset::{Changeset, NotificationWrite};
use crate::context::{Context, Failure, conflict_of};
use crate::jobs::{JobKind, NewJob};
use crate::ports::provider::{Notification, NotificationError, NotificationSubject};

/// Why a notification was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// No such provider account here.
    #[error("no such provider account")]
    NoAccount,
    /// It is not authentic or cannot be read.
    #[error(transparent)]
    Notification(#[from] NotificationError),
    /// It names no operation that this account carries.
    #[error("the notification names no operation of this account")]
    NoOperation,
    /// Not the provider's fault.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// What a notification was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose.
    pub project: ProjectId,
    /// Which payment.
    pub payment: PaymentId,
    /// Which operation.
    pub operation: OperationId,
    /// Whether its sender proved that he was given the order, whose number can be guessed.
    pub authentic: bool,
}

/// Keeps a notification and wakes the question about its operation.
pub async fn receive(
    context: &Context,
    account: &str,
    parameters: Vec<(String, String)>,
) -> Result<About, InboundError> {
    let provider = context.providers.get(account).ok_or(InboundError::NoAccount)?;
    let subject = provider.read_notification(&parameters)?;
    let about = find(context, account, &subject).await?.ok_or(InboundError::NoOperation)?;
    let now = context.clock.now();
    let changeset = Changeset {
        notification: Some(NotificationWrite {
            project: about.project,
            operation: about.operation,
            notification: Notification { received_at: now, parameters },
        }),
        jobs: vec![NewJob {
            kind: JobKind::AskOutcome,
            subject: about.operation.get(),
            project: about.project,
            payment: about.payment,
            lane: lane(account),
            due_at: now,
        }],
        ..Changeset::default()
    };
    match context.commit(changeset, now).await {
        Ok(()) => Ok(about),
        Err(error) => {
            conflict_of(error)?;
            Err(Failure::Contended.into())
        }
    }
}

/// Asks the provider at once because the payer is waiting at our door, and gives the payment as it
/// stands then. A provider that cannot tell changes nothing.
pub async fn settle_for_payer(context: &Context, about: About) -> Result<Option<Record>, Failure> {
    let project = context.project(about.project).await?;
    let Some(record) = context.store.payment(about.project, about.payment).await? else {
        return Ok(None);
    };
    crate::jobs::ask_now(context, &project, record, about.operation).await?;
    Ok(context.store.payment(about.project, about.payment).await?)
}

async fn find(
    context: &Context,
    account: &str,
    subject: &NotificationSubject,
) -> Result<Option<About>, Failure> {
    if let Some(transaction) = &subject.refunded_transaction {
        let found = context.store.open_refund_of_transaction(account, transaction).await?;
        return Ok(found.map(|(project, payment, operation)| About {
            project,
            payment,
            operation,
            authentic: subject.authentic,
        }));
    }
    let Some(operation) = subject.order_number.as_deref().and_then(operation_of) else {
        return Ok(None);
    };
    let Some((project, payment)) = context.store.payment_of(operation).await? else {
        return Ok(None);
    };
    let record = context.store.payment(project, payment).await?;
    let carried = record
        .as_ref()
        .and_then(|record| record.operation(operation))
        .is_some_and(|operation| operation.account == account);
    Ok(carried.then_some(About { project, payment, operation, authentic: subject.authentic }))
}
