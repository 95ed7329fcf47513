//! «Журнал»: what people did and what they were refused, newest first, with each entry's place in
//! the chain of hashes.
//!
//! Guaranteed: whoever manages users in some projects sees entries of those projects only; entries
//! of no project (sign-ins among them) are for those who manage users everywhere.

#[cfg(test)]
pub mod tests;

use altyn_app::access::accounts::users_for;
use altyn_app::access::audit::{Action, AuditFilter, AuditResult, StoredAudit};
use altyn_app::access::user::{Right, User};
use altyn_app::context::Failure;
use altyn_domain::id::{PaymentId, ProjectId};
use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use super::endpoint::{Endpoint, Needs};
use super::frame::{Frame, Section, show, with};
use super::guard::Signed;
use super::words;
use crate::state::Web;

const LIST: Endpoint = Endpoint::get("/cabinet/audit", Needs::Right(Right::ManageUsers));

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[LIST];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new().merge(LIST.serve(list))
}

/// Entries on a page.
const PAGE: u32 = 100;
/// As much of a hash tells it from others; the whole of it is one click away.
const HASH_SHOWN: usize = 12;

/// What an address asks for, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A user's number.
    pub user: Option<i64>,
    /// An action.
    pub action: Option<Action>,
    /// A payment, as typed.
    pub payment: String,
    /// The key of the page.
    pub before: Option<i64>,
}

impl Asked {
    /// Reads a query; what is not understood is passed over, but for the payment's number.
    pub fn parse(query: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "user" => asked.user = value.parse().ok(),
                "action" => asked.action = Action::parse(&value),
                "payment" => value.trim().clone_into(&mut asked.payment),
                "before" => asked.before = value.parse().ok(),
                _ => {}
            }
        }
        asked
    }

    /// The payment's number: `Err` when what was typed is none.
    pub fn payment(&self) -> Result<Option<PaymentId>, ()> {
        match self.payment.as_str() {
            "" => Ok(None),
            typed => typed.parse().map(|number| Some(PaymentId::new(number))).map_err(|_| ()),
        }
    }
}

/// The log.
#[derive(Template)]
#[template(path = "cabinet/audit.html")]
pub struct AuditPage {
    /// What stands around.
    pub frame: Frame,
    /// What is asked for.
    pub asked: Asked,
    /// Who may be chosen.
    pub users: Vec<User>,
    /// The entries, newest first.
    pub entries: Vec<StoredAudit>,
    /// Where older ones are.
    pub older: Option<String>,
}

impl AuditPage {
    fn is_filtered(&self) -> bool {
        self.asked != Asked::default()
    }

    fn is_wrong(&self) -> bool {
        self.asked.payment().is_err()
    }

    fn actions(&self) -> Vec<(&'static str, &'static str, bool)> {
        let option = |action: &Action| {
            (
                action.as_str(),
                words::action(*action, self.frame.lang),
                self.asked.action == Some(*action),
            )
        };
        Action::ALL.iter().map(option).collect()
    }

    fn chosen_user(&self, user: &User) -> bool {
        self.asked.user == Some(user.id)
    }

    fn moment(&self, stored: &StoredAudit) -> String {
        words::exact_moment(stored.entry.at, self.frame.lang)
    }

    fn machine(&self, stored: &StoredAudit) -> String {
        words::machine_moment(stored.entry.at)
    }

    fn action(&self, stored: &StoredAudit) -> &'static str {
        words::action(stored.entry.action, self.frame.lang)
    }

    fn who<'a>(&self, stored: &'a StoredAudit) -> &'a str {
        words::log::who(&stored.entry, self.frame.lang)
    }

    fn detail(&self, stored: &StoredAudit) -> String {
        words::log::detail(&stored.entry, self.frame.lang)
    }

    fn is_refused(&self, stored: &StoredAudit) -> bool {
        stored.entry.result == AuditResult::Refused
    }

    fn refused(&self) -> &'static str {
        words::audit_result(AuditResult::Refused, self.frame.lang)
    }

    fn project(&self, stored: &StoredAudit) -> String {
        stored.entry.project.map_or(String::new(), |id| {
            let known = self.frame.projects.iter().find(|own| own.id == id);
            known.map_or_else(|| format!("№ {id}"), |own| own.name.clone())
        })
    }

    fn payment(&self, stored: &StoredAudit) -> Option<(String, PaymentId)> {
        let (project, payment) = (stored.entry.project?, stored.entry.payment?);
        Some((format!("/cabinet/payments/{project}/{payment}"), payment))
    }

    fn short(&self, hash: &str) -> String {
        hash.chars().take(HASH_SHOWN).collect()
    }

    fn newest(&self) -> Option<String> {
        let (path, query) = self.frame.address.split_once('?')?;
        self.asked.before.map(|_| with(path, query, "before", None))
    }
}

async fn list(State(web): State<Web>, signed: Signed, RawQuery(query): RawQuery) -> Response {
    if let Err(response) = signed.require(&web, Right::ManageUsers, None).await {
        return response;
    }
    let asked = Asked::parse(&query.unwrap_or_default());
    match read(&web, &signed, asked).await {
        Ok(page) => show(StatusCode::OK, &page),
        Err(failure) => signed.failed(&failure),
    }
}

async fn read(web: &Web, signed: &Signed, asked: Asked) -> Result<AuditPage, Failure> {
    let users = users_for(&web.cabinet, &signed.actor).await?;
    let mut entries = match asked.payment() {
        Ok(payment) => {
            let filter = AuditFilter {
                projects: in_view(web, signed),
                payment,
                user: asked.user,
                action: asked.action,
                before: asked.before,
                limit: PAGE + 1,
            };
            web.cabinet.access.audit_entries(&filter).await?
        }
        Err(()) => Vec::new(),
    };
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = entries.len() > page;
    entries.truncate(page);
    let (path, query) = signed.address.split_once('?').unwrap_or((&signed.address, ""));
    let older = entries
        .last()
        .filter(|_| more)
        .map(|last| with(path, query, "before", Some(&last.id.to_string())));
    Ok(AuditPage { frame: signed.frame(web, Section::Audit), asked, users, entries, older })
}

/// The projects whose entries he may see; `None` is all of them and the entries of none.
fn in_view(web: &Web, signed: &Signed) -> Option<Vec<ProjectId>> {
    let everywhere = signed.actor.user.may_everywhere(Right::ManageUsers);
    match signed.chosen {
        None if everywhere => None,
        None | Some(_) => Some(signed.projects(web, Right::ManageUsers)),
    }
}
