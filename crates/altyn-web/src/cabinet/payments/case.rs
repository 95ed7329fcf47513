//! One payment with all that is known of it, for a person who may see it.

use std::sync::Arc;

use altyn_app::access::audit::{Action, AuditFilter, StoredAudit};
use altyn_app::access::user::Right;
use altyn_app::cabinet::{Offers, offers_now};
use altyn_app::callback::{Callback, CallbackAttempt, CallbackState};
use altyn_app::context::Failure;
use altyn_app::ports::listing::History;
use altyn_app::projects::ProjectEntry;
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::payment::{OperationState, Record};
use altyn_domain::status::{Status, Told, status_of};
use altyn_domain::time::Timestamp;
use axum::response::Response;

use super::view;
use crate::cabinet::guard::Signed;
use crate::state::Web;

/// The most human actions that are shown; nobody does more with one payment.
const ACTIONS_MAX: u32 = 500;

/// A payment in hand.
pub struct Case {
    /// Its project.
    pub project: Arc<ProjectEntry>,
    /// Everything known of it.
    pub history: History,
    /// How far the word of it got.
    pub told: Told,
    /// What the person may do with it now.
    pub offers: Offers,
    /// What people did with it, oldest first.
    pub people: Vec<StoredAudit>,
    /// What time it is for it.
    pub now: Timestamp,
}

impl Case {
    /// Reads it; whoever may not see it gets the page that says that nothing is there, as for a
    /// payment that does not exist.
    pub async fn load(
        web: &Web,
        signed: &Signed,
        (project, payment): &(String, String),
    ) -> Result<Self, Response> {
        let project = project.parse().ok().and_then(ProjectId::new);
        let payment = payment.parse().ok().map(PaymentId::new);
        let may = |id: &ProjectId| signed.actor.may(Right::View, *id);
        if let Some(foreign) = project.filter(|id| !may(id)) {
            // Not in that project's log: another merchant need not learn who tried.
            let said = format!("a payment of project {foreign}, which is not his");
            signed.note_refusal(web, Action::Look, None, &said).await;
        }
        let Some((project, payment)) = project.filter(may).zip(payment) else {
            return Err(signed.not_found(web));
        };
        match Self::read(web, signed, project, payment).await {
            Ok(Some(case)) => Ok(case),
            Ok(None) => Err(signed.not_found(web)),
            Err(failure) => Err(signed.failed(&failure)),
        }
    }

    async fn read(
        web: &Web,
        signed: &Signed,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<Self>, Failure> {
        let Some(entry) = web.context.projects.get(project) else { return Ok(None) };
        let filter = AuditFilter {
            projects: Some(vec![project]),
            payment: Some(payment),
            limit: ACTIONS_MAX,
            ..AuditFilter::default()
        };
        let history = web.cabinet.listing.history(project, payment);
        let people = web.cabinet.access.audit_entries(&filter);
        let (history, people) = tokio::join!(history, people);
        let Some(history) = history? else { return Ok(None) };
        let mut people = people?;
        people.reverse();
        let told = told(&history);
        let user = &signed.actor.user;
        let offers = offers_now(&web.cabinet, user, &history.record, worst(&history, told)).await?;
        let now = web.context.moment(&entry).project;
        Ok(Some(Self { project: entry, history, told, offers, people, now }))
    }

    /// The payment and its operations.
    pub fn record(&self) -> &Record {
        &self.history.record
    }

    /// Its number, with its project's.
    pub fn number(&self) -> (ProjectId, PaymentId) {
        (self.record().payment.project, self.record().payment.id)
    }

    /// Its own page.
    pub fn address(&self) -> String {
        let (project, payment) = self.number();
        view::address(project, payment)
    }

    /// Its status.
    pub fn status(&self) -> Status {
        status_of(self.record(), self.told)
    }
}

/// The same for what is sent again: a callback about another operation may be in vain as well.
fn worst(history: &History, told: Told) -> Told {
    let given_up = |(callback, _): &(Callback, Vec<CallbackAttempt>)| {
        callback.progress.state == CallbackState::GivenUp
    };
    if history.callbacks.iter().any(given_up) { Told::GivenUp } else { told }
}

/// How far the word of the payment's approval got: by the last callback that tells of it, as the
/// list has it.
fn told(history: &History) -> Told {
    let opening = history.record.opening().map(|opening| opening.id);
    let approval = history.callbacks.iter().rev().map(|(callback, _)| callback).find(|callback| {
        Some(callback.operation) == opening && callback.told == OperationState::Approved
    });
    match approval.map(|callback| callback.progress.state) {
        None => Told::Nobody,
        Some(CallbackState::Owed) => Told::Owed,
        Some(CallbackState::Delivered) => Told::Delivered,
        Some(CallbackState::GivenUp) => Told::GivenUp,
    }
}
