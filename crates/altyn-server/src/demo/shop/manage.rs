//! What the shop does with a payment after the payer is gone: takes a hold, releases it, returns
//! money. It asks the Gate; the result comes by callback, as everything does.

use altyn_web::lang::Lang;
use anyhow::{Context as _, Result, bail};
use axum::extract::{Form, Path, State};
use axum::http::header::{ACCEPT, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::buy::Purchase;
use super::{Callback, Shop, front};
use crate::demo::bodies::{Paid, Sum, Way};

/// What can be done with a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take what is held.
    Capture,
    /// Let go of what is held.
    Cancel,
    /// Return what is left.
    Refund,
}

impl Action {
    /// Its name in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        }
    }

    /// What can be done with a payment of this status.
    pub fn of(status: &str) -> &'static [Self] {
        match status {
            "awaiting capture" => &[Self::Capture, Self::Cancel],
            "success" | "partially refunded" => &[Self::Refund],
            _ => &[],
        }
    }
}

/// Which payment.
#[derive(serde::Deserialize)]
pub struct Order {
    payment: String,
    #[serde(default)]
    lang: String,
}

/// `POST /orders/{action}`.
pub async fn manage(
    State(shop): State<Shop>,
    Path(action): Path<String>,
    headers: HeaderMap,
    Form(order): Form<Order>,
) -> Response {
    let lang = Lang::of(&headers, Some(&order.lang));
    let scripted = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accepted| accepted.contains("application/json"));
    match (ask(&shop, &action, &order.payment).await, scripted) {
        (Ok(()), true) => StatusCode::NO_CONTENT.into_response(),
        (Ok(()), false) => {
            let back = format!("/?lang={}#feed", lang.code());
            (StatusCode::SEE_OTHER, [(LOCATION, back)]).into_response()
        }
        (Err(error), true) => (StatusCode::CONFLICT, format!("{error:#}")).into_response(),
        (Err(error), false) => {
            let said = format!("{error:#}");
            front::page(&shop, lang, &Purchase::default(), StatusCode::CONFLICT, Some(&said))
        }
    }
}

async fn ask(shop: &Shop, action: &str, payment: &str) -> Result<()> {
    let last =
        shop.last(payment).with_context(|| format!("{payment}: нет оповещений (no callbacks)"))?;
    let possible = Action::of(last.text("/payment/status"));
    let action = possible.iter().find(|it| it.code() == action);
    let action =
        action.with_context(|| format!("{payment}: уже нельзя (not possible any more)"))?;
    let merchant = &shop.around().merchant;
    let paid =
        paid(&last).with_context(|| format!("{payment}: чужой способ (an unknown method)"))?;
    let sum = Sum {
        minor: last.number("/payment/sum/amount"),
        currency: last.text("/payment/sum/currency"),
    };
    let request = match action {
        Action::Capture => merchant.capture(&paid, sum),
        Action::Cancel => merchant.cancel(&paid),
        // Naming no sum means all that is left, and is the only way that every method has.
        Action::Refund => merchant.refund(&paid, None),
    };
    let answer = merchant.send(&request).await?;
    if answer.status == 200 {
        return Ok(());
    }
    let body = answer.json()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    bail!("{}: HTTP {}, {} {}", request.path, answer.status, text("code"), text("message"))
}

fn paid(last: &Callback) -> Option<Paid<'_>> {
    Some(Paid {
        project: u32::try_from(last.number("/project_id")).ok()?,
        payment: last.text("/payment/id"),
        way: Way::of_callback(last.text("/payment/method"))?,
    })
}
