//! A card on its way to the acquirer: in memory, for one call, and never anything else.
//!
//! Guaranteed: it cannot be printed, compared, copied or serialized, and its bytes are wiped when
//! it is dropped. What may be kept of it is [`CardData::facts`]. Attempted: that no other copy of
//! the bytes stays behind in buffers of the libraries that read the request.

use altyn_domain::card::{self, CardFacts, Expiry};
use altyn_domain::time::Timestamp;
use zeroize::Zeroizing;

/// The longest name on a card, characters.
pub const HOLDER_MAX_CHARS: usize = 255;

/// The part of a card that is wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The number has a wrong length or a wrong digit.
    #[error("the card number is not right")]
    Number,
    /// The month is none, or the year is not of this century.
    #[error("the expiry date is not a month")]
    Expiry,
    /// The card's last month is over.
    #[error("the card has expired")]
    Expired,
    /// The security code is missing where it is needed, or is not three or four digits.
    #[error("the security code must have three or four digits")]
    Code,
    /// The name has characters that no card has.
    #[error("the cardholder's name may have letters, digits, spaces, dots, dashes and apostrophes")]
    Holder,
}

/// A card as its owner has entered it.
pub struct CardData {
    number: Zeroizing<String>,
    code: Option<Zeroizing<String>>,
    expiry: Expiry,
    holder: Option<String>,
}

/// What was entered, not judged yet.
pub struct CardEntry<'a> {
    /// The number; spaces and dashes between digits are taken out.
    pub number: &'a str,
    /// 1 to 12.
    pub month: u8,
    /// Four digits.
    pub year: u16,
    /// The security code.
    pub code: Option<&'a str>,
    /// The name.
    pub holder: Option<&'a str>,
}

impl CardData {
    /// Judges what was entered. A card can be used to the end of its last month, anywhere on
    /// earth.
    pub fn read(entry: &CardEntry<'_>, now: Timestamp) -> Result<Self, CardError> {
        // A text that grows would leave pieces of the number where nobody wipes them.
        let mut number = Zeroizing::new(String::with_capacity(entry.number.len()));
        number.extend(entry.number.chars().filter(|character| !matches!(character, ' ' | '-')));
        if !card::is_number(&number) {
            return Err(CardError::Number);
        }
        let expiry = Expiry::new(entry.month, entry.year).ok_or(CardError::Expiry)?;
        if expiry.is_over(now) {
            return Err(CardError::Expired);
        }
        let is_code = |code: &str| {
            (3..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
        };
        if entry.code.is_some_and(|code| !is_code(code)) {
            return Err(CardError::Code);
        }
        let holder = entry.holder.map(str::trim).filter(|holder| !holder.is_empty());
        if holder.is_some_and(|holder| !is_holder(holder)) {
            return Err(CardError::Holder);
        }
        Ok(Self {
            number,
            code: entry.code.map(|code| Zeroizing::new(code.to_owned())),
            expiry,
            holder: holder.map(str::to_owned),
        })
    }

    /// What may be kept.
    pub fn facts(&self) -> CardFacts {
        CardFacts {
            mask: card::mask(&self.number),
            brand: card::brand_of(&self.number),
            expiry: self.expiry,
            holder: self.holder.clone(),
        }
    }

    /// The number, for the connector that sends it.
    pub fn expose_number(&self) -> &str {
        &self.number
    }

    /// The security code, for the connector that sends it.
    pub fn expose_code(&self) -> Option<&str> {
        self.code.as_deref().map(String::as_str)
    }

    /// The last month it may be used in.
    pub const fn expiry(&self) -> Expiry {
        self.expiry
    }

    /// The name on it.
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }
}

/// Letters of any alphabet, since people type their names as they write them. A long run of digits
/// is no name: it may be a card number in the wrong field.
fn is_holder(text: &str) -> bool {
    let fits = |character: char| character.is_alphanumeric() || " .'-".contains(character);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.chars().count() <= HOLDER_MAX_CHARS && text.chars().all(fits) && digits < card::DIGITS_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-11-22.
    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    fn entry(number: &str) -> CardEntry<'_> {
        CardEntry { number, month: 12, year: 2030, code: Some("123"), holder: Some("IVAN O'NEIL") }
    }

    #[test]
    fn what_people_enter_is_taken_and_what_is_wrong_is_named() {
        let card =
            CardData::read(&entry("4314 2200-0000 0056"), NOW).unwrap_or_else(|_| unreachable!());
        assert_eq!(card.expose_number(), "4314220000000056");
        assert_eq!(card.facts().mask, "431422******0056");
        assert!(card.number.capacity() >= "4314 2200-0000 0056".len(), "it never had to move");
        let error = |entry: CardEntry<'_>| CardData::read(&entry, NOW).err();
        let right = "4314220000000056";
        assert_eq!(error(entry("4314220000000057")), Some(CardError::Number));
        assert_eq!(error(entry("431422000000")), Some(CardError::Number));
        assert_eq!(error(entry("43142200000000000056")), Some(CardError::Number));
        assert_eq!(error(CardEntry { month: 13, ..entry(right) }), Some(CardError::Expiry));
        let late = CardEntry { month: 10, year: 2026, ..entry(right) };
        assert_eq!(error(late), Some(CardError::Expired));
        assert_eq!(error(CardEntry { month: 11, year: 2026, ..entry(right) }), None);
        assert_eq!(error(CardEntry { code: Some("12"), ..entry(right) }), Some(CardError::Code));
        assert_eq!(error(CardEntry { code: Some("12a"), ..entry(right) }), Some(CardError::Code));
        assert_eq!(error(CardEntry { code: None, ..entry(right) }), None);
        let tags = CardEntry { holder: Some("<b>IVAN</b>"), ..entry(right) };
        assert_eq!(error(tags), Some(CardError::Holder));
        assert_eq!(
            error(CardEntry { holder: Some(right), ..entry(right) }),
            Some(CardError::Holder)
        );
        assert_eq!(error(CardEntry { holder: Some("Иван Ёжик"), ..entry(right) }), None);
    }
}
