//! The last screen: what came of it, and the way back to the shop.

use altyn_domain::card::CardBrand;
use altyn_domain::method::Method;
use altyn_domain::money::Amount;
use altyn_domain::time::Timestamp;
use askama::Template;

use super::choose::Decline;
use super::{Bill, Frame, Href, Time};
use crate::payment_page::words::{self, Said};

/// The screen.
#[derive(Template)]
#[template(path = "pay/outcome.html")]
pub struct Outcome<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// What was to be paid.
    pub bill: Bill<'a>,
    /// What came of it.
    pub meaning: Meaning<'a>,
    /// When.
    pub at: Timestamp,
    /// By what.
    pub paid: Option<Paid<'a>>,
    /// To the shop.
    pub back: Option<Href<'a>>,
    /// The page goes back by itself.
    pub auto_return: Option<AutoReturn<'a>>,
    /// To the form, when another try is allowed.
    pub again: Option<Href<'a>>,
}

/// What came of a payment.
#[derive(Clone, Copy, Debug)]
pub enum Meaning<'a> {
    /// Money was taken.
    Paid,
    /// Money is held.
    Held,
    /// Nothing was taken.
    Declined(Decline<'a>),
    /// The hold was released.
    Voided,
    /// A part was returned.
    PartiallyRefunded {
        /// How much.
        refunded: Amount,
    },
    /// All was returned.
    Refunded,
    /// The offer ended before anybody paid.
    Expired,
}

/// By what it was paid.
#[derive(Clone, Copy, Debug)]
pub struct Paid<'a> {
    /// The method.
    pub method: Method,
    /// The scheme of the card.
    pub brand: Option<CardBrand>,
    /// The last four digits of the card.
    pub last_four: Option<&'a str>,
}

/// A return that nobody has to ask for; it is announced.
#[derive(Clone, Copy, Debug)]
pub struct AutoReturn<'a> {
    /// Where.
    pub to: Href<'a>,
    /// After how long.
    pub after_s: u32,
}

impl Outcome<'_> {
    /// For the script, which tells the shop's page around the frame.
    fn state(&self) -> &'static str {
        match self.meaning {
            Meaning::Paid
            | Meaning::Held
            | Meaning::PartiallyRefunded { .. }
            | Meaning::Refunded => "success",
            Meaning::Voided => "canceled",
            Meaning::Declined(_) | Meaning::Expired => "fail",
        }
    }

    /// Colour and shape.
    fn tone(&self) -> &'static str {
        match self.meaning {
            Meaning::Paid => "success",
            Meaning::Held => "waiting",
            Meaning::Declined(_) | Meaning::Expired => "problem",
            Meaning::Voided | Meaning::PartiallyRefunded { .. } | Meaning::Refunded => "returned",
        }
    }

    fn title(&self) -> &'static str {
        let (russian, english) = match self.meaning {
            Meaning::Paid => ("Оплачено", "Paid"),
            Meaning::Held => ("Сумма удержана", "The sum is held"),
            Meaning::Declined(_) => ("Не оплачено", "Not paid"),
            Meaning::Voided => ("Удержание отменено", "The hold is released"),
            Meaning::PartiallyRefunded { .. } => ("Часть денег возвращена", "Partly refunded"),
            Meaning::Refunded => ("Деньги возвращены", "Refunded"),
            Meaning::Expired => ("Время на оплату вышло", "The time to pay ran out"),
        };
        self.frame.lang.pick(russian, english)
    }

    fn sentence(&self) -> &'static str {
        let (russian, english) = match self.meaning {
            Meaning::Paid => ("", ""),
            Meaning::Held => (
                "Банк спишет её, когда магазин подтвердит заказ.",
                "The bank will take it when the shop confirms the order.",
            ),
            Meaning::Declined(_) => ("", ""),
            Meaning::Voided => (
                "Деньги снова доступны на карте; банк показывает это не сразу.",
                "The money is yours again; your bank may take a while to show it.",
            ),
            Meaning::PartiallyRefunded { .. } | Meaning::Refunded => (
                "Деньги придут туда, откуда платили; срок зависит от банка.",
                "The money goes back where it came from; how soon depends on your bank.",
            ),
            Meaning::Expired => (
                "Деньги не списаны. Начните оплату в магазине заново.",
                "No money was taken. Start the payment in the shop again.",
            ),
        };
        self.frame.lang.pick(russian, english)
    }

    fn said(&self) -> Option<(Said, bool, &str)> {
        let Meaning::Declined(decline) = &self.meaning else { return None };
        let said = words::reason(decline.reason, self.frame.lang);
        Some((said, words::nothing_was_taken(decline.reason), decline.code))
    }

    fn sum(&self) -> String {
        words::money(self.bill.amount, self.frame.lang)
    }

    fn at(&self) -> Time {
        Time::of(self.at, self.frame.lang)
    }

    /// The scheme says more than that it was a card.
    fn means(&self, paid: &Paid<'_>) -> &'static str {
        paid.brand.map_or_else(|| words::method(paid.method, self.frame.lang), words::brand)
    }

    fn refunded(&self) -> Option<String> {
        let Meaning::PartiallyRefunded { refunded } = self.meaning else { return None };
        Some(words::money(refunded, self.frame.lang))
    }
}
