//! A payment as a row of the table, and the fragments that keep the table fresh.

use std::collections::HashMap;

use altyn_app::access::user::Right;
use altyn_app::cabinet::REFUND_ALARM_MS;
use altyn_app::listing::{Part, PaymentRow};
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::time::Timestamp;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use super::filter::{Request, read_place};
use super::view::{self, Chip, Time};
use super::within;
use crate::cabinet::frame::show;
use crate::cabinet::guard::Signed;
use crate::format::{self, money, plural};
use crate::lang::Lang;
use crate::payment_page::words::method;
use crate::state::Web;

/// The most rows that are refreshed at once: the largest page.
const FRESH_MAX: usize = 500;
/// So many newer payments are counted; beyond that it says «more than».
const NEWS_MAX: u32 = 100;

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Our number.
    pub id: PaymentId,
    /// The payment's version, so that a page knows what is stale.
    pub version: i64,
    /// The payment's own page.
    pub address: String,
    /// The status.
    pub chip: Chip,
    /// When it came into being.
    pub created: Time,
    /// What was asked.
    pub amount: String,
    /// What was returned, if anything was.
    pub refunded: Option<String>,
    /// The payer.
    pub client: String,
    /// The order.
    pub order: String,
    /// The number of the payment system.
    pub system: String,
    /// The provider account behind it.
    pub account: String,
    /// How it is paid.
    pub method: &'static str,
    /// The card's mask.
    pub card: String,
    /// Whose.
    pub project: String,
    /// A refund is under way for too long.
    pub overdue: bool,
}

/// What rows need to be drawn.
pub struct Drawing {
    /// The language.
    pub lang: Lang,
    /// Provider accounts with the numbers of their payment systems.
    pub systems: Vec<(String, i64)>,
    /// Projects with their names and what time it is in them.
    pub projects: HashMap<ProjectId, (String, Timestamp)>,
}

impl Drawing {
    /// In this language, all projects there are.
    pub fn new(web: &Web, lang: Lang) -> Self {
        let known = web.context.projects.all().into_iter().map(|entry| {
            let now = web.context.moment(&entry).project;
            (entry.project.id, (entry.project.name.clone(), now))
        });
        Self { lang, systems: systems(web), projects: known.collect() }
    }

    /// A payment as a row.
    pub fn row(&self, row: &PaymentRow) -> Row {
        let lang = self.lang;
        let refunded = Some(row.refunded).filter(|refunded| !refunded.is_zero());
        let system = self.systems.iter().find(|(name, _)| *name == row.account);
        Row {
            id: row.id,
            version: row.version,
            address: view::address(row.project, row.id),
            chip: Chip::of(row.status, row.state, lang),
            created: Time::short(row.created_at, lang),
            amount: money(row.amount, lang),
            refunded: refunded.map(|refunded| money(refunded, lang)),
            client: row.client.clone().unwrap_or_default(),
            order: row.reference.clone(),
            system: system.map(|(_, number)| number.to_string()).unwrap_or_default(),
            account: row.account.clone(),
            method: method(row.method, lang),
            card: row.card.clone().unwrap_or_default(),
            project: self.project(row.project),
            overdue: row.refunding_since.is_some_and(|since| self.is_overdue(row.project, since)),
        }
    }

    /// A project by name and number: names need not differ.
    pub fn project(&self, id: ProjectId) -> String {
        self.projects.get(&id).map_or_else(|| id.to_string(), |(name, _)| format!("{name} · {id}"))
    }

    fn is_overdue(&self, project: ProjectId, since: Timestamp) -> bool {
        self.projects
            .get(&project)
            .is_some_and(|(_, now)| now.as_millis() - since.as_millis() > REFUND_ALARM_MS)
    }
}

/// Provider accounts by name with the numbers of their payment systems, in the order of numbers.
pub fn systems(web: &Web) -> Vec<(String, i64)> {
    let numbered = |provider: &std::sync::Arc<dyn altyn_app::ports::Provider>| {
        let account = provider.account();
        (account.name.clone(), account.payment_system)
    };
    let mut systems: Vec<(String, i64)> = web.context.providers.values().map(numbered).collect();
    systems.sort_unstable_by(|left, right| (left.1, &left.0).cmp(&(right.1, &right.0)));
    systems
}

/// Rows by themselves; the script puts their cells in the place of the stale ones.
#[derive(Template)]
#[template(path = "cabinet/payments/rows.html")]
struct Rows {
    lang: Lang,
    rows: Vec<Row>,
    with_project: bool,
}

/// `GET /cabinet/payments/rows?ids=1,2,3`: these payments as they are in the list now.
pub async fn rows(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let ids = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "ids");
    let ids = ids.map(|(_, ids)| ids.into_owned()).unwrap_or_default();
    let ids: Vec<PaymentId> = ids
        .split(',')
        .filter_map(|id| id.parse().ok())
        .map(PaymentId::new)
        .take(FRESH_MAX)
        .collect();
    let projects = signed.with_right(&web, Right::View);
    if projects.is_empty() {
        return signed.denied(&web, Right::View, None).await;
    }
    let drawing = Drawing::new(&web, signed.lang);
    match web.cabinet.listing.rows(&projects, &ids).await {
        Ok(rows) => {
            let rows = rows.iter().map(|row| drawing.row(row)).collect();
            let with_project = projects.len() > 1;
            show(StatusCode::OK, &Rows { lang: signed.lang, rows, with_project })
        }
        Err(error) => signed.failed(&error.into()),
    }
}

/// A bar above the table; empty when there is nothing newer.
#[derive(Template)]
#[template(path = "cabinet/payments/news.html")]
struct News {
    words: Option<String>,
    address: String,
}

/// `GET /cabinet/payments/news?…&since=…`: how many payments of this filter are newer than the
/// place.
pub async fn news(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let request = Request::read(&query);
    let within = within(&web, &signed);
    if within.projects.is_empty() {
        return signed.denied(&web, Right::View, None).await;
    }
    let (filter, problems) = request.asked.filter(&within);
    let since = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "since");
    let place = since.and_then(|(_, place)| read_place(&place));
    let mut news = News { words: None, address: super::list::address_of(&request.asked.query()) };
    let Some(place) = place.filter(|_| problems.is_empty()) else {
        return show(StatusCode::OK, &news);
    };
    match web.cabinet.listing.page(&filter, Part::NewerThan(place), NEWS_MAX).await {
        Ok(page) => {
            let more = page.newer.is_some();
            news.words = newer(page.rows.len(), more, signed.lang);
            show(StatusCode::OK, &news)
        }
        Err(error) => signed.failed(&error.into()),
    }
}

/// «3 новых платежа — показать»; nothing when there is none.
fn newer(count: usize, more: bool, lang: Lang) -> Option<String> {
    let count = i64::try_from(count).ok().filter(|count| *count > 0)?;
    let number = format::count(count.unsigned_abs(), lang);
    let forms = match lang {
        Lang::Russian => ["новый платёж", "новых платежа", "новых платежей"],
        Lang::English => ["new payment", "new payments", "new payments"],
    };
    let noun = plural(count, lang, forms);
    Some(match (more, lang) {
        (true, Lang::Russian) => format!("Более {number} новых платежей — показать"),
        (true, Lang::English) => format!("More than {number} new payments — show"),
        (false, lang) => format!("{number} {noun} — {}", lang.pick("показать", "show")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_counted_by_the_rules_of_the_language() {
        for (count, more, lang, expected) in [
            (0, false, Lang::Russian, None),
            (1, false, Lang::Russian, Some("1 новый платёж — показать")),
            (3, false, Lang::Russian, Some("3 новых платежа — показать")),
            (11, false, Lang::Russian, Some("11 новых платежей — показать")),
            (21, false, Lang::Russian, Some("21 новый платёж — показать")),
            (100, true, Lang::Russian, Some("Более 100 новых платежей — показать")),
            (1, false, Lang::English, Some("1 new payment — show")),
            (2, false, Lang::English, Some("2 new payments — show")),
        ] {
            assert_eq!(newer(count, more, lang).as_deref(), expected, "{count}");
        }
    }
}
