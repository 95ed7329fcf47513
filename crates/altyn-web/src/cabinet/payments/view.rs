//! Small things that every page of the section shows: moments, sums, statuses.

use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::PaymentState;
use altyn_domain::status::Status;
use altyn_domain::time::Timestamp;

use super::words;
use crate::cabinet::words::{Look, look};
use crate::format;
use crate::lang::Lang;

/// Where the section is.
pub const ROOT: &str = "/cabinet/payments";

/// The address of a payment's own page.
pub fn address(project: ProjectId, payment: PaymentId) -> String {
    format!("{ROOT}/{project}/{payment}")
}

/// A moment, for people and for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// `22.11.2026 14:05 МСК`
    pub words: String,
    /// `2026-11-22T11:05:00Z`
    pub machine: String,
}

impl Time {
    /// To the minute.
    pub fn of(at: Timestamp, lang: Lang) -> Self {
        Self { words: format::moment(at, lang), machine: format::machine_moment(at) }
    }

    /// To the minute, in a column whose head names the zone.
    pub fn short(at: Timestamp, lang: Lang) -> Self {
        let mut time = Self::of(at, lang);
        if let Some(bare) = time.words.strip_suffix(lang.pick(" МСК", " MSK")) {
            time.words = bare.to_owned();
        }
        time
    }

    /// To the second.
    pub fn exact(at: Timestamp, lang: Lang) -> Self {
        Self { words: format::exact_moment(at, lang), machine: format::machine_moment(at) }
    }
}

/// A status as it is drawn: a colour, a shape and a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chip {
    /// The seed's code.
    pub code: &'static str,
    /// Which of the four meanings of colour, and the sign beside it.
    pub look: Look,
    /// The word.
    pub label: String,
    /// What it means, in a sentence.
    pub about: &'static str,
}

impl Chip {
    /// A payment's.
    pub fn of(status: Status, state: PaymentState, lang: Lang) -> Self {
        Self {
            code: status.as_str(),
            look: look(status),
            label: words::status_and_hold(status, state, lang),
            about: words::status_about(status, lang),
        }
    }
}

/// A sum of many payments, which may be larger than any one may be.
pub fn total(minor: i64, currency: Currency, lang: Lang) -> String {
    if let Ok(amount) = Amount::new(minor, currency) {
        return format::money(amount, lang);
    }
    // Beyond a hundred billion nobody counts kopecks.
    let whole = u64::try_from(minor / 10_i64.pow(currency.exponent())).unwrap_or(0);
    format!("{}\u{202f}{}", format::count(whole, lang), currency.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_word_and_a_sentence() {
        for status in Status::ALL {
            for lang in Lang::ALL {
                let chip = Chip::of(*status, PaymentState::Paid, *lang);
                assert!(chip.about.ends_with('.'), "{}", chip.about);
                assert!(!chip.label.is_empty());
            }
        }
        let held = Chip::of(Status::Success, PaymentState::Authorized, Lang::Russian);
        assert_eq!(held.label, "Совершён, авторизован");
    }

    #[test]
    fn totals_may_be_larger_than_payments() {
        let rub = Currency::RUB;
        assert_eq!(total(123_450, rub, Lang::Russian), "1\u{202f}234,50\u{202f}₽");
        assert_eq!(
            total(1_000_000_000_000_050, rub, Lang::English),
            "10,000,000,000,000\u{202f}RUB"
        );
    }
}
