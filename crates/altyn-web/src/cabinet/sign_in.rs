//! Getting in: the password, the second factor, the first password replaced; and getting out.
//!
//! Guaranteed: nobody is led to an address that is not a page of the cabinet; what was typed wrong
//! is not told apart, and a password is never written back into a page.

use altyn_app::access::sign_in::{
    Opened, PASSWORD_MIN_CHARS, SignInError, SignOut, change_password, pass_second_factor, sign_in,
    sign_out,
};
use altyn_app::access::user::SessionStage;
use altyn_domain::time::SECOND_MS;
use askama::Template;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use url::form_urlencoded;

use super::endpoint::{Endpoint, Needs};
use super::frame::{Bare, Section, go_on, show};
use super::guard::{Anybody, Halfway, Knocked, Posted, PostedHalfway, Signed};
use super::{cookies, words};
use crate::lang::Lang;
use crate::state::Web;

/// Where everything begins.
pub const HOME_PATH: &str = "/cabinet";

const HOME: Endpoint = Endpoint::get(HOME_PATH, Needs::Session);
const HOME_SLASH: Endpoint = Endpoint::get("/cabinet/", Needs::Session);
const LOST: Endpoint = Endpoint::get("/cabinet/{*path}", Needs::Session);
const ENTRANCE: Endpoint = Endpoint::get("/cabinet/sign-in", Needs::Nothing);
const ENTER: Endpoint = Endpoint::post("/cabinet/sign-in", Needs::Nothing);
const CODE: Endpoint = Endpoint::get("/cabinet/sign-in/code", Needs::Nothing);
const SEND_CODE: Endpoint = Endpoint::post("/cabinet/sign-in/code", Needs::Nothing);
const PASSWORD: Endpoint = Endpoint::get("/cabinet/sign-in/password", Needs::Nothing);
const CHOOSE_PASSWORD: Endpoint = Endpoint::post("/cabinet/sign-in/password", Needs::Nothing);
const GIVE_UP: Endpoint = Endpoint::post("/cabinet/sign-in/give-up", Needs::Nothing);
const LEAVE: Endpoint = Endpoint::post("/cabinet/sign-out", Needs::Session);

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[
    HOME,
    HOME_SLASH,
    LOST,
    ENTRANCE,
    ENTER,
    CODE,
    SEND_CODE,
    PASSWORD,
    CHOOSE_PASSWORD,
    GIVE_UP,
    LEAVE,
];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(HOME.serve(home))
        .merge(HOME_SLASH.serve(home))
        .merge(LOST.serve(lost))
        .merge(ENTRANCE.serve(entrance_page))
        .merge(ENTER.serve(enter))
        .merge(CODE.serve(code_page))
        .merge(SEND_CODE.serve(send_code))
        .merge(PASSWORD.serve(password_page))
        .merge(CHOOSE_PASSWORD.serve(choose_password))
        .merge(GIVE_UP.serve(give_up))
        .merge(LEAVE.serve(leave))
}

/// The login and the password.
#[derive(Template)]
#[template(path = "cabinet/sign_in.html")]
pub struct SignInPage {
    /// What stands around.
    pub frame: Bare,
    /// Where it leads on to.
    pub next: String,
    /// What was typed before.
    pub login: String,
    /// What was wrong.
    pub error: Option<String>,
}

/// The second factor.
#[derive(Template)]
#[template(path = "cabinet/second_factor.html")]
pub struct CodePage {
    /// What stands around.
    pub frame: Bare,
    /// The token for forms.
    pub token: String,
    /// Where it leads on to.
    pub next: String,
    /// What was wrong.
    pub error: Option<String>,
}

/// A password of one's own.
#[derive(Template)]
#[template(path = "cabinet/new_password.html")]
pub struct NewPasswordPage {
    /// What stands around.
    pub frame: Bare,
    /// The token for forms.
    pub token: String,
    /// For the browser's store of passwords.
    pub login: String,
    /// Where it leads on to.
    pub next: String,
    /// What was wrong.
    pub error: Option<String>,
    /// The shortest one.
    pub least: usize,
}

/// Where one signs in, to come back to `next` afterwards.
pub fn entrance(next: &str) -> String {
    onward(ENTRANCE.path, next)
}

/// Where a session goes on to from this stage, and to `next` afterwards.
pub fn way_on(stage: SessionStage, next: &str) -> String {
    match stage {
        SessionStage::SecondFactor => onward(CODE.path, next),
        SessionStage::NewPassword => onward(PASSWORD.path, next),
        SessionStage::Open => own_page(next).unwrap_or(Section::Payments.path()).to_owned(),
    }
}

fn onward(path: &str, next: &str) -> String {
    match own_page(next) {
        None | Some(HOME_PATH) => path.to_owned(),
        Some(next) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("next", next);
            format!("{path}?{}", query.finish())
        }
    }
}

/// Where `next=` of a query leads: a page of the cabinet, else its first one.
pub fn next_of(query: &str) -> String {
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    let next = next.map(|(_, value)| value.into_owned()).unwrap_or_default();
    own_page(&next).unwrap_or(Section::Payments.path()).to_owned()
}

/// An address, if it is a page of the cabinet and not one of these.
fn own_page(address: &str) -> Option<&str> {
    let rest = address.strip_prefix(HOME_PATH)?;
    let own = rest.is_empty() || rest.starts_with(['/', '?']);
    let clean = address.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let path = address.split_once('?').map_or(address, |(path, _)| path);
    let steps_up = path.split('/').any(|part| part.contains("..") || part.contains('%'));
    let here = path.starts_with(ENTRANCE.path) || path == LEAVE.path;
    (own && clean && !steps_up && !here).then_some(address)
}

async fn home(_: Signed) -> Response {
    go_on(Section::Payments.path(), None)
}

async fn lost(State(web): State<Web>, signed: Signed) -> Response {
    signed.not_found(&web)
}

async fn entrance_page(RawQuery(query): RawQuery, browser: Anybody) -> Response {
    let next = next_of(&query.unwrap_or_default());
    if let Some(signed) = &browser.signed {
        return go_on(&way_on(signed.session.stage, &next), None);
    }
    let frame = browser.frame();
    show(StatusCode::OK, &SignInPage { frame, next, login: String::new(), error: None })
}

async fn enter(State(web): State<Web>, knocked: Knocked) -> Response {
    let login = knocked.fields.field("login");
    let password = knocked.fields.secret("password");
    let next = knocked.fields.field("next").to_owned();
    let lang = knocked.lang;
    match sign_in(&web.cabinet, &knocked.visitor, login, &password).await {
        Ok(opened) => go_in(&web, &opened, &next, None),
        Err(error) => {
            let wrong = lang.pick(
                "Логин или пароль не подходят. Проверьте раскладку и Caps Lock.",
                "The login or the password does not fit. Check the layout and Caps Lock.",
            );
            refused(lang, &error, wrong, |error| {
                let (frame, login) = (Bare::new(lang), login.to_owned());
                SignInPage { frame, next, login, error: Some(error) }
            })
        }
    }
}

async fn code_page(RawQuery(query): RawQuery, Halfway(signed): Halfway) -> Response {
    let next = next_of(&query.unwrap_or_default());
    match signed.session.stage {
        SessionStage::SecondFactor => {
            let frame = signed.bare();
            show(StatusCode::OK, &CodePage { frame, token: signed.token(), next, error: None })
        }
        stage @ (SessionStage::NewPassword | SessionStage::Open) => {
            go_on(&way_on(stage, &next), None)
        }
    }
}

async fn send_code(State(web): State<Web>, PostedHalfway(posted): PostedHalfway) -> Response {
    let signed = &posted.signed;
    let next = posted.field("next").to_owned();
    let code = posted.field("code");
    match pass_second_factor(&web.cabinet, &signed.visitor, &signed.session, code).await {
        Ok(opened) => go_in(&web, &opened, &next, None),
        Err(error) => {
            let wrong = signed.lang.pick(
                "Код не подошёл. Введите новый код из приложения; каждый действует полминуты.",
                "The code does not fit. Type a new one from the app; each lasts half a minute.",
            );
            refused(signed.lang, &error, wrong, |error| CodePage {
                frame: Bare::new(signed.lang),
                token: signed.token(),
                next,
                error: Some(error),
            })
        }
    }
}

async fn password_page(RawQuery(query): RawQuery, Halfway(signed): Halfway) -> Response {
    let next = next_of(&query.unwrap_or_default());
    match signed.session.stage {
        SessionStage::NewPassword => {
            show(StatusCode::OK, &new_password(&signed, signed.bare(), next, None))
        }
        stage @ (SessionStage::SecondFactor | SessionStage::Open) => {
            go_on(&way_on(stage, &next), None)
        }
    }
}

fn new_password(
    signed: &Signed,
    frame: Bare,
    next: String,
    error: Option<String>,
) -> NewPasswordPage {
    let (token, login) = (signed.token(), signed.actor.user.login.clone());
    NewPasswordPage { frame, token, login, next, error, least: PASSWORD_MIN_CHARS }
}

async fn choose_password(State(web): State<Web>, PostedHalfway(posted): PostedHalfway) -> Response {
    let signed = &posted.signed;
    let next = posted.field("next").to_owned();
    match replace_password(&web, &posted).await {
        Ok(opened) => {
            let said = signed.lang.pick("Пароль сменён.", "The password was changed.");
            go_in(&web, &opened, &next, Some(said))
        }
        Err(refusal) => {
            let bare = Bare::new(signed.lang);
            refusal.answer(signed.lang, |error| new_password(signed, bare, next, Some(error)))
        }
    }
}

/// Why the password is not replaced.
pub enum PasswordRefusal {
    /// It was not typed the same twice.
    Differ,
    /// The use case says so.
    Refused(SignInError),
}

impl PasswordRefusal {
    /// The page again, with what was wrong.
    pub fn answer<P: Template>(self, lang: Lang, page: impl FnOnce(String) -> P) -> Response {
        let wrong = lang.pick("Прежний пароль не подходит.", "The old password does not fit.");
        match self {
            Self::Refused(error) => refused(lang, &error, wrong, page),
            Self::Differ => {
                let text = lang.pick(
                    "Новый пароль набран по-разному. Наберите его ещё раз.",
                    "The new password was typed in two ways. Type it again.",
                );
                show(StatusCode::UNPROCESSABLE_ENTITY, &page(text.to_owned()))
            }
        }
    }
}

/// Replaces the password by what a form with `old`, `new` and `again` says.
pub async fn replace_password(web: &Web, posted: &Posted) -> Result<Opened, PasswordRefusal> {
    let (old, new) = (posted.secret("old"), posted.secret("new"));
    if new != posted.secret("again") {
        return Err(PasswordRefusal::Differ);
    }
    let Signed { visitor, session, actor, .. } = &posted.signed;
    let changed = change_password(&web.cabinet, visitor, (session, actor), &old, &new).await;
    changed.map_err(PasswordRefusal::Refused)
}

async fn give_up(State(web): State<Web>, PostedHalfway(posted): PostedHalfway) -> Response {
    go_out(&web, &posted.signed, SignOut::This, None).await
}

async fn leave(State(web): State<Web>, posted: Posted) -> Response {
    let said = posted.signed.lang.pick("Вы вышли.", "You have signed out.");
    go_out(&web, &posted.signed, SignOut::This, Some(said)).await
}

/// Ends sessions, this one among them.
pub async fn go_out(web: &Web, signed: &Signed, what: SignOut<'_>, said: Option<&str>) -> Response {
    if let Err(failure) = sign_out(&web.cabinet, &signed.actor, what).await {
        return signed.failed(&failure);
    }
    with_cookie(go_on(ENTRANCE.path, said), cookies::no_session())
}

/// On with a new session, to where its stage leads.
pub fn go_in(web: &Web, opened: &Opened, next: &str, said: Option<&str>) -> Response {
    let cookie = cookies::session(opened, web.context.clock.now());
    with_cookie(go_on(&way_on(opened.session.stage, next), said), cookie)
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The page again, with what was wrong.
fn refused<P: Template>(
    lang: Lang,
    error: &SignInError,
    wrong: &str,
    page: impl FnOnce(String) -> P,
) -> Response {
    match error {
        SignInError::Wrong => show(StatusCode::UNPROCESSABLE_ENTITY, &page(wrong.to_owned())),
        SignInError::WeakPassword => {
            show(StatusCode::UNPROCESSABLE_ENTITY, &page(weak_password(lang)))
        }
        SignInError::Wait { wait_ms } => {
            let wait = words::minutes_or_seconds(*wait_ms, lang);
            let text = match lang {
                Lang::Russian => {
                    format!("Слишком много неудачных попыток. Подождите {wait} и попробуйте снова.")
                }
                Lang::English => format!("Too many failures. Wait {wait} and try again."),
            };
            let mut response = show(StatusCode::TOO_MANY_REQUESTS, &page(text));
            let seconds = wait_ms.saturating_add(SECOND_MS - 1).div_euclid(SECOND_MS);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        SignInError::Failure(failure) => Bare::failed(lang, failure),
    }
}

fn weak_password(lang: Lang) -> String {
    match lang {
        Lang::Russian => format!(
            "Такой пароль не подойдёт. Нужно от {PASSWORD_MIN_CHARS} символов, не прежний и не \
             ваш логин."
        ),
        Lang::English => format!(
            "This password will not do. It takes {PASSWORD_MIN_CHARS} characters or more, not the \
             old one and not your login."
        ),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::cabinet::frame::tests::HOSTILE;

    /// Pages by name.
    pub fn pages(lang: Lang, hostile: bool) -> Vec<(&'static str, String)> {
        let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
        let frame = || Bare {
            lang,
            other_language: Some("/cabinet/sign-in?lang=en".to_owned()),
            notice: Some(text("Вы вышли.")),
        };
        let (token, next) = (|| text("token"), || text("/cabinet/payments"));
        let wrong = "Слишком много неудачных попыток. Подождите 12 секунд и попробуйте снова.";
        let error = Some(text(wrong));
        let signed = SignInPage {
            frame: frame(),
            next: next(),
            login: text("kassir"),
            error: error.clone(),
        };
        let code = CodePage { frame: frame(), token: token(), next: next(), error: error.clone() };
        let password = NewPasswordPage {
            frame: frame(),
            token: token(),
            login: text("kassir"),
            next: next(),
            error: Some(weak_password(lang)),
            least: PASSWORD_MIN_CHARS,
        };
        vec![
            ("sign-in", signed.render().unwrap()),
            ("second-factor", code.render().unwrap()),
            ("new-password", password.render().unwrap()),
        ]
    }

    #[test]
    fn nobody_is_led_out_of_the_cabinet() {
        for own in
            ["/cabinet", "/cabinet/payments?status=stuck&q=%D0%B0", "/cabinet?x", "/cabinet/"]
        {
            assert_eq!(own_page(own), Some(own));
        }
        for foreign in [
            "",
            "/",
            "//evil.example",
            "/payment",
            "/cabinetx",
            "https://evil.example/cabinet",
            "/\\evil.example/cabinet",
            "/cabinet/..//evil.example",
            "/cabinet/%2e%2e/x",
            "/cabinet/\r\nSet-Cookie: a=b",
            "/cabinet\\evil",
            "/cabinet/платежи",
            "/cabinet/sign-in?next=/cabinet/sign-in",
            "/cabinet/sign-out",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_page(foreign), None, "{foreign}");
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("next", foreign)
                .finish();
            assert_eq!(next_of(&query), "/cabinet/payments", "{foreign}");
            assert_eq!(way_on(SessionStage::Open, foreign), "/cabinet/payments", "{foreign}");
            assert_eq!(entrance(foreign), "/cabinet/sign-in", "{foreign}");
        }
    }

    #[test]
    fn the_way_back_survives_every_step() {
        let asked = "/cabinet/payments?q=a b&x=1";
        assert_eq!(entrance(asked), "/cabinet/sign-in", "an address has no spaces");
        let asked = "/cabinet/payments?q=a+b&x=1";
        let first = entrance(asked);
        let (_, query) = first.split_once('?').unwrap();
        assert_eq!(next_of(query), asked);
        let second = way_on(SessionStage::SecondFactor, asked);
        assert!(second.starts_with("/cabinet/sign-in/code?next=%2Fcabinet"), "{second}");
        assert_eq!(way_on(SessionStage::Open, asked), asked);
    }
}
