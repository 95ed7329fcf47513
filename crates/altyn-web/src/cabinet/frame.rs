//! What stands around every page of the cabinet: the sections, the project switch, the search box,
//! the user; and how a page, a way on and a refusal are answered.

mod bare;
mod refusals;
#[cfg(test)]
pub mod tests;

use altyn_app::access::user::Right;
use altyn_domain::id::ProjectId;
use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use super::guard::Signed;
use super::{account, assets, cookies, words};
use crate::lang::Lang;
use crate::state::Web;

pub use bare::Bare;

/// Only what is ours, nothing inline, no frame around us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Names in a query that say where in a list one is; they do not outlive a change of the filter.
const PLACES: [&str; 2] = ["before", "after"];

/// A section in the list at the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// «Платежи»
    Payments,
    /// «Оповещения»
    Deliveries,
    /// «Реестры»
    Registers,
    /// «Пользователи»
    Users,
    /// «Журнал»
    Audit,
    /// «Настройки»
    Projects,
    /// The user's own account; not in the list.
    Account,
}

impl Section {
    /// Every section.
    pub const ALL: &'static [Self] = &[
        Self::Payments,
        Self::Deliveries,
        Self::Registers,
        Self::Users,
        Self::Audit,
        Self::Projects,
        Self::Account,
    ];

    /// Where it is.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Payments => "/cabinet/payments",
            Self::Deliveries => "/cabinet/deliveries",
            Self::Registers => "/cabinet/registers",
            Self::Users => "/cabinet/users",
            Self::Audit => "/cabinet/audit",
            Self::Projects => "/cabinet/projects",
            Self::Account => account::PATH,
        }
    }

    /// The right that opens it; what is in the user's own hands needs none and is in no list.
    const fn right(self) -> Option<Right> {
        match self {
            Self::Payments | Self::Deliveries => Some(Right::View),
            Self::Registers => Some(Right::Export),
            Self::Users | Self::Audit => Some(Right::ManageUsers),
            Self::Projects => Some(Right::ManageProject),
            Self::Account => None,
        }
    }
}

/// A project that may be chosen.
#[derive(Clone, Debug)]
pub struct ProjectChoice {
    /// Its number.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// No money moves in it.
    pub test: bool,
}

/// Everything around a page; `templates/cabinet/frame.html` draws it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language.
    pub lang: Lang,
    /// Where we are.
    pub section: Section,
    /// The sections that the user may see.
    pub sections: Vec<Section>,
    /// The projects that the user may see.
    pub projects: Vec<ProjectChoice>,
    /// The one that is chosen.
    pub chosen: Option<ProjectId>,
    /// All projects on the page are test projects.
    pub test: bool,
    /// The user.
    pub login: String,
    /// The token for forms (field `token`).
    pub token: String,
    /// This page in the other language.
    pub other_language: String,
    /// A line about what has just been done, once.
    pub notice: Option<String>,
    /// This page, path and query.
    pub address: String,
}

/// A way that the frame offers.
pub struct Way {
    /// Where it leads.
    pub address: String,
    /// Its words.
    pub words: String,
    /// It leads to where we are.
    pub here: bool,
    /// It is about a test project.
    pub test: bool,
}

/// What the search box takes along from the page it stands on.
pub struct Search {
    /// What is looked for now.
    pub text: String,
    /// The rest of the filter.
    pub kept: Vec<(String, String)>,
}

impl Frame {
    /// Where the stylesheet is.
    pub fn style(&self) -> String {
        assets::style_address()
    }

    /// Where the script is.
    pub fn script(&self) -> String {
        assets::script_address()
    }

    /// We are at the user's own account.
    pub fn is_account(&self) -> bool {
        self.section == Section::Account
    }

    /// Where we are, in words.
    pub fn section_name(&self) -> &'static str {
        words::section(self.section, self.lang)
    }

    /// The sections, with the chosen project kept.
    pub fn ways(&self) -> Vec<Way> {
        let chosen = self.chosen.map_or(String::new(), |id| format!("?project={id}"));
        let way = |section: &Section| Way {
            address: format!("{}{chosen}", section.path()),
            words: words::section(*section, self.lang).to_owned(),
            here: *section == self.section,
            test: false,
        };
        self.sections.iter().map(way).collect()
    }

    /// The projects, and all of them together: in a list with its filter, elsewhere at the head of
    /// the section.
    pub fn switches(&self) -> Vec<Way> {
        let (path, query) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let query = if path == self.section.path() { query } else { "" };
        let to = |id: Option<ProjectId>| {
            let id = id.map(|id| id.to_string());
            with(self.section.path(), query, "project", id.as_deref())
        };
        let all = Way {
            address: to(None),
            words: self.lang.pick("Все проекты", "All projects").to_owned(),
            here: self.chosen.is_none(),
            test: false,
        };
        let one = |project: &ProjectChoice| Way {
            address: to(Some(project.id)),
            words: format!("{} · {}", project.name, project.id),
            here: self.chosen == Some(project.id),
            test: project.test,
        };
        let all = (self.projects.len() > 1).then_some(all);
        all.into_iter().chain(self.projects.iter().map(one)).collect()
    }

    /// What the project switch says.
    pub fn chosen_name(&self) -> String {
        let chosen = self.chosen.and_then(|id| self.projects.iter().find(|own| own.id == id));
        match (chosen, self.projects.as_slice()) {
            (Some(chosen), _) | (None, [chosen]) => chosen.name.clone(),
            (None, _) => self.lang.pick("Все проекты", "All projects").to_owned(),
        }
    }

    /// Whether money moves in what is on the page.
    pub fn mode(&self) -> &'static str {
        let mut shown =
            self.projects.iter().filter(|own| self.chosen.is_none_or(|id| id == own.id));
        match (self.test, shown.any(|project| project.test)) {
            (true, _) => self.lang.pick("тестовый режим", "test mode"),
            (false, true) => self.lang.pick("боевые и тестовые", "live and test"),
            (false, false) => self.lang.pick("боевой режим", "live mode"),
        }
    }

    /// The search box.
    pub fn search(&self) -> Search {
        let (path, query) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let query = if path == Section::Payments.path() { query } else { "" };
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let text = pairs.iter().find(|(name, _)| name == "q").map(|(_, text)| text.clone());
        let mut kept = pairs;
        kept.retain(|(name, _)| !is_passing(name) && name != "q");
        if let Some(id) = self.chosen.filter(|_| kept.is_empty()) {
            kept.push(("project".to_owned(), id.to_string()));
        }
        Search { text: text.unwrap_or_default(), kept }
    }
}

fn is_passing(name: &str) -> bool {
    name == "lang" || PLACES.contains(&name)
}

/// An address with one field of its query put to a value, or taken out; places in a list go.
pub fn with(path: &str, query: &str, field: &str, value: Option<&str>) -> String {
    let mut written = form_urlencoded::Serializer::new(String::new());
    let pairs = form_urlencoded::parse(query.as_bytes());
    written.extend_pairs(pairs.filter(|(name, _)| name != field && !is_passing(name)));
    if let Some(value) = value {
        written.append_pair(field, value);
    }
    let query = written.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// This address in the other language; the place in a list is kept.
pub fn in_other_language(address: &str, lang: Lang) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut written = form_urlencoded::Serializer::new(String::new());
    let pairs = form_urlencoded::parse(query.as_bytes());
    written.extend_pairs(pairs.filter(|(name, _)| name != "lang"));
    written.append_pair("lang", lang.pick("en", "ru"));
    format!("{path}?{}", written.finish())
}

impl Signed {
    /// What stands around a page of this section.
    pub fn frame(&self, web: &Web, section: Section) -> Frame {
        let own = |section: &&Section| {
            section.right().is_some_and(|right| !self.with_right(web, right).is_empty())
        };
        let projects = self.own_projects(web);
        let mut shown = projects.iter().filter(|own| self.chosen.is_none_or(|id| id == own.id));
        Frame {
            lang: self.lang,
            section,
            sections: Section::ALL.iter().filter(own).copied().collect(),
            chosen: self.chosen,
            test: !projects.is_empty() && shown.all(|project| project.test),
            projects,
            login: self.actor.user.login.clone(),
            token: self.token(),
            other_language: in_other_language(&self.address, self.lang),
            notice: self.notice.clone(),
            address: self.address.clone(),
        }
    }

    /// The projects in view: the chosen one, or all in which he has this right.
    pub fn projects(&self, web: &Web, right: Right) -> Vec<ProjectId> {
        let mut own = self.with_right(web, right);
        own.retain(|id| self.chosen.is_none_or(|chosen| chosen == *id));
        own
    }

    /// All projects in which he has this right, chosen or not.
    pub fn with_right(&self, web: &Web, right: Right) -> Vec<ProjectId> {
        let all = web.context.projects.all();
        self.actor.user.projects_with(right, all.iter().map(|entry| entry.project.id))
    }

    fn own_projects(&self, web: &Web) -> Vec<ProjectChoice> {
        let all = web.context.projects.all();
        let own = all.iter().filter(|entry| self.is_in(entry.project.id));
        own.map(|entry| ProjectChoice {
            id: entry.project.id,
            name: entry.project.name.clone(),
            test: entry.project.test,
        })
        .collect()
    }
}

/// Answers with a page under the cabinet's policy; never cached.
pub fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (
            status,
            [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (CACHE_CONTROL, "no-store"),
                // Not «no-referrer»: it would hide from us that a form is our own.
                (REFERRER_POLICY, "same-origin"),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (OPENER_POLICY, "same-origin"),
            ],
            html,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// On to another page of ours, with a line about what was done shown there once.
pub fn go_on(to: &str, notice: Option<&str>) -> Response {
    let mut response =
        (StatusCode::SEE_OTHER, [(LOCATION, to), (CACHE_CONTROL, "no-store")]).into_response();
    if let Some(cookie) = notice.and_then(cookies::notice) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
