//! Sums, counts, moments and spans as people write them, in both languages.
//!
//! Every face uses these, so that a sum looks the same to a payer and to an accountant.

use altyn_domain::money::{Amount, Currency};
use altyn_domain::time::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::lang::Lang;

/// Keeps a number, and a number and its unit, on one line.
const NARROW: char = '\u{202f}';
/// Moscow has had no other time since 2014, and no summer time.
const MOSCOW: Offset = Offset::constant(3);

/// A whole number as people read it: `1 234` in Russian, `1,234` in English.
pub fn count(number: u64, lang: Lang) -> String {
    grouped(&number.to_string(), lang)
}

/// Digits in groups of three.
fn grouped(whole: &str, lang: Lang) -> String {
    let mut number = String::with_capacity(32);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            number.push(lang.pick(NARROW, ','));
        }
        number.push(digit);
    }
    number
}

/// A sum as people read it: `1 234,50 ₽` in Russian, `₽1,234.50` in English; the ISO code where no
/// sign belongs to one currency alone.
pub fn money(amount: Amount, lang: Lang) -> String {
    let major = amount.to_major();
    let (whole, part) = major.split_once('.').unwrap_or((&major, ""));
    let mut number = grouped(whole, lang);
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

/// The same to the second, where the order of things matters: `22.11.2026 14:05:10 МСК`.
pub fn exact_moment(at: Timestamp, lang: Lang) -> String {
    let local = moscow(at);
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    let day = date(local, lang);
    match lang {
        Lang::Russian => format!("{day} {hour:02}:{minute:02}:{second:02} МСК"),
        Lang::English => format!("{day}, {hour:02}:{minute:02}:{second:02} MSK"),
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

#[cfg(test)]
mod tests {
    use altyn_domain::money::AMOUNT_MAX_MINOR;
    use altyn_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS};

    use super::*;

    #[test]
    fn sums_are_written_as_people_read_them() {
        for (minor, code, russian, english) in [
            (123_450, "RUB", "1_234,50_₽", "₽1,234.50"),
            (1, "RUB", "0,01_₽", "₽0.01"),
            (100_000, "EUR", "1_000,00_€", "€1,000.00"),
            (99, "USD", "0,99_USD", "USD_0.99"),
            (1_500, "JPY", "1_500_JPY", "JPY_1,500"),
            (1_234_567, "KWD", "1_234,567_KWD", "KWD_1,234.567"),
            (AMOUNT_MAX_MINOR, "KZT", "100_000_000_000,00_₸", "₸100,000,000,000.00"),
        ] {
            let amount = Amount::new(minor, Currency::from_code(code).unwrap()).unwrap();
            assert_eq!(money(amount, Lang::Russian).replace(NARROW, "_"), russian);
            assert_eq!(money(amount, Lang::English).replace(NARROW, "_"), english);
        }
    }

    #[test]
    fn moments_are_moscow_s() {
        let at = Timestamp::from_millis(1_795_345_510_123);
        assert_eq!(machine_moment(at), "2026-11-22T11:05:10Z");
        assert_eq!(moment(at, Lang::Russian), "22.11.2026 14:05 МСК");
        assert_eq!(moment(at, Lang::English), "22 Nov 2026, 14:05 MSK");
        assert_eq!(exact_moment(at, Lang::Russian), "22.11.2026 14:05:10 МСК");
        assert_eq!(exact_moment(at, Lang::English), "22 Nov 2026, 14:05:10 MSK");
        let late = Timestamp::from_millis(1_798_750_800_000);
        assert_eq!(moment(late, Lang::Russian), "01.01.2027 00:00 МСК");
        assert_eq!(
            moment(Timestamp::from_millis(i64::MAX), Lang::English),
            "1 Jan 1970, 03:00 MSK"
        );
    }

    #[test]
    fn spans_have_two_units_and_their_plurals() {
        for (ms, russian, english) in [
            (7 * DAY_MS, "7 дней", "7 days"),
            (7 * DAY_MS - 1, "6 дней 23 часа", "6 days 23 hours"),
            (DAY_MS + HOUR_MS + MINUTE_MS, "1 день 1 час", "1 day 1 hour"),
            (22 * HOUR_MS + 2 * MINUTE_MS, "22 часа 2 минуты", "22 hours 2 minutes"),
            (11 * MINUTE_MS, "11 минут", "11 minutes"),
            (1, "1 минута", "1 minute"),
            (-1, "1 минута", "1 minute"),
        ] {
            assert_eq!(span(ms, Lang::Russian).replace('\u{a0}', " "), russian);
            assert_eq!(span(ms, Lang::English).replace('\u{a0}', " "), english);
        }
    }

    #[test]
    fn counts_are_grouped() {
        for (number, russian, english) in
            [(0, "0", "0"), (999, "999", "999"), (1_234_567, "1_234_567", "1,234,567")]
        {
            assert_eq!(count(number, Lang::Russian).replace(NARROW, "_"), russian);
            assert_eq!(count(number, Lang::English), english);
        }
    }
}
