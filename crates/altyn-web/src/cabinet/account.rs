//! The user's own account: the password, the second factor, the browsers that are signed in.
//!
//! Guaranteed: everything here is about whoever is signed in and nobody else; a second factor counts
//! from the first code that fits, and its recovery codes are shown once.

mod browser;
mod qr;
#[cfg(test)]
pub mod tests;

use altyn_app::access::accounts::{
    AccountError, offer_second_factor, remove_second_factor, set_second_factor,
};
use altyn_app::access::sign_in::{PASSWORD_MIN_CHARS, SignOut, sign_out};
use altyn_app::access::user::Session;
use altyn_app::context::Failure;
use altyn_app::secret::Secret;
use altyn_domain::time::Timestamp;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::endpoint::{Endpoint, Needs};
use super::frame::{Frame, Section, go_on, show};
use super::guard::{Posted, Signed};
use super::sign_in::{go_in, go_out, replace_password};
use super::words;
use crate::state::Web;
use browser::name_of;
use qr::Code;

/// Where it is.
pub const PATH: &str = "/cabinet/account";

const ACCOUNT: Endpoint = Endpoint::get(PATH, Needs::Session);
const PASSWORD: Endpoint = Endpoint::post("/cabinet/account/password", Needs::Session);
const OFFER: Endpoint = Endpoint::get("/cabinet/account/second-factor", Needs::Session);
const SET: Endpoint = Endpoint::post("/cabinet/account/second-factor", Needs::Session);
const REMOVE: Endpoint = Endpoint::post("/cabinet/account/second-factor/remove", Needs::Session);
const END_ONE: Endpoint = Endpoint::post("/cabinet/account/sessions/end", Needs::Session);
const END_ALL: Endpoint = Endpoint::post("/cabinet/account/sessions/end-all", Needs::Session);

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[ACCOUNT, PASSWORD, OFFER, SET, REMOVE, END_ONE, END_ALL];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(ACCOUNT.serve(account))
        .merge(PASSWORD.serve(change_password))
        .merge(OFFER.serve(offer))
        .merge(SET.serve(set))
        .merge(REMOVE.serve(remove))
        .merge(END_ONE.serve(end_one))
        .merge(END_ALL.serve(end_all))
}

/// The account.
#[derive(Template)]
#[template(path = "cabinet/account.html")]
pub struct AccountPage {
    /// What stands around.
    pub frame: Frame,
    /// His browsers, newest first.
    pub sessions: Vec<Session>,
    /// The digest of this one.
    pub current: String,
    /// How many recovery codes are left, if there is a second factor.
    pub recovery_left: Option<usize>,
    /// The shortest password.
    pub least: usize,
    /// What was wrong with the password form.
    pub password_error: Option<String>,
    /// What was wrong with taking the second factor off.
    pub factor_error: Option<String>,
}

impl AccountPage {
    fn moment(&self, at: &Timestamp) -> String {
        words::moment(*at, self.frame.lang)
    }

    fn machine(&self, at: &Timestamp) -> String {
        words::machine_moment(*at)
    }

    fn browser(&self, session: &Session) -> String {
        name_of(&session.agent, self.frame.lang)
    }

    fn codes_left(&self, left: &usize) -> String {
        let lang = self.frame.lang;
        let count = i64::try_from(*left).unwrap_or(i64::MAX);
        let forms = lang.pick(
            ["код восстановления", "кода восстановления", "кодов восстановления"],
            ["recovery code", "recovery codes", "recovery codes"],
        );
        format!("{left}\u{a0}{}", words::plural(count, lang, forms))
    }
}

/// A second factor to be set up.
#[derive(Template)]
#[template(path = "cabinet/account_factor.html")]
pub struct FactorPage {
    /// What stands around.
    pub frame: Frame,
    /// Base32, for a device without a camera.
    pub secret: Secret,
    /// The same for a camera, as an address.
    pub address: Secret,
    /// What was wrong.
    pub error: Option<String>,
}

impl FactorPage {
    fn code(&self) -> Option<Code> {
        Code::of(self.address.expose())
    }

    /// In groups of four, to be typed.
    fn grouped(&self) -> String {
        let symbols: Vec<char> = self.secret.expose().chars().collect();
        let groups: Vec<String> = symbols.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }
}

/// The recovery codes, this once.
#[derive(Template)]
#[template(path = "cabinet/account_codes.html")]
pub struct CodesPage {
    /// What stands around.
    pub frame: Frame,
    /// Each counts once.
    pub codes: Vec<Secret>,
}

async fn account(State(web): State<Web>, signed: Signed) -> Response {
    match page(&web, &signed).await {
        Ok(page) => show(StatusCode::OK, &page),
        Err(response) => response,
    }
}

async fn page(web: &Web, signed: &Signed) -> Result<AccountPage, Response> {
    let user = &signed.actor.user;
    let found = web.cabinet.access.sessions_of(user.id, web.context.clock.now()).await;
    let sessions = found.map_err(|error| signed.failed(&Failure::Store(error)))?;
    Ok(AccountPage {
        frame: signed.frame(web, Section::Account),
        sessions,
        current: signed.session.digest.clone(),
        recovery_left: user.second_factor.as_ref().map(|factor| factor.recovery.len()),
        least: PASSWORD_MIN_CHARS,
        password_error: None,
        factor_error: None,
    })
}

async fn change_password(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    match replace_password(&web, &posted).await {
        Ok(opened) => {
            let said = signed.lang.pick(
                "Пароль сменён. Другие браузеры вышли.",
                "The password was changed. Other browsers are signed out.",
            );
            go_in(&web, &opened, PATH, Some(said))
        }
        Err(refusal) => match page(&web, signed).await {
            Ok(page) => refusal
                .answer(signed.lang, |error| AccountPage { password_error: Some(error), ..page }),
            Err(response) => response,
        },
    }
}

async fn offer(State(web): State<Web>, signed: Signed) -> Response {
    if signed.actor.user.second_factor.is_some() {
        return go_on(PATH, None);
    }
    match offer_second_factor(&web.cabinet, &signed.actor) {
        Ok(offer) => {
            let frame = signed.frame(&web, Section::Account);
            let (secret, address) = (offer.secret, offer.address);
            show(StatusCode::OK, &FactorPage { frame, secret, address, error: None })
        }
        Err(error) => account_failed(&web, &signed, &error),
    }
}

async fn set(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let secret = posted.secret("secret");
    let set = set_second_factor(&web.cabinet, &signed.actor, &secret, posted.field("code")).await;
    let frame = signed.frame(&web, Section::Account);
    match set {
        Ok(codes) => show(StatusCode::OK, &CodesPage { frame, codes }),
        Err(AccountError::Wrong) => {
            let error = signed.lang.pick(
                "Код не подошёл. Проверьте, верно ли идут часы устройства, и введите новый код.",
                "The code does not fit. See that the device’s clock is right; type a new code.",
            );
            let address = posted.secret("address");
            let page = FactorPage { frame, secret, address, error: Some(error.to_owned()) };
            show(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => account_failed(&web, signed, &error),
    }
}

async fn remove(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let password = posted.secret("password");
    match remove_second_factor(&web.cabinet, &signed.actor, &password).await {
        Ok(()) => {
            let said = signed.lang.pick("Второй фактор снят.", "The second factor was taken off.");
            go_on(PATH, Some(said))
        }
        Err(AccountError::Wrong) => match page(&web, signed).await {
            Ok(page) => {
                let error = signed.lang.pick(
                    "Пароль не подошёл. После нескольких ошибок нужно подождать.",
                    "The password does not fit. After some failures you have to wait.",
                );
                let page = AccountPage { factor_error: Some(error.to_owned()), ..page };
                show(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            Err(response) => response,
        },
        Err(error) => account_failed(&web, signed, &error),
    }
}

async fn end_one(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let digest = posted.field("session");
    if digest == signed.session.digest {
        return go_out(&web, signed, SignOut::This, None).await;
    }
    match sign_out(&web.cabinet, &signed.actor, SignOut::One(digest)).await {
        Ok(()) => {
            let said = signed.lang.pick("Тот браузер вышел.", "That browser is signed out.");
            go_on(PATH, Some(said))
        }
        Err(failure) => signed.failed(&failure),
    }
}

async fn end_all(State(web): State<Web>, posted: Posted) -> Response {
    let said = posted.signed.lang.pick("Вы вышли везде.", "You have signed out everywhere.");
    go_out(&web, &posted.signed, SignOut::Everywhere, Some(said)).await
}

/// What cannot come from the page as it was drawn: the account changed meanwhile, or we failed.
fn account_failed(web: &Web, signed: &Signed, error: &AccountError) -> Response {
    match error {
        AccountError::Failure(failure) => signed.failed(failure),
        AccountError::NotFound => signed.not_found(web),
        AccountError::Denied
        | AccountError::Taken
        | AccountError::Login
        | AccountError::LastAdministrator
        | AccountError::Wrong => go_on(PATH, None),
    }
}
