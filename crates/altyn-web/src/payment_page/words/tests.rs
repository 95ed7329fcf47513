//! Every sum, moment and reason is said in both languages.

use altyn_domain::money::{AMOUNT_MAX_MINOR, Amount, Currency};
use altyn_domain::reason::Reason;
use altyn_domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

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
    let late = Timestamp::from_millis(1_798_750_800_000);
    assert_eq!(moment(late, Lang::Russian), "01.01.2027 00:00 МСК");
    assert_eq!(moment(Timestamp::from_millis(i64::MAX), Lang::English), "1 Jan 1970, 03:00 MSK");
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
fn every_reason_is_two_sentences_in_each_language() {
    for said in Reason::ALL.iter().flat_map(|each| Lang::ALL.iter().map(|l| reason(*each, *l))) {
        for sentence in [said.what, said.advice] {
            assert!(sentence.ends_with('.') && sentence.len() > 8, "{said:?}");
        }
    }
    for each in Reason::ALL {
        assert!(
            reason(*each, Lang::English).what.is_ascii()
                || reason(*each, Lang::English).what.contains('’')
        );
        assert_ne!(reason(*each, Lang::Russian), reason(*each, Lang::English));
    }
}
