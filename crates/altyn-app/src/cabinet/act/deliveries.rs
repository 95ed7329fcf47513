//! Sending callbacks again: those of one payment, or all that a filter finds.

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};

use super::{ActionError, Asked};
use crate::access::audit::{Action, AuditEntry};
use crate::access::user::Right;
use crate::access::{Actor, Denied};
use crate::cabinet::Cabinet;
use crate::callback::{Callback, CallbackFilter, CallbackState};
use crate::changeset::Changeset;
use crate::context::{Failure, conflict_of};
use crate::jobs;
use crate::ports::listing::{Deliveries, DeliveryFilter};

/// Callbacks that are read, and begun anew, at a time.
const PAGE: u32 = 500;
/// Callbacks that one press begins anew: what is more waits for the next press, so that no request
/// takes for ever.
const RESEND_MAX: usize = 100_000;

/// Begins the delivery of a payment's callbacks anew, those that were given up: «Отправить
/// оповещение» (seed 000). Gives which.
pub async fn resend(
    cabinet: &Cabinet,
    actor: &Actor,
    payment: (ProjectId, PaymentId),
) -> Result<Vec<CallbackId>, ActionError> {
    let (action, detail) = (Action::Resend, String::new());
    let mut asked = Asked { cabinet, actor, payment, action, operation: None, detail };
    asked.open(Right::Resend).await?;
    let chosen = to_resend(cabinet, payment).await?;
    asked.operation = one_operation(&chosen);
    if chosen.is_empty() {
        return Err(asked.refuse(ActionError::NotOffered).await);
    }
    let ids: Vec<CallbackId> = chosen.iter().map(|callback| callback.id).collect();
    let numbers: Vec<String> = ids.iter().map(ToString::to_string).collect();
    asked.detail = format!("callbacks {}", numbers.join(", "));
    begin_anew(cabinet, Some(asked.entry()), &chosen).await?;
    Ok(ids)
}

async fn to_resend(
    cabinet: &Cabinet,
    (project, payment): (ProjectId, PaymentId),
) -> Result<Vec<Callback>, Failure> {
    let store = &cabinet.context.store;
    let filter = CallbackFilter {
        project: Some(project),
        payment: Some(payment),
        state: Some(CallbackState::GivenUp),
        before: None,
        limit: PAGE,
    };
    Ok(store.callbacks(filter).await?)
}

/// The operation that all of them tell of, if there is but one.
fn one_operation(callbacks: &[Callback]) -> Option<OperationId> {
    let first = callbacks.first()?.operation;
    callbacks.iter().all(|callback| callback.operation == first).then_some(first)
}

/// The same for every delivery of a filter in the projects where he may; says how many. A filter
/// that names no state means those that were given up.
pub async fn resend_all(
    cabinet: &Cabinet,
    actor: &Actor,
    mut filter: DeliveryFilter,
) -> Result<u64, ActionError> {
    filter.projects.retain(|project| actor.may(Right::Resend, *project));
    let entry = |detail| {
        let entry = actor.entry(cabinet.context.clock.now(), Action::Resend, detail);
        match filter.projects.as_slice() {
            [project] => entry.in_project(*project),
            [] | [_, ..] => entry,
        }
    };
    if filter.projects.is_empty() {
        let denied = Denied(Right::Resend);
        let entry = entry(format!("all; {denied}")).refused();
        cabinet.access.audit(entry).await.map_err(Failure::from)?;
        return Err(denied.into());
    }
    let found = all_of(cabinet, &filter).await?;
    let mut entry = Some(entry(told_of(&filter, found.len())));
    for some in found.chunks(PAGE as usize) {
        begin_anew(cabinet, entry.take(), some).await?;
    }
    if let Some(entry) = entry {
        cabinet.access.audit(entry).await.map_err(Failure::from)?;
    }
    Ok(found.len() as u64)
}

/// Everything that the filter finds, before anything is begun: what is begun leaves the filter.
async fn all_of(cabinet: &Cabinet, filter: &DeliveryFilter) -> Result<Vec<Callback>, Failure> {
    let mut page = DeliveryFilter {
        state: Some(filter.state.unwrap_or(CallbackState::GivenUp)),
        before: None,
        limit: PAGE,
        ..filter.clone()
    };
    let mut found = Vec::new();
    loop {
        let Deliveries { found: some, older } = cabinet.listing.deliveries(&page).await?;
        found.extend(some.into_iter().map(|delivery| delivery.callback));
        if found.len() >= RESEND_MAX {
            found.truncate(RESEND_MAX);
            return Ok(found);
        }
        // A page may be short, or empty, where looking was stopped.
        let Some(older) = older else { return Ok(found) };
        page.before = Some(older);
    }
}

fn told_of(filter: &DeliveryFilter, count: usize) -> String {
    let state = filter.state.unwrap_or(CallbackState::GivenUp);
    let projects: Vec<String> = filter.projects.iter().take(50).map(ToString::to_string).collect();
    let mut detail =
        format!("{count} callbacks, {}, projects {}", state.as_str(), projects.join(", "));
    if let Some(payment) = filter.payment {
        detail = format!("{detail}, payment {payment}");
    }
    if let Some(host) = &filter.host {
        detail = format!("{detail}, to {}", super::cut(host, 255));
    }
    detail
}

async fn begin_anew(
    cabinet: &Cabinet,
    entry: Option<AuditEntry>,
    callbacks: &[Callback],
) -> Result<(), Failure> {
    let now = cabinet.context.clock.now();
    let changeset = Changeset { audit: entry, ..jobs::resend(callbacks, now) };
    match cabinet.context.commit(changeset, now).await {
        Ok(()) => Ok(()),
        Err(error) => {
            Err(conflict_of(error).map_or_else(|failure| failure, |_| Failure::Contended))
        }
    }
}
