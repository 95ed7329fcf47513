//! The signature doctor: what we sign of a request, the signature we expect, and where the text that
//! the merchant signed begins to differ.
//!
//! Guaranteed: the key is never shown. An expected signature is as good as the key for that one
//! text, so the doctor needs the right to change the project, which includes making a new key, and
//! each question is in the audit log.

use altyn_app::access::audit::Action;
use altyn_app::access::user::Right;
use altyn_app::context::Failure;
use altyn_domain::id::ProjectId;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::endpoint::{Endpoint, Needs};
use super::frame::{Frame, ProjectChoice, Section, show};
use super::guard::{Posted, Signed};
use crate::api::ecommpay::sign::{SigningKey, canonical, sign, signature_of, verify};
use crate::api::ecommpay::tree::{self, Node};
use crate::lang::Lang;
use crate::state::Web;

const PATH: &str = "/cabinet/doctor";
const ASK: Endpoint = Endpoint::get(PATH, Needs::Right(Right::ManageProject));
const ANSWER: Endpoint = Endpoint::post(PATH, Needs::Right(Right::ManageProject));

/// Characters shown on each side of a difference.
const AROUND_CHARS: usize = 40;

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[ASK, ANSWER];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new().merge(ASK.serve(ask)).merge(ANSWER.serve(answer))
}

#[derive(Template)]
#[template(path = "cabinet/doctor.html")]
struct Page {
    frame: Frame,
    projects: Vec<ProjectChoice>,
    project: Option<ProjectId>,
    body: String,
    own_text: String,
    problem: Option<String>,
    finding: Option<Finding>,
}

impl Page {
    fn is_chosen(&self, own: &ProjectChoice) -> bool {
        self.project == Some(own.id)
    }
}

/// What the doctor found.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// The text that we sign.
    text: String,
    /// Its signature.
    expected: String,
    /// The signature in the request, if there is one.
    given: Option<String>,
    /// Whether it fits.
    fits: bool,
    /// It fits the secret that was replaced.
    fits_previous: bool,
    /// Where the merchant's text begins to differ from ours.
    difference: Option<Difference>,
}

/// The first place where two texts differ.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// Counted in characters, from 1.
    at: usize,
    /// What stands before it in both.
    before: String,
    /// Ours from there.
    ours: String,
    /// Theirs from there.
    theirs: String,
}

fn page(web: &Web, signed: &Signed) -> Page {
    let frame = signed.frame(web, Section::Deliveries);
    let may = |own: &&ProjectChoice| signed.actor.may(Right::ManageProject, own.id);
    Page {
        projects: frame.projects.iter().filter(may).cloned().collect(),
        project: frame.chosen,
        frame,
        body: String::new(),
        own_text: String::new(),
        problem: None,
        finding: None,
    }
}

/// `GET /cabinet/doctor`
async fn ask(State(web): State<Web>, signed: Signed) -> Response {
    match signed.require(&web, Right::ManageProject, None).await {
        Ok(()) => show(StatusCode::OK, &page(&web, &signed)),
        Err(refusal) => refusal,
    }
}

/// `POST /cabinet/doctor`
async fn answer(State(web): State<Web>, posted: Posted) -> Response {
    let signed = &posted.signed;
    let number = posted.field("project_id").parse::<u32>().ok().and_then(ProjectId::new);
    let Some(project) = number.filter(|id| signed.is_in(*id)) else {
        return signed.not_found(&web);
    };
    if !signed.actor.may(Right::ManageProject, project) {
        return signed.denied(&web, Right::ManageProject, Some(project)).await;
    }
    let now = web.context.clock.now();
    let asked = signed.actor.entry(now, Action::Look, "signature doctor").in_project(project);
    if let Err(error) = web.cabinet.access.audit(asked).await {
        return signed.failed(&Failure::from(error));
    }
    let entry = match web.context.project(project).await {
        Ok(entry) => entry,
        Err(error) => return signed.failed(&Failure::from(error)),
    };
    let mut page = page(&web, signed);
    page.project = Some(project);
    page.body = posted.field("body").to_owned();
    page.own_text = posted.field("text").to_owned();
    let key = SigningKey::new(entry.secret.expose());
    let previous = entry.previous.as_ref().filter(|(_, until)| *until > now);
    let previous = previous.map(|(secret, _)| SigningKey::new(secret.expose()));
    let (body, own) = (page.body.clone(), page.own_text.clone());
    match examine(&body, &own, &key, previous.as_ref()) {
        Ok(finding) => page.finding = Some(finding),
        Err(why) => page.problem = Some(why.said(signed.lang)),
    }
    let status = if page.problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    show(status, &page)
}

/// Why a text cannot be examined.
#[derive(Debug, PartialEq, Eq)]
enum Unreadable {
    /// Nothing was pasted.
    Empty,
    /// It is neither JSON nor an address; what was wrong with it as JSON.
    NotJson(String),
}

impl Unreadable {
    fn said(&self, lang: Lang) -> String {
        match self {
            Self::Empty => lang.pick("Вставьте запрос.", "Paste a request.").to_owned(),
            Self::NotJson(why) => format!(
                "{} {why}",
                lang.pick("Это не JSON и не ссылка:", "This is neither JSON nor a link:")
            ),
        }
    }
}

/// Examines a JSON body, or a link or its query.
fn examine(
    pasted: &str,
    own_text: &str,
    key: &SigningKey,
    previous: Option<&SigningKey>,
) -> Result<Finding, Unreadable> {
    let pasted = pasted.trim();
    if pasted.is_empty() {
        return Err(Unreadable::Empty);
    }
    if !pasted.starts_with(['{', '[']) && pasted.contains('=') {
        let query = pasted.split_once('?').map_or(pasted, |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let members = pairs
            .iter()
            .map(|(name, value)| (name.as_str().into(), Node::Text(value.as_str().into())));
        let node = Node::Object(members.collect());
        return Ok(findings(&node, own_text, key, previous));
    }
    match tree::parse(pasted.as_bytes()) {
        Ok(node) => Ok(findings(&node, own_text, key, previous)),
        Err(error) => Err(Unreadable::NotJson(error.to_string())),
    }
}

fn findings(
    node: &Node<'_>,
    own_text: &str,
    key: &SigningKey,
    previous: Option<&SigningKey>,
) -> Finding {
    let text = canonical(node);
    let given = signature_of(node).map(str::to_owned);
    // A link has `+` in its signature, which its query spells as a blank.
    let spelled = given.as_deref().map(|given| given.replace(' ', "+"));
    let fits =
        |key: &SigningKey| spelled.as_deref().is_some_and(|given| verify(node, given, key).is_ok());
    Finding {
        expected: sign(node, key),
        fits: fits(key),
        fits_previous: previous.is_some_and(fits),
        difference: first_difference(&text, own_text),
        given,
        text,
    }
}

/// Where theirs begins to differ from ours; `None` when nothing was pasted or they are equal.
fn first_difference(ours: &str, theirs: &str) -> Option<Difference> {
    if theirs.is_empty() || ours == theirs {
        return None;
    }
    let common = ours.chars().zip(theirs.chars()).take_while(|(own, their)| own == their).count();
    let piece = |text: &str, from: usize, count: usize| -> String {
        text.chars().skip(from).take(count).collect()
    };
    let from = common.saturating_sub(AROUND_CHARS);
    Some(Difference {
        at: common + 1,
        before: piece(ours, from, common - from),
        ours: piece(ours, common, AROUND_CHARS),
        theirs: piece(theirs, common, AROUND_CHARS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"general":{"project_id":1,"payment_id":"a"},"payment":{"amount":100}}"#;

    fn key() -> SigningKey {
        SigningKey::new("secret")
    }

    #[test]
    fn a_request_is_examined() {
        let found = examine(BODY, "", &key(), None).unwrap();
        assert_eq!(found.text, "general:payment_id:a;general:project_id:1;payment:amount:100");
        assert_eq!((found.given.as_deref(), found.fits), (None, false));
        let signed = BODY.replace("\"a\"", &format!("\"a\",\"signature\":\"{}\"", found.expected));
        let found = examine(&signed, "", &key(), None).unwrap();
        assert!(found.fits && !found.fits_previous);
        let other = SigningKey::new("other");
        let found = examine(&signed, "", &other, Some(&key())).unwrap();
        assert!(!found.fits && found.fits_previous);
    }

    #[test]
    fn a_link_is_examined_like_its_query() {
        let query = "payment_id=a&project_id=1&payment_amount=100";
        let found = examine(query, "", &key(), None).unwrap();
        assert_eq!(found.text, "payment_amount:100;payment_id:a;project_id:1");
        let encoded = found.expected.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let link = format!("https://pay.example/payment?{query}&signature={encoded}");
        assert!(examine(&link, "", &key(), None).unwrap().fits);
    }

    #[test]
    fn the_first_difference_is_shown_with_what_stands_before() {
        let found = first_difference("a:1;b:2;c:3", "a:1;b:3;c:3").unwrap();
        assert_eq!((found.at, found.before.as_str()), (7, "a:1;b:"));
        assert_eq!((found.ours.as_str(), found.theirs.as_str()), ("2;c:3", "3;c:3"));
        assert_eq!(first_difference("a", "a"), None);
        assert_eq!(first_difference("a", ""), None);
        assert_eq!(first_difference("ab", "a").unwrap().theirs, "");
    }

    #[test]
    fn what_is_no_request_is_said() {
        assert_eq!(examine(" ", "", &key(), None), Err(Unreadable::Empty));
        assert!(matches!(examine("{\"a\":", "", &key(), None), Err(Unreadable::NotJson(_))));
    }
}
