//! Screens that wait: for an answer, or for the payer to pay a bill at his bank.
//!
//! They learn of a change from a stream of events, else by reloading; without script they reload.

use altyn_domain::method::Method;
use altyn_domain::time::Timestamp;
use askama::Template;

use super::leave::Place;
use super::{Bill, Frame, Href, Post, Time};
use crate::lang::Lang;
use crate::payment_page::words;

/// Where changes are heard.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    /// A stream of `state` events.
    pub events: Href<'a>,
    /// What the page shows now: an event with these very data is no change. So a change between
    /// the making of the page and the first event is not missed.
    pub version: &'a str,
}

/// Nothing to do here but wait.
#[derive(Template)]
#[template(path = "pay/waiting.html")]
pub struct Waiting<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// What is paid.
    pub bill: Bill<'a>,
    /// Whose answer is awaited.
    pub place: Place,
    /// Since when.
    pub since: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Where changes are heard.
    pub live: Live<'a>,
    /// Back to the bank's page, while it is open.
    pub proceed: Option<Href<'a>>,
    /// Gives this way up for another.
    pub cancel: Option<Post<'a>>,
    /// To the shop.
    pub back: Option<Href<'a>>,
}

impl Waiting<'_> {
    fn state(&self) -> &'static str {
        "waiting"
    }

    fn title(&self) -> &'static str {
        let (russian, english) = match self.place {
            Place::AlfaClick => ("Ждём ответа Альфа-Банка", "Waiting for Alfa-Bank"),
            Place::Partner => ("Ждём ответа партнёра", "Waiting for the partner"),
            Place::CardBank => ("Ждём ответа банка", "Waiting for the bank"),
        };
        self.frame.lang.pick(russian, english)
    }

    fn sum(&self) -> String {
        words::money(self.bill.amount, self.frame.lang)
    }

    fn since(&self) -> Time {
        Time::of(self.since, self.frame.lang)
    }

    fn waited(&self) -> Span {
        Span::of(self.now.as_millis().saturating_sub(self.since.as_millis()), self.frame.lang)
    }
}

/// How to pay the bill that the bank has sent to the payer's login.
#[derive(Template)]
#[template(path = "pay/instruction.html")]
pub struct Instruction<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// What is paid.
    pub bill: Bill<'a>,
    /// Whose bill it is.
    pub login: &'a str,
    /// When the bill ends.
    pub until: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Where changes are heard.
    pub live: Live<'a>,
    /// Gives this way up for another.
    pub cancel: Option<Post<'a>>,
    /// To the shop.
    pub back: Option<Href<'a>>,
}

impl Instruction<'_> {
    fn state(&self) -> &'static str {
        "instruction"
    }

    fn title(&self) -> &'static str {
        self.frame.lang.pick("Оплатите счёт в «Альфа-Клик»", "Pay the bill in Alfa-Click")
    }

    fn sum(&self) -> String {
        words::money(self.bill.amount, self.frame.lang)
    }

    fn method(&self) -> &'static str {
        words::method(Method::AlfaClick, self.frame.lang)
    }

    fn until(&self) -> Time {
        Time::of(self.until, self.frame.lang)
    }

    fn left(&self) -> Span {
        Span::of(self.until.as_millis().saturating_sub(self.now.as_millis()), self.frame.lang)
    }

    fn payee(&self) -> &str {
        self.frame.shop.map_or("", |shop| shop.name)
    }
}

/// A span that the script keeps true.
struct Span {
    seconds: i64,
    words: String,
    units: String,
}

impl Span {
    fn of(span_ms: i64, lang: Lang) -> Self {
        let units: Vec<String> = words::units(lang).iter().map(|forms| forms.join("|")).collect();
        Self { seconds: span_ms / 1_000, words: words::span(span_ms, lang), units: units.join("|") }
    }
}
