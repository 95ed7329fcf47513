//! Who is at the browser, and whether a form is his: the session behind the cookie, the form token.
//!
//! Guaranteed: a handler that takes [`Signed`] runs for an open session only, and a project named
//! in its query is one that the user is in; one that takes [`Posted`] runs for a form of this
//! browser only (its token, and no word of the browser that another site sent it). Sessions that
//! have not come to their end of signing in get as far as [`Halfway`] and [`PostedHalfway`].

mod form;
#[cfg(test)]
mod tests;

use altyn_app::access::Actor;
use altyn_app::access::audit::Action;
use altyn_app::access::sign_in::{Visitor, form_token, who};
use altyn_app::access::user::{Session, SessionStage};
use altyn_app::secret::Secret;
use altyn_domain::id::ProjectId;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{ACCEPT, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::frame::{Bare, go_on, in_other_language};
use super::{cookies, sign_in};
use crate::lang::Lang;
use crate::peer::Peer;
use crate::state::Web;

pub use form::Form;

/// A signed-in browser, its session open. Whoever is not is sent to sign in.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Who, with his rights as they are now.
    pub actor: Actor,
    /// His session.
    pub session: Session,
    /// What the browser holds.
    pub cookie: Secret,
    /// The language of the pages.
    pub lang: Lang,
    /// The project he has chosen in the head of the page, if it is not all of his.
    pub chosen: Option<ProjectId>,
    /// The address that was asked for, path and query, for the language switch and the way back.
    pub address: String,
    /// His browser and where it is.
    pub visitor: Visitor,
    /// What he has just done, to be said once.
    pub notice: Option<String>,
}

/// A browser whose session waits for the second factor or for a password of his own.
#[derive(Clone, Debug)]
pub struct Halfway(pub Signed);

/// A browser, signed in or not.
#[derive(Clone, Debug)]
pub struct Anybody {
    /// Its session, whatever its stage.
    pub signed: Option<Signed>,
    /// The language of the pages.
    lang: Lang,
    address: String,
    notice: Option<String>,
}

/// A form of a signed-in browser: url-encoded, at most [`form::FORM_MAX_BYTES`].
#[derive(Clone, Debug)]
pub struct Posted {
    /// Who sent it.
    pub signed: Signed,
    /// What it says, in order, without the token.
    pub fields: Form,
}

/// A form of a browser whose session waits for something.
#[derive(Clone, Debug)]
pub struct PostedHalfway(pub Posted);

/// A form of somebody who is not signed in, from a page of ours.
#[derive(Clone, Debug)]
pub struct Knocked {
    /// Who knocks.
    pub visitor: Visitor,
    /// The language of the pages.
    pub lang: Lang,
    /// What it says.
    pub fields: Form,
}

impl Posted {
    /// A field by name, trimmed; empty when it is not there. The last one counts.
    pub fn field(&self, name: &str) -> &str {
        self.fields.field(name)
    }

    /// A field as it was typed: for passwords.
    pub fn secret(&self, name: &str) -> Secret {
        self.fields.secret(name)
    }

    /// All fields of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.trim())
    }
}

impl FromRequestParts<Web> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let Some(signed) = known(web, parts).await? else { return Err(stranger(parts)) };
        match signed.session.stage {
            SessionStage::Open => signed.in_own_project(web).await,
            SessionStage::SecondFactor | SessionStage::NewPassword if is_script(&parts.headers) => {
                Err(StatusCode::UNAUTHORIZED.into_response())
            }
            stage @ (SessionStage::SecondFactor | SessionStage::NewPassword) => {
                Err(go_on(&sign_in::way_on(stage, &way_back(parts)), None))
            }
        }
    }
}

impl FromRequestParts<Web> for Halfway {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        match known(web, parts).await? {
            Some(signed) if signed.session.stage == SessionStage::Open => {
                Err(go_on(&sign_in::next_of(parts.uri.query().unwrap_or_default()), None))
            }
            Some(signed) => Ok(Self(signed)),
            None => Err(stranger(parts)),
        }
    }
}

impl FromRequestParts<Web> for Anybody {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        Ok(Self {
            signed: known(web, parts).await?,
            lang: cookies::language(&parts.headers, parts.uri.query().unwrap_or_default()),
            address: address(parts),
            notice: cookies::noticed(&parts.headers),
        })
    }
}

impl Anybody {
    /// What stands around a page for him.
    pub fn frame(&self) -> Bare {
        Bare {
            lang: self.lang,
            other_language: Some(in_other_language(&self.address, self.lang)),
            notice: self.notice.clone(),
        }
    }
}

impl FromRequest<Web> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let signed = Signed::from_request_parts(&mut parts, web).await?;
        let fields = form::of_session(&parts, body, &signed).await?;
        Ok(Self { signed, fields })
    }
}

impl FromRequest<Web> for PostedHalfway {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Halfway(signed) = Halfway::from_request_parts(&mut parts, web).await?;
        let fields = form::of_session(&parts, body, &signed).await?;
        Ok(Self(Posted { signed, fields }))
    }
}

impl FromRequest<Web> for Knocked {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = visitor(web, &mut parts).await;
        let lang = cookies::language(&parts.headers, parts.uri.query().unwrap_or_default());
        let fields = form::of_stranger(&parts, body, lang).await?;
        Ok(Self { visitor, lang, fields })
    }
}

impl Signed {
    /// Refuses an address that names a project the user is not in; nothing is said of whether it
    /// exists.
    async fn in_own_project(mut self, web: &Web) -> Result<Self, Response> {
        let query = self.address.split_once('?').map_or("", |(_, query)| query);
        let named = url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, value)| name == "project" && !value.is_empty())
            .map(|(_, value)| value.into_owned());
        let Some(named) = named else { return Ok(self) };
        let id = named.parse().ok().and_then(ProjectId::new);
        let own = id.filter(|id| self.is_in(*id) && web.context.projects.get(*id).is_some());
        if own.is_some() {
            self.chosen = own;
            return Ok(self);
        }
        // Not in that project's log: another merchant need not learn who tried.
        self.note_refusal(web, Action::Look, None, "a project that is not his").await;
        Err(self.not_found(web))
    }

    /// The token that his forms carry.
    pub fn token(&self) -> String {
        form_token(self.cookie.expose())
    }

    /// What stands around a page without the frame.
    pub fn bare(&self) -> Bare {
        Bare {
            lang: self.lang,
            other_language: Some(in_other_language(&self.address, self.lang)),
            notice: self.notice.clone(),
        }
    }

    /// Whether the user has any right in the project.
    pub fn is_in(&self, project: ProjectId) -> bool {
        let own = &self.actor.user.memberships;
        own.iter().any(|membership| membership.project.is_none_or(|own| own == project))
    }
}

/// The session behind the cookie, whatever its stage.
async fn known(web: &Web, parts: &mut Parts) -> Result<Option<Signed>, Response> {
    let visitor = visitor(web, parts).await;
    let lang = cookies::language(&parts.headers, parts.uri.query().unwrap_or_default());
    let Some(cookie) = cookies::find(&parts.headers, cookies::SESSION) else { return Ok(None) };
    let found = who(&web.cabinet, &visitor, cookie).await;
    let found = found.map_err(|failure| Bare::failed(lang, &failure))?;
    Ok(found.map(|(session, actor)| Signed {
        actor,
        session,
        cookie: Secret::new(cookie),
        lang,
        chosen: None,
        address: address(parts),
        visitor,
        notice: cookies::noticed(&parts.headers),
    }))
}

/// Who knocks.
pub async fn visitor(web: &Web, parts: &mut Parts) -> Visitor {
    let agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or_default().to_owned();
    let address = match Peer::from_request_parts(parts, web).await {
        Ok(peer) => peer.ip(&parts.headers, web.settings.behind_proxy),
        Err(never) => match never {},
    };
    Visitor { address: address.unwrap_or_default(), agent }
}

/// Nobody is signed in: a page leads to the sign-in and back, a form is told that it was not taken.
fn stranger(parts: &Parts) -> Response {
    if is_script(&parts.headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let lang = cookies::language(&parts.headers, parts.uri.query().unwrap_or_default());
    if parts.method == Method::POST {
        return Bare::signed_out(lang);
    }
    go_on(&sign_in::entrance(&way_back(parts)), None)
}

/// Where to come back to: a page that was asked for, not a form that was sent.
fn way_back(parts: &Parts) -> String {
    if parts.method == Method::POST { String::new() } else { address(parts) }
}

fn address(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(|| "/cabinet".to_owned(), |own| own.as_str().to_owned())
}

/// Whether a script of ours asks, who can do nothing with a page.
pub fn is_script(headers: &HeaderMap) -> bool {
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    headers.contains_key("x-requested-with") || accepts.starts_with("application/json")
}
