//! Pages without the frame: for whoever is not signed in, and for when nothing else can be said.

use altyn_app::context::Failure;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::show;
use crate::cabinet::{assets, sign_in};
use crate::lang::Lang;

/// What stands around a page without the frame; `templates/cabinet/bare.html` draws it.
#[derive(Clone, Debug)]
pub struct Bare {
    /// The language.
    pub lang: Lang,
    /// This page in the other language, where it can be asked for again.
    pub other_language: Option<String>,
    /// A line about what has just been done, once.
    pub notice: Option<String>,
}

/// Something went wrong: what, and what to do.
#[derive(Template)]
#[template(path = "cabinet/problem.html")]
struct Problem {
    frame: Bare,
    title: &'static str,
    text: &'static str,
    home: &'static str,
}

impl Bare {
    /// Nothing around but the language.
    pub const fn new(lang: Lang) -> Self {
        Self { lang, other_language: None, notice: None }
    }

    /// Where the stylesheet is.
    pub fn style(&self) -> String {
        assets::style_address()
    }

    /// Where the script is.
    pub fn script(&self) -> String {
        assets::script_address()
    }

    /// We failed; whether anything changed is not known.
    pub fn failed(lang: Lang, failure: &Failure) -> Response {
        tracing::error!(error = %failure, "the cabinet could not answer");
        let (title, text) = lang.pick(
            (
                "Не получилось ответить",
                "Сервер не смог прочитать или записать данные. Откройте страницу ещё раз через \
                 минуту. Если вы меняли что-то, сначала проверьте, не изменилось ли оно уже.",
            ),
            (
                "There is no answer",
                "The server could not read or write its data. Open the page again in a minute. \
                 If you were changing something, look first whether it has changed already.",
            ),
        );
        Self::problem(lang, StatusCode::SERVICE_UNAVAILABLE, (title, text))
    }

    /// A form came from a browser that is not signed in.
    pub fn signed_out(lang: Lang) -> Response {
        let (title, text) = lang.pick(
            (
                "Сначала нужно войти",
                "Сеанс закончился, форма не принята и ничего не изменилось. Войдите и повторите.",
            ),
            (
                "Sign in first",
                "The session has ended; the form was not taken and nothing has changed. Sign in \
                 and try again.",
            ),
        );
        Self::problem(lang, StatusCode::UNAUTHORIZED, (title, text))
    }

    /// A form is not of this browser's pages.
    pub fn foreign_form(lang: Lang) -> Response {
        let (title, text) = lang.pick(
            (
                "Форма не принята",
                "Она отправлена не с этой страницы или открыта до последнего входа. Ничего не \
                 изменилось. Откройте страницу заново и повторите.",
            ),
            (
                "The form was not taken",
                "It was not sent from this page, or was opened before you last signed in. Nothing \
                 has changed. Open the page anew and try again.",
            ),
        );
        Self::problem(lang, StatusCode::FORBIDDEN, (title, text))
    }

    /// A form is too long, cut off, or of another kind.
    pub fn unreadable_form(lang: Lang) -> Response {
        let (title, text) = lang.pick(
            (
                "Форма не прочитана",
                "Она слишком длинная или дошла не целиком. Ничего не изменилось.",
            ),
            ("The form was not read", "It is too long, or did not arrive whole. Nothing changed."),
        );
        Self::problem(lang, StatusCode::BAD_REQUEST, (title, text))
    }

    fn problem(
        lang: Lang,
        status: StatusCode,
        (title, text): (&'static str, &'static str),
    ) -> Response {
        show(status, &Problem { frame: Self::new(lang), title, text, home: sign_in::HOME_PATH })
    }
}

#[cfg(test)]
pub(super) fn example(lang: Lang) -> String {
    let (title, text) = lang.pick(("Форма не принята", "Ничего."), ("Not taken", "Nothing."));
    Problem { frame: Bare::new(lang), title, text, home: sign_in::HOME_PATH }.render().unwrap()
}
