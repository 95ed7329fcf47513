//! Payments by card: the number goes from the body to the acquirer, and nowhere else.
//!
//! Whatever calls the acquirer runs apart from its request: a shop that hangs up after five seconds
//! must not leave a card half charged. The answer follows the commit and does not wait for the
//! acquirer.

use std::sync::Arc;

use altyn_app::payment::{
    Answer as PayerAnswer, PaymentTarget, accept_capture, accept_payment, accept_void, pay_by_card,
    take_answer,
};
use altyn_domain::method::Method;
use altyn_domain::payment::{OperationKind, PaymentRef};
use axum::body::Body;
use axum::extract::State;
use tokio::sync::oneshot;

use super::{Answer, accepted, open, taken};
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::read::{self, Signed};
use crate::api::ecommpay::refusal::{Refusal, not_taken};
use crate::state::{CallRoom, Web};

/// `POST /v2/payment/card/sale`.
pub async fn sale(State(web): State<Web>, body: Body) -> Answer {
    pay(&web, body, OperationKind::Sale).await
}

/// `POST /v2/payment/card/auth`.
pub async fn auth(State(web): State<Web>, body: Body) -> Answer {
    pay(&web, body, OperationKind::Authorization).await
}

/// `POST /v2/payment/card/capture`.
pub async fn capture(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    let target = target(&request)?;
    let asked = read::capture(&request)?;
    let operation = accept_capture(&web.context, &request.project, &target, asked).await?;
    Ok(accepted(&request, &target.reference, operation, 1))
}

/// `POST /v2/payment/card/cancel`.
pub async fn cancel(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    let target = target(&request)?;
    let asked = read::void(&request)?;
    let operation = accept_void(&web.context, &request.project, &target, asked).await?;
    Ok(accepted(&request, &target.reference, operation, 1))
}

/// `POST /v2/payment/card/refund`.
pub async fn refund(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    super::refund(&web, request, Some(Method::Card)).await
}

/// `POST /v2/payment/card/3ds_check_iframe`.
pub async fn check_iframe(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    let reference = request.reference()?;
    let answer = read::fingerprint(&request)?;
    take(&web, request, (reference, answer), 2).await
}

/// `POST /v2/payment/card/3ds_result`.
pub async fn authentication_result(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    let reference = request.reference()?;
    let answer = read::authentication(&request)?;
    take(&web, request, (reference, answer), 3).await
}

fn target(request: &Signed<'_>) -> Result<PaymentTarget, Refusal> {
    Ok(PaymentTarget { reference: request.reference()?, method: Some(Method::Card) })
}

/// Room for the call, before anything is promised.
fn room(web: &Web) -> Result<CallRoom, Refusal> {
    web.calls.room().ok_or_else(|| {
        tracing::warn!("a payment by card was put off: too many calls are under way");
        Refusal::new(Code::TryAgain)
    })
}

async fn pay(web: &Web, body: Body, kind: OperationKind) -> Answer {
    let bytes = taken(web, body).await?;
    let request = open(web, &bytes)?;
    let now = web.context.moment(&request.project).project;
    let (asked, card) = read::card_payment(&request, kind, now)?;
    let room = room(web)?;
    let reference = asked.reference.clone();
    let (context, project) = (web.context.clone(), Arc::clone(&request.project));
    let (tell, told) = oneshot::channel();
    room.run_to_end(async move {
        let taken = accept_payment(&context, &project, asked).await;
        let fresh = taken.as_ref().ok().filter(|taken| !taken.repeated).copied();
        // Whoever asked may have gone meanwhile; what was accepted goes on.
        let _ = tell.send(taken);
        let Some(taken) = fresh else { return Ok(()) };
        pay_by_card(&context, &project, (taken.payment, taken.operation), card).await
    });
    let taken = told.await.map_err(|_| Refusal::new(Code::InternalError))??;
    Ok(accepted(&request, &reference, taken.operation, 1))
}

async fn take(
    web: &Web,
    request: Signed<'_>,
    (reference, answer): (PaymentRef, PayerAnswer),
    request_no: u32,
) -> Answer {
    let room = room(web)?;
    let foreign = if answer.transaction.is_some() { "cres" } else { "md" };
    let (context, project) = (web.context.clone(), Arc::clone(&request.project));
    let (tell, told) = oneshot::channel();
    let about = reference.clone();
    room.run_to_end(async move {
        match take_answer(&context, &project, &about, answer).await {
            Ok(begun) => {
                let _ = tell.send(Ok(begun.operation()));
                begun.finish(&context, &project).await
            }
            Err(error) => {
                let _ = tell.send(Err(error));
                Ok(())
            }
        }
    });
    let taken = told.await.map_err(|_| Refusal::new(Code::InternalError))?;
    let operation = taken.map_err(|error| not_taken(error, foreign))?;
    Ok(accepted(&request, &reference, operation, request_no))
}
