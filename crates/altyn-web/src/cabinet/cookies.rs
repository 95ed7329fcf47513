//! The cabinet's cookies: the session, the language, and the line about what was just done.
//!
//! Guaranteed: none can be read by script, none is sent along with another site's form, and none
//! travels without TLS where the server's address has it ([`around`]).

use altyn_app::access::sign_in::Opened;
use altyn_domain::time::Timestamp;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;

use super::guard::is_script;
use crate::lang::Lang;
use crate::state::Web;

/// Opens a session.
pub const SESSION: &str = "altyn_session";
/// The language that was chosen.
pub const LANGUAGE: &str = "altyn_lang";
/// A line to be shown once.
pub const NOTICE: &str = "altyn_notice";

/// A line about what was done is short; more would be a page.
const NOTICE_MAX_CHARS: usize = 500;
/// A browser that takes longer to follow on has forgotten what it did.
const NOTICE_SECONDS: i64 = 60;
/// The language is kept for a year.
const LANGUAGE_SECONDS: i64 = 365 * 24 * 60 * 60;

/// The value of a cookie; the first one counts, the browser puts the most specific path first.
pub fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}

/// Gives the browser its session, for as long as it lasts.
pub fn session(opened: &Opened, now: Timestamp) -> Option<HeaderValue> {
    let left_ms = opened.session.expires_at.as_millis().saturating_sub(now.as_millis());
    cookie(SESSION, opened.cookie.expose(), left_ms / 1_000)
}

/// Takes the session away.
pub fn no_session() -> Option<HeaderValue> {
    cookie(SESSION, "", 0)
}

/// A line to be shown on the next page.
pub fn notice(text: &str) -> Option<HeaderValue> {
    let text: String = text.chars().take(NOTICE_MAX_CHARS).collect();
    cookie(NOTICE, &BASE64URL_NOPAD.encode(text.as_bytes()), NOTICE_SECONDS)
}

/// The line that the page before has left.
pub fn noticed(headers: &HeaderMap) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(find(headers, NOTICE)?.as_bytes()).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

fn cookie(name: &str, value: &str, seconds: i64) -> Option<HeaderValue> {
    let seconds = seconds.max(0);
    let text = format!("{name}={value}; Path=/cabinet; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).ok()
}

/// The language: what the address asks for, else what was chosen before, else the browser's.
pub fn language(headers: &HeaderMap, query: &str) -> Lang {
    let asked = asked_language(query);
    Lang::of(headers, asked.as_deref().or_else(|| find(headers, LANGUAGE)))
}

fn asked_language(query: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "lang").map(|(_, value)| value.into_owned())
}

/// Keeps a language that was asked for, forgets a line that was shown, and keeps every cookie on
/// TLS where there is TLS.
pub async fn around(State(web): State<Web>, request: Request, next: Next) -> Response {
    let asked = asked_language(request.uri().query().unwrap_or_default());
    let kept = asked.and_then(|tag| {
        let lang = Lang::ALL.iter().find(|lang| lang.code() == tag)?;
        cookie(LANGUAGE, lang.code(), LANGUAGE_SECONDS)
    });
    let looks = request.method() == Method::GET && !is_script(request.headers());
    let had_notice = looks && find(request.headers(), NOTICE).is_some();
    let mut response = next.run(request).await;
    let is_page = |kind: &HeaderValue| kind.as_bytes().starts_with(b"text/html");
    let shown = had_notice && response.headers().get(CONTENT_TYPE).is_some_and(is_page);
    let forgotten = if shown { cookie(NOTICE, "", 0) } else { None };
    for value in kept.into_iter().chain(forgotten) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    if web.settings.secure_cookies {
        secure(response.headers_mut());
    }
    response
}

/// Adds `Secure` to every cookie.
fn secure(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in cookies {
        let mut text = cookie.as_bytes().to_vec();
        text.extend_from_slice(b"; Secure");
        headers.append(SET_COOKIE, HeaderValue::from_bytes(&text).unwrap_or(cookie));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let found = |text: &str| find(&headers(text), SESSION).map(str::to_owned);
        assert_eq!(found("a=b; altyn_session=x=1; altyn_session=y").as_deref(), Some("x=1"));
        assert_eq!(found("xaltyn_session=1; altyn_session2=3"), None);
        assert_eq!(found(";;altyn_session"), None);
    }

    #[test]
    fn a_notice_comes_back_as_it_was() {
        for text in ["Возврат 300,00 ₽ отправлен", "a;b=c\"\u{7}<script>"] {
            let set = notice(text).unwrap();
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            assert_eq!(noticed(&headers(pair)).as_deref(), Some(text));
        }
        for broken in ["altyn_notice=", "altyn_notice=***", "altyn_notice=_w"] {
            assert_eq!(noticed(&headers(broken)), None, "{broken}");
        }
    }

    #[test]
    fn every_cookie_is_closed_to_script_and_to_other_sites() {
        let mut set = HeaderMap::new();
        for value in [no_session(), notice("x"), cookie(LANGUAGE, "en", 1)] {
            set.append(SET_COOKIE, value.unwrap());
        }
        secure(&mut set);
        assert_eq!(set.get_all(SET_COOKIE).iter().count(), 3);
        for value in set.get_all(SET_COOKIE) {
            let text = value.to_str().unwrap();
            assert!(text.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{text}");
            assert!(text.contains("Path=/cabinet;"), "{text}");
        }
    }

    #[test]
    fn the_language_is_asked_for_then_chosen_then_the_browser_s() {
        let chosen = headers("altyn_lang=en");
        assert_eq!(language(&chosen, "x=1"), Lang::English);
        assert_eq!(language(&chosen, "lang=ru"), Lang::Russian);
        assert_eq!(language(&HeaderMap::new(), ""), Lang::Russian);
    }
}
