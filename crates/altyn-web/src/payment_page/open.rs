//! Opening the page: the signed link becomes the choice of methods. Nothing is stored.
//!
//! A link whose payment exists leads to how that payment stands, so that a second tab, the way
//! back and a repeated link all meet at one place.

use std::sync::Arc;

use altyn_app::payment::find_payment;
use altyn_app::projects::ProjectEntry;
use altyn_domain::method::Method;
use altyn_domain::money::Amount;
use altyn_domain::payment::{Customer, PageWishes, Record};
use altyn_domain::project::Project;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::answer::{Look, Policy, own, path_of, see_other, show};
use super::entered::offer;
use super::link::{self, Door, FrameMode, Link, LinkRefusal, RawLink};
use super::refused::{self, unavailable};
use super::view::{Bill, Choose, FieldError, Href, Offer, Post};
use crate::api::ecommpay::codes::Code;
use crate::body;
use crate::state::Web;

/// `GET /payment?…`.
pub async fn by_query(
    State(web): State<Web>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    open(&web, &headers, query.unwrap_or_default().as_bytes()).await
}

/// `POST /payment` with the same parameters as a form.
pub async fn by_form(State(web): State<Web>, headers: HeaderMap, body: Body) -> Response {
    match body::collect(body, link::LINK_MAX_BYTES).await {
        Ok(bytes) => open(&web, &headers, &bytes).await,
        Err(error) => {
            let refusal = LinkRefusal {
                code: Code::MalformedRequest,
                field: None,
                detail: error.to_string(),
                project: None,
                reference: None,
                signed: None,
            };
            refused::page(&web, Look::of(&headers, None, None), &refusal)
        }
    }
}

async fn open(web: &Web, headers: &HeaderMap, raw: &[u8]) -> Response {
    let switched = switched_language(raw);
    let link = match read_link(web, raw) {
        Ok(link) => link,
        Err(refusal) => {
            return refused::page(web, Look::of(headers, switched.as_deref(), None), &refusal);
        }
    };
    let mut look = Look::of(headers, switched.as_deref(), link.wishes.language.as_deref());
    look.framed |= is_framed(&link);
    match standing(web, &link).await {
        Ok(Standing::None) => {}
        Ok(Standing::Same(record)) => return see_other(&path_of(web, &record)),
        Ok(Standing::Other) => return refused::page(web, look, &exists(&link)),
        Err(response) => return response,
    }
    choose(web, look, &link, (None, &[]), StatusCode::OK)
}

/// `_lang`, which the links of the page itself add; it is never signed.
fn switched_language(raw: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(raw)
        .find(|(name, _)| name == LANGUAGE_FIELD)
        .map(|(_, value)| value.into_owned())
}

/// The unsigned parameter by which the page's language is switched.
pub const LANGUAGE_FIELD: &str = "_lang";

/// Reads and verifies a link against the projects in memory.
pub fn read_link(web: &Web, raw: &[u8]) -> Result<Link, LinkRefusal> {
    let find = |id| web.context.projects.get(id);
    let door = Door { find: &find, settings: &web.settings, now: web.context.clock.now() };
    link::read(RawLink::new(raw), &door)
}

/// Whether the shop's page shows this one inside.
pub fn is_framed(link: &Link) -> bool {
    link.frame_mode.is_some_and(|mode| match mode {
        FrameMode::Popup | FrameMode::Iframe | FrameMode::Embedded => true,
        FrameMode::Tab => false,
    })
}

/// Whether there is a payment of this id already, and whether this link began it.
pub enum Standing {
    /// No such payment.
    None,
    /// This link began it.
    Same(Box<Record>),
    /// Another request began it.
    Other,
}

/// Looks for the link's payment.
pub async fn standing(web: &Web, link: &Link) -> Result<Standing, Response> {
    let found = find_payment(&web.context, link.project.project.id, &link.reference).await;
    let Some(record) = found.map_err(|error| unavailable(&error))? else {
        return Ok(Standing::None);
    };
    let current = record.payment.generation;
    let first = record
        .operations
        .iter()
        .find(|operation| operation.kind.is_opening() && operation.generation == current);
    let same = record.payment.details.page.is_some()
        && first.is_some_and(|first| first.request.first_difference(&link.echo).is_none());
    Ok(if same { Standing::Same(Box::new(record)) } else { Standing::Other })
}

/// The refusal of a link whose `payment_id` is taken.
pub fn exists(link: &Link) -> LinkRefusal {
    LinkRefusal {
        field: Some("payment_id".to_owned()),
        ..LinkRefusal::after(link, Code::PaymentExists, "the payment was begun by another request")
    }
}

/// What can be paid by, in the project's order.
pub fn offers<'a>(
    web: &Web,
    project: &Project,
    (wishes, amount): (&PageWishes, Amount),
    known: &'a Customer,
) -> Vec<Offer<'a>> {
    let wanted = |method: Method| match wishes.forced {
        Some(forced) => forced == method,
        None => !wishes.hidden.contains(&method),
    };
    project
        .methods
        .iter()
        .filter(|setting| wanted(setting.method))
        .filter(|setting| web.context.providers.contains_key(&setting.account))
        .filter_map(|setting| offer(project, setting.method, amount, known))
        .collect()
}

/// The choice of methods, with what the server found wrong in the fields.
pub fn choose(
    web: &Web,
    look: Look,
    link: &Link,
    (chosen, errors): (Option<Method>, &[FieldError]),
    status: StatusCode,
) -> Response {
    let project: &Arc<ProjectEntry> = &link.project;
    let asked = (&link.wishes, link.amount);
    let offers = offers(web, &project.project, asked, &link.customer);
    if offers.is_empty() {
        let detail = "no method of the project takes this sum in this currency";
        let refusal = LinkRefusal::after(link, Code::NotAllowedByProject, detail);
        return refused::page(web, look, &refusal);
    }
    let other = format!("/payment?{}&{LANGUAGE_FIELD}={}", link.query(), look.other());
    let back = link.returns.urls().back;
    let screen = Choose {
        frame: look.frame(Some(project), Some(&other), None),
        bill: Bill {
            amount: link.amount,
            description: &link.description,
            order: link.reference.as_str(),
        },
        post: Post {
            action: own("/payment/pay"),
            hidden: &[("link", link.query()), (LANGUAGE_FIELD, look.lang.code())],
        },
        offers: &offers,
        chosen,
        hold: link.wishes.two_stage,
        declined: None,
        errors,
        until: link.wishes.expires_at,
        back: back.as_deref().and_then(Href::new),
    };
    show(status, &Policy::of(project), &screen)
}
