//! The table «Платежи»: filter, search, sentence, rows, pages.

use altyn_app::access::user::Right;
use altyn_app::context::Failure;
use altyn_app::listing::{PAGE_SIZES, Page, Part, Place, TOTAL_BOUND, Totals};
use altyn_domain::id::ProjectId;
use altyn_domain::method::Method;
use altyn_domain::money::Currency;
use altyn_domain::status::Status;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::days::Day;
use super::filter::{Asked, Field, PAGE_SIZE, Problem, Request, Within, write_place};
use super::rows::{Drawing, Row};
use super::sentence::{Chosen, Names, reset_of};
use super::view::{Chip, ROOT, Time};
use super::{within, words};
use crate::cabinet::assets::live_address;
use crate::cabinet::frame::{Frame, Section, show};
use crate::cabinet::guard::Signed;
use crate::payment_page::words::method;
use crate::state::Web;

/// The currencies that are offered: those the methods name. Any other may stand in an address.
const CURRENCIES: &[Currency] =
    &[Currency::RUB, Currency::USD, Currency::EUR, Currency::KZT, Currency::KES];

/// The list with this query.
pub fn address_of(query: &str) -> String {
    if query.is_empty() { ROOT.to_owned() } else { format!("{ROOT}?{query}") }
}

/// `GET /cabinet/payments`
pub async fn list(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Response {
    let within = within(&web, &signed);
    if within.projects.is_empty() {
        return signed.denied(&web, Right::View, None).await;
    }
    let mut request = Request::read(&query.unwrap_or_default());
    let (filter, problems) = request.asked.filter(&within);
    request.problems.extend(problems);
    let found = if request.problems.iter().all(|problem| problem.is_harmless()) {
        let listing = &web.cabinet.listing;
        let bound = (!request.exact).then_some(TOTAL_BOUND);
        let page = listing.page(&filter, request.part, request.asked.page_size());
        let (page, totals) = tokio::join!(page, listing.totals(&filter, bound));
        page.and_then(|page| Ok(Some((page, totals?))))
    } else {
        Ok(None)
    };
    match found {
        Ok(found) => {
            let status =
                if request.problems.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
            let scene = Scene {
                frame: signed.frame(&web, Section::Payments),
                within,
                drawing: Drawing::new(&web, signed.lang),
                today: Day::of(web.context.clock.now()),
                may_export: !signed.with_right(&web, Right::Export).is_empty(),
            };
            show(status, &List::new(scene, request, found))
        }
        Err(error) => signed.failed(&Failure::from(error)),
    }
}

/// A choice of the filter.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// A choice of statuses, with its colour and shape.
struct StatusChoice {
    chip: Chip,
    chosen: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "cabinet/payments/list.html")]
pub struct List {
    frame: Frame,
    request: Request,
    statuses: Vec<StatusChoice>,
    systems: Vec<Choice>,
    methods: Vec<Choice>,
    currencies: Vec<Choice>,
    projects: Vec<Choice>,
    sizes: Vec<Choice>,
    periods: Vec<(String, &'static str)>,
    chips: Vec<Chosen>,
    reset: String,
    sentence: String,
    total: Option<String>,
    exact: Option<String>,
    rows: Option<Vec<Row>>,
    with_project: bool,
    newer: Option<String>,
    older: Option<String>,
    stopped: Option<(Time, String)>,
    news: Option<String>,
    register: Option<String>,
}

/// What the list is drawn with, beside what was asked and found.
pub struct Scene {
    /// Around it.
    pub frame: Frame,
    /// What may be chosen.
    pub within: Within,
    /// How rows are drawn.
    pub drawing: Drawing,
    /// Today in Moscow.
    pub today: Day,
    /// Registers are offered.
    pub may_export: bool,
}

impl List {
    /// What was asked and what was found; nothing was looked for where the filter is wrong.
    pub fn new(scene: Scene, request: Request, found: Option<(Page, Totals)>) -> Self {
        let Scene { frame, within, drawing, today, may_export } = scene;
        let lang = frame.lang;
        let name = |id: &ProjectId| (*id, drawing.project(*id));
        let names: Vec<(ProjectId, String)> = within.projects.iter().map(name).collect();
        let named = Names { projects: &names, lang };
        let asked = &request.asked;
        let turn =
            |name: &str, place: Place| address_of(&asked.query_with(name, &write_place(place)));
        let (page, totals) = found.unzip();
        let older = page.as_ref().and_then(|page| page.older);
        let newer = page.as_ref().and_then(|page| page.newer);
        let stopped = page.as_ref().is_some_and(|page| page.stopped_early);
        let total = totals.as_ref().map(|totals| named.total(totals));
        let partial = totals.as_ref().is_some_and(|totals| !totals.complete);
        Self {
            statuses: status_choices(asked, lang),
            systems: system_choices(&within.accounts, asked),
            methods: choices(Method::ALL, &asked.methods, |one| {
                (one.code().to_owned(), method(one, lang).to_owned())
            }),
            currencies: currency_choices(asked),
            projects: names
                .iter()
                .map(|(id, name)| Choice {
                    value: id.to_string(),
                    label: name.clone(),
                    chosen: asked.projects.contains(id),
                })
                .collect(),
            sizes: sizes(asked),
            periods: periods(today, asked, lang),
            chips: named.chips(asked),
            reset: reset_of(&request),
            sentence: named.sentence(asked),
            total,
            exact: partial.then(|| address_of(&asked.query_with("exact", "1"))),
            rows: page.as_ref().map(|page| page.rows.iter().map(|row| drawing.row(row)).collect()),
            with_project: within.projects.len() > 1,
            newer: newer.map(|place| turn("after", place)),
            older: older.filter(|_| !stopped).map(|place| turn("before", place)),
            stopped: older
                .filter(|_| stopped)
                .map(|place| (Time::of(place.created_at, lang), turn("before", place))),
            news: page.as_ref().filter(|_| request.part == Part::Newest).map(|page| {
                let first =
                    page.rows.first().map_or("0.0".to_owned(), |row| write_place(row.place()));
                format!("{ROOT}/news?{}", asked.query_with("since", &first))
            }),
            frame,
            register: may_export.then(|| format!("/cabinet/registers/new?{}", asked.query())),
            request,
        }
    }

    fn title(&self) -> &'static str {
        self.frame.lang.pick("Платежи", "Payments")
    }

    /// What is wrong with a field, if anything is.
    fn wrong(&self, name: &str) -> Option<String> {
        let of = |problem: &&Problem| problem.field.name() == name;
        let found = self.request.problems.iter().find(of)?;
        Some(words::problem(*found, self.frame.lang))
    }

    /// What is wrong with something that has no field to stand at.
    fn wrong_elsewhere(&self) -> Vec<String> {
        let elsewhere = |problem: &&Problem| {
            matches!(problem.field, Field::Search | Field::Size | Field::Place)
        };
        let found = self.request.problems.iter().filter(elsewhere);
        found.map(|problem| words::problem(*problem, self.frame.lang)).collect()
    }

    /// The filter is open while something in it has to be put right.
    fn is_open(&self) -> bool {
        self.request.problems.len() > self.wrong_elsewhere().len()
    }

    fn is_filtered(&self) -> bool {
        !self.request.asked.is_empty()
    }

    /// Nothing was ever paid here, as far as these eyes see.
    fn is_new(&self) -> bool {
        !self.is_filtered() && self.request.part == Part::Newest
    }

    /// What another form takes along: these fields alone, or all but these.
    fn hidden(&self, names: &[&str], alone: bool) -> Vec<(&'static str, String)> {
        let mut pairs = self.request.asked.pairs();
        pairs.retain(|(name, _)| names.contains(name) == alone);
        pairs
    }

    /// A day as a date field takes it; what is none is left for its message to name.
    fn day(&self, name: &str) -> String {
        let asked = &self.request.asked;
        let text = if name == Field::From.name() { &asked.from } else { &asked.to };
        Day::parse(text).map_or_else(|| text.clone(), |day| day.to_string())
    }

    fn is_short(&self) -> bool {
        self.request.asked.is_short()
    }

    fn live_script(&self) -> String {
        live_address()
    }

    fn problem_heading(&self) -> &'static str {
        self.frame.lang.pick(
            "Фильтр не применён: исправьте отмеченное.",
            "The filter is not applied: put right what is marked.",
        )
    }
}

fn status_choices(asked: &Asked, lang: crate::lang::Lang) -> Vec<StatusChoice> {
    let choice = |status: &Status| StatusChoice {
        chip: Chip::of(*status, altyn_domain::payment::PaymentState::Processing, lang),
        chosen: asked.statuses.contains(status),
    };
    Status::ALL.iter().map(choice).collect()
}

/// One choice for each number, with the accounts that have it.
fn system_choices(accounts: &[(String, i64)], asked: &Asked) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for (name, number) in accounts {
        let value = number.to_string();
        match choices.iter_mut().find(|choice| choice.value == value) {
            Some(choice) => choice.label = format!("{}, {name}", choice.label),
            None => choices.push(Choice {
                label: format!("{value} — {name}"),
                chosen: asked.systems.contains(number),
                value,
            }),
        }
    }
    choices
}

fn currency_choices(asked: &Asked) -> Vec<Choice> {
    let mut offered = CURRENCIES.to_vec();
    offered.extend(asked.currencies.iter().filter(|one| !CURRENCIES.contains(one)));
    choices(&offered, &asked.currencies, |one| (one.code().to_owned(), one.code().to_owned()))
}

fn choices<T: Copy + PartialEq>(
    all: &[T],
    chosen: &[T],
    said: impl Fn(T) -> (String, String),
) -> Vec<Choice> {
    let choice = |one: &T| {
        let (value, label) = said(*one);
        Choice { value, label, chosen: chosen.contains(one) }
    };
    all.iter().map(choice).collect()
}

fn sizes(asked: &Asked) -> Vec<Choice> {
    let size = asked.size.unwrap_or(PAGE_SIZE);
    choices(PAGE_SIZES, &[size], |one| (one.to_string(), one.to_string()))
}

/// Spans that are asked for every day, as links.
fn periods(today: Day, asked: &Asked, lang: crate::lang::Lang) -> Vec<(String, &'static str)> {
    let span = |from: Day, to: Day| {
        let asked = Asked { from: from.to_string(), to: to.to_string(), ..asked.clone() };
        address_of(&asked.query())
    };
    vec![
        (span(today, today), lang.pick("Сегодня", "Today")),
        (span(today.before(1), today.before(1)), lang.pick("Вчера", "Yesterday")),
        (span(today.before(6), today), lang.pick("7 дней", "7 days")),
        (span(today.before(29), today), lang.pick("30 дней", "30 days")),
    ]
}
