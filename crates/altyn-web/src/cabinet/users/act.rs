//! What administrators do about users.

use altyn_app::access::accounts::{
    AccountError, UserChange, add_user, change_user, reset_password,
};
use altyn_app::access::user::{Right, User};
use altyn_app::secret::Secret;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::roles::choices;
use super::{NewUserPage, UserPage, found, memberships, page, said};
use crate::cabinet::frame::{Section, go_on, show};
use crate::cabinet::guard::{Posted, Signed};
use crate::lang::Lang;
use crate::state::Web;

pub async fn add(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    if let Err(response) = signed.require(&web, Right::ManageUsers, None).await {
        return response;
    }
    let login = posted.field("login");
    let chosen = memberships(posted.all("role")).unwrap_or_default();
    // Whoever belongs nowhere can do nothing: it is a form sent too early.
    let added = match chosen.as_slice() {
        [] => Err(AccountError::Denied),
        _ => add_user(&web.cabinet, &signed.actor, login, chosen.clone()).await,
    };
    match added {
        Ok((user, password)) => shown_once(&web, signed, user, password),
        Err(AccountError::Failure(failure)) => signed.failed(&failure),
        Err(error) => {
            let page = NewUserPage {
                frame: signed.frame(&web, Section::Users),
                login: login.to_owned(),
                choices: choices(&web, signed, &chosen),
                error: said(&error, signed.lang),
            };
            show(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
    }
}

fn shown_once(web: &Web, signed: &Signed, user: User, password: Secret) -> Response {
    let page = UserPage { password: Some(password), ..page(web, signed, user) };
    show(StatusCode::OK, &page)
}

pub async fn roles(State(web): State<Web>, Path(number): Path<String>, posted: Posted) -> Response {
    let Some(chosen) = memberships(posted.all("role")) else {
        return posted.signed.not_found(&web);
    };
    change(&web, &posted.signed, &number, UserChange::Memberships(chosen)).await
}

pub async fn disable(
    State(web): State<Web>,
    Path(number): Path<String>,
    posted: Posted,
) -> Response {
    change(&web, &posted.signed, &number, UserChange::Disabled(true)).await
}

pub async fn enable(
    State(web): State<Web>,
    Path(number): Path<String>,
    posted: Posted,
) -> Response {
    change(&web, &posted.signed, &number, UserChange::Disabled(false)).await
}

pub async fn no_second_factor(
    State(web): State<Web>,
    Path(number): Path<String>,
    posted: Posted,
) -> Response {
    change(&web, &posted.signed, &number, UserChange::NoSecondFactor).await
}

pub async fn password(
    State(web): State<Web>,
    Path(number): Path<String>,
    posted: Posted,
) -> Response {
    let signed = &posted.signed;
    if let Err(response) = signed.require(&web, Right::ManageUsers, None).await {
        return response;
    }
    let Ok(id) = number.parse() else { return signed.not_found(&web) };
    match reset_password(&web.cabinet, &signed.actor, id).await {
        Ok(password) => match found(&web, signed, &number).await {
            Ok(user) => shown_once(&web, signed, user, password),
            Err(response) => response,
        },
        Err(error) => not_changed(&web, signed, &number, &error).await,
    }
}

async fn change(web: &Web, signed: &Signed, number: &str, change: UserChange) -> Response {
    if let Err(response) = signed.require(web, Right::ManageUsers, None).await {
        return response;
    }
    let Ok(id) = number.parse() else { return signed.not_found(web) };
    let said = done(&change, signed.lang);
    match change_user(&web.cabinet, &signed.actor, id, change).await {
        Ok(user) => go_on(&format!("/cabinet/users/{}", user.id), Some(said)),
        Err(error) => not_changed(web, signed, number, &error).await,
    }
}

fn done(change: &UserChange, lang: Lang) -> &'static str {
    match change {
        UserChange::Memberships(_) => lang.pick("Доступ изменён.", "The access was changed."),
        UserChange::Disabled(true) => {
            lang.pick("Вход закрыт, сеансы завершены.", "Sign-in is closed, the sessions ended.")
        }
        UserChange::Disabled(false) => lang.pick("Вход снова открыт.", "Sign-in is open again."),
        UserChange::NoSecondFactor => {
            lang.pick("Второй фактор снят.", "The second factor was taken off.")
        }
    }
}

/// The user's page again, with why nothing was changed.
async fn not_changed(web: &Web, signed: &Signed, number: &str, error: &AccountError) -> Response {
    match error {
        AccountError::Failure(failure) => signed.failed(failure),
        AccountError::NotFound | AccountError::Wrong => signed.not_found(web),
        AccountError::Denied
        | AccountError::Taken
        | AccountError::Login
        | AccountError::LastAdministrator => match found(web, signed, number).await {
            Ok(user) => {
                let error = said(error, signed.lang);
                let page = UserPage { error, ..page(web, signed, user) };
                show(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            Err(response) => response,
        },
    }
}
