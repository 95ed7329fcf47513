//! What the Payment Page says: money, moments, methods, faults and reasons, in both languages.
//!
//! No word here is a decision: whether a payment may be tried again, or a field is right, is
//! decided elsewhere and only said here.

mod reasons;
#[cfg(test)]
mod tests;

use altyn_domain::card::CardBrand;
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::lang::Lang;

pub use reasons::{Said, nothing_was_taken, reason};

/// Keeps a number, and a number and its unit, on one line.
const NARROW: char = '\u{202f}';
/// Moscow has had no other time since 2014, and no summer time.
const MOSCOW: Offset = Offset::constant(3);

/// A sum as people read it: `1 234,50 ₽` in Russian, `₽1,234.50` in English; the ISO code where no
/// sign belongs to one currency alone.
pub fn money(amount: Amount, lang: Lang) -> String {
    let major = amount.to_major();
    let (whole, part) = major.split_once('.').unwrap_or((&major, ""));
    let mut number = String::with_capacity(32);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            number.push(lang.pick(NARROW, ','));
        }
        number.push(digit);
    }
    if !part.is_empty() {
        number.push(lang.pick(',', '.'));
        number.push_str(part);
    }
    let currency = amount.currency();
    match (lang, sign(currency)) {
        (Lang::Russian, sign) => format!("{number}{NARROW}{}", sign.unwrap_or(currency.code())),
        (Lang::English, Some(sign)) => format!("{sign}{number}"),
        (Lang::English, None) => format!("{}{NARROW}{number}", currency.code()),
    }
}

/// The sign of a currency that shares it with no other.
fn sign(currency: Currency) -> Option<&'static str> {
    [(Currency::RUB, "₽"), (Currency::EUR, "€"), (Currency::KZT, "₸")]
        .into_iter()
        .find(|(known, _)| *known == currency)
        .map(|(_, sign)| sign)
}

/// A point in time on the clock of Moscow: `22.11.2026 14:05 МСК`, `22 Nov 2026, 14:05 MSK`.
pub fn moment(at: Timestamp, lang: Lang) -> String {
    let local = moscow(at);
    let (hour, minute) = (local.hour(), local.minute());
    let day = date(local, lang);
    match lang {
        Lang::Russian => format!("{day} {hour:02}:{minute:02} МСК"),
        Lang::English => format!("{day}, {hour:02}:{minute:02} MSK"),
    }
}

fn date(local: DateTime, lang: Lang) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (day, month, year) = (local.day(), local.month(), local.year());
    match lang {
        Lang::Russian => format!("{day:02}.{month:02}.{year}"),
        Lang::English => {
            let name = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at).copied());
            format!("{day} {} {year}", name.unwrap_or_default())
        }
    }
}

/// The same point for machines, `2026-11-22T11:05:00Z`.
pub fn machine_moment(at: Timestamp) -> String {
    instant(at).to_string()
}

fn moscow(at: Timestamp) -> DateTime {
    MOSCOW.to_datetime(instant(at))
}

/// A time outside what a calendar holds is a fault elsewhere; the page shows 1970 rather than fail.
fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(at.as_seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Days, hours and minutes by their three Russian forms or two English ones.
pub const fn units(lang: Lang) -> [[&'static str; 3]; 3] {
    match lang {
        Lang::Russian => {
            [["день", "дня", "дней"], ["час", "часа", "часов"], ["минута", "минуты", "минут"]]
        }
        Lang::English => {
            [["day", "days", "days"], ["hour", "hours", "hours"], ["minute", "minutes", "minutes"]]
        }
    }
}

/// A span in its two largest units: `6 дней 23 часа`, `59 минут`. Rounded down, never below a
/// minute.
pub fn span(span_ms: i64, lang: Lang) -> String {
    let minutes = (span_ms / altyn_domain::time::MINUTE_MS).max(1);
    let parts = [minutes / 1_440, minutes / 60 % 24, minutes % 60];
    let first = parts.iter().position(|part| *part > 0).unwrap_or(2);
    let said: Vec<String> = parts
        .iter()
        .zip(units(lang))
        .skip(first)
        .take(2)
        .filter(|(part, _)| **part > 0)
        .map(|(part, forms)| format!("{part}\u{a0}{}", plural(*part, lang, forms)))
        .collect();
    said.join(" ")
}

/// The form of a noun that goes with `count`.
pub fn plural<T: Copy>(count: i64, lang: Lang, [one, few, many]: [T; 3]) -> T {
    match (lang, count % 10, count % 100) {
        (Lang::English, _, _) if count == 1 => one,
        (Lang::English, _, _) | (Lang::Russian, _, 11..=14) => many,
        (Lang::Russian, 1, _) => one,
        (Lang::Russian, 2..=4, _) => few,
        (Lang::Russian, _, _) => many,
    }
}

/// What a method is called.
pub fn method(method: Method, lang: Lang) -> &'static str {
    match method {
        Method::Card => lang.pick("Банковская карта", "Bank card"),
        Method::AlfaClick => lang.pick("Альфа-Клик", "Alfa-Click"),
        Method::CardPartner => lang.pick("Карта через партнёра", "Card via a partner"),
    }
}

/// What a method is, in half a sentence.
pub fn method_note(method: Method, lang: Lang) -> &'static str {
    match method {
        Method::Card => lang.pick("Данные карты — здесь", "Card details on this page"),
        Method::AlfaClick => lang.pick("Интернет-банк Альфа-Банка", "Alfa-Bank internet banking"),
        Method::CardPartner => {
            lang.pick("Данные карты — у партнёра", "Card details on the partner’s page")
        }
    }
}

/// The name of a card scheme, as it writes itself.
pub const fn brand(brand: CardBrand) -> &'static str {
    match brand {
        CardBrand::Mir => "Мир",
        CardBrand::Visa => "Visa",
        CardBrand::Mastercard => "Mastercard",
        CardBrand::Maestro => "Maestro",
        CardBrand::Amex => "American Express",
        CardBrand::Jcb => "JCB",
        CardBrand::UnionPay => "UnionPay",
        CardBrand::Diners => "Diners Club",
    }
}
