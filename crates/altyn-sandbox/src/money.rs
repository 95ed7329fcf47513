//! Amounts as integers of minor units, and how people write them.

use crate::pages::Lang;

/// A currency the emulators know: ISO 4217 letters, numeric text, decimals and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Currency {
    /// Three letters.
    pub(crate) alpha: &'static str,
    /// Three digits as the RBS gateway writes them.
    pub(crate) numeric: &'static str,
    /// Decimal places of the minor unit.
    pub(crate) exponent: u32,
    sign: Option<&'static str>,
}

const fn cur(
    alpha: &'static str,
    numeric: &'static str,
    exponent: u32,
    sign: Option<&'static str>,
) -> Currency {
    Currency { alpha, numeric, exponent, sign }
}

/// The dollar's sign is left out on purpose: several currencies share it.
const KNOWN: [Currency; 9] = [
    cur("RUB", "643", 2, Some("₽")),
    cur("KZT", "398", 2, Some("₸")),
    cur("USD", "840", 2, None),
    cur("EUR", "978", 2, Some("€")),
    cur("BYN", "933", 2, None),
    cur("AMD", "051", 2, None),
    cur("KES", "404", 2, None),
    cur("TZS", "834", 2, None),
    cur("UGX", "800", 0, None),
];

/// Finds a currency by its letters.
pub(crate) fn by_alpha(alpha: &str) -> Option<Currency> {
    KNOWN.iter().copied().find(|c| c.alpha == alpha)
}

/// Finds a currency of the RBS gateway by its number; the legacy 810 is the rouble.
pub(crate) fn by_numeric(numeric: &str) -> Option<Currency> {
    let numeric = if numeric == "810" { "643" } else { numeric };
    KNOWN.iter().copied().take(6).find(|c| c.numeric == numeric)
}

/// Minor units (hundredths whatever the currency) at which the test payer has no funds: seed
/// rules 40000 and 40400.
pub(crate) fn is_refused_amount(hundredths: u64) -> bool {
    matches!(hundredths, 40_000 | 40_400)
}

/// Reads `900`, `12.5` or `12.50` into hundredths; at most 12 digits before the point. Anything
/// else, a sign or a space included, is none.
pub(crate) fn parse_hundredths(text: &str) -> Option<u64> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (text, ""),
    };
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 2 {
        return None;
    }
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let padded: u64 = format!("{fraction:0<2}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(padded)
}

/// The amount as people write it: `1 234,50 ₽` in Russian, `₽1,234.50` in English, with narrow
/// no-break spaces; the ISO code where there is no unique sign.
pub(crate) fn human(minor: u64, currency: Currency, lang: Lang) -> String {
    const NARROW: char = '\u{202f}';
    let scale = 10_u64.pow(currency.exponent);
    let (group, point) = match lang {
        Lang::Ru => (NARROW, ','),
        Lang::En => (',', '.'),
    };
    let whole = (minor / scale).to_string();
    let mut number = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            number.push(group);
        }
        number.push(c);
    }
    if currency.exponent > 0 {
        let width = usize::try_from(currency.exponent).unwrap_or(2);
        number.push(point);
        number.push_str(&format!("{:0width$}", minor % scale));
    }
    match (lang, currency.sign) {
        (Lang::Ru, sign) => format!("{number}{NARROW}{}", sign.unwrap_or(currency.alpha)),
        (Lang::En, Some(sign)) => format!("{sign}{number}"),
        (Lang::En, None) => format!("{}{NARROW}{number}", currency.alpha),
    }
}

#[cfg(test)]
mod tests {
    //! Writing and reading of sums.

    use super::*;

    #[test]
    fn people_read_the_amount() {
        let rub = by_alpha("RUB").unwrap();
        assert_eq!(human(123_450, rub, Lang::Ru), "1\u{202f}234,50\u{202f}₽");
        assert_eq!(human(123_450, rub, Lang::En), "₽1,234.50");
        assert_eq!(human(5, rub, Lang::En), "₽0.05");
        let big = human(123_456_789_012, rub, Lang::En);
        assert_eq!(big, "₽1,234,567,890.12");
        let ugx = by_alpha("UGX").unwrap();
        assert_eq!(human(4_000, ugx, Lang::Ru), "4\u{202f}000\u{202f}UGX");
        assert_eq!(human(90_000, by_alpha("KES").unwrap(), Lang::En), "KES\u{202f}900.00");
    }

    #[test]
    fn major_units_are_read_exactly() {
        assert_eq!(parse_hundredths("900"), Some(90_000));
        assert_eq!(parse_hundredths("12.5"), Some(1_250));
        assert_eq!(parse_hundredths("12.50"), Some(1_250));
        for bad in ["", ".", "1.", ".5", "1.234", "-1", "1,5", "1 000", "1e3", "9999999999999"] {
            assert_eq!(parse_hundredths(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_sum_survives_its_own_text(minor in 0_u64..100_000_000_000_000) {
            let text = format!("{}.{:02}", minor / 100, minor % 100);
            proptest::prop_assert_eq!(parse_hundredths(&text), Some(minor));
        }

        #[test]
        fn no_text_breaks_the_reader(text in ".*") {
            let _ = parse_hundredths(&text);
        }
    }

    #[test]
    fn the_old_rouble_is_the_rouble() {
        assert_eq!(by_numeric("810"), by_numeric("643"));
        assert_eq!(by_numeric("404"), None);
    }
}
