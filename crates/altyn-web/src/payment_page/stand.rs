//! How a payment stands, for its payer: the one page that every way leads back to.
//!
//! It is drawn from the payment alone, so reload, the back button, a second tab and another device
//! see the same. Nothing here changes a payment but giving up what is not paid.

use std::sync::Arc;

use altyn_app::inbound::{About, settle_for_payer};
use altyn_app::payment::{give_up, is_given_up_from};
use altyn_app::projects::ProjectEntry;
use altyn_domain::method::Method;
use altyn_domain::payment::decide::may_try;
use altyn_domain::payment::{
    Authentication, AuthenticationStep, Operation, Payment, PaymentState, Record, RedirectMethod,
};
use altyn_domain::reason::Reason;
use altyn_domain::time::{SECOND_MS, Timestamp};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::answer::{Look, Policy, bill, own, path_of, see_other, show};
use super::refused::{gone, unavailable};
use super::room::Room;
use super::view::{
    AutoReturn, Decline, Fingerprint, Href, Instruction, Leaving, Live, Meaning, Outcome, Paid,
    Place, Post, Waiting,
};
use super::widget;
use crate::api::ecommpay::codes::code_of;
use crate::state::Web;

/// How long the result is shown before the payer is taken back by itself, seconds.
const AUTO_RETURN_AFTER_S: u32 = 5;

/// Questions to providers that payers have brought on, at once: each holds a connection for up to
/// half a minute.
const QUESTIONS_MAX: usize = 64;
/// Of them about one payment: the second would be told the same.
const QUESTIONS_OF_ONE_MAX: u32 = 1;

/// The room for questions. Where there is none, nobody waits: a job asks anyway.
pub fn room_for_questions() -> Room {
    Room::new(QUESTIONS_MAX, QUESTIONS_OF_ONE_MAX)
}

/// What the address asks for beside the payment.
#[derive(Deserialize)]
pub struct Wish {
    /// The language was switched.
    lang: Option<String>,
    /// The payer has just pressed the button, so he is sent on without another press.
    go: Option<String>,
    /// A bank adds this when it sends the payer back (providers.md §1.2).
    #[serde(rename = "orderId")]
    order: Option<String>,
}

/// `GET /payment/{token}`.
pub async fn stand(
    State(web): State<Web>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let (project, record) = match load(&web, &token, &headers).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    if wish.order.is_some() {
        // The bank is asked at once; its answer is shown at the clean address.
        ask_at_once(&web, &record).await;
        return see_other(&path_of(&web, &record));
    }
    let look = look(&headers, wish.lang.as_deref(), &record);
    Page { web: &web, project: &project, record: &record, look, go: wish.go.is_some() }.show()
}

/// `POST /payment/{token}/cancel`: gives up what is not paid yet.
pub async fn cancel(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (project, record) = match load(&web, &token, &headers).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let path = path_of(&web, &record);
    let Some(_room) = web.questions.slot(record.payment.id) else { return see_other(&path) };
    if let Err(failure) = give_up(&web.context, &project, record.payment.id).await {
        return unavailable(&failure);
    }
    let now = project.project.now(web.context.clock.now());
    match web.context.store.payment(project.project.id, record.payment.id).await {
        Ok(Some(after)) if may_try(&after, now).is_ok() => see_other(&format!("{path}/again")),
        Ok(_) => see_other(&path),
        Err(error) => unavailable(&error),
    }
}

/// The payment behind a token.
pub async fn load(
    web: &Web,
    token: &str,
    headers: &HeaderMap,
) -> Result<(Arc<ProjectEntry>, Record), Response> {
    let (project, payment) = web.pages.read(token).ok_or_else(|| gone(headers))?;
    let found = web.context.store.payment(project, payment).await;
    let record = found.map_err(|error| unavailable(&error))?.ok_or_else(|| gone(headers))?;
    let project = web.context.project(project).await.map_err(|error| unavailable(&error))?;
    Ok((project, record))
}

/// How this payment's page is looked at.
pub fn look(headers: &HeaderMap, switched: Option<&str>, record: &Record) -> Look {
    // In which whoever tried last has pressed the button.
    Look::of(headers, switched, record.payment.details.customer.language.as_deref())
}

/// Asks the provider because the payer is at the door; what cannot be asked changes nothing.
pub async fn ask_at_once(web: &Web, record: &Record) {
    let Some(opening) = record.opening() else { return };
    let Some(_room) = web.questions.slot(record.payment.id) else { return };
    let about = About {
        project: record.payment.project,
        payment: record.payment.id,
        operation: opening.id,
        authentic: true,
    };
    if let Err(failure) = settle_for_payer(&web.context, about).await {
        tracing::warn!(payment.id = about.payment.get(), error = %failure, "a payer waits");
    }
}

/// Why an operation was declined, and the code of it.
pub fn declined(operation: &Operation) -> Option<Decline<'static>> {
    let reason = operation.reason?;
    Some(Decline { reason, code: code_of(operation.method, reason).number() })
}

struct Page<'a> {
    web: &'a Web,
    project: &'a Arc<ProjectEntry>,
    record: &'a Record,
    look: Look,
    go: bool,
}

impl Page<'_> {
    fn show(&self) -> Response {
        let payment = &self.record.payment;
        let Some(opening) = self.record.opening() else { return self.waiting(None) };
        match payment.state {
            PaymentState::Processing | PaymentState::AwaitingClarification => self.waiting(None),
            PaymentState::AwaitingRedirect => match &opening.redirect {
                Some(redirect) if self.go => {
                    let fields = Some(redirect.body.as_slice())
                        .filter(|_| redirect.method == RedirectMethod::Post);
                    self.leaving(&redirect_url(redirect), fields)
                }
                Some(_) => self.waiting_for_payer(),
                None => self.waiting(None),
            },
            PaymentState::AwaitingAuthentication => self.authentication(opening),
            PaymentState::AwaitingCustomer => self.instruction(opening),
            PaymentState::Authorized
            | PaymentState::Voided
            | PaymentState::Paid
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded
            | PaymentState::Declined
            | PaymentState::Rejected => self.outcome(opening),
        }
    }

    fn now(&self) -> Timestamp {
        self.project.project.now(self.web.context.clock.now())
    }

    fn path(&self) -> String {
        path_of(self.web, self.record)
    }

    fn other_language(&self) -> String {
        format!("{}?lang={}", self.path(), self.look.other())
    }

    fn place(&self) -> Place {
        let payment = &self.record.payment;
        match self.record.opening().map_or(payment.method, |opening| opening.method) {
            Method::AlfaClick => Place::AlfaClick,
            Method::CardPartner => Place::Partner,
            Method::Card => Place::CardBank,
        }
    }

    fn can_cancel(&self, opening: &Operation) -> bool {
        let provider = self.web.context.providers.get(&opening.account);
        let closes = provider.is_some_and(|provider| provider.capabilities().closes_orders);
        closes && is_given_up_from(opening)
    }

    /// The payer is away at the bank, or should be: the way there is offered again.
    fn waiting_for_payer(&self) -> Response {
        let go = format!("{}?go=1", self.path());
        self.waiting(Some(own(&go)))
    }

    fn waiting(&self, proceed: Option<Href<'_>>) -> Response {
        let (path, other) = (self.path(), self.other_language());
        let events = format!("{path}/events");
        let cancel = format!("{path}/cancel");
        let payment = &self.record.payment;
        let version = payment.version.to_string();
        let opening = self.record.opening();
        let closes = opening.is_some_and(|opening| self.can_cancel(opening));
        let screen = Waiting {
            frame: self.look.frame(Some(self.project), Some(&other), None),
            bill: bill(payment),
            place: self.place(),
            since: opening.map_or(payment.created_at, |opening| opening.created_at),
            now: self.now(),
            live: Live { events: own(&events), version: &version },
            proceed,
            cancel: closes.then_some(Post { action: own(&cancel), hidden: &[] }),
            back: payment.details.return_urls.back.as_deref().and_then(Href::new),
        };
        show(StatusCode::OK, &Policy::of(self.project), &screen)
    }

    fn leaving(&self, to: &str, fields: Option<&[(String, String)]>) -> Response {
        let Some(href) = Href::new(to) else { return self.waiting(None) };
        let other = self.other_language();
        let fields: Option<Vec<(&str, &str)>> = fields.map(|fields| {
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
        });
        let screen = Leaving {
            frame: self.look.frame(Some(self.project), Some(&other), None),
            bill: bill(&self.record.payment),
            place: self.place(),
            to: href,
            fields: fields.as_deref(),
        };
        show(StatusCode::OK, &Policy::of(self.project).forms_to(to), &screen)
    }

    fn authentication(&self, opening: &Operation) -> Response {
        match &opening.authentication {
            None => self.waiting(None),
            Some(step) if step.step == AuthenticationStep::Fingerprint => self.fingerprint(step),
            Some(step) if self.go => self.leaving(&step.url, Some(&step.fields)),
            Some(_) => self.waiting_for_payer(),
        }
    }

    fn fingerprint(&self, step: &Authentication) -> Response {
        let Some(check) = Href::new(&step.url) else { return self.waiting(None) };
        let (other, done) = (self.other_language(), format!("{}/fingerprint", self.path()));
        let fields: Vec<(&str, &str)> =
            step.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let screen = Fingerprint {
            frame: self.look.frame(Some(self.project), Some(&other), None),
            bill: bill(&self.record.payment),
            check: Post { action: check, hidden: &fields },
            done: Post { action: own(&done), hidden: &[] },
        };
        let policy = Policy::of(self.project).forms_to(&step.url).frames_to(&step.url);
        show(StatusCode::OK, &policy, &screen)
    }

    fn instruction(&self, opening: &Operation) -> Response {
        let (path, other) = (self.path(), self.other_language());
        let (events, cancel) = (format!("{path}/events"), format!("{path}/cancel"));
        let payment = &self.record.payment;
        let version = payment.version.to_string();
        let life_ms = opening.method.rules().bill_life_s * SECOND_MS;
        let screen = Instruction {
            frame: self.look.frame(Some(self.project), Some(&other), None),
            bill: bill(payment),
            login: payment.details.customer.account_id.as_deref().unwrap_or_default(),
            until: opening.created_at.plus_millis(life_ms),
            now: self.now(),
            live: Live { events: own(&events), version: &version },
            cancel: self.can_cancel(opening).then_some(Post { action: own(&cancel), hidden: &[] }),
            back: payment.details.return_urls.back.as_deref().and_then(Href::new),
        };
        show(StatusCode::OK, &Policy::of(self.project), &screen)
    }

    fn outcome(&self, opening: &Operation) -> Response {
        let payment = &self.record.payment;
        let (path, other) = (self.path(), self.other_language());
        let (again, result) = (format!("{path}/again"), widget::result(self.project, self.record));
        let meaning = meaning(payment, opening);
        let failed = matches!(meaning, Meaning::Declined(_) | Meaning::Expired);
        let urls = &payment.details.return_urls;
        let unpaid = failed || matches!(meaning, Meaning::Voided);
        let ended = if unpaid { &urls.decline } else { &urls.success };
        let back = ended.as_deref().or(urls.back.as_deref()).and_then(Href::new);
        let page = payment.details.page.as_ref();
        let takes_back =
            page.is_some_and(|page| if unpaid { page.auto_decline } else { page.auto_success });
        let card = opening.card.as_ref();
        let screen = Outcome {
            frame: self.look.frame(Some(self.project), Some(&other), Some(&result)),
            bill: bill(payment),
            meaning,
            at: payment.updated_at,
            paid: (!failed).then(|| Paid {
                method: opening.method,
                brand: card.and_then(|card| card.brand),
                last_four: card.map(altyn_domain::card::CardFacts::last_four),
            }),
            back,
            auto_return: back
                .filter(|_| takes_back)
                .map(|to| AutoReturn { to, after_s: AUTO_RETURN_AFTER_S }),
            again: may_try(self.record, self.now()).is_ok().then(|| own(&again)),
        };
        show(StatusCode::OK, &Policy::of(self.project), &screen)
    }
}

/// A redirect by `GET` with its fields in the query.
fn redirect_url(redirect: &altyn_domain::payment::Redirect) -> String {
    if redirect.method == RedirectMethod::Post || redirect.body.is_empty() {
        return redirect.url.clone();
    }
    match url::Url::parse(&redirect.url) {
        Ok(mut url) => {
            url.query_pairs_mut().extend_pairs(&redirect.body);
            url.into()
        }
        Err(_) => redirect.url.clone(),
    }
}

fn meaning(payment: &Payment, opening: &Operation) -> Meaning<'static> {
    match payment.state {
        PaymentState::Authorized => Meaning::Held,
        PaymentState::Voided => Meaning::Voided,
        PaymentState::PartiallyRefunded => {
            Meaning::PartiallyRefunded { refunded: payment.refunded }
        }
        PaymentState::Refunded => Meaning::Refunded,
        PaymentState::Declined | PaymentState::Rejected => match opening.reason {
            Some(Reason::PayerTimedOut | Reason::ClarificationTimedOut) => Meaning::Expired,
            Some(_) | None => declined(opening).map_or(Meaning::Expired, Meaning::Declined),
        },
        PaymentState::Paid
        | PaymentState::Processing
        | PaymentState::AwaitingClarification
        | PaymentState::AwaitingRedirect
        | PaymentState::AwaitingCustomer
        | PaymentState::AwaitingAuthentication => Meaning::Paid,
    }
}
