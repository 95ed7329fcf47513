//! Keeping card numbers out of what is stored: masking by character.
//!
//! A merchant may put anything into a field we do not know. Whatever looks like a card number
//! (12 to 19 digits, spaces and dashes between them allowed, with a right Luhn digit) is masked
//! before the request is kept, and values under the keys that carry card secrets are dropped.

use std::borrow::Cow;

use crate::card;

/// Path segments whose values are never kept, in any dialect.
const SECRET_SEGMENTS: &[&str] = &[
    "card",
    "pan",
    "cvv",
    "cvc",
    "pares",
    "cres",
    "token",
    "account_token",
    "customer_security_code",
    "signature",
    "password",
];

/// True when a value under this flattened path (`customer:email`) must not be kept at all.
pub fn is_secret_path(path: &str) -> bool {
    path.split(':').any(|segment| SECRET_SEGMENTS.contains(&segment))
}

/// The text with every card number in it masked to its first six and last four digits.
pub fn mask_cards(text: &str) -> Cow<'_, str> {
    // Nearly every text ends here.
    if text.bytes().filter(u8::is_ascii_digit).count() < card::DIGITS_MIN {
        return Cow::Borrowed(text);
    }
    let characters: Vec<char> = text.chars().collect();
    let mut masked = characters.clone();
    let mut start = 0;
    while start < characters.len() {
        let end = run_end(&characters, start);
        let digits: Vec<usize> = (start..end).filter(|at| is_digit(&characters, *at)).collect();
        for number in numbers(&digits).filter(|number| luhn(&characters, number)) {
            for at in number.iter().skip(6).take(number.len() - 10) {
                if let Some(slot) = masked.get_mut(*at) {
                    *slot = '*';
                }
            }
        }
        start = end.max(start + 1);
    }
    masked.into_iter().collect()
}

/// Whatever in a run of digits could be a card number: as long as one, and beginning and ending
/// where digits stand alone. An expiry date or an order's number may stand beside it.
fn numbers(digits: &[usize]) -> impl Iterator<Item = &[usize]> {
    let touch = |left: usize| match (digits.get(left), digits.get(left + 1)) {
        (Some(left), Some(right)) => left + 1 == *right,
        (_, _) => false,
    };
    (0..digits.len()).filter(move |first| *first == 0 || !touch(first - 1)).flat_map(move |first| {
        (card::DIGITS_MIN..=card::DIGITS_MAX)
            .filter(move |length| !touch(first + length - 1))
            .filter_map(move |length| digits.get(first..first + length))
    })
}

/// The end of the run of digits, with single spaces or dashes between them, that begins at `start`.
fn run_end(characters: &[char], start: usize) -> usize {
    let mut end = start;
    let mut at = start;
    while at < characters.len() {
        if is_digit(characters, at) {
            end = at + 1;
        } else if end == start || at > end || !matches!(characters.get(at), Some(' ' | '-')) {
            break;
        }
        at += 1;
    }
    end
}

fn is_digit(characters: &[char], at: usize) -> bool {
    characters.get(at).is_some_and(char::is_ascii_digit)
}

fn luhn(characters: &[char], digits: &[usize]) -> bool {
    let number: String = digits.iter().filter_map(|at| characters.get(*at)).collect();
    card::is_luhn(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_masked_and_the_rest_is_kept() {
        for (text, kept) in [
            ("4111111111111111", "411111******1111"),
            ("карта 4111 1111 1111 1111, Иван", "карта 4111 11** **** 1111, Иван"),
            ("4111-1111-1111-1111", "4111-11**-****-1111"),
            ("4111111111111111 12 27 123", "411111******1111 12 27 123"),
            ("5 4111-1111-1111-1111-12", "5 4111-11**-****-1111-12"),
            ("4111111111111112", "4111111111111112"),
            ("94111111111111111", "94111111111111111"),
            ("заказ 12345", "заказ 12345"),
            ("79161234567", "79161234567"),
            ("Иван", "Иван"),
            ("", ""),
        ] {
            assert_eq!(mask_cards(text), kept);
        }
    }

    #[test]
    fn secret_paths_are_found_at_any_depth() {
        assert!(is_secret_path("card:pan") && is_secret_path("general:signature"));
        assert!(is_secret_path("extra:0:cvv") && is_secret_path("account_token"));
        assert!(!is_secret_path("customer:phone") && !is_secret_path("payment:cardinal"));
    }
}
