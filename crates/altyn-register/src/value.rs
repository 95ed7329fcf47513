//! Numbers and moments in the forms that the formats want.

use altyn_domain::time::{DAY_MS, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Moscow has had no other time since 2014, and no summer time.
const MOSCOW: Offset = Offset::constant(3);
/// How far Moscow is ahead of UTC, seconds.
const MOSCOW_SECONDS: i64 = 3 * 3_600;
/// The day 1970-01-01 as spreadsheets count days.
const EPOCH_SERIAL: f64 = 25_569.0;
/// Whole numbers up to here are exact in a binary fraction of 64 bits.
const EXACT_MAX: i128 = 1 << 53;
const DAY_SECONDS: f64 = (DAY_MS / 1_000) as f64;

/// A decimal, exact: `-1234.50`.
pub fn decimal(minor: i128, exponent: u32, point: char) -> String {
    if exponent == 0 {
        return minor.to_string();
    }
    let (sign, minor) = (if minor < 0 { "-" } else { "" }, minor.unsigned_abs());
    let scale = 10_u128.pow(exponent);
    let width = exponent as usize;
    format!("{sign}{}{point}{:0width$}", minor / scale, minor % scale)
}

/// The binary fraction nearest to a decimal. A division of two exact numbers is rounded once, and
/// so is the reading of a longer one.
pub fn nearest(minor: i128, exponent: u32) -> f64 {
    if minor.unsigned_abs() <= EXACT_MAX.unsigned_abs() {
        return minor as f64 / f64::from(10_u32.pow(exponent));
    }
    // What a decimal says can always be read.
    decimal(minor, exponent, '.').parse().unwrap_or(f64::NAN)
}

/// A moment as the date and time in Moscow, whole seconds.
pub fn moscow(at: Timestamp) -> DateTime {
    // Whatever is beyond the years 1..=9999 came from no clock.
    let instant = jiff::Timestamp::from_second(at.as_seconds()).unwrap_or_default();
    MOSCOW.to_datetime(instant)
}

/// A moment as spreadsheets count: days, and the part of a day, in Moscow.
pub fn serial(at: Timestamp) -> f64 {
    (at.as_seconds().saturating_add(MOSCOW_SECONDS)) as f64 / DAY_SECONDS + EPOCH_SERIAL
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (minor, exponent, expected) in [
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (123_450, 2, "1234.50"),
            (-5, 2, "-0.05"),
            (900, 0, "900"),
            (1_005, 3, "1.005"),
            (10_000_000_000_000_000_000_123, 2, "100000000000000000001.23"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            assert_eq!(decimal(minor, exponent, '.'), expected);
        }
    }

    #[test]
    fn moments_are_moscow_time() {
        // 2026-11-22 14:05:03.700 UTC.
        let at = Timestamp::from_millis(1_795_356_303_700);
        assert_eq!(moscow(at).to_string(), "2026-11-22T17:05:03");
        assert!((serial(at) - 46_348.711_840_277).abs() < 1e-9);
        assert_eq!(moscow(Timestamp::from_millis(i64::MAX)).year(), 1970);
    }

    proptest! {
        #[test]
        fn the_nearest_fraction_is_what_reading_the_decimal_gives(
            minor in any::<i64>(),
            exponent in 0..=crate::EXPONENT_MAX,
        ) {
            let read: f64 = decimal(minor.into(), exponent, '.').parse().unwrap();
            prop_assert_eq!(nearest(minor.into(), exponent).to_bits(), read.to_bits());
        }
    }
}
