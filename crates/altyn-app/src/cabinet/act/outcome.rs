//! An outcome that is open: asking the provider again, and saying what its statement shows.

use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::payment::{Record, decide};
use altyn_domain::status::Told;

use super::{ActionError, Asked, REASON_MAX_CHARS, SettleForm, cut};
use crate::access::Actor;
use crate::access::audit::Action;
use crate::access::user::Right;
use crate::cabinet::offers::offers_now;
use crate::cabinet::{Cabinet, Offers};
use crate::context::{DECIDE_AGAIN_MAX, Failure, conflict_of};
use crate::jobs::{self, SettleError, SettledAs};

/// Asks the provider at once what became of an operation: «запросить банк ещё раз».
pub async fn ask_again(
    cabinet: &Cabinet,
    actor: &Actor,
    payment: (ProjectId, PaymentId),
    operation: OperationId,
) -> Result<(), ActionError> {
    let (action, detail) = (Action::AskProvider, String::new());
    let asked = Asked { cabinet, actor, payment, action, operation: Some(operation), detail };
    let (project, record) = asked.open(Right::Resend).await?;
    if !offered(&asked, &record, operation).await?.ask.contains(&operation) {
        return Err(asked.refuse(ActionError::NotOffered).await);
    }
    // Before the question: it was asked, whatever the answer changes or does not.
    cabinet.access.audit(asked.entry()).await.map_err(Failure::from)?;
    Ok(jobs::ask_now(&cabinet.context, &project, record, operation).await?)
}

/// Says how an operation ended: «отметить выполненным», «отметить неудавшимся».
pub async fn settle(
    cabinet: &Cabinet,
    actor: &Actor,
    payment: (ProjectId, PaymentId),
    form: SettleForm,
) -> Result<(), ActionError> {
    let reason = cut(&form.reason, REASON_MAX_CHARS);
    let word = match form.outcome {
        SettledAs::Approved => "done",
        SettledAs::Declined => "failed",
    };
    let asked = Asked {
        cabinet,
        actor,
        payment,
        action: Action::Settle,
        operation: Some(form.operation),
        detail: format!("{word}; {reason}"),
    };
    let (_, record) = asked.open(Right::Settle).await?;
    let offers = offered(&asked, &record, form.operation).await?;
    if reason.is_empty() {
        return Err(asked.refuse(ActionError::NoReason).await);
    }
    if offers.close.contains(&form.operation) && form.outcome == SettledAs::Declined {
        return close(&asked, record, form.operation).await;
    }
    if !offers.settle.contains(&form.operation) {
        return Err(asked.refuse(ActionError::NotOffered).await);
    }
    let context = cabinet.context.on_behalf(asked.entry());
    match jobs::settle(&context, form.operation, form.outcome).await {
        Ok(()) => Ok(()),
        Err(SettleError::NotFound) => Err(ActionError::NotFound),
        // The provider, or somebody else, was quicker.
        Err(SettleError::NotOpen(_)) => Err(asked.refuse(ActionError::NotOffered).await),
        Err(SettleError::Failure(failure)) => Err(failure.into()),
    }
}

/// Closes a refund that the bank declined.
async fn close(asked: &Asked<'_>, record: Record, id: OperationId) -> Result<(), ActionError> {
    let (project, mut record) = (asked.payment.0, record);
    let context = asked.cabinet.context.on_behalf(asked.entry());
    for _ in 0..DECIDE_AGAIN_MAX {
        let entry = context.project(project).await.map_err(Failure::from)?;
        let at = context.moment(&entry);
        let Some(change) = decide::close(&mut record, id, at) else {
            return Err(asked.refuse(ActionError::NotOffered).await);
        };
        let changeset =
            context.changeset(&entry, record, change, at.real).map_err(Failure::from)?;
        match context.commit(changeset, at.real).await {
            Ok(()) => return Ok(()),
            Err(error) => conflict_of(error).map(drop)?,
        };
        record = asked.read().await?;
    }
    Err(Failure::Contended.into())
}

/// What the payment offers, if the operation is one of its own.
async fn offered(
    asked: &Asked<'_>,
    record: &Record,
    operation: OperationId,
) -> Result<Offers, ActionError> {
    if record.operation(operation).is_none() {
        return Err(asked.refuse(ActionError::NotFound).await);
    }
    Ok(offers_now(asked.cabinet, &asked.actor.user, record, Told::Nobody).await?)
}
