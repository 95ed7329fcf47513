//! What is said to somebody signed in who may not, or who looks for what is not there.

use altyn_app::access::audit::Action;
use altyn_app::access::user::{Right, User};
use altyn_app::context::Failure;
use altyn_domain::id::ProjectId;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Bare, Frame, Section, Signed, show};
use crate::cabinet::words;
use crate::state::Web;

/// As many names are enough to ask one of them.
const GIVERS_MAX: usize = 5;
/// As much of an address is kept in the log.
const ADDRESS_MAX_CHARS: usize = 500;

/// This needs a right.
#[derive(Template)]
#[template(path = "cabinet/denied.html")]
pub struct DeniedPage {
    /// What stands around.
    pub frame: Frame,
    /// Which right.
    pub right: Right,
    /// The project that it is about.
    pub project: Option<String>,
    /// Who can give it.
    pub givers: Vec<String>,
}

impl DeniedPage {
    fn right_name(&self) -> &'static str {
        words::right(self.right, self.frame.lang)
    }
}

/// Nothing is here.
#[derive(Template)]
#[template(path = "cabinet/not_found.html")]
pub struct NotFoundPage {
    /// What stands around.
    pub frame: Frame,
}

impl Signed {
    /// The page that says that this needs a right and who can give it; noted in the audit log.
    pub async fn denied(&self, web: &Web, right: Right, about: Option<ProjectId>) -> Response {
        let detail = format!("needs {}", right.as_str());
        self.note_refusal(web, Action::Look, about, &detail).await;
        self.denied_page(web, right, about).await
    }

    /// The same page, where the use case that refused has written the log already.
    pub async fn denied_page(&self, web: &Web, right: Right, about: Option<ProjectId>) -> Response {
        let users = match web.cabinet.access.users().await {
            Ok(users) => users,
            Err(error) => return self.failed(&Failure::Store(error)),
        };
        let about = about.or(self.chosen).filter(|id| self.is_in(*id));
        let own = self.own_projects(web);
        let gives = |user: &&User| match about {
            Some(project) => user.may(Right::ManageUsers, project),
            None => own.iter().any(|project| user.may(Right::ManageUsers, project.id)),
        };
        let project = about.and_then(|id| web.context.projects.get(id));
        let page = DeniedPage {
            frame: self.frame(web, Section::Account),
            right,
            project: project.map(|entry| entry.project.name.clone()),
            givers: users
                .iter()
                .filter(gives)
                .map(|user| user.login.clone())
                .take(GIVERS_MAX)
                .collect(),
        };
        show(StatusCode::FORBIDDEN, &page)
    }

    /// Lets whoever has the right in this project pass, or, where it is about none, in any in view.
    pub async fn require(
        &self,
        web: &Web,
        right: Right,
        about: Option<ProjectId>,
    ) -> Result<(), Response> {
        let may = match about {
            Some(project) => self.actor.may(right, project),
            None => !self.projects(web, right).is_empty(),
        };
        if may { Ok(()) } else { Err(self.denied(web, right, about).await) }
    }

    /// The page that says that there is nothing here, for him at least.
    pub fn not_found(&self, web: &Web) -> Response {
        show(StatusCode::NOT_FOUND, &NotFoundPage { frame: self.frame(web, Section::Account) })
    }

    /// The page that says that we failed.
    pub fn failed(&self, failure: &Failure) -> Response {
        Bare::failed(self.lang, failure)
    }

    /// Notes in the log that something was refused him. That the log cannot be written is no
    /// reason to let him.
    pub async fn note_refusal(
        &self,
        web: &Web,
        action: Action,
        about: Option<ProjectId>,
        detail: &str,
    ) {
        let path: String = self.address.chars().take(ADDRESS_MAX_CHARS).collect();
        let now = web.context.clock.now();
        let entry = self.actor.entry(now, action, format!("{detail}: {path}")).refused();
        let entry = match about {
            Some(project) => entry.in_project(project),
            None => entry,
        };
        if let Err(error) = web.cabinet.access.audit(entry).await {
            tracing::error!(%error, "a refusal is not in the audit log");
        }
    }
}
