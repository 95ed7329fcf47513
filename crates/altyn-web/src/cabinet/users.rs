//! Users, as administrators see them: who there is, what each may do and where, and what is done
//! when somebody comes, goes, or loses a password or a device.
//!
//! Guaranteed: whom one may see and change is decided by `altyn_app::access::accounts` alone; a
//! first password is shown once, on the page that answers the form, and nowhere else.

mod act;
mod roles;
#[cfg(test)]
pub mod tests;

use altyn_app::access::accounts::{AccountError, users_for};
use altyn_app::access::user::{Membership, Right, User};
use altyn_app::secret::Secret;
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::endpoint::{Endpoint, Needs};
use super::frame::{Frame, Section, show};
use super::guard::Signed;
use super::words;
use crate::lang::Lang;
use crate::state::Web;
use roles::{RoleChoice, choices, described};

const NEEDS: Needs = Needs::Right(Right::ManageUsers);
const LIST: Endpoint = Endpoint::get("/cabinet/users", NEEDS);
const FORM: Endpoint = Endpoint::get("/cabinet/users/new", NEEDS);
const ADD: Endpoint = Endpoint::post("/cabinet/users/new", NEEDS);
const USER: Endpoint = Endpoint::get("/cabinet/users/{user}", NEEDS);
const ROLES: Endpoint = Endpoint::post("/cabinet/users/{user}/roles", NEEDS);
const DISABLE: Endpoint = Endpoint::post("/cabinet/users/{user}/disable", NEEDS);
const ENABLE: Endpoint = Endpoint::post("/cabinet/users/{user}/enable", NEEDS);
const PASSWORD: Endpoint = Endpoint::post("/cabinet/users/{user}/password", NEEDS);
const NO_FACTOR: Endpoint = Endpoint::post("/cabinet/users/{user}/no-second-factor", NEEDS);

/// What is here.
pub const ENDPOINTS: &[Endpoint] =
    &[LIST, FORM, ADD, USER, ROLES, DISABLE, ENABLE, PASSWORD, NO_FACTOR];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(LIST.serve(list))
        .merge(FORM.serve(form))
        .merge(ADD.serve(act::add))
        .merge(USER.serve(user))
        .merge(ROLES.serve(act::roles))
        .merge(DISABLE.serve(act::disable))
        .merge(ENABLE.serve(act::enable))
        .merge(PASSWORD.serve(act::password))
        .merge(NO_FACTOR.serve(act::no_second_factor))
}

/// The list.
#[derive(Template)]
#[template(path = "cabinet/users.html")]
pub struct UsersPage {
    /// What stands around.
    pub frame: Frame,
    /// Whom he may see, by login.
    pub users: Vec<User>,
}

impl UsersPage {
    fn roles(&self, user: &User) -> String {
        described(&user.memberships, &self.frame)
    }

    fn since(&self, user: &User) -> String {
        words::moment(user.created_at, self.frame.lang)
    }
}

/// Adding one.
#[derive(Template)]
#[template(path = "cabinet/users_new.html")]
pub struct NewUserPage {
    /// What stands around.
    pub frame: Frame,
    /// What was typed.
    pub login: String,
    /// Where he may be what.
    pub choices: Vec<RoleChoice>,
    /// What was wrong.
    pub error: Option<&'static str>,
}

/// One of them.
#[derive(Template)]
#[template(path = "cabinet/users_one.html")]
pub struct UserPage {
    /// What stands around.
    pub frame: Frame,
    /// The user.
    pub user: User,
    /// Where he is what.
    pub choices: Vec<RoleChoice>,
    /// He is who looks.
    pub himself: bool,
    /// A first password, this once.
    pub password: Option<Secret>,
    /// What was wrong.
    pub error: Option<&'static str>,
}

impl UserPage {
    fn roles(&self) -> String {
        described(&self.user.memberships, &self.frame)
    }

    fn since(&self) -> String {
        words::moment(self.user.created_at, self.frame.lang)
    }
}

async fn list(State(web): State<Web>, signed: Signed) -> Response {
    if let Err(response) = signed.require(&web, Right::ManageUsers, None).await {
        return response;
    }
    match users_for(&web.cabinet, &signed.actor).await {
        Ok(mut users) => {
            users.retain(|user| signed.chosen.is_none_or(|project| belongs(user, project)));
            let frame = signed.frame(&web, Section::Users);
            show(StatusCode::OK, &UsersPage { frame, users })
        }
        Err(failure) => signed.failed(&failure),
    }
}

fn belongs(user: &User, project: altyn_domain::id::ProjectId) -> bool {
    let mut own = user.memberships.iter();
    own.any(|membership| membership.project.is_none_or(|own| own == project))
}

async fn form(State(web): State<Web>, signed: Signed) -> Response {
    if let Err(response) = signed.require(&web, Right::ManageUsers, None).await {
        return response;
    }
    let page = NewUserPage {
        frame: signed.frame(&web, Section::Users),
        login: String::new(),
        choices: choices(&web, &signed, &[]),
        error: None,
    };
    show(StatusCode::OK, &page)
}

async fn user(State(web): State<Web>, signed: Signed, Path(number): Path<String>) -> Response {
    if let Err(response) = signed.require(&web, Right::ManageUsers, None).await {
        return response;
    }
    match found(&web, &signed, &number).await {
        Ok(user) => show(StatusCode::OK, &page(&web, &signed, user)),
        Err(response) => response,
    }
}

/// The user of this number, if whoever asks may see him.
async fn found(web: &Web, signed: &Signed, number: &str) -> Result<User, Response> {
    let users = users_for(&web.cabinet, &signed.actor).await;
    let users = users.map_err(|failure| signed.failed(&failure))?;
    let number: Option<i64> = number.parse().ok();
    let user = users.into_iter().find(|user| Some(user.id) == number);
    user.ok_or_else(|| signed.not_found(web))
}

fn page(web: &Web, signed: &Signed, user: User) -> UserPage {
    UserPage {
        frame: signed.frame(web, Section::Users),
        choices: choices(web, signed, &user.memberships),
        himself: user.id == signed.actor.user.id,
        user,
        password: None,
        error: None,
    }
}

/// Why nothing was changed, in a sentence.
fn said(error: &AccountError, lang: Lang) -> Option<&'static str> {
    match error {
        AccountError::Denied => Some(lang.pick(
            "Нельзя дать больше, чем есть у вас. Отметьте хотя бы один проект, которым вы управляете.",
            "Nobody gives more than he has. Choose at least one project that you manage.",
        )),
        AccountError::Taken => {
            Some(lang.pick("Такой логин уже есть.", "There is such a login already."))
        }
        AccountError::Login => Some(lang.pick(
            "Логин — от 1 до 64 символов без пробелов.",
            "A login has 1 to 64 characters and no spaces.",
        )),
        AccountError::LastAdministrator => Some(lang.pick(
            "Это последний администратор всех проектов: сначала назначьте другого.",
            "This is the last administrator of all projects: name another first.",
        )),
        AccountError::NotFound | AccountError::Wrong | AccountError::Failure(_) => None,
    }
}

/// What a form says of roles: `project:role`, or `all:role`. `None` when it says what no page of
/// ours can.
fn memberships<'f>(fields: impl Iterator<Item = &'f str>) -> Option<Vec<Membership>> {
    fields.filter(|field| !field.is_empty()).map(roles::parse).collect()
}
