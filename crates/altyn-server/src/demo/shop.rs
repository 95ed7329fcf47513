//! The shop of the demo: sells tea through the platform, takes callbacks, checks who signed them,
//! and meets returning payers.
//!
//! As any shop should, it believes callbacks and not a payer who comes back: the page of a payer
//! whose callback is not there yet waits for it. Links to the Payment Page and requests to the Gate
//! are signed on its server; no page holds the secret. Without script everything works but opening
//! the Payment Page inside the shop, and the news come by pressing.
//!
//! Read next: [`front`] for the page, [`buy`] for what a purchase sends, [`feed`] for the callbacks
//! beside it, [`manage`] for capturing, releasing and returning, [`receipt`] for the way back.

mod buy;
mod feed;
mod front;
mod manage;
mod page;
mod receipt;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use altyn_app::ports::Clock as _;
use altyn_web::api::ecommpay::sign::{signature_of, verify};
use altyn_web::api::ecommpay::tree;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use super::bodies::Merchant;
use crate::clock::SystemClock;

/// What the shop is called: by the platform, and in Russian by itself.
pub const NAME: &str = "Чайная лавка";

/// Callbacks the shop remembers, to tell repeats, to answer payers and to show.
const REMEMBERED_MAX: usize = 1_000;
/// Callbacks that may wait for the demo to look at them.
const WAITING_MAX: usize = 1_000;

/// A callback as it came.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The bytes.
    pub bytes: Bytes,
    /// The same, read.
    pub body: Value,
    /// Whether its signature is the platform's.
    pub fits: bool,
    /// Whether the very same came before.
    pub repeated: bool,
    /// When it came.
    pub at: Timestamp,
    /// How many came before it, and one.
    pub number: u64,
}

impl Callback {
    /// A text in it, `""` where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number in it, 0 where there is none.
    pub fn number(&self, pointer: &str) -> i64 {
        self.body.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
    }
}

/// What the shop has around it.
pub struct Surroundings {
    /// The shop as a client of the platform.
    pub merchant: Merchant,
    /// Where the emulated bank is.
    pub sandbox_url: String,
    /// Turns true when the demo ends.
    pub stopped: watch::Receiver<bool>,
}

/// The shop's memory. Clones share it.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

struct Inner {
    around: Surroundings,
    came: Mutex<VecDeque<Callback>>,
    told: mpsc::Sender<Callback>,
    /// The number of the last callback.
    news: watch::Sender<u64>,
    /// The moment that the last order is named by.
    last_order: Mutex<Timestamp>,
}

impl Shop {
    /// A shop, and where its callbacks can be watched.
    pub fn open(around: Surroundings) -> (Self, mpsc::Receiver<Callback>) {
        let (told, callbacks) = mpsc::channel(WAITING_MAX);
        let (news, _) = watch::channel(0);
        let last_order = Mutex::new(Timestamp::UNIX_EPOCH);
        (
            Self(Arc::new(Inner { around, came: Mutex::default(), told, news, last_order })),
            callbacks,
        )
    }

    /// Its addresses.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(front::show))
            .route("/buy", post(buy::buy))
            .route("/feed", get(feed::news))
            .route("/orders/{action}", post(manage::manage))
            .route("/callback", post(callback))
            .route("/thanks", get(receipt::show))
            .route("/sorry", get(receipt::show))
            .route("/shop.css", get(page::style))
            .route("/shop.js", get(page::script))
            .with_state(self)
    }

    fn around(&self) -> &Surroundings {
        &self.0.around
    }

    fn read(&self, bytes: Bytes) -> Option<Callback> {
        let body = serde_json::from_slice(&bytes).ok()?;
        let node = tree::parse(&bytes).ok()?;
        let key = &self.around().merchant.key;
        let fits =
            signature_of(&node).is_some_and(|signature| verify(&node, signature, key).is_ok());
        let mut came = self.0.came.lock().unwrap_or_else(PoisonError::into_inner);
        let repeated = came.iter().any(|other| other.bytes == bytes);
        let number = *self.0.news.borrow() + u64::from(!repeated);
        let callback = Callback { bytes: bytes.clone(), body, fits, repeated, at: now(), number };
        if !repeated {
            came.push_back(callback.clone());
            if came.len() > REMEMBERED_MAX {
                came.pop_front();
            }
            self.0.news.send_replace(number);
        }
        Some(callback)
    }

    /// All that is remembered, oldest first, and the number of the last.
    fn remembered(&self) -> (Vec<Callback>, u64) {
        let came = self.0.came.lock().unwrap_or_else(PoisonError::into_inner);
        (came.iter().cloned().collect(), *self.0.news.borrow())
    }

    /// The last that the platform told of a payment.
    fn last(&self, payment: &str) -> Option<Callback> {
        let came = self.0.came.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = |callback: &&Callback| callback.fits && callback.text("/payment/id") == payment;
        came.iter().rev().find(of_it).cloned()
    }

    /// A number that no order had before: the moment, pushed on when two fall into one.
    fn new_order(&self) -> String {
        let mut last = self.0.last_order.lock().unwrap_or_else(PoisonError::into_inner);
        let next = *last + jiff::SignedDuration::from_millis(1);
        *last = now().max(next);
        named("tea", *last)
    }
}

/// An id that no run before had: the moment it was made in.
pub fn new_id(prefix: &str) -> String {
    named(prefix, now())
}

fn named(prefix: &str, at: Timestamp) -> String {
    format!("{prefix}-{}", at.strftime("%Y%m%d-%H%M%S-%3f"))
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(SystemClock.now().as_millis()).unwrap_or_default()
}

async fn callback(State(shop): State<Shop>, bytes: Bytes) -> Response {
    let Some(callback) = shop.read(bytes) else {
        return (StatusCode::BAD_REQUEST, "this is no callback").into_response();
    };
    let fits = callback.fits;
    if shop.0.told.send(callback).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the shop is closing").into_response();
    }
    if fits {
        (StatusCode::OK, "OK").into_response()
    } else {
        (StatusCode::BAD_REQUEST, "the signature does not fit").into_response()
    }
}

#[cfg(test)]
mod tests;
