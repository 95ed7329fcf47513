//! The first screen: who is paid, what for, how much, and by what; again after a decline.
//!
//! Each method is a form of its own behind a radio tile, so that exactly one button is seen, only
//! its own fields are sent, and none of it needs script. Card data is never given back to the
//! payer: a second try begins with empty fields.

use altyn_domain::method::Method;
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
use askama::Template;

use super::fields::{Field, FieldError, FieldView};
use super::{Bill, Frame, Href, Post, Time};
use crate::lang::Lang;
use crate::payment_page::words::{self, Said};

/// The screen.
#[derive(Template)]
#[template(path = "pay/choose.html")]
pub struct Choose<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// What is paid.
    pub bill: Bill<'a>,
    /// Where the form of every method leads.
    pub post: Post<'a>,
    /// The methods, in the order they are shown; a forced method stands alone.
    pub offers: &'a [Offer<'a>],
    /// The one that is open; else the first.
    pub chosen: Option<Method>,
    /// The sum is held now and taken later.
    pub hold: bool,
    /// Why the try before this one failed.
    pub declined: Option<Decline<'a>>,
    /// What the server found wrong with the fields.
    pub errors: &'a [FieldError],
    /// Until when the offer stands.
    pub until: Option<Timestamp>,
    /// To the shop, without paying.
    pub back: Option<Href<'a>>,
}

/// A method and what it asks; a field that is `None` is not asked for, one that is `Some` is filled
/// with what is known.
#[derive(Clone, Copy, Debug)]
pub enum Offer<'a> {
    /// Card data on this page.
    Card,
    /// Alfa-Click.
    AlfaClick {
        /// The login.
        login: Option<&'a str>,
        /// Needed in Kazakhstan.
        phone: Option<&'a str>,
        /// The bank sends a bill instead of taking the payer to its page.
        by_bill: bool,
    },
    /// A partner's page.
    CardPartner {
        /// Telephone number.
        phone: Option<&'a str>,
        /// E-mail address.
        email: Option<&'a str>,
    },
}

/// A try that failed.
#[derive(Clone, Copy, Debug)]
pub struct Decline<'a> {
    /// Why.
    pub reason: Reason,
    /// The code of the dialect, to be quoted to support.
    pub code: &'a str,
}

impl<'a> Offer<'a> {
    /// Which method.
    pub const fn method(&self) -> Method {
        match self {
            Self::Card => Method::Card,
            Self::AlfaClick { .. } => Method::AlfaClick,
            Self::CardPartner { .. } => Method::CardPartner,
        }
    }

    fn fields(&self) -> Vec<(Field, &'a str)> {
        let asked = match *self {
            Self::Card => vec![
                (Field::CardNumber, Some("")),
                (Field::CardExpiry, Some("")),
                (Field::CardCvc, Some("")),
                (Field::CardHolder, Some("")),
            ],
            Self::AlfaClick { login, phone, by_bill: _ } => {
                vec![(Field::AccountNumber, login), (Field::Phone, phone)]
            }
            Self::CardPartner { phone, email } => {
                vec![(Field::Phone, phone), (Field::Email, email)]
            }
        };
        asked.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
    }
}

/// A tile with its form.
struct Way<'a> {
    code: &'static str,
    title: &'static str,
    about: &'static str,
    open: bool,
    fields: Vec<FieldView<'a>>,
    note: &'static str,
    button: String,
}

impl<'a> Choose<'a> {
    fn state(&self) -> &'static str {
        "choose"
    }

    fn title(&self) -> String {
        format!("{} {}", self.frame.lang.pick("Оплата", "Payment of"), self.sum())
    }

    fn sum(&self) -> String {
        words::money(self.bill.amount, self.frame.lang)
    }

    fn until(&self) -> Option<Time> {
        self.until.map(|until| Time::of(until, self.frame.lang))
    }

    fn open(&self) -> Option<Method> {
        let chosen = self.offers.iter().find(|offer| Some(offer.method()) == self.chosen);
        chosen.or(self.offers.first()).map(Offer::method)
    }

    fn ways(&self) -> Vec<Way<'a>> {
        let open = self.open();
        self.offers
            .iter()
            .map(|offer| {
                let method = offer.method();
                let is_open = Some(method) == open;
                let errors = if is_open { self.errors } else { &[] };
                let fields = offer.fields().into_iter().map(|(field, value)| {
                    FieldView::new(field, method.code(), value, errors, self.frame.lang)
                });
                Way {
                    code: method.code(),
                    title: words::method(method, self.frame.lang),
                    about: words::method_note(method, self.frame.lang),
                    open: is_open,
                    fields: fields.collect(),
                    note: note(offer, self.hold, self.frame.lang),
                    button: button(offer, &self.sum(), self.frame.lang),
                }
            })
            .collect()
    }

    /// The fields with faults, for the summary that is read out first.
    fn faults(&self) -> Vec<FieldView<'a>> {
        let open = self.ways().into_iter().find(|way| way.open);
        let fields = open.map(|way| way.fields).unwrap_or_default();
        fields.into_iter().filter(|field| !field.error.is_empty()).collect()
    }

    fn faults_title(&self, count: usize) -> String {
        let lang = self.frame.lang;
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let noun = match lang {
            Lang::Russian => ["поле", "поля", "полей"],
            Lang::English => ["field", "fields", "fields"],
        };
        let noun = words::plural(count, lang, noun);
        format!("{} {count} {noun}", lang.pick("Проверьте", "Check"))
    }

    fn said(&self, decline: &Decline<'_>) -> Said {
        words::reason(decline.reason, self.frame.lang)
    }
}

/// What follows the button, in a sentence; nothing where the fields say it all.
fn note(offer: &Offer<'_>, hold: bool, lang: Lang) -> &'static str {
    let (russian, english) = match offer {
        Offer::Card if hold => (
            "Сейчас сумма будет удержана на карте, а списана позже, когда магазин подтвердит заказ.",
            "The sum is held on the card now and taken later, when the shop confirms the order.",
        ),
        Offer::Card => ("", ""),
        Offer::AlfaClick { by_bill: true, .. } => (
            "Банк выставит счёт на этот логин. Оплатить его можно в течение 7 дней.",
            "The bank will send a bill to this login. You have 7 days to pay it.",
        ),
        Offer::AlfaClick { by_bill: false, .. } => (
            "Оплата — на странице Альфа-Банка. После неё вы вернётесь сюда.",
            "You pay on Alfa-Bank’s page and come back here.",
        ),
        Offer::CardPartner { .. } => (
            "Оплата — на странице партнёра. После неё вы вернётесь сюда.",
            "You pay on the partner’s page and come back here.",
        ),
    };
    lang.pick(russian, english)
}

/// A verb with its object and amount.
fn button(offer: &Offer<'_>, sum: &str, lang: Lang) -> String {
    let (russian, english) = match offer {
        Offer::Card => ("Оплатить", "Pay"),
        Offer::AlfaClick { by_bill: true, .. } => ("Получить счёт на", "Get a bill for"),
        Offer::AlfaClick { by_bill: false, .. } | Offer::CardPartner { .. } => {
            ("Перейти к оплате", "Continue to pay")
        }
    };
    format!("{} {sum}", lang.pick(russian, english))
}
