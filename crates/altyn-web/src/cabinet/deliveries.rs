//! The section «Оповещения»: what was sent to merchants, each try with its answer, and the addresses
//! that do badly.
//!
//! Guaranteed: bodies and answers, which may hold what a payer has entered, need the right to see
//! requests; what is sent again goes through the use case of `altyn_app::cabinet`.

use altyn_app::access::audit::Action;
use altyn_app::access::user::Right;
use altyn_app::cabinet::{ActionError, resend_all};
use altyn_app::callback::{Callback, CallbackAttempt, CallbackState, Wording, host_of};
use altyn_app::context::Failure;
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::{Deliveries, Delivery, DeliveryFilter, EndpointHealth};
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::{Operation, OperationState};
use altyn_domain::time::{DAY_MS, Timestamp};
use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::try_join_all;
use std::collections::{BTreeSet, HashMap};
use url::form_urlencoded;

use super::endpoint::{Endpoint, Needs};
use super::frame::{Frame, Section, go_on, show, with};
use super::guard::{Posted, Signed};
use super::payments::view::address as payment_address;
use super::words;
use crate::format::money;
use crate::lang::Lang;
use crate::state::Web;

const PATH: &str = "/cabinet/deliveries";
const LIST: Endpoint = Endpoint::get(PATH, Needs::Right(Right::View));
const SHOW: Endpoint = Endpoint::get("/cabinet/deliveries/{callback}", Needs::Right(Right::View));
const RESEND: Endpoint = Endpoint::post("/cabinet/deliveries/resend", Needs::Right(Right::Resend));

/// Rows of a page.
const PAGE_ROWS: u32 = 50;
/// The health of addresses is told over so long.
const HEALTH_MS: i64 = DAY_MS;
/// As much of a body or an answer is shown, characters.
const SHOWN_CHARS: usize = 8_192;

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[LIST, SHOW, RESEND];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new().merge(LIST.serve(list)).merge(SHOW.serve(delivery)).merge(RESEND.serve(resend))
}

/// What the address asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    state: Option<CallbackState>,
    host: Option<String>,
    payment: Option<PaymentId>,
    before: Option<CallbackId>,
}

impl Asked {
    fn read<'a>(
        pairs: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
    ) -> Self {
        let mut asked = Self::default();
        for (name, value) in pairs {
            let number = || value.parse::<i64>().ok().filter(|number| *number > 0);
            match name.as_ref() {
                "state" => asked.state = CallbackState::parse(&value),
                "host" => asked.host = Some(value.into_owned()).filter(|host| !host.is_empty()),
                "payment" => asked.payment = number().map(PaymentId::new),
                "before" => asked.before = number().map(CallbackId::new),
                _ => {}
            }
        }
        asked
    }
}

/// `GET /cabinet/deliveries`
async fn list(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Response {
    let projects = signed.projects(&web, Right::View);
    if projects.is_empty() {
        return signed.denied(&web, Right::View, None).await;
    }
    let query = query.unwrap_or_default();
    let asked = Asked::read(form_urlencoded::parse(query.as_bytes()));
    let filter = DeliveryFilter {
        projects: projects.clone(),
        state: asked.state,
        payment: asked.payment,
        host: asked.host.clone(),
        before: asked.before,
        limit: PAGE_ROWS,
    };
    let now = web.context.clock.now();
    let listing = &web.cabinet.listing;
    let (rows, health) = tokio::join!(
        listing.deliveries(&filter),
        listing.endpoints(&projects, now.plus_millis(-HEALTH_MS)),
    );
    let found = match rows.and_then(|rows| Ok((rows, health?))) {
        Ok((rows, health)) => {
            let operations = operations_of(&web, &rows.found).await;
            operations.map(|operations| (rows, operations, health))
        }
        Err(error) => Err(error),
    };
    match found {
        Ok(found) => {
            let may_resend = !signed.projects(&web, Right::Resend).is_empty();
            show(StatusCode::OK, &List::new(&web, &signed, (&query, asked), found, may_resend))
        }
        Err(error) => signed.failed(&Failure::from(error)),
    }
}

/// The operations that these tell of, by number: there is a page of them at most.
async fn operations_of(
    web: &Web,
    rows: &[Delivery],
) -> Result<HashMap<OperationId, Operation>, StoreError> {
    let payments: BTreeSet<(ProjectId, PaymentId)> =
        rows.iter().map(|row| (row.callback.project, row.callback.payment)).collect();
    let store = &web.context.store;
    let read = payments.into_iter().map(|(project, payment)| store.payment(project, payment));
    let records = try_join_all(read).await?.into_iter().flatten();
    let operations = records.flat_map(|record| record.operations);
    Ok(operations.map(|operation| (operation.id, operation)).collect())
}

/// What became of which operation; the state alone of one that is not there any more.
fn about(operation: Option<&Operation>, told: OperationState, lang: Lang) -> String {
    let state = || words::operation_state(told, lang).to_owned();
    operation.map_or_else(state, |operation| {
        let said = words::told(operation.kind, told, lang);
        format!("{said}, {}", money(operation.amount, lang))
    })
}

/// A callback in the list.
struct Row {
    address: String,
    at: String,
    reference: String,
    payment: String,
    number: PaymentId,
    told: String,
    host: String,
    state: CallbackState,
    attempts: u32,
    last: String,
    next: Option<String>,
}

/// What an address is like.
struct Endpointed {
    url: String,
    filter: String,
    delivered: String,
    owed: String,
    given_up: String,
    troubled: bool,
    last: Option<String>,
}

/// A choice of the filter.
struct Choice {
    address: String,
    label: &'static str,
    here: bool,
}

#[derive(Template)]
#[template(path = "cabinet/deliveries.html")]
struct List {
    frame: Frame,
    states: Vec<Choice>,
    asked: Asked,
    reset: Option<String>,
    rows: Vec<Row>,
    older: Option<String>,
    stopped: bool,
    health: Vec<Endpointed>,
    may_resend: bool,
}

impl List {
    fn new(
        web: &Web,
        signed: &Signed,
        (query, asked): (&str, Asked),
        (page, operations, health): (
            Deliveries,
            HashMap<OperationId, Operation>,
            Vec<EndpointHealth>,
        ),
        may_resend: bool,
    ) -> Self {
        let lang = signed.lang;
        let Deliveries { found: rows, older } = page;
        let is_full = u32::try_from(rows.len()).is_ok_and(|count| count >= PAGE_ROWS);
        let older = older.map(|id| id.get().to_string());
        let to = |state: Option<CallbackState>| {
            with(PATH, query, "state", state.map(CallbackState::as_str))
        };
        let choice = |state: Option<CallbackState>| Choice {
            address: to(state),
            label: match state {
                Some(state) => words::callback_state(state, lang),
                None => lang.pick("Все", "All"),
            },
            here: state == asked.state,
        };
        let all = std::iter::once(None).chain(CallbackState::ALL.iter().copied().map(Some));
        let narrowed = asked.host.is_some() || asked.payment.is_some();
        let kept = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "project");
        let project = kept.map(|(_, value)| value.into_owned());
        Self {
            frame: signed.frame(web, Section::Deliveries),
            states: all.map(choice).collect(),
            reset: narrowed.then(|| with(PATH, "", "project", project.as_deref())),
            rows: rows.into_iter().map(|row| Row::of(row, &operations, lang)).collect(),
            stopped: older.is_some() && !is_full,
            older: older.map(|id| with(PATH, query, "before", Some(&id))),
            health: health.into_iter().map(|row| Endpointed::of(row, query, lang)).collect(),
            asked,
            may_resend,
        }
    }

    /// Something of what is listed was given up, or the filter asks for it.
    fn offers_resend(&self) -> bool {
        let given_up = |row: &Row| row.state == CallbackState::GivenUp;
        self.may_resend && self.rows.iter().any(given_up)
    }
}

impl Row {
    fn of(row: Delivery, operations: &HashMap<OperationId, Operation>, lang: Lang) -> Self {
        let callback = row.callback;
        Self {
            address: format!("{PATH}/{}", callback.id),
            at: bare_moment(callback.created_at, lang),
            reference: row.reference,
            payment: payment_address(callback.project, callback.payment),
            number: callback.payment,
            told: about(operations.get(&callback.operation), callback.told, lang),
            host: place_of(&callback).to_owned(),
            state: callback.progress.state,
            attempts: callback.progress.attempts,
            last: row.last.as_ref().map_or(String::new(), |last| answer_of(last, lang)),
            next: row.next_at.map(|at| bare_moment(at, lang)),
        }
    }
}

impl Endpointed {
    fn of(row: EndpointHealth, query: &str, lang: Lang) -> Self {
        Self {
            filter: with(PATH, query, "host", Some(host_of(&row.url))),
            url: row.url,
            delivered: words::count(row.delivered, lang),
            owed: words::count(row.owed, lang),
            given_up: words::count(row.given_up, lang),
            troubled: row.given_up > 0,
            last: row.last_delivered_at.map(|at| words::moment(at, lang)),
        }
    }
}

/// In a column whose head names the zone.
fn bare_moment(at: Timestamp, lang: Lang) -> String {
    let whole = words::exact_moment(at, lang);
    whole.strip_suffix(lang.pick(" МСК", " MSK")).unwrap_or(&whole).to_owned()
}

/// Where it goes, as short as can be told.
fn place_of(callback: &Callback) -> &str {
    match callback.wording() {
        Wording::Letter(address) => address,
        Wording::Json | Wording::Form => host_of(&callback.url),
    }
}

/// What came of a try, in a few words.
fn answer_of(attempt: &CallbackAttempt, lang: Lang) -> String {
    match (attempt.status, &attempt.error) {
        (_, Some(error)) => words::try_error(error, lang).to_owned(),
        (Some(status), None) => status.to_string(),
        (None, None) => lang.pick("нет ответа", "no answer").to_owned(),
    }
}

/// One try, in full.
struct Try {
    number: usize,
    at: String,
    took: String,
    status: Option<u16>,
    error: Option<String>,
    answer: String,
}

#[derive(Template)]
#[template(path = "cabinet/delivery.html")]
struct Shown {
    frame: Frame,
    id: CallbackId,
    url: String,
    payment: String,
    payment_id: PaymentId,
    told: String,
    created: String,
    state: CallbackState,
    body: Option<String>,
    tries: Vec<Try>,
    may_resend: bool,
}

/// `GET /cabinet/deliveries/{callback}`
async fn delivery(State(web): State<Web>, signed: Signed, Path(callback): Path<i64>) -> Response {
    let id = CallbackId::new(callback);
    let store = &web.context.store;
    let found = match store.callback(id).await {
        Ok(found) => found,
        Err(error) => return signed.failed(&Failure::from(error)),
    };
    let Some(callback) = found else { return signed.not_found(&web) };
    if !signed.actor.may(Right::View, callback.project) {
        signed.note_refusal(&web, Action::Look, None, "a notification that is not his").await;
        return signed.not_found(&web);
    }
    let read = tokio::join!(
        store.callback_attempts(id),
        store.payment(callback.project, callback.payment),
    );
    let (attempts, record) = match (read.0, read.1) {
        (Ok(attempts), Ok(record)) => (attempts, record),
        (Err(error), _) | (_, Err(error)) => return signed.failed(&Failure::from(error)),
    };
    let operation = record.as_ref().and_then(|record| record.operation(callback.operation));
    let lang = signed.lang;
    let sees = signed.actor.may(Right::SeeRequest, callback.project);
    let each = |(at, attempt): (usize, CallbackAttempt)| Try {
        number: at + 1,
        at: words::exact_moment(attempt.at, lang),
        took: words::duration(attempt.duration_ms, lang),
        status: attempt.status,
        error: attempt.error,
        answer: if sees { readable(&attempt.answer) } else { String::new() },
    };
    let page = Shown {
        frame: signed.frame(&web, Section::Deliveries),
        id,
        url: shown(&callback.url, sees).to_owned(),
        payment: payment_address(callback.project, callback.payment),
        payment_id: callback.payment,
        told: about(operation, callback.told, lang),
        created: words::exact_moment(callback.created_at, lang),
        state: callback.progress.state,
        body: sees.then(|| readable(&callback.body)),
        tries: attempts.into_iter().enumerate().map(each).collect(),
        may_resend: signed.actor.may(Right::Resend, callback.project),
    };
    show(StatusCode::OK, &page)
}

/// The query of an address may carry a merchant's own secret.
fn shown(url: &str, whole: bool) -> &str {
    if whole { url } else { url.split_once('?').map_or(url, |(plain, _)| plain) }
}

/// Bytes as text, cut; what is no text shows as such.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(SHOWN_CHARS).collect()
}

/// `POST /cabinet/deliveries/resend`: those of a payment, of a host, or all that were given up.
async fn resend(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let projects = signed.projects(&web, Right::Resend);
    if projects.is_empty() {
        return signed.denied(&web, Right::Resend, None).await;
    }
    let pairs = posted.fields.iter();
    let asked = Asked::read(pairs.map(|(name, value)| (name.into(), value.into())));
    let filter = DeliveryFilter {
        projects,
        state: Some(CallbackState::GivenUp),
        payment: asked.payment,
        host: asked.host,
        before: None,
        limit: 0,
    };
    match resend_all(&web.cabinet, &signed.actor, filter).await {
        Ok(count) => {
            let said = resent(count, signed.lang);
            go_on(&back_to(posted.field("back")), Some(&said))
        }
        Err(ActionError::Denied(denied)) => signed.denied_page(&web, denied.0, None).await,
        Err(ActionError::Failure(failure)) => signed.failed(&failure),
        Err(
            ActionError::NotFound
            | ActionError::NotOffered
            | ActionError::Amount { .. }
            | ActionError::WholeOnly
            | ActionError::Position(_)
            | ActionError::NoReason,
        ) => signed.not_found(&web),
    }
}

/// Back to where the button was; only within this section.
fn back_to(address: &str) -> String {
    let own = address == PATH
        || address.strip_prefix(PATH).is_some_and(|rest| rest.starts_with(['?', '/']));
    let clean = !address.chars().any(|c| c.is_control() || c == '\\');
    if own && clean { address.to_owned() } else { PATH.to_owned() }
}

fn resent(count: u64, lang: Lang) -> String {
    let number = words::count(count, lang);
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match lang {
        Lang::Russian => {
            let nouns = ["оповещение", "оповещения", "оповещений"];
            format!("Отправляем заново: {number} {}", words::plural(count, lang, nouns))
        }
        Lang::English => format!("Sending again: {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_rubbish_is_no_filter() {
        let read = |query: &str| Asked::read(form_urlencoded::parse(query.as_bytes()));
        let asked = read("state=given_up&host=shop.example&payment=5&before=9&other=1");
        assert_eq!(asked.state, Some(CallbackState::GivenUp));
        assert_eq!(asked.host.as_deref(), Some("shop.example"));
        assert_eq!(
            (asked.payment, asked.before),
            (Some(PaymentId::new(5)), Some(CallbackId::new(9)))
        );
        assert_eq!(read("state=x&host=&payment=-1&before=abc"), Asked::default());
    }

    #[test]
    fn the_way_back_stays_in_the_section() {
        assert_eq!(
            back_to("/cabinet/deliveries?state=given_up"),
            "/cabinet/deliveries?state=given_up"
        );
        assert_eq!(back_to("/cabinet/deliveries/7"), "/cabinet/deliveries/7");
        for foreign in
            ["", "https://evil.example", "/cabinet/deliveriesevil", "//evil", "/cabinet/users"]
        {
            assert_eq!(back_to(foreign), PATH);
        }
    }
}
