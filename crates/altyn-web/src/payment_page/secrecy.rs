//! What payers and shops put into the wrong field: a card number must not be kept with a payer's
//! other data, nor be told to the shop.

use altyn_domain::mask::mask_cards;

/// The fewest digits of a telephone number that may be a card's. Numbers of twelve and thirteen
/// digits are common in some countries, and one in ten has a right last digit by chance; cards so
/// short are rare.
const CARD_IN_PHONE_MIN_DIGITS: usize = 14;

/// Whether a card number is in a text.
pub fn has_card(text: &str) -> bool {
    mask_cards(text) != text
}

/// Whether the digits of a telephone number are those of a card.
pub fn phone_is_card(digits: &str) -> bool {
    digits.len() >= CARD_IN_PHONE_MIN_DIGITS && has_card(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_told_from_a_telephone() {
        for (digits, card) in [
            ("4314220000000056", true),
            ("378282246310005", true),
            ("30569309025904", true),
            ("4314220000000057", false),
            // Its last digit is right for a card.
            ("254123456785", false),
            ("79161234567", false),
        ] {
            assert_eq!(phone_is_card(digits), card, "{digits}");
        }
        assert!(has_card("254123456785"), "by chance");
        assert!(has_card("карта 4314 2200 0000 0056") && !has_card("ivanov_1990"));
    }
}
