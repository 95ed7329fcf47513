//! The payer goes on: the payment comes into being, or is tried again.
//!
//! A double press, a second tab and the way back meet the payment that the first press made: one
//! charge. The card is in this process's memory until the acquirer has answered. Accepting and calling
//! run apart from the browser: one that hangs up between the two would take the card with it.

use std::sync::Arc;
use std::time::Duration;

use altyn_app::card::CardData;
use altyn_app::payment::{AcceptError, TryError, accept_payment, accept_try, pay_by_card};
use altyn_app::ports::provider::{Browser, CardPayment};
use altyn_app::projects::ProjectEntry;
use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::method::Method;
use altyn_domain::payment::decide::{PaymentRequest, TryRequest, may_try, opening_kind};
use altyn_domain::payment::{Customer, Details, OperationState, Record};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use tokio::sync::oneshot;

use super::answer::{Look, Policy, bill, own, path_of, see_other, show};
use super::entered::{Answers, Entered, FORM_MAX_BYTES};
use super::link::Link;
use super::open::{self, LANGUAGE_FIELD, Standing, choose, exists, offers, read_link, standing};
use super::refused::{self, busy, gone, unavailable};
use super::stand::declined;
use super::view::{Choose, FieldError, Href, Post};
use crate::body;
use crate::peer::Peer;
use crate::state::Web;

/// How long the payer waits here for the provider's first word before the page waits instead.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often a payment that workers carry is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// `POST /payment/pay`: the form of the first screen.
pub async fn pay(State(web): State<Web>, peer: Peer, headers: HeaderMap, body: Body) -> Response {
    let entered = match body::collect(body, FORM_MAX_BYTES).await {
        Ok(bytes) => Entered::read(&bytes),
        Err(_) => return gone(&headers),
    };
    let switched = entered.get(LANGUAGE_FIELD);
    let link = match read_link(&web, entered.get("link").as_bytes()) {
        Ok(link) => link,
        Err(refusal) => {
            return refused::page(&web, Look::of(&headers, Some(switched), None), &refusal);
        }
    };
    let mut look = Look::of(&headers, Some(switched), link.wishes.language.as_deref());
    look.framed |= open::is_framed(&link);
    let existing = match standing(&web, &link).await {
        Ok(Standing::None) => None,
        Ok(Standing::Same(record)) => Some(record),
        Ok(Standing::Other) => return refused::page(&web, look, &exists(&link)),
        Err(response) => return response,
    };
    let payer = Payer {
        web: &web,
        look,
        ip: peer.ip(&headers, web.settings.behind_proxy),
        headers: &headers,
    };
    match existing {
        None => payer.begin(link, &entered).await,
        Some(record) => payer.again(&link.project, *record, &entered).await,
    }
}

/// `GET /payment/{token}/again`: the choice of methods after a decline.
pub async fn again_form(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match super::stand::load(&web, &token, &headers).await {
        Ok((project, record)) => {
            let look = super::stand::look(&headers, None, &record);
            choose_again(&web, look, (&project, &record), (None, &[]), StatusCode::OK)
        }
        Err(response) => response,
    }
}

/// `POST /payment/{token}/again`.
pub async fn again(
    State(web): State<Web>,
    Path(token): Path<String>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (project, record) = match super::stand::load(&web, &token, &headers).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Ok(bytes) = body::collect(body, FORM_MAX_BYTES).await else { return gone(&headers) };
    let entered = Entered::read(&bytes);
    drop(bytes);
    let look = super::stand::look(&headers, Some(entered.get(LANGUAGE_FIELD)), &record);
    let ip = peer.ip(&headers, web.settings.behind_proxy);
    Payer { web: &web, look, ip, headers: &headers }.again(&project, record, &entered).await
}

/// Whoever pressed the button.
struct Payer<'a> {
    web: &'a Web,
    look: Look,
    ip: Option<String>,
    headers: &'a HeaderMap,
}

impl Payer<'_> {
    async fn begin(&self, link: Link, entered: &Entered) -> Response {
        let web = self.web;
        let project = Arc::clone(&link.project);
        let asked = (&link.wishes, link.amount);
        let method = entered.method();
        let offers = offers(web, &project.project, asked, &link.customer);
        let chosen = offers.iter().find(|offer| Some(offer.method()) == method);
        let Some(offer) = chosen else {
            return choose(web, self.look, &link, (None, &[]), StatusCode::UNPROCESSABLE_ENTITY);
        };
        let now = web.context.clock.now();
        let answers = match entered.answers(offer, &link.customer, now) {
            Ok(answers) => answers,
            Err(errors) => {
                let wrong = (method, errors.as_slice());
                return choose(web, self.look, &link, wrong, StatusCode::UNPROCESSABLE_ENTITY);
            }
        };
        let Answers { customer, card } = answers;
        let request = PaymentRequest {
            reference: link.reference.clone(),
            kind: opening_kind(offer.method(), link.wishes.two_stage),
            method: offer.method(),
            amount: link.amount,
            details: Details { customer: self.completed(customer), ..link.details() },
            card: card.as_ref().map(CardData::facts),
            request: link.echo.clone(),
        };
        let (context, whose) = (web.context.clone(), Arc::clone(&project));
        let accept = async move {
            let accepted = accept_payment(&context, &whose, request).await?;
            let fresh = (!accepted.repeated).then_some(accepted.operation);
            Ok(Taken { payment: accepted.payment, fresh })
        };
        match self.carry_out(&project, card, accept).await {
            Ok(response) => response,
            Err(AcceptError::Failure(failure)) => unavailable(&failure),
            // Another tab was quicker.
            Err(AcceptError::Exists { .. }) => self.meet(&link).await,
        }
    }

    /// Leads to the payment that another press made of this link.
    async fn meet(&self, link: &Link) -> Response {
        match standing(self.web, link).await {
            Ok(Standing::Same(record)) => see_other(&path_of(self.web, &record)),
            Ok(Standing::None | Standing::Other) => {
                refused::page(self.web, self.look, &exists(link))
            }
            Err(response) => response,
        }
    }

    async fn again(
        &self,
        project: &Arc<ProjectEntry>,
        record: Record,
        entered: &Entered,
    ) -> Response {
        let web = self.web;
        let Some(page) = &record.payment.details.page else { return gone(self.headers) };
        let now = project.project.now(web.context.clock.now());
        if may_try(&record, now).is_err() {
            return see_other(&path_of(web, &record));
        }
        let known = &record.payment.details.customer;
        let offers = offers(web, &project.project, (page, record.payment.amount), known);
        let chosen = offers.iter().find(|offer| Some(offer.method()) == entered.method());
        let about = (project, &record);
        let Some(offer) = chosen else {
            return choose_again(
                web,
                self.look,
                about,
                (None, &[]),
                StatusCode::UNPROCESSABLE_ENTITY,
            );
        };
        let answers = match entered.answers(offer, known, web.context.clock.now()) {
            Ok(answers) => answers,
            Err(errors) => {
                let wrong = (entered.method(), errors.as_slice());
                return choose_again(
                    web,
                    self.look,
                    about,
                    wrong,
                    StatusCode::UNPROCESSABLE_ENTITY,
                );
            }
        };
        let Answers { customer, card } = answers;
        let request = TryRequest {
            method: offer.method(),
            customer: self.completed(customer),
            card: card.as_ref().map(CardData::facts),
        };
        let (context, whose, payment) =
            (web.context.clone(), Arc::clone(project), record.payment.id);
        let accept = async move {
            let operation = accept_try(&context, &whose, payment, request).await?;
            Ok(Taken { payment, fresh: Some(operation) })
        };
        match self.carry_out(project, card, accept).await {
            Ok(response) => response,
            Err(TryError::Refused(_)) => see_other(&path_of(web, &record)),
            Err(TryError::NotFound) => gone(self.headers),
            Err(TryError::Failure(failure)) => unavailable(&failure),
        }
    }

    /// Accepts and takes the card to the acquirer, waits a little for the provider's first word,
    /// then leads to the payment's page.
    async fn carry_out<E: Send + 'static>(
        &self,
        project: &Arc<ProjectEntry>,
        card: Option<CardData>,
        accept: impl Future<Output = Result<Taken, E>> + Send + 'static,
    ) -> Result<Response, E> {
        let web = self.web;
        let Some(room) = web.calls.room() else { return Ok(busy()) };
        let (context, pages, whose) =
            (web.context.clone(), Arc::clone(&web.pages), Arc::clone(project));
        let browser = browser(self.headers);
        let (tell, told) = oneshot::channel();
        let call = room.run_to_end(async move {
            let taken = accept.await;
            let fresh = taken.as_ref().ok().and_then(|taken| Some((taken.payment, taken.fresh?)));
            // Whoever asked may have gone meanwhile; what was accepted goes on.
            let _ = tell.send(taken);
            let (Some(about), Some(card)) = (fresh, card) else { return Ok(()) };
            let back = pages.url(whose.project.id, about.0) + "/3ds";
            let payment = CardPayment { card, authentication_return: Some(back), browser };
            pay_by_card(&context, &whose, about, payment).await
        });
        let taken = match told.await {
            Ok(taken) => taken?,
            Err(error) => return Ok(unavailable(&error)),
        };
        let heard = async {
            let _ = call.await;
            first_word(web, project, taken.payment).await;
        };
        let _ = tokio::time::timeout(PATIENCE, heard).await;
        let token = web.pages.token(project.project.id, taken.payment);
        Ok(see_other(&format!("/payment/{token}?go=1")))
    }

    /// With what the connection tells of whoever pays now: another try may be another payer's.
    fn completed(&self, known: Customer) -> Customer {
        Customer {
            ip_address: self.ip.clone().or(known.ip_address),
            language: Some(self.look.lang.code().to_owned()),
            ..known
        }
    }
}

/// What was accepted.
struct Taken {
    payment: PaymentId,
    /// The operation that has come into being; none when the payment was there already.
    fresh: Option<OperationId>,
}

async fn first_word(web: &Web, project: &ProjectEntry, payment: PaymentId) {
    loop {
        let found = web.context.store.payment(project.project.id, payment).await;
        let waits = found.ok().flatten().is_some_and(|record| {
            record.opening().is_some_and(|opening| {
                matches!(opening.state, OperationState::Accepted | OperationState::Sending)
            })
        });
        if !waits {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn choose_again(
    web: &Web,
    look: Look,
    (project, record): (&Arc<ProjectEntry>, &Record),
    (chosen, errors): (Option<Method>, &[FieldError]),
    status: StatusCode,
) -> Response {
    let path = path_of(web, record);
    let now = project.project.now(web.context.clock.now());
    let payment = &record.payment;
    let Some(page) = payment.details.page.as_ref().filter(|_| may_try(record, now).is_ok()) else {
        return see_other(&path);
    };
    let offers = offers(web, &project.project, (page, payment.amount), &payment.details.customer);
    if offers.is_empty() {
        return see_other(&path);
    }
    let (action, other) = (format!("{path}/again"), format!("{path}/again?lang={}", look.other()));
    let urls = &payment.details.return_urls;
    let screen = Choose {
        frame: look.frame(Some(project), Some(&other), None),
        bill: bill(payment),
        post: Post { action: own(&action), hidden: &[(LANGUAGE_FIELD, look.lang.code())] },
        offers: &offers,
        chosen: chosen.or(Some(payment.method)),
        hold: page.two_stage,
        declined: record.opening().and_then(declined),
        errors,
        until: page.expires_at,
        back: urls.back.as_deref().or(urls.decline.as_deref()).and_then(Href::new),
    };
    show(status, &Policy::of(project), &screen)
}

/// The browser as 3-D Secure wants it described, from what it says by itself.
fn browser(headers: &HeaderMap) -> Browser {
    let text = |name: &HeaderName| {
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let language = text(&ACCEPT_LANGUAGE)
        .and_then(|list| list.split([',', ';']).next().map(|tag| tag.trim().to_owned()));
    Browser { accept: text(&ACCEPT), user_agent: text(&USER_AGENT), language, ..Browser::default() }
}
