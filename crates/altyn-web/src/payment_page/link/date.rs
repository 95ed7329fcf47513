//! `best_before`: until when a link may be paid (ecommpay.md §2.3).

use altyn_domain::time::{DAY_MS, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The longest a link lives. The platform takes at most this; its libraries' own examples ask for
/// decades, so more is shortened and not refused.
const LIFE_MAX_MS: i64 = 30 * DAY_MS;

/// What a `best_before` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BestBefore {
    /// This moment, at most thirty days ahead.
    Until(Timestamp),
    /// It has passed.
    Passed,
    /// It is no date with a time.
    Unreadable,
}

/// Reads `2055-05-05T00:00:00`, which is in UTC, or the same with `Z` or an offset.
pub fn best_before(text: &str, now: Timestamp) -> BestBefore {
    let exact = text.parse::<jiff::Timestamp>().ok();
    let read = exact.or_else(|| {
        let civil = text.parse::<DateTime>().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    let Some(at) = read.map(|at| Timestamp::from_millis(at.as_millisecond())) else {
        return BestBefore::Unreadable;
    };
    if at <= now {
        return BestBefore::Passed;
    }
    BestBefore::Until(at.min(now.plus_millis(LIFE_MAX_MS)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_every_form_that_libraries_write() {
        let at = |text: &str| {
            Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
        };
        let now = at("2026-03-01T12:00:00Z");
        let latest = BestBefore::Until(at("2026-03-31T12:00:00Z"));
        for (text, expected) in [
            ("2026-03-02T10:00:00", BestBefore::Until(at("2026-03-02T10:00:00Z"))),
            ("2026-03-02T10:00:00Z", BestBefore::Until(at("2026-03-02T10:00:00Z"))),
            ("2026-03-02T10:00:00.123Z", BestBefore::Until(at("2026-03-02T10:00:00.123Z"))),
            ("2026-03-02T10:00:00+03:00", BestBefore::Until(at("2026-03-02T07:00:00Z"))),
            ("2026-03-02T10:00:00+0300", BestBefore::Until(at("2026-03-02T07:00:00Z"))),
            ("2026-03-02 10:00:00", BestBefore::Until(at("2026-03-02T10:00:00Z"))),
            ("2055-05-05T00:00:00", latest),
            ("2200-12-12T12:12:12+03:00", latest),
            ("9999-12-30T00:00:00", latest),
            ("2026-03-01T12:00:00", BestBefore::Passed),
            ("2026-03-01T14:59:59+03:00", BestBefore::Passed),
            ("0001-01-01T00:00:00", BestBefore::Passed),
            ("tomorrow", BestBefore::Unreadable),
            ("1772366400", BestBefore::Unreadable),
            ("2026-02-30T00:00:00", BestBefore::Unreadable),
            ("02.03.2026", BestBefore::Unreadable),
        ] {
            assert_eq!(best_before(text, now), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String, now: i64) {
            best_before(&text, Timestamp::from_millis(now));
        }
    }
}
