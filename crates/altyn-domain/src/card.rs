//! What may be known of a card after it was used, and how its number is judged before.
//!
//! The number itself is never a value of the domain: the functions here look at digits that the
//! caller holds and wipes. Source: providers.md §4.1 (Luhn, brands, masking).

use std::fmt;

use crate::time::{DAY_MS, HOUR_MS, Timestamp};

/// The fewest digits a card number has.
pub const DIGITS_MIN: usize = 12;
/// The most.
pub const DIGITS_MAX: usize = 19;

/// A card scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardBrand {
    /// «Мир».
    Mir,
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// Maestro.
    Maestro,
    /// American Express.
    Amex,
    /// JCB.
    Jcb,
    /// UnionPay.
    UnionPay,
    /// Diners Club.
    Diners,
}

impl CardBrand {
    /// Every brand.
    pub const ALL: &'static [Self] = &[
        Self::Mir,
        Self::Visa,
        Self::Mastercard,
        Self::Maestro,
        Self::Amex,
        Self::Jcb,
        Self::UnionPay,
        Self::Diners,
    ];

    /// The stable text form, which is also `account.type` on the ECommPay face.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mir => "mir",
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::Maestro => "maestro",
            Self::Amex => "amex",
            Self::Jcb => "jcb",
            Self::UnionPay => "unionpay",
            Self::Diners => "diners",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|brand| brand.as_str() == text)
    }

    /// How many digits its numbers have.
    pub const fn lengths(self) -> &'static [usize] {
        match self {
            Self::Mir | Self::Jcb => &[16, 17, 18, 19],
            Self::Visa => &[13, 16, 18, 19],
            Self::Mastercard => &[16],
            Self::Maestro => &[12, 13, 14, 15, 16, 17, 18, 19],
            Self::Amex => &[15],
            Self::UnionPay => &[14, 15, 16, 17, 18, 19],
            Self::Diners => &[14, 16, 19],
        }
    }

    /// How many digits its security code has.
    pub const fn code_length(self) -> usize {
        match self {
            Self::Amex => 4,
            Self::Mir
            | Self::Visa
            | Self::Mastercard
            | Self::Maestro
            | Self::Jcb
            | Self::UnionPay
            | Self::Diners => 3,
        }
    }
}

/// Prefixes from–to of one length, and whose they are; the longest match wins.
const PREFIXES: &[(usize, u32, u32, CardBrand)] = &[
    (6, 493_698, 493_698, CardBrand::Maestro),
    (6, 500_000, 504_174, CardBrand::Maestro),
    (6, 504_176, 506_698, CardBrand::Maestro),
    (6, 506_779, 508_999, CardBrand::Maestro),
    (6, 622_018, 622_018, CardBrand::UnionPay),
    (6, 622_010, 622_999, CardBrand::UnionPay),
    (6, 627_700, 627_779, CardBrand::UnionPay),
    (6, 627_781, 627_799, CardBrand::UnionPay),
    (5, 62_100, 62_182, CardBrand::UnionPay),
    (5, 62_184, 62_197, CardBrand::UnionPay),
    (5, 62_200, 62_205, CardBrand::UnionPay),
    (5, 62_207, 62_209, CardBrand::UnionPay),
    (4, 2200, 2204, CardBrand::Mir),
    (4, 2221, 2720, CardBrand::Mastercard),
    (4, 3528, 3589, CardBrand::Jcb),
    (4, 2131, 2131, CardBrand::Jcb),
    (4, 1800, 1800, CardBrand::Jcb),
    (4, 6270, 6270, CardBrand::UnionPay),
    (4, 6272, 6272, CardBrand::UnionPay),
    (4, 6276, 6276, CardBrand::UnionPay),
    (4, 6282, 6289, CardBrand::UnionPay),
    (4, 6291, 6292, CardBrand::UnionPay),
    (4, 8110, 8171, CardBrand::UnionPay),
    (3, 620, 620, CardBrand::UnionPay),
    (3, 623, 626, CardBrand::UnionPay),
    (3, 810, 810, CardBrand::UnionPay),
    (3, 300, 305, CardBrand::Diners),
    (2, 51, 55, CardBrand::Mastercard),
    (2, 34, 34, CardBrand::Amex),
    (2, 37, 37, CardBrand::Amex),
    (2, 36, 36, CardBrand::Diners),
    (2, 38, 39, CardBrand::Diners),
    (2, 56, 59, CardBrand::Maestro),
    (2, 63, 63, CardBrand::Maestro),
    (2, 67, 67, CardBrand::Maestro),
    (1, 4, 4, CardBrand::Visa),
    (1, 6, 6, CardBrand::Maestro),
];

/// Whose card begins with these digits; `None` for schemes we do not know.
pub fn brand_of(digits: &str) -> Option<CardBrand> {
    PREFIXES
        .iter()
        .find(|(length, from, to, _)| {
            digits
                .get(..*length)
                .and_then(|prefix| prefix.parse::<u32>().ok())
                .is_some_and(|prefix| (*from..=*to).contains(&prefix))
        })
        .map(|(_, _, _, brand)| *brand)
}

/// Whether the last digit is the check digit of the rest (ISO/IEC 7812). False for what is not all
/// digits.
pub fn is_luhn(digits: &str) -> bool {
    let mut sum = 0;
    for (place, character) in digits.chars().rev().enumerate() {
        let Some(digit) = character.to_digit(10) else { return false };
        sum += match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        };
    }
    !digits.is_empty() && sum % 10 == 0
}

/// Whether a card number may look like this: digits, a length of its brand, the check digit.
pub fn is_number(digits: &str) -> bool {
    let length = digits.len();
    let fits = match brand_of(digits) {
        Some(brand) => brand.lengths().contains(&length),
        None => (DIGITS_MIN..=DIGITS_MAX).contains(&length),
    };
    fits && digits.bytes().all(|byte| byte.is_ascii_digit()) && is_luhn(digits)
}

/// The last month in which a card may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expiry {
    year: u16,
    month: u8,
}

impl Expiry {
    /// A month of the years 2000 to 2099.
    pub fn new(month: u8, year: u16) -> Option<Self> {
        ((1..=12).contains(&month) && (2000..=2099).contains(&year)).then_some(Self { year, month })
    }

    /// 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Four digits.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Whether the month is over everywhere on earth: its end in UTC and half a day.
    pub fn is_over(self, now: Timestamp) -> bool {
        let (year, month) = if self.month == 12 {
            (i64::from(self.year) + 1, 1)
        } else {
            (i64::from(self.year), i64::from(self.month) + 1)
        };
        let end = days_before(year, month) * DAY_MS + 12 * HOUR_MS;
        now.as_millis() >= end
    }

    /// Reads [`fmt::Display`] back: `2030-12`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        Self::new(month.parse().ok()?, year.parse().ok()?)
    }
}

/// Days from 1970-01-01 to the first of a month of the Gregorian calendar, for years after 1970.
fn days_before(year: i64, month: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 - 719_468
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.year, self.month)
    }
}

/// What is kept of a card: all that a person or a merchant may see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFacts {
    /// `411111******1111`: the first six and the last four digits (PCI DSS 3.4.1).
    pub mask: String,
    /// Whose it is.
    pub brand: Option<CardBrand>,
    /// Until when it may be used.
    pub expiry: Expiry,
    /// As embossed, when it was given.
    pub holder: Option<String>,
}

impl CardFacts {
    /// The issuer's identification number: the first six digits.
    pub fn bin(&self) -> &str {
        self.mask.get(..6).unwrap_or_default()
    }

    /// The last four digits.
    pub fn last_four(&self) -> &str {
        let start = self.mask.len().saturating_sub(4);
        self.mask.get(start..).unwrap_or_default()
    }
}

/// The first six and the last four digits, stars for the rest.
pub fn mask(digits: &str) -> String {
    let last = digits.len().saturating_sub(4);
    digits
        .chars()
        .enumerate()
        .map(|(at, digit)| if (6..last).contains(&at) { '*' } else { digit })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn brands_are_told_by_the_longest_prefix() {
        for (number, brand) in [
            ("2200000000000053", Some(CardBrand::Mir)),
            ("2201382000000013", Some(CardBrand::Mir)),
            ("4111111111111111", Some(CardBrand::Visa)),
            ("4936980000000000", Some(CardBrand::Maestro)),
            ("5555555555555599", Some(CardBrand::Mastercard)),
            ("2223003122003222", Some(CardBrand::Mastercard)),
            ("6200000000000005", Some(CardBrand::UnionPay)),
            ("3530111333300000", Some(CardBrand::Jcb)),
            ("378282246310005", Some(CardBrand::Amex)),
            ("6759649826438453", Some(CardBrand::Maestro)),
            ("30569309025904", Some(CardBrand::Diners)),
            ("9999999999999995", None),
            ("", None),
        ] {
            assert_eq!(brand_of(number), brand, "{number}");
        }
    }

    #[test]
    fn numbers_are_judged_by_check_digit_and_length() {
        for (number, right) in [
            ("4111111111111111", true),
            ("4111111111111112", false),
            ("2200000000000053", true),
            ("378282246310005", true),
            ("6759649826438453", true),
            ("79927398713", false),
            // Twelve digits are a Maestro's and nobody else's; twenty are nobody's.
            ("411111111111", false),
            ("676770000005", true),
            ("41111111111111111118", false),
            ("4111 1111 1111 1111", false),
            ("", false),
        ] {
            assert_eq!(is_number(number), right, "{number}");
        }
        assert!(is_luhn("79927398713"));
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month_everywhere() {
        // The first of December 2026 and of January 2031, 12:00 UTC.
        for (expiry, noon_ms) in [((11, 2026), 1_796_126_400_000), ((12, 2030), 1_925_035_200_000)]
        {
            let expiry = Expiry::new(expiry.0, expiry.1).unwrap();
            assert!(!expiry.is_over(Timestamp::from_millis(noon_ms - 1)));
            assert!(expiry.is_over(Timestamp::from_millis(noon_ms)));
        }
    }

    #[test]
    fn a_mask_shows_ten_digits() {
        assert_eq!(mask("4314220000000056"), "431422******0056");
        assert_eq!(mask("676770000007"), "676770**0007");
        let facts = CardFacts {
            mask: mask("4314220000000056"),
            brand: Some(CardBrand::Visa),
            expiry: Expiry::new(12, 2030).unwrap(),
            holder: None,
        };
        assert_eq!((facts.bin(), facts.last_four()), ("431422", "0056"));
        assert_eq!(Expiry::parse(&facts.expiry.to_string()), Some(facts.expiry));
        assert!(Expiry::new(13, 2030).is_none() && Expiry::new(1, 30).is_none());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_judge(text in ".{0,24}") {
            let _ = (brand_of(&text), is_number(&text), mask(&text), Expiry::parse(&text));
        }

        #[test]
        fn one_wrong_digit_is_always_found(at in 0..16_usize, by in 1..10_u8) {
            let mut digits = *b"4314220000000056";
            if let Some(digit) = digits.get_mut(at) {
                *digit = b'0' + (*digit - b'0' + by) % 10;
            }
            prop_assert!(!is_luhn(&String::from_utf8_lossy(&digits)));
        }
    }
}
