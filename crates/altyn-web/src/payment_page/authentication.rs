//! The payer comes back from 3-D Secure: the hidden frame has ended, or the issuer has answered.
//!
//! What the browser brings proves nothing: it says which answer to ask the acquirer about. A
//! replayed or foreign answer changes nothing and leads to how the payment stands, where the payer may
//! go to the bank again by himself; only after an answer that counts he is sent on.

use std::sync::Arc;
use std::time::Duration;

use altyn_app::payment::{Answer, AnswerError, take_answer};
use altyn_app::ports::provider::AuthenticationAnswer;
use altyn_app::projects::ProjectEntry;
use altyn_domain::payment::Record;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::oneshot;
use url::form_urlencoded;

use super::answer::{path_of, see_other};
use super::refused::{busy, gone, unavailable};
use super::stand::{ask_at_once, load};
use crate::api::ecommpay::read::transaction_of;
use crate::body;
use crate::state::Web;

/// The longest answer of an issuer, bytes.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// How long the payer waits here for the acquirer's word before the page waits instead.
const PATIENCE: Duration = Duration::from_secs(8);

/// `POST /payment/{token}/3ds`: the issuer has answered.
pub async fn answered(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (project, record) = match load(&web, &token, &headers).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Ok(bytes) = body::collect(body, ANSWER_MAX_BYTES).await else { return gone(&headers) };
    let field = |name: &str| {
        form_urlencoded::parse(&bytes)
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.into_owned())
            .filter(|value| !value.is_empty())
    };
    let answer = match (field("cres"), field("PaRes")) {
        (Some(cres), _) => Some(Answer {
            answer: AuthenticationAnswer::Challenge,
            md: None,
            transaction: Some(transaction_of(&cres).unwrap_or_default()),
        }),
        (None, Some(pa_res)) => Some(Answer {
            answer: AuthenticationAnswer::Legacy { pa_res },
            md: field("MD"),
            transaction: None,
        }),
        (None, None) => None,
    };
    go_on(&web, &project, &record, answer).await
}

/// `GET /payment/{token}/3ds`: the bank sent the browser back by an address, with no answer in it.
pub async fn came_back(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    match load(&web, &token, &headers).await {
        Ok((project, record)) => go_on(&web, &project, &record, None).await,
        Err(response) => response,
    }
}

/// `POST /payment/{token}/fingerprint`: the hidden frame has come back, or its time is over.
pub async fn fingerprinted(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (project, record) = match load(&web, &token, &headers).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let Ok(bytes) = body::collect(body, ANSWER_MAX_BYTES).await else { return gone(&headers) };
    let completed =
        form_urlencoded::parse(&bytes).any(|(name, value)| name == "completed" && value == "1");
    let answer = AuthenticationAnswer::Fingerprint { completed };
    go_on(&web, &project, &record, Some(Answer { answer, md: None, transaction: None })).await
}

async fn go_on(
    web: &Web,
    project: &Arc<ProjectEntry>,
    record: &Record,
    answer: Option<Answer>,
) -> Response {
    match answer {
        Some(answer) => tell_acquirer(web, project, record, answer).await,
        None => {
            ask_at_once(web, record).await;
            see_other(&path_of(web, record))
        }
    }
}

/// Takes the answer and tells the acquirer, apart from the browser: one that hangs up between the
/// two would leave an answer that was taken and never told.
async fn tell_acquirer(
    web: &Web,
    project: &Arc<ProjectEntry>,
    record: &Record,
    answer: Answer,
) -> Response {
    // Without room the answer stays in the payer's browser: to reload is to offer it again.
    let Some(room) = web.calls.room() else { return busy() };
    let (context, project) = (web.context.clone(), Arc::clone(project));
    let reference = record.payment.reference.clone();
    let (tell, told) = oneshot::channel();
    let call = room.run_to_end(async move {
        match take_answer(&context, &project, &reference, answer).await {
            Ok(begun) => {
                let _ = tell.send(Ok(()));
                begun.finish(&context, &project).await
            }
            Err(error) => {
                let _ = tell.send(Err(error));
                Ok(())
            }
        }
    });
    let path = path_of(web, record);
    match told.await {
        Ok(Ok(())) => {
            let _ = tokio::time::timeout(PATIENCE, call).await;
            see_other(&format!("{path}?go=1"))
        }
        Ok(Err(AnswerError::Failure(failure))) => unavailable(&failure),
        Ok(Err(error)) => {
            let id = record.payment.id.get();
            tracing::info!(payment.id = id, %error, "an answer to 3-D Secure was not taken");
            see_other(&path)
        }
        Err(error) => unavailable(&error),
    }
}
