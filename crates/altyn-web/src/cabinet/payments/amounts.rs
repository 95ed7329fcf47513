//! Sums as people type them: `1 000,5`, `1,000.50`, `1000`.
//!
//! Guaranteed: what could be read in two ways is refused rather than guessed; nothing is rounded.

use altyn_domain::money::AMOUNT_MAX_MINOR;

/// Why a text is no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Letters, two decimal marks, a sign, nothing.
    NotANumber,
    /// More decimals than the currency has.
    TooPrecise,
    /// More than any payment may be.
    TooLarge,
}

/// Reads a sum into minor units of a currency with so many decimals. Spaces of every kind may group
/// digits; the last comma or point is the decimal mark.
pub fn parse(text: &str, exponent: u32) -> Result<i64, Fault> {
    let bare: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let (whole, part) = match bare.rsplit_once([',', '.']) {
        Some((whole, part)) => (ungrouped(whole, &bare)?, part),
        None => (bare.clone(), ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(&whole) || !is_digits(part) {
        return Err(Fault::NotANumber);
    }
    if bare.ends_with([',', '.']) {
        return Err(Fault::NotANumber);
    }
    // Three digits after a mark are thousands to one reader and decimals to another: refused too,
    // where the currency has no thousandths.
    let missing = usize::try_from(exponent)
        .ok()
        .and_then(|width| width.checked_sub(part.len()))
        .ok_or(Fault::TooPrecise)?;
    let digits = format!("{whole}{part}{}", "0".repeat(missing));
    let minor: i64 = digits.parse().map_err(|_| Fault::TooLarge)?;
    if minor > AMOUNT_MAX_MINOR { Err(Fault::TooLarge) } else { Ok(minor) }
}

/// Takes grouping marks out of the whole part: only the mark that is not the decimal one, before
/// every third digit.
fn ungrouped(whole: &str, text: &str) -> Result<String, Fault> {
    let decimal = if text.rfind(',') > text.rfind('.') { ',' } else { '.' };
    let grouping = if decimal == ',' { '.' } else { ',' };
    let mut groups = whole.split(grouping);
    let first = groups.next().unwrap_or_default();
    let groups: Vec<&str> = groups.collect();
    if groups.iter().any(|group| group.len() != 3) || (first.is_empty() && !groups.is_empty()) {
        return Err(Fault::NotANumber);
    }
    Ok(format!("{first}{}", groups.concat()))
}

/// Minor units as a person would type them: `1000,50`, without what says nothing.
pub fn typed(minor: i64, exponent: u32, mark: char) -> String {
    let scale = 10_i64.pow(exponent);
    let (whole, part) = (minor / scale, minor % scale);
    if part == 0 {
        return whole.to_string();
    }
    let width = usize::try_from(exponent).unwrap_or(0);
    format!("{whole}{mark}{part:0width$}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_are_read_as_people_type_them() {
        for (text, expected) in [
            ("1 000,5", Ok(100_050)),
            ("1\u{a0}000,50", Ok(100_050)),
            ("1\u{202f}000.50", Ok(100_050)),
            ("1,000.50", Ok(100_050)),
            ("1.234.567,89", Ok(123_456_789)),
            (" 300 ", Ok(30_000)),
            ("0", Ok(0)),
            ("0,01", Ok(1)),
            ("100000000000", Ok(10_000_000_000_000)),
            ("", Err(Fault::NotANumber)),
            ("сто", Err(Fault::NotANumber)),
            ("1e3", Err(Fault::NotANumber)),
            ("-5", Err(Fault::NotANumber)),
            ("+5", Err(Fault::NotANumber)),
            ("5,", Err(Fault::NotANumber)),
            (",5", Err(Fault::NotANumber)),
            ("1,2,3", Err(Fault::NotANumber)),
            ("1,00.5", Err(Fault::NotANumber)),
            ("٣", Err(Fault::NotANumber)),
            ("1,005", Err(Fault::TooPrecise)),
            ("100,500", Err(Fault::TooPrecise)),
            ("100.500", Err(Fault::TooPrecise)),
            ("100000000000,01", Err(Fault::TooLarge)),
            ("99999999999999999999999999", Err(Fault::TooLarge)),
        ] {
            assert_eq!(parse(text, 2), expected, "{text:?}");
        }
        assert_eq!(parse("1 500", 0), Ok(1_500));
        assert_eq!(parse("1,5", 0), Err(Fault::TooPrecise));
        assert_eq!(parse("1,005", 3), Ok(1_005));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(minor in 0..=AMOUNT_MAX_MINOR, exponent in 0..=3_u32) {
            for mark in [',', '.'] {
                prop_assert_eq!(parse(&typed(minor, exponent, mark), exponent), Ok(minor));
            }
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,40}", exponent in 0..=3_u32) {
            let _ = parse(&text, exponent);
        }
    }
}
